"""Move a ticket to another department, and end its urgency where staff says so (H17 to H20)."""

from types import MappingProxyType
from typing import Final

from gateway.desk import clocks, hotrush, price, request
from gateway.desk.control import Refusal, StaffCommand
from gateway.desk.decision import (
    AssignTicket,
    MoveDepartment,
    MoveTicket,
    PriceTicket,
    SetPayment,
    SettleAssessment,
)
from gateway.desk.draft import Draft
from gateway.desk.lifecycle import Event, after
from gateway.desk.model import (
    ASK_FIRST,
    NO_PAYMENT,
    ClockKind,
    Status,
    Ticket,
    Verdict,
    Waiting,
)
from gateway.desk.people import DEVELOPMENT, GENERAL, SALES, SUPPORT

NOT_HOTRUSH: Final = MappingProxyType(
    {"general": GENERAL, "sales": SALES, "licensing": SALES, "other": None}
)
"""Where a ticket goes that was no case for HotRush; `other` stays (policy 5.5)."""


def move(draft: Draft, number: int, to: str, command: StaffCommand) -> Refusal | None:
    """`#development`, `#department`: the old clock ends, an ordinary one starts (policy 4.6)."""
    ticket = draft.ticket(number)
    if not ticket.is_open:
        return Refusal(command.line, "the ticket is closed", "#reopen")
    if ticket.department == to:
        return Refusal(command.line, f"the ticket is with {to} already")
    _give_back(draft, ticket)
    _hand_over(draft, ticket, to)
    if ticket.is_urgent:
        hotrush.remove(draft, number, "customization" if to == DEVELOPMENT else "general")
    else:
        price.settle(draft, number)
    clocks.start(draft, number, ClockKind.FIRST_RESPONSE)
    if ticket.is_urgent:
        hotrush.tell_removed(draft, ticket, reason=command.reason)
    else:
        _tell_moved(draft, ticket, command.reason)
    request.tell_staff(draft, number)
    return None


def not_hotrush(draft: Draft, number: int, command: StaffCommand) -> Refusal | None:
    """`#not-hotrush`: not counted as a withdrawal, the doubling returned (rule H17)."""
    ticket = draft.ticket(number)
    if not ticket.is_urgent:
        return Refusal(command.line, f"HotRush is not active here, it is {ticket.hotrush}")
    to = NOT_HOTRUSH[command.what]
    if to is not None and to != ticket.department:
        return move(draft, number, to, command)
    hotrush.remove(draft, number, "other" if to is None else "general")
    clocks.redate(draft, number, from_start=False)
    hotrush.tell_removed(draft, ticket, reason=command.reason)
    return None


def _tell_moved(draft: Draft, before: Ticket, reason: str) -> None:
    now = draft.ticket(before.number)
    draft.to_requester(
        "department_moved",
        now,
        thread="ticket",
        reason=reason,
        returned=before.charged - now.charged,
        released=before.reserved - now.reserved,
    )


def _give_back(draft: Draft, ticket: Ticket) -> None:
    """Before the first answer a move ends the price; afterwards only the doubling (A24)."""
    number = ticket.number
    price.supersede_present(draft, number)
    if ticket.answered_at is not None:
        return
    if ticket.settled:
        draft.record(
            SettleAssessment(
                ticket=number,
                number=ticket.settled.number,
                verdict=Verdict.SUPERSEDED,
                funded=False,
                at=draft.at,
                by=draft.actor,
            )
        )
    draft.record(PriceTicket(ticket=number, category=None))


def _hand_over(draft: Draft, ticket: Ticket, to: str) -> None:
    number = ticket.number
    status = after(ticket.status, Event.MOVE) or Status.SUBMITTED
    draft.record(
        MoveTicket(ticket=number, event=Event.MOVE, to=status, at=draft.at, waiting=Waiting.STAFF),
        AssignTicket(ticket=number, assignee=None),
        MoveDepartment(ticket=number, department=to),
        SetPayment(ticket=number, payment=ASK_FIRST if to == SUPPORT else NO_PAYMENT),
    )
