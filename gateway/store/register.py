"""The register of accounts and contacts, as the operator keeps it at the command line.

Every change leaves an audit row. `NotPossible` names what is missing or taken, and what to do.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from gateway.desk.model import Account, Contact, PaymentMode
from gateway.desk.operator import OPERATOR, NotPossible
from gateway.mail.address import normalised_address
from gateway.store.adoption import adopt
from gateway.store.desk_rows import load_account, load_contact
from gateway.store.mail_tables import audit
from gateway.store.tables import accounts, contacts


def account_named(connection: Connection, name: str) -> Account:
    """An account by its name or by a contact's address."""
    contact = load_contact(connection, normalised_address(name)) if "@" in name else None
    found = load_account(connection, contact.account if contact else name)
    if found is None:
        raise NotPossible(f"there is no account {name}; see gateway customers list")
    return found


def all_accounts(connection: Connection) -> list[Account]:
    """Every account, by name."""
    names = connection.execute(select(accounts.c.id).order_by(accounts.c.id)).scalars().all()
    found = (load_account(connection, name, lock=False) for name in names)
    return [one for one in found if one]


def open_account(
    connection: Connection,
    account: str,
    addresses: Iterable[str],
    *,
    at: datetime,
    name: str = "",
    payment: PaymentMode | None = None,
) -> dict[str, int]:
    """A new account; the first address hears of credits.

    Returns who was a customer of their own and is adopted, with the number of their tickets.
    """
    if load_account(connection, account) is not None:
        raise NotPossible(f"account {account} exists; change it with gateway customers set")
    connection.execute(
        insert(accounts),
        {
            "id": account,
            "name": name,
            "payment": payment,
            "opened_at": at,
        },
    )
    _remember(connection, account, at, "opened", {})
    people = (
        Contact(address=address, account=account, is_primary=number == 0)
        for number, address in enumerate(addresses)
    )
    return add_contacts(connection, people, at=at)


def change_account(
    connection: Connection, account: str, values: Mapping[str, str | None], *, at: datetime
) -> None:
    """Set `name` or `payment`; `None` for `payment` follows the desk's policy."""
    connection.execute(update(accounts).where(accounts.c.id == account).values(**values))
    _remember(connection, account, at, "changed", {"fields": sorted(values)})


def set_reading(
    connection: Connection, account: str, values: Mapping[str, str], *, only: str, at: datetime
) -> None:
    """The `language` and `zone` of letters to every contact of an account, or `only` to one."""
    own = contacts.c.account == account
    if only:
        own &= contacts.c.address == only
    connection.execute(update(contacts).where(own).values(**values))
    details = {"fields": sorted(values)} | ({"contact": only} if only else {})
    _remember(connection, account, at, "changed", details)


def add_contacts(
    connection: Connection, people: Iterable[Contact], *, at: datetime
) -> dict[str, int]:
    """More people who may write for an account; who of them is adopted, with how many tickets."""
    added = {one.address: add_contact(connection, one, at=at) for one in people}
    return {address: moved for address, moved in added.items() if moved is not None}


def add_contact(connection: Connection, contact: Contact, *, at: datetime) -> int | None:
    """One more person who may write for an account.

    Whoever was a customer of their own is adopted where that loses nothing; then the answer is how
    many tickets came along.
    """
    address = normalised_address(contact.address)
    if "@" not in address:
        raise NotPossible(f"{contact.address!r} is no address; write it like ann@acme.example")
    known = load_contact(connection, address)
    if known is not None:
        moved = adopt(connection, known, contact.account, is_primary=contact.is_primary)
        details = {"address": address, "tickets": moved}
        _remember(connection, contact.account, at, "contact adopted", details)
        return moved
    connection.execute(
        insert(contacts),
        {
            "address": address,
            "account": contact.account,
            "name": contact.name,
            "is_primary": contact.is_primary,
            "language": contact.language,
            "zone": contact.zone,
        },
    )
    _remember(connection, contact.account, at, "contact added", {"address": address})
    return None


def remove_contact(connection: Connection, account: str, address: str, *, at: datetime) -> None:
    """Somebody who may write for an account no longer."""
    found = normalised_address(address)
    touched = connection.execute(
        delete(contacts).where(contacts.c.account == account, contacts.c.address == found)
    )
    if touched.rowcount != 1:
        raise NotPossible(f"{address} is no contact of {account}")
    _remember(connection, account, at, "contact removed", {"address": found})


def make_primary(connection: Connection, account: str, address: str, *, at: datetime) -> None:
    """The address that hears of an account's credits."""
    own, found = contacts.c.account == account, normalised_address(address)
    connection.execute(update(contacts).where(own).values(is_primary=False))
    touched = connection.execute(
        update(contacts).where(own, contacts.c.address == found).values(is_primary=True)
    )
    if touched.rowcount != 1:
        raise NotPossible(f"{address} is no contact of {account}")
    _remember(connection, account, at, "primary contact", {"address": found})


def _remember(
    connection: Connection, account: str, at: datetime, what: str, details: dict[str, Any]
) -> None:
    connection.execute(
        insert(audit),
        {
            "at": at,
            "event": f"register:{account}",
            "actor": OPERATOR,
            "account": account,
            "what": what,
            "details": details,
        },
    )
