"""What the store knew when a decision was asked for. Values only; rows never leave the store."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from gateway.desk.clues import Clues
from gateway.desk.learned import Learned
from gateway.desk.model import Account, Contact, Order, Ticket
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
    briefing: Briefing = field(default_factory=Briefing)
    """What a member of staff asked to be told."""
