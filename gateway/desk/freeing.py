"""Tickets that cost nothing: `#free`, and errors of ours, `#bug` (rules A25, A26, H19)."""

from gateway.desk import assessment, clocks, hotrush, price
from gateway.desk.control import Refusal, StaffCommand
from gateway.desk.decision import PriceTicket
from gateway.desk.draft import Draft
from gateway.desk.model import ClockKind, Ticket

BUG = "bug"


def free(draft: Draft, number: int, command: StaffCommand) -> Refusal | None:
    """No charge, everything returned; answers cost nothing from now on."""
    ticket = draft.ticket(number)
    if refusal := _refuse(ticket, command):
        return refusal
    price.supersede_present(draft, number)
    draft.record(
        PriceTicket(ticket=number, category=ticket.category, free=command.reason or "free")
    )
    price.settle(draft, number, reason=command.reason)
    assessment.leave_awaiting(draft, number)
    after = draft.ticket(number)
    draft.to_requester(
        "category_changed",
        after,
        thread="ticket",
        freed=True,
        old_category=ticket.category,
        difference=(after.charged + after.reserved) - (ticket.charged + ticket.reserved),
        was_charged=bool(ticket.charged),
        reason=command.reason,
    )
    return None


def bug(draft: Draft, number: int, command: StaffCommand) -> Refusal | None:
    """An error of ours is corrected free of charge and takes ordinary time from now (H19)."""
    ticket = draft.ticket(number)
    if not ticket.is_priced:
        return _not_priced(ticket, command)
    price.supersede_present(draft, number)
    if draft.policy.bug.refund == "all":
        draft.record(PriceTicket(ticket=number, category=None, free=BUG))
        _end_urgency(draft, number)
    else:
        _end_urgency(draft, number)
        single = draft.ticket(number)
        draft.record(
            PriceTicket(ticket=number, category=single.category, free=BUG, kept=single.charged)
        )
        price.settle(draft, number, reason=command.reason)
    assessment.leave_awaiting(draft, number)
    if ticket.is_open:
        clocks.start(draft, number, ClockKind.FIRST_RESPONSE)
    after = draft.ticket(number)
    draft.to_requester(
        "bug_confirmed",
        after,
        thread="ticket",
        what=command.what,
        reason=command.reason,
        returned=ticket.charged - after.charged,
        released=ticket.reserved - after.reserved,
        was_urgent=ticket.is_urgent,
    )
    return None


def _end_urgency(draft: Draft, number: int) -> None:
    if draft.ticket(number).is_urgent:
        hotrush.remove(draft, number, BUG)
    else:
        price.settle(draft, number)


def _refuse(ticket: Ticket, command: StaffCommand) -> Refusal | None:
    if not ticket.is_priced:
        return _not_priced(ticket, command)
    if ticket.free:
        return Refusal(command.line, f"the ticket is free already: {ticket.free}")
    return None


def _not_priced(ticket: Ticket, command: StaffCommand) -> Refusal:
    reason = f"only Support tickets have a price; this one belongs to {ticket.department}"
    return Refusal(command.line, reason)
