"""The real `gateway run` and time: openings, clocks that are set, a process that dies."""

import asyncio
import shutil
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from conftest import missing
from desks import write_desk
from promise_rows import assert_once_each, fill, plan, wait_until_left
from servers.faketime import WallClock, library
from servers.gateway import Gateway
from servers.smarthost import Smarthost

from gateway.desk.step import REMINDER, escalation
from gateway.settings.load import load_settings
from gateway.store.engine import open_engine
from gateway.store.upgrade import upgrade

WITHOUT_SCHEDULER = """
from apscheduler.schedulers.asyncio import AsyncIOScheduler
AsyncIOScheduler.start = AsyncIOScheduler.shutdown = lambda self, *args, **values: None
from gateway.cli import main
main()
"""
"""The same program, whose APScheduler never rings."""
OPENING_AT = datetime(2026, 7, 9, 5, tzinfo=UTC)
PATIENCE_SECONDS = 120


@pytest.fixture
def wall(tmp_path: Path) -> WallClock:
    found = library()
    if found is None:
        missing("libfaketime is not installed")
    assert found
    return WallClock(tmp_path / "clock", found)


@pytest_asyncio.fixture
async def smarthosts() -> AsyncIterator[tuple[Smarthost, Smarthost]]:
    both = Smarthost(), Smarthost()
    for one in both:
        await one.up()
    yield both
    for one in both:
        await one.down()


@asynccontextmanager
async def running(*gateways: Gateway) -> AsyncIterator[None]:
    """Some gateways, started at the same time."""
    await asyncio.gather(*(one.start() for one in gateways))
    try:
        yield
    finally:
        for one in gateways:
            if one.running.returncode is None:
                await one.stop(signal.SIGKILL)


def mail() -> bytes:
    return (
        b"From: Kim <kim@newco.example>\r\nTo: support@desk.example\r\nSubject: Tax\r\n"
        b"Message-ID: <m1@newco.example>\r\n\r\nHow do I set up VAT?\r\n"
    )


async def arrived(smarthost: Smarthost, event: str) -> None:
    while not any(one.event == event for one in smarthost.taken):
        smarthost.arrived.clear()
        await smarthost.arrived.wait()


@pytest.mark.slow
async def test_the_reminder_comes_at_the_opening_and_the_scheduler_brings_it(
    tmp_path: Path, wall: WallClock, smarthosts: tuple[Smarthost, Smarthost]
) -> None:
    # Given a mail that came in at noon of the day before
    smarthost, other = smarthosts
    wall.set(datetime(2026, 7, 8, 8, tzinfo=UTC))
    gateway = Gateway(write_desk(tmp_path / "desk", smarthost=smarthost.url), wall.environ)
    began = time.monotonic()
    async with running(gateway), asyncio.timeout(PATIENCE_SECONDS):
        start_seconds = time.monotonic() - began
        await gateway.send(mail())
        await arrived(smarthost, "engineer_new_ticket")
        await gateway.stop()
    shutil.copytree(tmp_path / "desk", tmp_path / "copy")
    settings = write_desk(tmp_path / "copy", smarthost=other.url)
    without = Gateway(settings, wall.environ, (sys.executable, "-c", WITHOUT_SCHEDULER))
    smarthost.taken.clear()

    # When it starts shortly before the opening, and beside it one without its scheduler
    # Two at once on a busy machine take longer than one did.
    wall.set(OPENING_AT - timedelta(seconds=8 + 4 * start_seconds))
    async with running(gateway, without):
        assert not smarthost.taken, "it was ready before the opening"
        async with asyncio.timeout(PATIENCE_SECONDS):
            await arrived(smarthost, "engineer_sla_reminder")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(5):
                await arrived(other, "engineer_sla_reminder")

    # Then the one reminder came at the opening, and none from the other
    (reminder,) = smarthost.taken
    assert reminder.recipient == "dispatch@desk.example"
    assert "T-1001" in reminder.text
    sent_at = reminder.mail["Date"].datetime
    assert OPENING_AT <= sent_at < OPENING_AT + timedelta(seconds=10)


@pytest.mark.slow
@pytest.mark.parametrize(
    "begin_at",
    [
        pytest.param(datetime(2026, 3, 28, 22, 30, tzinfo=UTC), id="over the spring change"),
        pytest.param(datetime(2026, 10, 24, 22, 30, tzinfo=UTC), id="over the autumn change"),
    ],
)
async def test_every_step_goes_out_once_however_the_clock_is_set(
    tmp_path: Path, wall: WallClock, begin_at: datetime
) -> None:
    # Given a step every minute of three hours
    path = write_desk(tmp_path / "desk")
    settings = load_settings(path)
    settings.state_dir.mkdir()
    engine = open_engine(f"sqlite:///{settings.state_dir / 'gateway.db'}")
    upgrade(engine)
    minutes = [begin_at + timedelta(minutes=number) for number in range(180)]
    planned = plan(minutes, (escalation(1), REMINDER))
    fill(engine, settings.policy, planned)

    # When the clock is set an hour forward, an hour back, and to the end, while the gateway runs
    wall.set(begin_at)
    gateway = Gateway(path, wall.environ)
    async with running(gateway):
        await gateway.heard("round")
        for number, hours in enumerate((1, 0, 2, 3), start=1):
            wall.set(begin_at + timedelta(hours=hours))
            left = sum(one.at > begin_at + timedelta(hours=max(hours, 1)) for one in planned)
            async with asyncio.timeout(PATIENCE_SECONDS):
                await gateway.heard("clock_jumped", number)
                await wait_until_left(engine, planned, left)
        await gateway.stop()

    # Then nothing is missing and nothing is double
    assert_once_each(engine, planned)
    engine.dispose()
