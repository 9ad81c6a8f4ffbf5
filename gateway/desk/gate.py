"""Whether an account may have HotRush: asked when the mail comes, or when its price is charged.

The option `hotrush.gate_at` says when (rule H11). A ticket that fails at the charge is an ordinary
one from then on, like one that was refused with its first mail.
"""

from gateway.desk import clocks, price
from gateway.desk.decision import ProposeAssessment, SetHotRush
from gateway.desk.draft import Draft
from gateway.desk.model import Account, Assessment, HotRush, Ticket, Verdict
from gateway.desk.policy import Policy


def refusal(policy: Policy, account: Account | None, department: str) -> str:
    """Why a request for urgency is refused: `department`, `balance`, or empty for granted."""
    if department not in policy.hotrush.departments:
        return "department"
    if policy.hotrush.gate_at == "submission" and not _has_credits(policy, account):
        return "balance"
    return ""


def _has_credits(policy: Policy, account: Account | None) -> bool:
    balance = account.balance if account else None
    ledger = policy.hotrush.balance_basis == "ledger"
    has = (balance.balance if ledger else balance.available) if balance else 0
    return has >= policy.hotrush.min_available


def fails_at_charge(draft: Draft, ticket: Ticket) -> bool:
    """Whether a doubled price may not be taken: the first credits of the ticket are asked for."""
    return (
        draft.policy.hotrush.gate_at == "charge"
        and ticket.is_urgent
        and not (ticket.charged or ticket.reserved)
        and not _has_credits(draft.policy, draft.account)
    )


def refuse_at_charge(draft: Draft, number: int) -> None:
    """Urgency ends without being counted, the price is single, and the customer is told why."""
    draft.because("HotRush refused at the charge: balance (H11)")
    draft.record(SetHotRush(ticket=number, state=HotRush.REFUSED, reason="balance"))
    if waiting := price.supersede_present(draft, number):
        draft.record(ProposeAssessment(ticket=number, assessment=_single(draft, number, waiting)))
    clocks.redate(draft, number, from_start=True)
    after = draft.ticket(number)
    draft.to_requester(
        "hotrush_refused",
        after,
        thread="ticket",
        why="charge",
        needed=draft.policy.hotrush.min_available,
        old_ticket=None,
        departments=(),
    )
    draft.to_staff("engineer_hotrush_changed", draft.on_the_ticket(after), after, what="refused")


def _single(draft: Draft, number: int, doubled: Assessment) -> Assessment:
    """The next label at the single price: who agreed to the doubled one agreed to this (4.3)."""
    return Assessment(
        number=len(draft.ticket(number).assessments) + 1,
        category=doubled.category,
        base=doubled.base,
        multiplier=1,
        verdict=Verdict.CONFIRMED,
        proposed_at=draft.at,
        note=doubled.note,
        decided_at=doubled.decided_at,
        decided_by=doubled.decided_by,
    )
