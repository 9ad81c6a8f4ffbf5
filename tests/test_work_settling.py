"""Settling: letters that were sent at the same time share one step, each is settled once."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, insert, select, text
from sqlalchemy.exc import IntegrityError, OperationalError

from gateway.store.engine import open_engine
from gateway.store.mail_tables import outbox
from gateway.store.outbox import Sent
from gateway.store.transaction import Transactions
from gateway.store.upgrade import upgrade
from gateway.work.settling import Settling

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)


class Counting(Transactions):
    """Counts the steps that are handed in, and is away for the first ones."""

    steps = 0
    away = 0

    async def __call__(self, step: Any, **how: Any) -> Any:
        self.steps += 1
        if self.steps <= self.away:
            raise OperationalError("", {}, OSError())
        return await super().__call__(step, **how)


@pytest.fixture
def transactions(engine: Engine) -> Iterator[Counting]:
    made = Counting(engine, "test")
    yield made
    made.close()


def claimed(engine: Engine, count: int) -> list[Sent]:
    """Letters on their way."""
    with engine.begin() as connection:
        connection.execute(
            insert(outbox),
            [
                {
                    "event": str(number),
                    "letter": "answer",
                    "recipient": "kim@newco.example",
                    "audience": "customer",
                    "message_id": f"<{number}@desk.example>",
                    "content": b"",
                    "packing": "",
                    "state": "sending",
                    "holder": "node/0",
                    "lease_until": AT + timedelta(minutes=10),
                    "priority": 3,
                    "created_at": AT,
                    "not_before": AT,
                    "failure": "",
                    "domain": "",
                }
                for number in range(count)
            ],
        )
        found = connection.execute(select(outbox.c.id)).scalars()
        return [Sent(one, "node/0", AT) for one in found]


def states(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(select(outbox.c.state)).scalars())


async def test_letters_that_left_together_are_settled_together(
    engine: Engine, transactions: Counting
) -> None:
    settling = Settling(transactions)

    await asyncio.gather(*(settling.sent(one) for one in claimed(engine, 5)))

    assert states(engine) == {"sent"}
    assert transactions.steps == 1


async def test_a_letter_that_comes_too_late_for_one_step_is_in_the_next(
    engine: Engine, transactions: Counting
) -> None:
    settling = Settling(transactions)
    first, second = claimed(engine, 2)

    await settling.sent(first)
    await settling.sent(second)

    assert states(engine) == {"sent"}
    assert transactions.steps == 2


async def test_after_a_step_that_could_not_be_handed_in_comes_another(
    engine: Engine, transactions: Counting
) -> None:
    settling = Settling(transactions)
    transactions.away = 1
    (one,) = claimed(engine, 1)

    with pytest.raises(OperationalError):
        await settling.sent(one)
    await settling.sent(one)

    assert states(engine) == {"sent"}


async def test_what_another_settled_is_left_as_it_is(
    engine: Engine, transactions: Counting
) -> None:
    mine, lost = claimed(engine, 2)

    await asyncio.gather(
        *(
            Settling(transactions).sent(one)
            for one in (mine, Sent(lost.id, "another/0", AT + timedelta(hours=1)))
        )
    )

    with engine.connect() as connection:
        rows = connection.execute(select(outbox.c.id, outbox.c.state)).all()
    assert {tuple(row) for row in rows} == {(mine.id, "sent"), (lost.id, "sending")}


async def test_a_row_that_is_refused_holds_up_no_other(sqlite_url: str) -> None:
    # Given two letters that left together, of which the database refuses one
    engine = open_engine(sqlite_url)
    upgrade(engine)
    refused, other = claimed(engine, 2)
    with engine.begin() as connection:
        connection.execute(
            text(
                f"CREATE TRIGGER refusing BEFORE UPDATE ON outbox WHEN OLD.id = {refused.id} "
                "BEGIN SELECT RAISE(ABORT, 'no'); END"
            )
        )
    transactions = Counting(engine, "test")
    settling = Settling(transactions)
    both = (refused, other)
    await asyncio.gather(*map(settling.sent, both), return_exceptions=True)

    outcomes = await asyncio.gather(
        *(settling.sent(one, together=False) for one in both), return_exceptions=True
    )

    transactions.close()
    assert isinstance(outcomes[0], IntegrityError)
    assert outcomes[1] is None
    with engine.connect() as connection:
        rows = connection.execute(select(outbox.c.id, outbox.c.state)).all()
    assert {tuple(row) for row in rows} == {(refused.id, "sending"), (other.id, "sent")}
    engine.dispose()
