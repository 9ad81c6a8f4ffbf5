"""A rolling upgrade: the next version comes up beside this one, and mail goes on all the while."""

import asyncio
import sys
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from desks import change, write_desk
from next_version import REVISION, next_program
from servers.gateway import Gateway
from servers.smarthost import Smarthost
from sqlalchemy import func, select, text

from gateway.store.engine import open_engine
from gateway.store.tables import tickets

PATIENCE_SECONDS = 90
LETTERS_EACH = 2


@pytest_asyncio.fixture
async def smarthost() -> AsyncIterator[Smarthost]:
    made = Smarthost()
    await made.up()
    yield made
    await made.down()


class Writing:
    """Somebody who writes to a node one mail after the other."""

    def __init__(self, smarthost: Smarthost) -> None:
        self._smarthost = smarthost
        self.count = 0

    async def send(self, gateway: Gateway) -> None:
        """One mail of somebody new."""
        self.count += 1
        name = f"kim{self.count}@customer{self.count}.example"
        lines = (f"From: {name}", f"Message-ID: <{name}>", "Subject: Question", "", "VAT?", "")
        await gateway.send("\r\n".join(lines).encode())

    async def send_until(self, gateway: Gateway, done: "asyncio.Task[None]") -> None:
        """Mails, and some more behind the end of something."""
        while not done.done():
            await self.send(gateway)
        await done
        await self.send(gateway)

    async def answered(self) -> None:
        """Wait until each mail led to its letters."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while len(self._smarthost.taken) < LETTERS_EACH * self.count:
                self._smarthost.arrived.clear()
                await self._smarthost.arrived.wait()


def node(folder: Path, url: str, smarthost: str, program: Path | None = None) -> Gateway:
    keys = folder.parent / "token-keys"
    keys.write_text("ab" * 32 + "\n", encoding="ascii")
    environ = {"GATEWAY_DATABASE__URL": url, "GATEWAY_SECRETS__TOKEN_KEYS_FILE": str(keys)}
    path = write_desk(folder, smarthost=smarthost)
    change(folder / "policy.toml", "desk_hour = 500\n", "desk_hour = 0\n")
    if program is None:
        return Gateway(path, environ)
    # Without -P it would be the program of the folder we are in.
    command = (sys.executable, "-P", "-m", "gateway")
    return Gateway(path, environ | {"PYTHONPATH": str(program)}, command)


@pytest.mark.slow
async def test_the_next_version_starts_beside_this_one(
    tmp_path: Path, postgres_url: str, smarthost: Smarthost
) -> None:
    # Given a node of today that is written to
    writing = Writing(smarthost)
    today = node(tmp_path / "a", postgres_url, smarthost.url)
    await today.start()
    await writing.send(today)

    # When a node of the next version starts, it adds to the tables under the first one
    later = node(tmp_path / "b", postgres_url, smarthost.url, next_program(tmp_path))
    await writing.send_until(today, asyncio.create_task(later.start()))
    await writing.send(later)

    # And then today's ends and starts again
    await today.stop()
    await today.start()
    await writing.send(today)
    await writing.answered()
    await asyncio.gather(today.stop(), later.stop())

    # Then every mail made one ticket, and each letter left once
    engine = open_engine(postgres_url)
    with engine.connect() as connection:
        at = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        made = connection.execute(select(func.count()).select_from(tickets)).scalar_one()
    engine.dispose()
    left = Counter(str(one.mail["Message-ID"]) for one in smarthost.taken)
    assert at == REVISION
    assert made == writing.count
    assert (len(left), set(left.values())) == (LETTERS_EACH * writing.count, {1})
    assert "database_down" not in {one["event"] for one in (*today.diary, *later.diary)}
