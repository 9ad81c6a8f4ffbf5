"""The policy of a desk as frozen values: every option of `config/policy.toml`, with its default.

Each field's sentence is what an operator reads about the option; the settings are checked against
these classes. Durations are clock time unless the sentence says working time; credits are whole.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from types import MappingProxyType
from typing import Final, Literal, get_args

from gateway.desk.levels import ServiceLevels
from gateway.desk.people import Addresses, Staff
from gateway.worktime.hours import Calendar

PRICES: Final = MappingProxyType({1: 5, 2: 10, 3: 20})
PACKAGES: Final = MappingProxyType({10: 5000, 25: 12500, 50: 23000, 100: 42500, 200: 75000})
CATEGORY_TEXTS: Final = MappingProxyType(
    {
        1: "how a standard function is set up; general questions, no problems",
        2: "a problem caused by wrong settings; setting up a standard function for you; "
        "questions of architecture",
        3: "a problem caused by your server, your settings or changed files",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credits:
    """Prices and the credit account (rules A1 to A11, A29)."""

    prices: Mapping[int, int] = field(default_factory=lambda: PRICES)
    """Credits by category."""
    category_texts: Mapping[int, str] = field(default_factory=lambda: CATEGORY_TEXTS)
    """What each category covers, printed in every assessment."""
    packages: Mapping[int, int] = field(default_factory=lambda: PACKAGES)
    """Credits that can be bought, and their price in cents."""
    currency: str = "USD"
    """Currency of the packages, an ISO 4217 code."""
    payment_means: str = "Visa, Mastercard, American Express, PayPal"
    """Means of payment, printed on invoices; the gateway handles no card data."""
    website_grant: int = 40
    """Free credits for a sold website."""
    website_grant_per: Literal["website", "account"] = "website"
    """Free credits for every website, or once for each account."""
    overdraft: int = 0
    """How far available credits may go below zero."""
    charge_at: Literal["answer", "confirmation"] = "answer"
    """Credits are reserved at the confirmation and charged with the answer, or charged at once."""
    low_balance: int | None = None
    """One letter when the balance falls below this number; unset sends none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessments:
    """How the price of a ticket is agreed (rules A12 to A14, M7 to M14)."""

    auto_categories: tuple[int, ...] = ()
    """Categories that need no confirmation."""
    expire_after: timedelta = timedelta(days=14)
    """An assessment nobody answers ends after this time."""
    remind_on_working_day: int = 2
    """The customer is reminded at the opening of this working day after the assessment."""
    late_confirm: Literal["reassess", "accept"] = "reassess"
    """A confirmation after expiry goes back to the engineer, or counts at an unchanged price."""
    confirm_from: Literal["contacts", "requester", "token"] = "contacts"
    """Who may confirm: every contact of the account, the requester, or only with a reply token."""
    weak_words: Literal["ask", "accept"] = "ask"
    """`yes` and `ok` alone are asked again, or count as a confirmation."""
    stale_cheaper: Literal["accept", "ask"] = "accept"
    """A confirmation of an older, dearer assessment holds for the new one, or is asked again."""
    on_decline: Literal["close", "keep"] = "close"
    """Declining the first assessment closes the ticket, or leaves it open."""
    more_confirm_words: tuple[str, ...] = ()
    """Further phrases that confirm."""
    more_decline_words: tuple[str, ...] = ()
    """Further phrases that decline."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotRushRules:
    """The urgent service (rules H2 to H20)."""

    multiplier: int = 2
    """Factor on prices while HotRush is active."""
    min_available: int = 1
    """Credits an account must have for HotRush."""
    balance_basis: Literal["available", "ledger"] = "available"
    """Compare available credits, or the balance with reservations in it."""
    gate_at: Literal["submission", "charge"] = "submission"
    """The credits are looked at when the mail comes, or only when the price is charged."""
    max_withdrawals: int = 3
    """Withdrawals of HotRush after a ticket was assigned."""
    withdraw_scope: Literal["account", "ticket", "year"] = "account"
    """What the maximum is counted over."""
    refund_on_withdraw: bool = True
    """A withdrawal returns a doubling that was already charged."""
    refund_on_breach: bool = False
    """The doubling is returned by itself when the promised hour is missed."""
    late_request: Literal["refuse", "while_submitted", "while_open"] = "refuse"
    """Whether `#hotrush on` may make an existing ticket urgent."""
    departments: tuple[str, ...] = ("support",)
    """Departments in which HotRush exists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitRules:
    """When a reply becomes a ticket of its own (policy 4.7)."""

    mode: Literal["auto", "suggest", "off"] = "auto"
    """Split by itself, only suggest it to the engineer, or neither."""
    auto_score: int = 2
    """Points from which a reply is split."""
    suggest_score: int = 1
    """Points from which the engineer gets a suggestion."""
    threshold: float | None = None
    """Strict threshold of the likeness model, 0 to 1; unset uses the fitted one."""
    similarity_below: float = 0.05
    """Cosine similarity of words below which a reply counts as unlike its ticket."""
    min_words: int = 6
    """Replies with fewer significant words are never called unlike."""
    model: Literal["default", "topic"] = "default"
    """The likeness model; `topic` learns more from the desk's mails, with the extra `topic`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Closing and reopening (rules M16, A17)."""

    reopen_window: timedelta = timedelta(days=14)
    """How long a closed ticket is reopened by a reply, free of charge."""
    autoclose: timedelta | None = None
    """Close tickets that wait on the customer this long; unset or `off` never does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineerRules:
    """What a mail of an engineer does (policy 5.5)."""

    default_action: Literal["reply", "note"] = "reply"
    """A text without `#reply`, `#ask` or `#note` goes to the customer, or stays inside."""
    require_price: bool = True
    """An answer to a Support ticket without a price is held back."""
    receipts: Literal["errors", "all"] = "errors"
    """Answer only command mails that could not be carried out, or every one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TrustRules:
    """What proves a sender (architecture 6, rule M4)."""

    authserv_id: str | None = None
    """Name of the server whose Authentication-Results are believed; unset believes none."""
    profile: Literal["authserv-id", "google", "microsoft365"] = "authserv-id"
    """How the believed field is found: by its name, or as the provider writes it."""
    confirm: Literal["token_or_pass", "token_and_pass"] = "token_or_pass"
    """A confirmation needs the reply token or a trusted pass, or both."""
    agree: Literal["not_fail", "pass"] = "not_fail"
    """A tag `[Agree]` on a first mail counts unless the verdict is fail, or needs a pass."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operator:
    """The company that runs the desk, as letters name it."""

    name: str = "Support desk"
    """Name of the desk in letters."""
    colour: str = "#1f5f8b"
    """Colour of the desk in letters, as `#rrggbb`; text on it is black or white by itself."""
    language: str = "en"
    """Language of letters to customers whose own nobody knows, such as `de`."""
    footer: str = ""
    """Address, telephone and the like, at the foot of every customer letter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockRules:
    """Where clocks start."""

    source: Literal["received", "date_header"] = "received"
    """Clocks start when our server received a mail, or at its Date field (rule M18)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentRules:
    """What a mail agrees to."""

    default_mode: Literal["ask_first", "pre_agreed"] = "ask_first"
    """A mail without a payment tag asks for the price first, or agrees to any (rule A12)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecategoriseRules:
    """What a change of category upwards needs."""

    raise_price: Literal["consent", "auto", "always"] = "consent"
    """A raise asks when above the agreed price, never asks, or always asks (rule A16)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BugRules:
    """What an error of ours costs."""

    refund: Literal["all", "none"] = "all"
    """A bug returns everything that was charged, or only ends HotRush (rule A25)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerRules:
    """Who may write."""

    unknown_sender: Literal["accept", "refuse"] = "accept"
    """Strangers get an account with 0 credits, or are refused."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailRules:
    """Letters and numbers."""

    repeat_limit: timedelta | None = timedelta(hours=1)
    """Help-type letters to one person for one ticket come at most this often; `off`: no limit."""
    ticket_prefix: str = "T-"
    """Letters before a ticket's number."""


Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportRules:
    """The weekly report of the desk."""

    weekday: Weekday | Literal["off"] = "off"
    """Leads get the figures of the last seven days at the opening of this day; `off`: never."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetRules:
    """How many receipts, notices and help letters leave the desk; 0 means as many as there are."""

    address_hour: int = 20
    """To one customer in an hour: somebody may well have ten questions at once."""
    address_day: int = 40
    """To one customer in a day."""
    stranger_hour: int = 3
    """To one address that no account was made for in an hour."""
    stranger_day: int = 20
    """To one such address in a day."""
    challenges_day: int = 3
    """Requests to confirm once more, to one address in a day."""
    ticket_burst: int = 6
    """In one ticket in ten minutes."""
    ticket_hour: int = 10
    """In one ticket in an hour."""
    ticket_day: int = 30
    """In one ticket in a day."""
    ticket_pause: timedelta = timedelta(hours=24)
    """How long a ticket that went over its budget stays silent."""
    domain_hour: int = 200
    """To all addresses of one domain in an hour."""
    desk_hour: int = 500
    """From the whole desk in an hour, or ten times its mean of the last week if that is more."""
    desk_exempt: int = 100
    """Receipts and challenges that leave in an hour although the desk is over its budget."""
    alerts_hour: int = 20
    """Alerts to the operator in an hour; more are only in the diary."""
    tickets_hour: int = 50
    """New tickets of one address in an hour; further mails join the last of them."""
    bounce_pause: timedelta = timedelta(days=60)
    """How long an address that does not exist gets no automatic mail."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """Every option of the policy except the calendar (policy section 6), by section."""

    clock: ClockRules = ClockRules()
    sla: ServiceLevels = field(default_factory=ServiceLevels)
    credits: Credits = field(default_factory=Credits)
    payment: PaymentRules = PaymentRules()
    assessment: Assessments = Assessments()
    recategorise: RecategoriseRules = RecategoriseRules()
    hotrush: HotRushRules = HotRushRules()
    bug: BugRules = BugRules()
    split: SplitRules = SplitRules()
    customers: CustomerRules = CustomerRules()
    close: Closing = Closing()
    engineer: EngineerRules = EngineerRules()
    trust: TrustRules = TrustRules()
    mail: MailRules = MailRules()
    budget: BudgetRules = BudgetRules()
    operator: Operator = Operator()
    report: ReportRules = ReportRules()


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy(Options):
    """What the core is told of the desk: options, working time, people and addresses."""

    calendar: Calendar
    staff: Staff
    addresses: Addresses
