"""Promises: when a response is due, and which steps lead up to it and follow a missed one.

All of it is arithmetic on the working calendar (policy 4.8, 4.9); nothing here looks at a clock.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import islice
from typing import Final, Literal

from gateway.desk.levels import Escalation, NormalLevel
from gateway.desk.model import Clock, ClockKind
from gateway.desk.people import Role
from gateway.desk.policy import Policy
from gateway.desk.step import BREACH, EXPIRY, REMINDER, WARNING, Step, escalation
from gateway.worktime import span
from gateway.worktime.hours import EVERY_DAY

MONDAY_TO_FRIDAY: Final = frozenset(range(5))
NEXT_OPENING: Final = "next opening after due"
NOTHING: Final = timedelta(0)
MOMENT: Final = timedelta(seconds=1)

_DELAY: Final = re.compile(r"due(?:\s*\+\s*(\d+)\s*([smhd]))?")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Promise:
    """A due time, and how it came about: for letters, and for an operator who asks why."""

    at: datetime
    """What it counts from: the mail, a move, a confirmation."""
    start_at: datetime
    """When counting begins: then, or at the next opening."""
    due_at: datetime
    urgent: bool
    day: date | None = None
    """The working day on which an ordinary answer is due."""
    bound: Literal["opening", "closing", ""] = ""
    """Where the same time lies outside the hours of that day: which end was taken."""


def promise(policy: Policy, at: datetime, *, urgent: bool) -> Promise:
    """What is promised for something that came in at `at` (rules H1, H5, H6)."""
    return _hotrush(policy, at) if urgent else _normal(policy, at)


def due(policy: Policy, at: datetime, *, urgent: bool) -> datetime:
    """When a response to something that came in at `at` is promised."""
    return promise(policy, at, urgent=urgent).due_at


def counted_weekdays(level: NormalLevel) -> frozenset[int]:
    """Which weekdays count as working days for ordinary answers (decision 8)."""
    return MONDAY_TO_FRIDAY if level.weekdays == "mon-fri" else EVERY_DAY


def _hotrush(policy: Policy, at: datetime) -> Promise:
    """An hour from the mail, or from the next opening (rules H5, H6)."""
    level = policy.sla.hotrush
    start_at = policy.calendar.start(at)
    due_at = start_at + level.target
    if level.mode == "working":
        due_at = span.add(policy.calendar, start_at, level.target)
    return Promise(at=at, start_at=start_at, due_at=due_at, urgent=True)


def _normal(policy: Policy, at: datetime) -> Promise:
    """The same local time on the next working day, within its hours (rule H1)."""
    calendar, level = policy.calendar, policy.sla.normal
    weekdays = counted_weekdays(level)
    start_at = calendar.start(at)
    if calendar.day_of(start_at).weekday() not in weekdays:
        day = next(calendar.working_days(calendar.day_of(start_at), weekdays))
        start_at = calendar.opening_of(day)
    days = calendar.working_days(calendar.day_of(start_at), weekdays)
    day = next(islice(days, level.working_days, None))
    opening_at, closing_at = calendar.opening_of(day), calendar.closing_of(day)
    wall = datetime.combine(day, calendar.local(start_at).time())
    same_at = closing_at if level.mode == "end_of_day" else calendar.instant_of(wall)
    bound: Literal["opening", "closing", ""] = ""
    if level.mode == "end_of_day" or same_at > closing_at:
        bound = "closing"
    elif same_at < opening_at:
        bound = "opening"
    return Promise(
        at=at,
        start_at=start_at,
        due_at=min(max(same_at, opening_at), closing_at),
        urgent=False,
        day=day,
        bound=bound,
    )


def start_clock(
    policy: Policy, kind: ClockKind, at: datetime, *, urgent: bool, left: timedelta | None = None
) -> Clock:
    """A clock that starts at `at`; `left` makes it run for the rest of an older promise only."""
    due_at = due(policy, at, urgent=urgent) if left is None else _resumed(policy, at, left, urgent)
    return Clock(kind=kind, started_at=at, due_at=due_at, urgent=urgent, rest=left)


def time_left(policy: Policy, clock: Clock, at: datetime) -> timedelta:
    """What is left of a promise at an instant: clock time for HotRush, else working time."""
    if _counts_elapsed(policy, clock.urgent):
        left = clock.due_at - max(policy.calendar.start(clock.started_at), at)
    else:
        left = span.between(policy.calendar, at, clock.due_at)
    return max(left, NOTHING)


def _resumed(policy: Policy, at: datetime, left: timedelta, urgent: bool) -> datetime:  # noqa: FBT001 - passed through from a keyword
    start_at = policy.calendar.start(at)
    if _counts_elapsed(policy, urgent):
        return start_at + left
    return span.add(policy.calendar, start_at, left)


def _counts_elapsed(policy: Policy, urgent: bool) -> bool:  # noqa: FBT001 - passed through from a keyword
    return urgent and policy.sla.hotrush.mode == "elapsed"


def warning_at(policy: Policy, clock: Clock) -> datetime:
    """Half an hour before the due time of a HotRush, two working hours before another."""
    if clock.urgent:
        return clock.due_at - policy.sla.hotrush.warn_before
    return span.take(policy.calendar, clock.due_at, policy.sla.normal.warn_before)


def reminder_after(policy: Policy, at: datetime) -> datetime:
    """The next opening of a working day (rule U5)."""
    return next(policy.calendar.day_openings(at))


def escalations(policy: Policy, *, urgent: bool) -> tuple[Escalation, ...]:
    """The steps after a missed promise, in order."""
    return policy.sla.hotrush.escalate if urgent else policy.sla.normal.escalate


def escalation_at(policy: Policy, clock: Clock, one: Escalation) -> datetime:
    """When an escalation step is due; a HotRush grace moves it (rule H7)."""
    grace = policy.sla.hotrush.grace if clock.urgent else NOTHING
    if one.at == NEXT_OPENING:
        return next(policy.calendar.day_openings(clock.due_at + grace))
    return clock.due_at + grace + delay_after_due(one.at)


@dataclass(frozen=True, slots=True)
class NextStep:
    """The escalation that follows if nobody answers."""

    at: datetime
    to: Role


def next_escalation(policy: Policy, clock: Clock) -> NextStep | None:
    """The next escalation of a clock and who hears of it; nothing after the last one."""
    left = escalations(policy, urgent=clock.urgent)[clock.escalated :]
    if not left:
        return None
    at = escalation_at(policy, clock, left[0])
    if clock.held == clock.escalated + 1 and clock.promised_at:
        at = max(at, clock.promised_at)
    return NextStep(at, left[0].to)


def delay_after_due(text: str) -> timedelta:
    """The time after the due time that `due` or `due+30m` names.

    Raises `ValueError` for any other text.
    """
    found = _DELAY.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r}: write 'due', 'due+30m' or '{NEXT_OPENING}'")
    count, unit = found.groups()
    return timedelta(**{_UNITS[unit]: int(count)}) if count else NOTHING


def steps(policy: Policy, clock: Clock, now: datetime | None = None) -> tuple[Step, ...]:
    """Every step of a clock: the next reminder, the warning, the escalations.

    A clock that is counted again later than it started, at `now`, has its next reminder at the
    next opening: that of today has gone out. A warning that would have gone out before the clock
    started is left out.
    """
    return tuple(_steps(policy, clock, max(now or clock.started_at, clock.started_at)))


def _steps(policy: Policy, clock: Clock, now: datetime) -> Iterable[Step]:
    yield Step(REMINDER, reminder_after(policy, now))
    if (warn_at := warning_at(policy, clock)) >= clock.started_at:
        yield Step(WARNING, warn_at)
    if clock.urgent and policy.hotrush.refund_on_breach:
        # An answer at the due time itself is in time.
        yield Step(BREACH, clock.due_at + MOMENT)
    for number, one in enumerate(escalations(policy, urgent=clock.urgent), start=1):
        yield Step(escalation(number), escalation_at(policy, clock, one))


def held_until(policy: Policy, at: datetime, *, urgent: bool) -> datetime:
    """How long an acknowledgement without a time holds the next step."""
    if urgent:
        return at + policy.sla.hotrush.ack_holds
    return span.add(policy.calendar, at, policy.sla.normal.ack_holds)


def working_time(policy: Policy, from_at: datetime, until_at: datetime) -> timedelta:
    """Working time between two instants, nothing where the second is the earlier one."""
    return max(span.between(policy.calendar, from_at, until_at), NOTHING)


def confirmation_steps(policy: Policy, proposed_at: datetime) -> tuple[Step, ...]:
    """The customer's reminder and the expiry of an open assessment (rule M14)."""
    calendar, rules = policy.calendar, policy.assessment
    after = calendar.day_of(proposed_at) + timedelta(days=1)
    day = next(islice(calendar.working_days(after), rules.remind_on_working_day - 1, None))
    return (
        Step(REMINDER, calendar.opening_of(day)),
        Step(EXPIRY, proposed_at + rules.expire_after),
    )
