"""Time passes: steps of promises that are due become letters, or nothing any more (policy 4.8).

Every step is asked again whether it still holds; for one ticket one person gets one mail, the most
severe; reminders of one person are one mail that lists all tickets. Each (ticket, clock, step, due)
is recorded, sent or not, so that it never comes twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.desk import clocks, closing, confirmation, hotrush, sla
from gateway.desk.decision import ArmStep, Decision, Disposition, RecordStep
from gateway.desk.draft import Draft
from gateway.desk.model import (
    Account,
    Clock,
    ClockKind,
    LetterValue,
    Status,
    Ticket,
    Verdict,
    Waiting,
)
from gateway.desk.policy import Policy
from gateway.desk.step import AUTOCLOSE, ESCALATION, EXPIRY, REMINDER, TICKET, WARNING, Step

LATE: Final = timedelta(minutes=5)
"""Steps that go out later than this say so (rule M19)."""
OWN: Final = 0
COPY: Final = 1
SEVERITY: Final = {ESCALATION: 0, WARNING: 1, REMINDER: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A step that is due, as the store kept it."""

    ticket: int
    clock: str
    step: str
    at: datetime
    due_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class DueFacts:
    """The tickets of some due timers, and their accounts."""

    tickets: dict[int, Ticket]
    accounts: dict[str, Account]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One letter that a step asks for: to whom, how severe, about which clock."""

    to: str
    rank: tuple[int, int]
    """Severity, then own step before copy; the smallest wins."""
    timer: Timer
    clock: Clock
    copy_of: str = ""


def due(timers: Sequence[Timer], facts: DueFacts, policy: Policy, now: datetime) -> list[Decision]:
    """What follows from the timers that are due: a decision for each ticket, then the reminders."""
    decisions: list[Decision] = []
    reminders: dict[str, list[Ring]] = {}
    for number in dict.fromkeys(timer.ticket for timer in timers):
        ticket = facts.tickets.get(number)
        mine = [timer for timer in timers if timer.ticket == number]
        if ticket is None:
            continue
        draft = _draft(policy, now, facts, ticket, mine[0])
        rings = [ring for timer in mine for ring in _fire(draft, ticket, timer, now)]
        for ring in _one_each(rings):
            if ring.rank[0] == SEVERITY[REMINDER]:
                reminders.setdefault(ring.to, []).append(ring)
            else:
                _send(draft, ring, now)
        decisions.append(draft.finish(Disposition.ROUND, ticket=number))
    decisions.extend(_remind(policy, now, facts, to, rings) for to, rings in reminders.items())
    return decisions


def _draft(policy: Policy, now: datetime, facts: DueFacts, ticket: Ticket, timer: Timer) -> Draft:
    return Draft(
        policy=policy,
        at=now,
        event=f"due:{timer.ticket}:{timer.clock}:{timer.step}:{timer.at.isoformat()}",
        actor="time",
        account=facts.accounts.get(ticket.account),
        tickets=(ticket,),
    )


def _fire(draft: Draft, ticket: Ticket, timer: Timer, now: datetime) -> Iterable[Ring]:
    """Ask a step again: the letters it still calls for, and its record."""
    number = ticket.number
    if timer.clock == TICKET:
        _record(draft, timer, sent=False)
        _autoclose(draft, ticket, timer)
        return ()
    if timer.clock not in set(ClockKind):
        _record(draft, timer, sent=True)
        _assessment_step(draft, ticket, timer)
        return ()
    clock = draft.ticket(number).clock(ClockKind(timer.clock))
    if clock is None or clock.due_at != timer.due_at or not ticket.is_open:
        _record(draft, timer, sent=False)
        return ()
    if timer.step == REMINDER:
        step = Step(REMINDER, sla.reminder_after(draft.policy, max(now, timer.at)))
        draft.record(ArmStep(ticket=number, clock=timer.clock, step=step, due_at=timer.due_at))
    if timer.step == WARNING and now >= clock.due_at:
        draft.because("a warning after the due time is dropped (M19)")
        _record(draft, timer, sent=False)
        return ()
    breach = timer.step.startswith(ESCALATION)
    _record(draft, timer, sent=True, breach=breach)
    if breach and draft.policy.hotrush.refund_on_breach and draft.ticket(number).is_urgent:
        _refund_breach(draft, number)
    return tuple(_rings(draft, ticket, timer, clock))


def _record(draft: Draft, timer: Timer, *, sent: bool, breach: bool = False) -> None:
    draft.record(
        RecordStep(
            ticket=timer.ticket,
            clock=timer.clock,
            step=timer.step,
            at=timer.at,
            due_at=timer.due_at,
            sent=sent,
            breach=breach,
        )
    )


def _rings(draft: Draft, ticket: Ticket, timer: Timer, clock: Clock) -> Iterable[Ring]:
    """Who hears of a step: policy 4.8, last column."""
    watching = draft.on_the_ticket(ticket)
    if not timer.step.startswith(ESCALATION):
        rank = (SEVERITY[timer.step], OWN)
        yield from (Ring(to=one, rank=rank, timer=timer, clock=clock) for one in watching)
        return
    steps = sla.escalations(draft.policy, urgent=clock.urgent)
    index = int(timer.step.removeprefix(ESCALATION)) - 1
    told = draft.policy.staff.with_role(steps[index].to)
    before = draft.policy.staff.with_role(steps[index - 1].to) if index else watching
    for one in told or watching:
        yield Ring(to=one, rank=(SEVERITY[ESCALATION], OWN), timer=timer, clock=clock)
    for one in before:
        if one not in told:
            yield Ring(
                to=one,
                rank=(SEVERITY[ESCALATION], COPY),
                timer=timer,
                clock=clock,
                copy_of=next(iter(told), ""),
            )


def _one_each(rings: Iterable[Ring]) -> list[Ring]:
    """One mail a person: the most severe step, an own one before a copy."""
    best: dict[str, Ring] = {}
    for ring in rings:
        if ring.to not in best or ring.rank < best[ring.to].rank:
            best[ring.to] = ring
    return list(best.values())


def _send(draft: Draft, ring: Ring, now: datetime) -> None:
    ticket = draft.ticket(ring.timer.ticket)
    escalates = ring.rank[0] == SEVERITY[ESCALATION]
    draft.to_staff(
        "engineer_escalation" if escalates else "engineer_sla_warning",
        (ring.to,),
        ticket,
        copy_of=ring.copy_of,
        due_at=ring.clock.due_at,
        step=ring.timer.step,
        overdue=max(now - ring.clock.due_at, timedelta(0)),
        left=max(ring.clock.due_at - now, timedelta(0)),
        late=now - ring.timer.at > LATE,
        text=ticket.last_text,
        since=ring.clock.started_at,
    )


def _remind(policy: Policy, now: datetime, facts: DueFacts, to: str, rings: list[Ring]) -> Decision:
    """The daily letter of one person: every ticket that waits, urgent and earliest first."""
    opening_at = max(ring.timer.at for ring in rings)
    draft = Draft(policy=policy, at=now, event=f"reminder:{opening_at.isoformat()}", actor="time")
    ordered = sorted(rings, key=lambda one: (not one.clock.urgent, one.clock.due_at))
    waiting: tuple[LetterValue, ...] = tuple(
        {
            "ticket": ring.timer.ticket,
            "subject": facts.tickets[ring.timer.ticket].subject,
            "account": facts.tickets[ring.timer.ticket].account,
            "urgent": ring.clock.urgent,
            "due_at": ring.clock.due_at,
            "since": ring.clock.started_at,
            "overdue": now >= ring.clock.due_at,
        }
        for ring in ordered
    )
    draft.to_staff("engineer_sla_reminder", (to,), None, thread="new", waiting=waiting)
    return draft.finish(Disposition.ROUND)


def _assessment_step(draft: Draft, ticket: Ticket, timer: Timer) -> None:
    """The customer's reminder and the expiry (rule M14), while the assessment is still open."""
    label = timer.clock.removeprefix("A")
    found = ticket.assessment(int(label)) if label.isdigit() else None
    if found is None or found.verdict is not Verdict.OPEN:
        return
    if timer.step == EXPIRY:
        confirmation.expire(draft, ticket.number, found.number)
    elif timer.due_at > draft.at:
        draft.to_requester(
            "assessment_reminder",
            ticket,
            thread="ticket",
            assessment=found.number,
            expires_at=timer.due_at,
        )


def _autoclose(draft: Draft, ticket: Ticket, timer: Timer) -> None:
    """Option `close.autoclose`: nobody has asked for more since the answer."""
    waits = ticket.waiting_on is Waiting.CUSTOMER and ticket.status is Status.IN_PROGRESS
    if timer.step == AUTOCLOSE and waits:
        closing.close(draft, ticket.number, "no further question")
        closing.tell_closed(draft, ticket.number)


def _refund_breach(draft: Draft, number: int) -> None:
    """Option `hotrush.refund_on_breach`: the doubling is returned, the clock runs on."""
    before = draft.ticket(number)
    hotrush.remove(draft, number, "breach")
    after = draft.ticket(number)
    draft.to_requester(
        "hotrush_removed",
        after,
        thread="ticket",
        why="breach",
        reason="",
        returned=before.charged - after.charged,
        released=before.reserved - after.reserved,
        moved=False,
    )


def recompute(policy: Policy, tickets: Iterable[Ticket], now: datetime) -> list[Decision]:
    """The calendar changed: every running clock is counted again from its start (policy 4.8)."""
    decisions = []
    for ticket in tickets:
        draft = Draft(
            policy=policy,
            at=now,
            event=f"calendar:{now.isoformat()}",
            actor="calendar",
            tickets=(ticket,),
        )
        clocks.redate(draft, ticket.number, from_start=True)
        decisions.append(draft.finish(Disposition.ROUND, ticket=ticket.number))
    return decisions
