"""Decide for every line of a text whether it is new, quoted or part of a signature.

Rules for this file: those of `gateway.mail.quote`, whose engine this is; and
1. Most lines are ordinary. They pass a few cheap tests and nothing else.
2. The expensive looks (joined lines, header blocks) are counted and end at `_LOOKS_MAX`.
"""

from collections.abc import Iterator
from enum import Enum
from typing import Final

from gateway.mail import attribution, separator, signature
from gateway.mail.fence import armour, fences
from gateway.mail.quote_mark import (
    bears_initials,
    end_of_initials,
    end_of_marked,
    is_marked,
    without_marks,
)

_DASHES: Final = frozenset("-_=~*—–•‐‑‒―#")
_REACH: Final = 40
"""How far a look goes for the next line that is not blank."""
_LOOKS_MAX: Final = 300
_HEAD_LINES: Final = 8
_JUDGED_MAX: Final = 10_000
_FOOTERS_MAX: Final = 4
_LINES_MAX: Final = 50_000
"""Behind so many lines the rest is one line: what the last of them was."""


class Kind(Enum):
    """What a stretch of text is."""

    NEW = "new"
    QUOTED = "quoted"
    SIGNATURE = "signature"


class Splitter:
    """One pass over the lines of a text, which leaves a kind for each of them."""

    __slots__ = (
        "_attributed",
        "_columns",
        "_first_new",
        "_has_reply_line",
        "_judged",
        "_kinds",
        "_lines",
        "_looks",
        "_loose",
        "_rest",
        "_text",
    )

    def __init__(self, text: str) -> None:
        self._text = text
        self._lines = text.split("\n", _LINES_MAX)
        self._kinds: list[Kind | None] = [None] * len(self._lines)
        self._columns: dict[int, int] = {}  # Where the quoted end of a line begins.
        self._rest = Kind.NEW
        """What a line is if nothing says otherwise; no longer new behind a signature mark."""
        self._first_new: int | None = None
        """The first line that is new and not blank."""
        self._attributed = False
        self._looks = 0
        self._judged = 0
        self._loose: list[tuple[int, int]] = []
        """Marked lines without an attribution, as long as no attributed quote stands below."""
        self._has_reply_line = separator.has_reply_line(text)

    def run(self) -> None:
        """Judge all lines."""
        lines, total = self._lines, min(len(self._lines), _LINES_MAX)
        kept, dropped = fences(lines, self._text), armour(lines, self._text)
        at = 0
        while at < total:
            line = lines[at]
            if not line:
                at += 1
            elif at in dropped:
                self._set(at, dropped[at], Kind.SIGNATURE)
                at = dropped[at]
            elif at in kept:
                self._keep(at, kept[at])
                at = kept[at]
            elif self._judged > _JUDGED_MAX or self._is_ordinary(line):
                self._keep(at, at + 1)
                at += 1
            else:
                at = self._judge(at)
        self._keep(at, len(lines))
        self._tidy_end()

    def _is_ordinary(self, line: str) -> bool:
        """Whether nothing about a line could make it anything but `rest`."""
        if self._has_reply_line:
            return False
        first = line[0]
        if first in " \t>" or first in _DASHES or first.isdigit():
            return False
        if ":" in line[:60] or line[-1] in ":：>)-_=* \t\r\u202c":
            return False
        if ">" in line[:13] or "：" in line[:60] or " ---" in line:
            return False
        return not attribution.may_end(line) and not signature.is_mobile(line)

    def _judge(self, at: int) -> int:
        """Decide about the line `at`; the number of the next line to look at."""
        line = self._lines[at]
        self._judged += 1
        if line.isspace():
            return at + 1
        if self._has_reply_line and separator.is_reply_line(line):
            return self._reply_line(at)
        if is_marked(line) and not attribution.is_orphan_end(self._lines, at):
            return self._marked(at)
        end = self._divider(at)
        if end is None and attribution.may_end(line) and self._may_look():
            end = self._attribution(at)
        if end is None and bears_initials(line):
            end = end_of_initials(self._lines, at)
            self._quote(at, end or at)
        if end is not None:
            return end
        if self._opens_signature(at):
            self._rest = Kind.SIGNATURE
        self._keep(at, at + 1)
        return at + 1

    def _may_look(self) -> bool:
        self._looks += 1
        return self._looks <= _LOOKS_MAX

    def _set(self, start: int, end: int, kind: Kind) -> None:
        self._kinds[start:end] = [kind] * (end - start)

    def _keep(self, start: int, end: int) -> None:
        self._set(start, end, self._rest)
        if self._first_new is None and self._rest is Kind.NEW and start < end:
            self._first_new = start
        self._attributed = False

    @property
    def _has_new(self) -> bool:
        """Whether anything stands above that is new."""
        return self._first_new is not None

    def _quote(self, start: int, end: int) -> int:
        self._set(start, end, Kind.QUOTED)
        return end

    def _quote_rest(self, start: int) -> int:
        self._release()
        return self._quote(start, len(self._lines))

    def _release(self) -> None:
        """The client quotes here, with attribution: marked lines above were the author's choice."""
        for start, end in self._loose:
            self._set(start, end, Kind.NEW)
        self._loose.clear()

    def _reply_line(self, at: int) -> int:
        """Our own mark: what a client marked as quoted ends with its marks, the rest never ends."""
        if is_marked(self._lines[at]):
            self._attributed = True
            return self._marked(at)
        return self._quote_rest(at)

    def _divider(self, at: int) -> int | None:
        """A line behind which the old mail stands, without marks, to the end."""
        line = self._lines[at]
        if separator.is_original(line):
            return self._quote_rest(at)
        if separator.is_forward(line):
            return self._forward(at)
        kind = separator.field_kind(line)
        if kind in ("from", "date", "to", "subject"):
            block = self._block(at)
            if block is not None:
                return self._quote_rest(at) if self._has_new else self._quote(at, block)
        if separator.is_rule(line):
            return self._rule(at)
        return None

    def _block(self, at: int) -> int | None:
        """The line behind the block of header fields that begins at `at`, if one does."""
        return separator.block_end(self._lines, at) if self._may_look() else None

    def _forward(self, at: int) -> int:
        """A forwarded mail below an answer is quoted; on its own it is what the author sends us."""
        below = self._next_filled(at + 1)
        if self._has_new or below is None:
            return self._quote_rest(at)
        return self._quote(at, self._block(below) or below)

    def _rule(self, at: int) -> int | None:
        """A line of dashes or underscores: what it divides shows in the line behind it."""
        below = self._next_filled(at + 1)
        if below is None or not self._has_new:
            return None
        line = self._lines[below]
        if separator.is_history(line) or separator.is_original(line):
            return self._quote_rest(at)
        if separator.field_kind(line) is not None and self._block(below) is not None:
            return self._quote_rest(at)
        if separator.is_underscores(self._lines[at]):
            self._rest = Kind.SIGNATURE
        return None

    def _attribution(self, at: int) -> int | None:
        """An attribution that ends in line `at`, with what it introduces."""
        below = self._next_filled(at + 1)
        marked = below is not None and is_marked(self._lines[below])
        found = attribution.attribution_at(self._lines, at, quote_follows=marked)
        if found is None:
            return None
        first = found.first_line
        while first < at and Kind.QUOTED in self._kinds[first:at]:
            first += 1
        if self._first_new is not None and self._first_new >= first:
            self._first_new = None
        if found.column:
            self._columns[first] = found.column
            self._first_new = first if self._first_new is None else self._first_new
        self._release()
        self._quote(first, at + 1)
        self._attributed = True
        if marked or below is None:
            return at + 1
        if self._has_new:
            return self._quote_rest(at + 1)
        # Nothing above, nothing marked: a client that lost its marks, or an answer. Unsure is new.
        return at + 1

    def _marked(self, at: int) -> int:
        """A run of marked lines, with the pieces of them that lost their mark when wrapped."""
        end = end_of_marked(self._lines, at)
        attributed = self._attributed or self._has_attribution(at, end)
        self._attributed = False
        if not attributed and self._rest is Kind.NEW:
            if not self._has_new and Kind.QUOTED not in self._kinds[:at]:
                # They open the text: context of the author's choice, unless all of it is a quote.
                self._set(at, end, Kind.NEW)
                return end
            self._loose.append((at, end))
        elif attributed:
            self._release()
        return self._quote(at, end)

    def _has_attribution(self, at: int, end: int) -> bool:
        """Whether marked lines begin with the attribution, a header, or hold our own mark."""
        if self._has_reply_line and any(map(separator.is_reply_line, self._lines[at:end])):
            return True
        if not self._may_look():
            return False
        head = [without_marks(line) for line in self._lines[at : min(end, at + _HEAD_LINES)]]
        for number, line in enumerate(head):
            if separator.is_original(line) or separator.is_forward(line):
                return True
            if attribution.may_end(line) and attribution.attribution_at(
                head, number, quote_follows=True
            ):
                return True
        return separator.block_end(head, 0) is not None

    def _opens_signature(self, at: int) -> bool:
        line = self._lines[at]
        if signature.is_mark(line) or signature.is_mobile(line):
            return True
        if line.lstrip()[:1] not in _DASHES:
            return False
        below = self._next_filled(at + 1)
        if below is None:
            return False
        if signature.is_lone_dash(line):
            return signature.is_mobile(self._lines[below])
        return (
            self._has_new
            and signature.is_dashed_name(line)
            and separator.is_underscores(self._lines[below])
        )

    def _next_filled(self, at: int) -> int | None:
        """The next line that is not blank, within reach."""
        for number in range(at, min(len(self._lines), at + _REACH)):
            if self._lines[number].strip():
                return number
        return None

    def _tidy_end(self) -> None:
        """Blank lines go with what stands above; delimiters and lawyers at the end are no text."""
        above = Kind.NEW
        last = -1
        for number, kind in enumerate(self._kinds):
            if kind is None:
                self._kinds[number] = above
            else:
                above = kind
                last = number if kind is Kind.NEW else last
        while last >= 0 and self._kinds[last] is Kind.NEW:
            line = self._lines[last].strip()
            if line and not signature.is_rule_only(line):
                break
            if line:
                self._kinds[last] = Kind.SIGNATURE
            last -= 1
        for _ in range(_FOOTERS_MAX):
            last = self._cut_footer(last)

    def _cut_footer(self, last: int) -> int:
        """Cut the last paragraph if nobody typed it; the line that is then last."""
        first = last
        while first > 0 and self._kinds[first - 1] is Kind.NEW and self._lines[first - 1].strip():
            first -= 1
        above = self._first_new
        if above is None or first <= above or self._kinds[last] is not Kind.NEW:
            return last
        paragraph = " ".join(self._lines[first : min(last + 1, first + 100)])[:4000]
        if not (signature.is_legal(paragraph) or signature.is_advert(paragraph)):
            return last
        self._set(first, last + 1, Kind.SIGNATURE)
        while first > above and not self._lines[first - 1].strip():
            first -= 1
        return first - 1

    def stretches(self) -> Iterator[tuple[Kind, int]]:
        """Kind and end (an index into the text) of each stretch of one kind; none is empty."""
        current, end, given = Kind.NEW, 0, 0
        for kind, length in self._pieces():
            if length and kind is not current:
                if end > given:
                    yield current, end
                    given = end
                current = kind
            end = min(end + length, len(self._text))
        if end > given:
            yield current, end

    def _pieces(self) -> Iterator[tuple[Kind, int]]:
        """Kind and length of every line with its line end, in two where it is of two kinds."""
        last = len(self._lines) - 1
        for number, (line, kind) in enumerate(zip(self._lines, self._kinds, strict=True)):
            length = len(line) + (number < last)
            column = self._columns.get(number, 0)
            if column:
                yield Kind.NEW, column
            yield kind or self._rest, length - column
