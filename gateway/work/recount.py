"""At start: was the calendar changed? Then every running promise is counted again (policy 4.8).

Settings take effect at start, so this is the only moment to ask. The mark is set last: a start that
is cut short begins again, and counting again twice changes nothing.
"""

from collections.abc import Sequence
from datetime import datetime
from functools import partial
from typing import Final

from sqlalchemy import Connection

from gateway import journal
from gateway.desk.recount import fingerprint, recount
from gateway.store import timers
from gateway.store.apply import apply
from gateway.store.desk_rows import load_tickets
from gateway.store.marks import CALENDAR, read_mark, set_mark
from gateway.store.occasion import Occasion
from gateway.store.transaction import Transactions
from gateway.work.intake import Desk

BATCH: Final = 200
"""Tickets of one transaction: others write in between."""


async def prepare_timers(transactions: Transactions, desk: Desk) -> int:
    """Try again what was set aside, and count again what an older calendar promised.

    Returns how many tickets moved.
    """
    now = desk.clock()
    released = await transactions(timers.release_parked)
    if released:
        journal.note("steps_tried_again", steps=released)
    wanted = fingerprint(desk.policy, desk.policy.calendar.local(now).year)
    known = await transactions(lambda c: read_mark(c, CALENDAR))
    if known == wanted:
        return 0
    seen, moved = await _recount_all(transactions, desk, now)
    details = {"tickets": seen, "moved": moved, "before": (known or "")[:16]}
    await transactions(lambda c: set_mark(c, CALENDAR, wanted, at=now, details=details))
    journal.note("counted_again", tickets=seen, moved=moved)
    return moved


async def _recount_all(transactions: Transactions, desk: Desk, now: datetime) -> tuple[int, int]:
    """Every ticket with a promise, in the order of their numbers; how many, and how many moved."""
    seen = moved = last = 0
    while numbers := await transactions(partial(timers.promised_tickets, after=last, count=BATCH)):
        moved += await transactions(partial(recount_tickets, desk=desk, numbers=numbers, now=now))
        seen += len(numbers)
        last = numbers[-1]
    return seen, moved


def recount_tickets(
    connection: Connection, desk: Desk, numbers: Sequence[int], now: datetime
) -> int:
    """Count some tickets again, each with an audit row; returns how many moved."""
    found = load_tickets(connection, numbers, lock=True)
    pending = timers.pending_of(connection, numbers)
    decisions = (recount(desk.policy, now, one, pending[one.number]) for one in found.values())
    moved = [one for one in decisions if one is not None]
    for decision in moved:
        apply(connection, decision, Occasion(event=decision.event, at=now, write=desk.writer.write))
    return len(moved)
