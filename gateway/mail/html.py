"""Turn the tree of an HTML body into readable text.

Rules for this file:
1. No recursion and no quadratic step: trees come from strangers (50,000 levels survive).
2. Nothing is fetched, nothing executed; what a reader would not see is not in the text.
3. Quotes are marked with `> ` as in plain text, so that one splitter serves both.

The tree is lxml's; the parser gives up beyond 2,048 levels, so deeper markup is flattened first.
"""

import re
from collections.abc import Iterator
from typing import Final, Protocol, cast

from gateway.mail.limits import HTML_CHARS_MAX
from gateway.mail.phrase import words

_SKIPPED: Final = words("""
    script style head title template object embed applet svg math iframe frameset noframes select
    datalist audio video canvas map button
""")
_PARAGRAPH: Final = words("""
    p ul ol dl table blockquote h1 h2 h3 h4 h5 h6 pre fieldset figure
""")
_BLOCK: Final = _PARAGRAPH | words("""
    div li dt dd tr tbody thead tfoot caption section article header footer main nav aside form
    address center figcaption body html hr legend details summary
""")
_SPACE: Final = re.compile(r"[ \t\n\r\f\xa0\u200b\ufeff]+")
_TAG: Final = re.compile(r"<(/?)([a-zA-Z][a-zA-Z0-9:]{0,20})\b[^<>]{0,4000}>")
_VOID: Final = words("""
    br hr img input meta link col area base wbr param source
""")
_HIDDEN: Final = re.compile(
    r"(?:display\s*:\s*none|visibility\s*:\s*hidden|mso-hide\s*:\s*all)", re.IGNORECASE
)
_CONDITIONAL: Final = re.compile(r"<!--(?:-?>|.*?(?:--!?>|\Z))|<!\[[^<>]*\]>|<\?[^<>]*>", re.DOTALL)
_DEPTH_MAX: Final = 200
_MANY_TAGS: Final = 5000
_BLANK_LINES: Final = re.compile(r"\n(?:[> ]*\n){2,}")


class Element(Protocol):
    """The little of an lxml element that is used here and in `html_quote`."""

    tag: object
    text: str | None
    tail: str | None

    def get(self, key: str, default: str) -> str:
        """Value of an attribute."""

    def getparent(self) -> "Element | None":
        """The element around it."""

    def getnext(self) -> "Element | None":
        """The next one beside it."""

    def iter(self) -> Iterator["Element"]:
        """It and all within it, in document order."""

    def remove(self, element: "Element") -> None:
        """Remove a child with the text behind it."""

    def clear(self, *, keep_tail: bool) -> None:
        """Remove all within it."""

    def __iter__(self) -> Iterator["Element"]: ...


def read_html(source: str) -> Element | None:
    """The tree of an HTML document; `None` where there is nothing to read."""
    source = source[:HTML_CHARS_MAX].replace("\x00", "\ufffd")
    source = _CONDITIONAL.sub("", source).strip()
    if not source:
        return None
    if source.count("<") > _MANY_TAGS:
        source = _flattened(source)
    tree, complete = _parsed(source)
    if not complete:
        tree, _ = _parsed(_flattened(source))
    return tree


def _parsed(source: str) -> tuple[Element | None, bool]:
    """The tree, and whether the parser saw all of it: it stops where elements nest too deeply."""
    from lxml import etree  # noqa: PLC0415 - most mails have a plain part and never need it

    parser = etree.HTMLParser(
        encoding="utf-8", huge_tree=True, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        tree = etree.fromstring(source.encode("utf_8", "replace"), parser)
    except (etree.LxmlError, ValueError):
        return None, False
    complete = not any("depth" in error.message for error in parser.error_log)
    return cast(Element, tree), complete


def _flattened(source: str) -> str:
    """`source` without the tags that lie deeper than `_DEPTH_MAX`."""
    depth = 0

    def keep(found: re.Match[str]) -> str:
        nonlocal depth
        if found[2].lower() in _VOID:
            return found[0]
        if found[1]:
            deep = depth > _DEPTH_MAX
            depth = max(0, depth - 1)
        else:
            depth += 1
            deep = depth > _DEPTH_MAX
        return " " if deep else found[0]

    return _TAG.sub(keep, source)


def text_of(tree: Element) -> str:
    """Readable text of a tree: paragraphs, lists, tables, links, quotes marked with `> `."""
    writer = _Writer()
    for event, element in _walk(tree):
        if event == "start":
            writer.start(element)
        else:
            writer.end(element)
    return writer.text()


def _walk(tree: Element) -> Iterator[tuple[str, Element]]:
    """Start and end of every visible element, in document order, without recursion."""
    from lxml import etree  # noqa: PLC0415 - loaded already by read_html

    walker = etree.iterwalk(tree, events=("start", "end"))
    for event, element in walker:
        if event == "start" and (
            not isinstance(element.tag, str) or element.tag in _SKIPPED or is_hidden(element)
        ):
            walker.skip_subtree()
        yield event, element


def is_hidden(element: Element) -> bool:
    """Whether a reader of the mail would not see the element."""
    style = element.get("style", "")
    return bool(style and _HIDDEN.search(style)) or element.get("hidden", "no") != "no"


class _Writer:
    """Collects lines while a tree is walked."""

    __slots__ = (
        "_cells",
        "_gap",
        "_items",
        "_line",
        "_lines",
        "_links",
        "_pre",
        "_prefix",
        "_skip",
    )

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._line = ""
        self._gap = 0
        self._prefix = ""
        self._pre = 0
        self._skip = 0
        self._items: list[int | None] = []
        self._links: list[tuple[str, int]] = []
        self._cells = False

    def start(self, element: Element) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if not tag or tag in _SKIPPED or is_hidden(element):
            self._skip += 1
            return
        if tag == "br":
            # A line break on an empty line is how most clients write a blank line.
            self._break(1 if self._line.strip() else 2)
        elif tag in ("td", "th"):
            self._cells = bool(self._line.strip())
        elif tag in _BLOCK:
            self._open_block(tag)
        elif tag == "a":
            self._links.append((element.get("href", ""), len(self._line)))
        self._write(element.text)

    def end(self, element: Element) -> None:
        tag = element.tag if isinstance(element.tag, str) else ""
        if not tag or tag in _SKIPPED or is_hidden(element):
            self._skip -= 1
        elif tag == "a" and self._links:
            self._close_link(*self._links.pop())
        elif tag in _BLOCK:
            self._close_block(tag)
        self._write(element.tail)

    def _open_block(self, tag: str) -> None:
        self._break(2 if tag in _PARAGRAPH and not (tag in ("ul", "ol") and self._items) else 1)
        if tag == "blockquote":
            self._flush()
            self._prefix += "> " if len(self._prefix) < 40 else ""
        elif tag in ("ul", "ol"):
            self._items.append(0 if tag == "ol" else None)
        elif tag == "li":
            self._open_item()
        elif tag == "pre":
            self._pre += 1
        elif tag == "hr":
            self._line = "---"
            self._break(1)

    def _open_item(self) -> None:
        indent = "  " * (min(len(self._items), 10) - 1)
        number = self._items[-1] if self._items else None
        if number is None:
            self._line = indent + "- "
        else:
            self._items[-1] = number + 1
            self._line = f"{indent}{number + 1}. "

    def _close_block(self, tag: str) -> None:
        if tag == "blockquote":
            self._break(1)
            self._flush()
            self._prefix = self._prefix[:-2]
        elif tag in ("ul", "ol") and self._items:
            self._items.pop()
        elif tag == "pre":
            self._pre -= 1
        self._break(2 if tag in _PARAGRAPH and not (tag in ("ul", "ol") and self._items) else 1)

    def _close_link(self, target: str, at: int) -> None:
        """Show where a link leads, unless its text says so."""
        label = self._line[at:].strip() if at <= len(self._line) else ""
        target = target.strip()
        bare = target.removeprefix("mailto:").removeprefix("https://").removeprefix("http://")
        if not target.startswith(("http://", "https://", "mailto:")) or not label:
            return
        if bare.rstrip("/").lower() in label.lower() or label.lower() in ("", bare.lower()):
            return
        self._line += f" <{target[:500]}>"

    def _write(self, text: str | None) -> None:
        if not text or self._skip:
            return
        if self._pre:
            first, *others = text.split("\n")
            self._line += first
            for line in others:
                self._break(1, keep=True)
                self._line = line
            return
        text = _SPACE.sub(" ", text)
        if not self._line or self._line.endswith(" "):
            text = text.lstrip(" ")
        if not text:
            return
        if self._cells and text != " ":
            self._line = self._line.rstrip() + " | "
            self._cells = False
            text = text.lstrip(" ")
        self._line += text

    def _break(self, gap: int, *, keep: bool = False) -> None:
        """End the line; `gap` 2 asks for a blank line before the next, `keep` even for nothing."""
        line = self._line.rstrip()
        self._line = ""
        self._cells = False
        if line or keep:
            self._flush()
            self._lines.append(self._prefix + line if line else self._prefix.rstrip())
        self._gap = max(self._gap, gap - 1)

    def _flush(self) -> None:
        if self._gap and self._lines:
            self._lines.append(self._prefix.rstrip())
        self._gap = 0

    def text(self) -> str:
        self._break(1)
        return _BLANK_LINES.sub("\n\n", "\n".join(self._lines)).strip("\n")
