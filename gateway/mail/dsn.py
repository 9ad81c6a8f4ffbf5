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
from gateway.mail.automatic import is_vacation
from gateway.mail.clean import clean_line
from gateway.mail.dsn_phrase import (
    DAEMONS,
    DELAY,
    DELIVERED,
    MACHINE_NAME,
    MANAGERS,
    POSTMASTERS,
    REFUSAL,
    SUBJECT,
    is_enclosed_mark,
)
from gateway.mail.header import Header, decoded, read_header
from gateway.mail.message import DeliveryReport, FailedRecipient
from gateway.mail.part import Part, Tree

_RECIPIENT_COUNT_MAX: Final = 200
_REGION_CHARS_MAX: Final = 20_000
_ADDRESS: Final = r"[^\s<>()\[\]\"',:;|@]{1,64}@[A-Za-z0-9\u00a1-\uffff](?:[\w.-]{0,250}\w)"
_ANY_ADDRESS: Final = re.compile(_ADDRESS)
_LEADING: Final = (
    # `<ann@x>:`, `"ann@x":`, `ann@x: 550 …`, `  ann@x`, `<ann@x>... User unknown`
    re.compile(
        r"^[ \t>*•-]*(?:\d{3}[ -])?[<\"']?(" + _ADDRESS + r")[>\"']{0,2}\s*(?:[:;,.(\s-]|$)"
    ),
    re.compile(
        r"(?:recipients?|address(?:es)?|deliver(?:y|ed|ing)?|reach|mailbox|user|account|mail|to|group)\b"
        r"[^<\n@]{0,60}[<\"'( :]+(" + _ADDRESS + ")",
        re.IGNORECASE,
    ),
)
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE: Final = re.compile(r"(?<![\d.:-])([45]\d\d)(?=[ -][^\d]|[ -]\d\.\d|$)")
_MESSAGE_ID: Final = re.compile(
    r"^[> \t]*Message-I[dD]:\s*<([^<>\s]{3,900})>", re.MULTILINE | re.IGNORECASE
)
_FIELD: Final = re.compile(r"^([A-Za-z][A-Za-z-]{2,40}):\s*(.*)$")
_TYPED: Final = re.compile(
    r"^\s*(?:rfc ?822|utf-?8|x400|x-[\w-]+|unknown|local|smtp)\s*;\s*", re.IGNORECASE
)
_IN_TEXT: Final = re.compile(r"^[ \t]*(?:Final|Original)-Recipient:", re.MULTILINE | re.IGNORECASE)
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
    reverse_path: str | None


def read_report(
    header: Header, tree: Tree, text: str, reverse_path: str | None
) -> DeliveryReport | None:
    """What a mail reports on the delivery of another; `None` for a mail that is no report.

    `text` is the readable text of the mail; `reverse_path` what the envelope said, if it did.
    """
    above, below = _cut_enclosed(text)
    seen = _Evidence(header, tree, above, below, reverse_path)
    status_parts = [part for part in tree.parts if _is_status(part)]
    if not _is_report(seen, status_parts):
        return _notification(seen)
    recipients = _from_status_parts(status_parts) or _from_text_fields(text) or _from_lines(seen)
    recipients = tuple(_with_failed_header(seen, recipients))[:_RECIPIENT_COUNT_MAX]
    return DeliveryReport(recipients=recipients, original_message_id=_original_id(seen))


def _is_status(part: Part) -> bool:
    """A machine-readable part of this mail, not of one that is enclosed in it."""
    return part.content_type in _STATUS_TYPES and not part.in_message


def _is_report(seen: _Evidence, status_parts: list[Part]) -> bool:
    """Whether the evidence suffices: a report by its type, or the words of a fitting sender."""
    root = seen.tree.parts[0]
    sender = _sender(seen)
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
            return said or (subject and not is_vacation(seen.header))
        case _Sender.POSTMASTER:
            return said and (subject or _encloses(seen) or _names_recipient(seen))
        case _Sender.NOBODY:
            return said and not is_vacation(seen.header) and _names_recipient(seen)
        case _Sender.PERSON:
            fitting = subject or _encloses(seen) or not seen.below
            return said and _is_manager(seen) and fitting


class _Sender(Enum):
    """Who seems to have sent a mail."""

    DAEMON = "a name under which no person writes"
    POSTMASTER = "a name under which servers write, and people too"
    NOBODY = "the null reverse-path of RFC 5321 section 4.5.5"
    PERSON = "anybody"


def _sender(seen: _Evidence) -> _Sender:
    for mailbox in read_addresses(seen.header.first("from")).mailboxes[:1]:
        local = mailbox.address.partition("@")[0].lower()
        if local in DAEMONS:
            return _Sender.DAEMON
        if local in POSTMASTERS or MACHINE_NAME.search(mailbox.name):
            return _Sender.POSTMASTER
    if seen.header.first("from").strip() == b"<>":
        return _Sender.DAEMON
    paths = [path.strip().lower() for path in seen.header.every("return-path")[:1]]
    if any(path.lstrip(b"<").startswith(b"mailer-daemon") for path in paths):
        return _Sender.DAEMON
    known = seen.reverse_path is not None
    is_null = seen.reverse_path in ("", "<>") if known else b"<>" in paths
    return _Sender.NOBODY if is_null else _Sender.PERSON


def _names_recipient(seen: _Evidence) -> bool:
    """Whether the text names an address that is neither ours nor the server's."""
    return any(
        not _is_not_recipient(seen, found[0])
        for found in itertools.islice(_ANY_ADDRESS.finditer(seen.text), 50)
    )


def _is_manager(seen: _Evidence) -> bool:
    """Whether a list manager or a no-reply address sent it."""
    for mailbox in read_addresses(seen.header.first("from")).mailboxes[:1]:
        return MANAGERS.search(mailbox.address.partition("@")[0]) is not None
    return False


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


def _from_status_parts(parts: list[Part]) -> tuple[FailedRecipient, ...]:
    """Recipients of `message/delivery-status` parts (RFC 3464 section 2.3)."""
    found: list[FailedRecipient] = []
    for part in parts:
        text = part.text()[0].replace("\r\n", "\n").replace("\r", "\n")
        found += _from_fields(text)
    return tuple(found)


def _from_text_fields(text: str) -> tuple[FailedRecipient, ...]:
    """Recipients of the same fields where a server wrote them into the text."""
    found = _IN_TEXT.search(text)
    return tuple(_from_fields(text[: found.start() + 8000])) if found else ()


def _from_fields(text: str) -> list[FailedRecipient]:
    """One recipient per group of fields; groups end at a blank line or where a field repeats."""
    found: list[FailedRecipient] = []
    group: dict[str, str] = {}
    last = ""
    for line in [*text.split("\n"), ""]:
        field = _FIELD.match(line.lstrip())
        if (
            line[:1] in " \t"
            and last
            and line.strip()
            and not (field and field[1].lower() in _KNOWN)
        ):
            group[last] += " " + line.strip()
            continue
        name = field[1].lower() if field else ""
        if (not line.strip() or name in group) and (group.keys() & _RECIPIENT_FIELDS):
            found.append(_recipient(group))
            group = {}
        elif not line.strip():
            group = {}
        last = name if name in _KNOWN else ""
        if field and last:
            group[last] = field[2].strip()
    return [each for each in found if each.recipient][:_RECIPIENT_COUNT_MAX]


_RECIPIENT_FIELDS: Final = frozenset({"final-recipient", "original-recipient"})
_KNOWN: Final = _RECIPIENT_FIELDS | {"action", "status", "diagnostic-code", "x-actual-recipient"}
_ACTIONS: Final = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})


def _recipient(group: dict[str, str]) -> FailedRecipient:
    address = ""
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        value = _TYPED.sub("", group.get(name, "")).strip().strip("<>").strip()
        if value and ("@" in value or not address):
            address = address if "@" in address else value
    status = _STATUS.search(group.get("status", ""))
    diagnostic = clean_line(group.get("diagnostic-code", ""))[:1000]
    action = group.get("action", "").lower().split(" ")[0].strip("\"';.")
    code = status[1] if status else _status_in(diagnostic)
    if action not in _ACTIONS:
        action = "delayed" if code.startswith("4") else "delivered" if code[:1] == "2" else "failed"
    return FailedRecipient(
        recipient=clean_line(address)[:320], status=code, action=action, diagnostic=diagnostic
    )


def _status_in(text: str) -> str:
    """The enhanced status code of a text, or the class of its reply code as `5.0.0`."""
    found = _STATUS.search(text)
    if found:
        return found[1]
    code = _REPLY_CODE.search(text)
    return code[1][0] + ".0.0" if code else ""


def _from_lines(seen: _Evidence) -> tuple[FailedRecipient, ...]:
    """Recipients of a text that only people were meant to read."""
    action = "delayed" if DELAY.search(seen.text) else "failed"
    if action == "failed" and DELIVERED.search(seen.text):
        action = "delivered"
    lines = seen.text.split("\n")
    for pattern in (*_LEADING, _ANY_ADDRESS):
        found = _by_pattern(seen, lines, pattern, action)
        if found:
            return tuple(found)
    return ()


def _by_pattern(
    seen: _Evidence, lines: list[str], pattern: re.Pattern[str], action: str
) -> list[FailedRecipient]:
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        match = pattern.search(line)
        address = match[match.lastindex or 0].strip(".") if match else ""
        if address and not _is_not_recipient(seen, address):
            current = found.setdefault(address.lower(), [address])
            if len(found) > _RECIPIENT_COUNT_MAX:
                break
        if current and len(current) < 12:
            current.append(line.strip())
    return [
        FailedRecipient(
            recipient=words[0],
            status=_status_in(" ".join(words[1:])),
            action=action,
            diagnostic=clean_line(" ".join(words[1:]))[:500],
        )
        for words in found.values()
    ]


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
        recipients[0] if recipients else FailedRecipient(recipient="", status=_status_in(seen.text))
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


def _notification(seen: _Evidence) -> DeliveryReport | None:
    """Bounces that a sending service hands over as JSON (Amazon SES through SNS)."""
    if not seen.text.lstrip().startswith("{") or '"Bounce' not in seen.text.replace("\\", ""):
        return None
    try:
        outer = json.loads(seen.text.strip())
        inner = json.loads(outer["Message"]) if isinstance(outer.get("Message"), str) else outer
        bounced = inner["bounce"]["bouncedRecipients"]
        found = tuple(
            FailedRecipient(
                recipient=clean_line(str(each["emailAddress"]))[:320],
                status=clean_line(str(each.get("status", "")))[:20],
                action=clean_line(str(each.get("action", "failed")))[:20] or "failed",
                diagnostic=clean_line(str(each.get("diagnosticCode", "")))[:1000],
            )
            for each in bounced[:_RECIPIENT_COUNT_MAX]
        )
        original = inner.get("mail", {}).get("messageId")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return None
    return DeliveryReport(
        recipients=found, original_message_id=str(original)[:998] if original else None
    )
