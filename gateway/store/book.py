"""The book of credits as the operator reads it: statements, and the proof that it adds up."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select, text

from gateway.ledger.balance import fold
from gateway.ledger.entry import Entry
from gateway.store import rows
from gateway.store.tables import accounts, assessments, entries, orders, tickets


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


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something in the book that must not be."""

    invariant: int
    """Number in policy 4.10."""
    where: str
    what: str


def verify(connection: Connection, *, overdraft: int) -> Iterator[Flaw]:
    """Prove the invariants of policy 4.10 over the whole book; every flaw is named."""
    yield from _sums(connection)
    yield from _limits(connection, overdraft)
    yield from _tickets(connection)
    yield from _orders(connection)


def _sums(connection: Connection) -> Iterator[Flaw]:
    """1: what is kept as a total is the sum of the entries."""
    for row in connection.execute(select(accounts.c.id, accounts.c.balance, accounts.c.held)):
        summed = fold(statement(connection, row.id))
        if (summed.balance, summed.held) != (row.balance, row.held):
            yield Flaw(
                1,
                row.id,
                f"totals say {row.balance}/{row.held}, entries sum to "
                f"{summed.balance}/{summed.held}",
            )


def _limits(connection: Connection, overdraft: int) -> Iterator[Flaw]:
    """2 and 3: nothing overspent except by adjustment, nothing reserved below zero."""
    available: dict[str, int] = {}
    held: dict[str, int] = {}
    for row in connection.execute(select(entries).order_by(entries.c.id)):
        name = row.account
        available[name] = available.get(name, 0) + row.amount - row.held
        held[name] = held.get(name, 0) + row.held
        spends = row.amount - row.held < 0 and row.kind != "adjust"
        if spends and available[name] < -max(overdraft, row.overdraft):
            yield Flaw(2, name, f"entry {row.id} leaves {available[name]} available")
        if held[name] < 0:
            yield Flaw(3, name, f"entry {row.id} leaves {held[name]} reserved")


def _tickets(connection: Connection) -> Iterator[Flaw]:
    """5, 7, 9, 26: the sums of each ticket, and what they may be."""
    charged = func.coalesce(
        func.sum(entries.c.amount).filter(entries.c.kind.in_(("charge", "refund"))), 0
    )
    summed = {
        row.ticket: (-row.charged, row.held)
        for row in connection.execute(
            select(
                entries.c.ticket,
                charged.label("charged"),
                func.coalesce(func.sum(entries.c.held), 0).label("held"),
            )
            .where(entries.c.ticket.is_not(None))
            .group_by(entries.c.ticket)
        )
    }
    prices: dict[int, set[int]] = {}
    for row in connection.execute(select(assessments)):
        known = prices.setdefault(row.ticket, {0})
        known |= {row.base, row.base * row.multiplier}
    for row in connection.execute(select(tickets)):
        name = f"ticket {row.number}"
        sums = summed.get(row.number, (0, 0))
        if sums != (row.charged, row.reserved):
            yield Flaw(1, name, f"totals say {row.charged}/{row.reserved}, entries {sums}")
        if min(sums) < 0 or all(sums):
            yield Flaw(5, name, f"charged {sums[0]} and reserved {sums[1]}")
        allowed = prices.get(row.number, {0}) | {row.kept}
        if sums[0] not in allowed:
            yield Flaw(7, name, f"charged {sums[0]}, which no assessment named")
        if row.free and sums[0] > row.kept:
            yield Flaw(9, name, f"free, and {sums[0]} credits charged")
        if row.status == "closed" and sums[1]:
            yield Flaw(26, name, f"closed with {sums[1]} credits reserved")


def _orders(connection: Connection) -> Iterator[Flaw]:
    """13: a paid order has its purchase, any other has none."""
    bought = set(
        connection.execute(select(entries.c.ref).where(entries.c.kind == "purchase")).scalars()
    )
    for row in connection.execute(select(orders)):
        label = f"P-{row.number}"
        if (row.status == "paid") != (label in bought):
            yield Flaw(13, label, f"{row.status}, purchase entry: {label in bought}")


def is_append_only(connection: Connection) -> bool:
    """Whether the database still guards the book (invariant 4)."""
    if connection.dialect.name == "sqlite":
        query = (
            "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'entries_%'"
        )
        return int(connection.execute(text(query)).scalar_one()) >= 3
    query = "SELECT count(*) FROM pg_trigger WHERE tgname IN ('entries_count', 'entries_no_change')"
    return int(connection.execute(text(query)).scalar_one()) == 2
