"""A letter that was decided becomes the final bytes of a mail, with its place in a thread.

Message-ID and reply address carry the same token, so that a reply proves who was written to
(policy 4.13). Everything is derived: the same letter written twice is the same mail.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Final

from gateway.desk.decision import Audience, SendLetter
from gateway.desk.policy import Policy
from gateway.desk.token import Keys, Purpose
from gateway.letters.context import REPLY_LINE, Words, values_of
from gateway.letters.shelf import BrokenTemplate, Rendered, Shelf
from gateway.mail.compose import Draft, Enclosure, compose

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


@dataclass(frozen=True, slots=True)
class Written:
    """A letter as it goes into the outbox."""

    message_id: str
    content: bytes
    broken: str = ""
    """What was wrong with the operator's own template, where the built-in one took its place."""


class Writer:
    """Writes letters for one desk."""

    def __init__(self, shelf: Shelf, policy: Policy, keys: Keys) -> None:
        self._shelf = shelf
        self._policy = policy
        self._keys = keys

    def write(self, letter: SendLetter, frame: Frame) -> Written:
        """The bytes of a letter."""
        number = _number(letter, frame)
        prefix = self._policy.mail.ticket_prefix
        labels = {stand_in: f"{prefix}{drawn}" for stand_in, drawn in frame.numbers.items()}
        words = Words(self._policy, labels)
        values = values_of(
            letter,
            words,
            now=frame.at,
            order_number=frame.order_number,
            desk_address=self._address(Purpose.DESK, "0", letter.to),
        )
        token = self._token(letter, frame, number)
        values["reply_address"] = self._policy.addresses.reply_address(token) if token else ""
        values["reply_to"] = lambda one: self._address(Purpose.STAFF, str(one), letter.to)
        rendered, broken = self._render(letter.letter, "en", values)
        text = self._framed(letter, rendered.text + _left_out(letter, frame), values)
        message_id = self._message_id(letter, frame, token)
        in_reply_to, references = self._thread(letter, frame, number)
        subject = rendered.subject
        if letter.ticket and number:
            subject = f"[{prefix}{number}] {letter.ticket.subject}"
        department = letter.ticket.department if letter.ticket else "support"
        sender = self._policy.addresses.inbox_of(department)
        draft = Draft(
            sender=(self._policy.operator.name, sender),
            to=letter.to,
            subject=subject,
            date=frame.at,
            message_id=message_id,
            reply_to=self._policy.addresses.reply_address(token) if token else "",
            in_reply_to=in_reply_to,
            references=references,
            text=text,
            fields=tuple(self._fields(letter, frame, number)),
            enclosures=frame.enclosures if letter.with_attachments else (),
        )
        return Written(message_id, compose(draft), broken)

    def _render(
        self, name: str, language: str, values: Mapping[str, object]
    ) -> tuple[Rendered, str]:
        """The operator's own letter, or the built-in one where that is broken (policy 4.12)."""
        own = self._shelf.own(name, language)
        if own is not None:
            try:
                return own.render(values), ""
            except BrokenTemplate as error:
                return self._shelf.built_in(name, language).render(values), str(error)
        return self._shelf.built_in(name, language).render(values), ""

    def _framed(self, letter: SendLetter, body: str, values: Mapping[str, object]) -> str:
        """The reply line above, so that quotes are cut there; who writes below."""
        if letter.audience is Audience.OPERATOR:
            return body
        foot = self._shelf.frame(str(letter.audience)).render(values)
        return f"{REPLY_LINE}\n\n{body}\n{foot.text}"

    def _token(self, letter: SendLetter, frame: Frame, number: int | None) -> str:
        if letter.audience is Audience.OPERATOR:
            return ""
        subject = str(number or 0)
        if letter.letter == "confirm_challenge":
            until = int((frame.at + CHALLENGE_LIFE).timestamp())
            subject = f"{number}.{letter.assessment or 0}.{until}"
            return self._keys.make(Purpose.CHALLENGE, subject, letter.to)
        if letter.audience is Audience.CUSTOMER:
            purpose = Purpose.REPLY if number else Purpose.ACCOUNT
        elif letter.order is not None:
            purpose = Purpose.ORDER
            subject = str(frame.order_number or letter.order.number)
        else:
            purpose = Purpose.STAFF if number else Purpose.DESK
        return self._keys.make(purpose, subject, letter.to)

    def _address(self, purpose: Purpose, subject: str, recipient: str) -> str:
        token = self._keys.make(purpose, subject, recipient)
        return self._policy.addresses.reply_address(token)

    def _message_id(self, letter: SendLetter, frame: Frame, token: str) -> str:
        cause = f"{frame.event}/{letter.letter}/{letter.to}/{_number(letter, frame)}"
        event = sha256(cause.encode()).hexdigest()[:16]
        proof = f".t.{token}" if token else ""
        return f"{letter.letter}.{event}{proof}@{self._policy.addresses.domain}"

    def _thread(
        self, letter: SendLetter, frame: Frame, number: int | None
    ) -> tuple[str, tuple[str, ...]]:
        """In-Reply-To and References: customers and staff see threads with different roots."""
        answered = (frame.answered,) if frame.answered else ()
        if letter.audience is not Audience.CUSTOMER:
            root = self.staff_root(number) if number else ""
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

    def staff_root(self, number: int) -> str:
        """A Message-ID that no mail has: all staff letters of a ticket hang below it."""
        return f"staff.{number}@{self._policy.addresses.domain}"

    def _fields(
        self, letter: SendLetter, frame: Frame, number: int | None
    ) -> list[tuple[str, str]]:
        fields = [("X-Ticket-Event", letter.letter)]
        if number:
            fields.insert(0, ("X-Ticket-ID", f"{self._policy.mail.ticket_prefix}{number}"))
        if letter.automatic:
            stamp = f"{self._policy.addresses.domain}.{int(frame.at.timestamp())}"
            fields += [
                ("Auto-Submitted", letter.automatic),
                ("X-Auto-Response-Suppress", "All"),
                ("X-Gateway-Loop", f"{stamp}.{self._keys.sign('loop:' + stamp)}"),
            ]
        return fields


def _left_out(letter: SendLetter, frame: Frame) -> str:
    """What the reader misses, where files are too large to travel on."""
    if not (letter.with_attachments and frame.too_large):
        return ""
    where = "" if letter.audience is Audience.CUSTOMER else f" It is kept with mail {frame.event}."
    return f"\n\nToo large to be attached: {', '.join(frame.too_large)}.{where}\n"


def _number(letter: SendLetter, frame: Frame) -> int | None:
    if letter.ticket is None:
        return None
    number = letter.ticket.number
    return frame.numbers.get(number, number)


def _chain(*ids: str) -> tuple[str, ...]:
    """At most 20 ids: the first one, and the latest of the others."""
    unique = tuple(dict.fromkeys(one for one in ids if one))
    if len(unique) <= REFERENCES_MAX:
        return unique
    return (unique[0], *unique[1 - REFERENCES_MAX :])
