"""Start and stop the promises of a ticket as events ask for it (policy 4.8).

A ticket that waits for staff always has exactly one clock, unless it awaits a confirmation.
"""

from datetime import datetime

from gateway.desk.clock_change import (
    StartClock,
    StopClock,
)
from gateway.desk.draft import Draft
from gateway.desk.model import ClockKind, Status, Ticket, Waiting
from gateway.desk.sla import start_clock, steps, time_left


def start(draft: Draft, number: int, kind: ClockKind, *, at: datetime | None = None) -> None:
    """A promise counts from the event on, or from `at`; clocks of other kinds end."""
    ticket = draft.ticket(number)
    for other in ticket.clocks:
        if other.kind is not kind:
            draft.record(StopClock(ticket=number, kind=other.kind, at=draft.at, met=False))
    resumed = kind is ClockKind.ANSWER and draft.policy.sla.after_confirm == "resume"
    clock = start_clock(
        draft.policy,
        kind,
        at or draft.at,
        urgent=is_urgent(draft, ticket, kind),
        left=ticket.time_left if resumed else None,
    )
    draft.record(StartClock(ticket=number, clock=clock, steps=steps(draft.policy, clock, draft.at)))


def is_urgent(draft: Draft, ticket: Ticket, kind: ClockKind) -> bool:
    """Whether a promise of this kind is counted as HotRush (`sla.followups`)."""
    followup = kind is ClockKind.NEXT_RESPONSE
    return ticket.is_urgent and not (followup and draft.policy.sla.followups == "normal")


def stop(draft: Draft, number: int, *kinds: ClockKind, met: bool) -> None:
    """End running clocks of some kinds, of all where none is named."""
    for clock in draft.ticket(number).clocks:
        if not kinds or clock.kind in kinds:
            draft.record(
                StopClock(
                    ticket=number,
                    kind=clock.kind,
                    at=draft.at,
                    met=met,
                    time_left=time_left(draft.policy, clock, draft.at),
                )
            )


def wait_for_staff(draft: Draft, number: int) -> None:
    """A customer wrote in an answered ticket: the next response is promised, once.

    A clock that runs keeps its due time, and none runs while a confirmation is awaited. The option
    `sla.followups = "off"` promises nothing after the first answer.
    """
    ticket = draft.ticket(number)
    if ticket.clocks or ticket.status in (Status.AWAITING, Status.CLOSED):
        return
    if draft.policy.sla.followups == "off" and ticket.answered_at is not None:
        return
    start(draft, number, ClockKind.NEXT_RESPONSE)


def go_on(draft: Draft, number: int) -> None:
    """A ticket left awaiting confirmation: what staff still owes counts from now."""
    ticket = draft.ticket(number)
    if ticket.answered_at is None:
        start(draft, number, ClockKind.ANSWER)
    elif ticket.waiting_on is Waiting.STAFF:
        wait_for_staff(draft, number)


def redate(draft: Draft, number: int, *, from_start: bool) -> None:
    """Urgency ended or began: running clocks are counted anew, from their start or from now."""
    ticket = draft.ticket(number)
    for clock in ticket.clocks:
        begun_at = clock.started_at if from_start else draft.at
        fresh = start_clock(
            draft.policy, clock.kind, begun_at, urgent=is_urgent(draft, ticket, clock.kind)
        )
        draft.record(
            StartClock(ticket=number, clock=fresh, steps=steps(draft.policy, fresh, draft.at))
        )
