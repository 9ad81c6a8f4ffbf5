"""Read what an IMAP server says (RFC 3501 section 7), and write what it is given as arguments.

Lines are those of aioimaplib: bytes without their line end, literals as bytearray in between, the
text of the tagged reply last. Servers mix in what nobody asked for, so mails are paired by UID and
everything else is passed over.
"""

import base64
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from typing import Final

Line = bytes | bytearray

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")

_FETCH: Final = re.compile(rb"\d+ FETCH \(", re.IGNORECASE)
_UID: Final = re.compile(rb"[( ]UID (\d+)", re.IGNORECASE)
_SIZE: Final = re.compile(rb"[( ]RFC822\.SIZE (\d+)", re.IGNORECASE)
_DATE: Final = re.compile(
    rb'INTERNALDATE " ?(\d{1,2})-(\w{3})-(\d{4}) (\d\d):(\d\d):(\d\d) ([+-]\d\d)(\d\d)"',
    re.IGNORECASE,
)
_QUOTED_BODY: Final = re.compile(rb'BODY\[\](?:<\d+>)? "((?:[^"\\]|\\.)*)"', re.IGNORECASE)
_QUOTED: Final = re.compile(rb'"(?:[^"\\]|\\.)*"')
_BODY_FOLLOWS: Final = re.compile(rb"BODY\[\](?:<\d+>)? ~?\{\d+\+?\}$", re.IGNORECASE)
_CODE: Final = re.compile(rb"\[([A-Za-z0-9.-]+)[ \]]")
_UIDVALIDITY: Final = re.compile(rb"\[UIDVALIDITY (\d+)\]", re.IGNORECASE)
_EXISTS: Final = re.compile(rb"(\d+) EXISTS", re.IGNORECASE)
_PERMANENT: Final = re.compile(rb"\[PERMANENTFLAGS \(([^)]*)\)\]", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fetched:
    """What one FETCH reply told of a mail; what was not asked for is `None`."""

    uid: int
    size: int | None = None
    received_at: datetime | None = None
    """When the own mail server received it (INTERNALDATE), in UTC."""
    body: Line | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """What selecting a folder told."""

    uidvalidity: int = 0
    """UIDs mean the same mails as long as this stays (RFC 3501 section 2.3.1.1)."""
    mails: int = 0
    writable: bool = True
    flags: frozenset[str] | None = None
    """Flags that stay, in lower case; `None` where the server did not say, so all of them."""

    def keeps(self, flag: str) -> bool:
        """Whether a flag that is set here stays set."""
        if not self.writable:
            return False
        if self.flags is None or flag.lower() in self.flags:
            return True
        return not flag.startswith("\\") and "\\*" in self.flags


def read_fetch(lines: Sequence[Line]) -> Iterator[Fetched]:
    """The mails of a FETCH reply, in the order of the server; other lines are passed over."""
    position = 0
    while position < len(lines):
        line = lines[position]
        position += 1
        if isinstance(line, bytearray) or not _FETCH.match(line):
            continue
        head, body = bytes(line), None
        # A line that ends in {n} goes on after its literal: all of it is one reply.
        while position + 1 < len(lines) and isinstance(lines[position], bytearray):
            if _BODY_FOLLOWS.search(head):
                body = lines[position]
            head += b" " + bytes(lines[position + 1])
            position += 2
        # A quoted body is a stranger's text: what looks like a UID in it is none.
        bare = _QUOTED.sub(b'""', head) if b'"' in head else head
        if (found := _UID.search(bare)) is not None:
            yield Fetched(
                uid=int(found[1]),
                size=_number(_SIZE.search(bare)),
                received_at=_instant(head),
                body=body if body is not None else _quoted_body(head),
            )


def read_search(lines: Sequence[Line]) -> list[int]:
    """The numbers of a SEARCH reply, ascending; the last line is the tagged one and no part."""
    found: list[int] = []
    for line in lines[:-1]:
        found += [int(word) for word in line.split() if word.isdigit()]
    return sorted(found)


def read_select(lines: Sequence[Line]) -> Selected:
    """What the replies to SELECT say (RFC 3501 section 6.3.1)."""
    text = b"\n".join(bytes(line) for line in lines)
    flags = _PERMANENT.search(text)
    mails = [int(found[1]) for line in lines if (found := _EXISTS.fullmatch(line))]
    return Selected(
        uidvalidity=_number(_UIDVALIDITY.search(text)) or 0,
        mails=mails[-1] if mails else 0,
        writable=b"[READ-ONLY]" not in text.upper(),
        flags=frozenset(flags[1].decode("ascii", "replace").lower().split()) if flags else None,
    )


def response_code(text: Line) -> str:
    """The response code at the beginning of a status text (RFC 5530), in upper case, or empty."""
    found = _CODE.match(text)
    return found[1].decode("ascii").upper() if found else ""


def folder_argument(name: str) -> str:
    """A folder name as a quoted string in modified UTF-7 (RFC 3501 sections 5.1.3 and 9).

    Raises `ValueError` for a name with control characters: they could end the command (A79).
    """
    if any(ord(char) < 0x20 or ord(char) == 0x7F for char in name):
        raise ValueError("the name of a folder has no control characters")
    coded = "".join(_coded(run) for run in re.findall(r"[ -~]+|[^ -~]+", name))
    escaped = coded.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def uid_set(uids: Sequence[int]) -> str:
    """Ascending UIDs as a sequence set, with ranges where they follow each other."""
    runs: list[list[int]] = []
    for uid in uids:
        if runs and uid == runs[-1][1] + 1:
            runs[-1][1] = uid
        else:
            runs.append([uid, uid])
    return ",".join(str(a) if a == b else f"{a}:{b}" for a, b in runs)


def _coded(run: str) -> str:
    if run.isascii():
        return run.replace("&", "&-")
    octets = base64.b64encode(run.encode("utf-16-be")).rstrip(b"=").replace(b"/", b",")
    return f"&{octets.decode('ascii')}-"


def _number(found: re.Match[bytes] | None) -> int | None:
    return int(found[1]) if found else None


def _instant(head: bytes) -> datetime | None:
    found = _DATE.search(head)
    if found is None:
        return None
    day, month, *rest = (group.decode("ascii") for group in found.groups())
    year, hour, minute, second, east, more = (int(one) for one in rest)
    offset = timedelta(hours=abs(east), minutes=more)
    zone = timezone(-offset if rest[4].startswith("-") else offset)
    try:
        number = MONTHS.index(month.lower()) + 1
        return datetime(year, number, int(day), hour, minute, second, tzinfo=zone).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _quoted_body(head: bytes) -> bytes | None:
    """Short bodies may come as a quoted string (RFC 3501 section 4.3)."""
    found = _QUOTED_BODY.search(head)
    return re.sub(rb"\\(.)", rb"\1", found[1]) if found else None
