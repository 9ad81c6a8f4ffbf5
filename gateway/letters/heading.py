"""Where a letter belongs: its Message-ID, its place in a thread, its reply address, its marks.

Message-ID and reply address carry the same token, so that a reply proves who was written to
(policy 4.13). Everything is derived: the same letter written twice has the same heading.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from gateway.desk.decision import Audience, SendLetter
from gateway.desk.people import Addresses
from gateway.desk.policy import Policy
from gateway.desk.token import DONE, Keys, Purpose
from gateway.mail.compose import Enclosure

CHALLENGE_LIFE: Final = timedelta(hours=24)
REFERENCES_MAX: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """What the store knows when a letter is written: numbers, and the mails it answers."""

    event: str
    at: datetime
    numbers: Mapping[int, int] = field(default_factory=dict)
    """Drawn ticket numbers by stand-in."""
    order_number: int | None = None
    answered: str = ""
    """Message-ID of the mail at hand."""
    answered_references: tuple[str, ...] = ()
    thread: tuple[str, ...] = ()
    """Message-IDs of the ticket's customer thread, oldest first."""
    enclosures: tuple[Enclosure, ...] = ()
    too_large: tuple[str, ...] = ()
    """Files of the mail at hand that no letter carries."""
    html: str = ""
    """The HTML part, where it was made elsewhere and not from the template."""

    def number_of(self, letter: SendLetter) -> int | None:
        """The number of a letter's ticket."""
        if letter.ticket is None:
            return None
        return self.numbers.get(letter.ticket.number, letter.ticket.number)


@dataclass(frozen=True, slots=True)
class Heading:
    """What the head of a letter says of its place."""

    message_id: str
    in_reply_to: str
    references: tuple[str, ...]
    reply_to: str
    """Empty where nobody is asked to reply."""


def heading(letter: SendLetter, frame: Frame, addresses: Addresses, keys: Keys) -> Heading:
    """The place of a letter."""
    token = _token(letter, frame, keys)
    in_reply_to, references = _thread(letter, frame, addresses)
    cause = f"{frame.event}/{letter.letter}/{letter.to}/{frame.number_of(letter)}"
    event = sha256(cause.encode()).hexdigest()[:16]
    proof = f".t.{token}" if token else ""
    return Heading(
        message_id=f"{letter.letter}.{event}{proof}@{addresses.domain}",
        in_reply_to=in_reply_to,
        references=references,
        reply_to=addresses.reply_address(token) if token else "",
    )


def desk_address(to: str, addresses: Addresses, keys: Keys) -> str:
    """The address for commands without a ticket, of one member of staff."""
    return addresses.reply_address(keys.make(Purpose.DESK, "0", to))


def note_address(ticket: int, to: str, addresses: Addresses, keys: Keys) -> str:
    """The address at which a text stays inside, of one member of staff."""
    return addresses.reply_address(keys.make(Purpose.NOTE, str(ticket), to))


def done_address(ticket: int, to: str, addresses: Addresses, keys: Keys) -> str:
    """The address at which an answer also closes its ticket, of one member of staff."""
    return addresses.reply_address(keys.make(Purpose.STAFF, f"{ticket}.{DONE}", to))


def staff_address(ticket: int, to: str, addresses: Addresses, keys: Keys) -> str:
    """The address for answers and commands in a ticket, of one member of staff."""
    return addresses.reply_address(keys.make(Purpose.STAFF, str(ticket), to))


def _token(letter: SendLetter, frame: Frame, keys: Keys) -> str:
    if letter.audience is Audience.OPERATOR:
        return ""
    number = frame.number_of(letter)
    subject = str(number or 0)
    if letter.letter == "confirm_challenge":
        until = int((frame.at + CHALLENGE_LIFE).timestamp())
        subject = f"{number}.{letter.assessment or 0}.{until}"
        return keys.make(Purpose.CHALLENGE, subject, letter.to)
    if letter.audience is Audience.CUSTOMER:
        purpose = Purpose.REPLY if number else Purpose.ACCOUNT
    elif letter.order is not None:
        purpose = Purpose.ORDER
        subject = str(frame.order_number or letter.order.number)
    else:
        purpose = Purpose.STAFF if number else Purpose.DESK
    return keys.make(purpose, subject, letter.to)


def _thread(letter: SendLetter, frame: Frame, addresses: Addresses) -> tuple[str, tuple[str, ...]]:
    """In-Reply-To and References: customers and staff see threads with different roots."""
    answered = (frame.answered,) if frame.answered else ()
    if letter.audience is not Audience.CUSTOMER:
        number = frame.number_of(letter)
        root = staff_root(number, addresses) if number else ""
        roots = (root,) if root else ()
        if letter.thread == "mail":
            return frame.answered, _chain(*roots, *answered)
        return root, roots
    if letter.thread == "new":
        return "", ()
    if letter.thread == "split":
        return "", _chain(*answered)
    thread = _chain(*(frame.thread or frame.answered_references), *answered)
    if letter.thread == "mail":
        return frame.answered, thread
    last = letter.ticket.last_mail_id if letter.ticket else ""
    return last or (frame.thread[-1] if frame.thread else ""), _chain(*frame.thread)


def staff_root(number: int, addresses: Addresses) -> str:
    """A Message-ID that no mail has: all staff letters of a ticket hang below it."""
    return f"staff.{number}@{addresses.domain}"


def tagged(subject: str, letter: SendLetter, frame: Frame, policy: Policy) -> str:
    """A subject with the number of the letter's ticket, which replies bring back (policy 4.13)."""
    number = frame.number_of(letter)
    tag = f"[{policy.mail.ticket_prefix}{number}]"
    return subject if not number or tag in subject else f"{tag} {subject}"


def fields(
    letter: SendLetter, frame: Frame, policy: Policy, keys: Keys, language: str
) -> tuple[tuple[str, str], ...]:
    """What programs read: filters, other robots, our own check against loops (RFC 3834)."""
    number = frame.number_of(letter)
    made = [("X-Ticket-ID", f"{policy.mail.ticket_prefix}{number}")] if number else []
    made.append(("X-Ticket-Event", letter.letter))
    if letter.automatic:
        stamp = f"{policy.addresses.domain}.{int(frame.at.timestamp())}"
        made += [
            ("Auto-Submitted", letter.automatic),
            ("Precedence", "bulk"),
            ("X-Auto-Response-Suppress", "All"),
            ("X-Gateway-Loop", f"{stamp}.{keys.sign('loop:' + stamp)}"),
        ]
    made.append(("Content-Language", language))
    return tuple(made)


def _chain(*ids: str) -> tuple[str, ...]:
    """At most 20 ids: the first one, and the latest of the others."""
    unique = tuple(dict.fromkeys(one for one in ids if one))
    if len(unique) <= REFERENCES_MAX:
        return unique
    return (unique[0], *unique[1 - REFERENCES_MAX :])
