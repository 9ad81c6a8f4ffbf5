"""What the store knew when a decision was asked for. Values only; rows never leave the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from gateway.desk.clues import Clues
from gateway.desk.learned import Learned
from gateway.desk.model import Account, Contact, Order, Ticket
from gateway.desk.pause import Pause
from gateway.ledger.entry import Entry

FoundBy = Literal["token", "reference", "subject", ""]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """An earlier mail that this one repeats."""

    queue_id: str
    same_content: bool
    """Same content, not only the same Message-ID."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RepliedTo:
    """The letter of ours that a mail answers."""

    letter: str
    ticket: int | None
    assessment: int | None
    to: str
    to_staff: bool = False
    by_report: bool = False
    """Found by the signed address that only reports on this very letter are sent to."""


class LetterSent(NamedTuple):
    """One receipt, notice or help letter of the last day."""

    letter: str
    to: str
    ticket: int | None
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What has been used of the budgets so far (reliability 5)."""

    letters: tuple[LetterSent, ...] = ()
    """Counted letters of the last day to the people of this mail and in its ticket."""
    domain_hour: int = 0
    """Counted letters of the last hour to the domain of the sender."""
    desk_hour: int = 0
    """Counted letters of the last hour from the whole desk."""
    desk_usual: int = 0
    """Mean of counted letters in an hour of the last week; looked up when the hour is busy."""
    alerts_hour: int = 0
    """Alerts to the operator of the last hour."""
    pauses: Mapping[tuple[str, str], Pause] = field(default_factory=dict)
    """Pauses that concern the people, the ticket, the domain or the desk, ended ones included."""
    tickets_hour: int = 0
    """Tickets that the sender opened in the last hour."""
    newest_ticket: Ticket | None = None
    """The latest of them, where they are too many."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitOff:
    """A ticket that was split off, and the one it came from."""

    ticket: Ticket
    parent: Ticket
    by_itself: bool
    """Split by the signs alone: nobody asked for it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """One message of a ticket."""

    at: datetime
    author: str
    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Briefing:
    """What `#queue`, `#history`, `#search`, `#status` and `#balance` ask for (policy 4.12)."""

    queue: tuple[Ticket, ...] = ()
    """Open tickets that wait for staff, in queue order (rule H4), the first of them."""
    queue_count: int = 0
    own: tuple[Ticket, ...] = ()
    """Those of them that the writer has."""
    history: tuple[Said, ...] = ()
    """The last messages of a ticket, oldest first."""
    history_count: int = 0
    found: tuple[Ticket, ...] = ()
    """Tickets with all words of a search, latest first."""
    account: Account | None = None
    """The account that was named."""
    entries: tuple[Entry, ...] = ()
    """Its last entries, latest first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything `decide` may know besides the mail, the policy and the instant."""

    clues: Clues
    seen: Seen | None = None
    contact: Contact | None = None
    """The sender as a contact on file."""
    account: Account | None = None
    """The sender's account."""
    ticket: Ticket | None = None
    """The ticket the mail points at; where it was merged, the one it went into."""
    ticket_account: Account | None = None
    """The account of that ticket, or of the order that staff settles."""
    found_by: FoundBy = ""
    replied: RepliedTo | None = None
    others: tuple[Ticket, ...] = ()
    """Other tickets with an assessment that waits, of the ticket's account, else the sender's."""
    named: Mapping[int, Ticket] = field(default_factory=dict)
    """Tickets that staff commands name."""
    orders: Mapping[int, Order] = field(default_factory=dict)
    letters_sent: Mapping[tuple[str, str, int | None], datetime] = field(default_factory=dict)
    """When a help-type letter last went to a recipient for a ticket (`mail.repeat_limit`)."""
    entries: tuple[Entry, ...] = ()
    """The account's last entries, latest first, where somebody asked for them."""
    topic: tuple[str, ...] = ()
    """What the ticket has been about: subject and texts so far."""
    learned: Learned = field(default_factory=Learned)
    """What this desk's mails have taught about words, for the likeness of texts."""
    split_off: SplitOff | None = None
    """The split that a mail takes back or speaks of, where it does."""
    spent: Spent = field(default_factory=Spent)
    briefing: Briefing = field(default_factory=Briefing)
    """What a member of staff asked to be told."""
