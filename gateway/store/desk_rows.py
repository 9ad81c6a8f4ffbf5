"""Load tickets and accounts as values: the aggregates every fact is made of."""

from collections.abc import Iterable

from sqlalchemy import Connection, select

from gateway.desk.model import Account, Assessment, Clock, Contact, Ticket, Withdrawal
from gateway.store import rows
from gateway.store.tables import accounts, assessments, clocks, contacts, tickets, withdrawals

MERGES_MAX = 10
"""How many merges in a row are followed."""


def load_tickets(connection: Connection, numbers: Iterable[int]) -> dict[int, Ticket]:
    """Tickets by number, with assessments and running clocks; unknown numbers are left out."""
    wanted = sorted(set(numbers))
    if not wanted:
        return {}
    named: dict[int, list[Assessment]] = {number: [] for number in wanted}
    running: dict[int, list[Clock]] = {number: [] for number in wanted}
    found = connection.execute(select(tickets).where(tickets.c.number.in_(wanted))).all()
    if not found:
        return {}
    for row in connection.execute(
        select(assessments)
        .where(assessments.c.ticket.in_(wanted))
        .order_by(assessments.c.ticket, assessments.c.number)
    ):
        named[row.ticket].append(rows.assessment_of(row))
    for row in connection.execute(
        select(clocks).where(clocks.c.ticket.in_(wanted), clocks.c.stopped_at.is_(None))
    ):
        running[row.ticket].append(rows.clock_of(row))
    return {
        row.number: rows.ticket_of(row, tuple(named[row.number]), tuple(running[row.number]))
        for row in found
    }


def load_ticket(connection: Connection, number: int | None) -> Ticket | None:
    """One ticket; where it was merged, the one it went into in the end."""
    for _ in range(MERGES_MAX):
        if number is None:
            return None
        ticket = load_tickets(connection, (number,)).get(number)
        if ticket is None or ticket.merged_into is None:
            return ticket
        number = ticket.merged_into
    return None


def load_account(
    connection: Connection, account: str | None, *, lock: bool = True
) -> Account | None:
    """An account with contacts and withdrawals.

    Locked until the end of the transaction where the database can, so that mails of one account
    are decided one after another (rule M20).
    """
    if account is None:
        return None
    query = select(accounts).where(accounts.c.id == account)
    row = connection.execute(query.with_for_update() if lock else query).first()
    if row is None:
        return None
    people = connection.execute(
        select(contacts)
        .where(contacts.c.account == account)
        .order_by(contacts.c.is_primary.desc(), contacts.c.address)
    )
    used = connection.execute(select(withdrawals).where(withdrawals.c.account == account))
    return rows.account_of(
        row,
        tuple(rows.contact_of(one) for one in people),
        tuple(Withdrawal(ticket=one.ticket, at=one.at) for one in used),
    )


def load_contact(connection: Connection, address: str) -> Contact | None:
    """The contact with an address, in its normal form."""
    row = connection.execute(select(contacts).where(contacts.c.address == address)).first()
    return rows.contact_of(row) if row else None
