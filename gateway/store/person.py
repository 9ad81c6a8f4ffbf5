"""Everything the desk knows about one person, by the address they write from.

A row belongs to a person where it names their address, or lies in a ticket they asked for.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Table, or_, select

from gateway.store.mail_tables import audit, mails, messages, outbox, pauses, raws
from gateway.store.mails import raw_of
from gateway.store.outbox_desk import content_of
from gateway.store.tables import (
    accounts,
    assessments,
    clocks,
    contacts,
    entries,
    orders,
    split_examples,
    steps,
    tickets,
    timers,
    withdrawals,
)

NAMED: Final[Mapping[Table, tuple[Column[Any], ...]]] = {
    contacts: (contacts.c.address,),
    accounts: (accounts.c.id,),
    tickets: (tickets.c.requester, tickets.c.assignee),
    messages: (messages.c.author,),
    mails: (mails.c.sender,),
    outbox: (outbox.c.recipient, outbox.c.copy_of),
    pauses: (pauses.c.key,),
    assessments: (assessments.c.decided_by,),
    entries: (entries.c.actor,),
    orders: (orders.c.ordered_by,),
    split_examples: (split_examples.c.labelled_by,),
    clocks: (clocks.c.promised_by,),
    audit: (audit.c.actor,),
}
"""Columns that may hold somebody's address."""
OF_TICKET: Final = (messages, assessments, entries, split_examples, clocks, timers, steps, mails)
"""Tables whose rows belong to whoever asked for their ticket."""
MENTIONED: Final = (audit.c.details, audit.c.event)
"""Texts in which an address may stand among other things."""
BYTES: Final = frozenset({"content"})


def rows_of(connection: Connection, address: str) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The rows of a person, table by table; bytes are left out."""
    asked = _asked(address)
    own = select(contacts.c.account).where(contacts.c.address == address)
    for table in (*NAMED, timers, steps, withdrawals):
        found: list[ColumnElement[bool]] = [column == address for column in NAMED.get(table, ())]
        if table in OF_TICKET:
            found.append(table.c.ticket.in_(asked))
        if table is accounts:
            found.append(accounts.c.id.in_(own))
        if table is withdrawals:
            found.append(withdrawals.c.ticket.in_(asked))
        if table is audit:
            found += [column.contains(address, autoescape=True) for column in MENTIONED]
        columns = [column for column in table.c if column.name not in BYTES]
        rows = connection.execute(select(*columns).where(or_(*found))).mappings()
        yield table.name, [dict(row) for row in rows]


def mails_of(connection: Connection, address: str) -> Iterator[tuple[str, bytes]]:
    """Raw mails that a person sent, by queue id, as far as they are kept."""
    query = select(raws.c.queue_id).join(mails, mails.c.queue_id == raws.c.queue_id)
    for queue_id in connection.execute(query.where(mails.c.sender == address)).scalars().all():
        raw = raw_of(connection, queue_id)
        if raw is not None:
            yield queue_id, raw


def letters_to(connection: Connection, address: str) -> Iterator[tuple[int, bytes]]:
    """Letters that were written to a person, by number, as far as they are kept."""
    query = select(outbox.c.id).where(outbox.c.recipient == address, outbox.c.content != b"")
    for number in connection.execute(query.order_by(outbox.c.id)).scalars().all():
        yield number, content_of(connection, number) or b""


def _asked(address: str) -> Any:
    return select(tickets.c.number).where(tickets.c.requester == address)
