"""Figures of the desk for a period: by day and by week, against the promises that were made.

Rules for this file:
1. Days are the desk's own, midnight to midnight in its zone; weeks begin on Monday.
2. A promise counts on the day that decided it. Answered in time it is kept, on the day of the
   answer; answered later, or due and unanswered, it is missed, on the day it was due; open or
   dropped before it was due it is neither.
3. Columns of days add up to those of weeks and to the totals.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime, timedelta
from typing import Final

from gateway.desk.history import EntryPast, History, PromisePast, TicketPast
from gateway.desk.model import ClockKind
from gateway.ledger.entry import Kind
from gateway.worktime.hours import Calendar
from gateway.worktime.span import between

DAY: Final = timedelta(days=1)
HOURS: Final = (1, 2, 4, 8, 16, 32)
"""Upper bounds of the histogram in working hours; what took longer has a column of its own."""
TOP: Final = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """The figures of one day, one week or the whole period; `day` is its first."""

    day: date
    mails: int = 0
    opened: int = 0
    closed: int = 0
    kept: int = 0
    missed: int = 0
    hotrush_kept: int = 0
    hotrush_missed: int = 0
    sold: int = 0
    granted: int = 0
    held: int = 0
    charged: int = 0
    returned: int = 0
    splits: int = 0
    undone: int = 0
    refused: int = 0
    parked: int = 0

    @property
    def kept_share(self) -> float | None:
        """Share of ordinary first responses that kept their promise, 0 to 1."""
        return _share(self.kept, self.missed)

    @property
    def hotrush_share(self) -> float | None:
        """Share of HotRush first responses that kept their promise, 0 to 1."""
        return _share(self.hotrush_kept, self.hotrush_missed)


NAMES: Final = tuple(one.name for one in fields(Counted) if one.name != "day")


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCounted:
    """One account in the period."""

    account: str
    opened: int
    charged: int
    returned: int
    sold: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """All figures of a period, from its first local day to its last, both included."""

    first: date
    last: date
    made_at: datetime
    days: tuple[Counted, ...]
    weeks: tuple[Counted, ...]
    total: Counted
    hours: tuple[tuple[int | None, int], ...]
    """First responses by working hours from the mail: upper bound (`None`: longer) and count."""
    accounts: tuple[AccountCounted, ...]
    open_now: int
    overdue_now: int
    held_now: int
    refused_at_the_door: int


def figures(
    history: History, calendar: Calendar, *, first: date, last: date, now: datetime
) -> Figures:
    """Count a period. Raises `ValueError` where it ends before it begins."""
    if last < first:
        raise ValueError("a period ends on or after the day it begins")
    count = (last - first).days + 1
    by_day: dict[date, Counter[str]] = {first + number * DAY: Counter() for number in range(count)}
    for at, name, weight in _events(history, now):
        found = by_day.get(calendar.day_of(at))
        if found is not None:
            found[name] += weight
    days = tuple(Counted(day=day, **found) for day, found in by_day.items())
    return Figures(
        first=first,
        last=last,
        made_at=now,
        days=days,
        weeks=tuple(_weeks(days)),
        total=_sum(first, days),
        hours=tuple(_hours(history.tickets, calendar, by_day)),
        accounts=tuple(_accounts(history, calendar, by_day)),
        open_now=history.open_now,
        overdue_now=sum(one.stopped_at is None and one.due_at < now for one in history.promises),
        held_now=history.held_now,
        refused_at_the_door=history.refused_at_the_door,
    )


def _events(history: History, now: datetime) -> Iterable[tuple[datetime, str, int]]:
    """Everything that counts: when, as what, and how much."""
    for name, instants in (
        ("mails", history.mails_at),
        ("refused", history.refused_at),
        ("parked", history.parked_at),
    ):
        yield from ((at, name, 1) for at in instants)
    for ticket in history.tickets:
        yield from _ticket_events(ticket)
    for promise in history.promises:
        verdict = _verdict(promise, now)
        if promise.kind is ClockKind.FIRST_RESPONSE and verdict:
            decided_at = min(promise.due_at, promise.stopped_at or promise.due_at)
            yield decided_at, f"hotrush_{verdict}" if promise.urgent else verdict, 1
    for entry in history.entries:
        yield from _entry_events(entry)


def _ticket_events(ticket: TicketPast) -> Iterable[tuple[datetime, str, int]]:
    yield ticket.received_at, "opened", 1
    if ticket.is_split:
        yield ticket.received_at, "splits", 1
    if ticket.closed_at is not None:
        yield ticket.closed_at, "closed", 1
        if ticket.is_split and ticket.merged_into == ticket.parent:
            yield ticket.closed_at, "undone", 1


def _verdict(promise: PromisePast, now: datetime) -> str:
    """`kept`, `missed`, or nothing where it is too early or was dropped in time."""
    if promise.stopped_at is None:
        return "missed" if promise.due_at < now else ""
    if promise.stopped_at > promise.due_at:
        return "missed"
    return "kept" if promise.met else ""


def _entry_events(entry: EntryPast) -> Iterable[tuple[datetime, str, int]]:
    match entry.kind:
        case Kind.PURCHASE:
            yield entry.at, "sold", entry.amount
        case Kind.GRANT:
            yield entry.at, "granted", entry.amount
        case Kind.HOLD:
            yield entry.at, "held", entry.held
        case Kind.CHARGE:
            yield entry.at, "charged", -entry.amount
        case Kind.REFUND:
            yield entry.at, "returned", entry.amount
        case Kind.RELEASE | Kind.ADJUST:
            pass  # A release undoes a hold; an adjustment is a correction, no business.


def _weeks(days: Sequence[Counted]) -> Iterable[Counted]:
    mondays = dict.fromkeys(one.day - one.day.weekday() * DAY for one in days)
    for monday in mondays:
        yield _sum(monday, [one for one in days if monday <= one.day < monday + 7 * DAY])


def _sum(day: date, parts: Sequence[Counted]) -> Counted:
    return Counted(day=day, **{name: sum(getattr(one, name) for one in parts) for name in NAMES})


def _hours(
    tickets: Iterable[TicketPast], calendar: Calendar, period: Iterable[date]
) -> Iterable[tuple[int | None, int]]:
    days = set(period)
    counted: Counter[int | None] = Counter()
    for one in tickets:
        if one.first_response_at is None or calendar.day_of(one.first_response_at) not in days:
            continue
        took = between(calendar, one.received_at, one.first_response_at)
        bound = next((hours for hours in HOURS if took <= timedelta(hours=hours)), None)
        counted[bound] += 1
    return ((bound, counted[bound]) for bound in (*HOURS, None))


def _accounts(
    history: History, calendar: Calendar, period: Iterable[date]
) -> Iterable[AccountCounted]:
    """The accounts with most tickets, then with most credits charged."""
    days = set(period)
    opened = Counter(
        one.account for one in history.tickets if calendar.day_of(one.received_at) in days
    )
    moved: dict[str, Counter[str]] = {}
    for entry in history.entries:
        if calendar.day_of(entry.at) in days:
            for _, name, weight in _entry_events(entry):
                moved.setdefault(entry.account, Counter())[name] += weight
    names = sorted({*opened, *moved})
    counted = [
        AccountCounted(
            account=name,
            opened=opened[name],
            charged=moved[name]["charged"] if name in moved else 0,
            returned=moved[name]["returned"] if name in moved else 0,
            sold=moved[name]["sold"] if name in moved else 0,
        )
        for name in names
    ]
    counted.sort(key=lambda one: (-one.opened, -one.charged, one.account))
    return counted[:TOP]


def _share(kept: int, missed: int) -> float | None:
    return kept / (kept + missed) if kept + missed else None
