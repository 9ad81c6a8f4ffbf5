"""`gateway credits verify` finds what the database itself could not keep out."""

from collections.abc import Callable
from typing import Any

import pytest
from acting.given import write_given
from acting.stage import NOW, Stage
from sqlalchemy import Connection, delete, insert, text, update

from gateway.store.tables import (
    accounts,
    assessments,
    clocks,
    entries,
    orders,
    tickets,
    withdrawals,
)

pytestmark = pytest.mark.asyncio(loop_scope="module")

GIVEN = NOW.isoformat()
ANSWERED = {"id": "T-1001", "status": "in_progress", "category": 2, "charged": 10}
CONFIRMED = {"id": "T-1001", "status": "assigned", "category": 2, "hold": 10}
AWAITING = {
    "id": "T-1001",
    "status": "awaiting_confirmation",
    "assessments": [{"label": "A1", "category": 2, "cost": 10, "status": "open"}],
}


def given(stage: Stage, ticket: dict[str, Any]) -> None:
    account = {"id": "acme", "balance": 30, "held": ticket.get("hold", 0)}
    write_given(stage, {"now": GIVEN, "account": account, "ticket": ticket})


def without_guards(connection: Connection, table: str) -> None:
    """What a database administrator can do, and a restored dump may have done."""
    if connection.dialect.name == "postgresql":
        connection.execute(text(f"ALTER TABLE {table} DISABLE TRIGGER ALL"))
        return
    found = connection.execute(
        text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND tbl_name = :table"),
        {"table": table},
    )
    for (name,) in found.all():
        connection.execute(text(f"DROP TRIGGER {name}"))


def forget_entry(connection: Connection) -> None:
    without_guards(connection, "entries")
    connection.execute(delete(entries).where(entries.c.ticket == 1001))


def clock_that_runs(connection: Connection) -> None:
    connection.execute(
        insert(clocks).values(
            ticket=1001,
            kind="answer",
            started_at=NOW,
            due_at=NOW,
            urgent=False,
            breached=False,
        )
    )


def change(**columns: Any) -> Callable[[Connection], object]:
    return lambda c: c.execute(update(tickets).values(**columns))


def assess(**columns: Any) -> Callable[[Connection], object]:
    return lambda c: c.execute(update(assessments).values(**columns))


def four_withdrawals(connection: Connection) -> None:
    for _ in range(4):
        connection.execute(insert(withdrawals).values(account="acme", ticket=None, at=NOW))


def order_nobody_booked(connection: Connection) -> None:
    connection.execute(
        insert(orders).values(
            number=17,
            account="acme",
            ordered_by="ann@acme.example",
            credits=25,
            price_cents=12500,
            currency="USD",
            status="paid",
            ordered_at=NOW,
        )
    )


@pytest.mark.parametrize("ticket", [ANSWERED, CONFIRMED, AWAITING])
async def test_a_good_book_has_no_flaw(stage: Stage, ticket: dict[str, Any]) -> None:
    given(stage, ticket)

    assert stage.flaws() == []


@pytest.mark.parametrize(
    ("ticket", "spoil", "invariant"),
    [
        pytest.param(
            ANSWERED, lambda c: c.execute(update(accounts).values(balance=31)), 1, id="total"
        ),
        pytest.param(ANSWERED, change(ceiling=99, charged=11), 1, id="total of a ticket"),
        pytest.param(ANSWERED, forget_entry, 1, id="an entry is gone"),
        pytest.param(ANSWERED, assess(funded=False), 27, id="charged and not settled"),
        pytest.param(CONFIRMED, assess(base=20), 6, id="reserved is not the price"),
        pytest.param(ANSWERED, assess(base=7), 7, id="charged is no price"),
        pytest.param(ANSWERED, assess(verdict="declined"), 8, id="nobody agreed"),
        pytest.param(ANSWERED, change(free="goodwill"), 9, id="free and charged"),
        pytest.param(ANSWERED, order_nobody_booked, 13, id="paid and not booked"),
        pytest.param(
            ANSWERED, change(hotrush="active", department="sales"), 14, id="urgent elsewhere"
        ),
        pytest.param(ANSWERED, four_withdrawals, 16, id="too many withdrawals"),
        pytest.param(AWAITING, assess(multiplier=2), 17, id="doubled and not urgent"),
        pytest.param(ANSWERED, assess(number=3), 22, id="labels with a gap"),
        pytest.param(AWAITING, clock_that_runs, 27, id="a clock runs while awaiting"),
    ],
)
async def test_what_breaks_an_invariant_is_named(
    stage: Stage, ticket: dict[str, Any], spoil: Callable[[Connection], object], invariant: int
) -> None:
    given(stage, ticket)

    stage.query(spoil)

    assert invariant in {flaw.invariant for flaw in stage.flaws()}


async def test_lost_guards_are_a_flaw(stage: Stage) -> None:
    given(stage, ANSWERED)

    stage.query(lambda c: without_guards(c, "entries"))

    # PostgreSQL keeps a switched-off trigger in its catalogue; the proof looks at whether it fires.
    assert [flaw.invariant for flaw in stage.flaws()] == [4]
