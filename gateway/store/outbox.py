"""Letters on their way out: queued → sending → sent, or back, or failed, or withheld.

A row holds the final bytes. Whoever claims it holds a lease: after the lease another courier may
claim it again, and the late settlement of the first touches no row (fault F30).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, and_, func, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.desk.budget import COUNTED, domain_of
from gateway.desk.decision import SendLetter
from gateway.letters.writer import Written
from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import outbox
from gateway.store.spent import pause_of

LEASE: Final = timedelta(minutes=10)
PRIORITIES: Final = {
    "ticket_received": 1,
    "ticket_received_hotrush": 0,
    "engineer_hotrush_alert": 0,
    "confirm_challenge": 0,
    "assessment_confirmed": 1,
    "engineer_sla_reminder": 5,
    "desk_report": 6,
}
"""Receipts and challenges overtake bulk reminders (fault F16); the rest is 3."""
ORDINARY: Final = 3


@dataclass(frozen=True, slots=True)
class Claimed:
    """A letter that this courier may send now."""

    id: int
    letter: str
    recipient: str
    audience: str
    ticket: int | None
    message_id: str
    content: bytes
    tries: int
    created_at: datetime


def enqueue(
    connection: Connection,
    letter: SendLetter,
    written: Written,
    *,
    event: str,
    ticket: int | None,
    at: datetime,
) -> None:
    """Put a letter into the outbox; the same letter of the same event stays the one it was."""
    dialect = sqlite if is_sqlite(connection) else postgresql
    counted = letter.audience == "customer" and letter.letter in COUNTED
    withheld = pause_of(connection, letter.to, at) if _may_wait(letter) else ""
    connection.execute(
        dialect.insert(outbox)
        .values(
            event=event,
            letter=letter.letter,
            recipient=letter.to,
            audience=str(letter.audience),
            ticket=ticket,
            order_number=None,
            assessment=letter.assessment,
            copy_of=letter.copy_of,
            message_id=written.message_id,
            content=written.content,
            state="withheld" if withheld else "queued",
            failure=withheld,
            domain=(domain_of(letter.to) or "-") if counted else "",
            priority=PRIORITIES.get(letter.letter, ORDINARY),
            created_at=at,
            not_before=at,
        )
        .on_conflict_do_nothing(index_elements=["message_id"])
    )


def _may_wait(letter: SendLetter) -> bool:
    """An address that bounced gets no automatic mail; what a person wrote is tried again."""
    return letter.audience == "customer" and bool(letter.automatic)


def claim(connection: Connection, holder: str, now: datetime, count: int) -> Sequence[Claimed]:
    """Take up to `count` letters that may leave now, the most urgent first."""
    ready = or_(
        and_(outbox.c.state == "queued", outbox.c.not_before <= now),
        and_(outbox.c.state == "sending", outbox.c.lease_until <= now),
    )
    ids = (
        select(outbox.c.id)
        .where(outbox.c.state.in_(("queued", "sending")), ready)
        .order_by(outbox.c.priority, outbox.c.not_before, outbox.c.id)
        .limit(count)
        .with_for_update(skip_locked=True)
    )
    chosen = connection.execute(ids).scalars().all()
    if not chosen:
        return ()
    found = connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(chosen), ready)
        .values(state="sending", holder=holder, lease_until=now + LEASE, tries=outbox.c.tries + 1)
        .returning(
            outbox.c.id,
            outbox.c.letter,
            outbox.c.recipient,
            outbox.c.audience,
            outbox.c.ticket,
            outbox.c.message_id,
            outbox.c.content,
            outbox.c.tries,
            outbox.c.created_at,
            outbox.c.priority,
        )
    ).all()
    ordered = sorted(found, key=lambda row: (row.priority, row.id))
    return [Claimed(*row[:9]) for row in ordered]


def settle_sent(connection: Connection, one: Claimed, holder: str, now: datetime) -> bool:
    """The relay took it; false where the lease was lost and another settled it."""
    touched = connection.execute(
        update(outbox)
        .where(outbox.c.id == one.id, outbox.c.holder == holder, outbox.c.state == "sending")
        .values(state="sent", sent_at=now, lease_until=None, failure="")
    )
    return bool(touched.rowcount)


def settle_later(
    connection: Connection, one: Claimed, holder: str, not_before: datetime, failure: str
) -> bool:
    """Not now: back into the queue until `not_before`."""
    touched = connection.execute(
        update(outbox)
        .where(outbox.c.id == one.id, outbox.c.holder == holder, outbox.c.state == "sending")
        .values(state="queued", not_before=not_before, lease_until=None, failure=failure)
    )
    return bool(touched.rowcount)


def settle_failed(connection: Connection, one: Claimed, holder: str, failure: str) -> bool:
    """Never: the row stays, and somebody is told."""
    touched = connection.execute(
        update(outbox)
        .where(outbox.c.id == one.id, outbox.c.holder == holder, outbox.c.state == "sending")
        .values(state="failed", lease_until=None, failure=failure)
    )
    return bool(touched.rowcount)


def release(connection: Connection, node: str) -> int:
    """Give back what couriers of a node claimed and did not settle: at its stop and start."""
    touched = connection.execute(
        update(outbox)
        .where(outbox.c.holder.startswith(node, autoescape=True), outbox.c.state == "sending")
        .values(state="queued", lease_until=None)
    )
    return touched.rowcount


def next_at(connection: Connection) -> datetime | None:
    """When the next letter may leave, if any waits."""
    earliest: datetime | None = connection.execute(
        select(func.min(outbox.c.not_before)).where(outbox.c.state == "queued")
    ).scalar_one()
    return earliest
