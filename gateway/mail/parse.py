"""Read a mail: bytes to a `Mail`, whatever the bytes are.

Rules for this file:
1. `read_mail` never raises: what cannot be read is missing, and a defect says so.
2. Limits come first, see `gateway.mail.limits`; then header, tree, text.

Sources: RFC 5322, RFC 2045 to 2049, and the rooms imported here for their own.
"""

import hashlib
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from gateway.mail.address import Addresses, read_addresses
from gateway.mail.automatic import automatic_sign, is_response_suppressed
from gateway.mail.body import read_body
from gateway.mail.clean import clean_line
from gateway.mail.defect import Defect
from gateway.mail.dsn import read_report
from gateway.mail.header import Header, as_text, decoded, read_header
from gateway.mail.limits import (
    FIELD_BYTES_MAX,
    MESSAGE_ID_MAX,
    REFERENCE_COUNT_MAX,
    SIZE_MAX,
)
from gateway.mail.message import Attachment, Envelope, Mail, Mailbox, TraceField
from gateway.mail.parameter import read_parameters
from gateway.mail.part import Tree, read_tree
from gateway.mail.phrase import words

_MESSAGE_ID: Final = re.compile(r"<([^<>]*)>")
_TRACE: Final = words("""
    return-path received authentication-results arc-authentication-results arc-seal
    arc-message-signature dkim-signature received-spf delivered-to x-original-to envelope-to
    x-envelope-to x-received x-google-dkim-signature domainkey-signature
""")
_WENT_THROUGH: Final = (
    "delivered-to",
    "x-original-to",
    "envelope-to",
    "x-envelope-to",
    "x-delivered-to",
    "x-rcpt-to",
    "apparently-to",
    "x-forwarded-to",
    "x-forwarded-for",
)
_DOUBTFUL: Final = frozenset(
    {
        Defect.STRAY_CR_LF,
        Defect.NOT_A_FIELD,
        Defect.LIMIT_HEADER_BYTES,
        Defect.LIMIT_FIELD_COUNT,
    }
)
"""Another reader of such a header may see another From: one that we cut off, or took for junk."""
_CHUNK: Final = 1024 * 1024
_DIGESTED: Final = ("from", "to", "cc", "date", "subject", "message-id")


def read_mail(raw: bytes, envelope: Envelope) -> Mail:
    """The mail in `raw` as a value; never raises, on any bytes."""
    defects: list[Defect] = []
    raw = _with_lines(raw[:SIZE_MAX], defects, over=len(raw) > SIZE_MAX)
    header = read_header(raw, 0, len(raw))
    if not header.fields:
        defects.append(Defect.NO_HEADER)
    tree = read_tree(raw, header)
    body = read_body(tree.parts[0])
    hint = read_parameters(header.first("content-type")).names.get("charset", "")
    sender = _originators(header, hint, defects)
    report = read_report(header, tree, body.text, envelope.reverse_path)
    sign = automatic_sign(header, tree.parts[0], envelope.reverse_path)
    defects += tree.defects + body.defects
    message_ids = _message_ids(header.first("message-id"), hint)
    return Mail(
        envelope=envelope,
        digest=_digest(raw, header),
        message_id=message_ids[0] if message_ids else None,
        in_reply_to=_every_id(header, "in-reply-to", hint),
        references=_every_id(header, "references", hint),
        subject=header.text("subject", hint),
        originators=sender.mailboxes,
        from_is_clean=sender.is_clean,
        sender=_mailboxes(header, "sender", hint),
        reply_to=_mailboxes(header, "reply-to", hint),
        to=_mailboxes(header, "to", hint),
        cc=_mailboxes(header, "cc", hint),
        delivered_to=_went_through(header, hint),
        date=_date(header, defects),
        language=header.text("content-language")[:100],
        text=body.text,
        new_text=body.new_text,
        quoted_above=body.quoted_above,
        attachments=body.attachments,
        automatic=sign or ("delivery report" if report else ""),
        response_suppressed=is_response_suppressed(header),
        report=report,
        trace=_trace(header),
        hops=len(header.every("received")),
        stamps=tuple(decoded(value) for value in header.every("x-gateway-loop")),
        defects=tuple(dict.fromkeys(map(str, defects))),
    )


def attachment_bytes(raw: bytes, attachments: Sequence[Attachment]) -> list[bytes]:
    """The decoded bytes of attachments of the mail in `raw`; empty where it has no such part.

    All in one call: finding the parts costs as much for one attachment as for five hundred.
    """
    if not attachments:
        return []
    raw = _with_lines(raw[:SIZE_MAX], [], over=False)
    tree = read_tree(raw, read_header(raw, 0, len(raw)))
    return [_find_bytes(tree, one) for one in attachments]


def _find_bytes(tree: Tree, attachment: Attachment) -> bytes:
    if attachment.part >= len(tree.parts):
        return b""
    data = tree.parts[attachment.part].content().data
    if hashlib.sha256(data).hexdigest() == attachment.digest:
        return data
    from gateway.mail.transfer import find_uuencoded  # noqa: PLC0415 - rare

    for file in find_uuencoded(data):
        if hashlib.sha256(file.data).hexdigest() == attachment.digest:
            return file.data
    return b""


def _with_lines(raw: bytes, defects: list[Defect], *, over: bool) -> bytes:
    """`raw` with line ends that can be told apart: a mail without any LF ends its lines with CR."""
    if over:
        defects.append(Defect.LIMIT_SIZE)
    if b"\n" not in raw and b"\r" in raw:
        defects.append(Defect.STRAY_CR_LF)
        return raw.replace(b"\r", b"\n")
    return raw


def _originators(header: Header, hint: str, defects: list[Defect]) -> Addresses:
    """Every From mailbox; clean only for one field with one mailbox that all readers agree on."""
    fields = header.every("from")
    read = [read_addresses(body, hint) for body in fields]
    mailboxes = tuple(mailbox for addresses in read for mailbox in addresses.mailboxes)
    found: list[Defect] = []
    if not fields:
        found.append(Defect.FROM_MISSING)
    elif len(fields) > 1:
        found.append(Defect.FROM_REPEATED)
    if len(mailboxes) != 1:
        found.append(Defect.FROM_NOT_SINGLE)
    if not all(addresses.is_clean for addresses in read):
        found.append(Defect.FROM_MALFORMED)
    defects += found
    hidden = any(len(body) >= FIELD_BYTES_MAX for body in fields)
    doubtful = hidden or not _DOUBTFUL.isdisjoint((*header.defects, *defects))
    return Addresses(mailboxes, not found and not doubtful)


def _mailboxes(header: Header, name: str, hint: str) -> tuple[Mailbox, ...]:
    return tuple(
        mailbox for body in header.every(name) for mailbox in read_addresses(body, hint).mailboxes
    )


def _message_ids(body: bytes, hint: str) -> tuple[str, ...]:
    """The ids of an identification field (RFC 5322 section 3.6.4), without angle brackets."""
    text = decoded(body, hint)
    found = [("".join(each.split()))[:MESSAGE_ID_MAX] for each in _MESSAGE_ID.findall(text)]
    if not found and text:
        found = [word.strip("<>")[:MESSAGE_ID_MAX] for word in text.split() if "@" in word]
        if not found and " " not in text:
            found = [text.strip("<>")[:MESSAGE_ID_MAX]]
    return tuple(each for each in found if each)


def _every_id(header: Header, name: str, hint: str) -> tuple[str, ...]:
    ids = [each for body in header.every(name) for each in _message_ids(body, hint)]
    if len(ids) > REFERENCE_COUNT_MAX:
        # The root and the latest are what threads hang on.
        ids = [ids[0], *ids[1 - REFERENCE_COUNT_MAX :]]
    return tuple(dict.fromkeys(ids))


def _went_through(header: Header, hint: str) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            mailbox.address
            for name in _WENT_THROUGH
            for body in header.every(name)
            for mailbox in read_addresses(body, hint).mailboxes
            if mailbox.address
        )
    )


def _date(header: Header, defects: list[Defect]) -> datetime | None:
    body = header.first("date")[:200]
    if not body:
        return None
    try:
        parsed = parsedate_to_datetime(as_text(body))
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError, AttributeError):
        defects.append(Defect.DATE_MALFORMED)
        return None


def _trace(header: Header) -> tuple[TraceField, ...]:
    # Not decoded: an encoded-word in what a server copied must not become syntax of its verdict.
    return tuple(
        TraceField(name, clean_line(as_text(body)))
        for name, body in header.fields
        if name in _TRACE
    )


def _digest(raw: bytes, header: Header) -> str:
    """SHA-256 over what no server on the way touches: fields of the writer and the body."""
    seen = hashlib.sha256()
    for name in _DIGESTED:
        for body in header.every(name):
            seen.update(name.encode("ascii") + b":" + b" ".join(body.split()) + b"\n")
    seen.update(b"\n")
    end = _end_without_blank_lines(raw, header.body_at)
    for start in range(header.body_at, end, _CHUNK):
        chunk = raw[start : min(start + _CHUNK, end)]
        if chunk.endswith(b"\r") and raw.startswith(b"\n", start + _CHUNK):
            chunk = chunk[:-1]
        seen.update(chunk.replace(b"\r\n", b"\n"))
    return seen.hexdigest()


def _end_without_blank_lines(raw: bytes, start: int) -> int:
    """The end of `raw[start:]` before its last line ends, found without copying a large mail."""
    end = len(raw)
    while end > start:
        tail = raw[max(start, end - _CHUNK) : end]
        kept = len(tail.rstrip(b"\r\n"))
        if kept:
            return end - len(tail) + kept
        end -= len(tail)
    return start
