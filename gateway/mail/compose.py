"""Write a mail: values to the final bytes, CRLF line ends, nothing left for the wire to change.

Every header value is made of clean text here (foreign headers are never copied, attack A63), lines
stay below 998 octets and encoded-words below 76 (RFC 5322 section 2.1.1, RFC 2047 section 2). The
standard library writes long msg-ids as encoded-words and takes ten times as long.
"""

import base64
import binascii
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from hashlib import sha256
from typing import Final
from urllib.parse import quote

LINE_MAX: Final = 78
PLAIN_LINE_MAX: Final = 990
WORD_OCTETS: Final = 45
"""Octets in one encoded-word: 60 characters of base64 and 12 of frame."""

REFERRED_MAX: Final = 50
"""Where less than one octet in so many is beyond ASCII, HTML has character references instead."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\u2028\u2029\ud800-\udfff]+")
_ATOMS: Final = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~. -]+")
_ASCII: Final = bytes(range(128))
_TOKEN: Final = re.compile(r"[A-Za-z0-9._ -]+")
_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Enclosure:
    """A file that travels with a mail."""

    filename: str
    content_type: str
    content: bytes
    content_id: str = ""
    """Shown inside the HTML part under this name, where set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """A mail before it is bytes."""

    sender: tuple[str, str]
    """Display name and address of From."""
    to: str
    subject: str
    date: datetime
    message_id: str
    text: str
    html: str = ""
    reply_to: str = ""
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    fields: tuple[tuple[str, str], ...] = ()
    """Further fields, plain text."""
    enclosures: tuple[Enclosure, ...] = ()


def compose(draft: Draft) -> bytes:
    """The bytes of a mail (RFC 5322, RFC 2045 to 2047)."""
    boundary = sha256(draft.message_id.encode()).hexdigest()[:24]
    lines = [
        _field("From", mailbox(*draft.sender)),
        _field("To", mailbox("", draft.to)),
        _field("Subject", unstructured(draft.subject)),
        _field("Date", format_datetime(draft.date)),
        _field("Message-ID", f"<{draft.message_id}>"),
    ]
    if draft.reply_to:
        lines.append(_field("Reply-To", mailbox("", draft.reply_to)))
    if draft.in_reply_to:
        lines.append(_field("In-Reply-To", f"<{draft.in_reply_to}>"))
    if draft.references:
        ids = (f"<{one}>" for one in draft.references)
        lines.append("References: " + "\r\n ".join(ids))
    lines.extend(_field(name, unstructured(value)) for name, value in draft.fields)
    lines.append("MIME-Version: 1.0")
    head = "\r\n".join(lines).encode("utf-8")
    return head + b"\r\n" + _body(draft, boundary)


def _body(draft: Draft, boundary: str) -> bytes:
    shown = [one for one in draft.enclosures if one.content_id and draft.html]
    files = [one for one in draft.enclosures if one not in shown]
    part = _text_part("plain", draft.text)
    if draft.html:
        html = _text_part("html", draft.html)
        if shown:
            html = _multipart("related", boundary + "r", [html, *map(_file_part, shown)])
        part = _multipart("alternative", boundary + "a", [part, html])
    if files:
        part = _multipart("mixed", boundary + "m", [part, *map(_file_part, files)])
    return part


def _multipart(kind: str, boundary: str, parts: list[bytes]) -> bytes:
    head = f'Content-Type: multipart/{kind}; boundary="{boundary}"\r\n\r\n'.encode()
    mark = f"--{boundary}".encode()
    return head + b"".join(mark + b"\r\n" + part + b"\r\n" for part in parts) + mark + b"--\r\n"


def _text_part(kind: str, text: str) -> bytes:
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    text = text if text.endswith("\n") else text + "\n"
    data = text.encode("utf-8", "replace")
    plain = _is_plain(data)
    if kind == "html" and not plain and _beyond_ascii(data) * REFERRED_MAX < len(data):
        # For a dot or two quoted-printable takes as long as all else here together.
        referred = text.encode("ascii", "xmlcharrefreplace")
        if plain := _is_plain(referred):
            data = referred
    charset = "us-ascii" if data.isascii() else "utf-8"
    if plain:
        encoding, content = "7bit", data.replace(b"\n", b"\r\n")
    elif _beyond_ascii(data) * 6 > len(data):
        encoding, content = "base64", _base64(data)
    else:
        encoding = "quoted-printable"
        content = binascii.b2a_qp(data, istext=True).replace(b"\n", b"\r\n")
    head = f"Content-Type: text/{kind}; charset={charset}\r\nContent-Transfer-Encoding: {encoding}"
    return head.encode() + b"\r\n\r\n" + content


def _beyond_ascii(data: bytes) -> int:
    """How many octets are not ASCII."""
    return len(data.translate(None, _ASCII))


def _is_plain(data: bytes) -> bool:
    """Whether it may travel as it is (RFC 5322 section 2.1.1)."""
    return data.isascii() and max(map(len, data.split(b"\n"))) <= PLAIN_LINE_MAX


def _file_part(file: Enclosure) -> bytes:
    kind = file.content_type.lower()
    kind = kind if _TYPE.fullmatch(kind) else "application/octet-stream"
    if kind.startswith(("message/", "multipart/")):
        # These may not be encoded (RFC 2046 section 5.2.1); as a file they stay as they came.
        kind = "application/octet-stream"
    place = "inline" if file.content_id else "attachment"
    head = [
        f"Content-Type: {kind}" + _parameter("name", file.filename),
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: {place}" + _parameter("filename", file.filename),
    ]
    if file.content_id:
        head.append(f"Content-ID: <{file.content_id}>")
    return "\r\n".join(head).encode() + b"\r\n\r\n" + _base64(file.content)


def _parameter(name: str, value: str) -> str:
    """A parameter, percent-encoded where it is more than a plain word (RFC 2231)."""
    if not value:
        return ""
    if _TOKEN.fullmatch(value) and len(value) < LINE_MAX:
        return f'; {name}="{value}"'
    return f";\r\n {name}*=UTF-8''{quote(value, safe='')}"


def _base64(data: bytes) -> bytes:
    return base64.encodebytes(data).replace(b"\n", b"\r\n")


def clean(value: str) -> str:
    """A header value on one line: control characters and lone surrogates become spaces."""
    text = value if value.isprintable() else _CONTROL.sub(" ", value)
    return " ".join(text.split())


def mailbox(name: str, address: str) -> str:
    """A mailbox as it is written in a header (RFC 5322 section 3.4)."""
    address, name = clean(address), clean(name)
    if not name:
        return address
    if not name.isascii():
        return f"{encoded_words(name)} <{address}>"
    if _ATOMS.fullmatch(name) and "." not in name:
        return f"{name} <{address}>"
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}" <{address}>'


def unstructured(value: str) -> str:
    """Free header text, as encoded-words where it is not ASCII or looks like one."""
    text = clean(value)
    if text.isascii() and "=?" not in text and _is_foldable(text):
        return text
    return encoded_words(text)


def _is_foldable(text: str) -> bool:
    """Whether no word is as long as a line."""
    return len(text) < LINE_MAX or max(map(len, text.split())) < LINE_MAX


def encoded_words(text: str) -> str:
    """Text as encoded-words that never split a character (RFC 2047 section 5)."""
    return " ".join(f"=?utf-8?b?{base64.b64encode(chunk).decode()}?=" for chunk in _chunks(text))


def _chunks(text: str) -> Iterable[bytes]:
    chunk = b""
    for char in text:
        octets = char.encode("utf-8", "replace")
        if len(chunk) + len(octets) > WORD_OCTETS:
            yield chunk
            chunk = b""
        chunk += octets
    yield chunk


def _field(name: str, value: str) -> str:
    """A field folded at spaces, no line longer than 78 where a space allows it."""
    if len(name) + 2 + len(value) <= LINE_MAX:
        return f"{name}: {value}"
    lines, line = [], f"{name}:"
    for word in value.split(" "):
        if len(line) + 1 + len(word) > LINE_MAX and line.strip() != f"{name}:":
            lines.append(line)
            line = " " + word
        else:
            line += " " + word
    lines.append(line)
    return "\r\n".join(lines)
