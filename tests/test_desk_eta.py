"""Promised times of `#eta`, and what becomes of a second promise (the core alone)."""

from dataclasses import replace
from datetime import datetime

import pytest
from calendars import calendar
from desk_builders import EVA, LEE, a_draft, a_policy, assigned, utc

from gateway.desk import sla
from gateway.desk.acknowledge import acknowledge
from gateway.desk.control import Refusal, read_control
from gateway.desk.decision import SendLetter
from gateway.desk.draft import Draft
from gateway.desk.eta import read_promise
from gateway.desk.evolve import evolve
from gateway.desk.model import Ticket

NOON = utc("2026-07-08T08:00")


def promised(line: str, at: datetime = NOON) -> datetime | str:
    """What a line promises, or why it does not."""
    block = read_control(line)
    if block.refusals:
        return block.refusals[0].reason
    (command,) = block.commands
    return read_promise(calendar(), at, command.eta, command.reason)


@pytest.mark.parametrize(
    ("line", "until"),
    [
        pytest.param("#eta 2h", "2026-07-08T10:00", id="hours"),
        pytest.param("#eta 2 hours", "2026-07-08T10:00", id="hours in full"),
        pytest.param("#eta 1 hr", "2026-07-08T09:00", id="hr"),
        pytest.param("#eta 30m", "2026-07-08T08:30", id="minutes"),
        pytest.param("#eta 90 min", "2026-07-08T09:30", id="min"),
        pytest.param("#eta 90 Minutes", "2026-07-08T09:30", id="minutes in full"),
        pytest.param("#eta 1.5h", "2026-07-08T09:30", id="half an hour more"),
        pytest.param("#eta 0,5 h", "2026-07-08T08:30", id="with a comma"),
        pytest.param("#eta 2h 30m", "2026-07-08T10:30", id="both"),
        pytest.param("#eta 2 hours and 30 minutes", "2026-07-08T10:30", id="both in full"),
        pytest.param("#eta in 2h", "2026-07-08T10:00", id="in"),
        pytest.param("#eta 14:30", "2026-07-08T10:30", id="time"),
        pytest.param("#eta 14.30", "2026-07-08T10:30", id="time with a dot"),
        pytest.param("#eta at 2:30 pm", "2026-07-08T10:30", id="afternoon"),
        pytest.param("#eta 9am", "2026-07-09T05:00", id="morning of the next day"),
        pytest.param("#eta 12:00", "2026-07-09T08:00", id="the same minute is the next day's"),
        pytest.param("#eta 2h the provider looks at it", "2026-07-08T10:00", id="with a note"),
        pytest.param("#eta 14:30 monitoring it", "2026-07-08T10:30", id="a note like a day"),
        pytest.param("#eta 2h – the provider looks", "2026-07-08T10:00", id="after a dash"),
        pytest.param("#eta 14:30 (waiting for Kim)", "2026-07-08T10:30", id="in brackets"),
        pytest.param("#eta 14:30 heute", "2026-07-08T10:30", id="today"),
    ],
)
def test_a_promise_is_a_span_or_a_time_of_the_desks_clock(line: str, until: str) -> None:
    assert promised(line) == utc(until)


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("#eta", "needs more", id="nothing"),
        pytest.param("#eta soon", "does not fit", id="a word"),
        pytest.param("#eta 90", "does not fit", id="no unit"),
        pytest.param("#eta 2d", "does not fit", id="days"),
        pytest.param("#eta 14.30h", "does not fit", id="time or hours"),
        pytest.param("#eta -2h", "does not fit", id="the past"),
        pytest.param("#eta 25:00", "no time of day", id="25 o'clock"),
        pytest.param("#eta 14:75", "no time of day", id="75 minutes"),
        pytest.param("#eta 14:30 pm", "no time of day", id="14 pm"),
        pytest.param("#eta 0h", "from now to 7 days", id="now"),
        pytest.param("#eta 200h", "from now to 7 days", id="too far"),
        pytest.param("#eta 10:00 tomorrow", "another day", id="tomorrow"),
        pytest.param("#eta 10:00 on Monday", "another day", id="Monday"),
        pytest.param("#eta 2:30 h", "another time", id="hours after a time"),
        pytest.param("#eta 1h 30", "another time", id="a number after a span"),
        pytest.param("#eta 14:30 +2", "another time", id="an offset"),
        pytest.param("#eta 14:30 07.08.", "another day", id="a date"),
        pytest.param("#eta 14:30 (Monday)", "another day", id="Monday in brackets"),
        pytest.param("#eta 14:30 am Montag", "another day", id="Montag"),
        pytest.param("#eta 14:30 morgen", "another day", id="morgen"),
        pytest.param("#eta 14:30 demain", "another day", id="demain"),
        pytest.param("#eta 14:30 mañana", "another day", id="mañana"),
        pytest.param("#eta 14:30 завтра", "another day", id="завтра"),
        pytest.param("#eta 14:30 UTC", "another day or zone", id="UTC"),
    ],
)
def test_what_could_be_read_in_two_ways_is_refused(line: str, reason: str) -> None:
    found = promised(line)

    assert isinstance(found, str)
    assert reason in found


def test_a_refused_time_comes_with_the_forms_that_are_understood() -> None:
    (refusal,) = read_control("#eta soon").refusals

    assert refusal.instead == "#eta 2h, #eta 90 min, #eta 2h 30m or #eta 14:30"


# Taking a missed promise on

POLICY = a_policy()


def escalated(steps: int = 1) -> Ticket:
    """A ticket of Wednesday noon whose promise was missed on Thursday noon."""
    ticket = assigned(POLICY)
    (clock,) = ticket.clocks
    return replace(ticket, clocks=(replace(clock, breached=True, escalated=steps),))


def take_on(
    ticket: Ticket, line: str, at: str = "2026-07-09T19:05", who: str = EVA
) -> tuple[Draft, Refusal | None]:
    """What follows from a command in reply to an escalation."""
    draft = a_draft(POLICY, at, ticket)
    (command,) = read_control(line).commands
    person = POLICY.staff.person(who)
    assert person
    return draft, acknowledge(draft, ticket.number, person, command)


def after(draft: Draft, ticket: Ticket) -> Ticket:
    for change in draft.changes:
        ticket = evolve(ticket, change)
    return ticket


def told(draft: Draft) -> list[tuple[str, str]]:
    return [(one.letter, one.to) for one in draft.changes if isinstance(one, SendLetter)]


def test_an_acknowledgement_holds_the_next_step_for_two_working_hours() -> None:
    ticket = escalated()

    draft, refusal = take_on(ticket, "#ack")

    (clock,) = after(draft, ticket).clocks
    assert refusal is None
    # 23:05 at the desk, which closes at midnight and opens at nine.
    assert (clock.held, clock.promised_at) == (2, utc("2026-07-10T06:05"))
    assert told(draft) == [("engineer_ack", LEE)]


def test_a_second_acknowledgement_hears_that_the_step_waits_once_only() -> None:
    ticket = escalated()
    ticket = after(take_on(ticket, "#ack")[0], ticket)

    draft, refusal = take_on(ticket, "#ack", at="2026-07-09T19:10")

    assert refusal
    assert "waits until" in refusal.reason
    assert "once only" in refusal.reason
    assert told(draft) == []


def test_somebody_else_may_take_it_on_and_the_step_waits_no_longer() -> None:
    ticket = escalated()
    ticket = after(take_on(ticket, "#ack")[0], ticket)
    (first,) = ticket.clocks

    draft, refusal = take_on(ticket, "#ack", at="2026-07-09T19:30", who=LEE)

    (clock,) = after(draft, ticket).clocks
    assert refusal is None
    assert (clock.promised_at, clock.promised_by) == (first.promised_at, LEE)


def test_seeing_it_before_anything_is_missed_promises_nothing() -> None:
    ticket = assigned(POLICY)

    draft, refusal = take_on(ticket, "#ack", at="2026-07-08T09:00")

    assert refusal is None
    assert draft.changes == []


def test_a_promise_before_the_due_time_is_told_and_holds_nothing() -> None:
    ticket = assigned(POLICY)

    draft, _ = take_on(ticket, "#eta 40h", at="2026-07-08T09:00")

    (clock,) = after(draft, ticket).clocks
    assert (clock.held, clock.promised_at) == (0, utc("2026-07-10T01:00"))
    assert sla.next_escalation(POLICY, clock).at == clock.due_at  # type: ignore[union-attr]  # there is one
    assert told(draft) == [("engineer_ack", LEE)]


def test_where_nobody_waits_there_is_nothing_to_take_on() -> None:
    draft, refusal = take_on(replace(assigned(POLICY), clocks=()), "#eta 2h")

    assert refusal
    assert "nobody waits" in refusal.reason
    assert draft.changes == []
