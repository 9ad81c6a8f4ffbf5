"""Read the holidays of an iCalendar file: its all-day events, once or again and again (RFC 5545).

Events with times of day are appointments, not holidays: they are left out and counted. What cannot
be read is refused with the number of its line; nothing is guessed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Final

from gateway.worktime.recurrence import Rule, WrongRule, days, read_rule

DAY: Final = timedelta(days=1)
EVENTS_MAX: Final = 10_000
EVENT_DAYS_MAX: Final = 366
EVENT: Final = "VEVENT"
_NAME: Final = re.compile(r"([A-Za-z0-9-]+)(?:;[^:\"]*(?:\"[^\"]*\"[^:\"]*)*)?:(.*)", re.DOTALL)
_DATE: Final = re.compile(r"(\d{4})(\d{2})(\d{2})(?:T000000)?")
_TIME: Final = re.compile(r"\d{8}T\d{6}Z?")
_LINE_END: Final = re.compile(r"\r\n|\n|\r")
_DURATION: Final = re.compile(r"\+?P(?:(\d{1,4})W|(\d{1,4})D)(?:T0H0M0S)?")


class WrongCalendarFile(ValueError):
    """A file that is no calendar, or an event that cannot be meant; the text names the line."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """An all-day event: its first day, how many days it lasts, and when it comes again."""

    name: str
    first: date
    length: int = 1
    rule: Rule | None = None
    except_on: frozenset[date] = frozenset()
    also_on: tuple[date, ...] = ()

    def days_of(self, year: int) -> Iterator[date]:
        """The days of a year that the event covers."""
        begin, end = date(year, 1, 1), date(year, 12, 31)
        starts = {*self._starts(end), *self.also_on} - self.except_on
        for start in sorted(starts):
            for number in range(self.length):
                if begin <= (day := start + number * DAY) <= end:
                    yield day

    def _starts(self, until: date) -> Iterator[date]:
        if self.rule is None:
            yield self.first
        else:
            yield from days(self.rule, self.first, until)


@dataclass(frozen=True, slots=True)
class CalendarFile:
    """What a file says about whole days."""

    events: tuple[Event, ...]
    left_out: int = 0
    """Events with times of day, which are no holidays."""

    def __call__(self, year: int) -> dict[date, str]:
        """The holidays of a year, as a calendar asks for them."""
        return {day: one.name for one in self.events for day in one.days_of(year)}


@dataclass(slots=True)
class _Draft:
    """One VEVENT while its lines are read."""

    line: int
    fields: dict[str, tuple[int, str]] = field(default_factory=dict)
    """First value of each property, and the number of its line."""
    except_on: list[date] = field(default_factory=list)
    also_on: list[date] = field(default_factory=list)


def read_calendar_file(text: str) -> CalendarFile:
    """The all-day events of an iCalendar file.

    Raises `WrongCalendarFile` with the number of the wrong line.
    """
    drafts = list(_drafts(text))
    if len(drafts) > EVENTS_MAX:
        raise WrongCalendarFile(f"{len(drafts)} events; at most {EVENTS_MAX} are read")
    moved: dict[str, set[date]] = {}
    for draft in drafts:
        # An event that stands in for one of a series takes its day out of the series.
        if "RECURRENCE-ID" in draft.fields and (day := _day(draft, "RECURRENCE-ID")):
            moved.setdefault(_text(draft, "UID"), set()).add(day)
    made = [_event(draft, moved) for draft in drafts if not _is_cancelled(draft)]
    events = tuple(one for one in made if one is not None)
    return CalendarFile(events, left_out=len(made) - len(events))


def _drafts(text: str) -> Iterator[_Draft]:
    """The VEVENT components, with the components inside them skipped."""
    open_ones: list[str] = []
    draft: _Draft | None = None
    number = 0
    for number, line in _lines(text):
        found = _NAME.fullmatch(line)
        if not found:
            raise WrongCalendarFile(f"line {number}: {line[:40]!r} is no line of a calendar")
        name, value = found[1].upper(), found[2].strip()
        if not open_ones and (name, value.upper()) != ("BEGIN", "VCALENDAR"):
            raise WrongCalendarFile(f"line {number}: an iCalendar file begins BEGIN:VCALENDAR")
        match name, value.upper():
            case "BEGIN", component:
                open_ones.append(component)
                draft = _Draft(number) if component == EVENT else draft
            case "END", component if open_ones.pop() != component:
                raise WrongCalendarFile(f"line {number}: END:{value} ends nothing that is open")
            case "END", component if component == EVENT and draft:
                yield draft
            case _ if draft and open_ones and open_ones[-1] == EVENT:
                _take(draft, number, name, value)
    if open_ones or number == 0:
        raise WrongCalendarFile(f"line {number}: the calendar has no end; is the file whole?")


def _lines(text: str) -> Iterator[tuple[int, str]]:
    """Unfolded content lines with the number of their first line (section 3.1)."""
    begun, held = 0, ""
    for number, raw in enumerate(_LINE_END.split(text.removeprefix("\ufeff")), start=1):
        if raw[:1] in (" ", "\t") and begun:
            held += raw[1:]
            continue
        if held.strip():
            yield begun, held
        begun, held = number, raw
    if held.strip():
        yield begun, held


def _take(draft: _Draft, number: int, name: str, value: str) -> None:
    if name in ("EXDATE", "RDATE"):
        into = draft.except_on if name == "EXDATE" else draft.also_on
        into.extend(day for one in value.split(",") if (day := _date(number, name, one)))
    else:
        draft.fields.setdefault(name, (number, value))


def _event(draft: _Draft, moved: dict[str, set[date]]) -> Event | None:
    """The event of a draft, or nothing where it has times of day."""
    if "DTSTART" not in draft.fields:
        raise WrongCalendarFile(f"line {draft.line}: the event has no DTSTART")
    first = _day(draft, "DTSTART")
    if first is None or ("DTEND" in draft.fields and _day(draft, "DTEND") is None):
        return None
    stands_in = "RECURRENCE-ID" in draft.fields
    replaced = set() if stands_in else moved.get(_text(draft, "UID"), set())
    return Event(
        name=_text(draft, "SUMMARY") or "holiday",
        first=first,
        length=_length(draft, first),
        rule=_rule(draft),
        except_on=frozenset({*draft.except_on, *replaced}),
        also_on=tuple(draft.also_on),
    )


def _rule(draft: _Draft) -> Rule | None:
    if "RRULE" not in draft.fields:
        return None
    number, text = draft.fields["RRULE"]
    try:
        return read_rule(text)
    except WrongRule as error:
        raise WrongCalendarFile(f"line {number}: RRULE: {error}") from error


def _length(draft: _Draft, first: date) -> int:
    """Days an event lasts; DTEND is the day after the last (section 3.6.1)."""
    if "DTEND" in draft.fields:
        number = draft.fields["DTEND"][0]
        end = _day(draft, "DTEND") or first
        # Some programs write the same day where the standard asks for the next one.
        length = (end - first).days or 1
    elif "DURATION" in draft.fields:
        number, text = draft.fields["DURATION"]
        found = _DURATION.fullmatch(text)
        if not found:
            raise WrongCalendarFile(f"line {number}: DURATION:{text} is no number of days")
        length = int(found[1] or 0) * 7 + int(found[2] or 0)
    else:
        return 1
    if not 1 <= length <= EVENT_DAYS_MAX:
        raise WrongCalendarFile(
            f"line {number}: the event ends before it begins or lasts over {EVENT_DAYS_MAX} days"
        )
    return length


def _day(draft: _Draft, name: str) -> date | None:
    """The date of a property; nothing where it is a time of day."""
    number, text = draft.fields[name]
    return _date(number, name, text)


def _date(number: int, name: str, text: str) -> date | None:
    """A date, or local midnight as some programs write it; nothing for other times of day."""
    found = _DATE.fullmatch(text)
    if not found:
        if _TIME.fullmatch(text):
            return None
        raise WrongCalendarFile(f"line {number}: {name}:{text[:40]} is no date")
    try:
        return date(*map(int, found.groups()))
    except ValueError as error:
        words = f"line {number}: {name}:{text} is a date that no year has"
        raise WrongCalendarFile(words) from error


def _text(draft: _Draft, name: str) -> str:
    """A text property, unescaped (section 3.3.11)."""
    text = draft.fields.get(name, (0, ""))[1]
    plain = re.sub(r"\\([,;\\nN])", lambda one: " " if one[1] in "nN" else one[1], text)
    return " ".join(plain.split())


def _is_cancelled(draft: _Draft) -> bool:
    return _text(draft, "STATUS").upper() == "CANCELLED"
