"""Split the text of a mail into what is new, what is quoted and what is a signature.

Rules for this file:
1. Nothing is lost: the spans, joined in order, give back the text, character for character.
2. When unsure, call it new. A missed quote is noise; a lost sentence is a complaint.
3. Every line is looked at a bounded number of times: the work is linear in the text (A61).

What counts as quoted, in the order of looking:
- from our own line `##- Reply above this line -##`, an `Original Message` line, a block of header
  fields, or a heading over older messages to the end, if anything stands above it;
- an attribution line, with the marked (`>`) lines behind it, or everything behind it where the
  client marks nothing and the answer stands above;
- marked lines, except those that open a text without an attribution: every client writes one, so
  these are the author's own choice of context.
What counts as signature: from the mark `-- ` (or `--`), a phone's advert or twenty underscores to
the next quote; a lawyer's footer at the end; lines of nothing but delimiters at the end.

Sources: RFC 3676 sections 4.3 and 4.5; policy rules 5.3 and 5.4; the habits of the clients named in
`attribution`, `separator` and `signature`.
"""

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final, NamedTuple

from gateway.mail import attribution, separator, signature

_MARKED: Final = re.compile(r"[ \t]{0,3}>")
_DECORATION: Final = re.compile(r"[ \t]*>>+[^<>]*<<+\s*$")
_PREFIXED: Final = re.compile(r"[A-Za-z]{1,12}>")
_OPEN_LINK: Final = re.compile(r"[(<\[](?:https?://|mailto:)?[^\s()<>\[\]]*$")
_BLANK_RUN: Final = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
_WRAPPED_CHARS_MIN: Final = 60
_MARK_LINES_MAX: Final = 40


class Kind(Enum):
    """What a stretch of text is."""

    NEW = "new"
    QUOTED = "quoted"
    SIGNATURE = "signature"


class Span(NamedTuple):
    """A stretch of text of one kind, with its line ends."""

    kind: Kind
    text: str


def split_quotes(text: str) -> tuple[Span, ...]:
    """The spans of a text, in order; joined they are the text."""
    if not text:
        return ()
    splitter = _Splitter(text.split("\n"))
    splitter.run()
    return splitter.spans()


def new_text(spans: tuple[Span, ...]) -> str:
    """The new spans as one text: without outer blank lines, at most one blank line within gaps."""
    kept: list[str] = []
    cut = False
    for span in spans:
        if span.kind is Kind.NEW:
            kept.append(span.text)
        elif kept:
            cut = True
            kept.append("\n")
    text = "".join(kept)
    if cut:
        text = _BLANK_RUN.sub("\n\n", text)
    return text.strip("\n").rstrip()


def is_quoted_above(spans: tuple[Span, ...]) -> bool:
    """Whether new words stand below a quote: the author answered at the bottom, or in between."""
    quoted = False
    for span in spans:
        if span.kind is Kind.QUOTED:
            quoted = True
        elif quoted and span.kind is Kind.NEW and not span.text.isspace():
            return True
    return False


def command_text(text: str, sender_name: str = "") -> str:
    """What of a new text may hold commands (policy 5.3): stricter than what people read.

    Also cut: marked lines, everything from a lone dash, a closing formula at the end with up to two
    lines behind it, and a last line that is only `sender_name`.
    """
    lines = [line for line in text.split("\n") if not _is_marked(line)]
    for number, line in enumerate(lines):
        if signature.is_mark(line) or signature.is_lone_dash(line) or signature.is_mobile(line):
            del lines[number:]
            break
    _strip_blank(lines)
    filled = [number for number, line in enumerate(lines) if line.strip()]
    for number in filled[-3:]:
        if signature.is_closing(lines[number]):
            # A mail that is nothing but `Thanks` has nothing else to say: still no command.
            del lines[number:]
            break
    _strip_blank(lines)
    if sender_name and len(lines) > 1 and _is_name(lines[-1], sender_name):
        del lines[-1]
        _strip_blank(lines)
    return "\n".join(lines)


def _is_name(line: str, sender_name: str) -> bool:
    """Whether a line is the sender's name, or its first or last word."""
    word = line.strip().strip(",.-–—~ ").casefold()
    name = sender_name.casefold().replace(",", " ").split()
    return bool(word) and (word.split() == name or word in name)


def _strip_blank(lines: list[str]) -> None:
    while lines and not lines[-1].strip():
        del lines[-1]
    while lines and not lines[0].strip():
        del lines[0]


def _is_marked(line: str) -> bool:
    return _MARKED.match(line) is not None and not _DECORATION.match(line)


@dataclass(slots=True)
class _Splitter:
    """One pass over the lines of a text, which leaves a kind for each of them."""

    lines: list[str]
    kinds: list[Kind] = field(default_factory=list)
    columns: dict[int, int] = field(default_factory=dict)
    """Lines whose beginning is new and whose rest is quoted: where the rest begins."""
    rest: Kind = Kind.NEW
    """What a line is if nothing says otherwise; no longer new behind a signature mark."""
    has_new: bool = False
    attributed: bool = False

    def run(self) -> None:
        self.kinds = [Kind.NEW] * len(self.lines)
        fences = self._fences()
        at = 0
        while at < len(self.lines):
            if at in fences:
                self._keep(at, fences[at])
                at = fences[at]
            else:
                at = self._step(at)
        self._tidy_end()

    def _step(self, at: int) -> int:
        """Decide about the line `at`; the number of the next line to look at."""
        line = self.lines[at]
        if not line or line.isspace():
            self.kinds[at] = self.rest
            return at + 1
        if separator.is_reply_line(line):
            return self._reply_line(at)
        if _is_marked(line) and not attribution.is_orphan_end(self.lines, at):
            return self._marked(at)
        end = self._divider(at)
        if end is None and attribution.may_end(line):
            end = self._attribution(at)
        if end is None and _PREFIXED.match(line):
            end = self._prefixed(at)
        if end is None and self._opens_signature(at):
            self.rest = Kind.SIGNATURE
        if end is None:
            self._keep(at, at + 1)
            return at + 1
        return end

    def _keep(self, start: int, end: int) -> None:
        self.kinds[start:end] = [self.rest] * (end - start)
        self.has_new = self.has_new or self.rest is Kind.NEW
        self.attributed = False

    def _quote(self, start: int, end: int) -> int:
        self.kinds[start:end] = [Kind.QUOTED] * (end - start)
        return end

    def _fences(self) -> dict[int, int]:
        """Blocks of code (```` ``` ````): where each begins → the line behind its end."""
        marks = [number for number, line in enumerate(self.lines) if line.startswith("```")]
        if len(marks) % 2 or not marks:
            return {}
        return {start: end + 1 for start, end in zip(marks[::2], marks[1::2], strict=True)}

    def _reply_line(self, at: int) -> int:
        """Our own mark: what a client marked as quoted ends with its marks, the rest never ends."""
        if _is_marked(self.lines[at]):
            self.attributed = True
            return self._marked(at)
        return self._quote(at, len(self.lines))

    def _divider(self, at: int) -> int | None:
        """A line behind which the old mail stands, without marks, to the end."""
        line = self.lines[at]
        total = len(self.lines)
        if separator.is_original(line):
            return self._quote(at, total)
        if separator.is_forward(line):
            return self._forward(at)
        kind = separator.field_kind(line)
        if kind is not None and kind[0] in ("from", "date", "to", "subject"):
            block = separator.block_at(self.lines, at)
            if block is not None:
                return (
                    self._quote(at, total) if self.has_new else self._forwarded_body(at, block.end)
                )
        if separator.is_rule(line):
            return self._rule(at)
        return None

    def _forward(self, at: int) -> int:
        """A forwarded mail below an answer is quoted; on its own it is what the author sends us."""
        if self.has_new:
            return self._quote(at, len(self.lines))
        below = self._next_filled(at + 1)
        if below is None:
            return self._quote(at, len(self.lines))
        block = separator.block_at(self.lines, below)
        return self._forwarded_body(at, block.end if block else below)

    def _forwarded_body(self, start: int, end: int) -> int:
        """Header lines of a forwarded mail that has nothing above it: only they are quoted."""
        self._quote(start, end)
        return end

    def _rule(self, at: int) -> int | None:
        """A line of dashes or underscores: what it divides shows in the line behind it."""
        below = self._next_filled(at + 1)
        if below is None:
            return None
        line = self.lines[below]
        if self.has_new and (separator.is_history(line) or separator.is_original(line)):
            return self._quote(at, len(self.lines))
        if separator.field_kind(line) is not None:
            block = separator.block_at(self.lines, below)
            if block is not None and self.has_new:
                return self._quote(at, len(self.lines))
        if separator.is_underscores(line) or separator.is_underscores(self.lines[at]):
            self.rest = Kind.SIGNATURE if self.has_new else self.rest
        return None

    def _attribution(self, at: int) -> int | None:
        """An attribution that ends in line `at`, with what it introduces."""
        below = self._next_filled(at + 1)
        marked = below is not None and _is_marked(self.lines[below])
        found = attribution.attribution_at(self.lines, at, quote_follows=marked)
        if found is None:
            return None
        first = found.first_line
        if any(kind is Kind.QUOTED for kind in self.kinds[first:at]):
            first = at
        above = found.column > 0 or any(
            kind is not Kind.QUOTED and self.lines[number].strip()
            for number, kind in enumerate(
                self.kinds[:first][-_MARK_LINES_MAX:], max(0, first - _MARK_LINES_MAX)
            )
        )
        if found.column:
            self.columns[first] = found.column
        self._quote(first, at + 1)
        if found.column:
            self.has_new = True
        self.attributed = True
        if marked or below is None:
            return at + 1
        if above or self.has_new and first > 0 and self._has_new_above(first):
            return self._quote(at + 1, len(self.lines))
        # Nothing above, nothing marked: a client that lost its marks, or an answer. Unsure is new.
        self.has_new = False
        return at + 1

    def _has_new_above(self, first: int) -> bool:
        return any(
            kind is Kind.NEW and line.strip()
            for kind, line in zip(self.kinds[:first], self.lines, strict=False)
        )

    def _marked(self, at: int) -> int:
        """A run of marked lines, with the pieces of them that lost their mark when wrapped."""
        end = self._end_of_marked(at)
        if self._is_own_context(at, end):
            self.kinds[at:end] = [self.rest] * (end - at)
            return end
        self._quote(at, end)
        self.attributed = False
        return end

    def _is_own_context(self, at: int, end: int) -> bool:
        """Marked lines that open a text, with no attribution before or within their beginning."""
        if self.attributed or self.has_new or self.rest is not Kind.NEW:
            return False
        if any(kind is Kind.QUOTED for kind in self.kinds[:at]):
            return False
        if any(separator.is_reply_line(line) for line in self.lines[at:end]):
            return False
        head = [
            re.sub(r"^[ \t]*(?:>[ \t]?)+", "", line) for line in self.lines[at : min(end, at + 8)]
        ]
        for number, line in enumerate(head):
            if attribution.may_end(line) and attribution.attribution_at(
                head, number, quote_follows=True
            ):
                return False
            if separator.is_original(line) or separator.is_forward(line):
                return False
        return separator.block_at(head, 0) is None

    def _end_of_marked(self, at: int) -> int:
        """Where a run of marked lines ends; blank lines within belong to it, behind it they do not."""
        end = at + 1
        number = at + 1
        while number < len(self.lines):
            line = self.lines[number]
            if _is_marked(line):
                end = number + 1
            elif line.strip():
                if not self._is_wrapped(number, end):
                    break
                end = number + 1
            number += 1
        return end

    def _is_wrapped(self, number: int, end: int) -> bool:
        """Whether an unmarked line is the rest of the marked one directly above it."""
        above = self.lines[number - 1]
        if number != end or not _is_marked(above):
            return False
        below = self.lines[number + 1] if number + 1 < len(self.lines) else ""
        if _OPEN_LINK.search(above.rstrip()):
            return True
        long = len(above.rstrip()) >= _WRAPPED_CHARS_MIN
        return long and _is_marked(below) and above.rstrip()[-1:] not in (".", "!", "?", ":")

    def _prefixed(self, at: int) -> int | None:
        """Lines marked with initials (`AM> …`), as some old clients do; at least two of them."""
        mark = self.lines[at].partition(">")[0] + ">"
        end = at + 1
        while end < len(self.lines) and self.lines[end].startswith(mark):
            end += 1
        return self._quote(at, end) if end - at > 1 else None

    def _opens_signature(self, at: int) -> bool:
        line = self.lines[at]
        if signature.is_mark(line) or signature.is_mobile(line):
            return True
        if signature.is_lone_dash(line):
            below = self._next_filled(at + 1)
            return below is not None and signature.is_mobile(self.lines[below])
        if signature.is_dashed_name(line) and self.has_new:
            below = self._next_filled(at + 1)
            return below is not None and separator.is_underscores(self.lines[below])
        return False

    def _next_filled(self, at: int) -> int | None:
        """The next line that is not blank, within reach."""
        for number in range(at, min(len(self.lines), at + _MARK_LINES_MAX)):
            if self.lines[number].strip():
                return number
        return None

    def _tidy_end(self) -> None:
        """Delimiters and legal footers at the end of the new text are no text."""
        number = len(self.lines) - 1
        while number >= 0 and (
            self.kinds[number] is not Kind.NEW or not self.lines[number].strip()
        ):
            number -= 1
        while number >= 0 and self.kinds[number] is Kind.NEW:
            line = self.lines[number]
            if line.strip() and not signature.is_rule_only(line):
                break
            self.kinds[number] = Kind.SIGNATURE if line.strip() else self.kinds[number]
            number -= 1
        self._cut_legal(number)

    def _cut_legal(self, last: int) -> None:
        """The last paragraph, if lawyers wrote it and something stands above it."""
        first = last
        while first > 0 and self.kinds[first - 1] is Kind.NEW and self.lines[first - 1].strip():
            first -= 1
        if last < 0 or first <= 0 or not self._has_new_above(first):
            return
        if signature.is_legal(" ".join(self.lines[first : last + 1])[:4000]):
            self.kinds[first : last + 1] = [Kind.SIGNATURE] * (last + 1 - first)

    def spans(self) -> tuple[Span, ...]:
        """The lines as spans: neighbours of one kind together."""
        found: list[Span] = []
        pieces: list[str] = []
        current = Kind.NEW
        last = len(self.lines) - 1
        for number, (line, kind) in enumerate(zip(self.lines, self.kinds, strict=True)):
            whole = line + ("\n" if number < last else "")
            column = self.columns.get(number, 0)
            for piece, piece_kind in ((whole[:column], Kind.NEW), (whole[column:], kind)):
                if not piece:
                    continue
                if piece_kind is not current and pieces:
                    found.append(Span(current, "".join(pieces)))
                    pieces = []
                current = piece_kind
                pieces.append(piece)
        if pieces:
            found.append(Span(current, "".join(pieces)))
        return tuple(found)
