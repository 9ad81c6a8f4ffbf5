"""Steps in shared commits: in order, each undone alone, repeated on conflict."""

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Connection, Engine, event, select, text, update
from sqlalchemy.exc import DatabaseError, OperationalError, ProgrammingError

from gateway.store.engine import open_engine
from gateway.store.reach import DatabaseAway, Refused, told_apart
from gateway.store.shared_commit import ATTEMPTS_MAX, SHARED_SECONDS, Conflict
from gateway.store.tables import counters
from gateway.store.transaction import Transactions


@pytest.fixture
def transactions(engine: Engine) -> Iterator[Transactions]:
    made = Transactions(engine, "test")
    yield made
    made.close()


def count_up(connection: Connection) -> int:
    return int(
        connection.execute(
            update(counters)
            .where(counters.c.name == "round")
            .values(value=counters.c.value + 1)
            .returning(counters.c.value)
        ).scalar_one()
    )


def counted(engine: Engine) -> int:
    with engine.connect() as connection:
        query = select(counters.c.value).where(counters.c.name == "round")
        return int(connection.execute(query).scalar_one())


async def test_steps_run_in_the_order_they_were_handed_in(transactions: Transactions) -> None:
    results = await asyncio.gather(*(transactions(count_up) for _ in range(200)))

    assert results == list(range(1, 201))


async def test_a_step_that_fails_undoes_only_itself(
    transactions: Transactions, engine: Engine
) -> None:
    def fail(connection: Connection) -> None:
        count_up(connection)
        raise ValueError("mine")

    results = await asyncio.gather(
        transactions(count_up), transactions(fail), transactions(count_up), return_exceptions=True
    )

    assert [results[0], results[2]] == [1, 2]
    assert isinstance(results[1], ValueError)
    assert counted(engine) == 2


async def test_a_statement_that_fails_undoes_only_its_step(
    transactions: Transactions, engine: Engine
) -> None:
    def break_it(connection: Connection) -> None:
        count_up(connection)
        connection.execute(text("SELECT nothing FROM nowhere"))

    results = await asyncio.gather(
        transactions(count_up),
        transactions(break_it),
        transactions(count_up),
        return_exceptions=True,
    )

    assert [results[0], results[2]] == [1, 2]
    assert counted(engine) == 2


async def test_a_conflict_is_tried_again(transactions: Transactions, engine: Engine) -> None:
    attempts = []

    def conflict_twice(connection: Connection) -> int:
        attempts.append(1)
        value = count_up(connection)
        if len(attempts) < 3:
            raise Conflict("changed meanwhile")
        return value

    assert await transactions(conflict_twice) == 1
    assert counted(engine) == 1


async def test_nobody_passes_a_step_that_conflicts(transactions: Transactions) -> None:
    order: list[str] = []
    tries = iter(range(10))

    def conflicting(_: Connection) -> None:
        if next(tries) < 3:
            raise Conflict
        order.append("first")

    await asyncio.gather(
        transactions(conflicting),
        *(transactions(lambda _, name=name: order.append(name)) for name in ("second", "third")),
    )

    assert [name for name in order if name == "first"] == ["first"]
    assert order[-3:] == ["first", "second", "third"]


async def test_an_endless_conflict_ends(transactions: Transactions) -> None:
    attempts = []

    def conflict(connection: Connection) -> None:
        del connection
        attempts.append(1)
        raise Conflict("always")

    with pytest.raises(Conflict):
        await transactions(conflict)

    assert len(attempts) == ATTEMPTS_MAX + 1


async def test_what_was_handed_in_is_finished_at_the_end(engine: Engine) -> None:
    transactions = Transactions(engine, "ending")
    pending = [asyncio.create_task(transactions(count_up)) for _ in range(50)]
    await asyncio.sleep(0)

    await asyncio.to_thread(transactions.close)

    assert await asyncio.gather(*pending) == list(range(1, 51))


async def test_steps_beside_one_that_fills_the_disk_are_never_lost(sqlite_url: str) -> None:
    # Given a disk with room for a few pages; SQLite answers "full" by undoing everything
    engine = open_engine(sqlite_url)
    event.listen(engine, "connect", lambda driver, _: driver.execute("PRAGMA max_page_count=200"))
    transactions = Transactions(engine, "test")
    gate = threading.Event()

    def wait(connection: Connection) -> None:
        del connection
        gate.wait(10)

    def fill(connection: Connection) -> None:
        connection.execute(
            text("INSERT INTO marks (name, value) VALUES ('big', hex(zeroblob(4000000)))")
        )

    # When it meets others in one commit
    first = asyncio.ensure_future(transactions(wait))
    others = [asyncio.ensure_future(transactions(step)) for step in (count_up, fill, count_up)]
    await asyncio.sleep(0)
    gate.set()
    results = await asyncio.gather(first, *others, return_exceptions=True)

    # Then it alone fails, and what the others were told is true
    assert isinstance(results[2], OperationalError)
    assert [results[1], results[3]] == [1, 2]
    assert counted(engine) == 2
    transactions.close()
    engine.dispose()


async def test_short_steps_overtake_a_backlog_and_the_others_keep_their_order(
    transactions: Transactions,
) -> None:
    # Given steps that wait behind one that is running
    gate, order = threading.Event(), []

    def step(name: str) -> Callable[[Connection], None]:
        return lambda _: order.append(name)

    asked = [asyncio.ensure_future(transactions(lambda _: gate.wait(10)))]
    await asyncio.sleep(0.05)
    # When a short one comes last
    asked += [asyncio.ensure_future(transactions(step(name))) for name in ("a", "b", "c")]
    asked.append(asyncio.ensure_future(transactions(step("short"), first=True)))
    await asyncio.sleep(0)
    gate.set()
    await asyncio.gather(*asked)

    # Then it is served first
    assert order == ["short", "a", "b", "c"]


async def test_a_backlog_is_committed_in_pieces(transactions: Transactions, engine: Engine) -> None:
    # Given steps of which two fill a commit
    commits: list[object] = []
    event.listen(engine, "commit", commits.append)

    def slow(connection: Connection) -> int:
        until = time.monotonic() + SHARED_SECONDS * 0.6
        while time.monotonic() < until:
            pass
        return count_up(connection)

    # When ten wait at once
    results = await asyncio.gather(*(transactions(slow) for _ in range(10)))

    # Then none is lost, and none waits for all of them
    assert results == list(range(1, 11))
    assert len(commits) >= 5


# Those who seek


def seek(connection: Connection) -> int:
    """Finds the counter once somebody has counted, and begins anew."""
    found = connection.execute(select(counters.c.value).where(counters.c.name == "round")).scalar()
    if found:
        connection.execute(update(counters).where(counters.c.name == "round").values(value=0))
    return int(found or 0)


async def test_who_seeks_finds_at_once_what_is_there(transactions: Transactions) -> None:
    await transactions(count_up)

    assert await transactions.until_found(seek) == 1


async def test_who_seeks_finds_what_others_write_in_the_commit_that_writes_it(
    transactions: Transactions, engine: Engine
) -> None:
    sought = transactions.until_found(seek)
    await transactions(lambda _: None)
    commits: list[int] = []
    event.listen(engine, "commit", lambda _: commits.append(1))
    assert not sought.done()

    seen = await transactions(count_up)

    assert (seen, await sought) == (1, 1)
    assert commits == [1]
    assert counted(engine) == 0


async def test_short_steps_make_nobody_look(transactions: Transactions) -> None:
    looks: list[int] = []
    sought = transactions.until_found(lambda _: looks.append(1))
    await transactions(lambda _: None, first=True)

    await transactions(lambda _: None, first=True)
    short = len(looks)
    await transactions(lambda _: None)

    assert (short, len(looks)) == (1, 2)
    sought.cancel()


async def test_where_the_first_finds_nothing_the_others_need_not_look(
    transactions: Transactions,
) -> None:
    looks: list[str] = []
    sought = [
        transactions.until_found(lambda _, name=name: looks.append(name)) for name in ("a", "b")
    ]
    await transactions(lambda _: None, first=True)
    looks.clear()

    await transactions(lambda _: None)

    assert looks == ["a"]
    for one in sought:
        one.cancel()


async def test_what_one_leaves_the_next_one_finds(transactions: Transactions) -> None:
    first, second = (transactions.until_found(seek) for _ in range(2))
    await transactions(lambda _: None, first=True)

    await transactions(count_up)
    is_taken = (first.done(), second.done())
    await transactions(count_up)

    assert is_taken == (True, False)
    assert (await first, await second) == (1, 1)


async def test_who_seeks_no_more_takes_nothing(transactions: Transactions, engine: Engine) -> None:
    sought = transactions.until_found(seek)
    await transactions(lambda _: None)

    sought.cancel()
    await transactions(count_up)

    assert counted(engine) == 1


async def test_who_fails_while_he_seeks_undoes_nothing_of_others(
    transactions: Transactions, engine: Engine
) -> None:
    found: list[int] = []

    def fail_when_counted(connection: Connection) -> None:
        found.append(seek(connection))
        if found[-1]:
            raise ValueError("mine")

    sought = transactions.until_found(fail_when_counted)
    await transactions(lambda _: None, first=True)

    assert await transactions(count_up) == 1
    with pytest.raises(ValueError, match="mine"):
        await sought
    assert counted(engine) == 1
    assert found == [0, 1], "what was told already does not run once more"


async def test_who_seeks_finds_what_is_written_beside_a_step_that_fails(
    transactions: Transactions,
) -> None:
    def fail(_: Connection) -> None:
        raise ValueError("mine")

    sought = transactions.until_found(seek)
    await transactions(lambda _: None, first=True)

    failed, counted_up = await asyncio.gather(
        transactions(fail), transactions(count_up), return_exceptions=True
    )

    assert isinstance(failed, ValueError)
    assert (counted_up, sought.done()) == (1, True)
    assert await sought == 1


async def test_who_seeks_hears_that_the_database_went_away(
    transactions: Transactions, engine: Engine
) -> None:
    def go_away(_: Connection) -> None:
        raise OperationalError("", {}, OSError(), connection_invalidated=True)

    sought = transactions.until_found(seek)
    await transactions(lambda _: None)

    with pytest.raises(OperationalError):
        await transactions(go_away)

    with pytest.raises(OperationalError):
        await sought
    assert await transactions(count_up) == 1


async def test_who_seeks_looks_again_where_somebody_says_so(
    transactions: Transactions, engine: Engine
) -> None:
    sought = transactions.until_found(seek)
    await transactions(lambda _: None)
    with engine.begin() as elsewhere:
        count_up(elsewhere)

    transactions.look_again()

    assert await sought == 1


async def test_who_seeks_looks_behind_each_piece_of_a_backlog(transactions: Transactions) -> None:
    sought = transactions.until_found(seek)
    await transactions(lambda _: None, first=True)

    def long_step(connection: Connection) -> int:
        until = time.monotonic() + SHARED_SECONDS
        while time.monotonic() < until:
            pass
        return count_up(connection)

    backlog = [asyncio.ensure_future(transactions(long_step)) for _ in range(3)]

    assert await sought == 1
    assert sum(one.done() for one in backlog) < 3
    await asyncio.gather(*backlog)


# The end


async def test_what_conflicts_at_the_end_is_still_finished(engine: Engine) -> None:
    transactions = Transactions(engine, "test")
    tries: list[int] = []

    def conflict_once(connection: Connection) -> int:
        tries.append(1)
        if len(tries) == 1:
            raise Conflict
        return count_up(connection)

    asked = asyncio.ensure_future(transactions(conflict_once))
    await asyncio.sleep(0)
    await asyncio.to_thread(transactions.close)

    assert await asked == 1


async def test_a_statement_that_is_refused_is_no_database_that_is_away(
    transactions: Transactions, engine: Engine
) -> None:
    def reach_too_far(connection: Connection) -> None:
        # What each database refuses with the very class that it has for a lost connection.
        if engine.dialect.name == "sqlite":
            connection.execute(text("SELECT abs(-9223372036854775808)"))
        else:
            noise = "SELECT string_agg(md5(n::text), '') FROM generate_series(1, 400) AS n"
            connection.execute(text(f"INSERT INTO counters (name, value) VALUES (({noise}), 1)"))

    with pytest.raises(Refused) as refused:
        await transactions(reach_too_far)

    assert str(refused.value) in ("OperationalError 1", "OperationalError 54000")
    assert await transactions(count_up) == 1


@pytest.mark.parametrize(
    ("code", "words", "kind"),
    [
        pytest.param(sqlite3.SQLITE_FULL, "disk is full", OperationalError, id="full"),
        pytest.param(sqlite3.SQLITE_BUSY | 2 << 8, "locked", OperationalError, id="busy"),
        pytest.param(sqlite3.SQLITE_IOERR | 3 << 8, "disk", OperationalError, id="disk"),
        pytest.param(sqlite3.SQLITE_ERROR, "no such table: x", OperationalError, id="schema"),
        pytest.param(sqlite3.SQLITE_CORRUPT, "malformed", DatabaseAway, id="malformed"),
        pytest.param(sqlite3.SQLITE_NOTADB, "no database", DatabaseAway, id="no database"),
        pytest.param(sqlite3.SQLITE_ERROR, "bad: Ann's text", Refused, id="a statement"),
    ],
)
def test_what_speaks_of_the_file_is_waited_for(
    code: int, words: str, kind: type[Exception]
) -> None:
    driver = sqlite3.OperationalError(words)
    driver.sqlite_errorcode = code
    wrapped = DatabaseError if kind is DatabaseAway else OperationalError

    told = told_apart(wrapped("", {}, driver))

    assert type(told) is kind
    assert kind is OperationalError or words not in str(told)


@pytest.mark.parametrize(
    ("state", "wrapped", "kind"),
    [
        pytest.param("57014", OperationalError, OperationalError, id="waited too long for a lock"),
        pytest.param("53100", OperationalError, OperationalError, id="disk full"),
        pytest.param("", OperationalError, OperationalError, id="no connection"),
        pytest.param("54000", OperationalError, Refused, id="too much for one row"),
        pytest.param("42P01", ProgrammingError, DatabaseAway, id="schema"),
        pytest.param("42601", ProgrammingError, ProgrammingError, id="a statement"),
    ],
)
def test_what_postgres_says_of_itself_is_waited_for(
    state: str, wrapped: type[DatabaseError], kind: type[Exception]
) -> None:
    driver = Exception("told to nobody")
    driver.sqlstate = state  # type: ignore[attr-defined]  # as psycopg's errors have it

    assert type(told_apart(wrapped("", {}, driver))) is kind
