"""Clocks and their steps as rows: what runs, what is to come, what was dealt with.

Steps are written many at a time, one statement a table: a thousand cost as much as a dozen.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, bindparam, delete, insert, update

from gateway.desk.clock_change import (
    ArmStep,
    HoldStep,
    RecordStep,
    RecountClock,
    StartClock,
    StopClock,
)
from gateway.desk.model import Clock
from gateway.desk.step import REMINDER, Step, escalation
from gateway.store import rows
from gateway.store.occasion import Applied, Occasion
from gateway.store.prepared import Prepared
from gateway.store.tables import clocks, steps, timers

_THIS_CLOCK: Final = (timers.c.ticket == bindparam("of_ticket")) & (
    timers.c.clock == bindparam("of_clock")
)
_THIS_TIMER: Final = _THIS_CLOCK & (timers.c.step == bindparam("of_step"))
# Statements of many mails are built once: building them costs more than running them.
_START: Final = Prepared(insert(clocks))
_ARM: Final = Prepared(insert(timers))
_DISARM: Final = Prepared(delete(timers).where(_THIS_CLOCK))
_END: Final = Prepared(
    update(clocks)
    .where(
        clocks.c.ticket == bindparam("of_ticket"),
        clocks.c.kind == bindparam("of_kind"),
        clocks.c.stopped_at.is_(None),
    )
    .values(stopped_at=bindparam("stopped_at"), met=bindparam("met"))
)


def start_clock(
    connection: Connection, change: StartClock, occasion: Occasion, applied: Applied
) -> None:
    """A promise runs; one of the same kind that ran before it ends unjudged."""
    ticket, clock = applied.ticket(change.ticket), change.clock
    if change.ticket not in applied.numbers:
        _end_clock(connection, ticket, str(clock.kind), clock.started_at, met=None)
    _START.run(connection, {"ticket": ticket, **rows.clock_columns(clock)})
    _arm_all(connection, ticket, clock, change.steps, occasion)


def _arm_all(
    connection: Connection,
    ticket: int | None,
    clock: Clock,
    steps_ahead: Sequence[Step],
    occasion: Occasion,
) -> None:
    if steps_ahead:
        _ARM.run_each(
            connection,
            [
                {
                    "ticket": ticket,
                    "clock": str(clock.kind),
                    "step": step.name,
                    "at": step.at,
                    "not_before": step.at,
                    "due_at": clock.due_at,
                    "armed_at": occasion.at,
                }
                for step in steps_ahead
            ],
        )


def recount_clock(connection: Connection, change: RecountClock, occasion: Occasion) -> None:
    """The running clock stays the one it is; its due time and its steps are new."""
    clock = change.clock
    connection.execute(
        update(clocks)
        .where(
            clocks.c.ticket == change.ticket,
            clocks.c.kind == str(clock.kind),
            clocks.c.stopped_at.is_(None),
        )
        .values(**rows.clock_columns(clock))
    )
    disarm(connection, change.ticket, str(clock.kind))
    _arm_all(connection, change.ticket, clock, change.steps, occasion)


def hold_step(connection: Connection, change: HoldStep) -> None:
    """Somebody took a missed promise on: the step that follows waits."""
    held = {"held": change.number} if change.number else {}
    running = and_(
        clocks.c.ticket == change.ticket,
        clocks.c.kind == str(change.clock),
        clocks.c.stopped_at.is_(None),
    )
    connection.execute(
        update(clocks)
        .where(running)
        .values(promised_at=change.until, promised_by=change.by, **held)
    )
    if change.number:
        connection.execute(
            update(timers)
            .where(
                timers.c.ticket == change.ticket,
                timers.c.clock == str(change.clock),
                timers.c.step == escalation(change.number),
                timers.c.at < change.until,
            )
            .values(at=change.until, not_before=change.until)
        )


def stop_clock(connection: Connection, change: StopClock, applied: Applied) -> None:
    """A promise was kept or is no longer asked for; nothing of it is to come."""
    ticket = applied.ticket(change.ticket)
    _end_clock(connection, ticket, str(change.kind), change.at, met=change.met)


def _end_clock(
    connection: Connection, ticket: int | None, kind: str, at: datetime, *, met: bool | None
) -> None:
    this = {"of_ticket": ticket, "of_kind": kind}
    _END.run(connection, {**this, "stopped_at": at, "met": met})
    disarm(connection, ticket, kind)


def disarm(connection: Connection, ticket: int | None, clock: str) -> None:
    """Nothing of a clock or an assessment is to come any more."""
    _DISARM.run(connection, {"of_ticket": ticket, "of_clock": clock})


def deal_with_steps(
    connection: Connection, changes: Sequence[ArmStep | RecordStep], *, at: datetime
) -> None:
    """Record what was dealt with and arm what follows.

    A step that is recorded for this due time already raises `IntegrityError` (invariant 38).
    """
    recorded = [one for one in changes if isinstance(one, RecordStep)]
    armed = [one for one in changes if isinstance(one, ArmStep)]
    again = {(one.ticket, one.clock, one.step.name) for one in armed}
    over = [one for one in recorded if (one.ticket, one.clock, one.step) not in again]
    if again:
        keys = [{"of_ticket": t, "of_clock": c, "of_step": s} for t, c, s in sorted(again)]
        connection.execute(delete(timers).where(_THIS_TIMER), keys)
    if over:
        connection.execute(
            delete(timers).where(_THIS_TIMER & (timers.c.at == bindparam("of_at"))),
            [
                {"of_ticket": one.ticket, "of_clock": one.clock, "of_step": one.step}
                | {"of_at": one.at}
                for one in over
            ],
        )
    if fresh := [_step_row(one, at) for one in recorded if not one.known]:
        connection.execute(insert(steps), fresh)
    if armed:
        _ARM.run_each(connection, [_timer_row(one, at) for one in armed])
    if broken := [one for one in recorded if one.escalation]:
        _break(connection, broken)


def _step_row(change: RecordStep, at: datetime) -> dict[str, object]:
    return {
        "ticket": change.ticket,
        "clock": change.clock,
        "step": change.step,
        "at": change.at,
        "due_at": change.due_at,
        "slot": change.at if change.step == REMINDER else change.due_at,
        "fired_at": at,
        "sent": change.sent,
    }


def _timer_row(change: ArmStep, at: datetime) -> dict[str, object]:
    return {
        "ticket": change.ticket,
        "clock": change.clock,
        "step": change.step.name,
        "at": change.step.at,
        "not_before": change.step.at,
        "due_at": change.due_at,
        "armed_at": at,
    }


def _break(connection: Connection, broken: Sequence[RecordStep]) -> None:
    """The promises of escalations are broken, and how far the escalation went."""
    connection.execute(
        update(clocks)
        .where(
            clocks.c.ticket == bindparam("of_ticket"),
            clocks.c.kind == bindparam("of_clock"),
            clocks.c.stopped_at.is_(None),
        )
        .values(breached=True, escalated=bindparam("number")),
        [
            {"of_ticket": one.ticket, "of_clock": one.clock, "number": one.escalation}
            for one in broken
        ],
    )
