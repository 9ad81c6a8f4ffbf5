"""Read what happened in a period, for the desk's figures: rows become values and go no further."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, exists, func, or_, select

from gateway.desk.decision import Disposition
from gateway.desk.history import EntryPast, History, PromisePast, TicketPast
from gateway.desk.model import ClockKind
from gateway.ledger.entry import Kind
from gateway.store.mail_tables import mails, outbox
from gateway.store.tables import accounts, clocks, entries, tickets

SPLIT: Final = "ticket_split"
"""The letter that tells of a split; a ticket with a parent and without it is a follow-up."""
STAGES: Final = ("tickets", "promises", "credits", "mails")

Told = Callable[[str], None]


def read_history(
    connection: Connection, from_at: datetime, until_at: datetime, told: Told = lambda _: None
) -> History:
    """Everything between two instants (the second excluded); `told` hears each stage begin."""
    told("tickets")
    found = History(tickets=tuple(_tickets(connection, from_at, until_at)))
    told("promises")
    found = replace(found, promises=tuple(_promises(connection, from_at, until_at)))
    told("credits")
    found = replace(found, entries=tuple(_entries(connection, from_at, until_at)))
    told("mails")
    mails_at, refused_at = _mails(connection, from_at, until_at)
    opens = select(func.count()).select_from(tickets).where(tickets.c.status != "closed")
    held = select(func.coalesce(func.sum(accounts.c.held), 0))
    return replace(
        found,
        mails_at=mails_at,
        refused_at=refused_at,
        open_now=int(connection.execute(opens).scalar_one()),
        held_now=int(connection.execute(held).scalar_one()),
    )


def _tickets(connection: Connection, from_at: datetime, until_at: datetime) -> list[TicketPast]:
    """Tickets that came, were answered first or went in the period."""
    one = tickets.c
    is_split = exists().where(outbox.c.ticket == one.number, outbox.c.letter == SPLIT)
    query = select(
        one.number,
        one.account,
        one.received_at,
        one.first_response_at,
        one.closed_at,
        one.parent,
        one.merged_into,
        is_split.label("is_split"),
    ).where(
        or_(
            *(
                and_(column >= from_at, column < until_at)
                for column in (one.received_at, one.first_response_at, one.closed_at)
            )
        )
    )
    return [
        TicketPast(
            number=row.number,
            account=row.account,
            received_at=row.received_at,
            first_response_at=row.first_response_at,
            closed_at=row.closed_at,
            parent=row.parent,
            merged_into=row.merged_into,
            is_split=bool(row.is_split),
        )
        for row in connection.execute(query.order_by(one.number))
    ]


def _promises(connection: Connection, from_at: datetime, until_at: datetime) -> list[PromisePast]:
    """Clocks due or ended in the period, and those that still run; replaced ones are left out."""
    one = clocks.c
    query = (
        select(one.ticket, one.kind, one.due_at, one.urgent, one.stopped_at, one.met)
        .where(
            or_(one.stopped_at.is_(None), one.met.is_not(None)),
            or_(
                one.stopped_at.is_(None),
                and_(one.due_at >= from_at, one.due_at < until_at),
                and_(one.stopped_at >= from_at, one.stopped_at < until_at),
            ),
        )
        .order_by(one.id)
    )
    return [
        PromisePast(
            ticket=row.ticket,
            kind=ClockKind(row.kind),
            due_at=row.due_at,
            urgent=row.urgent,
            stopped_at=row.stopped_at,
            met=bool(row.met),
        )
        for row in connection.execute(query)
    ]


def _entries(connection: Connection, from_at: datetime, until_at: datetime) -> list[EntryPast]:
    one = entries.c
    query = (
        select(one.account, one.kind, one.amount, one.held, one.at)
        .where(one.at >= from_at, one.at < until_at)
        .order_by(one.id)
    )
    return [
        EntryPast(
            account=row.account, kind=Kind(row.kind), amount=row.amount, held=row.held, at=row.at
        )
        for row in connection.execute(query)
    ]


def _mails(
    connection: Connection, from_at: datetime, until_at: datetime
) -> tuple[tuple[datetime, ...], tuple[datetime, ...]]:
    """When mails came in, and when those whose senders were refused did."""
    query = select(mails.c.received_at, mails.c.disposition).where(
        mails.c.received_at >= from_at, mails.c.received_at < until_at
    )
    found = [(row.received_at, row.disposition) for row in connection.execute(query)]
    refused = (at for at, disposition in found if disposition == Disposition.REFUSED)
    return tuple(at for at, _ in found), tuple(refused)
