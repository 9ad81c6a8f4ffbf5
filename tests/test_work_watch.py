"""Clocks that were set, processes that stood still: told apart by two clocks."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from gateway.work.watch import PERIOD, Finding, Glance, Watch, compare

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)
HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
BUSY = 3


@pytest.mark.parametrize(
    ("wall", "running", "wanted"),
    [
        pytest.param(PERIOD, PERIOD, Finding(), id="all is well"),
        pytest.param(BUSY * PERIOD, BUSY * PERIOD, Finding(), id="a busy loop"),
        pytest.param(PERIOD + HOUR, PERIOD, Finding(jumped=HOUR), id="set forward"),
        pytest.param(PERIOD - HOUR, PERIOD, Finding(jumped=-HOUR), id="set back"),
        pytest.param(PERIOD + SECOND, PERIOD, Finding(), id="slewed"),
        pytest.param(PERIOD + HOUR, PERIOD + HOUR, Finding(stalled=HOUR), id="stood still"),
        pytest.param(
            PERIOD + 3 * HOUR,
            PERIOD + HOUR,
            Finding(jumped=2 * HOUR, stalled=HOUR),
            id="stood still and was set",
        ),
    ],
)
def test_two_clocks_tell_what_happened(
    wall: timedelta, running: timedelta, wanted: Finding
) -> None:
    now = Glance(AT + wall, 5.0 + running.total_seconds())

    assert compare(Glance(AT, 5.0), now, PERIOD) == wanted


async def test_a_clock_that_is_set_is_told_once_and_watching_ends_when_told_to() -> None:
    # Given a watch on a clock of ours
    offset = timedelta(0)
    jumps: list[timedelta] = []
    told = asyncio.Event()

    def jumped(by: timedelta) -> None:
        jumps.append(by)
        told.set()

    watch = Watch(lambda: datetime.now(UTC) + offset, jumped, told.set, period=SECOND / 20)
    running = asyncio.create_task(watch.run())
    await asyncio.sleep(0)

    # When it is set forward by an hour
    offset = HOUR
    async with asyncio.timeout(10):
        await told.wait()
    watch.stop()
    await running

    # Then that is told, to the second
    assert [round(by / SECOND) for by in jumps] == [3_600]
