"""On which days an event comes again: recurrence rules of whole days (RFC 5545 section 3.3.10).

A rule is walked period by period (year, month, week or day); in each period the days that all of
its BY parts allow are taken, then BYSETPOS picks among them. Days that do not exist (29 February,
31 June) are left out, as the standard says.
"""

import re
from calendar import monthrange
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import MAXYEAR, date, timedelta
from enum import StrEnum
from itertools import count, islice
from typing import Final, assert_never


class Frequency(StrEnum):
    """How long a period of a rule is."""

    YEARLY = "YEARLY"
    MONTHLY = "MONTHLY"
    WEEKLY = "WEEKLY"
    DAILY = "DAILY"


WEEKDAYS: Final = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
DAY: Final = timedelta(days=1)
KNOWN: Final = frozenset(
    {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYDAY"}
    | {"BYSETPOS", "WKST"}
)
_WEEKDAY: Final = re.compile(rf"([+-]?\d{{1,2}})?({'|'.join(WEEKDAYS)})")
_UNTIL: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T\d{6}Z?)?")


class WrongRule(ValueError):
    """A recurrence rule that cannot be read, or asks for more than whole days can do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A recurrence rule; empty BY parts allow everything."""

    frequency: Frequency
    interval: int = 1
    count: int | None = None
    until: date | None = None
    """Last day on which it may come again."""
    months: tuple[int, ...] = ()
    month_days: tuple[int, ...] = ()
    """Days of the month; negative ones count from its end."""
    year_days: tuple[int, ...] = ()
    weekdays: tuple[tuple[int, int], ...] = ()
    """Which one of its month or year (0 for every, negative from the end), and the weekday."""
    positions: tuple[int, ...] = ()
    """Which of a period's days are taken; negative ones count from the end."""
    week_start: int = 0


def read_rule(text: str) -> Rule:
    """The rule of an RRULE value such as `FREQ=YEARLY;BYMONTH=11;BYDAY=4TH`.

    Raises `WrongRule` for what cannot be read or is not about whole days.
    """
    parts: dict[str, str] = {}
    for part in text.strip().rstrip(";").split(";"):
        name, equals, value = part.partition("=")
        name = name.strip().upper()
        if not equals or name in parts:
            raise WrongRule(f"{part!r} is no part of a recurrence rule")
        parts[name] = value.strip().upper()
    unknown = sorted(set(parts) - KNOWN)
    if unknown:
        raise WrongRule(f"{unknown[0]} is not understood in a rule for whole days")
    if parts.get("FREQ") not in set(Frequency):
        raise WrongRule(f"FREQ must be one of {', '.join(Frequency)}, not {parts.get('FREQ')!r}")
    frequency = Frequency(parts["FREQ"])
    rule = Rule(
        frequency=frequency,
        interval=_number("INTERVAL", parts.get("INTERVAL", "1"), 1, 1000),
        count=_number("COUNT", parts["COUNT"], 1, 10_000) if "COUNT" in parts else None,
        until=_until(parts["UNTIL"]) if "UNTIL" in parts else None,
        months=_numbers("BYMONTH", parts, 12, signed=False),
        month_days=_numbers("BYMONTHDAY", parts, 31),
        year_days=_numbers("BYYEARDAY", parts, 366),
        weekdays=_weekdays(parts.get("BYDAY", "")),
        positions=_numbers("BYSETPOS", parts, 366),
        week_start=_week_start(parts.get("WKST", "MO")),
    )
    if any(which for which, _ in rule.weekdays) and frequency in (
        Frequency.WEEKLY,
        Frequency.DAILY,
    ):
        raise WrongRule(f"BYDAY with a number makes no sense for FREQ={frequency}")
    return rule


def _number(name: str, text: str, low: int, high: int) -> int:
    value = int(text) if re.fullmatch(r"[+-]?\d{1,5}", text) else None
    if value is None or not low <= value <= high:
        raise WrongRule(f"{name}={text} must be a number from {low} to {high}")
    return value


def _numbers(
    name: str, parts: Mapping[str, str], high: int, *, signed: bool = True
) -> tuple[int, ...]:
    listed = parts[name].split(",") if name in parts else ()
    made = tuple(_number(name, one, -high if signed else 1, high) for one in listed)
    if 0 in made:
        raise WrongRule(f"{name}=0 is no day")
    return made


def _weekdays(text: str) -> tuple[tuple[int, int], ...]:
    made = []
    for one in text.split(",") if text else ():
        found = _WEEKDAY.fullmatch(one)
        if not found:
            raise WrongRule(f"BYDAY={one} is no weekday; write it like MO or -1FR")
        made.append((int(found[1] or 0), WEEKDAYS.index(found[2])))
    return tuple(made)


def _week_start(text: str) -> int:
    if text not in WEEKDAYS:
        raise WrongRule(f"WKST={text} is no weekday; write it like MO")
    return WEEKDAYS.index(text)


def _until(text: str) -> date:
    found = _UNTIL.fullmatch(text)
    if not found:
        raise WrongRule(f"UNTIL={text} is no date; write it like 20301231")
    try:
        return date(*map(int, found.groups()))
    except ValueError as error:
        raise WrongRule(f"UNTIL={text} is a date that no year has") from error


def days(rule: Rule, first: date, last: date) -> Iterator[date]:
    """The days from `first` on which an event comes, that day included, up to `last`."""
    until = min(last, rule.until) if rule.until else last
    if first > until:
        return
    yield first
    others = (day for day in _all(rule, first, until) if day != first)
    yield from others if rule.count is None else islice(others, rule.count - 1)


def _all(rule: Rule, first: date, until: date) -> Iterator[date]:
    for begins, ends in _periods(rule, first, until):
        found = [day for day in _candidates(rule, first, begins, ends) if _fits(rule, first, day)]
        for day in _picked(rule, found):
            if day > until:
                return
            if day >= first:
                yield day


def _periods(rule: Rule, first: date, until: date) -> Iterator[tuple[date, date]]:
    """First and last day of each period that the interval reaches, in order."""
    for number in count(0, rule.interval):
        begins, ends = _period(rule, first, number)
        if begins > until:
            return
        yield begins, ends
        if ends.year == MAXYEAR:
            return


def _period(rule: Rule, first: date, number: int) -> tuple[date, date]:
    """The period that is `number` periods after the one of the first day."""
    match rule.frequency:
        case Frequency.YEARLY:
            year = first.year + number
            return date(year, 1, 1), date(year, 12, 31)
        case Frequency.MONTHLY:
            years, month = divmod(first.month - 1 + number, 12)
            begins = date(first.year + years, month + 1, 1)
            return begins, begins.replace(day=monthrange(begins.year, begins.month)[1])
        case Frequency.WEEKLY:
            monday = first - (first.weekday() - rule.week_start) % 7 * DAY
            begins = monday + 7 * number * DAY
            return begins, begins + 6 * DAY
        case Frequency.DAILY:
            day = first + number * DAY
            return day, day
        case _:
            assert_never(rule.frequency)


def _candidates(rule: Rule, first: date, begins: date, ends: date) -> Iterator[date]:
    """The days of a period that may fit; of a year only the months that its rule names."""
    bare = not (rule.months or rule.month_days or rule.year_days or rule.weekdays)
    if rule.frequency is not Frequency.YEARLY or not (bare or rule.months):
        yield from (begins + number * DAY for number in range((ends - begins).days + 1))
        return
    for month in sorted(rule.months) or [first.month]:
        for number in range(1, monthrange(begins.year, month)[1] + 1):
            yield date(begins.year, month, number)


def _fits(rule: Rule, first: date, day: date) -> bool:
    """Whether every BY part allows a day; parts that are not given follow the first day."""
    length = monthrange(day.year, day.month)[1]
    if rule.months and day.month not in rule.months:
        return False
    if rule.month_days and not {day.day, day.day - length - 1} & set(rule.month_days):
        return False
    if rule.year_days:
        number, of_year = day.timetuple().tm_yday, 366 if _is_leap(day.year) else 365
        if not {number, number - of_year - 1} & set(rule.year_days):
            return False
    if rule.weekdays:
        return any(_is_weekday(rule, day, which, weekday) for which, weekday in rule.weekdays)
    if rule.month_days or rule.year_days or rule.frequency is Frequency.DAILY:
        return True
    if rule.frequency is Frequency.WEEKLY:
        return day.weekday() == first.weekday()
    return day.day == first.day


def _is_leap(year: int) -> bool:
    return monthrange(year, 2)[1] == 29


def _is_weekday(rule: Rule, day: date, which: int, weekday: int) -> bool:
    """`4TH` counts within the month, or within the year where a yearly rule names no month."""
    if day.weekday() != weekday:
        return False
    if which == 0:
        return True
    if rule.frequency is Frequency.YEARLY and not rule.months:
        number, length = day.timetuple().tm_yday, 366 if _is_leap(day.year) else 365
    else:
        number, length = day.day, monthrange(day.year, day.month)[1]
    return which in ((number - 1) // 7 + 1, -((length - number) // 7) - 1)


def _picked(rule: Rule, found: list[date]) -> list[date]:
    if not rule.positions:
        return found
    size = len(found)
    chosen = {at - 1 if at > 0 else size + at for at in rule.positions}
    return [day for number, day in enumerate(found) if number in chosen]
