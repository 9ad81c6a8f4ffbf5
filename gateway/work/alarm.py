"""The alarm clock: an APScheduler with a handful of jobs, none for a single ticket.

Jobs only ring; what is due says the database. They live in memory and hold instants in UTC: a zone
made from a POSIX rule cannot be pickled, and a shared job store stops for good when the database
blinks (policy 4.8, fault F25).
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger

SAFETY_SECONDS: Final = 15
TIDY_SECONDS: Final = 3_600
NEXT: Final = "next due time"
OPENING: Final = "opening of the next working day"
SAFETY: Final = "safety net"
TIDY: Final = "housekeeping"

Bell = Callable[[], Awaitable[None]]


class Alarm:
    """Rings `ring` at due times, openings and every 15 seconds; `tidy` every hour."""

    def __init__(self, ring: Bell, tidy: Bell) -> None:
        self._ring = ring
        self._tidy = tidy
        self._set: dict[str, datetime] = {}
        self._scheduler = AsyncIOScheduler(
            # Late is better than never, and once is enough.
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    def start(self) -> None:
        """Begin to ring."""
        self.begin_anew()
        self._scheduler.start()

    def stop(self) -> None:
        """Ring no more."""
        self._scheduler.shutdown(wait=False)

    def begin_anew(self) -> None:
        """Count intervals from now on: after the clock was set back they would wait for it."""
        self._set.clear()
        for job, bell, seconds in (
            (SAFETY, self._ring, SAFETY_SECONDS),
            (TIDY, self._tidy, TIDY_SECONDS),
        ):
            self._scheduler.add_job(
                bell, "interval", seconds=seconds, id=job, replace_existing=True
            )

    def ring_at(self, job: str, at: datetime) -> None:
        """Ring at an instant, once; another instant for the same job takes its place."""
        if self._set.get(job) == at:
            return
        self._set[job] = at
        self._scheduler.add_job(self._ring, DateTrigger(run_date=at), id=job, replace_existing=True)
