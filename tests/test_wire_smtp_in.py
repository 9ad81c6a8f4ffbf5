"""The SMTP door, spoken to byte by byte over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio

from gateway.spool import Spool, SpoolFailure, SpoolFull
from gateway.wire.smtp_in import Door, has_only_crlf, listen

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)
SIZE_LIMIT = 100_000
TO_US = b"RCPT TO:<support@desk.example>\r\n"


class Talk:
    """One SMTP conversation."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def hear(self) -> str:
        """One reply; the last line of a multiline one."""
        async with asyncio.timeout(5):
            while True:
                line = (await self._reader.readline()).decode()
                if line[3:4] != "-":
                    return line.rstrip("\r\n")

    async def say(self, data: bytes) -> str:
        """Send bytes and hear one reply."""
        self._writer.write(data)
        return await self.hear()

    async def begin(self) -> None:
        """Up to the invitation to send data."""
        await self.hear()
        await self.say(b"EHLO client.example\r\n")
        await self.say(b"MAIL FROM:<ann@acme.example>\r\n")
        await self.say(TO_US)
        assert (await self.say(b"DATA\r\n")).startswith("354")

    def send(self, data: bytes) -> None:
        self._writer.write(data)

    def close(self) -> None:
        self._writer.close()


@pytest_asyncio.fixture
async def spool(tmp_path: Path) -> AsyncIterator[Spool]:
    spool = Spool(tmp_path / "spool.db")
    yield spool
    spool.close()


@pytest_asyncio.fixture
async def talk(spool: Spool) -> AsyncIterator[Talk]:
    door = Door(
        spool,
        lambda address: address.endswith("@desk.example"),
        lambda: AT,
        hostname="desk.example",
        size_limit=SIZE_LIMIT,
        recipients_max=3,
        idle_seconds=30,
    )
    server = await listen(door, "127.0.0.1:0")
    host, port = server.sockets[0].getsockname()
    talking = Talk(*await asyncio.open_connection(host, port))
    yield talking
    talking.close()
    server.close()


def kept(spool: Spool) -> list[bytes]:
    return [one.raw for _, one in spool.take(100)]


async def test_250_names_the_queue_id_of_a_kept_mail(talk: Talk, spool: Spool) -> None:
    await talk.begin()

    reply = await talk.say(b"Subject: x\r\n\r\nHello\r\n.\r\n")

    ((_, taken),) = spool.take(10)
    assert reply == f"250 2.0.0 OK, queued as {taken.envelope.queue_id}"
    assert taken.raw == b"Subject: x\r\n\r\nHello\r\n"
    assert taken.envelope.reverse_path == "ann@acme.example"
    assert taken.envelope.forward_paths == ("support@desk.example",)
    assert taken.envelope.peer == "127.0.0.1"


@pytest.mark.parametrize(
    ("wire", "raw"),
    [
        pytest.param(b".\r\n", b"", id="an empty mail"),
        pytest.param(b"\r\n.\r\n", b"\r\n", id="an empty line"),
        pytest.param(b"a\r\n.\r\n", b"a\r\n", id="one letter"),
        pytest.param(b"..\r\n.\r\n", b".\r\n", id="a stuffed dot first"),
        pytest.param(b"a\r\n..b\r\n...\r\n.\r\n", b"a\r\n.b\r\n..\r\n", id="stuffed dots"),
        pytest.param(b"x" * 5000 + b"\r\n.\r\n", b"x" * 5000 + b"\r\n", id="a long line"),
        pytest.param(b"\x00\xff\r\n. \r\n.\r\n", b"\x00\xff\r\n \r\n", id="NUL, dot and space"),
    ],
)
async def test_data_is_what_was_sent_without_its_dots(
    talk: Talk, spool: Spool, wire: bytes, raw: bytes
) -> None:
    await talk.begin()

    reply = await talk.say(wire)

    assert reply.startswith("250")
    assert kept(spool) == [raw]


@pytest.mark.parametrize(
    "end",
    [
        b"\n.\n",
        b"\n.\r\n",
        b"\r\n.\n",
        b"\r.\r",
        b"\r\n.\r",
        b"\r.\r\n",
        b"\n\n.\r\n",
        b"\r\r\n.\r\r\n",
    ],
)
async def test_only_crlf_dot_crlf_ends_a_mail(talk: Talk, spool: Spool, end: bytes) -> None:
    """Attack A40: nobody can make two mails of one."""
    await talk.begin()

    reply = await talk.say(b"Subject: x\r\n\r\nHello" + end + b"MAIL FROM:<evil@x>\r\n.\r\n")

    assert reply == "550 5.5.2 Bare CR or LF in the message"
    assert kept(spool) == []
    assert spool.counts().refused == 1
    assert (await talk.say(b"NOOP\r\n")).startswith("250")


async def test_commands_behind_the_data_are_heard(talk: Talk, spool: Spool) -> None:
    await talk.begin()

    first = await talk.say(b"one\r\n.\r\nMAIL FROM:<ann@acme.example>\r\n" + TO_US + b"DATA\r\n")
    replies = [await talk.hear() for _ in range(3)]
    last = await talk.say(b"two\r\n.\r\nQUIT\r\n")

    assert first.startswith("250")
    assert [reply[:3] for reply in replies] == ["250", "250", "354"]
    assert last.startswith("250")
    assert kept(spool) == [b"one\r\n", b"two\r\n"]


async def test_data_may_come_in_any_pieces(talk: Talk, spool: Spool) -> None:
    await talk.begin()

    for octet in b"..a\r\n.\r":
        talk.send(bytes([octet]))
        await asyncio.sleep(0)
    reply = await talk.say(b"\n")

    assert reply.startswith("250")
    assert kept(spool) == [b".a\r\n"]


async def test_a_mail_that_is_too_large_is_refused_and_the_line_closed(
    talk: Talk, spool: Spool
) -> None:
    await talk.begin()

    reply = await talk.say(b"x" * (SIZE_LIMIT * 3) + b"\r\n.\r\n")

    assert reply == "552 5.3.4 Message too large"
    assert kept(spool) == []


async def test_a_declared_size_that_is_too_large_is_refused_at_once(talk: Talk) -> None:
    await talk.hear()
    await talk.say(b"EHLO client.example\r\n")

    reply = await talk.say(b"MAIL FROM:<ann@acme.example> SIZE=100000000\r\n")

    assert reply.startswith("552")


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        pytest.param(b"nobody@else.example", "550 5.1.1", id="not ours"),
        pytest.param(b"a\x07b@desk.example", "501 5.1.3", id="a control character"),
        pytest.param(b"a" * 400 + b"@desk.example", "501 5.1.3", id="far too long"),
    ],
)
async def test_recipients_are_decided_on_at_once(talk: Talk, recipient: bytes, reply: str) -> None:
    await talk.hear()
    await talk.say(b"EHLO client.example\r\n")
    await talk.say(b"MAIL FROM:<ann@acme.example>\r\n")

    assert (await talk.say(b"RCPT TO:<" + recipient + b">\r\n")).startswith(reply)


async def test_recipients_are_limited(talk: Talk) -> None:
    await talk.hear()
    await talk.say(b"EHLO client.example\r\n")
    await talk.say(b"MAIL FROM:<ann@acme.example>\r\n")

    replies = [await talk.say(TO_US) for _ in range(4)]

    assert [reply[:3] for reply in replies] == ["250", "250", "250", "452"]


async def test_a_null_reverse_path_is_kept_as_one(talk: Talk, spool: Spool) -> None:
    await talk.hear()
    await talk.say(b"EHLO client.example\r\n")
    await talk.say(b"MAIL FROM:<>\r\n")
    await talk.say(TO_US)
    await talk.say(b"DATA\r\n")
    await talk.say(b"x\r\n.\r\n")

    ((_, taken),) = spool.take(10)
    assert taken.envelope.reverse_path == ""


@pytest.mark.parametrize(
    ("failure", "reply"),
    [
        pytest.param(SpoolFull("database or disk is full"), "452 4.3.1", id="no room"),
        pytest.param(SpoolFailure("disk I/O error"), "451 4.3.0", id="a broken disk"),
        pytest.param(RuntimeError("password=hunter2"), "451 4.3.0", id="anything else"),
    ],
)
async def test_a_fault_of_ours_leaves_the_mail_with_its_sender(
    tmp_path: Path, failure: Exception, reply: str
) -> None:
    """Promise P9: never a 5xx, and no word of what happened."""

    class Broken(Spool):
        async def put(self, *_: object) -> str:
            raise failure

    spool = Broken(tmp_path / "spool.db")
    door = Door(
        spool,
        lambda _: True,
        lambda: AT,
        hostname="desk.example",
        size_limit=SIZE_LIMIT,
        recipients_max=3,
        idle_seconds=30,
    )
    server = await listen(door, "127.0.0.1:0")
    talk = Talk(*await asyncio.open_connection(*server.sockets[0].getsockname()))

    await talk.begin()
    heard = await talk.say(b"x\r\n.\r\n")

    assert heard.startswith(reply)
    assert "hunter2" not in heard
    talk.close()
    server.close()
    spool.close()


@pytest.mark.parametrize(
    ("content", "clean"),
    [(b"", True), (b"a\r\nb\r\n", True), (b"a\rb", False), (b"a\nb", False), (b"a\n\rb", False)],
)
def test_line_ends_are_whole_or_not(content: bytes, clean: bool) -> None:
    assert has_only_crlf(content) is clean
