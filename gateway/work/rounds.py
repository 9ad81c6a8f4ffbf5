"""Rounds: what time asks for. The alarm rings, the database says what is due.

Claim, decide and letters are one transaction. A step that fails is tried again later and set aside
after the third time; it never holds up the others. A database that is away is asked again at the
next ring.
"""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gateway import journal
from gateway.desk import alerts
from gateway.desk.decision import Decision
from gateway.desk.reminder import Timer, due
from gateway.store import timers
from gateway.store.apply import apply
from gateway.store.batch import apply_round
from gateway.store.occasion import Applied, Occasion
from gateway.store.reach import OUT_OF_REACH, told_apart
from gateway.store.shared_commit import Conflict, Outcome, breaks_transaction
from gateway.store.timers import Claim
from gateway.store.transaction import Transactions
from gateway.work.alarm import NEXT, OPENING, Alarm
from gateway.work.housekeeping import tidy
from gateway.work.intake import Desk, describe_failure
from gateway.work.watch import Watch

MOMENT: Final = timedelta(seconds=1)
REARM_SECONDS: Final = 0.25
"""From a commit to a look at what is due next: mails that come together cost one."""
ROUNDS_IN_A_ROW_MAX: Final = 1_000
RETRY_AFTER: Final = (timedelta(minutes=1), timedelta(minutes=5))
"""Time to the next try of a step that failed; after the last one it is set aside."""
ALERT_FROM: Final = timedelta(seconds=60)
"""A clock that jumps further than this is told to the operator."""

Result = TypeVar("Result")


class Rehearsed(Exception):
    """Ends a rehearsal: nothing of it stays."""


class Rounds:
    """The loop that makes rounds when somebody rings."""

    def __init__(self, transactions: Transactions, desk: Desk, committed: asyncio.Event) -> None:
        self._transactions = transactions
        self._desk = desk
        self._committed = committed
        self._bell = asyncio.Event()
        self._is_untidy = False
        self._stopping = False
        self._alarm = Alarm(self.ring, self._ring_tidy)
        self._watch = Watch(desk.clock, self._clock_jumped, self._bell.set)
        self._jumps: list[timedelta] = []

    async def ring(self) -> None:
        """What jobs of the alarm call; the round itself runs in our own loop."""
        self._watch.rang()
        self._bell.set()

    async def _ring_tidy(self) -> None:
        self._is_untidy = True
        self._bell.set()

    def _clock_jumped(self, by: timedelta) -> None:
        """The alarm waits by the old time: begin anew with what the clock says now."""
        self._alarm.begin_anew()
        self._jumps.append(by)
        self._bell.set()

    def stop(self) -> None:
        """Finish the round in hand and make no more."""
        self._stopping = True
        self._watch.stop()
        self._bell.set()

    async def run(self) -> None:
        """Make rounds until told to stop."""
        self._alarm.start()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._watch.run(), name="watch")
                rearm = group.create_task(self._rearm_after_commits(), name="rearm")
                while not self._stopping:
                    self._bell.clear()
                    await self.make_round()
                    await self._look_after()
                    await self._arm()
                    await self._bell.wait()
                rearm.cancel()
        finally:
            self._alarm.stop()

    async def _rearm_after_commits(self) -> None:
        while True:
            await self._committed.wait()
            await asyncio.sleep(REARM_SECONDS)
            self._committed.clear()
            await self._arm()

    async def _arm(self) -> None:
        """Ring at the next due time and at the next opening."""
        now = self._desk.clock()
        self._alarm.ring_at(OPENING, next(self._desk.policy.calendar.day_openings(now)))
        next_at = await self._attempt(timers.next_at)
        if isinstance(next_at, datetime):
            # What is due already and was left (another node makes its round) waits a moment.
            self._alarm.ring_at(NEXT, max(next_at, now + MOMENT))

    async def _attempt(self, step: Callable[[Connection], Result]) -> Result | BaseException:
        """Run a step; its result, or why there is none."""
        (outcome,) = await asyncio.gather(self._transactions(step), return_exceptions=True)
        return outcome

    async def make_round(self) -> int:
        """Deal with everything that is due now; returns how many steps that was."""
        total = 0
        for _ in range(ROUNDS_IN_A_ROW_MAX):
            outcome = await self._attempt(self._deal_with_due)
            claim = outcome if isinstance(outcome, Claim) else await self._after_failure(outcome)
            total += len(claim.timers)
            if not claim.more:
                break
        if total:
            journal.note("round", steps=total)
        return total

    async def _after_failure(self, failure: BaseException) -> Claim:
        """The database is away, or a step is poisoned: find that one, so that the others go on."""
        if isinstance(failure, OUT_OF_REACH):
            journal.warn("database_down", loop="rounds", error=type(failure).__name__)
            return Claim()
        if isinstance(failure, Conflict) or not isinstance(failure, Exception):
            journal.warn("round_postponed", error=type(failure).__name__)
            return Claim()
        journal.fail("round_failed", reason=describe_failure(failure))
        sorted_out = await self._attempt(self._sort_out)
        if isinstance(sorted_out, Claim):
            return sorted_out
        journal.fail("round_postponed", error=type(sorted_out).__name__)
        return Claim()

    def _deal_with_due(self, connection: Connection) -> Claim:
        """Claim, decide and write in one transaction: a step is sent once or not at all."""
        now = self._desk.clock()
        claim = timers.claim_due(connection, now)
        if claim.timers:
            self._deal(connection, claim.timers, now)
        return claim

    def _deal(self, connection: Connection, claimed: Sequence[Timer], now: datetime) -> None:
        facts = timers.due_facts(connection, claimed, self._desk.policy)
        decisions = due(claimed, facts, self._desk.policy, now)
        applied = apply_round(
            connection, decisions, at=now, occasion_of=lambda one: self._occasion(one, now)
        )
        for broken in (text for one in applied for text in one.broken):
            journal.warn("template_broken", loop="rounds", template=broken)

    def _occasion(self, decision: Decision, now: datetime) -> Occasion:
        return Occasion(
            event=decision.event,
            at=now,
            write=self._desk.writer.write,
            overdraft=self._desk.policy.credits.overdraft,
        )

    def _sort_out(self, connection: Connection) -> Claim:
        """A round failed as a whole: rehearse ticket by ticket, and set aside what fails.

        Where each works by itself and only all together do not, each is dealt with by itself.
        """
        now = self._desk.clock()
        claim = timers.claim_due(connection, now)
        by_ticket: dict[int, list[Timer]] = {}
        for timer in claim.timers:
            by_ticket.setdefault(timer.ticket, []).append(timer)
        failures = self._each(connection, by_ticket, now, keep=False)
        if failures:
            for number, failure in failures.items():
                self._count_failure(connection, by_ticket[number], failure, now)
            return Claim(more=True)
        failures = self._each(connection, by_ticket, now, keep=True)
        for number, failure in failures.items():
            self._count_failure(connection, by_ticket[number], failure, now)
        return claim

    def _each(
        self,
        connection: Connection,
        by_ticket: dict[int, list[Timer]],
        now: datetime,
        *,
        keep: bool,
    ) -> dict[int, Exception]:
        """Deal with each ticket in a savepoint of its own; the tickets that failed, and why."""
        failures: dict[int, Exception] = {}
        for number, mine in by_ticket.items():
            outcome = Outcome()
            with outcome, connection.begin_nested():
                self._deal(connection, mine, now)
                if not keep:
                    raise Rehearsed
            failure = outcome.failure
            if isinstance(failure, DBAPIError) and breaks_transaction(failure):
                raise failure
            if failure is not None and isinstance(told_apart(failure), OUT_OF_REACH):
                raise failure  # A full disk is no fault of the ticket that met it.
            if failure is not None and not isinstance(failure, Rehearsed):
                failures[number] = failure
        return failures

    def _count_failure(
        self, connection: Connection, failed: Sequence[Timer], failure: Exception, now: datetime
    ) -> None:
        """One try more; after the last one the step is set aside and the operator told."""
        reason = describe_failure(failure)
        parks = timers.fail(
            connection,
            failed,
            reason,
            retry_at=[now + after for after in RETRY_AFTER],
            now=now,
        )
        told = {"ticket": failed[0].ticket, "steps": [timer.step for timer in failed]}
        journal.fail("step_parked" if parks else "step_failed", reason=reason, **told)
        if parks:
            self._apply(connection, alerts.set_aside(self._desk.policy, now, failed, reason), now)

    def _apply(self, connection: Connection, decision: Decision, now: datetime) -> Applied:
        return apply(connection, decision, self._occasion(decision, now))

    async def _look_after(self) -> None:
        """Tell of clocks that jumped; tidy up where it is time to."""
        now = self._desk.clock()
        jumps, self._jumps = self._jumps, []
        for by in jumps:
            if abs(by) >= ALERT_FROM:
                decision = alerts.clock_jumped(self._desk.policy, now, by)
                await self._attempt(partial(self._apply, decision=decision, now=now))
        if self._is_untidy:
            outcome = await self._attempt(lambda c: tidy(c, self._desk, now))
            self._is_untidy = isinstance(outcome, BaseException)
