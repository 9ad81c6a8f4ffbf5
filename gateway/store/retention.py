"""What is kept for how long: bytes of old mails and letters go, what they led to stays.

Only bytes are taken away: rows, texts of tickets, the book and Message-IDs stay, so that repeats
are still known, replies still find their ticket and the book still adds up. The raw bytes of a mail
of an open ticket stay as long as it is open.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection, delete, func, or_, select, text, update

from gateway.store import files, pictures
from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import files as file_table
from gateway.store.mail_tables import mails, outbox, raws
from gateway.store.mails import PACK_UP_TO
from gateway.store.tables import tickets

PIECE: Final = 200
"""Rows in one transaction: mail in between waits a moment, not a housekeeping."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention:
    """For how long bytes are kept; `None` is for ever."""

    raw_mails: timedelta | None = None
    attachments: timedelta | None = None
    """Raw mails larger than 64 KiB, which are mostly attachments."""
    sent_letters: timedelta | None = None

    @property
    def is_on(self) -> bool:
        """Whether anything ever goes."""
        return bool(self.raw_mails or self.attachments or self.sent_letters)


def let_go(connection: Connection, kept: Retention, now: datetime) -> int:
    """Take one piece of what is older than it is kept; how many mails and letters that was."""
    gone = 0
    if kept.raw_mails:
        gone += _drop_raws(connection, now - kept.raw_mails, now, larger_than=-1)
        pictures.forget(connection, now - kept.raw_mails)
    if kept.attachments:
        gone += _drop_raws(connection, now - kept.attachments, now, larger_than=PACK_UP_TO)
    if kept.sent_letters:
        gone += _empty_letters(connection, now - kept.sent_letters, now)
    return gone


def _drop_raws(connection: Connection, before: datetime, now: datetime, *, larger_than: int) -> int:
    old = (
        select(raws.c.queue_id)
        .join(mails, mails.c.queue_id == raws.c.queue_id)
        .outerjoin(tickets, tickets.c.number == mails.c.ticket)
        .where(
            mails.c.received_at < before,
            raws.c.size > larger_than,
            or_(tickets.c.number.is_(None), tickets.c.status == "closed"),
        )
        .limit(PIECE)
    )
    chosen = connection.execute(old).scalars().all()
    if not chosen:
        return 0
    files.let_go_of(connection, [files.mail_holder(one) for one in chosen], now)
    return connection.execute(delete(raws).where(raws.c.queue_id.in_(chosen))).rowcount


def _empty_letters(connection: Connection, before: datetime, now: datetime) -> int:
    old = (
        select(outbox.c.id, outbox.c.message_id)
        .where(outbox.c.state == "sent", outbox.c.sent_at < before, outbox.c.content != b"")
        .order_by(outbox.c.id)
        .limit(PIECE)
    )
    chosen = connection.execute(old).all()
    if not chosen:
        return 0
    files.let_go_of(connection, [files.letter_holder(row.message_id) for row in chosen], now)
    return connection.execute(
        update(outbox)
        .where(outbox.c.id.in_([row.id for row in chosen]))
        .values(content=b"", packing="")
    ).rowcount


def database_octets(connection: Connection) -> int:
    """How large the main database is; on SQLite without its log."""
    if is_sqlite(connection):
        pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        return int(pages) * int(connection.exec_driver_sql("PRAGMA page_size").scalar_one())
    return int(connection.execute(text("SELECT pg_database_size(current_database())")).scalar_one())


def kept_octets(connection: Connection) -> dict[str, tuple[int, int]]:
    """How many raw mails and sent letters are kept, and their octets as stored."""
    found = {}
    for name, table, where in (
        ("raw mails", raws, ()),
        ("sent letters", outbox, (outbox.c.state == "sent", outbox.c.content != b"")),
        ("large files", file_table, ()),
    ):
        octets = func.coalesce(func.sum(func.length(table.c.content)), 0)
        count, size = connection.execute(select(func.count(), octets).where(*where)).one()
        found[name] = (int(count), int(size))
    return found
