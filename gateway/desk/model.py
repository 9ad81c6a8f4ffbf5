"""The things of a desk as frozen values: accounts, tickets, assessments, clocks, orders.

Credits are whole numbers, instants are aware UTC, tickets are told apart by their number. A ticket
that a decision opens has no number yet; until the store draws one it goes by a negative stand-in.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

from gateway.desk.people import SUPPORT
from gateway.ledger.balance import Balance

NO_SUBJECT: Final = "(no subject)"


class Status(StrEnum):
    """Where a ticket stands (policy 4.2)."""

    SUBMITTED = "submitted"
    ASSIGNED = "assigned"
    AWAITING = "awaiting_confirmation"
    IN_PROGRESS = "in_progress"
    CLOSED = "closed"


class HotRush(StrEnum):
    """What became of a request for urgency (policy 4.4)."""

    NONE = "none"
    REFUSED = "refused"
    ACTIVE = "active"
    UNSET = "unset"
    WITHDRAWN = "withdrawn"
    REMOVED = "removed"


class Waiting(StrEnum):
    """Who has the next word."""

    STAFF = "staff"
    CUSTOMER = "customer"


class PaymentMode(StrEnum):
    """What the requester agreed to before hearing a price (rules A10, A12)."""

    ASK_FIRST = "ask_first"
    PRE_AGREED = "pre_agreed"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Payment:
    """The payment agreement of a ticket; `up_to` limits a pre-agreement to the final price."""

    mode: PaymentMode
    up_to: int | None = None

    @property
    def covers(self) -> int | None:
        """The highest price agreed in advance: 0 for none, `None` for any."""
        return self.up_to if self.mode is PaymentMode.PRE_AGREED else 0


ASK_FIRST: Final = Payment(PaymentMode.ASK_FIRST)
PRE_AGREED: Final = Payment(PaymentMode.PRE_AGREED)
NO_PAYMENT: Final = Payment(PaymentMode.NONE)


class Verdict(StrEnum):
    """What became of an assessment (policy 4.3)."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DECLINED = "declined"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """A price named for a ticket. It never changes its price; a new one supersedes it."""

    number: int
    category: int
    base: int
    """Credits of the category when the assessment was made (rule A31)."""
    multiplier: int
    verdict: Verdict
    proposed_at: datetime
    funded: bool = False
    note: str = ""
    decided_at: datetime | None = None
    decided_by: str = ""

    @property
    def label(self) -> str:
        """How letters and customers name it: `A1`."""
        return f"A{self.number}"

    @property
    def price(self) -> int:
        """What the customer is asked for, in credits."""
        return self.base * self.multiplier

    @property
    def is_present(self) -> bool:
        """Open, or confirmed and waiting for credits: the one a letter asks about."""
        return self.verdict is Verdict.OPEN or (
            self.verdict is Verdict.CONFIRMED and not self.funded
        )


class ClockKind(StrEnum):
    """Which promise a clock counts (policy 4.8)."""

    FIRST_RESPONSE = "first_response"
    ANSWER = "answer"
    NEXT_RESPONSE = "next_response"


@dataclass(frozen=True, slots=True, kw_only=True)
class Clock:
    """A running promise to a customer."""

    kind: ClockKind
    started_at: datetime
    due_at: datetime
    urgent: bool
    """Counted as HotRush: decides steps and their recipients."""
    breached: bool = False
    rest: timedelta | None = None
    """What was left of an older promise, where this one is only its rest."""
    escalated: int = 0
    """Escalation steps that have gone out."""
    held: int = 0
    """The escalation step that waits because somebody took it on; 0 for none so far."""
    promised_at: datetime | None = None
    """Until when that step waits."""
    promised_by: str = ""
    """Who took it on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticket:
    """One issue of one customer, with its price and its promises."""

    number: int
    account: str
    requester: str
    department: str
    subject: str
    received_at: datetime
    status: Status = Status.SUBMITTED
    previous_status: Status | None = None
    """The status before awaiting confirmation."""
    waiting_on: Waiting = Waiting.STAFF
    hotrush: HotRush = HotRush.NONE
    hotrush_reason: str = ""
    payment: Payment = ASK_FIRST
    category: int | None = None
    free: str = ""
    """Why it costs nothing, or empty."""
    charged: int = 0
    reserved: int = 0
    kept: int = 0
    """Credits that stay charged though nothing asks for them: a doubling or a bug not refunded."""
    assignee: str | None = None
    parent: int | None = None
    merged_into: int | None = None
    first_response_at: datetime | None = None
    answered_at: datetime | None = None
    closed_at: datetime | None = None
    close_reason: str = ""
    breached: bool = False
    nosplit: bool = False
    time_left: timedelta | None = None
    """What was left of the promise when it stopped for an assessment (`sla.after_confirm`)."""
    assessments: tuple[Assessment, ...] = ()
    clocks: tuple[Clock, ...] = ()
    asked_last: bool = False
    """The last letter of staff was a question."""
    last_text: str = ""
    """The last text of the customer."""
    last_mail_at: datetime | None = None
    last_mail_id: str = ""
    """Message-ID of the last mail of the customer."""
    version: int = 0
    """Counts changes: a decision made on an older version is made again."""

    @property
    def is_open(self) -> bool:
        """Not closed."""
        return self.status is not Status.CLOSED

    @property
    def is_urgent(self) -> bool:
        """HotRush is active."""
        return self.hotrush is HotRush.ACTIVE

    @property
    def is_priced(self) -> bool:
        """Only Support prices tickets (policy 4.6)."""
        return self.department == SUPPORT

    @property
    def present(self) -> Assessment | None:
        """The assessment that waits for a confirmation or for credits."""
        return next((one for one in reversed(self.assessments) if one.is_present), None)

    @property
    def awaits_consent(self) -> bool:
        """Its price is named and nobody has agreed to it or refused it yet."""
        return self.present is not None and self.present.verdict is Verdict.OPEN

    @property
    def settled(self) -> Assessment | None:
        """The assessment whose price is in force: confirmed and covered."""
        return next(
            (
                one
                for one in reversed(self.assessments)
                if one.verdict is Verdict.CONFIRMED and one.funded
            ),
            None,
        )

    def assessment(self, number: int) -> Assessment | None:
        """The assessment with a label's number."""
        return next((one for one in self.assessments if one.number == number), None)

    def clock(self, kind: ClockKind) -> Clock | None:
        """The running clock of a kind."""
        return next((one for one in self.clocks if one.kind is kind), None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """A person of an account who may write for it."""

    address: str
    account: str
    name: str = ""
    is_primary: bool = False
    language: str = ""
    zone: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Withdrawal:
    """One HotRush request taken back after assignment (rule H13)."""

    ticket: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A customer: contacts, credits and habits."""

    id: str
    name: str = ""
    balance: Balance = field(default_factory=Balance)
    contacts: tuple[Contact, ...] = ()
    payment: PaymentMode | None = None
    """Standing agreement; `None` follows `payment.default_mode`."""
    withdrawals: tuple[Withdrawal, ...] = ()
    is_new: bool = False
    """Opened by the mail at hand."""

    @property
    def primary(self) -> str | None:
        """The address that hears of credits."""
        ordered = sorted(self.contacts, key=lambda one: not one.is_primary)
        return ordered[0].address if ordered else None


class OrderStatus(StrEnum):
    """What became of an order of credits."""

    PENDING = "pending"
    PAID = "paid"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """Credits a customer wants to buy (rule A29); it keeps the price it was made with."""

    number: int
    account: str
    ordered_by: str
    credits: int
    price_cents: int
    currency: str
    status: OrderStatus
    ordered_at: datetime

    @property
    def label(self) -> str:
        """How letters and billing name it: `P-17`."""
        return f"P-{self.number}"


LetterValue = (
    str
    | int
    | bool
    | datetime
    | timedelta
    | None
    | tuple["LetterValue", ...]
    | Mapping[str, "LetterValue"]
)
"""What a letter may be told besides its ticket and account."""


@dataclass(frozen=True, slots=True)
class TicketState:
    """A ticket before and after a decision; a new one has no before."""

    before: Ticket | None
    after: Ticket
