"""The working calendar of the settings: periods, public holidays of a country or from a file.

Every problem is one line that begins with the key. Holidays of a country come from the package
`holidays`, year by year when they are asked for.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from gateway.desk.levels import ServiceLevels
from gateway.desk.sla import counted_weekdays
from gateway.settings.models import CalendarSettings
from gateway.worktime.hours import Calendar, NeverOpen, YearlyHolidays
from gateway.worktime.ical import CalendarFile, WrongCalendarFile, read_calendar_file
from gateway.worktime.timetable import WrongTimetable, read_special_day, read_week
from gateway.worktime.zone import UnknownZone, zone

FILE: Final = "policy.toml"
CALENDAR_FILE_MAX: Final = 5_000_000
"""Octets of an iCalendar file: more is no list of holidays."""
LANGUAGE: Final = "en_US"
"""Names of holidays, where the package has them in this language."""


class _Complaints:
    """Collects problems of the section `calendar`."""

    def __init__(self, problems: list[str]) -> None:
        self._problems = problems
        self._before = len(problems)

    def add(self, key: str, text: object) -> None:
        """One problem at a key such as `week.mon`."""
        self._problems.append(f"{FILE}: calendar.{key}: {text}")

    @property
    def any(self) -> bool:
        """Something was wrong."""
        return len(self._problems) > self._before


def read_calendar(
    settings: CalendarSettings, problems: list[str], *, folder: Path
) -> Calendar | None:
    """The working calendar, or problems. An iCalendar file is looked for in `folder`."""
    complaints = _Complaints(problems)
    made: dict[str, Any] = {}
    try:
        made["zone"] = zone(settings.zone)
    except UnknownZone as error:
        complaints.add("zone", error)
    try:
        made["week"] = read_week(settings.week)
    except WrongTimetable as error:
        for fault in error.faults:
            complaints.add(f"week.{fault.day}".rstrip("."), fault.text)
    made["holidays"] = {
        day: ""
        for number, one in enumerate(settings.holidays)
        if (day := _date(one, f"holidays.[{number}]", complaints))
    }
    made["special_days"] = _special_days(settings, complaints)
    made["yearly"] = (*_of_country(settings, complaints), *_of_file(settings, complaints, folder))
    if complaints.any:
        return None
    return Calendar(**made)


def check_openings(
    calendar: Calendar, levels: ServiceLevels, problems: list[str], *, today: date | None = None
) -> None:
    """Refuse a calendar that is closed for years, or on every day that a promise counts."""
    day = today or datetime.now(UTC).date()
    for key, weekdays in (
        ("calendar.week", frozenset(range(7))),
        ("sla.normal.weekdays", counted_weekdays(levels.normal)),
    ):
        try:
            # Both ways: warnings are counted back from a due time.
            next(calendar.working_days(day, weekdays))
            next(calendar.past_periods(calendar.instant(day - timedelta(days=366), 0)))
        except NeverOpen as error:
            problems.append(
                f"{FILE}: {key}: {error}: give a day that counts a period, or look at the holidays"
            )
            return


def _special_days(
    settings: CalendarSettings, complaints: _Complaints
) -> Mapping[date, tuple[tuple[int, int], ...]]:
    special = {}
    for text, periods in settings.special_days.items():
        day = _date(text, f"special_days.{text}", complaints)
        if day is None:
            continue
        try:
            special[day] = read_special_day(day, periods)
        except WrongTimetable as error:
            for fault in error.faults:
                complaints.add(f"special_days.{text}", fault.text)
    return special


def _date(text: str | date, key: str, complaints: _Complaints) -> date | None:
    if isinstance(text, date):
        return text
    try:
        return date.fromisoformat(text)
    except ValueError:
        words = f"must be a date that exists, such as 2027-01-01 (it is {text!r:.40})"
        complaints.add(key, words)
        return None


def _of_file(
    settings: CalendarSettings, complaints: _Complaints, folder: Path
) -> tuple[YearlyHolidays, ...]:
    if settings.holidays_file is None:
        return ()
    path = settings.holidays_file
    try:
        return (read_holiday_file(path if path.is_absolute() else folder / path),)
    except WrongCalendarFile as error:
        complaints.add("holidays_file", f"{path.name}: {error}")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "the file is not UTF-8"
        complaints.add("holidays_file", f"{path}: {reason}")
    return ()


def read_holiday_file(path: Path) -> CalendarFile:
    """The all-day events of an iCalendar file on disk."""
    if path.stat().st_size > CALENDAR_FILE_MAX:
        raise WrongCalendarFile(f"larger than {CALENDAR_FILE_MAX} octets")
    return read_calendar_file(path.read_text(encoding="utf-8"))


def _of_country(settings: CalendarSettings, complaints: _Complaints) -> tuple[YearlyHolidays, ...]:
    country, part = settings.holidays_country, settings.holidays_subdivision
    if country is None:
        if part is not None:
            complaints.add("holidays_subdivision", "name the country too, in holidays_country")
        return ()
    # Half a second of imports, for those who ask for it.
    import holidays  # noqa: PLC0415 - see above

    known = holidays.list_supported_countries(include_aliases=True)
    if country not in known:
        near = get_close_matches(country.upper(), known, n=1)
        meant = f"; did you mean {near[0]}?" if near else ""
        complaints.add("holidays_country", f"no holidays are known for {country!r}{meant}")
        return ()
    if part is not None and part not in known[country]:
        listed = ", ".join(known[country]) or "none"
        words = f"{country} has no part {part!r} with holidays of its own; known: {listed}"
        complaints.add("holidays_subdivision", words)
        return ()
    return (holidays_of(country, part),)


def holidays_of(country: str, part: str | None) -> YearlyHolidays:
    """The public holidays of a country, or of a part of it, by year."""
    import holidays  # noqa: PLC0415 - as above

    example = holidays.country_holidays(country, subdiv=part)
    language = LANGUAGE if LANGUAGE in example.supported_languages else None

    def of_year(year: int) -> Mapping[date, str]:
        found = holidays.country_holidays(country, subdiv=part, years=year, language=language)
        return {day: name for day, name in found.items() if day.year == year}

    return of_year
