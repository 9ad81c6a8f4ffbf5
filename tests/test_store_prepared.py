"""Prepared statements say, bind and return what SQLAlchemy's own execution would."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from acting.stage import NOW
from sqlalchemy import Connection, Engine, bindparam, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.store.engine import insert_new
from gateway.store.mail_tables import audit
from gateway.store.prepared import PLANS_MAX, Prepared
from gateway.store.tables import accounts, contacts, nodes, timers

THESE = bindparam("these", expanding=True)
NAMES = ("a", "b", "c", "d", "e", "f", "g")


@pytest.fixture
def connection(engine: Engine) -> Iterator[Connection]:
    with engine.connect() as connection, connection.begin():
        connection.execute(
            insert(accounts), [{"id": name, "name": "%(x)s ?", "opened_at": NOW} for name in NAMES]
        )
        yield connection


@pytest.mark.parametrize("count", range(len(NAMES) + 1))
def test_a_list_of_any_length_finds_the_rows_of_just_its_values(
    connection: Connection, count: int
) -> None:
    # Given a statement that was run with a list of another length before
    statement = select(accounts).where(accounts.c.id.in_(THESE)).order_by(accounts.c.id)
    prepared = Prepared(statement)
    prepared.all(connection, {"these": ["a", "b", "c"]})

    # When it is run with this one
    these = {"these": list(NAMES[:count])}
    found = prepared.all(connection, these)

    # Then it finds what the statement itself finds, whatever type a column has
    assert found == [tuple(row) for row in connection.execute(statement, these)]
    assert [row.id for row in found] == [*NAMES[:count]]
    assert all(row.opened_at == NOW and row.name == "%(x)s ?" for row in found)


def test_values_and_defaults_are_written_as_their_columns_ask(connection: Connection) -> None:
    # Given rows with a truth, a time and a JSON value, of which some columns have defaults
    person = {"address": "kim@newco.example", "account": "a", "is_primary": True}
    details = {"reasons": ["ä ' ?"], "changes": []}

    # When they are written by prepared statements
    Prepared(insert(contacts)).run(connection, person)
    Prepared(insert(audit)).run(
        connection, {"at": NOW, "event": "q1", "what": "opened", "details": details}
    )

    # Then they are read as they were given, by either way
    for found in (
        Prepared(select(contacts).where(contacts.c.account == bindparam("of"))).all(
            connection, {"of": "a"}
        ),
        connection.execute(select(contacts)).all(),
    ):
        assert [tuple(row) for row in found] == [("kim@newco.example", "a", "", True, "", "")]
    row = Prepared(select(audit).where(audit.c.event == bindparam("of"))).first(
        connection, {"of": "q1"}
    )
    assert (row.at, row.actor, row.ticket, row.details) == (NOW, "", None, details)


def test_what_is_there_already_stays_and_each_row_is_written(connection: Connection) -> None:
    # Given a statement that differs by database
    opens = Prepared(insert_new(accounts))

    # When it writes a row that is there and two new ones
    new = [{"id": name, "name": "new", "opened_at": NOW} for name in ("a", "x", "y")]
    opens.run_each(connection, new)

    # Then the one that was there is as before
    found = connection.execute(select(accounts.c.id).where(accounts.c.name == "new"))
    assert sorted(found.scalars()) == ["x", "y"]


def test_how_many_rows_were_changed_is_told(connection: Connection) -> None:
    # Given statements that change some of the rows
    later = NOW + timedelta(days=1)
    moves = Prepared(
        update(accounts).where(accounts.c.id.in_(THESE)).values(opened_at=bindparam("at"))
    )
    goes = Prepared(delete(accounts).where(accounts.c.opened_at == bindparam("at")))

    # When they are run, then each says how many it changed
    assert moves.run(connection, {"these": ["a", "b", "x"], "at": later}).rowcount == 2
    assert goes.run(connection, {"at": later}).rowcount == 2
    assert (
        Prepared(select(accounts).where(accounts.c.id == bindparam("of"))).first(
            connection, {"of": "a"}
        )
        is None
    )


def test_what_the_database_refuses_is_told_in_sqlalchemys_words(connection: Connection) -> None:
    # Given a row that is there, when it is written again, then the refusal can be told apart
    row = {"id": "a", "name": "Kim's Own", "opened_at": NOW}
    with pytest.raises(IntegrityError) as refused, connection.begin_nested():
        Prepared(insert(accounts)).run(connection, row)

    # And none of its values is told (promise P16)
    assert "Kim" not in str(refused.value)


def test_names_make_the_statement_and_no_value_is_dropped(connection: Connection) -> None:
    # Given a statement that was run with some columns
    opens = Prepared(insert(accounts))
    opens.run(connection, {"id": "x", "opened_at": NOW})

    # When it is run with others as well
    opens.run(connection, {"id": "y", "opened_at": NOW, "payment": "none"})

    # Then they are written
    payments = connection.execute(select(accounts.c.payment).where(accounts.c.id.in_(["x", "y"])))
    assert sorted(payments.scalars(), key=str) == [None, "none"]


def test_columns_that_an_update_names_when_it_runs_are_set(connection: Connection) -> None:
    # Given an update that says of which row, when it is run with one column and then with two
    sets = Prepared(update(accounts).where(accounts.c.id == bindparam("of")))
    sets.run(connection, {"of": "a", "payment": "none"})
    sets.run(connection, {"of": "b", "payment": "none", "name": "Bold"})

    # Then these columns of these rows are set
    changed = select(accounts.c.id, accounts.c.name).where(accounts.c.payment == "none")
    found = connection.execute(changed.order_by(accounts.c.id)).all()
    assert [tuple(row) for row in found] == [("a", "%(x)s ?"), ("b", "Bold")]


def test_a_default_that_would_be_computed_must_be_given(connection: Connection) -> None:
    # Given a table one of whose defaults is a function, when it is left out, then that is refused
    row = {"ticket": 1, "clock": "answer", "step": "reminder", "at": NOW, "due_at": NOW}
    with pytest.raises(TypeError, match="not_before"):
        Prepared(insert(timers)).run(connection, row)
    with pytest.raises(IntegrityError), connection.begin_nested():
        Prepared(insert(nodes)).run(connection, {"name": "n"})


def test_a_list_of_the_statement_itself_is_given_by_nobody(connection: Connection) -> None:
    statement = select(accounts.c.id).where(accounts.c.id.in_(("a", "c")), accounts.c.id.in_(THESE))
    prepared = Prepared(statement)

    found = [prepared.all(connection, {"these": list(these)}) for these in ("abc", "c")]

    assert [[row.id for row in rows] for rows in found] == [["a", "c"], ["c"]]


def test_a_long_list_is_no_longer_than_it_is(connection: Connection) -> None:
    # PostgreSQL takes 65,535 values; the next power of two would be one more
    prepared = Prepared(select(accounts.c.id).where(accounts.c.id.in_(THESE)))
    many = [*NAMES, *(str(number) for number in range(32_700))]

    found = prepared.all(connection, {"these": many})

    assert len(found) == len(NAMES)


def test_of_many_sets_of_columns_some_are_forgotten(connection: Connection) -> None:
    prepared = Prepared(update(accounts).where(accounts.c.id == bindparam("of_id")))
    for number in range(PLANS_MAX + 10):
        prepared.run(connection, {"of_id": "a", "name": "x", f"spare{number}": None})

    assert len(prepared._plans) <= PLANS_MAX
