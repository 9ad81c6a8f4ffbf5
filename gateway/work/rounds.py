"""Rounds: what time asks for. APScheduler rings, the database says what is due.

Few jobs, in memory, none for a single ticket: the next due time (set anew after commits), the
opening of the next working day, and a round every 15 seconds as safety net for other nodes' timers
and clocks that jump (architecture 5).
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.date import DateTrigger
from sqlalchemy import Connection
from sqlalchemy.exc import InterfaceError, OperationalError

from gateway import journal
from gateway.desk.decision import Decision
from gateway.desk.reminder import due
from gateway.store import timers
from gateway.store.apply import apply
from gateway.store.occasion import Occasion
from gateway.store.transaction import Transactions
from gateway.work.bells import Bells
from gateway.work.intake import Desk

SAFETY_SECONDS: Final = 15
MOMENT: Final = timedelta(seconds=1)
NEXT: Final = "next due time"
OPENING: Final = "opening of the next working day"
SAFETY: Final = "safety net"
ROUNDS_IN_A_ROW_MAX: Final = 1_000


class Rounds:
    """The loop that makes rounds when somebody rings."""

    def __init__(self, transactions: Transactions, desk: Desk, bells: Bells) -> None:
        self._transactions = transactions
        self._desk = desk
        self._bells = bells
        self._bell = asyncio.Event()
        self._stopping = False
        self._scheduler = AsyncIOScheduler(
            job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": None},
            timezone="UTC",
        )

    async def ring(self) -> None:
        """What every job of the scheduler calls; the round itself runs in our own loop."""
        self._bell.set()

    def stop(self) -> None:
        """Finish the round in hand and make no more."""
        self._stopping = True
        self._bell.set()

    async def run(self) -> None:
        """Make rounds until told to stop."""
        self._scheduler.add_job(
            self.ring, "interval", seconds=SAFETY_SECONDS, id=SAFETY, replace_existing=True
        )
        self._scheduler.start()
        rearm = asyncio.create_task(self._rearm_after_commits())
        try:
            while not self._stopping:
                self._bell.clear()
                await self.make_round()
                await self._arm()
                await self._bell.wait()
        finally:
            rearm.cancel()
            self._scheduler.shutdown(wait=False)

    async def _rearm_after_commits(self) -> None:
        while True:
            await self._bells.timers.wait()
            self._bells.timers.clear()
            await self._arm()

    async def _arm(self) -> None:
        """Ring at the next due time and at the next opening."""
        now = self._desk.clock()
        try:
            next_at = await self._transactions(timers.next_at)
        except (OperationalError, InterfaceError, OSError):
            return
        if next_at is not None:
            # What is due already and was left (another node makes its round) waits a moment.
            self._ring_at(NEXT, max(next_at, now + MOMENT))
        calendar = self._desk.policy.calendar
        self._ring_at(OPENING, next(calendar.day_openings(now)))

    def _ring_at(self, job: str, at: datetime) -> None:
        self._scheduler.add_job(self.ring, DateTrigger(run_date=at), id=job, replace_existing=True)

    async def make_round(self) -> int:
        """Deal with everything that is due now; returns how many steps that was."""
        total = 0
        for _ in range(ROUNDS_IN_A_ROW_MAX):
            try:
                count = await self._transactions(self._step)
            except (OperationalError, InterfaceError, OSError) as error:
                journal.warn("database_down", loop="rounds", error=type(error).__name__)
                return total
            total += count
            if count < timers.ROUND_MAX:
                break
        if total:
            journal.note("round", steps=total)
            self._bells.outbox.set()
        return total

    def _step(self, connection: Connection) -> int:
        """Claim, decide and write in one transaction: a step is sent once or not at all."""
        now = self._desk.clock()
        claimed = timers.claim_due(connection, now)
        if not claimed:
            return 0
        facts = timers.due_facts(connection, claimed)
        decisions = due(claimed, facts, self._desk.policy, now)
        self._apply(connection, decisions, now)
        return len(claimed)

    def _apply(self, connection: Connection, decisions: Sequence[Decision], now: datetime) -> None:
        for decision in decisions:
            apply(
                connection,
                decision,
                Occasion(
                    event=decision.event,
                    at=now,
                    write=self._desk.writer.write,
                    overdraft=self._desk.policy.credits.overdraft,
                ),
            )
