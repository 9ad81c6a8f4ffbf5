"""Disks that are full or fail, under the real daemon: mail goes on, or stays with its sender."""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import aiosmtplib
import pytest
import pytest_asyncio
from acting.operator import run_process
from desks import write_desk
from servers.gateway import Gateway
from servers.smarthost import Smarthost
from servers.trace import tracer

PATIENCE_SECONDS = 60


@pytest_asyncio.fixture
async def smarthost() -> AsyncIterator[Smarthost]:
    made = Smarthost()
    await made.up()
    yield made
    await made.down()


def mail(number: int) -> bytes:
    return (
        f"From: Kim <kim@newco{number}.example>\r\nTo: support@desk.example\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <m{number}@newco.example>\r\n\r\nVAT?\r\n"
    ).encode()


async def answered(smarthost: Smarthost, count: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while sum(one.event == "ticket_received" for one in smarthost.taken) < count:
            smarthost.arrived.clear()
            await smarthost.arrived.wait()


@contextlib.contextmanager
def full_disk() -> Iterator[int]:
    """Takes nothing: there is no space left."""
    descriptor = os.open("/dev/full", os.O_WRONLY)
    yield descriptor
    os.close(descriptor)


@contextlib.contextmanager
def closed_pipe() -> Iterator[int]:
    """Nobody reads at its other end any more."""
    reads, writes = os.pipe()
    os.close(reads)
    yield writes
    os.close(writes)


@pytest.mark.parametrize(
    "opened", [pytest.param(full_disk, id="full"), pytest.param(closed_pipe, id="nobody reads")]
)
async def test_f43_mail_goes_on_where_the_diary_cannot_be_written(
    tmp_path: Path, smarthost: Smarthost, opened
) -> None:
    with opened() as diary:
        gateway = Gateway(write_desk(tmp_path, smarthost=smarthost.url), diary_into=diary)
        await gateway.start()

        await gateway.send(mail(1))
        await answered(smarthost, 1)

        assert await gateway.stop(signal.SIGTERM) == 0


@pytest.mark.slow
@pytest.mark.skipif(not tracer(), reason="strace is missing, or may not trace on this machine")
async def test_f06_after_a_sync_that_failed_nothing_is_accepted_until_a_start(
    tmp_path: Path, smarthost: Smarthost
) -> None:
    # Given a daemon under which the disk fails one sync of the spool
    gateway = Gateway(write_desk(tmp_path, smarthost=smarthost.url))
    await gateway.start()
    await gateway.send(mail(1))
    await answered(smarthost, 1)
    async with failing_sync(gateway, tmp_path / "state" / "spool.db-wal"):
        with pytest.raises(aiosmtplib.SMTPDataError, match=r"4\.3\.0"):
            await gateway.send(mail(2))

    # When the disk works again, or says so
    with pytest.raises(aiosmtplib.SMTPDataError, match=r"4\.3\.0"):
        await gateway.send(mail(3))

    # Then the operator is told, nothing that was promised is lost, and a start mends it
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not any(one.event == "operator_alert" for one in smarthost.taken):
            smarthost.arrived.clear()
            await smarthost.arrived.wait()
    await gateway.stop()
    await gateway.start()
    for number in (2, 3):
        await gateway.send(mail(number))
    await answered(smarthost, 3)
    await gateway.stop()
    counts = run_process("mail", "count", "--json", config=gateway.settings).json()
    assert counts["done"] == counts["accepted"]


@contextlib.asynccontextmanager
async def failing_sync(gateway: Gateway, path: Path) -> AsyncIterator[None]:
    """Every sync of one file fails as on a broken disk."""
    calls = "fsync,fdatasync"
    program = shutil.which("strace") or ""
    tracing = await asyncio.create_subprocess_exec(
        *(program, "-f", "-p", str(gateway.running.pid), "-P", str(path)),
        *("-e", f"trace={calls}", "-e", f"inject={calls}:error=EIO", "-o", "/dev/null"),
        stderr=asyncio.subprocess.PIPE,
    )
    assert tracing.stderr
    async with asyncio.timeout(PATIENCE_SECONDS):
        while b"attached" not in await tracing.stderr.readline():
            pass
    yield
    tracing.send_signal(signal.SIGINT)
    await tracing.wait()
