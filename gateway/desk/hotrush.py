"""Urgency: granted with the first mail, unset or withdrawn by the customer, removed by staff.

There is no way back from unset, withdrawn, removed or refused, except by the option
`hotrush.late_request` (policy 4.4, rules H2 to H20).
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, Literal

from gateway.desk import assessment, clocks, gate, price
from gateway.desk.decision import (
    CountWithdrawal,
    PriceTicket,
    ProposeAssessment,
    SetHotRush,
)
from gateway.desk.draft import Draft
from gateway.desk.model import (
    Account,
    Assessment,
    ClockKind,
    HotRush,
    Status,
    Ticket,
    Verdict,
    Withdrawal,
)
from gateway.desk.policy import Policy

WITHDRAWABLE: Final = (Status.ASSIGNED, Status.AWAITING, Status.IN_PROGRESS)
LATE_REQUEST: Final[Mapping[str, tuple[Status, ...]]] = MappingProxyType(
    {
        "refuse": (),
        "while_submitted": (Status.SUBMITTED,),
        "while_open": (Status.SUBMITTED, *WITHDRAWABLE),
    }
)
"""In which statuses a ticket may become urgent after its first mail."""


def withdrawals_counted(policy: Policy, account: Account, ticket: Ticket, year: int) -> int:
    """Withdrawals that count against the limit (decision 3)."""
    scope = policy.hotrush.withdraw_scope
    if scope == "ticket":
        return sum(one.ticket == ticket.number for one in account.withdrawals)
    if scope == "year":
        return sum(policy.calendar.local(one.at).year == year for one in account.withdrawals)
    return len(account.withdrawals)


def turn_off(draft: Draft, number: int, writer: str) -> None:
    """`hotrush off`: unset while submitted, withdrawn later on, or refused (H12 to H15)."""
    ticket = draft.ticket(number)
    if refusal := _refuse_turning_off(draft, ticket):
        draft.because(f"hotrush off refused: {refusal} (H13)")
        draft.to_requester(
            "hotrush_withdraw_refused",
            ticket,
            writer=writer,
            why=refusal,
            used=_used(draft, ticket),
        )
        return
    withdrawing = ticket.status is not Status.SUBMITTED
    if withdrawing:
        draft.because("HotRush withdrawn (H13)")
        _withdraw(draft, ticket, writer)
    else:
        draft.because("HotRush unset (H12)")
        _end(draft, number, HotRush.UNSET, "", keep_charge=False)
        clocks.redate(draft, number, from_start=True)
        draft.to_requester("hotrush_unset", draft.ticket(number), writer=writer)
    after = draft.ticket(number)
    told = draft.on_the_ticket(after) if withdrawing else draft.policy.staff.duty
    draft.to_staff(
        "engineer_hotrush_changed",
        told or draft.on_the_ticket(after),
        after,
        what="withdrawn" if withdrawing else "unset",
    )


def _refuse_turning_off(
    draft: Draft, ticket: Ticket
) -> Literal["closed", "not_urgent", "limit", ""]:
    if not ticket.is_open:
        return "closed"
    if not ticket.is_urgent:
        return "not_urgent"
    limit = draft.policy.hotrush.max_withdrawals
    if ticket.status in WITHDRAWABLE and _used(draft, ticket) >= limit:
        return "limit"
    return ""


def _used(draft: Draft, ticket: Ticket) -> int:
    if draft.account is None:
        return 0
    year = draft.policy.calendar.local(draft.at).year
    return withdrawals_counted(draft.policy, draft.account, ticket, year)


def _withdraw(draft: Draft, ticket: Ticket, writer: str) -> None:
    number = ticket.number
    keep = not draft.policy.hotrush.refund_on_withdraw
    draft.record(
        CountWithdrawal(account=ticket.account, withdrawal=Withdrawal(ticket=number, at=draft.at))
    )
    funded = _end(draft, number, HotRush.WITHDRAWN, "", keep_charge=keep)
    clocks.redate(draft, number, from_start=True)
    after = draft.ticket(number)
    draft.to_requester(
        "hotrush_withdrawn",
        after,
        writer=writer,
        used=_used(draft, after),
        returned=ticket.charged - after.charged,
        released=ticket.reserved - after.reserved,
        kept=after.kept,
        assessment=after.present.number if after.present else None,
        asks=after.awaits_consent,
        missing=_missing(draft, after),
    )
    if funded:
        assessment.fund(draft, number, writer=writer, follows="withdrawal")


def _end(draft: Draft, number: int, state: HotRush, reason: str, *, keep_charge: bool) -> bool:
    """Urgency ends: the price is single again; true where credits now cover what waited."""
    ticket = draft.ticket(number)
    waiting, agreed = ticket.present, price.consent(ticket)
    draft.record(SetHotRush(ticket=number, state=state, reason=reason))
    if waiting:
        price.supersede_present(draft, number)
        _reprice(draft, number, waiting, agreed)
    if keep_charge and ticket.charged:
        kept = ticket.charged - price.target(draft.policy, draft.ticket(number)) + ticket.kept
        draft.record(
            PriceTicket(
                ticket=number, category=ticket.category, free=ticket.free, kept=max(kept, 0)
            )
        )
    price.settle(draft, number)
    fresh = draft.ticket(number).present
    return (
        fresh is not None
        and fresh.verdict is Verdict.CONFIRMED
        and not price.missing_for(draft, draft.ticket(number), fresh)
    )


def _reprice(draft: Draft, number: int, old: Assessment, agreed: int | None) -> None:
    """The next label carries the single price: open, or confirmed where consent covers it (4.3)."""
    ticket = draft.ticket(number)
    was_open = old.verdict is Verdict.OPEN
    factor = price.multiplier(draft.policy, ticket)
    covered = agreed is None or old.base * factor <= agreed
    confirmed = not was_open and covered
    fresh = Assessment(
        number=len(ticket.assessments) + 1,
        category=old.category,
        base=old.base,
        multiplier=factor,
        verdict=Verdict.CONFIRMED if confirmed else Verdict.OPEN,
        proposed_at=draft.at,
        note=old.note,
        decided_at=old.decided_at if confirmed else None,
        decided_by=old.decided_by if confirmed else "",
    )
    draft.record(ProposeAssessment(ticket=number, assessment=fresh))
    if not confirmed:
        assessment.arm(draft, number, fresh)


def remove(draft: Draft, number: int, reason: str) -> None:
    """Staff ends urgency: not counted, the doubling returned (H17). Clocks are the caller's."""
    if _end(draft, number, HotRush.REMOVED, reason, keep_charge=False):
        assessment.fund(draft, number, follows="removal")


def tell_removed(draft: Draft, before: Ticket, *, reason: str) -> None:
    """The customer hears why, what came back, and what is to be confirmed now instead."""
    after = draft.ticket(before.number)
    draft.to_requester(
        "hotrush_removed",
        after,
        thread="ticket",
        why=after.hotrush_reason,
        reason=reason,
        returned=before.charged - after.charged,
        released=before.reserved - after.reserved,
        moved=before.department != after.department,
        assessment=after.present.number if after.present else None,
        asks=after.awaits_consent,
        missing=_missing(draft, after),
    )


def _missing(draft: Draft, ticket: Ticket) -> int:
    """Credits that an agreed price still waits for."""
    waiting = ticket.present
    return price.missing_for(draft, ticket, waiting) if waiting else 0


def refund_breach(draft: Draft, number: int) -> None:
    """Option `hotrush.refund_on_breach`: the hour was missed and the doubling is returned.

    Asked at the due time, and once more where an answer comes after it: a desk that stood still
    owes no less.
    """
    before = draft.ticket(number)
    missed = any(clock.urgent and draft.at > clock.due_at for clock in before.clocks)
    if not (draft.policy.hotrush.refund_on_breach and before.is_urgent and missed):
        return
    draft.because("the promised hour was missed: HotRush ends and is returned")
    remove(draft, number, "breach")
    tell_removed(draft, before, reason="")


def turn_on(draft: Draft, number: int, writer: str) -> None:
    """`#hotrush on`: refused unless the option allows it (rule H3)."""
    ticket = draft.ticket(number)
    if refused := _refuse_turning_on(draft, ticket):
        draft.because("late request for HotRush refused (H3)")
        draft.to_requester("hotrush_late_refused", ticket, writer=writer, why=refused)
        return
    draft.because("late request for HotRush granted (H3)")
    draft.record(SetHotRush(ticket=number, state=HotRush.ACTIVE))
    if ticket.kept and not ticket.free:
        # A doubling that was not returned is paid already.
        draft.record(PriceTicket(ticket=number, category=ticket.category))
    _double(draft, number)
    if ticket.clock(ClockKind.FIRST_RESPONSE):
        clocks.start(draft, number, ClockKind.FIRST_RESPONSE)
    else:
        clocks.redate(draft, number, from_start=False)
    after = draft.ticket(number)
    draft.to_requester(
        "ticket_received_hotrush",
        after,
        writer=writer,
        why="",
        needed=draft.policy.hotrush.min_available,
        old_ticket=None,
        departments=(),
    )
    draft.to_staff(
        "engineer_hotrush_alert",
        draft.watchers(after),
        after,
        text=ticket.last_text,
        new_sender=False,
        opens_at=None
        if draft.policy.calendar.is_open(draft.at)
        else draft.policy.calendar.start(draft.at),
        hint_ticket=None,
        unverified=False,
    )


def _refuse_turning_on(draft: Draft, ticket: Ticket) -> str:
    """Why not, as the letter tells it; nothing where it is granted.

    The option is a way back from every earlier end of urgency as well (policy 4.4).
    """
    if ticket.is_urgent:
        return "active"
    if not ticket.is_open:
        return "closed"
    if ticket.status not in LATE_REQUEST[draft.policy.hotrush.late_request]:
        return "late"
    return gate.refusal(draft.policy, draft.account, ticket.department)


def _double(draft: Draft, number: int) -> None:
    """A price named before the ticket became urgent is named anew, at the doubled rate."""
    ticket = draft.ticket(number)
    named = ticket.present or (None if ticket.free else ticket.settled)
    if named is None:
        return
    agreed = price.consent(ticket)
    price.supersede_present(draft, number)
    _reprice(draft, number, named, agreed)
    fresh = draft.ticket(number).assessments[-1]
    if fresh.verdict is Verdict.OPEN:
        assessment.ask(draft, number, fresh, ticket.settled)
    elif not assessment.fund(draft, number, follows="request"):
        assessment.block(draft, number, fresh)
