"""What each change means to a ticket and to an account: the one definition, used while deciding.

`evolve` folds a change into the ticket value it names; the store writes the same columns. Changes
that do not touch the value at hand leave it as it is.
"""

from dataclasses import replace
from typing import Any

from gateway.desk.clock_change import (
    HoldStep,
    RecordStep,
    RecountClock,
    StartClock,
    StopClock,
)
from gateway.desk.decision import (
    AssignTicket,
    Book,
    Change,
    CountWithdrawal,
    FileMessage,
    LinkTickets,
    MessageKind,
    MoveDepartment,
    MoveTicket,
    PriceTicket,
    ProposeAssessment,
    SetHotRush,
    SetPayment,
    SettleAssessment,
)
from gateway.desk.model import Account, ClockKind, Status, Ticket
from gateway.desk.split_changes import EndSuggestions, TrimMessage
from gateway.ledger.entry import Entry, Kind


def evolve(ticket: Ticket, change: Change) -> Ticket:  # noqa: C901, PLR0911, PLR0912 - one line a change
    """The ticket after a change that names it."""
    match change:
        case MoveTicket():
            return _moved(ticket, change)
        case AssignTicket(assignee=assignee):
            return replace(ticket, assignee=assignee)
        case SetHotRush(state=state, reason=reason):
            return replace(ticket, hotrush=state, hotrush_reason=reason)
        case SetPayment(payment=payment):
            return replace(ticket, payment=payment)
        case PriceTicket(category=category, free=free, kept=kept):
            return replace(ticket, category=category, free=free, kept=kept)
        case MoveDepartment(department=department):
            return replace(ticket, department=department)
        case ProposeAssessment(assessment=assessment):
            return replace(ticket, assessments=(*ticket.assessments, assessment))
        case SettleAssessment():
            return _settled(ticket, change)
        case Book(entry=entry):
            return _booked(ticket, entry)
        case StartClock(clock=clock):
            others = tuple(one for one in ticket.clocks if one.kind is not clock.kind)
            return replace(ticket, clocks=(*others, clock))
        case StopClock():
            return _stopped(ticket, change)
        case FileMessage():
            return _filed(ticket, change)
        case TrimMessage(keeps=keeps):
            return replace(ticket, last_text=keeps)
        case LinkTickets(into=into):
            return replace(ticket, merged_into=into)
        case EndSuggestions():
            return replace(ticket, nosplit=True)
        case RecordStep(escalation=number, clock=kind) if number:
            return replace(
                _with_clock(ticket, kind, breached=True, escalated=number), breached=True
            )
        case HoldStep(clock=kind, number=number, until=until, by=by):
            held = {"held": number} if number else {}
            return _with_clock(ticket, kind, promised_at=until, promised_by=by, **held)
        case RecountClock(clock=clock):
            clocks = tuple(clock if one.kind is clock.kind else one for one in ticket.clocks)
            return replace(ticket, clocks=clocks)
        case _:
            return ticket


def evolve_account(account: Account, change: Change) -> Account:
    """The account after a change to its book or its withdrawals."""
    match change:
        case Book(entry=entry) if entry.account == account.id:
            return replace(account, balance=account.balance.after(entry))
        case CountWithdrawal(withdrawal=withdrawal) if change.account == account.id:
            return replace(account, withdrawals=(*account.withdrawals, withdrawal))
        case _:
            return account


def _with_clock(ticket: Ticket, kind: str, **values: Any) -> Ticket:
    clocks = tuple(replace(one, **values) if one.kind == kind else one for one in ticket.clocks)
    return replace(ticket, clocks=clocks)


def _moved(ticket: Ticket, change: MoveTicket) -> Ticket:
    closing = change.to is Status.CLOSED
    previous = ticket.previous_status
    if change.to is Status.AWAITING and ticket.status is not Status.AWAITING:
        previous = ticket.status
    return replace(
        ticket,
        status=change.to,
        previous_status=previous if change.to is Status.AWAITING else None,
        closed_at=change.at if closing else None,
        close_reason=change.close_reason if closing else "",
        waiting_on=change.waiting or ticket.waiting_on,
    )


def _settled(ticket: Ticket, change: SettleAssessment) -> Ticket:
    return replace(
        ticket,
        assessments=tuple(
            replace(
                one,
                verdict=change.verdict,
                funded=change.funded,
                decided_at=change.at,
                decided_by=change.by,
            )
            if one.number == change.number
            else one
            for one in ticket.assessments
        ),
    )


def _booked(ticket: Ticket, entry: Entry) -> Ticket:
    if entry.ticket != ticket.number:
        return ticket
    charged = entry.amount if entry.kind in (Kind.CHARGE, Kind.REFUND) else 0
    return replace(ticket, charged=ticket.charged - charged, reserved=ticket.reserved + entry.held)


def _stopped(ticket: Ticket, change: StopClock) -> Ticket:
    responded = change.met and change.kind is ClockKind.FIRST_RESPONSE
    return replace(
        ticket,
        clocks=tuple(one for one in ticket.clocks if one.kind is not change.kind),
        first_response_at=change.at if responded else ticket.first_response_at,
        time_left=change.time_left if change.time_left is not None else ticket.time_left,
    )


def _filed(ticket: Ticket, change: FileMessage) -> Ticket:
    waiting_on = change.waiting or ticket.waiting_on
    if change.kind is MessageKind.MAIL:
        return replace(
            ticket,
            waiting_on=waiting_on,
            last_text=change.text or ticket.last_text,
            last_mail_at=change.at,
            last_mail_id=change.message_id or ticket.last_mail_id,
        )
    if change.kind is MessageKind.ANSWER:
        return replace(
            ticket,
            waiting_on=waiting_on,
            asked_last=False,
            answered_at=ticket.answered_at or change.at,
        )
    asked_last = ticket.asked_last or change.kind is MessageKind.QUESTION
    return replace(ticket, waiting_on=waiting_on, asked_last=asked_last)
