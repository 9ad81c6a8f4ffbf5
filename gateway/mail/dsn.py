"""Read delivery reports: RFC 3464 and the forms that were before and beside it.

Rules for this file:
1. A person who quotes, forwards or complains about a bounce did not send one: words count only
   together with a sender that is a machine, and only above the enclosed mail.
2. Evidence of two different kinds is asked for; a top level `multipart/report` is enough alone.
3. What became of whom is read from the machine-readable part where there is one, else from the
   lines above the enclosed mail.
"""

import itertools
import json
import re
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from gateway.mail.address import read_addresses, same_address
from gateway.mail.automatic import is_null_path, is_vacation
from gateway.mail.clean import clean_line
from gateway.mail.dsn_phrase import (
    DAEMONS,
    DELAY,
    DELIVERED,
    LISTS,
    MACHINE_NAME,
    MANAGERS,
    POSTMASTERS,
    REFUSAL,
    SUBJECT,
    is_enclosed_mark,
)
from gateway.mail.dsn_recipient import (
    ANY_ADDRESS,
    RECIPIENT_COUNT_MAX,
    from_prose,
    from_status_parts,
    from_text_fields,
    status_in,
)
from gateway.mail.header import Header, decoded, read_header
from gateway.mail.message import DeliveryReport, FailedRecipient
from gateway.mail.part import Part, Tree

_REGION_CHARS_MAX: Final = 20_000
_MESSAGE_ID: Final = re.compile(
    r"^[> \t]*Message-I[dD]:\s*<([^<>\s]{3,900})>", re.MULTILINE | re.IGNORECASE
)
_FOOTER: Final = re.compile(r"\n\s*--\s*\n")
_STATUS_TYPES: Final = frozenset({"message/delivery-status", "message/global-delivery-status"})
_HEADER_TYPES: Final = frozenset(
    {"text/rfc822-headers", "text/rfc822-header", "message/rfc822-headers"}
)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What is known of a mail that may be a report."""

    header: Header
    tree: Tree
    text: str
    """The readable text above the enclosed mail."""
    below: str
    """The readable text from there on."""
    is_null: bool
    """Sent with the null reverse-path."""


def read_report(
    header: Header, tree: Tree, text: str, reverse_path: str | None
) -> DeliveryReport | None:
    """What a mail reports on the delivery of another; `None` for a mail that is no report.

    `text` is the readable text of the mail; `reverse_path` what the envelope said, if it did.
    """
    status_parts = [part for part in tree.parts if _is_status(part)]
    sender = _sender(header, reverse_path)
    if not status_parts and sender is _Sender.PERSON and not _is_formal(header, tree):
        # Nearly every mail: its text need not be searched.
        return None
    above, below = _cut_enclosed(text)
    seen = _Evidence(header, tree, above, below, is_null_path(header, reverse_path))
    if not _is_report(seen, sender, status_parts):
        return _notification(text) if sender is _Sender.MANAGER else None
    recipients = from_status_parts(status_parts) or from_text_fields(text) or _from_text(seen)
    recipients = tuple(_with_failed_header(seen, recipients))[:RECIPIENT_COUNT_MAX]
    return DeliveryReport(recipients=recipients, original_message_id=_original_id(seen))


def _is_status(part: Part) -> bool:
    """A machine-readable part of this mail, not of one that is enclosed in it."""
    return part.content_type in _STATUS_TYPES and not part.in_message


def _is_formal(header: Header, tree: Tree) -> bool:
    """Whether type or header say that it is a report, whoever sent it."""
    return tree.parts[0].content_type == "multipart/report" or "x-failed-recipients" in header


def _is_report(seen: _Evidence, sender: "_Sender", status_parts: list[Part]) -> bool:
    """Whether the evidence suffices: a report by its type, or the words of a fitting sender."""
    root = seen.tree.parts[0]
    if root.content_type == "multipart/report":
        kind = root.parameters.get("report-type", "").lower()
        unnamed = not kind and sender is not _Sender.PERSON
        return kind == "delivery-status" or bool(status_parts) or unnamed
    if root.content_type in _STATUS_TYPES or (status_parts and sender is not _Sender.PERSON):
        return True
    subject = SUBJECT.search(seen.header.text("subject")) is not None
    said = REFUSAL.search(seen.text) is not None
    if "x-failed-recipients" in seen.header:
        return subject or said or sender is not _Sender.PERSON
    return _suffices(seen, sender, subject=subject, said=said)


def _suffices(seen: _Evidence, sender: "_Sender", *, subject: bool, said: bool) -> bool:
    """Whether subject and words of a mail without any machine-readable sign make it a report."""
    match sender:
        case _Sender.DAEMON:
            named = subject or seen.is_null or DELIVERED.search(seen.text) is not None
            return said or (named and not is_vacation(seen.header))
        case _Sender.POSTMASTER:
            proof = seen.is_null or subject or _encloses(seen) or _names_recipient(seen)
            return (said and proof) or (subject and (seen.is_null or _encloses(seen)))
        case _Sender.NOBODY:
            return (said or subject) and not is_vacation(seen.header) and _names_recipient(seen)
        case _Sender.MANAGER:
            proof = _encloses(seen) or bool(status_in(seen.text)) or bool(LISTS.search(seen.text))
            return said and proof
        case _Sender.PERSON:
            return False


class _Sender(Enum):
    """Who seems to have sent a mail."""

    DAEMON = "a name under which no person writes"
    POSTMASTER = "a name under which servers write, and people too"
    NOBODY = "the null reverse-path of RFC 5321 section 4.5.5"
    MANAGER = "a list manager, or an address that takes no replies"
    PERSON = "anybody"


def _sender(header: Header, reverse_path: str | None) -> _Sender:
    local = ""
    for mailbox in read_addresses(header.first("from")).mailboxes[:1]:
        local = mailbox.address.partition("@")[0].lower()
        if local in DAEMONS:
            return _Sender.DAEMON
        if local in POSTMASTERS or MACHINE_NAME.search(mailbox.name):
            return _Sender.POSTMASTER
    if header.first("from").strip() == b"<>":
        return _Sender.DAEMON
    if header.first("return-path").strip().lower().lstrip(b"<").startswith(b"mailer-daemon"):
        return _Sender.DAEMON
    if is_null_path(header, reverse_path):
        return _Sender.NOBODY
    return _Sender.MANAGER if MANAGERS.search(local) else _Sender.PERSON


def _names_recipient(seen: _Evidence) -> bool:
    """Whether the text names an address that is neither ours nor the server's."""
    return any(
        not _is_not_recipient(seen, found[0])
        for found in itertools.islice(ANY_ADDRESS.finditer(seen.text), 50)
    )


def _encloses(seen: _Evidence) -> bool:
    return bool(seen.below) or any(
        part.content_type in _HEADER_TYPES or part.content_type == "message/rfc822"
        for part in seen.tree.parts[1:]
        if not part.in_message
    )


def _cut_enclosed(text: str) -> tuple[str, str]:
    """The text above and from the enclosed mail on."""
    at = 0
    for line in text[: _REGION_CHARS_MAX * 2].split("\n"):
        if line and is_enclosed_mark(line):
            return text[:at], text[at:]
        at += len(line) + 1
    return text[:_REGION_CHARS_MAX], ""


def _from_text(seen: _Evidence) -> tuple[FailedRecipient, ...]:
    """Recipients of the prose above the enclosed mail."""
    action = "delayed" if DELAY.search(seen.text) else "failed"
    if action == "failed" and DELIVERED.search(seen.text):
        action = "delivered"
    return from_prose(seen.text, action, lambda address: not _is_not_recipient(seen, address))


def _is_not_recipient(seen: _Evidence, address: str) -> bool:
    """The server's own addresses, and ours to which the report was sent."""
    local = address.partition("@")[0].lower()
    if local in DAEMONS or local in POSTMASTERS:
        return True
    own = (*seen.header.every("to"), *seen.header.every("from"))
    return any(
        same_address(address, mailbox.address)
        for body in own[:4]
        for mailbox in read_addresses(body).mailboxes[:4]
    )


def _with_failed_header(
    seen: _Evidence, recipients: tuple[FailedRecipient, ...]
) -> list[FailedRecipient]:
    """Exim's X-Failed-Recipients names who failed even where the text hides it."""
    named = [
        mailbox.address
        for body in seen.header.every("x-failed-recipients")
        for mailbox in read_addresses(body).mailboxes
        if mailbox.address
    ]
    if not named:
        return list(recipients)
    known = {each.recipient.lower(): each for each in recipients}
    only = (
        recipients[0] if recipients else FailedRecipient(recipient="", status=status_in(seen.text))
    )
    return [known.get(each.lower(), replace(only, recipient=each)) for each in named]


def _original_id(seen: _Evidence) -> str | None:
    """Message-ID of the mail reported on, from what the report encloses or quotes of it."""
    for part in seen.tree.parts[1:]:
        enclosed: Header | None = None
        if part.content_type in _HEADER_TYPES and not part.in_message:
            content = part.content().data
            enclosed = read_header(content, 0, len(content))
        elif part.in_message and part.index and part.depth:
            enclosed = part.header
        if enclosed is not None and "message-id" in enclosed:
            return decoded(enclosed.first("message-id")).strip("<> ")[:998] or None
    found = _MESSAGE_ID.search(seen.below) or _MESSAGE_ID.search(seen.text)
    if found:
        return found[1]
    replied = decoded(seen.header.first("in-reply-to")).split()
    return replied[0].strip("<>")[:998] or None if replied else None


def _notification(text: str) -> DeliveryReport | None:
    """Bounces that a sending service hands over as JSON (Amazon SES through SNS)."""
    if text.lstrip()[:1] != "{" or '"Bounce' not in text.replace("\\", ""):
        return None
    # Sendmail breaks a line of more than 990 characters with an exclamation mark and a space.
    text = text.replace("!\n ", "")
    try:
        outer = json.loads(_FOOTER.split(text.strip(), maxsplit=1)[0])
        inner = json.loads(outer["Message"]) if isinstance(outer.get("Message"), str) else outer
        bounced = inner["bounce"]["bouncedRecipients"]
        found = tuple(
            FailedRecipient(
                recipient=clean_line(str(each["emailAddress"]))[:320],
                status=clean_line(str(each.get("status", "")))[:20],
                action=clean_line(str(each.get("action", "failed")))[:20] or "failed",
                diagnostic=clean_line(str(each.get("diagnosticCode", "")))[:1000],
            )
            for each in bounced[:RECIPIENT_COUNT_MAX]
        )
        original = inner.get("mail", {}).get("messageId")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return DeliveryReport(
        recipients=found, original_message_id=str(original)[:998] if original else None
    )
