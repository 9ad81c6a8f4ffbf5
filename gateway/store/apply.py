"""Carry out a decision: every change in the transaction at hand, letters included.

Order: numbers are drawn, and the letters written, which name them. Then rows: accounts, new
tickets, each change's own, letters, and the tickets as they are at the end (refused if somebody
changed them meanwhile).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.desk.decision import (
    Book,
    Decision,
    FileMessage,
    OpenAccount,
    PlaceOrder,
    SendLetter,
)
from gateway.desk.model import Ticket, TicketState
from gateway.ledger.entry import Kind
from gateway.letters.writer import Frame
from gateway.store import rows
from gateway.store.changes import carry_out
from gateway.store.engine import insert_new
from gateway.store.mail_tables import audit
from gateway.store.numbers import draw
from gateway.store.occasion import Applied, Occasion
from gateway.store.outbox import enqueue_all, outbox_row
from gateway.store.prepared import Prepared
from gateway.store.shared_commit import Conflict
from gateway.store.tables import accounts, contacts, tickets

# Statements of every mail are built once: building them costs more than running them.
_OPEN_ACCOUNT: Final = Prepared(insert_new(accounts))
_OPEN_CONTACT: Final = Prepared(insert_new(contacts))
_OPEN_TICKET: Final = Prepared(insert(tickets))
_REMEMBER: Final = Prepared(insert(audit))
_THIS_TICKET: Final = tickets.c.number == bindparam("of_number")
# Columns that are named when these run are set.
_KEEP_THREAD: Final = Prepared(update(tickets).where(_THIS_TICKET))
_CLOSE_STATE: Final = Prepared(
    update(tickets)
    .where(_THIS_TICKET, tickets.c.version == bindparam("of_version"))
    .values(version=tickets.c.version + 1)
)
_THREADS: Final = Prepared(
    select(tickets.c.number, tickets.c.thread).where(
        tickets.c.number.in_(bindparam("these", expanding=True))
    )
)


def apply(connection: Connection, decision: Decision, occasion: Occasion) -> Applied:
    """Write everything a decision says. Raises `Conflict` where it was made on an old state."""
    applied = Applied()
    _draw(connection, decision, applied)
    _load_threads(connection, decision, applied)
    _extend_threads(decision, applied)
    letters = [row for one in decision.letters for row in _write(one, occasion, applied)]
    _prepare(connection, decision, occasion, applied)
    for change in decision.changes:
        carry_out(connection, change, occasion, applied)
    if letters:
        enqueue_all(connection, letters)
    for state in decision.states:
        _close_state(connection, state, applied)
    _keep_threads(connection, applied)
    if decision.changes:
        _remember(connection, decision, occasion, applied)
    return applied


def _draw(connection: Connection, decision: Decision, applied: Applied) -> None:
    """The numbers of what is new."""
    for state in decision.states:
        if state.before is None:
            applied.numbers[state.after.number] = draw(connection, "ticket")
    for change in decision.changes:
        if isinstance(change, PlaceOrder):
            applied.orders[change.order.number] = draw(connection, "order")


def _prepare(
    connection: Connection, decision: Decision, occasion: Occasion, applied: Applied
) -> None:
    """What the other rows refer to: accounts, new tickets, and room for the entries."""
    for change in decision.changes:
        if isinstance(change, OpenAccount):
            _open_account(connection, change, occasion)
    for state in decision.states:
        if state.before is None:
            _open_ticket(connection, state.after, applied)
        else:
            _make_room(connection, state, _peak(decision, state))


def _keep_threads(connection: Connection, applied: Applied) -> None:
    """Threads of tickets that are otherwise as they were."""
    for number, thread in applied.threads.items():
        _KEEP_THREAD.run(connection, {"of_number": number, "thread": thread})


def _open_account(connection: Connection, change: OpenAccount, occasion: Occasion) -> None:
    """Two first mails of one stranger open one account."""
    account = change.account
    _OPEN_ACCOUNT.run(
        connection,
        {
            "id": account.id,
            "name": account.name,
            "opened_at": occasion.at,
        },
    )
    for contact in account.contacts:
        _OPEN_CONTACT.run(
            connection,
            {
                "address": contact.address,
                "account": account.id,
                "name": contact.name,
                "is_primary": contact.is_primary,
                "language": contact.language,
                "zone": contact.zone,
            },
        )


def _open_ticket(connection: Connection, ticket: Ticket, applied: Applied) -> None:
    number = applied.numbers[ticket.number]
    _OPEN_TICKET.run(
        connection,
        {
            "number": number,
            **_columns(ticket, applied),
            "ceiling": ticket.charged + ticket.reserved,
            "thread": applied.threads.pop(number, []),
            "version": 1,
        },
    )


def _columns(ticket: Ticket, applied: Applied) -> rows.Columns:
    """What is kept of a ticket, with drawn numbers instead of stand-ins."""
    return {
        **rows.ticket_columns(ticket),
        "parent": applied.ticket(ticket.parent),
        "merged_into": applied.ticket(ticket.merged_into),
    }


def _peak(decision: Decision, state: TicketState) -> int:
    """The most that the entries of a decision have on a ticket at once.

    A mail that confirms and takes HotRush back reserves the doubled price on its way.
    """
    ticket = state.before or state.after
    peak = total = ticket.charged + ticket.reserved
    for change in decision.changes:
        if isinstance(change, Book) and change.entry.ticket == ticket.number:
            entry = change.entry
            moved = entry.amount if entry.kind in (Kind.CHARGE, Kind.REFUND) else 0
            total += entry.held - moved
            peak = max(peak, total)
    return peak


def _make_room(connection: Connection, state: TicketState, peak: int) -> None:
    """Before the entries: they may reach what the decision needs, and no further.

    A ticket that opens again must be open before anything is reserved for it.
    """
    before, after = state.before, state.after
    if before is None:
        return
    values: dict[str, Any] = {}
    if peak > before.charged + before.reserved:
        values["ceiling"] = peak
    if after.is_open and not before.is_open:
        values |= {"status": str(after.status), "closed_at": None}
    if values:
        connection.execute(update(tickets).where(tickets.c.number == after.number).values(**values))


def _close_state(connection: Connection, state: TicketState, applied: Applied) -> None:
    """The ticket as it is at the end; a version that is not the one we read is a conflict."""
    after = state.after
    number = applied.ticket(after.number)
    thread = applied.threads.pop(number or 0, None)
    if state.before is None:
        return  # Written as it is when it was opened.
    values: dict[str, Any] = {"thread": thread} if thread is not None else {}
    old = rows.ticket_columns(state.before)
    new = _columns(after, applied)
    values |= {name: value for name, value in new.items() if value != old[name]}
    values["ceiling"] = after.charged + after.reserved
    this = {"of_number": number, "of_version": state.before.version}
    touched = _CLOSE_STATE.run(connection, {**values, **this})
    if touched.rowcount != 1:
        raise Conflict(f"ticket {number} changed meanwhile")


def _load_threads(connection: Connection, decision: Decision, applied: Applied) -> None:
    """Message-IDs of the customer threads that letters of this decision continue."""
    wanted = {
        change.ticket.number
        for change in decision.changes
        if isinstance(change, SendLetter) and change.ticket and change.ticket.number > 0
    }
    wanted |= {
        change.ticket
        for change in decision.changes
        if isinstance(change, FileMessage) and change.ticket > 0
    }
    if not wanted:
        return
    for row in _THREADS.all(connection, {"these": sorted(wanted)}):
        applied.threads[row.number] = list(row.thread)


def _extend_threads(decision: Decision, applied: Applied) -> None:
    """Mails of contacts become part of the thread; nobody else's do."""
    for change in decision.changes:
        if (
            isinstance(change, FileMessage)
            and change.kind in ("mail", "filed")
            and change.verified
            and change.message_id
        ):
            extend_thread(applied, applied.ticket(change.ticket), change.message_id)


def extend_thread(applied: Applied, number: int | None, message_id: str) -> None:
    """A mail becomes the latest of a ticket's thread; the first one and 19 others are kept."""
    thread = applied.threads.setdefault(number or 0, [])
    if message_id not in thread:
        thread.append(message_id)
    del thread[1:-19]


def _write(letter: SendLetter, occasion: Occasion, applied: Applied) -> Iterator[dict[str, Any]]:
    """The rows of a letter, and of what the operator is told about its template."""
    number = applied.ticket(letter.ticket.number) if letter.ticket else None
    order = applied.orders.get(letter.order.number) if letter.order else None
    written = occasion.write(
        letter,
        Frame(
            event=occasion.event,
            at=occasion.at,
            numbers=applied.numbers,
            order_number=order,
            answered=occasion.message_id,
            answered_references=occasion.references,
            thread=tuple(applied.threads.get(number or 0, ())),
            enclosures=occasion.enclosures,
            html=occasion.html,
            too_large=occasion.too_large,
        ),
    )
    yield outbox_row(letter, written, event=occasion.event, ticket=number, at=occasion.at)
    applied.letters += 1
    if written.broken:
        applied.broken.append(written.broken)
    for alert in written.alerts:
        yield outbox_row(
            alert.letter, alert.written, event=alert.event, ticket=None, at=occasion.at
        )
    if number and letter.audience == "customer" and not letter.copy_of:
        extend_thread(applied, number, written.message_id)


def _remember(
    connection: Connection, decision: Decision, occasion: Occasion, applied: Applied
) -> None:
    row = audit_row(decision, occasion.at, applied.ticket(decision.ticket))
    _REMEMBER.run(connection, row)


def audit_row(decision: Decision, at: datetime, ticket: int | None) -> dict[str, Any]:
    """The audit row: what was decided, by what, for what reasons; names only, no text."""
    return {
        "at": at,
        "event": decision.event,
        "ticket": ticket,
        "account": decision.account,
        "what": str(decision.disposition),
        "details": {
            "reasons": list(decision.reasons),
            "changes": [type(change).__name__ for change in decision.changes],
        },
    }
