"""Marks stand in a rendered template where values go, so that no value is ever read as Markdown.

A template is rendered once for both parts of a mail: into Markdown of ours with marks in it. The
text part and the HTML part are set from that, each with its own way to show a value. A mark carries
a nonce of its shelf: nobody can write one into a subject.

What a template may print: text and numbers; `Word`, a command to be written as it stands; `Said`,
somebody's own words, line by line as they came; `Button`, a prepared reply, which only HTML shows.
"""

import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

OPEN: Final = "\ue000"
CLOSE: Final = "\ue001"
TEXT: Final = "i"
NUMBER: Final = "n"
FIGURE: Final = "f"
WORD: Final = "w"
SAID: Final = "s"
QUOTED: Final = "q"
BUTTON: Final = "b"
STAY: Final = "\x1f"
"""A space at which no line may end: between a number and its unit, within a date."""
HOLD: Final = "\x1e"
"""A space at which no line of the text ends, but one of a narrow screen may: date and time."""

_BREAKS: Final = re.compile("[ \t\r\n\f\v\x85\u2028\u2029]+")
_UNPRINTABLE: Final = re.compile(
    "[\x00-\x08\x0a-\x1d\x7f-\x9f\u2028\u2029\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]"
)
"""What no mail client can show, or HTML forbids; the tab is none of them."""
_DIRECTION: Final = re.compile("[\u202a-\u202e\u2066-\u2069\u200e\u200f\u061c]")
"""Characters that turn the direction of what follows them: a name may not reorder our words."""
_RIGHT_TO_LEFT: Final = re.compile("[\u0590-\u08ff\ufb1d-\ufdff\ufe70-\ufefc]")


@dataclass(frozen=True, slots=True)
class Word:
    """What a reader is told to write, exactly so."""

    text: str
    verb: str
    """The command it is, as `gateway.desk.commands` names it."""

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Figure:
    """A number as it is to be shown, such as `+5` or `10 credits`."""

    text: str

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True)
class Said:
    """Somebody's own words."""

    text: str
    quoted: bool = False
    """Set off as a quotation of an earlier mail."""


@dataclass(frozen=True, slots=True)
class Button:
    """A reply that is prepared for the reader."""

    label: str
    body: str
    """Its text: commands, one a line."""
    href: str
    """The `mailto:` link (RFC 6068)."""


Value = str | Said | Button


class Marks:
    """The values of one letter, in the order in which its templates printed them."""

    def __init__(
        self, nonce: str, number: Callable[[int], str], instant: Callable[[datetime], str]
    ) -> None:
        self._nonce = nonce
        self._number = number
        self._instant = instant
        self.values: list[Value] = []
        self.words: list[Word] = []
        """The commands the letter tells its reader to write."""

    def take(self, value: object) -> str:
        """The mark for a value; what carries marks already, such as a macro's text, stays."""
        kind, kept = self._kept(value)
        if kind == TEXT and isinstance(kept, str) and self._nonce in kept:
            return kept
        self.values.append(kept)
        return f"{OPEN}{self._nonce}{kind}{len(self.values) - 1}{CLOSE}"

    def _kept(self, value: object) -> tuple[str, Value]:
        match value:
            case Said():
                return (QUOTED if value.quoted else SAID), value
            case Button():
                return BUTTON, value
            case Word():
                self.words.append(value)
                return WORD, value.text
            case Figure():
                return FIGURE, value.text
            case bool():
                return TEXT, str(value)
            case int():
                return NUMBER, self._number(value)
            case datetime():
                return TEXT, self._instant(value)
            case _:
                return TEXT, str(value)


def new_nonce() -> str:
    """What the marks of one shelf have in common, and nobody can guess."""
    return secrets.token_hex(4)


def mark_pattern(nonce: str) -> re.Pattern[str]:
    """A mark: its groups are the kind and the index of the value."""
    return re.compile(f"{OPEN}{nonce}([a-z])(\\d+){CLOSE}")


def one_line(value: Value) -> str:
    """A value within a line: no line ends, nothing unprintable, nothing that turns directions."""
    if isinstance(value, Button):
        return ""
    text = value.text if isinstance(value, Said) else value
    if text.isascii() and text.isprintable():
        return text
    return _DIRECTION.sub("", printable(_BREAKS.sub(" ", text)))


def printable(line: str) -> str:
    """A line without characters that no mail client can show, or that HTML forbids."""
    return line if line.isprintable() else _UNPRINTABLE.sub("", line)


def printable_lines(text: str) -> list[str]:
    """The lines of somebody's text, printable, without spaces at their ends."""
    lines = text.split("\n")
    if not "".join(lines).isprintable():
        lines = list(map(printable, lines))
    return [line.rstrip() for line in lines]


def spaced(text: str) -> str:
    """A text whose held spaces are ordinary ones."""
    return text.replace(STAY, " ").replace(HOLD, " ")


def turns(text: str) -> bool:
    """Whether a text has letters that run from right to left."""
    return not text.isascii() and _RIGHT_TO_LEFT.search(text) is not None
