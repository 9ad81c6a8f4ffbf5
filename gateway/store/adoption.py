"""A customer of their own becomes a contact of the account that the operator names.

A stranger's first mail opens an account named by their address. Where that account has come to
nothing yet but tickets without credits, it goes into the named one, and its tickets with it.

Rule for this file: nothing of the book moves. Whatever entries, orders, HotRush withdrawals or an
agreement are named in, stays the account it was; so does one whose confirmed price waits for
credits, because the credits of another would be reserved for it without anybody's word.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, delete, exists, select, update

from gateway.desk.model import Account, Contact
from gateway.desk.operator import NotPossible
from gateway.store.desk_rows import load_account
from gateway.store.facts import waiting_tickets
from gateway.store.tables import accounts, contacts, entries, orders, tickets


def adopt(connection: Connection, known: Contact, into: str, *, is_primary: bool) -> int:
    """Move a contact with all tickets from their own account into another; how many tickets.

    Raises `NotPossible` where that account is more than what a first mail opens, with the way out.
    """
    own = load_account(connection, known.account)
    if own is None or own.id == into or own.id != known.address:
        raise NotPossible(_taken(known, f"a contact of {known.account} already"))
    if reasons := list(_obstacles(connection, own)):
        raise NotPossible(_taken(known, f"a customer with {' and '.join(reasons)} already"))
    connection.execute(
        update(contacts)
        .where(contacts.c.address == known.address)
        .values(account=into, is_primary=is_primary)
    )
    moved = connection.execute(
        update(tickets)
        .where(tickets.c.account == own.id)
        # A decision that is being made on the older state touches no row (fault F30).
        .values(account=into, version=tickets.c.version + 1)
    )
    # A mail of theirs that is being decided now finds no account, and is decided again.
    connection.execute(delete(accounts).where(accounts.c.id == own.id))
    return moved.rowcount


def _obstacles(connection: Connection, own: Account) -> Iterator[str]:
    """Why an account is not given up."""
    if len(own.contacts) > 1:
        yield "other contacts"
    if own.payment is not None:
        yield "an agreement"
    for name, table in (("entries in the book", entries), ("orders", orders)):
        if connection.execute(select(exists().where(table.c.account == own.id))).scalar_one():
            yield name
    if own.withdrawals:
        yield "HotRush taken back"
    if waiting_tickets(connection, own.id):
        yield "a confirmed price that waits for credits"


def _taken(known: Contact, what: str) -> str:
    """What an address is, and what can be done about it."""
    return (
        f"{known.address} is {what}: give that account a name with "
        f"gateway customers set {known.account} --name NAME, or free the address with "
        f"gateway customers set {known.account} --remove-contact {known.address}; tickets and "
        f"credits stay with {known.account}"
    )
