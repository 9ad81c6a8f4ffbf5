"""What the core answers: a disposition, the rules that spoke, and every change that follows.

Changes are small frozen values named by a verb; `gateway.store.apply` misses none of them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Literal

from gateway.desk.clock_change import (
    ArmStep,
    HoldStep,
    RecordStep,
    RecountClock,
    StartClock,
    StopClock,
)
from gateway.desk.language import LearnLanguage
from gateway.desk.model import (
    Account,
    Assessment,
    HotRush,
    LetterValue,
    Order,
    OrderStatus,
    Payment,
    Status,
    Ticket,
    TicketState,
    Verdict,
    Waiting,
    Withdrawal,
)
from gateway.desk.pause import PauseChange
from gateway.desk.split_changes import EndSuggestions, LabelSplit, RecordSplit, TrimMessage
from gateway.desk.weighing import Weighed
from gateway.ledger.entry import Entry


class Disposition(StrEnum):
    """What a mail, or a moment, turned out to be."""

    DUPLICATE = "duplicate"
    LOOP = "loop"
    BOUNCE = "bounce"
    AUTOMATIC = "automatic"
    HELD = "held"
    CONTROL = "control"
    REFUSED = "refused"
    INQUIRY = "inquiry"
    FOLLOW_UP = "follow_up"
    REQUEST = "request"
    ROUND = "round"
    OPERATOR = "operator"


class MessageKind(StrEnum):
    """What a filed message is, and who may see it."""

    MAIL = "mail"
    """From a customer."""
    ANSWER = "answer"
    QUESTION = "question"
    NOTE = "note"
    """Internal."""
    FILED = "filed"
    """Kept without effect: unverified, empty, a bounce."""


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenAccount:
    """A customer nobody knew gets an account with 0 credits."""

    account: Account


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenTicket:
    """A new ticket; its number is a stand-in until the store draws one."""

    ticket: Ticket


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveTicket:
    """The ticket's status changes by an event of the lifecycle table."""

    ticket: int
    event: str
    to: Status
    at: datetime
    close_reason: str = ""
    waiting: Waiting | None = None
    """Who has the next word from now on; `None` leaves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignTicket:
    """Somebody gets the ticket, or nobody has it any more."""

    ticket: int
    assignee: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class SetHotRush:
    """Urgency is granted, refused or ends (policy 4.4)."""

    ticket: int
    state: HotRush
    reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SetPayment:
    """The payment agreement changes."""

    ticket: int
    payment: Payment


@dataclass(frozen=True, slots=True, kw_only=True)
class PriceTicket:
    """Category, freedom from price, and what stays charged regardless."""

    ticket: int
    category: int | None
    free: str = ""
    kept: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class MoveDepartment:
    """Another department answers."""

    ticket: int
    department: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProposeAssessment:
    """A price is named, to be confirmed or already agreed."""

    ticket: int
    assessment: Assessment


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleAssessment:
    """An assessment is confirmed, declined, superseded, expired, or its credits are there."""

    ticket: int
    number: int
    verdict: Verdict
    funded: bool
    at: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """One entry in the book of credits."""

    entry: Entry


@dataclass(frozen=True, slots=True, kw_only=True)
class CountWithdrawal:
    """One of the account's HotRush withdrawals is used (rule H13)."""

    account: str
    withdrawal: Withdrawal


@dataclass(frozen=True, slots=True, kw_only=True)
class FileMessage:
    """A mail joins a ticket."""

    ticket: int
    kind: MessageKind
    author: str
    text: str
    at: datetime
    message_id: str = ""
    verified: bool = True
    waiting: Waiting | None = None
    """Who has the next word from now on; `None` leaves it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkTickets:
    """A ticket becomes part of another one (`merged`), or is told to be split off from it."""

    ticket: int
    into: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaceOrder:
    """Credits are ordered; its number is a stand-in until the store draws one."""

    order: Order


@dataclass(frozen=True, slots=True, kw_only=True)
class SettleOrder:
    """An order is paid or cancelled."""

    number: int
    status: OrderStatus
    at: datetime


class Audience(StrEnum):
    """Who a letter is for: decides thread, reply address and language."""

    CUSTOMER = "customer"
    STAFF = "staff"
    OPERATOR = "operator"


Thread = Literal["mail", "ticket", "new", "split"]
"""What a letter answers: the mail at hand, the ticket's last mail, or nothing (policy 4.12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLetter:
    """One letter to one recipient."""

    letter: str
    to: str
    audience: Audience
    thread: Thread
    automatic: Literal["auto-replied", "auto-generated", ""]
    """Value of Auto-Submitted; empty where a person wrote it (RFC 3834)."""
    ticket: Ticket | None = None
    account: Account | None = None
    order: Order | None = None
    assessment: int | None = None
    values: Mapping[str, LetterValue] = field(default_factory=dict)
    copy_of: str = ""
    """The address whose letter this is a copy of, or empty."""
    with_attachments: bool = False
    """The attachments of the mail at hand travel along."""
    language: str = ""
    """What the recipient reads, as far as it is known: `de`, `pt-BR`."""


Change = (
    OpenAccount
    | OpenTicket
    | MoveTicket
    | AssignTicket
    | SetHotRush
    | SetPayment
    | PriceTicket
    | MoveDepartment
    | ProposeAssessment
    | SettleAssessment
    | Book
    | CountWithdrawal
    | StartClock
    | StopClock
    | FileMessage
    | TrimMessage
    | LinkTickets
    | EndSuggestions
    | RecordSplit
    | LabelSplit
    | PlaceOrder
    | SettleOrder
    | ArmStep
    | RecordStep
    | PauseChange
    | HoldStep
    | RecountClock
    | LearnLanguage
    | SendLetter
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """Everything that follows from one mail or one moment."""

    disposition: Disposition
    event: str = ""
    """Name of what happened: the same event decided twice collides with itself."""
    reasons: tuple[str, ...] = ()
    """Rules that spoke, in order, for the diary and `gateway explain`."""
    changes: tuple[Change, ...] = ()
    ticket: int | None = None
    """The ticket the mail belongs to now."""
    account: str | None = None
    hold_reason: str = ""
    """Why the mail waits for the operator, where it does."""
    alarms: tuple[str, ...] = ()
    """Events of the diary that the operator should see."""
    states: tuple[TicketState, ...] = ()
    """Every ticket that the changes touch, before and after."""
    weighed: Weighed | None = None
    """What spoke for and against another topic, where the text was weighed (policy 4.7)."""

    @property
    def letters(self) -> tuple[SendLetter, ...]:
        """The letters among the changes, in order."""
        return tuple(change for change in self.changes if isinstance(change, SendLetter))
