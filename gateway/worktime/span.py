"""Add, take away and measure working time: folds over the stream of open periods.

Durations count only open time. `between(c, at, add(c, at, span)) == span` for every span.
"""

from datetime import UTC, datetime, timedelta

from gateway.worktime.hours import Calendar

NOTHING = timedelta(0)


def add(calendar: Calendar, at: datetime, span: timedelta) -> datetime:
    """The earliest instant (UTC) by which `span` of working time has passed since `at`.

    A span of nothing gives `at` itself; a negative one is refused.
    """
    left = _checked(span)
    if left == NOTHING:
        return at.astimezone(UTC)
    for period in calendar.open_periods(at):
        begins_at = max(period.opens_at, at)
        if period.closes_at - begins_at >= left:
            return begins_at + left
        left -= period.closes_at - begins_at
    raise AssertionError("the stream of open periods never ends")


def take(calendar: Calendar, at: datetime, span: timedelta) -> datetime:
    """The latest instant (UTC) from which `span` of working time passes until `at`."""
    left = _checked(span)
    if left == NOTHING:
        return at.astimezone(UTC)
    for period in calendar.past_periods(at):
        ends_at = min(period.closes_at, at)
        if ends_at - period.opens_at >= left:
            return ends_at - left
        left -= ends_at - period.opens_at
    raise AssertionError("the stream of open periods never ends")


def between(calendar: Calendar, from_at: datetime, until_at: datetime) -> timedelta:
    """The working time between two instants; negative where `until_at` is the earlier one."""
    if until_at < from_at:
        return -between(calendar, until_at, from_at)
    total = NOTHING
    for period in calendar.open_periods(from_at):
        if period.opens_at >= until_at:
            break
        total += min(period.closes_at, until_at) - max(period.opens_at, from_at)
    return total


def _checked(span: timedelta) -> timedelta:
    if span < NOTHING:
        raise ValueError("working time is added and taken in positive spans")
    return span
