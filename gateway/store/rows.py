"""Rows to values and back, one small function a thing: the only place that knows both."""

from datetime import timedelta
from typing import Any

from sqlalchemy import Row

from gateway.desk.model import (
    Account,
    Assessment,
    Clock,
    ClockKind,
    Contact,
    HotRush,
    Order,
    OrderStatus,
    Payment,
    PaymentMode,
    Status,
    Ticket,
    Verdict,
    Waiting,
    Withdrawal,
)
from gateway.ledger.balance import Balance
from gateway.ledger.entry import Entry, Kind

Columns = dict[str, Any]


def ticket_of(
    row: Row[Any], assessments: tuple[Assessment, ...], clocks: tuple[Clock, ...]
) -> Ticket:
    """A ticket with its assessments and running clocks."""
    return Ticket(
        number=row.number,
        account=row.account,
        requester=row.requester,
        department=row.department,
        subject=row.subject,
        received_at=row.received_at,
        status=Status(row.status),
        previous_status=Status(row.previous_status) if row.previous_status else None,
        waiting_on=Waiting(row.waiting_on),
        hotrush=HotRush(row.hotrush),
        hotrush_reason=row.hotrush_reason,
        payment=Payment(PaymentMode(row.payment), row.agreed_up_to),
        category=row.category,
        free=row.free,
        charged=row.charged,
        reserved=row.reserved,
        kept=row.kept,
        assignee=row.assignee,
        parent=row.parent,
        merged_into=row.merged_into,
        first_response_at=row.first_response_at,
        answered_at=row.answered_at,
        closed_at=row.closed_at,
        close_reason=row.close_reason,
        breached=row.breached,
        nosplit=row.nosplit,
        time_left=_span_of(row.time_left),
        assessments=assessments,
        clocks=clocks,
        asked_last=row.asked_last,
        last_text=row.last_text,
        last_mail_at=row.last_mail_at,
        last_mail_id=row.last_mail_id,
        version=row.version,
    )


def ticket_columns(ticket: Ticket) -> Columns:
    """What the store keeps of a ticket; sums and version belong to the database."""
    return {
        "account": ticket.account,
        "requester": ticket.requester,
        "department": ticket.department,
        "subject": ticket.subject,
        "status": str(ticket.status),
        "previous_status": str(ticket.previous_status) if ticket.previous_status else None,
        "waiting_on": str(ticket.waiting_on),
        "hotrush": str(ticket.hotrush),
        "hotrush_reason": ticket.hotrush_reason,
        "payment": str(ticket.payment.mode),
        "agreed_up_to": ticket.payment.up_to,
        "category": ticket.category,
        "free": ticket.free,
        "kept": ticket.kept,
        "assignee": ticket.assignee,
        "parent": ticket.parent,
        "merged_into": ticket.merged_into,
        "received_at": ticket.received_at,
        "first_response_at": ticket.first_response_at,
        "answered_at": ticket.answered_at,
        "closed_at": ticket.closed_at,
        "close_reason": ticket.close_reason,
        "breached": ticket.breached,
        "nosplit": ticket.nosplit,
        "asked_last": ticket.asked_last,
        "time_left": _microseconds(ticket.time_left),
        "last_text": ticket.last_text,
        "last_mail_at": ticket.last_mail_at,
        "last_mail_id": ticket.last_mail_id,
    }


def assessment_of(row: Row[Any]) -> Assessment:
    """An assessment of a ticket."""
    return Assessment(
        number=row.number,
        category=row.category,
        base=row.base,
        multiplier=row.multiplier,
        verdict=Verdict(row.verdict),
        funded=row.funded,
        note=row.note,
        proposed_at=row.proposed_at,
        decided_at=row.decided_at,
        decided_by=row.decided_by,
    )


def assessment_columns(one: Assessment) -> Columns:
    """What the store keeps of an assessment."""
    return {
        "number": one.number,
        "category": one.category,
        "base": one.base,
        "multiplier": one.multiplier,
        "verdict": str(one.verdict),
        "funded": one.funded,
        "note": one.note,
        "proposed_at": one.proposed_at,
        "decided_at": one.decided_at,
        "decided_by": one.decided_by,
    }


def clock_of(row: Row[Any]) -> Clock:
    """A running clock."""
    return Clock(
        kind=ClockKind(row.kind),
        started_at=row.started_at,
        due_at=row.due_at,
        urgent=row.urgent,
        breached=row.breached,
        rest=_span_of(row.rest),
        escalated=row.escalated,
        held=row.held,
        promised_at=row.promised_at,
        promised_by=row.promised_by,
    )


def clock_columns(clock: Clock) -> Columns:
    """What the store keeps of a running clock."""
    return {
        "kind": str(clock.kind),
        "started_at": clock.started_at,
        "due_at": clock.due_at,
        "urgent": clock.urgent,
        "breached": clock.breached,
        "rest": _microseconds(clock.rest),
        "escalated": clock.escalated,
        "held": clock.held,
        "promised_at": clock.promised_at,
        "promised_by": clock.promised_by,
    }


def _span_of(microseconds: int | None) -> timedelta | None:
    return None if microseconds is None else timedelta(microseconds=microseconds)


def _microseconds(span: timedelta | None) -> int | None:
    return None if span is None else span // timedelta(microseconds=1)


def contact_of(row: Row[Any]) -> Contact:
    """A contact on file."""
    return Contact(
        address=row.address,
        account=row.account,
        name=row.name,
        is_primary=row.is_primary,
        language=row.language,
        zone=row.zone,
    )


def account_of(
    row: Row[Any], contacts: tuple[Contact, ...], withdrawals: tuple[Withdrawal, ...]
) -> Account:
    """An account with its contacts and withdrawals."""
    return Account(
        id=row.id,
        name=row.name,
        balance=Balance(row.balance, row.held),
        contacts=contacts,
        payment=PaymentMode(row.payment) if row.payment else None,
        withdrawals=withdrawals,
    )


def order_of(row: Row[Any]) -> Order:
    """An order of credits."""
    return Order(
        number=row.number,
        account=row.account,
        ordered_by=row.ordered_by,
        credits=row.credits,
        price_cents=row.price_cents,
        currency=row.currency,
        status=OrderStatus(row.status),
        ordered_at=row.ordered_at,
    )


def entry_of(row: Row[Any]) -> Entry:
    """An entry of the book."""
    return Entry(
        account=row.account,
        kind=Kind(row.kind),
        amount=row.amount,
        held=row.held,
        ticket=row.ticket,
        ref=row.ref,
        at=row.at,
        actor=row.actor,
        reason=row.reason,
        cause=row.cause,
    )


def entry_columns(entry: Entry) -> Columns:
    """What the store keeps of an entry."""
    return {
        "account": entry.account,
        "kind": str(entry.kind),
        "amount": entry.amount,
        "held": entry.held,
        "ticket": entry.ticket,
        "ref": entry.ref,
        "at": entry.at,
        "actor": entry.actor,
        "reason": entry.reason,
        "cause": entry.cause,
    }
