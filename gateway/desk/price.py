"""Bring a ticket to its price: the one operation behind confirming, answering and taking back.

target(ticket) = 0 if free or without a category, else the price of its category at the time of its
assessment, doubled while HotRush is active (policy 4.5). Before the first answer the reservation
follows the target, from then on the charge does. What credits do not cover leaves all as it is.
"""

from collections.abc import Iterable

from gateway.desk.decision import SettleAssessment
from gateway.desk.draft import Draft
from gateway.desk.model import Assessment, Ticket, Verdict
from gateway.desk.policy import Policy
from gateway.ledger.balance import Movement, towards_charged, towards_reserved


def multiplier(policy: Policy, ticket: Ticket) -> int:
    """The factor on prices: exactly while HotRush is active (invariant 17)."""
    return policy.hotrush.multiplier if ticket.is_urgent else 1


def price(policy: Policy, ticket: Ticket, category: int) -> int:
    """What a category costs this ticket today."""
    return policy.credits.prices[category] * multiplier(policy, ticket)


def target(policy: Policy, ticket: Ticket) -> int:
    """What the ticket's charge and reservation together should be."""
    in_force = ticket.settled
    if ticket.free or ticket.category is None or in_force is None:
        return ticket.kept
    # A price agreed at the single rate stays single until the doubled one is agreed.
    factor = min(multiplier(policy, ticket), in_force.multiplier)
    return in_force.base * factor + ticket.kept


def consent(ticket: Ticket) -> int | None:
    """The highest price the customer agreed to; `None` for any (policy 4.3)."""
    agreed = ticket.payment.covers
    if agreed is None:
        return None
    confirmed = (one.price for one in ticket.assessments if one.verdict is Verdict.CONFIRMED)
    return max((agreed, *confirmed))


def is_settled(policy: Policy, ticket: Ticket) -> bool:
    """Whether an answer may leave: agreed and covered, free, or not priced at all (4.2)."""
    if not ticket.is_priced or ticket.free:
        return True
    if ticket.present is not None:
        return False
    return ticket.settled is not None or not policy.engineer.require_price


def movements(
    policy: Policy, ticket: Ticket, goal: int, *, answering: bool
) -> tuple[Movement, ...]:
    """The steps that bring a ticket to a goal, before or from the first answer."""
    at_once = answering or ticket.answered_at is not None
    if at_once or policy.credits.charge_at == "confirmation":
        return towards_charged(ticket.charged, ticket.reserved, goal)
    return towards_reserved(ticket.charged, ticket.reserved, goal)


def shortfall(draft: Draft, steps: Iterable[Movement]) -> int:
    """Credits missing for some steps; 0 where they are covered."""
    needed = sum(step.needs for step in steps)
    available = draft.account.balance.available if draft.account else 0
    if needed <= 0:
        return 0
    return max(0, needed - available - draft.policy.credits.overdraft)


def settle(draft: Draft, number: int, *, answering: bool = False, reason: str = "") -> bool:
    """Bring a ticket to its target; false, and nothing booked, where credits are missing."""
    ticket = draft.ticket(number)
    goal = target(draft.policy, ticket)
    steps = movements(draft.policy, ticket, goal, answering=answering)
    if shortfall(draft, steps):
        return False
    draft.carry_out(number, steps, reason)
    return True


def missing_for(draft: Draft, ticket: Ticket, assessment: Assessment) -> int:
    """Credits missing before an assessment could be covered."""
    goal = assessment.price + ticket.kept
    return shortfall(draft, movements(draft.policy, ticket, goal, answering=False))


def supersede_present(draft: Draft, number: int) -> Assessment | None:
    """End the assessment that waits, if one does: another price takes its place."""
    waiting = draft.ticket(number).present
    if waiting:
        draft.record(
            SettleAssessment(
                ticket=number,
                number=waiting.number,
                verdict=Verdict.SUPERSEDED,
                funded=False,
                at=draft.at,
                by=draft.actor,
            )
        )
    return waiting
