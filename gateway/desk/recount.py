"""The working calendar or a service level changed: running promises are counted again (4.8).

Due times follow from each clock's start as if the calendar had always been this one. No letter is
sent: steps that went out stay as they are unless the promise is no longer broken, steps to come
move, and what is overdue now rings in the next round.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from hashlib import sha256
from typing import Final

from gateway.desk import clocks, sla
from gateway.desk.clock_change import ArmStep, RecountClock
from gateway.desk.decision import Decision, Disposition
from gateway.desk.draft import Draft
from gateway.desk.model import Clock, Ticket, Verdict
from gateway.desk.policy import Policy
from gateway.desk.reminder import Timer
from gateway.desk.step import BREACH, REMINDER, WARNING, Step, escalation_number

ARITHMETIC: Final = "1"
"""Changes with the arithmetic itself, so that an upgrade counts again too."""

Pending = Mapping[tuple[str, str], Timer]
"""The steps of a ticket that are still to come, by clock and name."""


def fingerprint(policy: Policy, year: int) -> str:
    """What due times depend on, as a digest: the open periods around a year and the levels.

    Made of what the calendar means, not of how it is written: another spelling changes nothing,
    new zone data or a newly declared holiday does.
    """
    digest = sha256(ARITHMETIC.encode())
    digest.update(repr((policy.sla, policy.assessment.remind_on_working_day)).encode())
    day = date(year - 1, 1, 1)
    while day.year < year + 2:
        for period in policy.calendar.periods_of(day):
            hours = f"{period.opens_at.timestamp():.0f}-{period.closes_at.timestamp():.0f};"
            digest.update(hours.encode())
        day += timedelta(days=1)
    return digest.hexdigest()


def recount(
    policy: Policy, now: datetime, ticket: Ticket, pending: Sequence[Timer]
) -> Decision | None:
    """A ticket's clocks and steps counted again; nothing where nothing moves."""
    draft = Draft(
        policy=policy,
        at=now,
        event=f"recount:{now.isoformat()}:{ticket.number}",
        actor="calendar",
        tickets=(ticket,),
    )
    armed = {(timer.clock, timer.step): timer for timer in pending}
    for clock in ticket.clocks:
        _recount_clock(draft, ticket, clock, armed)
    _recount_confirmation(draft, ticket, armed)
    return draft.finish(Disposition.ROUND, ticket=ticket.number) if draft.changes else None


def _recount_clock(draft: Draft, ticket: Ticket, clock: Clock, armed: Pending) -> None:
    fresh = sla.start_clock(
        draft.policy,
        clock.kind,
        clock.started_at,
        urgent=clocks.is_urgent(draft, ticket, clock.kind),
        left=clock.rest,
    )
    moved = fresh.due_at != clock.due_at
    if not (moved and fresh.due_at > draft.at):
        # Broken then and now, or the same promise as before: what went out has gone out.
        fresh = replace(
            fresh,
            breached=clock.breached,
            escalated=clock.escalated,
            held=clock.held,
            promised_at=clock.promised_at,
            promised_by=clock.promised_by,
        )
    steps = tuple(_ahead(draft, fresh, armed, moved=moved))
    before = {(name, timer.at) for (kind, name), timer in armed.items() if kind == clock.kind}
    if fresh == clock and before == {(step.name, step.at) for step in steps}:
        return
    draft.record(RecountClock(ticket=ticket.number, clock=fresh, steps=steps))
    draft.because(
        f"{clock.kind} due {clock.due_at:%Y-%m-%dT%H:%MZ} counted again: "
        f"{fresh.due_at:%Y-%m-%dT%H:%MZ}"
    )


def _ahead(draft: Draft, clock: Clock, armed: Pending, *, moved: bool) -> Iterable[Step]:
    """The steps that are still to come."""
    now = draft.at
    for step in sla.steps(draft.policy, clock):
        waiting = armed.get((clock.kind, step.name))
        number = escalation_number(step.name)
        if step.name == REMINDER:
            is_due = waiting is not None and waiting.at <= now
            at = sla.reminder_after(draft.policy, max(now, clock.started_at))
            yield Step(REMINDER, waiting.at if waiting and is_due else at)
        elif step.name == WARNING:
            if clock.due_at > now if moved else waiting:
                yield step
        elif step.name == BREACH:
            if waiting or moved:
                yield step
        elif number > clock.escalated:
            until = clock.promised_at if number == clock.held else None
            yield Step(step.name, max(step.at, until or step.at))


def _recount_confirmation(draft: Draft, ticket: Ticket, armed: Pending) -> None:
    """The customer's reminder follows the calendar; the expiry stays as the customer read it."""
    present = ticket.present
    if present is None or present.verdict is not Verdict.OPEN:
        return
    waiting = armed.get((present.label, REMINDER))
    if waiting is None or waiting.at <= draft.at:
        return
    step = sla.confirmation_steps(draft.policy, present.proposed_at)[0]
    if step.at != waiting.at:
        draft.record(
            ArmStep(ticket=ticket.number, clock=present.label, step=step, due_at=waiting.due_at)
        )
        draft.because(f"reminder of {present.label} counted again")
