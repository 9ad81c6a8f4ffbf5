"""Laws of working time, in several zones and for awkward calendars (policy 4.10, 28 to 33)."""

from datetime import UTC, date, datetime, timedelta

from calendars import ALWAYS, SHIFTS, WEEK, ZONES, calendar
from hypothesis import given
from hypothesis import strategies as st

from gateway.worktime.hours import Calendar
from gateway.worktime.span import add, between, take

FIRST = datetime(2026, 1, 1, tzinfo=UTC)

calendars = st.builds(calendar, st.sampled_from((WEEK, ALWAYS, SHIFTS)), st.sampled_from(ZONES))
instants = st.integers(0, 2 * 366 * 86_400).map(lambda s: FIRST + timedelta(seconds=s))
spans = st.integers(0, 20 * 86_400).map(lambda s: timedelta(seconds=s))


@given(calendars, instants)
def test_starting_is_never_early_and_always_open(desk: Calendar, at: datetime) -> None:
    start_at = desk.start(at)

    assert start_at >= at
    assert desk.is_open(start_at)
    assert desk.start(start_at) == start_at


@given(calendars, instants, spans)
def test_measuring_what_was_added_gives_it_back(
    desk: Calendar, at: datetime, span: timedelta
) -> None:
    assert between(desk, at, add(desk, at, span)) == span


@given(calendars, instants, spans)
def test_measuring_what_was_taken_gives_it_back(
    desk: Calendar, at: datetime, span: timedelta
) -> None:
    assert between(desk, take(desk, at, span), at) == span


@given(calendars, instants, spans, spans)
def test_adding_is_associative(
    desk: Calendar, at: datetime, one: timedelta, other: timedelta
) -> None:
    assert add(desk, add(desk, at, one), other) == add(desk, at, one + other)


@given(calendars, instants, instants, spans)
def test_a_later_start_never_ends_earlier(
    desk: Calendar, one: datetime, other: datetime, span: timedelta
) -> None:
    early, late = sorted((one, other))

    assert add(desk, early, span) <= add(desk, late, span)


@given(calendars, instants, instants, instants)
def test_measures_add_up(desk: Calendar, one: datetime, two: datetime, three: datetime) -> None:
    assert between(desk, one, three) == between(desk, one, two) + between(desk, two, three)


@given(st.sampled_from(ZONES), instants, spans)
def test_a_desk_that_never_closes_counts_real_time(
    name: str, at: datetime, span: timedelta
) -> None:
    assert add(calendar(ALWAYS, name), at, span) == at + span


@given(
    st.sampled_from((WEEK, SHIFTS)),
    st.sampled_from(ZONES),
    st.dates(date(2026, 1, 1), date(2027, 12, 31)),
    instants,
    spans,
)
def test_one_more_holiday_never_makes_anything_earlier(
    week: dict[str, list[str]], name: str, holiday: date, at: datetime, span: timedelta
) -> None:
    usual = calendar(week, name)
    shorter = calendar(week, name, holidays=(holiday,))

    assert add(shorter, at, span) >= add(usual, at, span)
    assert shorter.start(at) >= usual.start(at)


@given(calendars, instants)
def test_results_do_not_depend_on_the_zone_an_instant_is_written_in(
    desk: Calendar, at: datetime
) -> None:
    elsewhere = at.astimezone(calendar(name="Asia/Kathmandu").zone)

    assert desk.start(elsewhere) == desk.start(at)
    assert add(desk, elsewhere, timedelta(hours=5)) == add(desk, at, timedelta(hours=5))
