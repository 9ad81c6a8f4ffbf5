"""Find the fields of a header block and read their text.

Rules for this file:
1. A CR or LF that does not belong to a line end never begins a new field: it becomes a space and a
   defect (A10). What ends a line is decided by the first line, which a server on the way wrote.
2. Limits are applied before anything is split or decoded; every step is linear.
3. Nothing raises: a field that cannot be read is shown as it stands.

Sources: RFC 5322 section 2.2, RFC 2047, RFC 2231 section 5 (language in an encoded-word).
"""

import binascii
import re
from typing import Final, NamedTuple

from gateway.mail.charset import codec_of, decode, decode_unlabelled
from gateway.mail.clean import clean_line
from gateway.mail.defect import Defect
from gateway.mail.limits import FIELD_BYTES_MAX, FIELD_COUNT_MAX, HEADER_BYTES_MAX

_FIELD: Final = re.compile(rb"([!-9;-~]{1,200})[ \t]*:", re.DOTALL)
_BLANK_LINE: Final = re.compile(rb"\n\r?\n")
_STRAY: Final = re.compile(rb"[\r\n\x0b\x0c\x1c-\x1e]+")
_WELL_KNOWN: Final = re.compile(
    rb"(?im)^(?:from|to|cc|subject|date|message-id|mime-version|content-type|received|reply-to"
    rb"|content-transfer-encoding|in-reply-to|references|x-[a-z-]+):"
)
_OF_PARTS: Final = re.compile(rb"(?i)content-(?:type|transfer-encoding|disposition|id):")
_ENCODED_WORD: Final = re.compile(
    r"=\?([A-Za-z0-9_.:+*@()-]{1,60})\?([bBqQ])\?([^?]*(?:\?(?!=)[^?]*){0,20})\?="
)
_Q_ESCAPE: Final = re.compile(rb"=([0-9A-Fa-f]{2})")
_NOT_BASE64: Final = re.compile(rb"[^A-Za-z0-9+/]+")


class Field(NamedTuple):
    """One header field: `name` in lower case, `body` unfolded bytes without line ends."""

    name: str
    body: bytes


class Header:
    """The fields of one header block, first to last, with what was wrong in it."""

    __slots__ = ("_by_name", "body_at", "defects", "fields")

    def __init__(
        self, fields: tuple[Field, ...], body_at: int, defects: tuple[Defect, ...] = ()
    ) -> None:
        self.fields = fields
        self.body_at = body_at
        self.defects = defects
        self._by_name: dict[str, list[bytes]] = {}
        for name, body in fields:
            self._by_name.setdefault(name, []).append(body)

    def first(self, name: str) -> bytes:
        """Body of the first field of that (lower case) name; empty where there is none."""
        bodies = self._by_name.get(name)
        return bodies[0] if bodies else b""

    def every(self, name: str) -> list[bytes]:
        """Bodies of all fields of that (lower case) name, first to last."""
        return self._by_name.get(name, [])

    def __contains__(self, name: str) -> bool:
        return name in self._by_name

    def text(self, name: str, hint: str = "") -> str:
        """Decoded text of the first field of that name, one clean line."""
        body = self.first(name)
        return decoded(body, hint) if body else ""


EMPTY_HEADER: Final = Header((), 0)


def read_header(raw: bytes, start: int, end: int, *, of_part: bool = False) -> Header:
    """Fields of the block that begins at `start`; `body_at` is where the body begins.

    `of_part`: a blank line ends the header of a part that has none (RFC 2046 section 5.1), and
    what stands behind it is its text, however much it looks like a mail's header.
    """
    start = _skip_leading(raw, start, end, _OF_PARTS if of_part else _WELL_KNOWN)
    first_lf = raw.find(b"\n", start, end)
    if first_lf > start and raw[first_lf - 1 : first_lf] == b"\r":
        header = _read_block(raw, start, end, strict=True)
        if header.fields and ("from" in header or not header.defects):
            return header
    return _read_block(raw, start, end, strict=False)


def _skip_leading(raw: bytes, start: int, end: int, known: re.Pattern[bytes]) -> int:
    """Where the first field begins: after a byte order mark, empty lines and mbox's From_ line."""
    if raw.startswith(b"\xef\xbb\xbf", start):
        start += 3
    at = start
    while at < end and raw[at] in b"\r\n":
        at += 1
    if at > start and not known.match(raw, at, end):
        return start
    for mark in (b"From ", b">From "):
        if raw.startswith(mark, at):
            lf = raw.find(b"\n", at, end)
            return end if lf < 0 else lf + 1
    return at


def _read_block(raw: bytes, start: int, end: int, *, strict: bool) -> Header:
    """Fields of one block; `strict` ends lines at CRLF only, else at LF with any CR before it."""
    defects: list[Defect] = []
    block_end, body_at = _find_end(raw, start, end, strict=strict)
    if block_end - start > HEADER_BYTES_MAX:
        block_end = start + HEADER_BYTES_MAX
        defects.append(Defect.LIMIT_HEADER_BYTES)
    eol = b"\r\n" if strict else b"\n"
    grown: list[tuple[str, list[bytes]]] = []
    known_until = -1
    at = start
    while at < block_end:
        stop = raw.find(eol, at, block_end)
        stop = block_end if stop < 0 else stop
        line = raw[at:stop] if strict else raw[at:stop].rstrip(b"\r")
        found = _FIELD.match(line)
        if line[:1] in (b" ", b"\t") and grown:
            grown[-1][1].append(line)
        elif found:
            if len(grown) == FIELD_COUNT_MAX:
                defects.append(Defect.LIMIT_FIELD_COUNT)
                break
            grown.append((found[1].decode("ascii").lower(), [line[found.end() :]]))
        elif line.strip():
            defects.append(Defect.NOT_A_FIELD)
            if known_until < 0:
                known_until = _last_known_field(raw, at, block_end)
            if at >= known_until:
                body_at = at
                break
        at = stop + len(eol)
    fields = tuple(Field(name, _join(lines, defects)) for name, lines in grown)
    return Header(fields, min(body_at, end), tuple(dict.fromkeys(defects)))


def _find_end(raw: bytes, start: int, end: int, *, strict: bool) -> tuple[int, int]:
    """Where the block ends, and where the body after it begins."""
    if strict:
        blank = raw.find(b"\r\n\r\n", start, end)
        if raw.startswith(b"\r\n", start):
            return start, start + 2
        return (end, end) if blank < 0 else (blank, blank + 4)
    if raw.startswith((b"\n", b"\r\n"), start):
        return start, raw.index(b"\n", start) + 1
    found = _BLANK_LINE.search(raw, start, end)
    return (end, end) if found is None else (found.start(), found.end())


def _last_known_field(raw: bytes, start: int, end: int) -> int:
    """Where the last well-known field begins: junk above it is junk, not the body."""
    last = 0
    for found in _WELL_KNOWN.finditer(raw, start, end):
        last = found.start()
    return last


def _join(lines: list[bytes], defects: list[Defect]) -> bytes:
    """A field body, unfolded and cut to its limit, without anything that could end a line."""
    size = 0
    for count, line in enumerate(lines):
        size += len(line)
        if size > FIELD_BYTES_MAX:
            defects.append(Defect.LIMIT_FIELD_BYTES)
            del lines[count + 1 :]
            break
    body = b"".join(lines)
    # Not stripped where it was cut: its length tells that something is missing.
    body = body[:FIELD_BYTES_MAX] if len(body) > FIELD_BYTES_MAX else body.strip(b" \t")
    if _STRAY.search(body):
        defects.append(Defect.STRAY_CR_LF)
        body = _STRAY.sub(b" ", body)
    return body


def decoded(body: bytes, hint: str = "") -> str:
    """Unstructured text of a field body (RFC 2047), one clean line."""
    return clean_line(decode_words(as_text(body, hint)))


def as_text(body: bytes, hint: str = "") -> str:
    """A field body as text with its encoded-words still encoded; 8-bit bytes are guessed."""
    if body.isascii() and b"\x1b" not in body:
        return body.decode("ascii")
    return decode_unlabelled(body, hint)


def decode_words(text: str) -> str:
    """Replace encoded-words by what they say, wherever they stand (RFC 2047, tolerant).

    Neighbours of one charset are joined before decoding, because many writers cut within a
    character; white space between neighbours is not text.
    """
    if "=?" not in text:
        return text
    out: list[str] = []
    run = bytearray()
    run_charset = ""
    at = 0
    for found in _ENCODED_WORD.finditer(text):
        between = text[at : found.start()]
        charset = found[1].partition("*")[0].lower()
        if (between and not between.isspace()) or charset != run_charset or not run:
            if run:
                out.append(decode(bytes(run), run_charset).text)
                run.clear()
            if not between.isspace() or at == 0:
                out.append(between)
            run_charset = charset
        run += _word_bytes(found[2], found[3], charset)
        at = found.end()
    if run:
        out.append(decode(bytes(run), run_charset).text)
    out.append(text[at:])
    return "".join(out)


def _word_bytes(encoding: str, payload: str, charset: str) -> bytes:
    """The bytes of one encoded-word; raw characters that should have been encoded are, now."""
    if payload.isascii():
        data = payload.encode("ascii")
    else:
        data = payload.encode(codec_of(charset) or "utf_8", "replace")
    if encoding in "qQ":
        return _Q_ESCAPE.sub(lambda m: bytes((int(m[1], 16),)), data.replace(b"_", b" "))
    return lenient_base64(data)


def lenient_base64(data: bytes) -> bytes:
    """Decode base64 with noise, wrong padding or a missing end; never raises."""
    data = _NOT_BASE64.sub(b"", data)
    spare = len(data) % 4
    data = data[:-1] if spare == 1 else data + b"=" * (-len(data) % 4)
    return binascii.a2b_base64(data)
