"""The list of customers as CSV: what `gateway customers export` writes and `import` reads."""

import csv
from collections.abc import Iterable
from datetime import datetime
from typing import TextIO

from sqlalchemy import Connection

from gateway.desk.model import Account, Contact, PaymentMode
from gateway.mail.address import normalised_address
from gateway.store import register
from gateway.store.desk_rows import load_account, load_contact
from gateway.worktime.zone import UnknownZone
from gateway.worktime.zone import zone as zone_named

COLUMNS = ("account", "name", "address", "contact_name", "primary", "language", "zone", "payment")


def write_list(accounts: Iterable[Account], out: TextIO) -> None:
    """A line for each contact; an account without any has one too."""
    writer = csv.DictWriter(out, COLUMNS)
    writer.writeheader()
    for one in accounts:
        for contact in one.contacts or (Contact(address="", account=one.id),):
            writer.writerow(
                {
                    "account": _cell(one.id),
                    "name": _cell(one.name),
                    "address": _cell(contact.address),
                    "contact_name": _cell(contact.name),
                    "primary": "yes" if contact.is_primary else "",
                    "language": contact.language,
                    "zone": contact.zone,
                    "payment": str(one.payment or ""),
                }
            )


def read_list(source: TextIO) -> tuple[list[dict[str, str]], list[str]]:
    """The lines of a file, and what is wrong with some: `3: 'ann' is no address`."""
    listed = list(csv.DictReader(source))
    wrong = ((number, _problem(row)) for number, row in enumerate(listed, start=2))
    return listed, [f"{number}: {problem}" for number, problem in wrong if problem]


def _problem(row: dict[str, str]) -> str:
    if not row.get("account"):
        return "the column account is missing or empty"
    if "@" not in (row.get("address") or ""):
        return f"{row.get('address')!r} is no address"
    if zone := row.get("zone"):
        try:
            zone_named(zone)
        except UnknownZone as error:
            return str(error)
    if row.get("payment") not in (None, "", "ask_first", "pre_agreed"):
        return f"payment {row['payment']!r}: write ask_first or pre_agreed"
    return ""


def bring_in(connection: Connection, row: dict[str, str], at: datetime) -> bool:
    """One line of the file; true where it brought a contact."""
    if load_account(connection, row["account"]) is None:
        payment = PaymentMode(row["payment"]) if row.get("payment") else None
        register.open_account(
            connection, row["account"], (), at=at, name=row.get("name") or "", payment=payment
        )
    if load_contact(connection, normalised_address(row["address"])) is not None:
        return False
    contact = Contact(
        address=row["address"],
        account=row["account"],
        name=row.get("contact_name") or "",
        is_primary=row.get("primary") == "yes",
        language=row.get("language") or "",
        zone=row.get("zone") or "",
    )
    register.add_contact(connection, contact, at=at)
    return True


def _cell(text: str) -> str:
    """Nothing in a cell is taken for a formula (attack A71)."""
    return f"'{text}" if text[:1] in ("=", "+", "-", "@", "\t", "\r") else text
