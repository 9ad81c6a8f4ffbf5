"""The outbox as the operator sees it: what waits and what failed, sent again or held back."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, func, select, update

from gateway.store.mail_tables import WAITING, outbox
from gateway.store.outbox import as_sent

STATES: Final = ("queued", "sending", "sent", "failed", "withheld")
RETRIED: Final = ("queued", "failed", "withheld")
WITHHELD: Final = ("queued", "failed")

Letter = Mapping[str, Any]
"""A letter by the names of its fields."""

_SHOWN: Final = (
    outbox.c.id,
    outbox.c.state,
    outbox.c.letter,
    outbox.c.recipient.label("to"),
    outbox.c.ticket,
    outbox.c.created_at,
    outbox.c.not_before,
    outbox.c.tries,
    outbox.c.sent_at,
    outbox.c.message_id,
    outbox.c.failure,
)


def listed(connection: Connection, states: Collection[str], limit: int) -> list[Letter]:
    """Letters in some states, the latest first."""
    found = connection.execute(
        select(*_SHOWN).where(outbox.c.state.in_(states)).order_by(outbox.c.id.desc()).limit(limit)
    )
    return [dict(row._mapping) for row in found]  # noqa: SLF001 - SQLAlchemy's public name


def content_of(connection: Connection, number: int) -> bytes | None:
    """A letter as it leaves."""
    row = connection.execute(
        select(outbox.c.content, outbox.c.packing).where(outbox.c.id == number)
    ).first()
    return as_sent(connection, row.content, row.packing) if row else None


def retry(connection: Connection, numbers: Sequence[int], now: datetime) -> list[int]:
    """Let letters leave now; returns which: those sent or on their way stay what they are.

    A letter whose bytes were let go of or erased has nothing to say any more.
    """
    changed = connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(numbers), outbox.c.state.in_(RETRIED), outbox.c.content != b"")
        .values(state="queued", not_before=now, lease_until=None, tries=0)
        .returning(outbox.c.id)
    )
    return sorted(changed.scalars())


def withhold(connection: Connection, numbers: Sequence[int]) -> list[int]:
    """Never send these letters unless told otherwise; returns which were held back."""
    changed = connection.execute(
        update(outbox)
        .where(outbox.c.id.in_(numbers), outbox.c.state.in_(WITHHELD))
        .values(state="withheld")
        .returning(outbox.c.id)
    )
    return sorted(changed.scalars())


def counted(connection: Connection) -> dict[str, int]:
    """How many letters are in each state."""
    found = connection.execute(select(outbox.c.state, func.count()).group_by(outbox.c.state))
    return dict.fromkeys(STATES, 0) | {str(state): int(count) for state, count in found}


def oldest_waiting_at(connection: Connection, now: datetime) -> datetime | None:
    """Since when the oldest letter that may leave has been waiting."""
    found: datetime | None = connection.execute(
        select(func.min(outbox.c.not_before)).where(WAITING, outbox.c.not_before <= now)
    ).scalar_one()
    return found
