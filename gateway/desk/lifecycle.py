"""The life of a ticket as a table: status → event → status (policy 4.2).

Rules for this file:
1. Everything that moves a ticket's status is an event in this table.
2. An absent key is the refusal: the event is impossible in that status, and nothing happens.
3. Conditions (who, paid for, in time) are asked before the event, not here.
"""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from gateway.desk.model import Status, Ticket


class Event(StrEnum):
    """What can happen to a status."""

    TAKE = "take"
    """Somebody gets it: `#assign`, or an engineer's first act."""
    PUT_BACK = "put back"
    """`#assign none`."""
    MOVE = "move"
    """To another department."""
    ASK_PRICE = "ask price"
    """An assessment needs consent, or credits are missing."""
    SETTLE = "settle"
    """The price is settled, or no longer asked, before any answer."""
    START = "start"
    """First answer, `#start`, or the price of an answered ticket is settled."""
    CLOSE = "close"
    REOPEN = "reopen"
    """Of a ticket that was never answered."""
    RESUME = "resume"
    """Reopening of a ticket that was answered."""


_S = Status

LIFE: Final = MappingProxyType(
    {
        _S.SUBMITTED: {
            Event.TAKE: _S.ASSIGNED,
            Event.MOVE: _S.SUBMITTED,
            Event.ASK_PRICE: _S.AWAITING,
            Event.CLOSE: _S.CLOSED,
        },
        _S.ASSIGNED: {
            Event.TAKE: _S.ASSIGNED,
            Event.PUT_BACK: _S.SUBMITTED,
            Event.MOVE: _S.SUBMITTED,
            Event.ASK_PRICE: _S.AWAITING,
            Event.START: _S.IN_PROGRESS,
            Event.CLOSE: _S.CLOSED,
        },
        _S.AWAITING: {
            Event.TAKE: _S.AWAITING,
            Event.MOVE: _S.SUBMITTED,
            Event.ASK_PRICE: _S.AWAITING,
            Event.SETTLE: _S.ASSIGNED,
            Event.START: _S.IN_PROGRESS,
            Event.CLOSE: _S.CLOSED,
        },
        _S.IN_PROGRESS: {
            Event.TAKE: _S.IN_PROGRESS,
            Event.PUT_BACK: _S.SUBMITTED,
            Event.MOVE: _S.SUBMITTED,
            Event.ASK_PRICE: _S.AWAITING,
            Event.START: _S.IN_PROGRESS,
            Event.CLOSE: _S.CLOSED,
        },
        _S.CLOSED: {
            Event.REOPEN: _S.ASSIGNED,
            Event.RESUME: _S.IN_PROGRESS,
        },
    }
)


def after(status: Status, event: Event) -> Status | None:
    """The status after an event, or `None` where the event is impossible."""
    return LIFE[status].get(event)


def back_from_awaiting(ticket: Ticket) -> Event:
    """The event that leads out of awaiting confirmation: back to where the work stood."""
    worked_on = ticket.answered_at is not None or ticket.previous_status is Status.IN_PROGRESS
    return Event.START if worked_on else Event.SETTLE


def reopening(ticket: Ticket) -> Event:
    """The event that opens a closed ticket again."""
    return Event.RESUME if ticket.answered_at is not None else Event.REOPEN
