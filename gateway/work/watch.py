"""Watch the clock and the loop: a clock that was set, a process that stood still, a silent alarm.

Reminders and escalations follow the wall clock, the loop follows a clock that nobody can set. Where
the two part, the wall clock was set (fault F25); where both leap, the process was stopped.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway import journal

PERIOD: Final = timedelta(seconds=2)
JUMP_MIN: Final = timedelta(seconds=2)
"""Less than this is the clock being slewed, or a loop that was busy."""
STALL_MIN: Final = timedelta(seconds=10)
SILENCE_MAX: Final = timedelta(seconds=60)
"""The alarm rings every 15 seconds; after four times that it is broken."""


@dataclass(frozen=True, slots=True)
class Glance:
    """One look at both clocks."""

    wall_at: datetime
    running: float
    """Seconds of the clock that cannot be set."""


@dataclass(frozen=True, slots=True)
class Finding:
    """What happened between two glances."""

    jumped: timedelta = timedelta(0)
    """How far the wall clock was set, forwards or back."""
    stalled: timedelta = timedelta(0)
    """How long nothing ran."""


def compare(before: Glance, now: Glance, period: timedelta) -> Finding:
    """What happened since the last glance, `period` ago if all is well."""
    ran = timedelta(seconds=now.running - before.running)
    jumped = now.wall_at - before.wall_at - ran
    stalled = ran - period
    return Finding(
        jumped if abs(jumped) >= JUMP_MIN else timedelta(0),
        stalled if stalled >= STALL_MIN else timedelta(0),
    )


class Watch:
    """Looks at the clocks now and then, and calls when something is wrong."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        jumped: Callable[[timedelta], None],
        wake: Callable[[], None],
        *,
        period: timedelta = PERIOD,
    ) -> None:
        self._clock = clock
        self._jumped = jumped
        self._wake = wake
        self._period = period
        self._rang = asyncio.Event()
        self._ended = asyncio.Event()

    def rang(self) -> None:
        """The alarm rang: it is alive."""
        self._rang.set()

    def stop(self) -> None:
        """Look no more."""
        self._ended.set()

    def _glance(self) -> Glance:
        return Glance(self._clock(), asyncio.get_running_loop().time())

    async def run(self) -> None:
        """Look until told to stop."""
        before = heard = self._glance()
        while not await self._ends():
            now = self._glance()
            self._judge(compare(before, now, self._period))
            before = now
            if self._rang.is_set():
                self._rang.clear()
                heard = now
            elif now.running - heard.running > SILENCE_MAX.total_seconds():
                journal.fail("alarm_silent", seconds=round(now.running - heard.running))
                heard = now
                self._wake()

    async def _ends(self) -> bool:
        try:
            async with asyncio.timeout(self._period.total_seconds()):
                await self._ended.wait()
        except TimeoutError:
            return False
        return True

    def _judge(self, found: Finding) -> None:
        if found.stalled:
            journal.warn("stood_still", seconds=round(found.stalled.total_seconds()))
            self._wake()
        if found.jumped:
            journal.warn("clock_jumped", seconds=round(found.jumped.total_seconds()))
            self._jumped(found.jumped)
