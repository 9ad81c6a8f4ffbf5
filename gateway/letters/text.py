"""The plain-text part of a letter: Markdown source that reads well as it is, in 72 columns.

Only the template is Markdown. What people wrote is put in after rendering and never wrapped or
read: `verbatim` marks such lines with a control character that cleaned text cannot contain.
"""

import re
import textwrap
from typing import Final

COLUMNS: Final = 72
VERBATIM: Final = "\x1e"
"""Begins a line that must stay as it is."""

_STRONG: Final = re.compile(r"\*\*(.+?)\*\*")
_HEADING: Final = re.compile(r"^#{1,3} (.+)$", re.MULTILINE)
_LINK: Final = re.compile(r"<((?:https?://|mailto:)[^>\s]+)>")
_LIST: Final = re.compile(r"(\s*(?:[-*]|\d{1,2}\.) )(.*)")


def plain_source(markdown: str) -> str:
    """A Markdown template as a template of plain text: marks that do not read well are dropped."""
    text = _STRONG.sub(r"\1", markdown)
    text = _HEADING.sub(lambda found: found[1].upper(), text)
    return _LINK.sub(r"\1", text)


def verbatim(text: str, prefix: str = "") -> str:
    """Somebody's own words, line by line as they came."""
    return "\n".join(f"{VERBATIM}{prefix}{line}" for line in text.split("\n"))


def reflow(text: str) -> str:
    """Wrap paragraphs and list items at 72 columns; leave tables and verbatim lines alone."""
    blocks: list[str] = []
    paragraph: list[str] = []

    def flush() -> None:
        if paragraph:
            blocks.append(_wrap(" ".join(paragraph)))
            paragraph.clear()

    for line in text.split("\n"):
        stripped = line.strip()
        if line.startswith(VERBATIM):
            flush()
            blocks.append(line[1:].rstrip())
        elif not stripped:
            flush()
            blocks.append("")
        elif line.startswith("    "):
            flush()
            blocks.append(line.rstrip())
        elif _LIST.match(line):
            flush()
            paragraph.append(line.rstrip())
        else:
            paragraph.append(stripped)
    flush()
    return re.sub(r"\n{3,}", "\n\n", "\n".join(blocks)).strip("\n") + "\n"


def _wrap(paragraph: str) -> str:
    item = _LIST.fullmatch(paragraph)
    first, rest = ("", paragraph) if item is None else item.groups()
    return textwrap.fill(
        rest,
        COLUMNS,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )
