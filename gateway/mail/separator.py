"""Recognise the lines with which clients set an old mail off from a new one.

`-----Original Message-----`, blocks of `From: … Sent: … Subject: …`, the line of underscores and
the headings of help desks, in the languages of `separator_word`; and our own
`##- Reply above this line -##`.
"""

import re
from typing import Final

from gateway.mail.clean import clean_line
from gateway.mail.separator_word import (
    FIELD_KINDS,
    FORWARD,
    FORWARD_STARTS,
    HISTORY,
    ORIGINAL,
    REPLY_STARTS,
    UNDASHED_FORWARD_STARTS,
)

REPLY_LINE: Final = "##- Reply above this line -##"
_REPLY_LINE: Final = re.compile(
    # Ours, and what other help desks write: one of them may stand between us and the customer.
    r"#{1,2}\s?-\s?reply above this line\s?-\s?#{1,2}"
    r"|^[>|\s]*[-#=*_\s~+]{0,80}(?:please )?(?:do not )?(?:type|write|enter|add)? ?(?:your )?"
    r"(?:reply|respond|replies|response|answer|comments?)(?: goes)? above this line\b",
    re.IGNORECASE,
)
_DASHES: Final = frozenset("-_=~*—–•‐‑‒―")
_AROUND: Final = " \t>*-_=~—–•‐‑‒―#:：\xa0"
_TITLE_CHARS_MAX: Final = 120
_NOTES: Final = re.compile(
    r"^\S.{1,80} ---\d{1,2}[./-]\d{1,2}[./-]\d{2,4} \d{1,2}[:.]\d{2}.{0,20}---"
)
_RULE: Final = re.compile(r"\s*[-_=~*—–‐―]{3,}\s*$")
_UNDERSCORES: Final = re.compile(r"\s*_{20,}\s*$")
_FIELD: Final = re.compile(
    r"[>\s]{0,12}[*_]{0,2}([^\s:：*_>][^:：*>]{0,24}?)\s?[*_]{0,2}\s?[:：]\**\s*(.*)$"
)
_DATE: Final = re.compile(r"\d{4}|\d{1,2}[:.h]\d{2}|\d{1,2}[./-]\d{1,2}|today|heute")
_ADDRESS: Final = re.compile(r"@[\w.-]{2,}")
_BLOCK_LINES_MAX: Final = 24


def has_reply_line(text: str) -> bool:
    """Whether a text holds a mark `… above this line` at all: one look instead of one per line."""
    return "above this line" in text.lower()


def is_reply_line(line: str) -> bool:
    """Whether a line is our own mark above the quoted part, mangled or not, or another desk's."""
    return len(line) < 300 and _REPLY_LINE.search(clean_line(line)) is not None


def is_original(line: str) -> bool:
    """`-----Original Message-----` and its translations; Lotus Notes' line of dashes."""
    if "---" in line and _NOTES.match(line):
        return True
    title = _title(line)
    return title in ORIGINAL or title.startswith(REPLY_STARTS)


def is_forward(line: str) -> bool:
    """`---------- Forwarded message ---------`, `Begin forwarded message:` and translations."""
    title = _title(line)
    if title in FORWARD or (title and title.startswith(FORWARD_STARTS)):
        return True
    if line.rstrip()[-1:] not in (":", "："):
        return False
    bare = line.strip(_AROUND).lower()
    return bare.startswith(UNDASHED_FORWARD_STARTS) and bare in FORWARD


def _title(line: str) -> str:
    """What stands between dashes in a line of the form `---- title ----`; empty for others."""
    if len(line) > _TITLE_CHARS_MAX:
        return ""
    bare = line.strip("> \t*:：")
    if not (_DASHES.issuperset(bare[:2]) and _DASHES.issuperset(bare[-2:]) and bare):
        return ""
    # The dotted capital I of Turkish becomes two characters in lower case.
    return bare.strip(_AROUND).replace("\xa0", " ").lower().replace("i\u0307", "i")


def is_history(line: str) -> bool:
    """A heading that forum and help desk notifications set over older messages."""
    return len(line) < _TITLE_CHARS_MAX and line.strip(_AROUND).lower() in HISTORY


def is_rule(line: str) -> bool:
    """A line that is only dashes, underscores or the like."""
    return _RULE.match(line) is not None


def is_underscores(line: str) -> bool:
    """Twenty underscores or more: Outlook's divider, and the footer of mailing lists."""
    return _UNDERSCORES.match(line) is not None


def field_kind(line: str) -> str | None:
    """What a line like `Sent: today` names: a key of the table; `None` for other lines."""
    found = _field(line)
    return found[0] if found else None


def _field(line: str) -> tuple[str, str] | None:
    """Kind and value of a line that looks like a header field in one of the languages."""
    if ":" not in line[:60] and "：" not in line[:60]:
        return None
    found = _FIELD.match(line[:1000])
    if found is None:
        return None
    kind = FIELD_KINDS.get(found[1].strip().lower())
    return (kind, found[2]) if kind else None


def block_end(lines: list[str], at: int) -> int | None:
    """The line behind the block of header fields that begins at a line, if enough of one does.

    Three different fields are enough; two only if they are a sender or date with a real value:
    people write `From: … To: …` about journeys too.
    """
    kinds: dict[str, str] = {}
    end = at
    gap = 0
    for number in range(at, min(len(lines), at + _BLOCK_LINES_MAX)):
        line = lines[number]
        if not line.strip(" >\t*"):
            gap += 1
            if gap > 1:
                break
            continue
        found = _field(line)
        if found is None:
            if gap or not kinds or not _continues(lines, number):
                break
            continue
        if gap and found[0] in kinds:
            break
        kinds.setdefault(*found)
        gap = 0
        end = number + 1
    return end if _is_block(kinds) else None


def _continues(lines: list[str], at: int) -> bool:
    """Whether a line that is no field only wraps one: a field follows within two lines."""
    return any(_field(line) is not None for line in lines[at + 1 : at + 3])


def _is_block(kinds: dict[str, str]) -> bool:
    named = kinds.keys() - {"other"}
    if not named & {"from", "date"}:
        return False
    if len(named - {"cc"}) >= 3:
        return True
    if len(named) < 2:
        return False
    dated = _DATE.search(kinds.get("date", "").lower()) is not None
    addressed = _ADDRESS.search(kinds.get("from", "") + kinds.get("to", "")) is not None
    return dated and addressed
