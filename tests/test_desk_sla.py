"""Due times and steps: the table of policy 4.9, and the laws of 4.10 over whole calendars."""

from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from calendars import ALWAYS, SHIFTS, WEEK, ZONES, calendar
from hypothesis import given
from hypothesis import strategies as st

from gateway.desk import sla
from gateway.desk.levels import HotRushLevel, NormalLevel, ServiceLevels
from gateway.desk.model import ClockKind
from gateway.desk.policy import HotRushRules
from gateway.worktime.hours import Calendar
from gateway.worktime.span import between
from gateway.worktime.zone import zone


def policy(desk: Calendar | None = None, **levels: Any) -> Any:
    """What service levels ask of a policy: a calendar and options."""
    return SimpleNamespace(
        calendar=desk or calendar(), sla=ServiceLevels(**levels), hotrush=HotRushRules()
    )


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "hotrush", "normal"),
    [
        pytest.param("2026-07-08T08:00", "2026-07-08T09:00", "2026-07-09T08:00", id="Wed 12:00"),
        pytest.param("2026-07-10T19:40", "2026-07-10T20:40", "2026-07-11T14:00", id="Fri 23:40"),
        pytest.param("2026-07-11T13:59", "2026-07-11T14:59", "2026-07-12T13:59", id="Sat 17:59"),
        pytest.param("2026-07-12T16:00", "2026-07-13T06:00", "2026-07-14T05:00", id="Sun 20:00"),
        pytest.param("2026-07-12T20:00", "2026-07-13T06:00", "2026-07-14T05:00", id="Mon 00:00"),
        pytest.param("2026-03-28T17:00", "2026-03-29T07:00", "2026-03-30T06:00", id="spring"),
        pytest.param("2026-10-24T14:30", "2026-10-25T08:00", "2026-10-26T07:00", id="autumn"),
        pytest.param("2026-12-11T20:40", "2026-12-11T21:40", "2026-12-12T15:00", id="winter"),
    ],
)
def test_due_times_are_those_of_the_policy(at: str, hotrush: str, normal: str) -> None:
    assert sla.due(policy(), utc(at), urgent=True) == utc(hotrush)
    assert sla.due(policy(), utc(at), urgent=False) == utc(normal)


def test_a_hotrush_may_count_working_time_only() -> None:
    working = policy(hotrush=HotRushLevel(mode="working"))

    assert sla.due(working, utc("2026-07-10T19:40"), urgent=True) == utc("2026-07-11T06:40")


def test_an_ordinary_answer_may_be_due_at_the_end_of_the_day() -> None:
    end_of_day = policy(normal=NormalLevel(mode="end_of_day"))

    assert sla.due(end_of_day, utc("2026-07-08T08:00"), urgent=False) == utc("2026-07-09T20:00")


def test_saturday_may_be_no_working_day_for_ordinary_answers() -> None:
    weekdays = policy(normal=NormalLevel(weekdays="mon-fri"))

    assert sla.due(weekdays, utc("2026-07-11T08:00"), urgent=False) == utc("2026-07-14T05:00")


def test_a_clock_has_its_steps_in_order() -> None:
    rules = policy()
    clock = sla.start_clock(rules, ClockKind.FIRST_RESPONSE, utc("2026-07-13T06:00"), urgent=False)

    steps = {step.name: step.at for step in sla.steps(rules, clock)}

    assert steps == {
        "reminder": utc("2026-07-14T05:00"),
        "warning": utc("2026-07-13T19:00"),
        "escalation 1": utc("2026-07-14T06:00"),
        "escalation 2": utc("2026-07-15T05:00"),
    }


def test_grace_moves_escalations_and_not_the_promise() -> None:
    rules = policy(hotrush=HotRushLevel(grace=timedelta(minutes=30)))
    clock = sla.start_clock(rules, ClockKind.ANSWER, utc("2026-07-08T08:00"), urgent=True)

    steps = {step.name: step.at for step in sla.steps(rules, clock)}

    assert clock.due_at == utc("2026-07-08T09:00")
    assert steps["escalation 1"] == utc("2026-07-08T09:30")
    assert steps["escalation 2"] == utc("2026-07-08T10:00")


def test_only_the_rest_of_an_hour_is_left_when_a_clock_goes_on() -> None:
    rules = policy()
    first = sla.start_clock(rules, ClockKind.FIRST_RESPONSE, utc("2026-07-08T07:00"), urgent=True)

    left = sla.time_left(rules, first, utc("2026-07-08T07:20"))
    resumed = sla.start_clock(
        rules, ClockKind.ANSWER, utc("2026-07-08T11:00"), urgent=True, left=left
    )

    assert resumed.due_at == utc("2026-07-08T11:40")


@pytest.mark.parametrize("text", ["dew", "due+", "due+1y", "after due", "due + -3m"])
def test_a_delay_that_cannot_be_read_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="next opening after due"):
        sla.delay_after_due(text)


calendars = st.builds(calendar, st.sampled_from((WEEK, ALWAYS, SHIFTS)), st.sampled_from(ZONES))
instants = st.integers(0, 2 * 366 * 86_400).map(
    lambda seconds: utc("2026-01-01T00:00") + timedelta(seconds=seconds)
)


@given(calendars, instants)
def test_a_hotrush_hour_is_an_hour(desk: Calendar, at: datetime) -> None:
    hour = timedelta(minutes=60)
    working = policy(desk, hotrush=HotRushLevel(mode="working"))

    assert sla.due(policy(desk), at, urgent=True) - desk.start(at) == hour
    assert between(desk, desk.start(at), sla.due(working, at, urgent=True)) == hour


@given(calendars, instants, instants)
def test_a_later_mail_is_never_due_earlier(desk: Calendar, one: datetime, other: datetime) -> None:
    rules, (early, late) = policy(desk), sorted((one, other))

    assert sla.due(rules, early, urgent=True) <= sla.due(rules, late, urgent=True)
    assert sla.due(rules, early, urgent=False) <= sla.due(rules, late, urgent=False)


@given(calendars, instants)
def test_an_ordinary_answer_is_due_within_the_next_working_day(
    desk: Calendar, at: datetime
) -> None:
    today = desk.day_of(desk.start(at))
    tomorrow = next(desk.working_days(today + timedelta(days=1)))

    due_at = sla.due(policy(desk), at, urgent=False)

    assert desk.opening_of(tomorrow) <= due_at <= desk.closing_of(tomorrow)


@given(
    st.sampled_from((WEEK, ALWAYS, SHIFTS)),
    st.sampled_from(ZONES),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    instants,
)
def test_one_more_holiday_never_makes_a_promise_earlier(
    week: dict[str, list[str]], name: str, holiday: date, at: datetime
) -> None:
    usual = policy(calendar(week, name))
    shorter = policy(calendar(week, name, holidays=(holiday,)))

    for urgent in (True, False):
        assert sla.due(shorter, at, urgent=urgent) >= sla.due(usual, at, urgent=urgent)


@given(instants)
def test_a_rule_and_the_name_it_describes_give_the_same_due_times(at: datetime) -> None:
    by_name = policy(calendar(name="Europe/Berlin"))
    by_rule = policy(calendar(name="CET-1CEST,M3.5.0,M10.5.0/3"))

    assert zone("Europe/Berlin") != zone("CET-1CEST,M3.5.0,M10.5.0/3")
    for urgent in (True, False):
        assert sla.due(by_name, at, urgent=urgent) == sla.due(by_rule, at, urgent=urgent)
