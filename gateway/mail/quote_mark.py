"""Recognise lines that bear the mark of a quote: `> `, or initials and `>`.

Sources: RFC 3676 section 4.5; the `AM> ` of clients before it.
"""

import re
from typing import Final

_MARKED: Final = re.compile(r"[ \t]{0,3}>")
_DECORATION: Final = re.compile(r"[ \t]*>>[ \t>]*[^<>]{0,200}<<+\s*$")
_MARKS: Final = re.compile(r"^[ \t]*(?:>[ \t]?)+")
_INITIALS: Final = re.compile(r"[A-Za-z]{1,12}>")
_OPEN_LINK: Final = re.compile(r"[(<\[](?:https?://|mailto:)?[^\s()<>\[\]]{0,2000}$")
_LINK_ONLY: Final = re.compile(r"\s*[(<]?(?:https?://|mailto:)[^\s()<>]{1,2000}[)>]?\s*>?\s*$")
_DECORATION_CHARS_MAX: Final = 500
_WRAPPED_CHARS_MIN: Final = 60
"""A shorter line was not cut by a client."""


def is_marked(line: str) -> bool:
    """Whether a line bears the mark of a quote, and is no decoration like `>> SALE <<`."""
    if _MARKED.match(line) is None:
        return False
    return len(line) > _DECORATION_CHARS_MAX or _DECORATION.match(line) is None


def without_marks(line: str) -> str:
    """A marked line without its marks, of any depth."""
    return _MARKS.sub("", line)


def end_of_marked(lines: list[str], at: int) -> int:
    """Where a run of marked lines ends; blank lines within belong to it, behind it do not."""
    end = number = at + 1
    while number < len(lines):
        line = lines[number]
        if is_marked(line):
            end = number + 1
        elif line and not line.isspace():
            if number != end or not _is_wrapped(lines, number):
                break
            end = number + 1
        number += 1
    return end


def _is_wrapped(lines: list[str], number: int) -> bool:
    """Whether an unmarked line is the rest of the marked one directly above it."""
    above = lines[number - 1].rstrip()
    if not is_marked(above):
        return False
    if _OPEN_LINK.search(above[-2000:]):
        return True
    below = lines[number + 1] if number + 1 < len(lines) else ""
    if _LINK_ONLY.match(lines[number]) and is_marked(below):
        return True
    return len(above) >= _WRAPPED_CHARS_MIN and above[-1] not in ".!?:" and is_marked(below)


def bears_initials(line: str) -> bool:
    """Whether a line begins like `AM> quoted`."""
    return _INITIALS.match(line) is not None


def end_of_initials(lines: list[str], at: int) -> int | None:
    """Where lines with the same initials end; `None` for a single one, which may be anything."""
    mark = lines[at].partition(">")[0] + ">"
    end = at + 1
    while end < len(lines) and lines[end].startswith(mark):
        end += 1
    return end if end - at > 1 else None
