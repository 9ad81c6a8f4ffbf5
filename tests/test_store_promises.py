"""What the database keeps, whatever the code does: tried on both with plain statements."""

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Connection, Engine, delete, insert, select, update
from sqlalchemy.exc import DBAPIError, StatementError

from gateway.store.mail_tables import audit
from gateway.store.tables import accounts, entries, tickets

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)


def an_account(connection: Connection, given: int = 10) -> None:
    connection.execute(insert(accounts).values(id="acme", name="Acme", opened_at=AT))
    if given:
        an_entry(connection, kind="grant", amount=given, cause="given")


def a_ticket(connection: Connection, **columns: Any) -> None:
    usual = {
        "number": 1001,
        "account": "acme",
        "requester": "ann@acme.example",
        "department": "support",
        "subject": "Tax",
        "status": "assigned",
        "waiting_on": "staff",
        "hotrush": "none",
        "payment": "ask_first",
        "received_at": AT,
        "thread": [],
        "ceiling": 10,
    }
    connection.execute(insert(tickets).values(**(usual | columns)))


def an_entry(connection: Connection, **columns: Any) -> None:
    usual = {"account": "acme", "amount": 0, "held": 0, "at": AT, "overdraft": 0}
    connection.execute(insert(entries).values(**(usual | columns)))


def totals(connection: Connection) -> tuple[int, int]:
    row = connection.execute(select(accounts.c.balance, accounts.c.held)).one()
    return row.balance, row.held


def test_totals_are_the_sums_of_the_entries(engine: Engine) -> None:
    with engine.begin() as connection:
        an_account(connection, 40)
        a_ticket(connection)
        an_entry(connection, kind="hold", held=10, ticket=1001, cause="1")
        an_entry(connection, kind="charge", amount=-10, held=-10, ticket=1001, cause="2")

        assert totals(connection) == (30, 0)
        row = connection.execute(select(tickets.c.charged, tickets.c.reserved)).one()
        assert tuple(row) == (10, 0)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"kind": "hold", "held": 11, "ticket": 1001}, id="reserving"),
        pytest.param({"kind": "charge", "amount": -11, "ticket": 1001}, id="charging"),
    ],
)
def test_nobody_spends_more_than_there_is(engine: Engine, entry: dict[str, Any]) -> None:
    with engine.begin() as connection:
        an_account(connection, 10)
        a_ticket(connection, ceiling=100)

    with pytest.raises(DBAPIError, match="overspent"), engine.begin() as connection:
        an_entry(connection, cause="1", **entry)


def test_an_overdraft_allows_as_much_as_it_says(engine: Engine) -> None:
    with engine.begin() as connection:
        an_account(connection, 10)
        a_ticket(connection, ceiling=100)
        an_entry(connection, kind="hold", held=15, ticket=1001, cause="1", overdraft=5)

        assert totals(connection) == (10, 15)


def test_an_adjustment_may_lead_below_zero(engine: Engine) -> None:
    with engine.begin() as connection:
        an_account(connection, 0)
        an_entry(connection, kind="adjust", amount=-7, cause="1")

        assert totals(connection) == (-7, 0)


def test_a_ticket_is_never_charged_twice(engine: Engine) -> None:
    with engine.begin() as connection:
        an_account(connection, 100)
        a_ticket(connection, ceiling=10)
        an_entry(connection, kind="charge", amount=-10, ticket=1001, cause="1")

    with pytest.raises(DBAPIError, match="ceiling"), engine.begin() as connection:
        an_entry(connection, kind="charge", amount=-10, ticket=1001, cause="2")


def test_one_cause_makes_one_entry(engine: Engine) -> None:
    with engine.begin() as connection:
        an_account(connection, 10)

    with pytest.raises(DBAPIError, match=r"(?i)unique"), engine.begin() as connection:
        an_entry(connection, kind="grant", amount=10, cause="given")


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param({"kind": "grant", "amount": -5}, id="a negative grant"),
        pytest.param({"kind": "grant", "amount": 0}, id="a grant of nothing"),
        pytest.param({"kind": "hold", "held": -5}, id="a negative reservation"),
        pytest.param({"kind": "release", "held": 5}, id="a release that reserves"),
        pytest.param({"kind": "charge", "amount": 5}, id="a charge that gives"),
        pytest.param({"kind": "theft", "amount": 5}, id="no known kind"),
    ],
)
def test_entries_that_mean_nothing_are_refused(engine: Engine, entry: dict[str, Any]) -> None:
    with engine.begin() as connection:
        an_account(connection, 10)

    with pytest.raises(DBAPIError), engine.begin() as connection:
        an_entry(connection, cause="1", **entry)


@pytest.mark.parametrize("table", [entries, audit], ids=["entries", "audit"])
def test_the_book_and_the_audit_are_never_changed(engine: Engine, table: Any) -> None:
    with engine.begin() as connection:
        an_account(connection, 10)
        connection.execute(insert(audit).values(at=AT, event="x", what="x", details={}))

    for statement in (update(table).values(at=AT), delete(table)):
        with pytest.raises(DBAPIError, match="never changed"), engine.begin() as connection:
            connection.execute(statement)


@pytest.mark.parametrize(
    "columns",
    [
        pytest.param({"status": "lost"}, id="no known status"),
        pytest.param({"hotrush": "maybe"}, id="no known state of HotRush"),
        pytest.param({"status": "closed"}, id="closed without an instant"),
        pytest.param({"closed_at": AT}, id="open with an instant of closing"),
    ],
)
def test_a_ticket_has_only_states_that_exist(engine: Engine, columns: dict[str, Any]) -> None:
    with engine.begin() as connection:
        an_account(connection)

    with pytest.raises(DBAPIError), engine.begin() as connection:
        a_ticket(connection, **columns)


def test_a_closed_ticket_reserves_nothing(engine: Engine) -> None:
    with engine.begin() as connection:
        an_account(connection, 10)
        a_ticket(connection)
        an_entry(connection, kind="hold", held=10, ticket=1001, cause="1")

    with pytest.raises(DBAPIError), engine.begin() as connection:
        connection.execute(update(tickets).values(status="closed", closed_at=AT))


def test_an_instant_without_a_zone_is_refused(engine: Engine) -> None:
    naive = AT.replace(tzinfo=None)

    with pytest.raises(StatementError, match="naive"), engine.begin() as connection:
        connection.execute(insert(accounts).values(id="x", name="", opened_at=naive))
