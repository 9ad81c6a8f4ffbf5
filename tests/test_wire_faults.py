"""Floods and slow peers (faults F34, F35, F44): who is honest is served within a second."""

import asyncio
import contextlib
import os
import sqlite3
import sys
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from desks import write_desk
from doors import FROM_ANN, TO_US, Hall, Talk, hall
from servers.gateway import Gateway

from gateway.spool import Spool
from gateway.wire.rules import Rules

LORIS = 500
HONEST_SECONDS = 1.0
KNOCKING_AT_ONCE = 50
MIB = 1024 * 1024
IDLE_MAX = 300 * MIB
STEPS = {
    "greeting": b"",
    "command": b"EHL",
    "hello": b"EHLO loris.example\r\n",
    "sender": b"EHLO loris.example\r\n" + FROM_ANN,
    "recipient": b"EHLO loris.example\r\n" + FROM_ANN + TO_US[:9],
    "data": b"EHLO loris.example\r\n" + FROM_ANN + TO_US + b"DATA\r\nSubject: x\r\n",
}
"""What a peer says before it falls silent, by the step at which it does."""
HONEST = ("127.0.0.1", 0)
SLOW_RESOLVER = """
import socket, threading
real = socket.getaddrinfo
def slow(host, *rest, **more):
    if host == "slow.example":
        threading.Event().wait(5)
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")
    return real(host, *rest, **more)
socket.getaddrinfo = slow
socket.getfqdn = lambda name="": slow("slow.example")
from gateway.cli.app import app
app()
"""


async def flood(door: Hall, say: bytes, count: int = LORIS) -> list[Talk]:
    """So many peers from many addresses, each of which says a little and then nothing."""
    made: list[Talk] = []
    for begin in range(0, count, KNOCKING_AT_ONCE):
        numbers = range(begin, min(begin + KNOCKING_AT_ONCE, count))
        addresses = [(f"127.0.{1 + one // 200}.{1 + one % 200}", 0) for one in numbers]
        made += await asyncio.gather(*(door.knock(local_addr=one) for one in addresses))
    for one in made:
        one.send(say)
    return made


async def seconds_of_a_mail(door: Hall) -> float:
    """How long an honest client takes from knocking to the reply after its mail."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    talk = await door.knock(local_addr=HONEST)
    await talk.begin()
    assert (await talk.say(b"Subject: y\r\n\r\nHelp\r\n.\r\n")).startswith("250")
    return loop.time() - began


@pytest.mark.parametrize("step", STEPS)
async def test_f34_slow_peers_at_any_step_leave_room_for_an_honest_one(
    tmp_path: Path, step: str
) -> None:
    rules = Rules(hostname="desk.example", connections_max=LORIS + 10)
    async with hall(tmp_path, rules) as door:
        await flood(door, STEPS[step])
        await asyncio.sleep(0)

        assert len(door.listener.door.guests) == LORIS
        assert await seconds_of_a_mail(door) < HONEST_SECONDS


async def test_f34_slow_peers_of_one_address_take_up_no_more_than_their_share(
    tmp_path: Path,
) -> None:
    async with hall(tmp_path) as door:
        for _ in range(100):
            await door.knock(local_addr=("127.0.9.9", 0))

        assert await seconds_of_a_mail(door) < HONEST_SECONDS
        assert door.reception.crowd.count <= door.reception.rules.connections_of_one_max + 1


async def test_f35_whoever_is_one_too_many_costs_nothing_that_stays(tmp_path: Path) -> None:
    rules = Rules(hostname="desk.example", connections_max=20, relays=("127.0.0.1/32",))
    async with hall(tmp_path, rules) as door:
        await flood(door, b"", 20)
        await refused(door, 300)
        before = resident()

        await refused(door, 1000)

        assert resident() - before < 8 * MIB
        assert len(door.listener.door.guests) == 20
        assert await seconds_of_a_mail(door) < HONEST_SECONDS


async def refused(door: Hall, count: int) -> None:
    """So many come one after the other, and each is sent away."""
    for _ in range(count):
        reader, writer = await asyncio.open_connection(
            "127.0.0.1", door.port, local_addr=("127.0.8.8", 0)
        )
        assert (await reader.readline()).startswith(b"421")
        writer.close()


def resident() -> int:
    """Octets of memory that this process holds now."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


async def test_f11_a_spool_that_another_process_holds_holds_up_nobody(
    tmp_path: Path,
) -> None:
    impatient = partial(Spool, patience=timedelta(seconds=1))
    async with hall(tmp_path, spool=impatient) as door:
        with contextlib.closing(sqlite3.connect(tmp_path / "spool.db")) as other:
            # Given somebody who writes and does not come to an end
            other.execute("BEGIN IMMEDIATE")
            waiting = await door.knock()
            await waiting.begin()
            waiting.send(b"Subject: x\r\n\r\nx\r\n.\r\n")

            # Then others are served, and the mail stays with its sender
            another = await door.knock()
            assert (await another.hello())[0]
            assert (await waiting.hear()).startswith("451 4.3.0")
            assert not door.kept()

        # And goes the usual way when the file is free
        assert (await waiting.say(FROM_ANN)).startswith("250")
        assert (await waiting.say(TO_US)).startswith("250")
        assert (await waiting.say(b"DATA\r\n")).startswith("354")
        assert (await waiting.say(b"Subject: x\r\n\r\nx\r\n.\r\n")).startswith("250")
    assert door.kept()


@pytest.mark.slow
async def test_f44_a_resolver_that_does_not_answer_holds_up_nobody(tmp_path: Path) -> None:
    desk = write_desk(tmp_path, smarthost="smtps://slow.example")
    gateway = Gateway(desk, program=(sys.executable, "-c", SLOW_RESOLVER))
    await gateway.start()
    loop = asyncio.get_running_loop()
    try:
        took = []
        for number in range(6):
            began = loop.time()
            await gateway.send(mail(number))
            took.append(loop.time() - began)
        await gateway.heard("smarthost_away")
    finally:
        code = await gateway.stop()

    assert code == 0
    assert max(took) < HONEST_SECONDS
    (away, *_) = [one for one in gateway.diary if one["event"] == "smarthost_away"]
    assert "letter_failed" not in [one["event"] for one in gateway.diary]
    assert away["reason"]


def mail(number: int) -> bytes:
    lines = (
        "From: Kim <kim@newco.example>",
        "To: support@desk.example",
        f"Subject: Question {number}",
        f"Message-ID: <m{number}@newco.example>",
        "",
        "How?",
        "",
    )
    return "\r\n".join(lines).encode()
