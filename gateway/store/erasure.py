"""Erase one person: texts, mails, letters, names and addresses go, the book and numbers stay.

The address becomes a stand-in without an `@`, so that no letter is ever sent to it. Everything
happens in one transaction, or nothing.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Select,
    Table,
    delete,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy import text as sql

from gateway.desk.operator import OPERATOR, NotPossible
from gateway.mail.address import domain_of
from gateway.store import files
from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import audit, mails, messages, outbox, pauses, pictures, raws
from gateway.store.person import MENTIONED, NAMED
from gateway.store.tables import (
    accounts,
    assessments,
    contacts,
    entries,
    orders,
    split_examples,
    tickets,
    withdrawals,
)

SUBJECT: Final = "(erased)"
FILES_AT_ONCE: Final = 500
OF_ACCOUNT: Final = (
    *(contacts.c.account, tickets.c.account, entries.c.account, orders.c.account),
    *(withdrawals.c.account, mails.c.account, audit.c.account),
)
"""Columns that name an account."""
WRITTEN: Final = (
    *(*MENTIONED, mails.c.reasons, mails.c.alarms, entries.c.reason, entries.c.cause),
    *(outbox.c.failure, outbox.c.event, split_examples.c.reasons, pauses.c.reason),
)
"""Texts of the desk's own in which an address may stand among other things."""
GUARDED: Final = ("entries", "audit")
"""Tables that are never changed, but for this."""


@dataclass(slots=True)
class Erased:
    """What was taken away of a person, counted, and what stands in their place."""

    stand_in: str
    counts: dict[str, int] = field(default_factory=dict)

    def add(self, what: str, count: int) -> None:
        """Count something that went."""
        self.counts[what] = self.counts.get(what, 0) + count


def erase(connection: Connection, address: str, *, at: datetime) -> Erased:
    """Erase everybody who writes from an address; raises `NotPossible` while something waits.

    Texts of their tickets go whole, ours included: an answer quotes what was asked.
    """
    _refuse(connection, address)
    erased = Erased(f"erased-{secrets.token_hex(4)}")
    if is_sqlite(connection):
        # What is deleted is overwritten, not only forgotten.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    with _guards_lifted(connection):
        _drop_texts(connection, address, erased)
        _drop_contact(connection, address, erased)
        _rename(connection, address, erased)
    connection.execute(
        insert(audit),
        {
            "at": at,
            "event": f"register:{erased.stand_in}",
            "actor": OPERATOR,
            "what": "erased",
            "details": dict(erased.counts),
        },
    )
    return erased


def known(connection: Connection, address: str) -> dict[str, int]:
    """What is known of a person, counted: contacts, tickets, mails and letters."""
    counted = {
        "contacts": contacts.c.address,
        "tickets": tickets.c.requester,
        "mails": mails.c.sender,
        "letters": outbox.c.recipient,
        "orders": orders.c.ordered_by,
    }
    found = {
        what: int(
            connection.execute(
                select(func.count()).select_from(column.table).where(column == address)
            ).scalar_one()
        )
        for what, column in counted.items()
    }
    return {what: count for what, count in found.items() if count}


def _refuse(connection: Connection, address: str) -> None:
    open_ones = connection.execute(
        select(tickets.c.number).where(tickets.c.requester == address, tickets.c.status != "closed")
    ).scalars()
    if numbers := ", ".join(str(one) for one in open_ones):
        raise NotPossible(f"open tickets of {address}: {numbers}; close them first")
    waiting = connection.execute(
        select(func.count())
        .select_from(outbox)
        .where(outbox.c.recipient == address, outbox.c.state.in_(("queued", "sending")))
    ).scalar_one()
    if waiting:
        raise NotPossible(f"{waiting} letters to {address} still wait; see gateway outbox list")


def _drop_texts(connection: Connection, address: str, erased: Erased) -> None:
    """Every text of theirs or in their tickets, and the bytes of mails and letters."""
    asked = select(tickets.c.number).where(tickets.c.requester == address)
    sent = select(messages.c.message_id).where(messages.c.author == address)
    said = or_(messages.c.author == address, messages.c.ticket.in_(asked))
    came = select(mails.c.queue_id).where(or_(mails.c.sender == address, mails.c.ticket.in_(asked)))
    went = or_(outbox.c.recipient == address, outbox.c.ticket.in_(asked))
    theirs = or_(tickets.c.requester == address, tickets.c.last_mail_id.in_(sent))
    split_off = split_examples.c.ticket.in_(asked) | split_examples.c.moved_to.in_(asked)

    def clear(table: Table, which: ColumnElement[bool], **values: Any) -> int:
        return connection.execute(update(table).where(which).values(**values)).rowcount

    _drop_files(connection, came, went)
    bytes_gone = connection.execute(delete(raws).where(raws.c.queue_id.in_(came))).rowcount
    erased.add("raw mails", bytes_gone)
    clear(mails, mails.c.queue_id.in_(came), subject="", message_id="")
    erased.add("letters", clear(outbox, went, content=b"", packing="", domain=""))
    clear(tickets, theirs, last_text="")
    erased.add(
        "tickets",
        clear(tickets, tickets.c.requester == address, subject=SUBJECT, close_reason="", thread=[]),
    )
    clear(split_examples, split_off, passage="", reasons=[])
    clear(assessments, assessments.c.ticket.in_(asked), note="")
    erased.add("texts", clear(messages, said, text="", message_id=""))


def _drop_files(connection: Connection, came: Select[str], went: ColumnElement[bool]) -> None:
    """What stands by digest for the mails and letters that go."""
    letters = connection.execute(select(outbox.c.message_id).where(went)).scalars()
    holders = [files.letter_holder(one) for one in letters]
    holders += [files.mail_holder(one) for one in connection.execute(came).scalars()]
    for begin in range(0, len(holders), FILES_AT_ONCE):
        files.erase(connection, holders[begin : begin + FILES_AT_ONCE])


def _drop_contact(connection: Connection, address: str, erased: Erased) -> None:
    """The contact; an account that was opened by a mail goes by the stand-in from now on."""
    count = connection.execute(delete(contacts).where(contacts.c.address == address)).rowcount
    erased.add("contacts", count)
    connection.execute(delete(pauses).where(pauses.c.key == address))
    # Whose signature it was nobody can tell any more; those of others are soon known again.
    connection.execute(delete(pictures).where(pictures.c.domain == domain_of(address)))
    row = connection.execute(select(accounts).where(accounts.c.id == address)).mappings().first()
    if row is None:
        return
    connection.execute(insert(accounts), {**row, "id": erased.stand_in, "name": ""})
    for column in OF_ACCOUNT:
        _put(connection, column, address, erased.stand_in)
    connection.execute(delete(accounts).where(accounts.c.id == address))


def _rename(connection: Connection, address: str, erased: Erased) -> None:
    """The stand-in takes the place of the address wherever it still stands."""
    for table, columns in NAMED.items():
        for column in columns:
            if table not in (contacts, accounts, pauses):
                _put(connection, column, address, erased.stand_in)
    for column in WRITTEN:
        connection.execute(
            update(column.table)
            .where(column.contains(address, autoescape=True))
            .values({column: func.replace(column, address, erased.stand_in)})
        )


def _put(connection: Connection, column: Column[Any], address: str, stand_in: str) -> None:
    connection.execute(update(column.table).where(column == address).values({column: stand_in}))


@contextmanager
def _guards_lifted(connection: Connection) -> Iterator[None]:
    """Without the triggers that keep the book as it is; they are back before the commit."""
    if not is_sqlite(connection):
        for table in GUARDED:
            connection.execute(sql(f"ALTER TABLE {table} DISABLE TRIGGER {table}_no_change"))
        yield
        for table in GUARDED:
            connection.execute(sql(f"ALTER TABLE {table} ENABLE TRIGGER {table}_no_change"))
        return
    kept = connection.exec_driver_sql(
        "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND name LIKE '%_no_update'"
    ).all()
    for name, _ in kept:
        connection.exec_driver_sql(f"DROP TRIGGER {name}")
    yield
    for _, made in kept:
        connection.exec_driver_sql(made)
