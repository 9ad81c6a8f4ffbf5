"""Name a price for a ticket, and what follows: asked for, agreed already, or not covered.

A first price and a raise above the consent are asked for; lowering never is (policy 4.3, A15, A16).
"""

from dataclasses import dataclass
from typing import Final, Literal

from gateway.desk import clocks, gate, lifecycle, price
from gateway.desk.clock_change import (
    ArmStep,
)
from gateway.desk.control import Refusal
from gateway.desk.decision import (
    MoveTicket,
    PriceTicket,
    ProposeAssessment,
    SettleAssessment,
)
from gateway.desk.draft import Draft
from gateway.desk.lifecycle import Event
from gateway.desk.model import Assessment, ClockKind, Status, Ticket, Verdict, Waiting
from gateway.desk.sla import confirmation_steps
from gateway.mail.address import same_address

Outcome = Literal["asked", "agreed", "uncovered", "unchanged"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What an engineer wants a ticket to cost."""

    category: int
    note: str
    line: str
    with_text: bool
    """An answer follows in the same mail: it charges at once, without a reservation."""
    unsent: str = ""
    """That text, for the engineer to get back where credits are missing."""


USAGE: Final = "#assess N [note], N being 1, 2 or 3"


def assess(draft: Draft, number: int, proposal: Proposal) -> Outcome | Refusal:
    """Carry out `#assess` and `#category`; the refusal says why not."""
    ticket = draft.ticket(number)
    if refusal := _refuse(draft, ticket, proposal):
        return refusal
    if _has_category(ticket, proposal.category):
        return "unchanged"
    needs_consent = _needs_consent(draft, ticket, proposal.category)
    if not needs_consent and _loses_urgency(draft, ticket, proposal):
        gate.refuse_at_charge(draft, number)
        ticket = draft.ticket(number)
    in_force = None if ticket.free else ticket.settled
    price.supersede_present(draft, number)
    if ticket.free or in_force is None or not needs_consent:
        category = proposal.category if in_force is None else ticket.category
        draft.record(PriceTicket(ticket=number, category=category))
    assessment = _assessment(draft, ticket, proposal, needs_consent=needs_consent)
    draft.record(ProposeAssessment(ticket=number, assessment=assessment))
    if needs_consent:
        ask(draft, number, assessment, in_force)
        return "asked"
    if price.missing_for(draft, draft.ticket(number), assessment):
        block(draft, number, assessment, unsent=proposal.unsent)
        return "uncovered"
    _apply_agreed(draft, number, assessment, in_force, with_text=proposal.with_text)
    return "agreed"


def _refuse(draft: Draft, ticket: Ticket, proposal: Proposal) -> Refusal | None:
    prices = draft.policy.credits.prices
    if not ticket.is_priced:
        reason = f"only Support tickets have a price; this one belongs to {ticket.department}"
        return Refusal(proposal.line, reason, "#department support")
    if proposal.category not in prices:
        known = ", ".join(str(one) for one in prices)
        return Refusal(proposal.line, f"there is no category {proposal.category}: {known}", USAGE)
    if ticket.status is Status.CLOSED and not _is_lowering(draft, ticket, proposal.category):
        reason = "the ticket is closed: its price can only be lowered"
        return Refusal(proposal.line, reason, "#reopen")
    return None


def _is_lowering(draft: Draft, ticket: Ticket, category: int) -> bool:
    in_force = None if ticket.free else ticket.settled
    return in_force is not None and price.price(draft.policy, ticket, category) < in_force.price


def _has_category(ticket: Ticket, category: int) -> bool:
    """Whether the category is the one that is asked for or in force now."""
    if ticket.free:
        return False
    now = ticket.present or ticket.settled
    return now is not None and now.category == category


def _needs_consent(draft: Draft, ticket: Ticket, category: int) -> bool:
    """Whether the customer must agree to this price first (decision 1, rules A10, A27)."""
    wanted = price.price(draft.policy, ticket, category)
    in_force = ticket.settled
    if ticket.free:
        return True
    if in_force is not None and wanted > in_force.price:
        mode = draft.policy.recategorise.raise_price
        if mode != "consent":
            return mode == "always"
    if category in draft.policy.assessment.auto_categories:
        return False
    agreed = price.consent(ticket)
    return agreed is not None and wanted > agreed


def _loses_urgency(draft: Draft, ticket: Ticket, proposal: Proposal) -> bool:
    """Whether the doubled price would be taken now, from an account that may not have HotRush."""
    doubled = _assessment(draft, ticket, proposal, needs_consent=False)
    covered = not price.missing_for(draft, ticket, doubled)
    return covered and gate.fails_at_charge(draft, ticket)


def _assessment(
    draft: Draft, ticket: Ticket, proposal: Proposal, *, needs_consent: bool
) -> Assessment:
    return Assessment(
        number=len(ticket.assessments) + 1,
        category=proposal.category,
        base=draft.policy.credits.prices[proposal.category],
        multiplier=price.multiplier(draft.policy, ticket),
        verdict=Verdict.OPEN if needs_consent else Verdict.CONFIRMED,
        proposed_at=draft.at,
        note=proposal.note,
        decided_at=None if needs_consent else draft.at,
        decided_by="" if needs_consent else "agreed in advance",
    )


def ask(draft: Draft, number: int, assessment: Assessment, in_force: Assessment | None) -> None:
    """Ask the customer for a confirmation; no clock runs meanwhile (rules A12, A14)."""
    _await(draft, number)
    arm(draft, number, assessment)
    ticket = draft.ticket(number)
    draft.to_requester(
        "assessment_request",
        ticket,
        thread="ticket",
        assessment=assessment.number,
        old_category=in_force.category if in_force else None,
        old_price=in_force.price if in_force else None,
        missing=price.missing_for(draft, ticket, assessment),
    )


def arm(draft: Draft, number: int, assessment: Assessment) -> None:
    """An open assessment reminds the customer and expires (rule M14)."""
    steps = confirmation_steps(draft.policy, assessment.proposed_at)
    for step in steps:
        draft.record(ArmStep(ticket=number, clock=assessment.label, step=step, due_at=steps[-1].at))


def block(draft: Draft, number: int, assessment: Assessment, *, unsent: str = "") -> None:
    """The price is agreed but not covered: wait for credits, never make a debt (rule A3)."""
    _await(draft, number)
    ticket = draft.ticket(number)
    missing = price.missing_for(draft, ticket, assessment)
    draft.to_requester(
        "credits_needed",
        ticket,
        thread="ticket",
        assessment=assessment.number,
        missing=missing,
        package=package_for(draft, missing),
    )
    for one in draft.on_the_ticket(ticket):
        draft.to_staff(
            "engineer_credits_blocked",
            (one,),
            ticket,
            missing=missing,
            # An unsent text goes back to its writer and to nobody else (5.5).
            unsent=unsent if same_address(one, draft.actor) else "",
            assessment_label=assessment.label,
            price=assessment.price,
        )


def package_for(draft: Draft, missing: int) -> int:
    """The smallest package that brings the missing credits; the largest where none does."""
    sizes = sorted(draft.policy.credits.packages)
    return next((size for size in sizes if size >= missing), sizes[-1] if sizes else 0)


def _await(draft: Draft, number: int) -> None:
    ticket = draft.ticket(number)
    to = lifecycle.after(ticket.status, Event.ASK_PRICE)
    if to is None:
        raise AssertionError(f"no price can be asked while {ticket.status}")
    clocks.stop(draft, number, met=True)
    draft.record(
        MoveTicket(
            ticket=number, event=Event.ASK_PRICE, to=to, at=draft.at, waiting=Waiting.CUSTOMER
        )
    )


def _apply_agreed(
    draft: Draft,
    number: int,
    assessment: Assessment,
    in_force: Assessment | None,
    *,
    with_text: bool,
) -> None:
    """Put an agreed, covered price in force; an answer in the same mail charges it itself."""
    before = draft.ticket(number)
    put_in_force(draft, number, assessment)
    if not with_text or before.answered_at is not None:
        price.settle(draft, number)
    leave_awaiting(draft, number)
    if in_force is not None:
        after = draft.ticket(number)
        draft.to_requester(
            "category_changed",
            after,
            thread="ticket",
            freed=False,
            assessment=assessment.number,
            old_category=in_force.category,
            difference=price.target(draft.policy, after) - (before.charged + before.reserved),
            was_charged=bool(before.charged),
            reason=assessment.note,
        )


def put_in_force(draft: Draft, number: int, assessment: Assessment) -> None:
    """Mark an assessment confirmed and covered, and give the ticket its category."""
    draft.record(
        SettleAssessment(
            ticket=number,
            number=assessment.number,
            verdict=Verdict.CONFIRMED,
            funded=True,
            at=assessment.decided_at or draft.at,
            by=assessment.decided_by or draft.actor,
        ),
        PriceTicket(ticket=number, category=assessment.category),
    )


def leave_awaiting(draft: Draft, number: int, *, waiting: Waiting | None = Waiting.STAFF) -> None:
    """Go back to where the work stood, where a confirmation is no longer awaited."""
    ticket = draft.ticket(number)
    if ticket.status is not Status.AWAITING:
        return
    event = lifecycle.back_from_awaiting(ticket)
    to = lifecycle.LIFE[Status.AWAITING][event]
    draft.record(MoveTicket(ticket=number, event=event, to=to, at=draft.at, waiting=waiting))
    clocks.go_on(draft, number)


def fund(draft: Draft, number: int, *, writer: str = "", follows: str = "mail") -> bool:
    """A confirmed price meets its credits: reserve or charge, and the answer is due (A13, A14).

    False, and nothing changed, while credits are still missing.
    """
    ticket = draft.ticket(number)
    waiting = ticket.present
    if waiting is None or price.missing_for(draft, ticket, waiting):
        return False
    if gate.fails_at_charge(draft, ticket):
        gate.refuse_at_charge(draft, number)
        waiting = draft.ticket(number).present or waiting
    put_in_force(draft, number, waiting)
    price.settle(draft, number)
    event = lifecycle.back_from_awaiting(ticket)
    to = lifecycle.after(ticket.status, event) or ticket.status
    draft.record(MoveTicket(ticket=number, event=event, to=to, at=draft.at, waiting=Waiting.STAFF))
    clocks.start(draft, number, ClockKind.ANSWER)
    after = draft.ticket(number)
    draft.to_requester(
        "assessment_confirmed",
        after,
        writer=writer,
        thread="mail" if follows == "mail" else "ticket",
        assessment=waiting.number,
    )
    draft.to_staff("engineer_confirmed", draft.on_the_ticket(after), after)
    return True


def fund_freed(draft: Draft) -> None:
    """Credits became free again: what waits for credits goes on by itself."""
    if draft.has_freed_credits:
        fund_waiting(draft)


def fund_waiting(draft: Draft) -> None:
    """Credits arrived: try every confirmed price that waits for some, the oldest first (4.3)."""
    waiting = [
        (one.decided_at or one.proposed_at, number)
        for number, ticket in draft.tickets.items()
        if ticket.status is Status.AWAITING
        and (one := ticket.present) is not None
        and one.verdict is Verdict.CONFIRMED
    ]
    for _, number in sorted(waiting):
        fund(draft, number, follows="credits")
