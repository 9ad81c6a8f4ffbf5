"""Somebody takes a missed promise on: `#ack`, `#take`, `#eta 2h` in reply to an escalation.

The leads hear who and until when, and the next step of the escalation waits for the promised time.
Every step waits once: a second promise moves nothing, so nobody escapes by promising again.
"""

from datetime import datetime

from gateway.desk import sla
from gateway.desk.clock_change import (
    HoldStep,
)
from gateway.desk.control import Refusal, StaffCommand
from gateway.desk.draft import Draft
from gateway.desk.eta import USAGE, read_promise
from gateway.desk.model import Clock, ClockKind, Ticket
from gateway.desk.people import Person, Role
from gateway.desk.policy import Policy
from gateway.mail.address import same_address


def acknowledge(draft: Draft, number: int, person: Person, command: StaffCommand) -> Refusal | None:
    """Carry out `#ack` or `#eta`; refused where nobody waits, or the step has waited before."""
    ticket = draft.ticket(number)
    clock = min(ticket.clocks, key=lambda one: one.due_at, default=None)
    if clock is None:
        closed = not ticket.is_open
        reason = "the ticket is closed" if closed else "nobody waits for an answer here any more"
        return Refusal(command.line, reason, "#reopen" if closed else "")
    until = sla.held_until(draft.policy, draft.at, urgent=clock.urgent)
    if command.eta:
        promised = read_promise(draft.policy.calendar, draft.at, command.eta, command.reason)
        if isinstance(promised, str):
            return Refusal(command.line, promised, USAGE)
        until = promised
    elif not clock.escalated:
        draft.because("seen before anything was escalated")
        return None
    if _is_promised(clock) and (command.eta or same_address(clock.promised_by, person.address)):
        return None if command.verb == "take" else _once_only(draft.policy, clock, command)
    _hold(draft, number, person, clock, until)
    _tell(draft, number, person, clock.kind, command.reason)
    return None


def _is_promised(clock: Clock) -> bool:
    """The next step waits for somebody's promise already."""
    return bool(clock.escalated) and clock.held > clock.escalated


def _once_only(policy: Policy, clock: Clock, command: StaffCommand) -> Refusal:
    local = policy.calendar.local(clock.promised_at or clock.due_at)
    return Refusal(
        command.line,
        f"the next step waits until {local:%d %b %H:%M} already, for {clock.promised_by}, "
        "and waits once only",
    )


def is_escalated(ticket: Ticket) -> bool:
    """Whether a promise of the ticket was missed and somebody was told."""
    return any(one.escalated for one in ticket.clocks)


def _hold(draft: Draft, number: int, person: Person, clock: Clock, until: datetime) -> None:
    """The next step waits, where there is one that would come earlier and has not waited yet.

    The first step is never held: a promise to come late does not undo the promise.
    """
    following = clock.escalated + 1
    steps = sla.escalations(draft.policy, urgent=clock.urgent)
    waits = 0
    if clock.escalated and following <= len(steps) and clock.held < following:
        planned = sla.escalation_at(draft.policy, clock, steps[following - 1])
        waits = following if planned < until else 0
    waited = clock.held == following and clock.promised_at
    shown = clock.promised_at if waited and clock.promised_at else until
    draft.record(
        HoldStep(ticket=number, clock=clock.kind, number=waits, until=shown, by=person.address)
    )
    draft.because(f"taken on, escalation {waits} waits" if waits else "taken on")


def _tell(draft: Draft, number: int, person: Person, kind: ClockKind, note: str) -> None:
    """The leads, and whoever else the escalation has reached, hear of it."""
    ticket = draft.ticket(number)
    clock = ticket.clock(kind)
    if clock is None:
        return
    steps = sla.escalations(draft.policy, urgent=clock.urgent)[: clock.escalated]
    roles: dict[Role, None] = dict.fromkeys(("lead", *(one.to for one in steps)))
    told = dict.fromkeys(one for role in roles for one in draft.with_role(role))
    left = sla.next_escalation(draft.policy, clock)
    draft.to_staff(
        "engineer_ack",
        [one for one in told if not same_address(one, person.address)],
        ticket,
        what="acknowledged",
        lines=(),
        by=person.name,
        until=clock.promised_at,
        due_at=clock.due_at,
        note=note,
        next_at=left.at if left else None,
        next_to=left.to if left else "",
    )
