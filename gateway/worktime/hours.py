"""When the desk is open: an endless stream of open periods, forwards and backwards.

Rules for this file:
1. Wall clock becomes an instant in one place, `Calendar.instant`; everything else is UTC.
2. Periods are half-open: the opening belongs to them, the closing does not (rule H8).
3. A wall clock time that does not exist means the first instant after the gap; one that
   exists twice means the first of the two (policy 4.9).
4. Nobody waits for ever: a stream that finds no working time for years ends with `NeverOpen`.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import count
from typing import Final

from gateway.worktime.zone import change_between

Minutes = tuple[int, int]
"""Opening and closing of a period in minutes after local midnight, 0 to 1440."""
YearlyHolidays = Callable[[int], Mapping[date, str]]
"""Days without working time in a year, and their names: of a country, or from a file."""

DAY: Final = timedelta(days=1)
EVERY_DAY: Final = frozenset(range(7))
MEMO_MAX: Final = 4096
CLOSED_DAYS_MAX: Final = 5 * 366
"""Days in a row without working time after which a calendar counts as never open."""


class NeverOpen(ValueError):
    """The calendar has no working time for years: holidays cover all of its days."""


@dataclass(frozen=True, slots=True)
class Period:
    """Open from `opens_at` (included) to `closes_at` (excluded), both UTC."""

    opens_at: datetime
    closes_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Calendar:
    """The working time of a desk: periods by weekday, days without any, days with their own.

    `week` has seven entries, Monday first, at least one of them with a period. Special days win
    over holidays. Use `gateway.worktime.timetable` to read periods from text.
    """

    zone: tzinfo
    week: tuple[tuple[Minutes, ...], ...]
    holidays: Mapping[date, str] = field(default_factory=dict)
    """Single days without working time, and their names."""
    yearly: tuple[YearlyHolidays, ...] = ()
    """Holidays that are worked out year by year."""
    special_days: Mapping[date, tuple[Minutes, ...]] = field(default_factory=dict)
    _memo: dict[date, tuple[Period, ...]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )
    _years: dict[int, Mapping[date, str]] = field(
        default_factory=dict, init=False, repr=False, compare=False
    )

    def __post_init__(self) -> None:
        if len(self.week) != len(EVERY_DAY) or not any(self.week):
            raise ValueError("a calendar needs seven weekdays and at least one period")

    def instant(self, day: date, minutes: int) -> datetime:
        """The instant (UTC) of a wall clock time in minutes after midnight, 1440 included."""
        wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
        return self.instant_of(wall)

    def instant_of(self, wall: datetime) -> datetime:
        """The instant (UTC) of a naive local time; see rule 3 of this file."""
        first = wall.replace(tzinfo=self.zone, fold=0).astimezone(UTC)
        if first.astimezone(self.zone).replace(tzinfo=None, fold=0) == wall:
            return first
        early = wall.replace(tzinfo=self.zone, fold=1).astimezone(UTC)
        return change_between(self.zone, early, first)

    def local(self, at: datetime) -> datetime:
        """The same instant on the desk's wall clock."""
        return at.astimezone(self.zone)

    def day_of(self, at: datetime) -> date:
        """The local date of an instant."""
        return at.astimezone(self.zone).date()

    def holiday(self, day: date) -> str | None:
        """The name of a holiday, or `None` for any other day; special days are none."""
        if day in self.special_days:
            return None
        if day in self.holidays:
            return self.holidays[day] or "holiday"
        return self._holidays_of(day.year).get(day)

    def _holidays_of(self, year: int) -> Mapping[date, str]:
        known = self._years.get(year)
        if known is None:
            known = {day: name for made in self.yearly for day, name in made(year).items()}
            self._years[year] = known
        return known

    def periods_of(self, day: date) -> tuple[Period, ...]:
        """The open periods that begin on a local date, in order; none on a holiday."""
        known = self._memo.get(day)
        if known is None:
            if len(self._memo) >= MEMO_MAX:
                self._memo.clear()
            known = self._memo[day] = self._make_periods(day)
        return known

    def _make_periods(self, day: date) -> tuple[Period, ...]:
        if day in self.special_days:
            minutes = self.special_days[day]
        else:
            minutes = () if self.holiday(day) is not None else self.week[day.weekday()]
        made = (Period(self.instant(day, start), self.instant(day, end)) for start, end in minutes)
        # A period that lies wholly in a spring gap has no length and is no period.
        return tuple(period for period in made if period.opens_at < period.closes_at)

    def _open_days(self, first: date, step: timedelta) -> Iterator[tuple[Period, ...]]:
        """Endless: the periods of each local date that has some, forwards or backwards."""
        closed = 0
        for number in count():
            if periods := self.periods_of(first + number * step):
                closed = 0
                yield periods
            elif (closed := closed + 1) > CLOSED_DAYS_MAX:
                raise NeverOpen(f"no working time in {closed - 1} days around {first}")

    def open_periods(self, from_at: datetime) -> Iterator[Period]:
        """Endless: the periods that are not yet over at `from_at`, in order."""
        for periods in self._open_days(self.day_of(from_at) - DAY, DAY):
            for period in periods:
                if period.closes_at > from_at:
                    yield period

    def past_periods(self, until_at: datetime) -> Iterator[Period]:
        """Endless: the periods that began before `until_at`, latest first."""
        for periods in self._open_days(self.day_of(until_at) + DAY, -DAY):
            for period in reversed(periods):
                if period.opens_at < until_at:
                    yield period

    def is_open(self, at: datetime) -> bool:
        """Whether some period contains the instant."""
        return next(self.open_periods(at)).opens_at <= at

    def start(self, at: datetime) -> datetime:
        """The instant itself while the desk is open, else the next opening (policy 4.9)."""
        return max(next(self.open_periods(at)).opens_at, at.astimezone(UTC))

    def working_days(self, from_day: date, weekdays: frozenset[int] = EVERY_DAY) -> Iterator[date]:
        """Endless: local dates with working time, from `from_day` on (itself included)."""
        idle = 0
        for number in count():
            day = from_day + number * DAY
            if day.weekday() in weekdays and self.periods_of(day):
                idle = 0
                yield day
            elif (idle := idle + 1) > CLOSED_DAYS_MAX:
                raise NeverOpen(f"no working day in {idle - 1} days from {from_day}")

    def opening_of(self, day: date) -> datetime:
        """The first opening of a working day."""
        return self.periods_of(day)[0].opens_at

    def closing_of(self, day: date) -> datetime:
        """The last closing of a working day."""
        return self.periods_of(day)[-1].closes_at

    def day_openings(self, after_at: datetime) -> Iterator[datetime]:
        """Endless: the openings of working days after an instant, one a day.

        Days that adjoin (24:00 and 00:00) have an opening each: a desk that never closes still
        begins a day.
        """
        for day in self.working_days(self.day_of(after_at)):
            opening_at = self.opening_of(day)
            if opening_at > after_at:
                yield opening_at
