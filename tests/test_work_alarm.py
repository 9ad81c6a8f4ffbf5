"""The alarm clock: few jobs, late ones ring all the same, another instant takes the place."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest_asyncio

from gateway.work.alarm import NEXT, OPENING, Alarm

PATIENCE_SECONDS = 10


@dataclass
class Bell:
    """Counts its rings."""

    rings: int = 0
    rang: asyncio.Event = field(default_factory=asyncio.Event)

    async def ring(self) -> None:
        self.rings += 1
        self.rang.set()


@pytest_asyncio.fixture
async def bell() -> Bell:
    return Bell()


@pytest_asyncio.fixture
async def alarm(bell: Bell) -> AsyncIterator[Alarm]:
    made = Alarm(bell.ring, bell.ring)
    made.start()
    yield made
    made.stop()


async def test_an_instant_that_has_passed_rings_at_once(alarm: Alarm, bell: Bell) -> None:
    alarm.ring_at(NEXT, datetime.now(UTC) - timedelta(hours=1))

    async with asyncio.timeout(PATIENCE_SECONDS):
        await bell.rang.wait()
    assert bell.rings == 1


async def test_an_earlier_instant_takes_the_place_of_a_later_one(alarm: Alarm, bell: Bell) -> None:
    now = datetime.now(UTC)
    alarm.ring_at(NEXT, now + timedelta(hours=1))
    alarm.ring_at(NEXT, now + timedelta(milliseconds=50))

    async with asyncio.timeout(PATIENCE_SECONDS):
        await bell.rang.wait()


async def test_there_is_never_a_job_for_each_due_time(alarm: Alarm) -> None:
    now = datetime.now(UTC)
    for number in range(1, 1_000):
        alarm.ring_at(NEXT, now + timedelta(minutes=number))
        alarm.ring_at(OPENING, now + timedelta(hours=number))

    jobs = alarm._scheduler.get_jobs()
    assert len(jobs) == 4
    assert {(job.misfire_grace_time, job.coalesce, job.max_instances) for job in jobs} == {
        (None, True, 1)
    }
