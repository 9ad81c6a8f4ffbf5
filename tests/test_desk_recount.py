"""Running promises are counted again when the calendar changes (the core alone)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from calendars import WEEK, calendar
from desk_builders import a_policy, a_ticket, assigned, utc

from gateway.desk import sla
from gateway.desk.clock_change import ArmStep, RecountClock
from gateway.desk.levels import HotRushLevel, NormalLevel, ServiceLevels
from gateway.desk.model import Assessment, ClockKind, Status, Ticket, Verdict
from gateway.desk.policy import HotRushRules, Policy
from gateway.desk.recount import fingerprint, recount
from gateway.desk.reminder import Timer

OLD = a_policy()
LONGER = a_policy(desk=calendar({**WEEK, "wed": ["08:00-24:00"], "thu": ["08:00-24:00"]}))
THURSDAY_OFF = a_policy(desk=calendar(holidays=(date(2026, 7, 9),)))
NOW = utc("2026-07-08T08:30")


def timers(policy: Policy, ticket: Ticket, *, but: tuple[str, ...] = ()) -> list[Timer]:
    """The steps of a ticket that are still to come, as the store would hand them over."""
    return [
        Timer(
            ticket=ticket.number,
            clock=str(clock.kind),
            step=step.name,
            at=step.at,
            due_at=clock.due_at,
        )
        for clock in ticket.clocks
        for step in sla.steps(policy, clock)
        if step.name not in but
    ]


def counted(
    policy: Policy, ticket: Ticket, pending: list[Timer], at: str = "2026-07-08T08:30"
) -> RecountClock | None:
    """What the one clock of a ticket becomes."""
    decision = recount(policy, utc(at), ticket, pending)
    if decision is None:
        return None
    (change,) = decision.changes
    assert isinstance(change, RecountClock)
    return change


def steps(change: RecountClock | None) -> dict[str, Any]:
    assert change
    return {step.name: step.at for step in change.steps}


def test_the_same_calendar_moves_nothing() -> None:
    ticket = assigned(OLD)

    assert counted(OLD, ticket, timers(OLD, ticket)) is None


def test_a_holiday_moves_the_due_time_and_every_step() -> None:
    ticket = assigned(OLD)

    found = counted(THURSDAY_OFF, ticket, timers(OLD, ticket))

    assert found
    assert found.clock.due_at == utc("2026-07-10T08:00")
    assert steps(found) == {
        "reminder": utc("2026-07-10T05:00"),
        # Two working hours before the due time, none of them on the holiday.
        "warning": utc("2026-07-10T06:00"),
        "escalation 1": utc("2026-07-10T08:00"),
        "escalation 2": utc("2026-07-11T06:00"),
    }


def test_counting_begins_where_the_clock_began_not_now() -> None:
    ticket = assigned(OLD, "2026-07-08T04:30")

    found = counted(LONGER, ticket, timers(OLD, ticket))

    # 8:30 at the desk: closed before, open now.
    assert found
    assert found.clock.started_at == utc("2026-07-08T04:30")
    assert found.clock.due_at == utc("2026-07-09T04:30")


def test_what_is_no_longer_broken_begins_anew() -> None:
    broken = assigned(OLD)
    (clock,) = broken.clocks
    ticket = replace(broken, clocks=(replace(clock, breached=True, escalated=1),))
    pending = timers(OLD, ticket, but=("warning", "escalation 1"))

    found = counted(THURSDAY_OFF, ticket, pending, at="2026-07-09T09:00")

    assert found
    assert (found.clock.breached, found.clock.escalated) == (False, 0)
    assert {"warning", "escalation 1", "escalation 2"} <= set(steps(found))


def test_what_stays_broken_keeps_what_went_out_and_who_took_it_on() -> None:
    broken = assigned(OLD)
    (clock,) = broken.clocks
    until = utc("2026-07-10T12:00")
    taken = replace(clock, breached=True, escalated=1, held=2, promised_at=until, promised_by="eva")
    ticket = replace(broken, clocks=(taken,))
    later = a_policy(sla=ServiceLevels(normal=NormalLevel(mode="end_of_day")))
    pending = timers(OLD, ticket, but=("warning", "escalation 1"))

    found = counted(later, ticket, pending, at="2026-07-10T06:00")

    assert found
    assert found.clock == replace(taken, due_at=utc("2026-07-09T20:00"))
    assert steps(found)["escalation 2"] == until
    assert "escalation 1" not in steps(found)


def test_a_resumed_clock_keeps_its_rest() -> None:
    rest = timedelta(hours=1)
    clock = sla.start_clock(OLD, ClockKind.ANSWER, utc("2026-07-08T19:30"), urgent=False, left=rest)
    ticket = assigned(OLD, clock=clock)

    found = counted(THURSDAY_OFF, ticket, timers(OLD, ticket), at="2026-07-08T19:40")

    assert clock.due_at == utc("2026-07-09T05:30")
    assert found
    assert found.clock.due_at == utc("2026-07-10T05:30")


def test_the_return_of_a_doubling_is_not_forgotten() -> None:
    rules = HotRushRules(refund_on_breach=True)
    before = a_policy(hotrush=rules)
    ticket = assigned(before, urgent=True)
    level = ServiceLevels(hotrush=HotRushLevel(target=timedelta(minutes=90)))

    found = counted(a_policy(hotrush=rules, sla=level), ticket, timers(before, ticket))

    assert steps(found)["breach"] == utc("2026-07-08T09:30:01")


def test_a_doubling_returned_before_is_not_returned_again() -> None:
    rules = HotRushRules(refund_on_breach=True)
    policy = a_policy(hotrush=rules)
    ticket = assigned(policy, urgent=True)
    pending = timers(policy, ticket, but=("breach", "warning", "reminder", "escalation 1"))

    found = counted(policy, ticket, pending, at="2026-07-08T09:10")

    assert "breach" not in steps(found)


def test_the_customers_reminder_moves_and_the_expiry_stays() -> None:
    proposed_at = utc("2026-07-08T08:00")
    one = Assessment(
        number=1, category=2, base=10, multiplier=1, verdict=Verdict.OPEN, proposed_at=proposed_at
    )
    ticket = a_ticket(status=Status.AWAITING, assessments=(one,))
    reminder, expiry = sla.confirmation_steps(OLD, proposed_at)
    pending = [
        Timer(ticket=1001, clock="A1", step=step.name, at=step.at, due_at=expiry.at)
        for step in (reminder, expiry)
    ]

    decision = recount(THURSDAY_OFF, NOW, ticket, pending)

    assert decision
    (change,) = decision.changes
    assert isinstance(change, ArmStep)
    assert (reminder.at, change.step.at) == (utc("2026-07-10T05:00"), utc("2026-07-11T06:00"))
    assert change.due_at == expiry.at


@pytest.mark.parametrize(
    ("policy", "same"),
    [
        pytest.param(a_policy(), True, id="nothing"),
        pytest.param(
            a_policy(desk=calendar(name="MSK-3MSD,M3.5.0/2,M10.5.0/3")),
            True,
            id="another spelling",
        ),
        pytest.param(LONGER, False, id="hours"),
        pytest.param(THURSDAY_OFF, False, id="a holiday"),
        pytest.param(a_policy(sla=ServiceLevels(followups="normal")), False, id="a service level"),
        pytest.param(a_policy(desk=calendar(name="Europe/Berlin")), False, id="the zone"),
    ],
)
def test_a_fingerprint_is_of_what_due_times_depend_on(policy: Policy, *, same: bool) -> None:
    assert (fingerprint(policy, 2026) == fingerprint(OLD, 2026)) is same
