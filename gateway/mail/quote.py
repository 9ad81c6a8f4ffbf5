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
`attribution`, `separator` and `signature`. The lines are judged in `splitter`.
"""

import re
from typing import Final, NamedTuple

from gateway.mail import signature
from gateway.mail.limits import COMMAND_CHARS_MAX
from gateway.mail.quote_mark import is_marked
from gateway.mail.splitter import Kind, Splitter

_BLANK_RUN: Final = re.compile(r"\n[ \t]*\n(?:[ \t]*\n)+")
_CLOSING_LINES_MAX: Final = 2


class Span(NamedTuple):
    """A stretch of text of one kind, with its line ends."""

    kind: Kind
    text: str


def split_quotes(text: str) -> tuple[Span, ...]:
    """The spans of a text, in order; joined they are the text. Neighbours differ in kind."""
    if not text:
        return ()
    splitter = Splitter(text)
    splitter.run()
    spans: list[Span] = []
    start = 0
    for kind, end in splitter.stretches():
        spans.append(Span(kind, text[start:end]))
        start = end
    return tuple(spans)


def new_text(spans: tuple[Span, ...]) -> str:
    """The new spans as one text: without outer blank lines, at most one blank line within gaps."""
    kept: list[str] = []
    for span in spans:
        if span.kind is Kind.NEW:
            kept.append(span.text)
        elif kept:
            kept.append("\n")
    text = "".join(kept)
    if len(kept) > 1:
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
    lines = [line for line in text[:COMMAND_CHARS_MAX].split("\n") if not is_marked(line)]
    for number, line in enumerate(lines):
        if signature.is_mark(line) or signature.is_lone_dash(line) or signature.is_mobile(line):
            del lines[number:]
            break
    _strip_blank(lines)
    filled = [number for number, line in enumerate(lines) if line.strip()]
    for number in filled[-1 - _CLOSING_LINES_MAX :]:
        if signature.is_closing(lines[number]):
            del lines[number:]
            break
    _strip_blank(lines)
    if sender_name and len(lines) > 1 and _is_name(lines[-1], sender_name):
        del lines[-1]
        _strip_blank(lines)
    return "\n".join(lines)


def _is_name(line: str, sender_name: str) -> bool:
    """Whether a line is the sender's name, or its first or last word."""
    words = line.strip().strip(",.-–—~ ").casefold().split()
    name = sender_name.casefold().replace(",", " ").split()
    return bool(words) and (words == name or (len(words) == 1 and words[0] in name))


def _strip_blank(lines: list[str]) -> None:
    while lines and not lines[-1].strip():
        del lines[-1]
    while lines and not lines[0].strip():
        del lines[0]


__all__ = ["Kind", "Span", "command_text", "is_quoted_above", "new_text", "split_quotes"]
