"""Look up what staff ask by mail: the queue, what was said in a ticket, tickets with some words."""

from typing import Final

from sqlalchemy import Connection, and_, func, or_, select

from gateway.desk.control import ControlBlock
from gateway.desk.facts import Briefing, Said
from gateway.desk.model import Account, HotRush, Status, Ticket, Waiting
from gateway.desk.queue import queue_order
from gateway.ledger.entry import Entry
from gateway.store import rows
from gateway.store.desk_rows import load_account, load_contact, load_tickets
from gateway.store.mail_tables import messages
from gateway.store.tables import clocks, entries, tickets

ENTRIES_SHOWN: Final = 10
TICKETS_SHOWN: Final = 50
MESSAGES_SHOWN: Final = 30
WORDS_MAX: Final = 8
SEARCHED_MAX: Final = 20_000
"""Latest tickets that a search looks through: bounds what one mail can cost."""


def brief(
    connection: Connection,
    control: ControlBlock,
    sender: str,
    owner: Account | None,
    ticket: Ticket | None,
) -> Briefing:
    """What the commands of a staff mail ask for; nothing where they ask for nothing."""
    asked = {one.verb: one for one in control.commands}
    queue, waiting = _waiting(connection, None) if "queue" in asked else ((), 0)
    own = _waiting(connection, sender)[0] if "status" in asked else ()
    history, count = (
        _history(connection, asked["history"].number or (ticket.number if ticket else 0))
        if "history" in asked
        else ((), 0)
    )
    account = _account(connection, asked["balance"].who, owner) if "balance" in asked else None
    return Briefing(
        queue=queue,
        queue_count=waiting,
        own=own,
        history=history,
        history_count=count,
        found=_search(connection, asked["search"].reason) if "search" in asked else (),
        account=account,
        entries=last_entries(connection, account.id, ENTRIES_SHOWN) if account else (),
    )


def last_entries(connection: Connection, account: str, count: int) -> tuple[Entry, ...]:
    """The last entries of an account, latest first."""
    found = connection.execute(
        select(entries)
        .where(entries.c.account == account)
        .order_by(entries.c.id.desc())
        .limit(count)
    )
    return tuple(rows.entry_of(row) for row in found)


def _waiting(connection: Connection, assignee: str | None) -> tuple[tuple[Ticket, ...], int]:
    """The first tickets that wait for staff, of everybody or of one, and how many there are."""
    waits = (tickets.c.status != Status.CLOSED) & (tickets.c.waiting_on == Waiting.STAFF)
    if assignee is not None:
        waits &= tickets.c.assignee == assignee
    count = connection.execute(select(func.count()).select_from(tickets).where(waits))
    due = (
        select(func.min(clocks.c.due_at))
        .where(clocks.c.ticket == tickets.c.number, clocks.c.stopped_at.is_(None))
        .scalar_subquery()
    )
    numbers = connection.execute(
        select(tickets.c.number)
        .where(waits)
        .order_by(tickets.c.hotrush != HotRush.ACTIVE, due.is_(None), due, tickets.c.number)
        .limit(TICKETS_SHOWN)
    ).scalars()
    shown = load_tickets(connection, numbers).values()
    return tuple(queue_order(shown)), int(count.scalar_one())


def _history(connection: Connection, number: int) -> tuple[tuple[Said, ...], int]:
    """The last messages of a ticket, and how many there are."""
    of_ticket = messages.c.ticket == number
    count = connection.execute(select(func.count()).select_from(messages).where(of_ticket))
    found = connection.execute(
        select(messages.c.at, messages.c.author, messages.c.kind, messages.c.text)
        .where(of_ticket)
        .order_by(messages.c.id.desc())
        .limit(MESSAGES_SHOWN)
    ).all()
    said = tuple(
        Said(at=row.at, author=row.author, kind=row.kind, text=row.text) for row in reversed(found)
    )
    return said, int(count.scalar_one())


def _search(connection: Connection, text: str) -> tuple[Ticket, ...]:
    """Tickets that have every word in their subject or in something that was said, latest first."""
    words = text.split()[:WORDS_MAX]
    last = connection.execute(select(func.coalesce(func.max(tickets.c.number), 0))).scalar_one()
    has_all = and_(
        *(
            or_(
                tickets.c.subject.icontains(word, autoescape=True),
                select(messages.c.id)
                .where(
                    messages.c.ticket == tickets.c.number,
                    messages.c.text.icontains(word, autoescape=True),
                )
                .exists(),
            )
            for word in words
        )
    )
    numbers = (
        connection.execute(
            select(tickets.c.number)
            .where(tickets.c.number > last - SEARCHED_MAX, has_all)
            .order_by(tickets.c.number.desc())
            .limit(TICKETS_SHOWN)
        )
        .scalars()
        .all()
    )
    found = load_tickets(connection, numbers)
    return tuple(found[number] for number in numbers)


def _account(connection: Connection, name: str, owner: Account | None) -> Account | None:
    """The account with a name or with a contact of that address; the ticket's own for no name."""
    if not name:
        return owner
    contact = load_contact(connection, name.casefold())
    return load_account(connection, contact.account if contact else name, lock=False)
