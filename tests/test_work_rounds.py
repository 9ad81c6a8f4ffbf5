"""Rounds on a whole desk: escalations taken on, poisoned steps, standstills, changed calendars."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from desks import change
from small_desk import SmallDesk, small_desk, text_of, utc
from sqlalchemy import insert, select, update

from gateway.store.tables import clocks, steps, timers
from gateway.work.reader import Reader

ANN, EVA, LEE, MIA = "ann@acme.example", "eva@desk.example", "lee@desk.example", "mia@desk.example"
INBOX, OPERATOR = "support@desk.example", "postmaster@desk.example"
ONCALL = "oncall@desk.example"
ESCALATION, REMINDER = "engineer_escalation", "engineer_sla_reminder"


# One reading process serves all desks, as it serves all mails of a daemon.
pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    made = Reader()
    yield made
    await made.close()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(tmp_path: Path, either_url: str, reader: Reader) -> AsyncIterator[SmallDesk]:
    """A desk with a customer who has credits, on a Wednesday before noon."""
    async with small_desk(tmp_path, either_url, reader, "2026-07-08T07:00") as made:
        made.run("customers", "add", "acme", "--contact", ANN)
        made.run("credits", "grant", "acme", "40", "Welcome")
        yield made


async def escalated(desk: SmallDesk) -> str:
    """A HotRush of Wednesday 12:00, missed at 13:00; where Lee answers the escalation."""
    await desk.receive(ANN, INBOX, "[HotRush] Shop is down", "Help!", "2026-07-08T08:00")
    assert (ESCALATION, LEE) in await desk.ring("2026-07-08T09:00")
    return str(desk.last(ESCALATION, LEE)["Reply-To"])


def just_before(text: str) -> str:
    """A second before an instant."""
    return (datetime.fromisoformat(text) - timedelta(seconds=1)).isoformat()


# Escalations taken on


@pytest.mark.parametrize(
    ("text", "until"),
    [
        pytest.param("#eta 2h", "2026-07-08T11:05", id="a span"),
        pytest.param("#eta 14:30", "2026-07-08T10:30", id="a time of the desk's clock"),
        pytest.param("#ack", "2026-07-08T09:35", id="no time: half an hour for a HotRush"),
        pytest.param("#take", "2026-07-08T09:35", id="taken"),
    ],
)
async def test_a_promise_in_reply_to_an_escalation_holds_the_next_step_once(
    desk: SmallDesk, text: str, until: str
) -> None:
    # Given an escalation that was answered
    reply_to = await escalated(desk)
    await desk.receive(LEE, reply_to, "Re: Shop is down", text, "2026-07-08T09:05")

    # When the second step would be due, and a minute before the promised time
    early = [*await desk.ring("2026-07-08T09:30"), *await desk.ring(just_before(until))]
    held = await desk.ring(until)
    later = await desk.ring("2026-07-08T19:00")

    # Then the manager hears at the promised time, once
    assert (ESCALATION, MIA) not in early
    assert (ESCALATION, MIA) in held
    assert (ESCALATION, MIA) not in later


async def test_the_lead_is_told_who_looks_after_it(desk: SmallDesk) -> None:
    await escalated(desk)
    reply_to = str(desk.last(ESCALATION, ONCALL)["Reply-To"])

    await desk.receive(EVA, reply_to, "Re: Shop is down", "#eta 2h", "2026-07-08T09:05")

    told = text_of(desk.last("engineer_ack", LEE))
    assert "Eva looks after T-1001" in told
    assert "15:05" in told


async def test_the_same_step_does_not_wait_for_a_second_promise(desk: SmallDesk) -> None:
    reply_to = await escalated(desk)
    await desk.receive(LEE, reply_to, "Re: Shop", "#eta 1h", "2026-07-08T09:05")
    await desk.receive(LEE, reply_to, "Re: Shop", "#eta 5h", "2026-07-08T09:10")

    assert "once only" in text_of(desk.last("engineer_command_error", LEE))
    assert (ESCALATION, MIA) in await desk.ring("2026-07-08T10:05")


async def test_an_escalation_carries_what_is_needed_to_act(desk: SmallDesk) -> None:
    reply_to = await escalated(desk)

    words = " ".join(text_of(desk.last(ESCALATION, LEE)).split())

    for needed in (ANN, "acme", "Waiting: since", "Overdue: by", "Help!", "#ack", "#eta", reply_to):
        assert needed in words
    assert "manager hears of it" in words


# Poison


async def test_a_poisoned_step_is_set_aside_and_told_while_others_go_on(desk: SmallDesk) -> None:
    # Given a step that cannot be understood, and a ticket with a good one at the same time
    await desk.receive(ANN, INBOX, "[HotRush] One", "Help!", "2026-07-08T08:00")
    await desk.receive(ANN, INBOX, "[HotRush] Two", "Help too!", "2026-07-08T08:00")
    due_at = utc("2026-07-08T09:00")
    with desk.parts.engine.begin() as connection:
        connection.execute(
            insert(timers).values(
                ticket=1001, clock="first_response", step="escalation x", at=due_at, due_at=due_at
            )
        )

    # When the round comes, and the tries after it
    first = await desk.ring("2026-07-08T09:00")
    second = await desk.ring("2026-07-08T09:01")
    third = await desk.ring("2026-07-08T09:06")
    fourth = await desk.ring("2026-07-08T09:20")

    # Then the good one went out at once; the operator hears of the other after the third try
    assert [to for letter, to in first if letter == ESCALATION].count(LEE) == 1
    assert ("operator_alert", OPERATOR) not in [*first, *second]
    assert ("operator_alert", OPERATOR) in third
    assert "T-1001" in text_of(desk.last("operator_alert", OPERATOR))
    assert fourth == []


async def test_a_start_tries_again_what_was_set_aside(desk: SmallDesk) -> None:
    await desk.receive(ANN, INBOX, "[HotRush] One", "Help!", "2026-07-08T08:00")
    with desk.parts.engine.begin() as connection:
        connection.execute(update(timers).values(parked_at=desk.at, tries=3, failure="a bug"))
    assert await desk.ring("2026-07-08T09:00") == []

    await desk.start_anew()

    assert (ESCALATION, LEE) in await desk.ring("2026-07-08T09:00")


# Standstill


async def test_after_a_standstill_each_escalation_goes_out_once_and_says_late(
    desk: SmallDesk,
) -> None:
    await desk.receive(ANN, INBOX, "[HotRush] One", "Help!", "2026-07-08T08:00")

    sent = await desk.ring("2026-07-08T12:00")

    assert ("engineer_sla_warning", ONCALL) not in sent
    assert sent.count((ESCALATION, LEE)) == 1
    assert sent.count((ESCALATION, MIA)) == 1
    assert "sent late" in text_of(desk.last(ESCALATION, MIA))
    assert await desk.ring("2026-07-08T12:01") == []


# A changed calendar


async def test_a_changed_calendar_moves_promises_at_start_without_a_letter(
    desk: SmallDesk,
) -> None:
    # Given an ordinary ticket that is due on Thursday
    await desk.receive(ANN, INBOX, "Tax", "How do I set up VAT?", "2026-07-08T08:00")
    letters = len(desk.letters())

    # When Thursday becomes a holiday
    policy = desk.path.parent / "policy.toml"
    change(policy, "holidays = []", 'holidays = ["2026-07-09"]')
    moved = await desk.start_anew()
    again = await desk.start_anew()

    # Then it is due on Friday, everything moved with it, and nobody was written to
    (clock,) = desk.rows(select(clocks.c.due_at))
    assert clock.due_at == utc("2026-07-10T08:00")
    assert (moved, again) == (1, 0)
    assert len(desk.letters()) == letters
    assert await desk.ring("2026-07-09T08:00") == []
    assert (ESCALATION, LEE) in await desk.ring("2026-07-10T08:00")


async def test_what_a_shorter_calendar_makes_overdue_is_told_in_the_next_round(
    desk: SmallDesk,
) -> None:
    # Given a ticket due on Friday because Thursday was to be a holiday
    policy = desk.path.parent / "policy.toml"
    change(policy, "holidays = []", 'holidays = ["2026-07-09"]')
    await desk.start_anew()
    await desk.receive(ANN, INBOX, "Tax", "How do I set up VAT?", "2026-07-08T08:00")

    # When on Thursday afternoon the holiday turns out to be none
    change(policy, 'holidays = ["2026-07-09"]', "holidays = []")
    desk.at = utc("2026-07-09T10:00")
    await desk.start_anew()
    sent = await desk.ring("2026-07-09T10:00")

    # Then it is overdue since noon, and the lead hears of it at once
    assert (ESCALATION, LEE) in sent
    assert "Overdue:   by 2" in text_of(desk.last(ESCALATION, LEE))


async def test_a_step_is_recorded_once_for_its_due_time(desk: SmallDesk) -> None:
    await desk.receive(ANN, INBOX, "[HotRush] One", "Help!", "2026-07-08T08:00")
    armed = desk.rows(select(timers).where(timers.c.step == "escalation 1"))
    await desk.ring("2026-07-08T09:00")

    # The same timer once more, as a restored backup would bring it back.
    with desk.parts.engine.begin() as connection:
        connection.execute(insert(timers), [dict(one._mapping) for one in armed])
    again = await desk.ring("2026-07-08T09:01")

    assert again == []
    found = desk.rows(select(steps.c.step).where(steps.c.step == "escalation 1"))
    assert len(found) == 1
