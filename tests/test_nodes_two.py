"""Two daemons on one PostgreSQL: both take mail, each letter leaves once, whatever befalls one."""

import asyncio
import signal
from collections import Counter
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from desks import write_desk
from servers.gateway import Gateway
from servers.smarthost import Smarthost
from sqlalchemy import Engine, Executable, func, select, update

from gateway.store.engine import open_engine
from gateway.store.mail_tables import outbox
from gateway.store.nodes import all_nodes
from gateway.store.tables import tickets

PATIENCE_SECONDS = 90
MAILS = 40
LETTERS_EACH = 2
"""A receipt for the customer, and word to the dispatchers."""


def mail(number: int) -> bytes:
    sender = f"kim{number}@customer{number}.example"
    lines = (f"From: {sender}", "To: support@desk.example", f"Subject: Question {number}")
    return "\r\n".join((*lines, f"Message-ID: <m{number}@c.example>", "", "VAT?", "")).encode()


class Silent:
    """A smarthost that takes connections and says nothing until it hangs up."""

    def __init__(self) -> None:
        self.called = asyncio.Event()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None
        self.url = ""

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._listen, "127.0.0.1", 0)
        self.url = f"smtp+plain://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _listen(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.called.set()

    def hang_up(self) -> None:
        assert self._server
        self._server.close()
        for writer in self._writers:
            writer.close()


@pytest_asyncio.fixture
async def smarthost() -> AsyncIterator[Smarthost]:
    made = Smarthost()
    await made.up()
    yield made
    await made.down()


@pytest_asyncio.fixture
async def silent() -> AsyncIterator[Silent]:
    made = Silent()
    await made.up()
    yield made
    made.hang_up()


def node(folder: Path, url: str, smarthost: str) -> Gateway:
    keys = folder.parent / "token-keys"
    keys.write_text("ab" * 32 + "\n", encoding="ascii")
    environ = {
        "GATEWAY_DATABASE__URL": url,
        "GATEWAY_SECRETS__TOKEN_KEYS_FILE": str(keys),
        "GATEWAY_SMARTHOST__TIMEOUT": "10m",
    }
    return Gateway(write_desk(folder, smarthost=smarthost), environ)


async def send(few: asyncio.Semaphore, gateway: Gateway, number: int) -> None:
    """One mail; only a few at a time, because doors are narrow."""
    async with few:
        await gateway.send(mail(number))


def rows(engine: Engine, query: Executable) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(query).all())


def states(engine: Engine) -> Counter[str]:
    return Counter(row.state for row in rows(engine, select(outbox.c.state)))


async def until(smarthost: Smarthost, is_so: Callable[[], bool]) -> None:
    """Wait for letters until something is true."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not is_so():
            smarthost.arrived.clear()
            try:
                async with asyncio.timeout(0.2):
                    await smarthost.arrived.wait()
            except TimeoutError:
                pass


@pytest.mark.slow
async def test_both_take_mail_and_each_letter_leaves_once(
    tmp_path: Path, postgres_url: str, smarthost: Smarthost
) -> None:
    # Given two nodes
    first, second = (node(tmp_path / name, postgres_url, smarthost.url) for name in "ab")
    await asyncio.gather(first.start(), second.start())
    engine = open_engine(postgres_url)

    # When half of the mails come in at each, and some at both
    both = range(5)
    shares = ((first, range(5, MAILS, 2)), (second, range(6, MAILS, 2)))
    few = asyncio.Semaphore(8)
    sent = [send(few, one, number) for one, own in shares for number in (*both, *own)]
    await asyncio.gather(*sent)
    await until(smarthost, lambda: states(engine) == {"sent": LETTERS_EACH * MAILS})
    alive = run_nodes(engine)
    await asyncio.gather(first.stop(), second.stop())

    # Then each made one ticket, and each letter left once
    assert rows(engine, select(func.count()).select_from(tickets)) == [(MAILS,)]
    left = Counter(str(one.mail["Message-ID"]) for one in smarthost.taken)
    assert set(left.values()) == {1}
    assert len(left) == LETTERS_EACH * MAILS
    assert [one.state for one in alive] == ["alive", "alive"]
    assert sum(one.beat.accepted for one in run_nodes(engine)) == len(sent)
    engine.dispose()


def run_nodes(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(all_nodes(connection, datetime.now(UTC)))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("ends", "resumes"),
    [
        pytest.param(signal.SIGKILL, False, id="killed"),
        pytest.param(signal.SIGSTOP, True, id="F30 paused beyond its lease"),
    ],
)
async def test_letters_of_a_lost_node_leave_by_the_other_after_the_lease(
    tmp_path: Path,
    postgres_url: str,
    smarthost: Smarthost,
    silent: Silent,
    ends: int,
    resumes: bool,
) -> None:
    # Given a node that holds letters and waits for its smarthost, and then is gone
    engine = open_engine(postgres_url)
    lost = node(tmp_path / "a", postgres_url, silent.url)
    await lost.start()
    await lost.send(mail(1))
    await silent.called.wait()
    await until(smarthost, lambda: states(engine)["sending"] == LETTERS_EACH)
    lost.running.send_signal(ends)

    # When another one runs, its letters stay where they are while their lease lasts
    other = node(tmp_path / "b", postgres_url, smarthost.url)
    await other.start()
    await other.send(mail(2))
    await until(smarthost, lambda: states(engine)["sent"] == LETTERS_EACH)
    assert states(engine) == {"sending": LETTERS_EACH, "sent": LETTERS_EACH}

    # And leave by the other one when it is over
    past = datetime.now(UTC) - timedelta(seconds=1)
    with engine.begin() as connection:
        held = outbox.c.state == "sending"
        connection.execute(update(outbox).where(held).values(lease_until=past))
    await until(smarthost, lambda: states(engine) == {"sent": 2 * LETTERS_EACH})
    query = select(outbox.c.id, outbox.c.state, outbox.c.holder, outbox.c.sent_at, outbox.c.tries)
    settled = rows(engine, query.order_by(outbox.c.id))

    # Then the late word of the first one changes nothing, nor does its return
    if resumes:
        lost.running.send_signal(signal.SIGCONT)
        silent.hang_up()
        await lost.heard("letter_deferred")
        await lost.stop()
    await other.stop()
    assert rows(engine, query.order_by(outbox.c.id)) == settled
    left = Counter(str(one.mail["Message-ID"]) for one in smarthost.taken)
    assert (len(left), set(left.values())) == (2 * LETTERS_EACH, {1})
    engine.dispose()
    if not resumes:
        await lost.stop()
