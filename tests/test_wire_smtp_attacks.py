"""Attacks on the SMTP door (A18, A40 to A54 of the threat model), each with its reply and event."""

import asyncio
import contextlib
import resource
import socket
import struct
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from doors import FROM_ANN, TO_US, Hall, Talk, hall

from gateway.spool import Spool
from gateway.wire.crowd import Crowd, Networks
from gateway.wire.door import Door
from gateway.wire.listen import BACKLOG, RESERVE, make_room
from gateway.wire.reception import Reception
from gateway.wire.rules import Rules

MIB = 1024 * 1024


def rules(**changed: Any) -> Rules:
    return Rules(**{"hostname": "desk.example", "recipients_max": 50, **changed})


def refusals(door: Hall) -> list[str]:
    return [one["reason"] for one in door.told("refused")]


# Two mails made of one: attacks A40 and A10


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
        b"\r\n\r.\r\n",
        b"\x00\n.\n\x00",
        b"\r\n.\r\r\n",
    ],
)
async def test_a40_nothing_but_crlf_dot_crlf_ends_a_mail(tmp_path: Path, end: bytes) -> None:
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        await talk.begin()

        smuggled = b"MAIL FROM:<evil@x.example>\r\n" + TO_US + b"DATA\r\nevil"
        reply = await talk.say(b"Subject: x\r\n\r\nHello" + end + smuggled + b"\r\n.\r\n")

        assert reply == "550 5.5.2 Bare CR or LF in the message"
        assert await talk.say(b"RCPT TO:<a@b>\r\n") == "503 5.5.1 Bad sequence of commands"
        assert door.kept() == []
        assert door.spool.counts().refused == 1
        assert len(door.told("stray_cr_lf")) == 1


async def test_a10_a_field_hidden_behind_a_bare_cr_is_refused(tmp_path: Path) -> None:
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        await talk.begin()

        reply = await talk.say(b"Subject: hi\rFrom: ceo@bank.example\r\n\r\nx\r\n.\r\n")

        assert reply.startswith("550 5.5.2")


# A41, A42: commands that two servers could read differently


async def test_a41_commands_that_end_in_a_bare_lf_are_refused_and_then_the_line_is_closed(
    tmp_path: Path,
) -> None:
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        await talk.hello()

        replies = [await talk.say(b"NOOP\n") for _ in range(3)]

        assert [one[:9] for one in replies] == ["500 5.5.2", "500 5.5.2", "421 4.7.0"]
        assert refusals(door) == ["bare line end"] * 3


# A43, A44, A52, A18: recipients


@pytest.mark.parametrize(
    ("recipient", "reply"),
    [
        pytest.param(b"<nobody@else.example>", "550 5.7.1", id="A43 not ours"),
        pytest.param(b"<@desk.example:nobody@else.example>", "550 5.7.1", id="A43 a source route"),
        pytest.param(b"<nobody%else.example@x.example>", "550 5.7.1", id="A43 the percent hack"),
        pytest.param(b"<nobody@desk.example>", "550 5.1.1", id="no such mailbox of ours"),
        pytest.param(b"<a\x07b@desk.example>", "501 5.1.3", id="A52 a control character"),
        pytest.param(b"<a\x00b@desk.example>", "501 5.1.3", id="A52 NUL"),
        pytest.param(b"<" + b"a" * 300 + b"@desk.example>", "501 5.1.3", id="A52 far too long"),
        pytest.param(b"<a@desk.example> <b@desk.example>", "5", id="A52 two at once"),
    ],
)
async def test_recipients_are_decided_on_at_once(
    tmp_path: Path, recipient: bytes, reply: str
) -> None:
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        await talk.hello()
        await talk.say(FROM_ANN)

        heard = await talk.say(b"RCPT TO:" + recipient + b"\r\n")

        assert heard.startswith(reply)
        assert (await talk.say(b"DATA\r\n")).startswith("503")


async def test_a44_recipients_are_limited_and_those_before_are_served(tmp_path: Path) -> None:
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        await talk.hello()
        await talk.say(FROM_ANN)

        talk.send(TO_US * 60)
        replies = [(await talk.hear())[:9] for _ in range(60)]
        await talk.say(b"DATA\r\n")
        kept = await talk.say(b"x\r\n.\r\n")

        assert replies == ["250 2.1.5"] * 50 + ["452 4.5.3"] * 10
        assert kept.startswith("250")
        assert refusals(door) == ["recipients"], "told once, not once for each"


async def test_a44_a_flood_of_recipients_ends_the_connection(tmp_path: Path) -> None:
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        await talk.hello()
        await talk.say(FROM_ANN)

        talk.send(TO_US * 5_000)
        heard = await talk.rest()

        assert heard.endswith(b"421 4.7.0 Too many errors\r\n")
        assert heard.count(b"\r\n") < 1_200


async def test_a18_guessing_at_reply_tokens_is_not_heard_out(tmp_path: Path) -> None:
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        await talk.hello()
        await talk.say(FROM_ANN)

        replies = [
            await talk.say(b"RCPT TO:<forged%d@desk.example>\r\n" % number) for number in range(4)
        ]

        assert [one[:9] for one in replies] == ["550 5.1.1"] * 3 + ["421 4.7.0"]
        assert len(door.told("token_probe")) == 4


# A45, A46: peers that keep a connection from others


@pytest.mark.parametrize("junk", [b"NOOP\r\n", b"RSET\r\n", b"EHLO x\r\n", b"\r\n", b"QWERTY\r\n"])
async def test_a45_a_flood_of_commands_ends_the_connection(tmp_path: Path, junk: bytes) -> None:
    async with hall(tmp_path, rules(errors_max=1000)) as door:
        talk = await door.knock()
        await talk.hello()

        talk.send(junk * 2_000)
        heard = await talk.rest()

        assert heard.endswith(b"421 4.7.0 Too many commands without a mail\r\n")
        assert len(door.told("flood")) == 1


async def test_refusals_are_limited(tmp_path: Path) -> None:
    async with hall(tmp_path, rules(errors_max=5)) as door:
        talk = await door.knock()
        await talk.hello()

        replies = [(await talk.say(b"QWERTY\r\n"))[:3] for _ in range(6)]

        assert replies == ["500"] * 5 + ["421"]


async def test_a46_a_peer_that_says_nothing_is_sent_away(tmp_path: Path) -> None:
    async with hall(tmp_path, rules(idle=0.1)) as door:
        talk = await door.knock()
        await talk.hello()

        assert (await talk.hear()).startswith("421 4.4.2")
        assert [one["reason"] for one in door.told("timed_out")] == ["idle"]


async def test_a46_noop_keeps_no_connection_for_ever(tmp_path: Path) -> None:
    async with hall(tmp_path, rules(session=0.2)) as door:
        talk = await door.knock()
        await talk.hello()
        reply = "250"
        while reply.startswith("250"):
            reply = await talk.say(b"NOOP\r\n")
            await asyncio.sleep(0.01)

        assert reply.startswith("421 4.4.2")
        assert [one["reason"] for one in door.told("timed_out")] == ["session"]


async def test_a46_data_that_stops_is_given_up(tmp_path: Path) -> None:
    async with hall(tmp_path, rules(idle=0.1)) as door:
        talk = await door.knock()
        await talk.begin()
        talk.send(b"Subject: never ends\r\n")

        assert (await talk.hear()).startswith("421 4.4.2")
        assert await talk.rest() == b""
        assert door.kept() == []
        assert door.reception.receiving == 0


# A47, A48: crowds


async def test_a47_one_connection_too_many_hears_421_and_the_rest_is_served(
    tmp_path: Path,
) -> None:
    async with hall(tmp_path, rules(connections_of_one_max=2)) as door:
        inside = [await door.knock() for _ in range(2)]
        for talk in inside:
            await talk.hello()
        late = await door.knock()

        assert await late.hear() == "421 4.3.2 Too many connections, try again later"
        assert await late.rest() == b""
        assert (await inside[0].say(FROM_ANN)).startswith("250")
        assert [one["count"] for one in door.told("crowded")] == [1]


async def test_a47_our_own_relay_is_never_kept_out(tmp_path: Path) -> None:
    async with hall(tmp_path, rules(connections_max=1, relays=("127.0.0.0/8",))) as door:
        talks = [await door.knock() for _ in range(5)]

        assert {(await talk.hear())[:3] for talk in talks} == {"220"}


async def test_a47_who_leaves_makes_room(tmp_path: Path) -> None:
    async with hall(tmp_path, rules(connections_max=1)) as door:
        for _ in range(3):
            talk = await door.knock()
            await talk.hello()
            assert (await talk.say(b"QUIT\r\n")).startswith("221")
            assert await talk.rest() == b""
            talk.close()

        assert door.reception.crowd.count == 0


def test_a48_connections_are_never_more_than_descriptors(tmp_path: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    spool = Spool(tmp_path / "spool.db")
    reception = Reception(spool, lambda _: "unknown", lambda: None, rules())  # type: ignore[arg-type,return-value]  # no mail comes
    reception.crowd = Crowd(10 * hard, 20, Networks())

    make_room(Door(reception))

    allowed = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    spool.close()
    assert reception.crowd.most == allowed - BACKLOG - RESERVE


# A49, A50: large mails


async def test_a49_a_mail_of_empty_lines_costs_no_more_than_any_other(tmp_path: Path) -> None:
    size = 16 * MIB
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        await talk.begin()
        lines = b"\r\n" * (size // 2)
        tracemalloc.start()

        talk.send(lines)
        await talk.writer.drain()
        reply = await talk.say(b".\r\n")

        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert reply.startswith("250")
        # The client's own copy lies in the same process.
        assert peak < 4 * size


async def test_a50_who_sends_more_than_the_limit_is_cut_off(tmp_path: Path) -> None:
    async with hall(tmp_path, rules(size_max=100_000)) as door:
        talk = await door.knock()
        await talk.begin()

        reply = await talk.say(b"x" * 110_000)

        assert reply == "552 5.3.4 Message too large"
        with contextlib.suppress(ConnectionError):
            while not talk.writer.transport.is_closing():
                talk.send(b"x" * 100_000)
                await talk.writer.drain()
        assert door.kept() == []
        assert door.reception.receiving == 0
        assert len(door.told("too_large")) == 1


async def test_a50_a_size_that_lies_does_not_help(tmp_path: Path) -> None:
    async with hall(tmp_path, rules(size_max=100_000)) as door:
        talk = await door.knock()
        await talk.hello()
        await talk.say(b"MAIL FROM:<ann@acme.example> SIZE=10\r\n")
        await talk.say(TO_US)
        await talk.say(b"DATA\r\n")

        assert (await talk.say(b"x" * 110_000)).startswith("552 5.3.4")


# A51: hanging up


async def test_a51_a_peer_that_hangs_up_after_the_dot_leaves_a_whole_mail(tmp_path: Path) -> None:
    kept = asyncio.Event()

    class Slow(Spool):
        """Keeps a mail only after the peer has gone."""

        async def put(self, *mail: Any) -> str:
            await door.emptied()
            queue_id = await super().put(*mail)
            kept.set()
            return queue_id

    async with hall(tmp_path, rules(), spool=Slow) as door:
        talk = await door.knock()
        await talk.begin()
        talk.send(b"Hello\r\n.\r\n")
        await talk.writer.drain()
        reset = struct.pack("ii", 1, 0)
        talk.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, reset)
        talk.writer.transport.abort()

        async with asyncio.timeout(5):
            await kept.wait()

        assert door.kept() == [b"Hello\r\n"]


async def test_a51_a_peer_that_hangs_up_within_a_mail_leaves_nothing(tmp_path: Path) -> None:
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        await talk.begin()
        talk.send(b"Hello\r\n")
        await talk.writer.drain()
        talk.close()

        async with asyncio.timeout(5):
            await door.emptied()
        assert door.kept() == []
        assert door.reception.receiving == 0


# A53, A54: probing


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (b"VRFY support", "252"),
        (b"EXPN staff", "5"),
        (b"HELP", "214"),
        (b"XCLIENT ADDR=10.0.0.1", "500"),
        (b"DEBUG", "500"),
    ],
)
async def test_a53_probing_tells_nothing(tmp_path: Path, command: bytes, code: str) -> None:
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        banner = await talk.hear()
        await talk.say(b"EHLO client.example\r\n")

        reply = await talk.say(command + b"\r\n")

        assert reply.startswith(code)
        assert banner == "220 desk.example ESMTP"
        assert not any(word in reply.lower() for word in ("python", "aiosmtpd", "1.4"))


async def test_a54_a_proxy_header_of_a_stranger_ends_the_connection(tmp_path: Path) -> None:
    async with hall(tmp_path, rules()) as door:
        talk = await door.knock()
        await talk.hear()

        reply = await talk.say(b"PROXY TCP4 10.0.0.1 10.0.0.2 1 25\r\n")

        assert reply.startswith("421 4.7.0")
        assert refusals(door) == ["forged PROXY header"]


async def test_who_talks_before_the_greeting_is_no_mail_server(tmp_path: Path) -> None:
    async with hall(tmp_path, rules()) as door:
        streams = await asyncio.open_connection("127.0.0.1", door.port)
        streams[1].write(b"EHLO spammer.example\r\nMAIL FROM:<x@y.example>\r\n")
        heard = await Talk(*streams).rest()
        streams[1].close()

        assert heard.startswith((b"554 5.5.0", b"220 "))
        assert door.kept() == []


@pytest.mark.parametrize(
    "path",
    [
        pytest.param(b"<\xff@example.org> SMTPUTF8", id="no UTF-8"),
        pytest.param(b"<\xff@example.org>", id="no UTF-8 and no SMTPUTF8"),
        pytest.param(b"<a\x00c@example.org>", id="NUL"),
        pytest.param(b"<a\x07c@example.org>", id="bell"),
        pytest.param(b"<no address", id="no path"),
    ],
)
async def test_a52_a_sender_that_no_database_could_keep_is_refused_at_once(
    tmp_path: Path, path: bytes
) -> None:
    async with hall(tmp_path) as door:
        talk = await door.knock()
        await talk.hello()

        assert (await talk.say(b"MAIL FROM:" + path + b"\r\n")).startswith("501 5.1.7")
        assert (await talk.say(FROM_ANN)).startswith("250"), "the next one is served"
