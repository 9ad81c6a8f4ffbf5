"""The power is lost at any moment: whatever was answered `250` is on the disk (promise P1)."""

import asyncio
import os
import signal
import sqlite3
import sys
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from desks import write_desk
from servers.gateway import Gateway
from servers.smarthost import Smarthost
from servers.trace import Disk, Said, Synced, traced, tracer

MAILS = 6
PATIENCE_SECONDS = 60
QUEUED = b"250 2.0.0 OK, queued as "
FILES = ("spool.db", "spool.db-wal", "gateway.db", "gateway.db-wal")


@pytest_asyncio.fixture
async def smarthost() -> AsyncIterator[Smarthost]:
    made = Smarthost()
    await made.up()
    yield made
    await made.down()


def mail(number: int) -> bytes:
    return (
        f"From: Kim <kim@newco{number}.example>\r\nTo: support@desk.example\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <m{number}@newco.example>\r\n\r\n"
        f"How do I set up VAT?\r\n{'x' * 70}\r\n"
    ).encode()


def mails_on(folder: Path) -> set[str]:
    """The queue ids that a daemon would find in these files: waiting, or taken in."""
    found: set[str] = set()
    for name, table in (("spool.db", "spool"), ("gateway.db", "mails")):
        if (folder / name).exists():
            with closing(sqlite3.connect(folder / name)) as connection:
                try:
                    found |= {row[0] for row in connection.execute(f"SELECT queue_id FROM {table}")}
                except sqlite3.OperationalError:
                    continue  # The table was not on the disk yet.
    return found


@pytest.mark.slow
@pytest.mark.skipif(not tracer(), reason="strace is missing, or may not trace on this machine")
async def test_f03_f04_a_mail_is_on_the_disk_before_its_250_and_ever_after(
    tmp_path: Path, smarthost: Smarthost
) -> None:
    # Given a daemon whose writes, syncs and words are written down
    trace = tmp_path / "trace"
    settings = write_desk(tmp_path, smarthost=smarthost.url)
    program = (*traced(trace), sys.executable, "-m", "gateway")
    gateway = Gateway(settings, program=program)
    await gateway.start()

    # When mails come, some at once, are answered and taken in
    await asyncio.gather(*(gateway.send(mail(number)) for number in range(MAILS // 2)))
    for number in range(MAILS // 2, MAILS):
        await gateway.send(mail(number))
    await gateway.heard("taken_in", MAILS)
    os.kill(int(gateway.addresses["pid"]), signal.SIGTERM)
    async with asyncio.timeout(PATIENCE_SECONDS):
        await gateway.running.wait()

    # Then a loss of power at any moment leaves every mail that was promised
    disk, promised = Disk(), set[str]()
    for event in disk.replay(trace):
        if isinstance(event, Said) and event.words.startswith(QUEUED):
            promised.add(event.words.removeprefix(QUEUED).split()[0].decode())
        if isinstance(event, Synced) or event.words.startswith(QUEUED):
            disk.lay_out(tmp_path / "after", *FILES)
            assert promised <= mails_on(tmp_path / "after")
    assert len(promised) == MAILS
