"""The proof that the book adds up: every invariant of policy 4.10 over every entry and ticket.

Read in one pass, in bounded pieces, so that a book of years fits into a little memory.
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Connection, Row, func, select, text

from gateway.desk.invariants import Flaw, flaws_of, flaws_of_account
from gateway.desk.policy import Policy
from gateway.ledger.balance import Balance
from gateway.store import rows
from gateway.store.desk_rows import load_account, load_tickets
from gateway.store.tables import accounts, entries, orders, tickets

PIECE: Final = 500
"""Rows that are held at once."""
GUARDS: Final = {
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'entries_%'",
    "postgresql": "SELECT count(*) FROM pg_trigger"
    " WHERE tgname IN ('entries_count', 'entries_no_change') AND tgenabled <> 'D'",
}
GUARD_COUNT: Final = {"sqlite": 3, "postgresql": 2}


def prove(connection: Connection, policy: Policy) -> Iterator[Flaw]:
    """Every flaw of the book, by account, by ticket, by order; none where it adds up."""
    if not _is_guarded(connection):
        yield Flaw(4, "entries", "the triggers that guard the book are gone")
    yield from _accounts(connection, policy)
    yield from _tickets(connection, policy)
    yield from _orders(connection)


def _is_guarded(connection: Connection) -> bool:
    """Whether the database still keeps the book append-only (invariant 4)."""
    name = connection.dialect.name
    return int(connection.execute(text(GUARDS[name])).scalar_one()) >= GUARD_COUNT[name]


def _accounts(connection: Connection, policy: Policy) -> Iterator[Flaw]:
    """1, 2, 3, 16: what is kept as a total is the sum of the entries, never overspent."""
    summed: dict[str, Balance] = {}
    found = connection.execution_options(yield_per=PIECE).execute(
        select(entries).order_by(entries.c.id)
    )
    for row in found:
        before = summed.get(row.account, Balance())
        after = summed[row.account] = before.after(rows.entry_of(row))
        yield from _entry(row, after, policy)
    for name in connection.execute(select(accounts.c.id).order_by(accounts.c.id)).scalars().all():
        account = load_account(connection, name, lock=False)
        if account is None:
            continue
        if account.balance != (total := summed.get(name, Balance())):
            kept = account.balance
            yield Flaw(
                1,
                name,
                f"totals say {kept.balance} and {kept.held} reserved, "
                f"the entries {total.balance} and {total.held}",
            )
        yield from flaws_of_account(policy, account)


def _entry(row: Row[Any], after: Balance, policy: Policy) -> Iterator[Flaw]:
    spends = row.amount - row.held < 0 and row.kind != "adjust"
    if spends and after.available < -max(policy.credits.overdraft, row.overdraft):
        yield Flaw(2, row.account, f"entry {row.id} leaves {after.available} available")
    if after.held < 0:
        yield Flaw(3, row.account, f"entry {row.id} leaves {after.held} reserved")
    if not row.cause:
        yield Flaw(11, row.account, f"entry {row.id} has no cause")


def _tickets(connection: Connection, policy: Policy) -> Iterator[Flaw]:
    """1 and the invariants of each ticket."""
    last = 0
    while True:
        numbers = (
            connection.execute(
                select(tickets.c.number)
                .where(tickets.c.number > last)
                .order_by(tickets.c.number)
                .limit(PIECE)
            )
            .scalars()
            .all()
        )
        if not numbers:
            return
        last = numbers[-1]
        summed = _sums(connection, numbers[0], last)
        for number, ticket in load_tickets(connection, numbers).items():
            kept, total = (ticket.charged, ticket.reserved), summed.get(number, (0, 0))
            if kept != total:
                where = f"{policy.mail.ticket_prefix}{number}"
                yield Flaw(1, where, f"totals say {kept}, the entries {total}")
            yield from flaws_of(policy, ticket)


def _sums(connection: Connection, first: int, last: int) -> dict[int, tuple[int, int]]:
    """Credits charged and reserved by the entries of some tickets."""
    charged = func.coalesce(
        func.sum(entries.c.amount).filter(entries.c.kind.in_(("charge", "refund"))), 0
    )
    return {
        row.ticket: (-int(row.charged), int(row.held))
        for row in connection.execute(
            select(
                entries.c.ticket, charged.label("charged"), func.sum(entries.c.held).label("held")
            )
            .where(entries.c.ticket.between(first, last))
            .group_by(entries.c.ticket)
        )
    }


def _orders(connection: Connection) -> Iterator[Flaw]:
    """13: a paid order has its one purchase, any other has none."""
    bought: dict[str, int] = {}
    for ref in connection.execute(select(entries.c.ref).where(entries.c.kind == "purchase")):
        bought[ref[0]] = bought.get(ref[0], 0) + 1
    for row in connection.execute(select(orders)):
        label = f"P-{row.number}"
        if bought.get(label, 0) != (row.status == "paid"):
            yield Flaw(13, label, f"{row.status}, purchases: {bought.get(label, 0)}")
