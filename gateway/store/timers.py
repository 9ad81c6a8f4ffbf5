"""Due times as rows: which steps are due, when the next is, what they are about, what failed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Row,
    and_,
    case,
    func,
    or_,
    select,
    tuple_,
    update,
)

from gateway.desk.model import ClockKind
from gateway.desk.policy import Policy
from gateway.desk.reminder import DueFacts, Timer
from gateway.desk.step import REMINDER
from gateway.store.desk_rows import load_accounts, load_tickets
from gateway.store.engine import is_sqlite
from gateway.store.tables import assessments, clocks, counters, steps, tickets, timers

ROUND_MAX: Final = 500
"""Steps of one transaction, reminders apart; the rest follows at once in the next."""
REMINDERS_MAX: Final = 20_000
"""Reminders of one transaction: all of one opening, so that a person gets one letter."""


@dataclass(frozen=True, slots=True)
class Claim:
    """The steps of one round."""

    timers: tuple[Timer, ...] = ()
    more: bool = False
    """Others are due too and wait for the next round."""


def next_at(connection: Connection) -> datetime | None:
    """When the next step is due or tried again, if any is."""
    earliest: datetime | None = connection.execute(
        select(func.min(timers.c.not_before)).where(timers.c.parked_at.is_(None))
    ).scalar_one()
    return earliest


def claim_due(connection: Connection, now: datetime) -> Claim:
    """The steps that are due, earliest first, for this round alone.

    One round at a time across all nodes: whoever comes second finds nothing, so that a person's
    reminders stay one letter.
    """
    if not _has_turn(connection):
        return Claim()
    is_reminder = and_(timers.c.step == REMINDER, timers.c.clock.in_(list(ClockKind)))
    urgent = _due(connection, now, ~is_reminder, ROUND_MAX)
    daily = _due(connection, now, is_reminder, REMINDERS_MAX)
    found = [*urgent, *daily]
    if not found:
        return Claim()
    connection.execute(
        update(counters).where(counters.c.name == "round").values(value=counters.c.value + 1)
    )
    more = len(urgent) == ROUND_MAX or len(daily) == REMINDERS_MAX
    return Claim(tuple(_timer_of(row) for row in found), more)


def _has_turn(connection: Connection) -> bool:
    """SQLite has one writer anyway; elsewhere a row stands for the turn."""
    if is_sqlite(connection):
        return True
    turn = connection.execute(
        select(counters.c.value).where(counters.c.name == "round").with_for_update(skip_locked=True)
    ).first()
    return turn is not None


def _due(
    connection: Connection, now: datetime, which: ColumnElement[bool], count: int
) -> Sequence[Row[tuple[object, ...]]]:
    """Due timers, each with whether its step was recorded for this due time before."""
    slot = case((timers.c.step == REMINDER, timers.c.at), else_=timers.c.due_at)
    recorded = (
        select(steps.c.id)
        .where(
            steps.c.ticket == timers.c.ticket,
            steps.c.clock == timers.c.clock,
            steps.c.step == timers.c.step,
            steps.c.due_at == timers.c.due_at,
            steps.c.slot == slot,
        )
        .exists()
    )
    return connection.execute(
        select(timers, recorded.label("known"))
        .where(timers.c.not_before <= now, timers.c.parked_at.is_(None), which)
        .order_by(timers.c.not_before, timers.c.ticket)
        .limit(count)
    ).all()


def _timer_of(row: Row[tuple[object, ...]]) -> Timer:
    return Timer(
        ticket=row.ticket,
        clock=row.clock,
        step=row.step,
        at=row.at,
        due_at=row.due_at,
        armed_at=row.armed_at,
        known=getattr(row, "known", False),
    )


def due_facts(connection: Connection, due: Sequence[Timer], policy: Policy) -> DueFacts:
    """The tickets of some timers, locked, and their accounts: locked where credits may move."""
    found = load_tickets(connection, (timer.ticket for timer in due), lock=True)
    spends = {
        found[timer.ticket].account
        for timer in due
        if timer.ticket in found and (timer.moves_credits or policy.hotrush.refund_on_breach)
    }
    names = {ticket.account for ticket in found.values()} - spends
    accounts = load_accounts(connection, spends, lock=True)
    return DueFacts(tickets=found, accounts=accounts | load_accounts(connection, names))


def fail(
    connection: Connection,
    failed: Sequence[Timer],
    reason: str,
    *,
    retry_at: Sequence[datetime],
    now: datetime,
) -> bool:
    """Count a try of steps that failed; true where they are set aside after the last one.

    `retry_at` has the time of the next try by the number of tries so far.
    """
    these = tuple_(timers.c.ticket, timers.c.clock, timers.c.step).in_(
        [(one.ticket, one.clock, one.step) for one in failed]
    )
    tried = connection.execute(select(func.max(timers.c.tries)).where(these)).scalar_one() or 0
    parks = tried >= len(retry_at)
    values = {"parked_at": now} if parks else {"not_before": retry_at[tried]}
    connection.execute(
        update(timers).where(these).values(tries=tried + 1, failure=reason, **values)
    )
    return parks


def release_parked(connection: Connection) -> int:
    """A start tries again what was set aside: the version that failed may be gone."""
    touched = connection.execute(
        update(timers)
        .where(timers.c.parked_at.is_not(None))
        .values(parked_at=None, tries=0, failure="", not_before=timers.c.at)
    )
    return touched.rowcount


def pending_of(connection: Connection, numbers: Sequence[int]) -> dict[int, list[Timer]]:
    """The steps of some tickets that are still to come."""
    pending: dict[int, list[Timer]] = {number: [] for number in numbers}
    for row in connection.execute(select(timers).where(timers.c.ticket.in_(numbers))):
        pending[row.ticket].append(_timer_of(row))
    return pending


def promised_tickets(connection: Connection, *, after: int, count: int) -> Sequence[int]:
    """Tickets with a running clock or an open assessment, by number, from `after` on."""
    runs = select(clocks.c.id).where(
        clocks.c.ticket == tickets.c.number, clocks.c.stopped_at.is_(None)
    )
    asks = select(assessments.c.number).where(
        assessments.c.ticket == tickets.c.number, assessments.c.verdict == "open"
    )
    return (
        connection.execute(
            select(tickets.c.number)
            .where(
                tickets.c.number > after,
                tickets.c.status != "closed",
                or_(runs.exists(), asks.exists()),
            )
            .order_by(tickets.c.number)
            .limit(count)
        )
        .scalars()
        .all()
    )


def forgotten_tickets(connection: Connection, *, count: int) -> Sequence[int]:
    """Tickets whose clock runs and reminds nobody: there must be none (promise P6)."""
    reminds = select(timers.c.step).where(
        timers.c.ticket == clocks.c.ticket,
        timers.c.clock == clocks.c.kind,
        timers.c.step == REMINDER,
    )
    return (
        connection.execute(
            select(clocks.c.ticket)
            .where(clocks.c.stopped_at.is_(None), ~reminds.exists())
            .distinct()
            .order_by(clocks.c.ticket)
            .limit(count)
        )
        .scalars()
        .all()
    )
