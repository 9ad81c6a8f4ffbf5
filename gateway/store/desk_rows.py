"""Load tickets and accounts as values: the aggregates every fact is made of."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from sqlalchemy import BindParameter, Connection, bindparam, exists, select

from gateway.desk.model import Account, Assessment, Clock, Contact, Ticket, Withdrawal
from gateway.store import rows
from gateway.store.prepared import Prepared
from gateway.store.tables import accounts, assessments, clocks, contacts, tickets, withdrawals

ASKED_MAX = 1_000
"""Rows asked for in one statement: databases count placeholders."""
MERGES_MAX = 10
"""How many merges in a row are followed."""
# Statements of every mail are built once: building them costs more than running them.
_CONTACT: Final = Prepared(select(contacts).where(contacts.c.address == bindparam("of_address")))
_THESE: Final[BindParameter[Any]] = bindparam("these", expanding=True)
_SOME_TICKETS: Final = (
    select(tickets).where(tickets.c.number.in_(_THESE)).order_by(tickets.c.number)
)
_TICKETS: Final = Prepared(_SOME_TICKETS)
_LOCKED_TICKETS: Final = Prepared(_SOME_TICKETS.with_for_update())
_ASSESSMENTS: Final = Prepared(
    select(assessments)
    .where(assessments.c.ticket.in_(_THESE))
    .order_by(assessments.c.ticket, assessments.c.number)
)
_CLOCKS: Final = Prepared(
    select(clocks).where(clocks.c.ticket.in_(_THESE), clocks.c.stopped_at.is_(None))
)
_SOME_ACCOUNTS: Final = select(accounts).where(accounts.c.id.in_(_THESE)).order_by(accounts.c.id)
_ACCOUNTS: Final = Prepared(_SOME_ACCOUNTS)
_LOCKED_ACCOUNTS: Final = Prepared(_SOME_ACCOUNTS.with_for_update())
_ACCOUNT_OF: Final = Prepared(
    select(accounts)
    .where(
        accounts.c.id
        == select(contacts.c.account)
        .where(contacts.c.address == bindparam("of_address"))
        .scalar_subquery()
    )
    .with_for_update()
)
_WITHDREW: Final = exists().where(withdrawals.c.account == accounts.c.id).label("withdrew")
_PEOPLE: Final = Prepared(
    select(accounts.c.id, _WITHDREW, contacts)
    .select_from(accounts.outerjoin(contacts))
    .where(accounts.c.id.in_(_THESE))
    .order_by(contacts.c.is_primary.desc(), contacts.c.address)
)
_WITHDRAWALS: Final = Prepared(
    select(withdrawals).where(withdrawals.c.account.in_(_THESE)).order_by(withdrawals.c.id)
)


def load_tickets(
    connection: Connection, numbers: Iterable[int], *, lock: bool = False
) -> dict[int, Ticket]:
    """Tickets by number, with assessments and running clocks; unknown numbers are left out.

    `lock` keeps others from changing them until the end of the transaction.
    """
    wanted = sorted(set(numbers))
    loaded: dict[int, Ticket] = {}
    for start in range(0, len(wanted), ASKED_MAX):
        loaded |= _load_tickets(connection, wanted[start : start + ASKED_MAX], lock=lock)
    return loaded


def _load_tickets(
    connection: Connection, wanted: Sequence[int], *, lock: bool
) -> dict[int, Ticket]:
    named: dict[int, list[Assessment]] = {number: [] for number in wanted}
    running: dict[int, list[Clock]] = {number: [] for number in wanted}
    these = {"these": wanted}
    found = (_LOCKED_TICKETS if lock else _TICKETS).all(connection, these)
    if not found:
        return {}
    for row in _ASSESSMENTS.all(connection, these):
        named[row.ticket].append(rows.assessment_of(row))
    for row in _CLOCKS.all(connection, these):
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
    return load_accounts(connection, (account,), lock=lock).get(account)


def load_account_of(connection: Connection, address: str) -> Account | None:
    """The account of a contact, locked as `load_account` locks it.

    Who waited for the lock may find none, or one that the contact belongs to no more.
    """
    found = _ACCOUNT_OF.all(connection, {"of_address": address})
    return next(_whole(connection, found), None)


def load_accounts(
    connection: Connection, names: Iterable[str], *, lock: bool = False
) -> dict[str, Account]:
    """Accounts by name, with contacts and withdrawals; locked in the order of their names."""
    wanted = sorted(set(names))
    loaded: dict[str, Account] = {}
    for start in range(0, len(wanted), ASKED_MAX):
        loaded |= _load_accounts(connection, wanted[start : start + ASKED_MAX], lock=lock)
    return loaded


def _load_accounts(
    connection: Connection, wanted: Sequence[str], *, lock: bool
) -> dict[str, Account]:
    found = (_LOCKED_ACCOUNTS if lock else _ACCOUNTS).all(connection, {"these": wanted})
    return {one.id: one for one in _whole(connection, found)}


def _whole(connection: Connection, found: Sequence[Any]) -> Iterator[Account]:
    """The accounts of some rows; what belongs to them is read after these were locked."""
    people: dict[str, list[Contact]] = {row.id: [] for row in found}
    used: dict[str, list[Withdrawal]] = {row.id: [] for row in found}
    withdrew = set()
    for row in _PEOPLE.all(connection, {"these": list(people)}) if people else ():
        if row.address is not None:
            people[row.id].append(rows.contact_of(row))
        if row.withdrew:
            withdrew.add(row.id)
    for row in _WITHDRAWALS.all(connection, {"these": sorted(withdrew)}) if withdrew else ():
        used[row.account].append(Withdrawal(ticket=row.ticket, at=row.at))
    for row in found:
        yield rows.account_of(row, tuple(people[row.id]), tuple(used[row.id]))


def load_contact(connection: Connection, address: str) -> Contact | None:
    """The contact with an address, in its normal form."""
    row = _CONTACT.first(connection, {"of_address": address})
    return rows.contact_of(row) if row else None
