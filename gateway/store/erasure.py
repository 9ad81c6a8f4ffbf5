"""Erase one person: texts, mails, letters, names and addresses go, the book and numbers stay.

The address becomes a stand-in without an `@`, so that no letter is ever sent to it. Everything
happens in one transaction, or nothing.
"""

import re
import secrets
from collections.abc import Callable, Iterator
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
    Text,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    type_coerce,
    update,
)
from sqlalchemy import text as sql

from gateway.desk.operator import OPERATOR, NotPossible
from gateway.mail.address import domain_of
from gateway.store import files
from gateway.store.engine import is_sqlite
from gateway.store.facts import erased_key
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
    *(*MENTIONED, mails.c.reasons, mails.c.alarms, entries.c.reason),
    *(entries.c.cause, entries.c.ref, outbox.c.failure, outbox.c.event),
    *(split_examples.c.reasons, pauses.c.reason),
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
    traces = _traces(connection, address)
    _refuse(connection, traces)
    erased = Erased(f"erased-{secrets.token_hex(4)}")
    if is_sqlite(connection):
        # What is deleted is overwritten, not only forgotten.
        connection.exec_driver_sql("PRAGMA secure_delete = ON")
    with _guards_lifted(connection):
        _drop_texts(connection, traces, erased)
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


@dataclass(frozen=True, slots=True, kw_only=True)
class _Traces:
    """Where a person's words stand: conditions on tables, and queue ids of mails."""

    address: str
    asked: Select[int]
    """Tickets they asked for."""
    came: Select[str]
    """Mails of theirs, or in their tickets."""
    passages: tuple[int, ...]
    """Examples of a split whose passage they wrote."""
    opened: tuple[int, ...]
    """Tickets which those passages opened."""
    went: ColumnElement[bool]
    """Letters to them, in their tickets, or because of a mail of theirs."""


def _traces(connection: Connection, address: str) -> _Traces:
    asked = select(tickets.c.number).where(tickets.c.requester == address)
    wrote = select(mails.c.queue_id).where(mails.c.sender == address)
    of_theirs = exists().where(
        messages.c.author == address,
        messages.c.at == split_examples.c.mail_at,
        messages.c.ticket.in_((split_examples.c.ticket, split_examples.c.moved_to)),
    )
    moved = connection.execute(
        select(split_examples.c.id, split_examples.c.moved_to).where(of_theirs)
    ).all()
    opened = tuple(sorted({row.moved_to for row in moved if row.moved_to}))
    return _Traces(
        address=address,
        asked=asked,
        came=select(mails.c.queue_id).where(
            or_(mails.c.sender == address, mails.c.ticket.in_(asked))
        ),
        passages=tuple(row.id for row in moved),
        opened=opened,
        went=or_(
            outbox.c.recipient == address,
            outbox.c.ticket.in_(asked),
            outbox.c.ticket.in_(opened),
            outbox.c.event.in_(wrote),
        ),
    )


def _refuse(connection: Connection, traces: _Traces) -> None:
    address = traces.address
    open_ones = connection.execute(
        select(tickets.c.number).where(tickets.c.requester == address, tickets.c.status != "closed")
    ).scalars()
    if numbers := ", ".join(str(one) for one in open_ones):
        raise NotPossible(f"open tickets of {address}: {numbers}; close them first")
    # Locked: a letter that failed or is withheld is not told to leave meanwhile.
    states = connection.execute(select(outbox.c.state).where(traces.went).with_for_update())
    waiting = sum(state in ("queued", "sending") for state in states.scalars())
    if waiting:
        raise NotPossible(
            f"{waiting} letters to {address} or with their words still wait;"
            " see gateway outbox list"
        )


def _drop_texts(connection: Connection, traces: _Traces, erased: Erased) -> None:
    """Every text of theirs or in their tickets, and the bytes of mails and letters."""
    address, asked, came, went = traces.address, traces.asked, traces.came, traces.went
    sent = select(messages.c.message_id).where(messages.c.author == address)
    moved_at = select(split_examples.c.mail_at).where(split_examples.c.id.in_(traces.passages))
    said = or_(
        messages.c.author == address,
        messages.c.ticket.in_(asked),
        # What staff split off is filed under the name of whoever asked for the ticket.
        messages.c.ticket.in_(traces.opened) & messages.c.at.in_(moved_at),
    )
    theirs = or_(tickets.c.requester == address, tickets.c.last_mail_id.in_(sent))
    split_off = or_(
        split_examples.c.ticket.in_(asked),
        split_examples.c.moved_to.in_(asked),
        split_examples.c.id.in_(traces.passages),
    )

    def clear(table: Table, which: ColumnElement[bool], **values: Any) -> int:
        return connection.execute(update(table).where(which).values(**values)).rowcount

    _drop_files(connection, came, went)
    _drop_mails(connection, came, erased)
    erased.add("letters", clear(outbox, went, content=b"", packing="", domain=""))
    clear(tickets, theirs, last_text="", last_mail_id="")
    clear(tickets, tickets.c.number.in_(traces.opened), subject=SUBJECT, last_text="")
    erased.add(
        "tickets",
        clear(tickets, tickets.c.requester == address, subject=SUBJECT, close_reason="", thread=[]),
    )
    erased.add("texts", clear(messages, said, text="", message_id=""))
    clear(split_examples, split_off, passage="", reasons=[])
    clear(assessments, assessments.c.ticket.in_(asked), note="")


def _drop_mails(connection: Connection, came: Select[str], erased: Erased) -> None:
    """The bytes of mails, and what their rows and the audit say of them beyond numbers."""
    gone = connection.execute(delete(raws).where(raws.c.queue_id.in_(came))).rowcount
    erased.add("raw mails", gone)
    rows = connection.execute(
        select(mails.c.queue_id, mails.c.dedupe_key).where(mails.c.queue_id.in_(came))
    ).all()
    for row in rows:
        connection.execute(
            update(mails)
            .where(mails.c.queue_id == row.queue_id)
            .values(
                subject="",
                message_id="",
                reasons=[],
                # The mail is known again where it comes a second time; nobody reads it from this.
                dedupe_key=row.dedupe_key and erased_key(row.dedupe_key),
            )
        )
    noted = connection.execute(select(audit.c.id, audit.c.details).where(audit.c.event.in_(came)))
    for number, details in noted.all():
        connection.execute(
            update(audit).where(audit.c.id == number).values(details={**details, "reasons": []})
        )


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
    if row is not None:
        connection.execute(insert(accounts), {**row, "id": erased.stand_in, "name": ""})
    # Also of an account that is gone into another: mails and the audit name it still.
    for column in OF_ACCOUNT:
        _put(connection, column, address, erased.stand_in)
    connection.execute(delete(accounts).where(accounts.c.id == address))


def _rename(connection: Connection, address: str, erased: Erased) -> None:
    """The stand-in takes the place of the address wherever it still stands."""
    for table, columns in NAMED.items():
        for column in columns:
            if table not in (contacts, accounts, pauses):
                _put(connection, column, address, erased.stand_in)
    named = re.compile(rf"(?i)(?<![\w.+-]){re.escape(address)}(?![\w-]|\.\w)")
    for column in WRITTEN:
        _rewrite(connection, column, address, lambda text: named.sub(erased.stand_in, text))


def _rewrite(
    connection: Connection, column: Column[Any], address: str, rewritten: Callable[[str], str]
) -> None:
    """Change a text wherever the address may stand in it; what is unique stays so."""
    keys, text = tuple(column.table.primary_key), type_coerce(column, Text)
    found = connection.execute(
        select(*keys, text).where(func.lower(text).contains(address, autoescape=True))
    ).all()
    for *key, old in found:
        this = and_(*(one == value for one, value in zip(keys, key, strict=True)))
        new = rewritten(old)
        if column.unique and new != old:
            # Two that differed in the case of the address alone stay two (promise P4).
            new += f"#{key[0]}"
        if new != old:
            connection.execute(
                update(column.table).where(this).values({column: type_coerce(new, Text)})
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
