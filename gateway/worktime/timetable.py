"""Read a calendar as a shop door writes it: `mon = ["09:00-24:00"]`, and say which line is wrong.

A period may run over midnight (`22:00-06:00`): the part after midnight belongs to the next
weekday, so that a holiday there takes it away. `24:00` is the end of the day.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from itertools import pairwise
from typing import Final

from gateway.worktime.hours import Minutes

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT: Final = 24 * 60
_PERIOD: Final = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*")


class WrongTimetable(ValueError):
    """A period, a date or a whole week that cannot be meant; the text names it."""


def read_week(week: Mapping[str, Sequence[str]]) -> tuple[tuple[Minutes, ...], ...]:
    """Seven tuples of periods, Monday first. Days that are not named are closed.

    Raises `WrongTimetable` for an unknown day, a period that is none, overlaps, or a week
    without any open hour.
    """
    for name in week:
        if name not in WEEKDAYS:
            raise WrongTimetable(f"unknown day {name!r}: use {', '.join(WEEKDAYS)}")
    days: list[list[Minutes]] = [[] for _ in WEEKDAYS]
    for number, name in enumerate(WEEKDAYS):
        for text in week.get(name, ()):
            start, end = read_period(text)
            if end > start:
                days[number].append((start, end))
                continue
            days[number].append((start, MIDNIGHT))
            if end:
                days[(number + 1) % len(WEEKDAYS)].append((0, end))
    if not any(days):
        raise WrongTimetable("the week has no open hours: give at least one day a period")
    return tuple(_in_order(name, day) for name, day in zip(WEEKDAYS, days, strict=True))


def read_special_day(day: date, periods: Sequence[str]) -> tuple[Minutes, ...]:
    """The periods of one date, in order; an empty list closes it."""
    made = []
    for text in periods:
        start, end = read_period(text)
        if end <= start:
            raise WrongTimetable(
                f"{day}: {text!r} runs over midnight: write a period for each of the two days"
            )
        made.append((start, end))
    return _in_order(str(day), made)


def read_period(text: str) -> Minutes:
    """`09:00-24:00` as minutes after midnight; the end may be the smaller one (over midnight)."""
    found = _PERIOD.fullmatch(text)
    if not found:
        raise WrongTimetable(f"{text!r} is no period: write it like 09:00-18:00")
    opens, closes = (
        _minutes(text, *found.group(1, 2)),
        _minutes(text, *found.group(3, 4)),
    )
    if opens in (MIDNIGHT, closes):
        raise WrongTimetable(f"{text!r} is empty: opening and closing are the same time")
    return opens, closes


def _minutes(text: str, hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > MIDNIGHT:
        raise WrongTimetable(f"{text!r}: {hour}:{minute} is no time of day (00:00 to 24:00)")
    return total


def _in_order(name: str, periods: Sequence[Minutes]) -> tuple[Minutes, ...]:
    ordered = sorted(periods)
    for (start, end), (later_start, later_end) in pairwise(ordered):
        if later_start < end:
            raise WrongTimetable(
                f"{name}: {_text(start, end)} and {_text(later_start, later_end)} overlap"
            )
    return tuple(ordered)


def _text(start: int, end: int) -> str:
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
