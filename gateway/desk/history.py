"""What happened at the desk, as values: the material that figures are counted from.

The store reads rows into these; nothing here names a customer's words, only accounts and numbers.
"""

from dataclasses import dataclass
from datetime import datetime

from gateway.desk.model import ClockKind
from gateway.ledger.entry import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class TicketPast:
    """One ticket: when it came and went, and how it hangs together with others."""

    number: int
    account: str
    received_at: datetime
    first_response_at: datetime | None = None
    closed_at: datetime | None = None
    parent: int | None = None
    """The ticket it was split off from, or that it follows."""
    merged_into: int | None = None
    is_split: bool = False
    """It was split off: its `parent` was open and it began with a part of a mail there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PromisePast:
    """One clock that ended as a promise, or still runs; clocks that were replaced are no promise.

    `met` says that staff wrote (perhaps too late); without it the promise was no longer asked for.
    """

    ticket: int
    kind: ClockKind
    due_at: datetime
    urgent: bool
    stopped_at: datetime | None = None
    met: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class EntryPast:
    """One entry of the book."""

    account: str
    kind: Kind
    amount: int
    held: int
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class History:
    """Everything of a period that figures are made of."""

    tickets: tuple[TicketPast, ...] = ()
    promises: tuple[PromisePast, ...] = ()
    entries: tuple[EntryPast, ...] = ()
    mails_at: tuple[datetime, ...] = ()
    """When mails came in that were taken in."""
    refused_at: tuple[datetime, ...] = ()
    """When mails came in whose senders were refused by rule."""
    parked_at: tuple[datetime, ...] = ()
    """When mails came in that are set aside now."""
    refused_at_the_door: int = 0
    """Mails refused in the SMTP dialogue since this node began; the door keeps no times."""
    open_now: int = 0
    held_now: int = 0
    """Credits reserved at this moment, of all accounts."""
