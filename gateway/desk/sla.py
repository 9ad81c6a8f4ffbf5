"""Promises: when a response is due, and which steps lead up to it and follow a missed one.

All of it is arithmetic on the working calendar (policy 4.8, 4.9); nothing here looks at a clock.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from gateway.desk.model import Clock, ClockKind
from gateway.desk.policy import Escalation, Policy
from gateway.desk.step import ESCALATION, EXPIRY, REMINDER, WARNING, Step
from gateway.worktime import span
from gateway.worktime.hours import EVERY_DAY

MONDAY_TO_FRIDAY: Final = frozenset(range(5))
NEXT_OPENING: Final = "next opening after due"
NOTHING: Final = timedelta(0)

_DELAY: Final = re.compile(r"due(?:\s*\+\s*(\d+)\s*([smhd]))?")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}


def due(policy: Policy, at: datetime, *, urgent: bool) -> datetime:
    """When a response to something that came in at `at` is promised."""
    return hotrush_due(policy, at) if urgent else normal_due(policy, at)


def hotrush_due(policy: Policy, at: datetime) -> datetime:
    """An hour from the mail, or from the next opening (rules H5, H6)."""
    level = policy.sla.hotrush
    start_at = policy.calendar.start(at)
    if level.mode == "working":
        return span.add(policy.calendar, start_at, level.target)
    return start_at + level.target


def normal_due(policy: Policy, at: datetime) -> datetime:
    """The same local time on the next working day, within its hours (rule H1)."""
    calendar, level = policy.calendar, policy.sla.normal
    weekdays = MONDAY_TO_FRIDAY if level.weekdays == "mon-fri" else EVERY_DAY
    start_at = calendar.start(at)
    if calendar.day_of(start_at).weekday() not in weekdays:
        day = next(calendar.working_days(calendar.day_of(start_at), weekdays))
        start_at = calendar.opening_of(day)
    days = calendar.working_days(calendar.day_of(start_at), weekdays)
    day = next(islice(days, level.working_days, None))
    closing_at = calendar.closing_of(day)
    if level.mode == "end_of_day":
        return closing_at
    wall = datetime.combine(day, calendar.local(start_at).time())
    return min(max(calendar.instant_of(wall), calendar.opening_of(day)), closing_at)


def start_clock(
    policy: Policy, kind: ClockKind, at: datetime, *, urgent: bool, left: timedelta | None = None
) -> Clock:
    """A clock that starts at `at`; `left` makes it run for the rest of an older promise only."""
    due_at = due(policy, at, urgent=urgent) if left is None else _resumed(policy, at, left, urgent)
    return Clock(kind=kind, started_at=at, due_at=due_at, urgent=urgent)


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


def escalation_at(policy: Policy, clock: Clock, escalation: Escalation) -> datetime:
    """When an escalation step is due; a HotRush grace moves it (rule H7)."""
    grace = policy.sla.hotrush.grace if clock.urgent else NOTHING
    if escalation.at == NEXT_OPENING:
        return next(policy.calendar.day_openings(clock.due_at + grace))
    return clock.due_at + grace + delay_after_due(escalation.at)


def delay_after_due(text: str) -> timedelta:
    """The time after the due time that `due` or `due+30m` names.

    Raises `ValueError` for any other text.
    """
    found = _DELAY.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r}: write 'due', 'due+30m' or '{NEXT_OPENING}'")
    count, unit = found.groups()
    return timedelta(**{_UNITS[unit]: int(count)}) if count else NOTHING


def steps(policy: Policy, clock: Clock) -> tuple[Step, ...]:
    """Every step of a clock that just started: the first reminder, the warning, the escalations.

    A warning that would have gone out before the clock started is left out.
    """
    return tuple(_steps(policy, clock))


def _steps(policy: Policy, clock: Clock) -> Iterable[Step]:
    yield Step(REMINDER, reminder_after(policy, clock.started_at))
    if (warn_at := warning_at(policy, clock)) >= clock.started_at:
        yield Step(WARNING, warn_at)
    for number, escalation in enumerate(escalations(policy, urgent=clock.urgent), start=1):
        yield Step(f"{ESCALATION} {number}", escalation_at(policy, clock, escalation))


def confirmation_steps(policy: Policy, proposed_at: datetime) -> tuple[Step, ...]:
    """The customer's reminder and the expiry of an open assessment (rule M14)."""
    calendar, rules = policy.calendar, policy.assessment
    after = calendar.day_of(proposed_at) + timedelta(days=1)
    day = next(islice(calendar.working_days(after), rules.remind_on_working_day - 1, None))
    return (
        Step(REMINDER, calendar.opening_of(day)),
        Step(EXPIRY, proposed_at + rules.expire_after),
    )
