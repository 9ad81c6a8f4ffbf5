"""Service levels and deadlines that cannot be meant: nothing below zero, nothing beyond a year."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Final

from gateway.desk.policy import Options
from gateway.desk.sla import NEXT_OPENING, delay_after_due

NOTHING: Final = timedelta(0)
YEAR: Final = timedelta(days=366)
WORKING_DAYS_MAX: Final = 250


def check_levels(options: Options) -> Iterator[str]:
    """One problem for each wrong value, beginning with its key."""
    yield from _durations(options)
    if not 1 <= options.sla.normal.working_days <= WORKING_DAYS_MAX:
        yield f"sla.normal.working_days: must be from 1 to {WORKING_DAYS_MAX}"
    if not 1 <= options.assessment.remind_on_working_day <= WORKING_DAYS_MAX:
        yield f"assessment.remind_on_working_day: must be from 1 to {WORKING_DAYS_MAX}"
    for level, steps in (
        ("normal", options.sla.normal.escalate),
        ("hotrush", options.sla.hotrush.escalate),
    ):
        for number, step in enumerate(steps):
            try:
                delay = NOTHING if step.at == NEXT_OPENING else delay_after_due(step.at)
            except ValueError as error:
                yield f"sla.{level}.escalate.[{number}].at: {error}"
                continue
            if delay > YEAR:
                yield f"sla.{level}.escalate.[{number}].at: {step.at!r} is over a year"


def _durations(options: Options) -> Iterator[str]:
    sla = options.sla
    may_be_nothing = {
        "sla.normal.warn_before": sla.normal.warn_before,
        "sla.hotrush.warn_before": sla.hotrush.warn_before,
        "sla.hotrush.grace": sla.hotrush.grace,
        "close.reopen_window": options.close.reopen_window,
    }
    must_be_something = {
        "sla.normal.ack_holds": sla.normal.ack_holds,
        "sla.hotrush.ack_holds": sla.hotrush.ack_holds,
        "sla.hotrush.target": sla.hotrush.target,
        "assessment.expire_after": options.assessment.expire_after,
        "close.autoclose": options.close.autoclose or YEAR,
    }
    for key, value in may_be_nothing.items():
        if not NOTHING <= value <= YEAR * 10:
            yield f"{key}: must be a duration from 0m on, such as 30m or 2h"
    for key, value in must_be_something.items():
        if not NOTHING < value <= YEAR:
            yield f"{key}: must be a duration above nothing and up to a year, such as 60m or 14d"
