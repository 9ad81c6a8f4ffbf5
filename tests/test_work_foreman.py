"""The foreman: a worker is rung, heard, started again, and ended."""

import asyncio
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway import journal
from gateway.work.foreman import Foreman, starter

PATIENCE_SECONDS = 30
CHANNEL = "import json, os, socket, sys; channel = socket.socket(fileno=0); "
ECHOES = f"""
{CHANNEL}
def tell(*events):
    channel.sendall(json.dumps(events).encode() + b"\\n")
tell(["began", {{}}])
while channel.recv(100):
    tell(["taken_in", {{"after": 1.5}}], ["sent", {{}}])
"""
"""Says that it began; answers every ring with two events; ends where the other side does."""
DIES = f'{CHANNEL} channel.sendall(b\'[["began", {{}}]]\\n[["half\'); sys.exit(3)'
HANGS = f"{CHANNEL} channel.sendall(b'[[\"began\", {{}}]]\\n'); __import__('time').sleep(600)"

GARBLES = f"{CHANNEL} channel.sendall(b'[[\"began\", {{}}]]\\n' + GARBLE); channel.recv(100)"


class Heard:
    """Events of this process as they come."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Mapping[str, Any]]] = []
        self._news = asyncio.Event()

    def hear(self, event: str, fields: Mapping[str, Any]) -> None:
        self.events.append((event, fields))
        self._news.set()

    def named(self, event: str) -> list[Mapping[str, Any]]:
        return [fields for name, fields in self.events if name == event]

    async def until(self, event: str, count: int = 1) -> None:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self.named(event)) < count:
                self._news.clear()
                await self._news.wait()


@pytest.fixture
def heard() -> Iterator[Heard]:
    made = Heard()
    leave = journal.follow(made.hear)
    yield made
    leave()


class Yard:
    """What a foreman was given."""

    def __init__(self) -> None:
        self.arrived = asyncio.Event()
        self.commits = 0
        self.ends = 0

    def committed(self) -> None:
        self.commits += 1

    async def ended(self) -> None:
        self.ends += 1


@asynccontextmanager
async def at_work(
    program: str, yard: Yard, folder: Path, **more: Any
) -> AsyncIterator[tuple[Foreman, Callable[[], bool]]]:
    with (folder / "held").open("w") as held:
        start = starter((sys.executable, "-I", "-S", "-c", program), held.fileno())
        foreman = Foreman(1, start, yard.arrived, yard.committed, yard.ended, **more)
        working = asyncio.create_task(foreman.run())
        try:
            yield foreman, working.done
        finally:
            foreman.stop()
            async with asyncio.timeout(PATIENCE_SECONDS):
                await working


async def test_a_worker_is_rung_and_what_it_tells_happened_here(
    tmp_path: Path, heard: Heard
) -> None:
    yard = Yard()
    async with at_work(ECHOES, yard, tmp_path):
        await heard.until("began")
        assert yard.commits == 0

        yard.arrived.set()
        await heard.until("sent")

    assert heard.named("taken_in") == [{"after": 1.5}]
    assert yard.commits == 1


async def test_a_worker_that_is_told_to_stop_ends_and_no_other_begins(
    tmp_path: Path, heard: Heard
) -> None:
    yard = Yard()
    async with at_work(ECHOES, yard, tmp_path):
        await heard.until("began")

    assert len(heard.named("worker_started")) == 1
    assert heard.named("worker_died") == []
    assert yard.ends == 1


async def test_a_worker_that_dies_is_started_again_later_and_later(
    tmp_path: Path, heard: Heard
) -> None:
    yard = Yard()
    loop = asyncio.get_running_loop()
    async with at_work(DIES, yard, tmp_path):
        await heard.until("worker_died")
        first = loop.time()
        await heard.until("worker_died", 2)
        second = loop.time()
        await heard.until("worker_died", 3)
        third = loop.time()

    assert heard.named("worker_died")[0] == {"worker": 1, "code": 3}
    assert third - second > second - first
    assert yard.ends >= 3, "what each held was freed"


async def test_a_worker_that_says_nothing_for_long_is_ended_and_started_again(
    tmp_path: Path, heard: Heard
) -> None:
    async with at_work(HANGS, Yard(), tmp_path, silent_after=0.3) as (_, is_done):
        await heard.until("began", 2)
        assert not is_done()

    assert heard.named("worker_silent")[0] == {"worker": 1}
    assert heard.named("worker_died")[0] == {"worker": 1, "code": -9}


@pytest.mark.parametrize(
    "garble",
    [
        pytest.param("b'x' * 3_000_000", id="a line without end"),
        pytest.param("b'x\\n'", id="no JSON"),
        pytest.param("b'[1]\\n'", id="no events"),
        pytest.param("b'[[\"sent\", [1]]]\\n'", id="no fields"),
    ],
)
async def test_a_worker_that_is_not_understood_is_started_again_and_the_node_goes_on(
    tmp_path: Path, heard: Heard, garble: str
) -> None:
    program = GARBLES.replace("GARBLE", garble)
    async with at_work(program, Yard(), tmp_path) as (_, is_done):
        await heard.until("began", 2)
        assert not is_done()

    assert heard.named("worker_garbled")[0] == {"worker": 1}
    assert heard.named("worker_died")[0] == {"worker": 1, "code": -9}


async def test_a_worker_that_cannot_be_started_is_tried_again(tmp_path: Path, heard: Heard) -> None:
    yard = Yard()
    start = starter((str(tmp_path / "nowhere"),), 2)
    foreman = Foreman(1, start, yard.arrived, yard.committed, yard.ended)
    working = asyncio.create_task(foreman.run())

    await heard.until("worker_not_started", 2)
    foreman.stop()
    await working

    assert len(heard.named("worker_died")) >= 2
