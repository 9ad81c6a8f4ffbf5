"""When a desk is open: periods, openings, clock changes."""

from datetime import UTC, date, datetime, timedelta
from itertools import islice

import pytest
from calendars import ALWAYS, calendar

from gateway.worktime.hours import Calendar


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)


@pytest.mark.parametrize(
    ("at", "start"),
    [
        pytest.param(utc(2026, 7, 8, 8), utc(2026, 7, 8, 8), id="open"),
        pytest.param(utc(2026, 7, 12, 16), utc(2026, 7, 13, 5), id="Sunday 20:00 waits for Monday"),
        pytest.param(utc(2026, 7, 13, 4, 59, 59), utc(2026, 7, 13, 5), id="a second too early"),
        pytest.param(utc(2026, 7, 10, 20), utc(2026, 7, 11, 6), id="24:00 is closed"),
        pytest.param(utc(2026, 7, 14, 19, 59, 59), utc(2026, 7, 14, 19, 59, 59), id="before 24:00"),
        pytest.param(utc(2026, 3, 28, 17), utc(2026, 3, 29, 6), id="over the spring change"),
        pytest.param(utc(2026, 10, 24, 14, 30), utc(2026, 10, 25, 7), id="over the autumn change"),
    ],
)
def test_working_time_starts_now_or_at_the_next_opening(at: datetime, start: datetime) -> None:
    assert calendar().start(at) == start


def test_a_holiday_has_no_hours_and_a_special_day_its_own() -> None:
    desk = calendar(
        holidays=(date(2027, 1, 1),), special_days={date(2026, 12, 31): ((9 * 60, 15 * 60),)}
    )

    eve = list(islice(desk.open_periods(utc(2026, 12, 31, 5)), 2))

    assert [(one.opens_at, one.closes_at) for one in eve] == [
        (utc(2026, 12, 31, 6), utc(2026, 12, 31, 12)),
        (utc(2027, 1, 2, 7), utc(2027, 1, 2, 15)),
    ]


def test_a_time_in_the_spring_gap_means_the_first_instant_after_it() -> None:
    berlin = calendar(name="Europe/Berlin")

    assert berlin.instant(date(2026, 3, 29), 2 * 60 + 30) == utc(2026, 3, 29, 1)


def test_a_time_that_comes_twice_means_the_first_of_the_two() -> None:
    berlin = calendar(name="Europe/Berlin")

    assert berlin.instant(date(2026, 10, 25), 2 * 60 + 30) == utc(2026, 10, 25, 0, 30)


def test_a_desk_that_never_closes_still_begins_its_days() -> None:
    openings = list(islice(calendar(ALWAYS).day_openings(utc(2026, 7, 8, 8)), 2))

    assert openings == [utc(2026, 7, 8, 20), utc(2026, 7, 9, 20)]


def test_a_shift_over_midnight_runs_straight_through() -> None:
    night = calendar({"mon": ["22:00-06:00"]})
    opens_at = night.start(utc(2026, 7, 13, 12))

    assert opens_at == utc(2026, 7, 13, 18)
    assert all(night.is_open(opens_at + timedelta(hours=hours)) for hours in range(8))
    assert not night.is_open(opens_at + timedelta(hours=8))


def test_the_stream_goes_back_as_it_goes_forward() -> None:
    desk = calendar()
    from_at, until_at = utc(2026, 3, 20), utc(2026, 4, 5)

    forward = [p for p in islice(desk.open_periods(from_at), 40) if p.closes_at < until_at]
    backward = [p for p in islice(desk.past_periods(until_at), 40) if p.opens_at >= from_at]

    assert [p for p in forward if p.opens_at >= from_at] == [
        p for p in reversed(backward) if p.closes_at < until_at
    ]


def test_a_calendar_without_any_hour_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one period"):
        Calendar(zone=UTC, week=((),) * 7)
