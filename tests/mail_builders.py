"""Smallest mails for the tests of `gateway.mail`; keyword overrides keep noise out of them."""

from datetime import UTC, datetime

from gateway.mail.message import Envelope, Mail
from gateway.mail.parse import read_mail

RECEIVED_AT = datetime(2026, 7, 8, 12, 0, tzinfo=UTC)


def an_envelope(reverse_path: str | None = None) -> Envelope:
    return Envelope(queue_id="q1", received_at=RECEIVED_AT, reverse_path=reverse_path)


def raw_mail(body: str | bytes = "Hello", **fields: str) -> bytes:
    """A mail with CRLF line ends; fields by name with `_` for `-`, an empty value removes one."""
    header = {
        "From": "Ann Miller <ann@customer.example>",
        "To": "support@desk.example",
        "Subject": "Shop is down",
        "Message-ID": "<m1@customer.example>",
        "Date": "Wed, 08 Jul 2026 12:00:00 +0000",
        "Content-Type": "text/plain; charset=utf-8",
    }
    for name, value in fields.items():
        header[name.replace("_", "-")] = value
    lines = [f"{name}: {value}" for name, value in header.items() if value]
    if isinstance(body, str):
        body = body.replace("\n", "\r\n").encode()
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def read(raw: bytes, reverse_path: str | None = None) -> Mail:
    return read_mail(raw, an_envelope(reverse_path))


def multipart(*parts: tuple[str, str], kind: str = "mixed", boundary: str = "b1") -> str:
    """The body of a multipart; each part is (header fields, content)."""
    pieces = [f"--{boundary}\n{header}\n\n{content}\n" for header, content in parts]
    return "".join(pieces) + f"--{boundary}--\n"
