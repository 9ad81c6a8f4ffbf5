"""Message data as it comes over the wire: collected in bulk, ended by CRLF.CRLF only, then checked.

Checks look at octets and parse nothing: line ends (attacks A10, A40), the size of the header block
and of its fields (A56, A57), and the number of servers the mail has passed (RFC 5321 section 6.3).
"""

import re
from typing import Final, NamedTuple

from gateway.mail.limits import FIELD_BYTES_MAX, FIELD_COUNT_MAX, HEADER_BYTES_MAX
from gateway.wire import smtp_reply

END_OF_DATA: Final = b"\r\n.\r\n"
LAST_LINE: Final = b".\r\n"
HOPS_MAX: Final = 50
COPIED_MAX: Final = 1024 * 1024
"""Octets up to which a check may make copies of a mail."""

_FOLD: Final = re.compile(rb"\r\n(?=[ \t])")
_FIELD: Final = re.compile(rb"[!-9;-~]+[ \t]*:[^\r\n]*\r\n(?:[ \t][^\r\n]*\r\n)*")


class Content:
    """The data of one mail, while it arrives in pieces."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._pieces: list[bytes] = []
        # The CRLF of the DATA command: an empty mail ends like any other.
        self._tail = b"\r\n"
        self.size = 0
        """Octets so far, dots included."""
        self.is_whole = False

    @property
    def is_too_large(self) -> bool:
        """Whether the limit is passed; dots and the end mark count for nothing."""
        return self.size > self._limit + len(END_OF_DATA)

    def feed(self, data: bytes) -> bytes:
        """Take a piece; what stands behind the end mark comes back."""
        seen = self._tail + data
        end = seen.find(END_OF_DATA)
        if end < 0:
            self._pieces.append(data)
            self._tail = seen[1 - len(END_OF_DATA) :]
            self.size += len(data)
            return b""
        self.is_whole = True
        taken = end + len(END_OF_DATA) - len(self._tail)
        self.size += taken
        self._pieces.append(data[:taken])
        return data[taken:]

    def take(self) -> bytes:
        """The mail: without the end mark, dots unstuffed (RFC 5321 section 4.5.2)."""
        pieces, self._pieces = self._pieces, []
        excess = len(LAST_LINE)
        while excess:
            last = pieces.pop()
            if len(last) > excess:
                pieces.append(last[:-excess])
            excess = max(0, excess - len(last))
        data = pieces[0] if len(pieces) == 1 else b"".join(pieces)
        # A large mail would be held twice, once in pieces.
        pieces.clear()
        if data.startswith(b"."):
            data = data[1:]
        return data.replace(b"\r\n.", b"\r\n") if b"\r\n." in data else data


class Fault(NamedTuple):
    """Why a mail is refused: the event of the diary, and the reply."""

    event: str
    reply: str


STRAY_LINE_END: Final = Fault("stray_cr_lf", "550 5.5.2 Bare CR or LF in the message")
HEADER_TOO_LARGE: Final = Fault("header_limit", "554 5.6.0 Message header too large")
TOO_MANY_HOPS: Final = Fault("hop_limit", "554 5.4.6 Too many hops")
TOO_LARGE: Final = Fault("too_large", smtp_reply.TOO_LARGE)
NO_ROOM_NOW: Final = Fault("overrun", smtp_reply.NO_ROOM)


def find_fault(content: bytes) -> Fault | None:
    """What is wrong with the octets of a mail, if anything is."""
    if not has_only_crlf(content):
        return STRAY_LINE_END
    end = _header_end(content)
    header = content[:end]
    if end > HEADER_BYTES_MAX or _has_too_much(header):
        return HEADER_TOO_LARGE
    if (b"\r\n" + header.lower()).count(b"\r\nreceived:") > HOPS_MAX:
        return TOO_MANY_HOPS
    return None


def has_only_crlf(content: bytes) -> bool:
    """Whether every CR and every LF is part of a CRLF (RFC 5321 section 2.3.8)."""
    if len(content) < COPIED_MAX:
        # Four times as fast as counting, for two copies.
        return content == content.replace(b"\r", b"").replace(b"\n", b"\r\n")
    pairs = content.count(b"\r\n")
    return content.count(b"\r") == pairs and content.count(b"\n") == pairs


def _header_end(content: bytes) -> int:
    """Where the header block ends: at the empty line, or where it stops to look like one."""
    if not _FIELD.match(content):
        return 0
    end = content.find(b"\r\n\r\n", 0, HEADER_BYTES_MAX + 4)
    if end >= 0:
        return end + 2
    at = 0
    while at <= HEADER_BYTES_MAX and (field := _FIELD.match(content, at)):
        at = field.end()
    return at


def _has_too_much(header: bytes) -> bool:
    """More fields, or a longer one, than anybody will look into."""
    if len(header) <= FIELD_BYTES_MAX and header.count(b"\r\n") <= FIELD_COUNT_MAX:
        return False
    fields = _FOLD.sub(b"  ", header).split(b"\r\n")
    return len(fields) - 1 > FIELD_COUNT_MAX or max(map(len, fields)) > FIELD_BYTES_MAX
