"""Time passes: steps of promises that are due become letters, or nothing any more (policy 4.8).

Every step is asked again whether it still holds; for one ticket one person gets one mail, the most
severe; reminders of one person are one mail that lists all tickets. Each (ticket, clock, step, due)
is recorded, sent or not, so that it never comes twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from gateway.desk import closing, confirmation, hotrush, sla
from gateway.desk.clock_change import (
    ArmStep,
    RecordStep,
)
from gateway.desk.decision import (
    Decision,
    Disposition,
)
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
from gateway.desk.step import (
    AUTOCLOSE,
    BREACH,
    EXPIRY,
    REMINDER,
    TICKET,
    WARNING,
    Step,
    escalation_number,
)

LATE: Final = timedelta(minutes=5)
"""Steps that go out later than this say so (rule M19)."""
OWN: Final = 0
COPY: Final = 1
ESCALATION: Final = "escalation"
SEVERITY: Final = {ESCALATION: 0, WARNING: 1, REMINDER: 2}
LISTED_MAX: Final = 100
"""Tickets that one reminder lists; the rest is counted."""
EXCERPT_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Timer:
    """A step that is due, as the store kept it."""

    ticket: int
    clock: str
    step: str
    at: datetime
    due_at: datetime
    armed_at: datetime | None = None
    """When it was written down: a step that was due already then is not late but overdue."""

    known: bool = False
    """Its step was dealt with for this due time before, and never again."""

    @property
    def moves_credits(self) -> bool:
        """An assessment or a ticket ends with it: reservations may be released."""
        return self.clock not in set(ClockKind)

    def is_late(self, now: datetime) -> bool:
        """Whether the gateway let its time pass, for a standstill (rule M19)."""
        return now - max(self.at, self.armed_at or self.at) > LATE


@dataclass(frozen=True, slots=True, kw_only=True)
class DueFacts:
    """The tickets of some due timers, and their accounts."""

    tickets: dict[int, Ticket]
    accounts: dict[str, Account]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ring:
    """One letter that a step asks for: to whom, how severe, about which clock."""

    to: str
    rank: tuple[int, int, int]
    """Severity, own step before copy, later step first; the smallest wins."""
    timer: Timer
    clock: Clock
    copy_of: str = ""


def due(timers: Sequence[Timer], facts: DueFacts, policy: Policy, now: datetime) -> list[Decision]:
    """What follows from the timers that are due: a decision for each ticket, then the reminders."""
    by_ticket: dict[int, list[Timer]] = {}
    for timer in timers:
        by_ticket.setdefault(timer.ticket, []).append(timer)
    decisions: list[Decision] = []
    reminders: dict[str, list[Ring]] = {}
    for number, mine in by_ticket.items():
        ticket = facts.tickets.get(number)
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
    if timer.moves_credits:
        _fire_other(draft, ticket, timer)
        return ()
    clock = draft.ticket(number).clock(ClockKind(timer.clock))
    if clock is None or clock.due_at != timer.due_at or not ticket.is_open:
        _record(draft, timer, sent=False)
        return ()
    if timer.step == REMINDER:
        step = Step(REMINDER, sla.reminder_after(draft.policy, max(now, timer.at)))
        draft.record(ArmStep(ticket=number, clock=timer.clock, step=step, due_at=timer.due_at))
    if timer.known:
        _record(draft, timer, sent=False)
        return ()
    if timer.step == WARNING and now >= clock.due_at:
        draft.because("a warning after the due time is dropped (M19)")
        _record(draft, timer, sent=False)
        return ()
    _record(draft, timer, sent=True, escalation=escalation_number(timer.step))
    if timer.step == BREACH:
        hotrush.refund_breach(draft, number)
        return ()
    return tuple(_rings(draft, ticket, timer, clock))


def _fire_other(draft: Draft, ticket: Ticket, timer: Timer) -> None:
    """Steps that belong to no promise: of an assessment, of the ticket itself."""
    _record(draft, timer, sent=timer.clock != TICKET)
    if timer.known:
        return
    if timer.clock == TICKET:
        _autoclose(draft, ticket, timer)
    else:
        _assessment_step(draft, ticket, timer)


def _record(draft: Draft, timer: Timer, *, sent: bool, escalation: int = 0) -> None:
    draft.record(
        RecordStep(
            ticket=timer.ticket,
            clock=timer.clock,
            step=timer.step,
            at=timer.at,
            due_at=timer.due_at,
            sent=sent,
            escalation=escalation,
            known=timer.known,
        )
    )


def _rings(draft: Draft, ticket: Ticket, timer: Timer, clock: Clock) -> Iterable[Ring]:
    """Who hears of a step: policy 4.8, last column."""
    watching = draft.on_the_ticket(ticket)
    number = escalation_number(timer.step)
    if not number:
        rank = (SEVERITY[timer.step], OWN, 0)
        yield from (Ring(to=one, rank=rank, timer=timer, clock=clock) for one in watching)
        return
    steps = sla.escalations(draft.policy, urgent=clock.urgent)
    # A step that the options no longer have is told to whoever hears of the last one.
    index = min(number, len(steps)) - 1
    told = draft.with_role(steps[index].to) if steps else watching
    before = draft.with_role(steps[index - 1].to) if index > 0 else watching
    for one in told or watching:
        rank = (SEVERITY[ESCALATION], OWN, -number)
        yield Ring(to=one, rank=rank, timer=timer, clock=clock)
    for one in before:
        if one not in told:
            yield Ring(
                to=one,
                rank=(SEVERITY[ESCALATION], COPY, -number),
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
    """A warning or an escalation, with everything needed to act on it."""
    ticket = draft.ticket(ring.timer.ticket)
    escalates = ring.rank[0] == SEVERITY[ESCALATION]
    clock = ticket.clock(ring.clock.kind) or ring.clock
    following = sla.next_escalation(draft.policy, clock)
    draft.to_staff(
        "engineer_escalation" if escalates else "engineer_sla_warning",
        (ring.to,),
        ticket,
        copy_of=ring.copy_of,
        due_at=clock.due_at,
        step=ring.timer.step,
        overdue=max(now - clock.due_at, timedelta(0)),
        left=max(clock.due_at - now, timedelta(0)),
        working_left=sla.working_time(draft.policy, now, clock.due_at),
        working_overdue=sla.working_time(draft.policy, clock.due_at, now),
        late=ring.timer.is_late(now),
        text=ticket.last_text,
        since=clock.started_at,
        promised_at=clock.promised_at,
        promised_by=clock.promised_by,
        next_at=following.at if following else None,
        next_to=following.to if following else "",
    )


def _remind(policy: Policy, now: datetime, facts: DueFacts, to: str, rings: list[Ring]) -> Decision:
    """The daily letter of one person: every ticket that waits, urgent and earliest first."""
    opening_at = max(ring.timer.at for ring in rings)
    ordered = sorted(
        rings, key=lambda one: (not one.clock.urgent, one.clock.due_at, one.timer.ticket)
    )
    # The first ticket is part of the name: a letter about others at the same opening is another.
    event = f"reminder:{opening_at.isoformat()}:{min(one.timer.ticket for one in rings)}"
    draft = Draft(policy=policy, at=now, event=event, actor="time")
    waiting = tuple(_line(policy, now, facts, ring) for ring in ordered[:LISTED_MAX])
    draft.to_staff(
        "engineer_sla_reminder",
        (to,),
        None,
        thread="new",
        waiting=waiting,
        count=len(ordered),
        more=len(ordered) - len(waiting),
    )
    return draft.finish(Disposition.ROUND)


def _line(policy: Policy, now: datetime, facts: DueFacts, ring: Ring) -> LetterValue:
    """One ticket of a reminder: who waits, since when, how long is left, the last words."""
    ticket, clock = facts.tickets[ring.timer.ticket], ring.clock
    words = " ".join(ticket.last_text.split())
    return {
        "ticket": ticket.number,
        "subject": ticket.subject,
        "account": ticket.account,
        "requester": ticket.requester,
        "urgent": clock.urgent,
        "due_at": clock.due_at,
        "since": clock.started_at,
        "overdue": now >= clock.due_at,
        "working_left": sla.working_time(policy, now, clock.due_at),
        "excerpt": words[:EXCERPT_MAX] + ("…" if len(words) > EXCERPT_MAX else ""),
    }


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
    """Option `close.autoclose`: nobody has said more since our answer or question."""
    open_to_us = ticket.status in (Status.ASSIGNED, Status.IN_PROGRESS)
    waits = ticket.waiting_on is Waiting.CUSTOMER and open_to_us
    # What is to be corrected or was moved is promised without a word of the customer's.
    waits = waits and ticket.clock(ClockKind.FIRST_RESPONSE) is None
    if timer.step == AUTOCLOSE and waits:
        closing.close(draft, ticket.number, "no further question")
        closing.tell_closed(draft, ticket.number)
