"""The SMTP door, spoken to byte by byte over a real socket."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from doors import FROM_ANN, TO_US, Hall, Talk, hall

from gateway.spool import Spool, SpoolFailure, SpoolFull
from gateway.wire.rules import Rules

SIZE_MAX = 100_000
RULES = Rules(hostname="desk.example", size_max=SIZE_MAX, recipients_max=3, mails_max=3)
ANNOUNCED = ["SIZE 100000", "8BITMIME", "SMTPUTF8", "PIPELINING", "ENHANCEDSTATUSCODES"]


@pytest_asyncio.fixture
async def door(tmp_path: Path) -> AsyncIterator[Hall]:
    async with hall(tmp_path, RULES) as made:
        yield made


@pytest_asyncio.fixture
async def talk(door: Hall) -> Talk:
    return await door.knock()


async def test_250_names_the_queue_id_of_a_kept_mail(talk: Talk, door: Hall) -> None:
    await talk.begin()

    reply = await talk.say(b"Subject: x\r\n\r\nHello\r\n.\r\n")

    ((_, taken),) = door.spool.take(10)
    assert reply == f"250 2.0.0 OK, queued as {taken.envelope.queue_id}"
    assert taken.raw == b"Subject: x\r\n\r\nHello\r\n"
    assert taken.envelope.reverse_path == "ann@acme.example"
    assert taken.envelope.forward_paths == ("support@desk.example",)
    assert taken.envelope.peer == "127.0.0.1"
    assert taken.envelope.source == "smtp"


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
    talk: Talk, door: Hall, wire: bytes, raw: bytes
) -> None:
    await talk.begin()

    reply = await talk.say(wire)

    assert reply.startswith("250")
    assert door.kept() == [raw]


async def test_what_we_can_do_is_announced_and_nothing_else(talk: Talk) -> None:
    name, *extensions = await talk.hello()

    assert name == "desk.example"
    assert extensions == ANNOUNCED


async def test_commands_behind_the_data_are_heard(talk: Talk, door: Hall) -> None:
    await talk.begin()

    first = await talk.say(b"one\r\n.\r\n" + FROM_ANN + TO_US + b"DATA\r\n")
    replies = [await talk.hear() for _ in range(3)]
    last = await talk.say(b"two\r\n.\r\nQUIT\r\n")

    assert first.startswith("250")
    assert [reply[:3] for reply in replies] == ["250", "250", "354"]
    assert last.startswith("250")
    assert (await talk.hear()).startswith("221")
    assert door.kept() == [b"one\r\n", b"two\r\n"]


async def test_a_whole_pipelined_mail_in_one_packet_is_taken(talk: Talk, door: Hall) -> None:
    await talk.hello()

    talk.send(FROM_ANN + TO_US + b"DATA\r\nHello\r\n.\r\nRSET\r\nQUIT\r\n")

    assert [(await talk.hear())[:3] for _ in range(6)] == ["250", "250", "354", "250", "250", "221"]
    assert door.kept() == [b"Hello\r\n"]


async def test_data_may_come_in_any_pieces(talk: Talk, door: Hall) -> None:
    await talk.begin()

    for octet in b"..a\r\n.\r":
        talk.send(bytes([octet]))
        await talk.writer.drain()
    reply = await talk.say(b"\n")

    assert reply.startswith("250")
    assert door.kept() == [b".a\r\n"]


async def test_a_declared_size_that_is_too_large_is_refused_at_once(talk: Talk) -> None:
    await talk.hello()

    reply = await talk.say(b"MAIL FROM:<ann@acme.example> SIZE=100000000\r\n")

    assert reply.startswith("552 5.3.4")


async def test_a_null_reverse_path_is_kept_as_one(talk: Talk, door: Hall) -> None:
    await talk.hello()
    await talk.say(b"MAIL FROM:<>\r\n")
    await talk.say(TO_US)
    await talk.say(b"DATA\r\n")
    await talk.say(b"x\r\n.\r\n")

    ((_, taken),) = door.spool.take(10)
    assert taken.envelope.reverse_path == ""


@pytest.mark.parametrize(
    ("parameter", "code"), [(b" SMTPUTF8", "250"), (b"", "553"), (b" BODY=8BITMIME", "553")]
)
async def test_other_alphabets_need_smtputf8(talk: Talk, parameter: bytes, code: str) -> None:
    await talk.hello()

    reply = await talk.say(b"MAIL FROM:<j\xc3\xb6rg@acme.example>" + parameter + b"\r\n")

    assert reply.startswith(code)


async def test_a_connection_brings_so_many_mails_and_then_another_must_come(
    talk: Talk, door: Hall
) -> None:
    await talk.begin()
    await talk.say(b"x\r\n.\r\n")
    for _ in range(RULES.mails_max - 1):
        talk.send(FROM_ANN + TO_US + b"DATA\r\n")
        assert [(await talk.hear())[:3] for _ in range(3)] == ["250", "250", "354"]
        await talk.say(b"x\r\n.\r\n")

    reply = await talk.say(FROM_ANN)

    assert reply.startswith("421 4.7.0")
    assert await talk.rest() == b""
    assert len(door.kept()) == RULES.mails_max


async def test_commands_out_of_order_are_told_so(talk: Talk) -> None:
    await talk.hear()

    before_hello = await talk.say(FROM_ANN)
    await talk.say(b"EHLO client.example\r\n")
    before_mail = await talk.say(TO_US)
    before_recipient = await talk.say(b"DATA\r\n")

    assert [one[:3] for one in (before_hello, before_mail, before_recipient)] == ["503"] * 3


@pytest.mark.parametrize(
    ("failure", "reply"),
    [
        pytest.param(SpoolFull("database or disk is full"), "452 4.3.1", id="no room"),
        pytest.param(SpoolFailure("disk I/O error"), "451 4.3.0", id="a broken disk"),
        pytest.param(RuntimeError("password=hunter2"), "451 4.3.0", id="anything else"),
        pytest.param(MemoryError("hunter2"), "451 4.3.0", id="no memory"),
    ],
)
async def test_a_fault_of_ours_leaves_the_mail_with_its_sender(
    tmp_path: Path, failure: Exception, reply: str
) -> None:
    """Promise P9: never a 5xx, and no word of what happened."""

    class Broken(Spool):
        async def put(self, *_: object) -> str:
            raise failure

    async with hall(tmp_path, RULES, spool=Broken) as door:
        talk = await door.knock()
        await talk.begin()
        heard = await talk.say(b"x\r\n.\r\n")

        assert heard.startswith(reply)
        assert "hunter2" not in heard + str(door.events)
        assert door.reception.receiving == 0


async def test_closing_lets_a_mail_on_its_way_arrive_and_sends_the_rest_away(
    talk: Talk, door: Hall
) -> None:
    idle = await door.knock()
    await idle.hello()
    await talk.begin()

    closing = asyncio.create_task(door.listener.close(5.0))
    goodbye = await idle.hear()
    kept = await talk.say(b"Hello\r\n.\r\n")
    last = await talk.hear()
    await closing

    assert goodbye.startswith("421 4.3.2")
    assert kept.startswith("250")
    assert last.startswith("421 4.3.2")
    assert door.kept() == [b"Hello\r\n"]
