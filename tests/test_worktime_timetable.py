"""Calendars as text, and what is wrong with them."""

from datetime import date

import pytest

from gateway.worktime.timetable import WrongTimetable, read_special_day, read_week


def test_days_that_are_not_named_are_closed() -> None:
    week = read_week({"mon": ["09:00-13:00", "14:00-24:00"]})

    assert week == (((540, 780), (840, 1440)), (), (), (), (), (), ())


def test_a_period_over_midnight_belongs_to_two_days() -> None:
    week = read_week({"sun": ["22:00-06:00"]})

    assert week[6] == ((1320, 1440),)
    assert week[0] == ((0, 360),)


@pytest.mark.parametrize(
    ("week", "complaint"),
    [
        pytest.param({}, "no open hours", id="nothing"),
        pytest.param({"mon": []}, "no open hours", id="only empty days"),
        pytest.param({"monday": ["09:00-18:00"]}, "unknown day 'monday'", id="a day's full name"),
        pytest.param({"mon": ["9-18"]}, "'9-18' is no period", id="no minutes"),
        pytest.param({"mon": ["09:00-25:00"]}, "25:00 is no time", id="25:00"),
        pytest.param({"mon": ["09:60-18:00"]}, "09:60 is no time", id="60 minutes"),
        pytest.param({"mon": ["09:00-09:00"]}, "empty", id="no length"),
        pytest.param(
            {"mon": ["09:00-13:00", "12:00-18:00"]},
            "09:00-13:00 and 12:00-18:00 overlap",
            id="overlapping",
        ),
        pytest.param(
            {"mon": ["22:00-06:00"], "tue": ["05:00-09:00"]}, "overlap", id="over midnight"
        ),
    ],
)
def test_a_week_that_cannot_be_meant_is_refused_by_name(
    week: dict[str, list[str]], complaint: str
) -> None:
    with pytest.raises(WrongTimetable, match=complaint):
        read_week(week)


def test_a_special_day_over_midnight_says_how_to_write_it() -> None:
    with pytest.raises(WrongTimetable, match="each of the two days"):
        read_special_day(date(2026, 12, 31), ["22:00-02:00"])
