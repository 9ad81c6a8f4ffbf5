"""A desk full of promises, written straight into the tables: as many timers as a test asks for."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, Engine, func, insert, select

from gateway.desk.policy import Policy
from gateway.desk.recount import fingerprint
from gateway.desk.step import REMINDER, WARNING, escalation
from gateway.store.mail_tables import outbox
from gateway.store.marks import CALENDAR, set_mark
from gateway.store.tables import accounts, clocks, steps, tickets, timers

EVA = "eva@desk.example"
LEE = "lee@desk.example"
FIRST_NUMBER = 1001
STEP_NAMES = (WARNING, escalation(1))
BATCH = 5_000
LATER = timedelta(days=7)


@dataclass(frozen=True)
class Planned:
    """One step of a ticket of its own."""

    ticket: int
    step: str
    at: datetime
    due_at: datetime


def plan(times: Iterable[datetime], names: Sequence[str] = STEP_NAMES) -> list[Planned]:
    """A ticket of Eva's for each instant, with one step: the given ones in turn."""
    later = {WARNING: timedelta(minutes=30), REMINDER: timedelta(hours=4)}
    return [
        Planned(
            ticket=FIRST_NUMBER + number,
            step=names[number % len(names)],
            at=at,
            due_at=at + later.get(names[number % len(names)], timedelta(0)),
        )
        for number, at in enumerate(times)
    ]


def fill(engine: Engine, policy: Policy, planned: Sequence[Planned]) -> None:
    """Write them, as if this calendar had always been the desk's."""
    year = datetime.now(UTC).year
    with engine.begin() as connection:
        began_at = min((one.at for one in planned), default=datetime.now(UTC)) - timedelta(days=1)
        local_year = policy.calendar.local(began_at).year if planned else year
        mark = fingerprint(policy, local_year)
        set_mark(connection, CALENDAR, mark, at=began_at, details={})
        connection.execute(insert(accounts).values(id="acme", opened_at=began_at))
        for first in range(0, len(planned), BATCH):
            _write(connection, planned[first : first + BATCH], began_at)


def _write(connection: Connection, planned: Sequence[Planned], began_at: datetime) -> None:
    connection.execute(insert(tickets), [_ticket(one, began_at) for one in planned])
    connection.execute(
        insert(clocks),
        [
            {
                "ticket": one.ticket,
                "kind": "first_response",
                "started_at": began_at,
                "due_at": one.due_at,
                "urgent": True,
            }
            for one in planned
        ],
    )
    rows = [_timer(one, one.step, one.at, began_at) for one in planned]
    # Whoever waits has a reminder ahead; housekeeping would arm a missing one again.
    rows += [
        _timer(one, REMINDER, one.at + LATER, began_at) for one in planned if one.step != REMINDER
    ]
    connection.execute(insert(timers), rows)


def _timer(one: Planned, step: str, at: datetime, began_at: datetime) -> dict[str, object]:
    return {
        "ticket": one.ticket,
        "clock": "first_response",
        "step": step,
        "at": at,
        "due_at": one.due_at,
        "armed_at": began_at,
        "not_before": at,
    }


def _ticket(one: Planned, began_at: datetime) -> dict[str, object]:
    return {
        "number": one.ticket,
        "account": "acme",
        "requester": "ann@acme.example",
        "department": "support",
        "subject": f"Question {one.ticket}",
        "status": "assigned",
        "waiting_on": "staff",
        "hotrush": "active",
        "payment": "ask_first",
        "assignee": EVA,
        "received_at": began_at,
        "last_text": "How do I set up VAT for one country?",
        "thread": [],
    }


def waiting(engine: Engine, planned: Sequence[Planned]) -> int:
    """How many of the planned steps have not been dealt with yet."""
    with engine.connect() as connection:
        done = connection.execute(select(func.count(steps.c.ticket.distinct()))).scalar_one()
    return len(planned) - done


async def wait_until_left(engine: Engine, planned: Sequence[Planned], left: int = 0) -> None:
    """Until so few of the planned steps are still to be dealt with."""
    while await asyncio.to_thread(waiting, engine, planned) > left:  # noqa: ASYNC110 - another process writes the rows and tells nobody
        await asyncio.sleep(0.2)


def assert_once_each(engine: Engine, planned: Sequence[Planned]) -> None:
    """Every planned step was dealt with once, and every letter of it is there once."""
    with engine.connect() as connection:
        done = connection.execute(select(steps.c.ticket, steps.c.step, steps.c.sent)).all()
        letters = connection.execute(
            select(outbox.c.ticket, outbox.c.letter, outbox.c.recipient).where(
                outbox.c.ticket.is_not(None)
            )
        ).all()
    wanted = sorted((one.ticket, one.step) for one in planned)
    assert sorted((one.ticket, one.step) for one in done) == wanted
    assert sorted(tuple(one) for one in letters) == sorted(
        letter for one in planned for letter in _letters(one)
    )


def _letters(one: Planned) -> Iterable[tuple[int, str, str]]:
    """The letters about one ticket alone."""
    if one.step == WARNING:
        yield one.ticket, "engineer_sla_warning", EVA
    elif one.step != REMINDER:
        yield one.ticket, "engineer_escalation", LEE
        yield one.ticket, "engineer_escalation", EVA
