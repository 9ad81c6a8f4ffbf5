"""Holidays of iCalendar files: all-day events, series, exceptions, and lines that are wrong."""

import contextlib
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.worktime.ical import WrongCalendarFile, read_calendar_file
from gateway.worktime.recurrence import WrongRule, days, read_rule

CALENDAR = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{}END:VCALENDAR\r\n"


def event(*lines: str) -> str:
    return "".join(f"{line}\r\n" for line in ("BEGIN:VEVENT", *lines, "END:VEVENT"))


def holidays(year: int, *events: str) -> list[str]:
    made = read_calendar_file(CALENDAR.format("".join(events)))(year)
    return [f"{day:%m-%d}" for day in sorted(made)]


@pytest.mark.parametrize(
    ("lines", "wanted"),
    [
        pytest.param(["DTSTART;VALUE=DATE:20260501"], ["05-01"], id="one day"),
        pytest.param(
            ["DTSTART;VALUE=DATE:20260501", "DTEND;VALUE=DATE:20260503"],
            ["05-01", "05-02"],
            id="the end is the day after the last",
        ),
        pytest.param(
            ["DTSTART;VALUE=DATE:20260501", "DTEND;VALUE=DATE:20260501"],
            ["05-01"],
            id="an end on the same day, as some programs write",
        ),
        pytest.param(
            ["DTSTART;VALUE=DATE:20251231", "DURATION:P3D"],
            ["01-01", "01-02"],
            id="over the turn of the year",
        ),
        pytest.param(
            ["DTSTART;TZID=Europe/Berlin:20260501T000000", "DTEND:20260502T000000"],
            ["05-01"],
            id="local midnight, as some programs write",
        ),
        pytest.param(["DTSTART:20260501T093000Z"], [], id="an appointment is no holiday"),
        pytest.param(["DTSTART:20260501", "STATUS:CANCELLED"], [], id="cancelled"),
        pytest.param(
            ["DTSTART;VALUE=DATE:20200704", "RRULE:FREQ=YEARLY"], ["07-04"], id="every year"
        ),
        pytest.param(
            ["DTSTART:20200229", "RRULE:FREQ=YEARLY"], [], id="29 February comes in leap years only"
        ),
        pytest.param(
            ["DTSTART:20201126", "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=4TH"],
            ["11-26"],
            id="fourth Thursday of November",
        ),
        pytest.param(
            ["DTSTART:20200525", "RRULE:FREQ=YEARLY;BYMONTH=5;BYDAY=-1MO"],
            ["05-25"],
            id="last Monday of May",
        ),
        pytest.param(
            ["DTSTART:20200101", "RRULE:FREQ=YEARLY;UNTIL=20251231"], [], id="a series that ended"
        ),
        pytest.param(
            ["DTSTART:20260105", "RRULE:FREQ=WEEKLY;INTERVAL=2;COUNT=3"],
            ["01-05", "01-19", "02-02"],
            id="every other week, three times",
        ),
        pytest.param(
            ["DTSTART:20260131", "RRULE:FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=3"],
            ["01-31", "02-28", "03-31"],
            id="last day of the month",
        ),
        pytest.param(
            ["DTSTART:20260130", "RRULE:FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=2"],
            ["01-30", "02-27"],
            id="last workday of the month",
        ),
        pytest.param(
            ["DTSTART:20260105", "RRULE:FREQ=WEEKLY;COUNT=3", "EXDATE;VALUE=DATE:20260112"],
            ["01-05", "01-19"],
            id="a series without one of its days",
        ),
        pytest.param(
            ["DTSTART:20260105", "RDATE;VALUE=DATE:20260301,20260302"],
            ["01-05", "03-01", "03-02"],
            id="more days by name",
        ),
    ],
)
def test_all_day_events_are_holidays(lines: list[str], wanted: list[str]) -> None:
    assert holidays(2026, event(*lines)) == wanted


def test_an_event_that_stands_in_for_one_of_a_series_moves_it() -> None:
    series = event("UID:1", "DTSTART:20200501", "RRULE:FREQ=YEARLY")
    moved = event("UID:1", "RECURRENCE-ID:20260501", "DTSTART:20260504")

    assert holidays(2026, series, moved) == ["05-04"]
    assert holidays(2027, series, moved) == ["05-01"]


def test_names_are_unfolded_and_unescaped() -> None:
    made = read_calendar_file(
        CALENDAR.format(event("DTSTART:20260501", "SUMMARY:Labour\\, and", "  spring day"))
    )

    assert made(2026) == {date(2026, 5, 1): "Labour, and spring day"}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "line 0", id="an empty file"),
        pytest.param("<html>", "line 1", id="a web page"),
        pytest.param("BEGIN:VEVENT\nEND:VEVENT\n", "line 1", id="no calendar around"),
        pytest.param(
            CALENDAR.format(event("SUMMARY:x")), "line 3: the event has no DTSTART", id="x"
        ),
        pytest.param(CALENDAR.format(event("DTSTART:20260231")), "line 4", id="31 February"),
        pytest.param(CALENDAR.format(event("DTSTART:soon")), "line 4", id="no date"),
        pytest.param(
            CALENDAR.format(event("DTSTART:20260105", "DTEND:20260101")), "line 5", id="ends before"
        ),
        pytest.param(
            CALENDAR.format(event("DTSTART:20260105", "DURATION:PT1H")), "line 5", id="an hour"
        ),
        pytest.param(
            CALENDAR.format(event("DTSTART:20260105", "RRULE:FREQ=HOURLY")), "line 5: RRULE", id="r"
        ),
        pytest.param("BEGIN:VCALENDAR\nEND:VEVENT\n", "line 2", id="an end of nothing"),
        pytest.param("BEGIN:VCALENDAR\n", "has no end", id="half a file"),
    ],
)
def test_a_wrong_file_is_refused_with_its_line(text: str, words: str) -> None:
    with pytest.raises(WrongCalendarFile, match=words):
        read_calendar_file(text)


@pytest.mark.parametrize(
    "text",
    [
        "FREQ=YEARLY;FREQ=DAILY",
        "FREQ=YEARLY;BYHOUR=3",
        "FREQ=YEARLY;BYMONTH=13",
        "FREQ=YEARLY;BYMONTHDAY=0",
        "FREQ=WEEKLY;BYDAY=2MO",
        "FREQ=YEARLY;INTERVAL=0",
        "FREQ=YEARLY;BYDAY=XX",
        "FREQ=YEARLY;UNTIL=20260231",
        "YEARLY",
    ],
)
def test_a_rule_that_cannot_be_meant_is_refused(text: str) -> None:
    with pytest.raises(WrongRule):
        read_rule(text)


rules = st.tuples(
    st.sampled_from(("YEARLY", "MONTHLY", "WEEKLY", "DAILY")),
    st.integers(1, 5),
    st.sampled_from(("", ";BYMONTH=2,5", ";BYMONTHDAY=29,-1", ";BYDAY=MO,FR", ";BYYEARDAY=60,-1")),
).map(lambda parts: f"FREQ={parts[0]};INTERVAL={parts[1]}{parts[2]}")
firsts = st.dates(date(2020, 1, 1), date(2026, 12, 31))


@given(rules, firsts, st.integers(1, 40))
def test_a_series_is_in_order_begins_with_its_first_day_and_keeps_its_count(
    text: str, first: date, wanted: int
) -> None:
    until = first + timedelta(days=3 * 366)

    endless = list(days(read_rule(text), first, until))
    counted = list(days(read_rule(f"{text};COUNT={wanted}"), first, until))

    assert endless[:1] == [first]
    assert endless == sorted(set(endless))
    assert counted == endless[:wanted]


@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    for content in (text, CALENDAR.format(text), CALENDAR.format(event(text, "DTSTART:20260101"))):
        with contextlib.suppress(WrongCalendarFile):
            assert all(day.year == 2026 for day in read_calendar_file(content)(2026))
