"""The plain-text part of a letter: set in 72 columns, so that it reads well as it is.

A rendered template (Markdown with marks) is laid out once and kept; filling it in for one letter is
cheap. Paragraphs and list items are wrapped, rows indented by four spaces are tables whose cells
stand two spaces apart. What people wrote is never read; it is wrapped only where it is quoted.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from gateway.letters.marks import (
    BUTTON,
    FIGURE,
    NUMBER,
    QUOTED,
    SAID,
    Said,
    Value,
    one_line,
    printable_lines,
    spaced,
)
from gateway.letters.marks import turns as has_turning_letters

COLUMNS: Final = 72
NARROWEST: Final = 24
"""A table's last cell is wrapped in no less than this."""

_STRONG: Final = re.compile(r"\*\*(.+?)\*\*")
_CODE: Final = re.compile(r"`([^`]+)`")
_HEADING: Final = re.compile(r"#{1,3} +(.+)")
_LINK: Final = re.compile(r"\[([^\]]+)\]\((?:mailto:)?([^)\s]+)\)")
_ADDRESS: Final = re.compile(r"<((?:https?://|mailto:)[^>\s]+)>")
_LIST: Final = re.compile(r"((?:[-*]|\d{1,2}\.) +)(.*)")
_BEFORE_WORDS: Final = re.compile(r"[> \t]*")
_GAP: Final = re.compile(r" {2,}")

Piece = str | int
"""Words of the template, or the index of a value."""
Pieces = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Text to be wrapped: an item of a list hangs below its mark."""

    pieces: Pieces
    first: str = ""


@dataclass(frozen=True, slots=True)
class Constant:
    """A paragraph that says the same in every letter, wrapped."""

    lines: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of cells, in columns as wide as they must be."""

    rows: tuple[tuple[Pieces, ...], ...]
    numeric: frozenset[int]
    """Columns of numbers, set flush right."""


@dataclass(frozen=True, slots=True)
class Verbatim:
    """Somebody's own words."""

    index: int


Block = Paragraph | Constant | Table | Verbatim | None
"""`None` is an empty line."""


def lay_out(markdown: str, mark: re.Pattern[str]) -> tuple[Block, ...]:
    """The blocks of a rendered template."""
    blocks: list[Block] = []
    waiting: list[str] = []
    rows: list[str] = []

    def flush() -> None:
        if rows:
            blocks.append(_table(rows, mark))
            rows.clear()
        if waiting:
            blocks.append(_constant(_paragraph(" ".join(waiting), mark)))
            waiting.clear()

    for line in markdown.split("\n"):
        stripped = line.strip()
        if not stripped:
            flush()
            blocks.append(None)
        elif (index := said_alone(stripped, mark)) is not None:
            flush()
            blocks.append(Verbatim(index))
        elif only_buttons(stripped, mark):
            flush()
        elif line.startswith("    ") and not waiting:
            rows.append(line[4:])
        else:
            if rows or _LIST.match(stripped) or _HEADING.match(stripped):
                flush()
            waiting.append(stripped)
    flush()
    return tuple(blocks)


def said_alone(line: str, mark: re.Pattern[str]) -> int | None:
    """The index of somebody's words, where they are all of a line."""
    found = mark.fullmatch(line)
    return int(found[2]) if found and found[1] in (SAID, QUOTED) else None


def only_buttons(line: str, mark: re.Pattern[str]) -> bool:
    """Whether a line consists of buttons, which text does not show."""
    found = mark.findall(line)
    return (
        bool(found) and all(kind == BUTTON for kind, _ in found) and not mark.sub("", line).strip()
    )


def cells_of(row: str) -> list[str]:
    """The cells of a row: two spaces or more stand between them."""
    return _GAP.split(row.strip())


def numeric_columns(rows: Sequence[list[str]], mark: re.Pattern[str]) -> frozenset[int]:
    """The columns in which every row has a number and nothing else, all of one kind."""
    found = set()
    for column in range(max(map(len, rows))):
        marks = [mark.fullmatch(row[column]) if column < len(row) else None for row in rows]
        if {one and one[1] for one in marks} in ({NUMBER}, {FIGURE}):
            found.add(column)
    return frozenset(found)


def pieces_of(text: str, mark: re.Pattern[str]) -> Pieces:
    """A text in pieces: words of the template and indexes of values in turn."""
    found: list[Piece] = []
    end = 0
    for one in mark.finditer(text):
        if one.start() > end:
            found.append(text[end : one.start()])
        found.append(int(one[2]))
        end = one.end()
    if end < len(text):
        found.append(text[end:])
    return tuple(found)


def _paragraph(text: str, mark: re.Pattern[str]) -> Paragraph:
    if heading := _HEADING.fullmatch(text):
        pieces = pieces_of(heading[1], mark)
        return Paragraph(tuple(one.upper() if isinstance(one, str) else one for one in pieces))
    links = _LINK.sub(r"\1 <\2>", _ADDRESS.sub(r"\1", text))
    plain = _CODE.sub(r"\1", _STRONG.sub(r"\1", links))
    if item := _LIST.fullmatch(plain):
        return Paragraph(pieces_of(item[2], mark), item[1])
    return Paragraph(pieces_of(plain, mark))


def _constant(one: Paragraph) -> Paragraph | Constant:
    """The paragraph; set at once where no value is in it."""
    if not all(isinstance(piece, str) for piece in one.pieces):
        return one
    return Constant(tuple(_lines(one, ())))


def _table(lines: list[str], mark: re.Pattern[str]) -> Table:
    rows = [cells_of(_CODE.sub(r"\1", _STRONG.sub(r"\1", line))) for line in lines]
    return Table(
        tuple(tuple(pieces_of(cell, mark) for cell in row) for row in rows),
        numeric_columns(rows, mark),
    )


def set_text(blocks: Sequence[Block], values: Sequence[Value]) -> str:
    """The text of one letter: its blocks with its values; no two empty lines of ours in a row."""
    lines: list[str] = []
    is_blank = True
    for block in blocks:
        made = _lines(block, values) if block else ()
        if not made:
            if not is_blank:
                lines.append("")
                is_blank = True
            continue
        lines += made
        is_blank = False
    return spaced("\n".join(lines).strip("\n")) + "\n"


def _lines(
    block: Paragraph | Constant | Table | Verbatim, values: Sequence[Value]
) -> Sequence[str]:
    match block:
        case Constant(lines):
            return lines
        case Paragraph(pieces, first):
            return wrap(fill(pieces, values), first=first, rest=" " * len(first))
        case Table():
            return _set_table(block, values)
        case Verbatim(index):
            return _as_it_came(values[index])


def fill(pieces: Pieces, values: Sequence[Value]) -> str:
    """Pieces as one line of text."""
    return "".join([one if isinstance(one, str) else isolated(values[one]) for one in pieces])


def isolated(value: Value) -> str:
    """A value within a line; where it runs from right to left, it does not turn what follows."""
    text = one_line(value)
    return f"\u2068{text}\u2069" if has_turning_letters(text) else text


def wrap(text: str, *, first: str = "", rest: str = "", columns: int = COLUMNS) -> list[str]:
    """Lines of at most so many columns; a longer word stands alone. No-break spaces hold."""
    left = " ".join([word for word in text.split(" ") if word])
    lines: list[str] = []
    at, before = 0, first
    while at < len(left):
        end = len(left)
        room = max(columns - len(before), 0)
        if end - at > room:
            cut = left.rfind(" ", at, at + room + 1)
            cut = left.find(" ", at + room) if cut < 0 else cut
            end = cut if cut >= 0 else end
        lines.append(before + left[at:end])
        at, before = end + 1, rest
    return lines


def _set_table(table: Table, values: Sequence[Value]) -> list[str]:
    rows = [[fill(cell, values) for cell in row] for row in table.rows]
    columns = max(map(len, rows))
    widths = [
        max((len(row[column]) for row in rows if column + 1 < len(row)), default=0)
        for column in range(columns)
    ]
    for column in table.numeric:
        widths[column] = max(len(row[column]) for row in rows)
    lines: list[str] = []
    for row in rows:
        head = "    "
        for column, cell in enumerate(row[:-1]):
            width = widths[column]
            head += (cell.rjust(width) if column in table.numeric else cell.ljust(width)) + "  "
        last = len(row) - 1
        cell = row[-1].rjust(widths[last]) if last in table.numeric else row[-1]
        room = max(COLUMNS - len(head), NARROWEST)
        if len(cell) > room:
            lines += wrap(cell, first=head, rest=" " * len(head), columns=len(head) + room)
        else:
            lines.append((head + cell).rstrip(" "))
    return lines


def _as_it_came(value: Value) -> list[str]:
    if not isinstance(value, Said):
        return [""]
    lines = printable_lines(value.text)
    if not value.quoted:
        return lines
    return [made for line in lines for made in _quoted(line)]


def _quoted(line: str) -> Sequence[str]:
    """A line of a quotation, wrapped: each part carries the marks and the indent of the whole.

    A command stays on its line: whoever gets it back may copy it and send it again.
    """
    if len(line) + 2 <= COLUMNS:
        return [f"> {line}".rstrip()]
    before = _BEFORE_WORDS.match(line)[0]  # type: ignore[index]  # it matches the empty text
    words = line[len(before) :]
    if not words or words.startswith("#"):
        return [f"> {line}".rstrip()]
    again = before if len(before) + 2 <= COLUMNS - NARROWEST else ""
    return wrap(words, first=f"> {before}", rest=f"> {again}")
