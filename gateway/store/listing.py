"""What operators ask to see: tickets, what was said in them, orders, and the story of a mail."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, Row, select

from gateway.desk.model import Order, Ticket
from gateway.store import rows
from gateway.store.desk_rows import load_tickets
from gateway.store.mail_tables import mails, messages, outbox
from gateway.store.outbox import as_sent
from gateway.store.tables import orders, tickets


@dataclass(frozen=True, slots=True)
class Said:
    """One message of a ticket."""

    at: datetime
    kind: str
    author: str
    verified: bool
    queue_id: str | None
    text: str


@dataclass(frozen=True, slots=True)
class TakenIn:
    """One mail of the journal."""

    queue_id: str
    message_id: str
    source: str
    sender: str
    subject: str
    received_at: datetime
    taken_in_at: datetime
    disposition: str
    reasons: tuple[str, ...]
    alarms: tuple[str, ...]
    ticket: int | None


@dataclass(frozen=True, slots=True)
class Story:
    """A mail and what it led to."""

    mail: TakenIn
    filed: tuple[tuple[int, str], ...]
    """Ticket and kind of the messages it became."""
    letters: tuple[tuple[str, str, str], ...]
    """Letter, recipient and state of what was sent because of it."""


@dataclass(frozen=True, slots=True)
class Sent:
    """One letter of the outbox with its final bytes."""

    id: int
    letter: str
    recipient: str
    ticket: int | None
    content: bytes


def all_tickets(connection: Connection, *, closed: bool) -> list[Ticket]:
    """The tickets of the desk, open ones only unless `closed`."""
    query = select(tickets.c.number).order_by(tickets.c.number)
    if not closed:
        query = query.where(tickets.c.status != "closed")
    return list(load_tickets(connection, connection.execute(query).scalars().all()).values())


def said_in(connection: Connection, ticket: int) -> list[Said]:
    """The messages of a ticket, oldest first."""
    found = connection.execute(
        select(
            messages.c.at,
            messages.c.kind,
            messages.c.author,
            messages.c.verified,
            messages.c.queue_id,
            messages.c.text,
        )
        .where(messages.c.ticket == ticket)
        .order_by(messages.c.id)
    )
    return [Said(*row) for row in found]


def all_orders(connection: Connection) -> list[Order]:
    """Orders of credits, latest first."""
    found = connection.execute(select(orders).order_by(orders.c.number.desc()))
    return [rows.order_of(row) for row in found]


def order_numbered(connection: Connection, number: int) -> Order | None:
    """One order of credits."""
    row = connection.execute(select(orders).where(orders.c.number == number)).first()
    return rows.order_of(row) if row else None


def latest_mails(connection: Connection, count: int) -> list[TakenIn]:
    """Mails of the journal, latest first."""
    found = connection.execute(select(mails).order_by(mails.c.received_at.desc()).limit(count))
    return [_taken_in(row) for row in found]


def stories(connection: Connection, name: str) -> list[Story]:
    """The mails with a queue id or Message-ID, and what became of them."""
    return [
        Story(
            mail=_taken_in(row),
            filed=tuple(_pairs(connection, messages.c.queue_id == row.queue_id)),
            letters=tuple(_letters(connection, row.queue_id)),
        )
        for row in connection.execute(
            select(mails)
            .where((mails.c.queue_id == name) | (mails.c.message_id == name))
            .order_by(mails.c.received_at)
        ).all()
    ]


def sent_since(connection: Connection, after_id: int) -> list[Sent]:
    """Letters that were written after one of the outbox, in their order."""
    found = connection.execute(select(outbox).where(outbox.c.id > after_id).order_by(outbox.c.id))
    return [
        Sent(
            row.id,
            row.letter,
            row.recipient,
            row.ticket,
            as_sent(connection, row.content, row.packing),
        )
        for row in found.all()
    ]


def _pairs(connection: Connection, where: ColumnElement[bool]) -> list[tuple[int, str]]:
    found = connection.execute(
        select(messages.c.ticket, messages.c.kind).where(where).order_by(messages.c.id)
    )
    return [(row.ticket, row.kind) for row in found]


def _letters(connection: Connection, event: str) -> list[tuple[str, str, str]]:
    found = connection.execute(
        select(outbox.c.letter, outbox.c.recipient, outbox.c.state)
        .where(outbox.c.event == event)
        .order_by(outbox.c.id)
    )
    return [(row.letter, row.recipient, row.state) for row in found]


def _taken_in(row: Row[tuple[object, ...]]) -> TakenIn:
    return TakenIn(
        queue_id=row.queue_id,
        message_id=row.message_id,
        source=row.source,
        sender=row.sender,
        subject=row.subject,
        received_at=row.received_at,
        taken_in_at=row.taken_in_at,
        disposition=row.disposition,
        reasons=tuple(row.reasons),
        alarms=tuple(row.alarms),
        ticket=row.ticket,
    )
