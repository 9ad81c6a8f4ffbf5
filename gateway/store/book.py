"""The book of credits as the operator reads it: the statement of an account, and its sales."""

from collections.abc import Sequence

from sqlalchemy import Connection, select

from gateway.ledger.entry import Entry
from gateway.store import rows
from gateway.store.tables import entries


def statement(connection: Connection, account: str) -> Sequence[Entry]:
    """Every entry of an account, oldest first."""
    found = connection.execute(
        select(entries).where(entries.c.account == account).order_by(entries.c.id)
    )
    return [rows.entry_of(row) for row in found]


def website_entries(connection: Connection, account: str, order: str) -> tuple[Entry, ...]:
    """Free credits for websites: those of the account, and whoever has this order number."""
    found = connection.execute(
        select(entries).where(
            entries.c.cause.startswith("website:"),
            (entries.c.account == account) | (entries.c.cause == f"website:{order}"),
        )
    )
    return tuple(rows.entry_of(row) for row in found)
