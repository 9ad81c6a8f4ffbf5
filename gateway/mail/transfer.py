"""Undo content-transfer-encodings, tolerantly: what can be read is read, the rest is reported.

Sources: RFC 2045 section 6, RFC 1848 (binary), the uuencode format of IEEE Std 1003.1.
"""

import binascii
import re
from typing import Final, NamedTuple

from gateway.mail.defect import Defect
from gateway.mail.header import lenient_base64

_BASE64_SPACE: Final = b" \t\r\n"
_BASE64_ALPHABET: Final = re.compile(rb"[A-Za-z0-9+/]*={0,2}")
_BASE64_PIECES: Final = re.compile(rb"[A-Za-z0-9+/=]*")
_WORDS: Final = re.compile(rb"[A-Za-z0-9+/]{2}[ \t]+[A-Za-z0-9+/]{2}")
_PROSE: Final = re.compile(rb"\s{0,100}(?:[^\s=]{1,20}[ \t]{1,9}){4}[^\s=]{1,20}")
"""Five words in a row: no encoder puts spaces between its characters."""
_UU_BEGIN: Final = re.compile(rb"^begin(?:-base64)? ([0-7]{3,4}) (.{1,250}?)\r?$", re.MULTILINE)
_UU_END: Final = re.compile(rb"^end[ \t]*\r?$", re.MULTILINE)
_IDENTITY: Final = frozenset(
    {"", "7bit", "8bit", "binary", "7-bit", "8-bit", "none", "raw", "7bits"}
)
_UUENCODE: Final = frozenset({"x-uuencode", "uuencode", "x-uue", "uue"})


class Transferred(NamedTuple):
    """Decoded bytes, and what was wrong with the encoding."""

    data: bytes
    defect: Defect | None = None


def undo_transfer(data: bytes, encoding: str) -> Transferred:
    """The bytes behind a content-transfer-encoding (its name in lower case)."""
    encoding = encoding.partition("(")[0].strip("\"' .;:")
    if encoding in _IDENTITY:
        return Transferred(data)
    if encoding == "base64":
        return _undo_base64(data)
    if encoding in ("quoted-printable", "quotedprintable", "quoted-printble", "qp"):
        return Transferred(_undo_quoted_printable(data))
    if encoding in _UUENCODE:
        found = find_uuencoded(data)
        return Transferred(found[0].data) if found else Transferred(data, Defect.ENCODING_UNKNOWN)
    return Transferred(data, Defect.ENCODING_UNKNOWN)


def _undo_base64(data: bytes) -> Transferred:
    packed = data.translate(None, _BASE64_SPACE)
    if _PROSE.match(data):
        # A label that some filter left on a text it had decoded.
        return Transferred(data, Defect.BASE64_BROKEN)
    if len(packed) % 4 == 0 and _BASE64_ALPHABET.fullmatch(packed):
        return Transferred(binascii.a2b_base64(packed))
    # Text after the padding is a list's footer, not base64; padding in the middle is two bodies.
    head, _, rest = data.partition(b"=")
    tail = rest.translate(None, _BASE64_SPACE).strip(b"=")
    if tail and not _BASE64_PIECES.fullmatch(tail):
        return Transferred(lenient_base64(head), Defect.BASE64_BROKEN)
    if tail and _WORDS.search(rest):
        return Transferred(lenient_base64(head), Defect.BASE64_BROKEN)
    pieces = [head, *filter(None, tail.split(b"="))]
    return Transferred(b"".join(map(lenient_base64, pieces)), Defect.BASE64_BROKEN)


def _undo_quoted_printable(data: bytes) -> bytes:
    return binascii.a2b_qp(data)


class Uuencoded(NamedTuple):
    """A uuencoded file found in text: where it stands, its name, its bytes."""

    start: int
    end: int
    name: str
    data: bytes


def find_uuencoded(data: bytes, count_max: int = 50) -> list[Uuencoded]:
    """Every complete uuencoded file in `data`, in order."""
    found: list[Uuencoded] = []
    at = 0
    while len(found) < count_max:
        begin = _UU_BEGIN.search(data, at)
        end = _UU_END.search(data, begin.end()) if begin else None
        if begin is None or end is None:
            break
        at = end.end()
        content = _undo_uu_lines(data[begin.end() : end.start()])
        if content is not None:
            name = begin[2].decode("utf_8", "replace")
            found.append(Uuencoded(begin.start(), end.end(), name, content))
    return found


def _undo_uu_lines(block: bytes) -> bytes | None:
    """Bytes of the lines between `begin` and `end`; `None` for what is no uuencode."""
    out = bytearray()
    for line in block.split(b"\n"):
        line = line.rstrip(b"\r")  # noqa: PLW2901 - the line without its end is the line
        if not line:
            continue
        try:
            out += binascii.a2b_uu(line)
        except binascii.Error:
            # Some encoders count the characters of the last line wrongly (as the library's does).
            try:
                out += binascii.a2b_uu(line[: (((line[0] - 32) & 63) * 4 + 5) // 3])
            except binascii.Error:
                return None
    return bytes(out)
