"""Read a calendar as a shop door writes it: `mon = ["09:00-24:00"]`, and say which line is wrong.

A period may run over midnight (`22:00-06:00`): the part after midnight belongs to the next
weekday, so that a holiday there takes it away. `24:00` is the end of the day.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final

from gateway.worktime.hours import Minutes

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
MIDNIGHT: Final = 24 * 60
_PERIOD: Final = re.compile(r"\s*(\d{1,2}):(\d{2})\s*[-–]\s*(\d{1,2}):(\d{2})\s*")


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong: the day it stands at (empty for the whole week), and what."""

    day: str
    text: str


class WrongTimetable(ValueError):
    """Periods, dates or a whole week that cannot be meant; `faults` name all of them."""

    def __init__(self, *faults: Fault) -> None:
        self.faults = faults
        super().__init__("; ".join(f"{one.day}: {one.text}".lstrip(": ") for one in faults))


def read_week(week: Mapping[str, Sequence[str]]) -> tuple[tuple[Minutes, ...], ...]:
    """Seven tuples of periods, Monday first. Days that are not named are closed.

    Raises `WrongTimetable` for an unknown day, a period that is none, overlaps, or a week
    without any open hour.
    """
    faults = [
        Fault(name, f"unknown day {name!r}: use {', '.join(WEEKDAYS)}")
        for name in week
        if name not in WEEKDAYS
    ]
    days: list[list[Minutes]] = [[] for _ in WEEKDAYS]
    for number, name in enumerate(WEEKDAYS):
        for text in week.get(name, ()):
            try:
                start, end = read_period(text)
            except ValueError as error:
                faults.append(Fault(name, str(error)))
                continue
            if end > start:
                days[number].append((start, end))
                continue
            days[number].append((start, MIDNIGHT))
            if end:
                days[(number + 1) % len(WEEKDAYS)].append((0, end))
    for name, day in zip(WEEKDAYS, days, strict=True):
        faults += _overlaps(name, day)
    if not any(days) and not faults:
        faults.append(Fault("", "the week has no open hours: give at least one day a period"))
    if faults:
        raise WrongTimetable(*faults)
    return tuple(tuple(sorted(day)) for day in days)


def read_special_day(day: date, periods: Sequence[str]) -> tuple[Minutes, ...]:
    """The periods of one date, in order; an empty list closes it."""
    made, faults = [], []
    for text in periods:
        try:
            start, end = read_period(text)
        except ValueError as error:
            faults.append(Fault(str(day), str(error)))
            continue
        if 0 < end <= start:
            advice = "runs over midnight: write a period for each of the two days"
            faults.append(Fault(str(day), f"{text!r} {advice}"))
        made.append((start, end or MIDNIGHT))
    faults += _overlaps(str(day), made) if not faults else []
    if faults:
        raise WrongTimetable(*faults)
    return tuple(sorted(made))


def read_period(text: str) -> Minutes:
    """`09:00-24:00` as minutes after midnight; the end may be the smaller one (over midnight).

    Raises `ValueError` for any other text.
    """
    found = _PERIOD.fullmatch(text)
    if not found:
        raise ValueError(f"{text!r} is no period: write it like 09:00-18:00")
    opens, closes = (
        _minutes(text, *found.group(1, 2)),
        _minutes(text, *found.group(3, 4)),
    )
    if opens in (MIDNIGHT, closes):
        raise ValueError(f"{text!r} is empty: opening and closing are the same time")
    return opens, closes


def _minutes(text: str, hour: str, minute: str) -> int:
    total = int(hour) * 60 + int(minute)
    if int(minute) > 59 or total > MIDNIGHT:
        raise ValueError(f"{text!r}: {hour}:{minute} is no time of day (00:00 to 24:00)")
    return total


def _overlaps(day: str, periods: Sequence[Minutes]) -> Iterator[Fault]:
    for (start, end), (later_start, later_end) in pairwise(sorted(periods)):
        if later_start < end:
            yield Fault(day, f"{_text(start, end)} and {_text(later_start, later_end)} overlap")


def _text(start: int, end: int) -> str:
    return f"{start // 60:02}:{start % 60:02}-{end // 60:02}:{end % 60:02}"
