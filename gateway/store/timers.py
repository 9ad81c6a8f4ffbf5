"""Due times as rows: which steps are due, when the next one is, and what they are about."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select, update

from gateway.desk.reminder import DueFacts, Timer
from gateway.store.desk_rows import load_account, load_tickets
from gateway.store.engine import is_sqlite
from gateway.store.tables import clocks, counters, tickets, timers

ROUND_MAX: Final = 1_000
"""Timers of one round; the rest follows at once in the next."""


def next_at(connection: Connection) -> datetime | None:
    """When the next step is due, if any is."""
    earliest: datetime | None = connection.execute(select(func.min(timers.c.at))).scalar_one()
    return earliest


def claim_due(connection: Connection, now: datetime) -> Sequence[Timer]:
    """The steps that are due, earliest first, for this round alone.

    One round at a time across all nodes: whoever comes second finds nothing, so that a person's
    reminders stay one letter.
    """
    if not is_sqlite(connection):
        turn = connection.execute(
            select(counters.c.value)
            .where(counters.c.name == "round")
            .with_for_update(skip_locked=True)
        ).first()
        if turn is None:
            return ()
    found = connection.execute(
        select(timers)
        .where(timers.c.at <= now)
        .order_by(timers.c.at, timers.c.ticket)
        .limit(ROUND_MAX)
    ).all()
    if found:
        connection.execute(
            update(counters).where(counters.c.name == "round").values(value=counters.c.value + 1)
        )
    return [
        Timer(ticket=row.ticket, clock=row.clock, step=row.step, at=row.at, due_at=row.due_at)
        for row in found
    ]


def due_facts(connection: Connection, due: Sequence[Timer]) -> DueFacts:
    """The tickets of some timers, and their accounts."""
    found = load_tickets(connection, (timer.ticket for timer in due))
    names = dict.fromkeys(ticket.account for ticket in found.values())
    loaded = (load_account(connection, name) for name in names)
    return DueFacts(tickets=found, accounts={one.id: one for one in loaded if one})


def running_tickets(connection: Connection) -> Sequence[int]:
    """Tickets with a running clock: recomputed when the calendar changed."""
    return (
        connection.execute(
            select(tickets.c.number)
            .join(clocks, clocks.c.ticket == tickets.c.number)
            .where(clocks.c.stopped_at.is_(None))
            .distinct()
            .order_by(tickets.c.number)
        )
        .scalars()
        .all()
    )
