"""The values of a mail once it has been read: nothing here touches bytes or decides anything.

Words follow RFC 5321 (envelope, reverse-path, forward-path) and RFC 5322 (originator, mailbox,
msg-id). All text is clean: no NUL, no lone surrogate, LF line ends; header text is one line.
Message-IDs stand without angle brackets. Instants are aware and in UTC.
"""

from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """What the wire knew of a mail (RFC 5321): it stays true whatever the header claims."""

    queue_id: str
    received_at: datetime
    reverse_path: str | None = None
    """`None` when the wire told nothing (an IMAP mailbox); `""` for the null reverse-path `<>`."""
    forward_paths: tuple[str, ...] = ()
    source: str = ""
    """Where it came in: `smtp`, `lmtp`, `imap:<name>`, `pipe`, `import`."""
    peer: str = ""
    released: bool = False
    """The operator looked at it and put it back: what held it holds it no more."""


@dataclass(frozen=True, slots=True)
class Mailbox:
    """One mailbox of an address field (RFC 5322 section 3.4)."""

    name: str
    address: str
    """addr-spec as written, decoded; compare with `same_address` of `mail.address`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A part that is not the text; the bytes stay in the raw mail."""

    part: int
    """Position in `email.message.Message.walk()` order, to find the bytes again."""
    filename: str
    """Safe to show and to save: no path, no control characters, at most 120 characters."""
    content_type: str
    size: int
    digest: str
    """SHA-256 of the decoded bytes, hexadecimal."""
    inline: bool = False
    content_id: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedRecipient:
    """One recipient of a delivery report (RFC 3464 section 2.3)."""

    recipient: str
    status: str = ""
    """Enhanced status code, `5.1.1`; empty where the report names none."""
    action: str = "failed"
    """`failed`, `delayed`, `delivered`, `relayed`, `expanded`."""
    diagnostic: str = ""

    @property
    def is_permanent(self) -> bool:
        """Whether trying again is useless: failed, and not with a transient status."""
        return self.action == "failed" and not self.status.startswith("4")


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryReport:
    """A mail that says what became of another mail (RFC 3464 and its non-standard ancestors)."""

    recipients: tuple[FailedRecipient, ...] = ()
    original_message_id: str | None = None
    """Message-ID of the mail reported on, where the report encloses it."""


@dataclass(frozen=True, slots=True)
class TraceField:
    """A field that a server on the way put on top, in the order of the header (top first)."""

    name: str
    """Lower case: `received`, `authentication-results`, `return-path` and their like."""
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail, read. `gateway.mail.parse.read_mail` makes it and never raises."""

    envelope: Envelope
    digest: str
    """SHA-256 of what trace fields do not touch: the same mail over two ways has one digest."""
    message_id: str | None = None
    in_reply_to: tuple[str, ...] = ()
    references: tuple[str, ...] = ()
    subject: str = ""

    originators: tuple[Mailbox, ...] = ()
    """Every mailbox of every From field."""
    from_is_clean: bool = True
    """Exactly one From field with exactly one mailbox and no defect in it (policy M4)."""
    sender: tuple[Mailbox, ...] = ()
    """Sender: who transmitted it for the originators; shown, never trusted."""
    reply_to: tuple[Mailbox, ...] = ()
    to: tuple[Mailbox, ...] = ()
    cc: tuple[Mailbox, ...] = ()
    delivered_to: tuple[str, ...] = ()
    """Delivered-To, X-Original-To, Envelope-To and their like: addresses it went through."""
    date: datetime | None = None
    language: str = ""
    """Content-Language as written, or empty."""

    text: str = ""
    """The whole readable text: the plain part, else the HTML part as text."""
    new_text: str = ""
    """What the author wrote now: no quotes, attributions, signature (policy 5.3)."""
    quoted_above: bool = False
    """New text stood below a quote (bottom posting)."""
    attachments: tuple[Attachment, ...] = ()

    automatic: str = ""
    """The sign that a machine wrote it (RFC 3834, policy M2), or empty for a person's mail."""
    response_suppressed: bool = False
    """The sender asks for no automatic response (X-Auto-Response-Suppress); no automatic sign."""
    report: DeliveryReport | None = None
    trace: tuple[TraceField, ...] = ()
    hops: int = 0
    """Number of Received fields."""
    stamps: tuple[str, ...] = ()
    """Values of X-Gateway-Loop, our own mark against loops."""
    defects: tuple[str, ...] = field(default=())

    @property
    def originator(self) -> Mailbox:
        """The first From mailbox; an empty one where the mail names none."""
        return self.originators[0] if self.originators else Mailbox("", "")
