"""The HTML part of a letter: the same Markdown as the text, in the desk's frame.

Markdown, frame and style sheet become one page with marks, which is kept: for one letter only its
values are put in, escaped. Nothing is fetched from anywhere: no image, no remote style, no script.
Styles stand on the elements, because mail programs drop style sheets; what is left of the sheet is
for dark mode.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Any, Final

import css_inline
from jinja2 import Environment
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token

from gateway.letters import colour
from gateway.letters.marks import (
    BUTTON,
    CLOSE,
    HOLD,
    OPEN,
    QUOTED,
    SAID,
    STAY,
    WORD,
    Button,
    Said,
    Value,
    one_line,
    printable_lines,
    spaced,
    turns,
)
from gateway.letters.text import cells_of, numeric_columns

BLOCK: Final = "B"
"""Somebody's words between paragraphs."""
TITLE: Final = "T"
HREF: Final = "H"
LABEL: Final = "L"
_SURFACE: Final = "#ffffff"
_SURFACE_IN_THE_DARK: Final = "#1f262e"
_STRONG: Final = re.compile(r"\*\*(.+?)\*\*")
_SPACES: Final = re.compile(r" (?= )|^ ", re.MULTILINE)
_SHEET: Final = re.compile(r"<style>(.*?)</style>", re.DOTALL)
_SAFE_LINK: Final = ("https://", "http://", "mailto:")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """What of a rendered template goes onto a page; Markdown with marks, except the title."""

    body: str
    title: str
    line: str = ""
    """Which ticket it is about, on one line."""
    foot: str = ""
    above: str = ""
    """The line that replies are written above."""
    language: str = "en"


@dataclass(frozen=True, slots=True)
class Page:
    """A page in pieces: HTML of ours and places for values in turn."""

    pieces: tuple[tuple[str, str, int], ...]
    """HTML, then the kind and the index of the value behind it."""
    end: str


class Stationery:
    """The frame of one desk: its name, its colour, its style."""

    def __init__(self, folder: Path, desk: str, accent: str) -> None:
        # What goes in is style of ours, and HTML that was escaped before.
        settings = {"trim_blocks": True, "lstrip_blocks": True, "autoescape": False}
        environment = Environment(**settings)  # type: ignore[arg-type]  # noqa: S701 - see above
        style = environment.from_string((folder / "style.css").read_text(encoding="utf-8"))
        self._frame = environment.from_string((folder / "letter.html").read_text(encoding="utf-8"))
        self._desk = escape(desk)
        self._style = style.render(
            accent=accent,
            on_accent=colour.text_on(accent),
            link=colour.readable_on(_SURFACE, accent),
            link_in_the_dark=colour.readable_on(_SURFACE_IN_THE_DARK, accent),
        )
        self._inliner = css_inline.CSSInliner(keep_at_rules=True, load_remote_stylesheets=False)

    def page(self, sheet: Sheet, mark: re.Pattern[str], nonce: str) -> Page:
        """The page of a rendered template, its styles on its elements."""
        html = self._frame.render(
            language=escape(sheet.language),
            style=self._style,
            title=_kinds(escape(sheet.title), mark, TITLE, nonce),
            above=escape(sheet.above),
            desk=self._desk,
            line=escape(sheet.line.strip()),
            body=_set(sheet.body, mark, nonce),
            foot=_set(sheet.foot, mark, nonce),
        )
        inlined = _sheet_last(self._inliner.inline(html))
        pieces: list[tuple[str, str, int]] = []
        end = 0
        for one in re.finditer(f"{OPEN}{nonce}([a-zA-Z])(\\d+){CLOSE}", inlined):
            pieces.append((inlined[end : one.start()], one[1], int(one[2])))
            end = one.end()
        return Page(tuple(pieces), inlined[end:])


def _sheet_last(html: str) -> str:
    """The page with what is left of its style sheet behind the charset, and without its breaks."""
    found = _SHEET.search(html)
    if found is None:
        return html
    sheet = f"<style>{' '.join(found[1].split())}</style>\n"
    rest = html[: found.start()] + html[found.end() :].lstrip("\n")
    return rest.replace("</head>", sheet + "</head>", 1)


def fill(page: Page, values: Sequence[Value]) -> str:
    """The HTML of one letter."""
    made: list[str] = []
    for before, kind, index in page.pieces:
        made += (before, _html(kind, values[index]))
    made.append(page.end)
    return "".join(made)


def _html(kind: str, value: Value) -> str:
    """A value as HTML, where it stands."""
    if isinstance(value, Button):
        return escape(value.href if kind == HREF else value.label)
    if kind == BLOCK and isinstance(value, Said):
        return said(value.text)
    text = one_line(value)
    made = escape(text).replace(STAY, "&nbsp;").replace(HOLD, " ")
    # In the title no element may stand.
    return f"<bdi>{made}</bdi>" if kind != TITLE and turns(text) else made


def said(text: str) -> str:
    """Somebody's own words: every line and every space stays where it was."""
    lines = "\n".join(printable_lines(text)).strip("\n")
    kept = spaced(escape(lines).replace("\t", "    "))
    if "  " in kept or "\n " in kept or kept.startswith(" "):
        kept = _SPACES.sub("&nbsp;", kept)
    return kept.replace("\n", "<br>\n")


def _set(markdown: str, mark: re.Pattern[str], nonce: str) -> str:
    """Markdown with marks as HTML with marks: each says how its value is to be shown there."""
    html = str(_MARKDOWN.render(markdown, {"mark": mark})).strip()
    html = re.sub(f"<p>{mark.pattern}</p>", lambda one: _block(one[0], one[1], one[2], nonce), html)
    buttons = f"<p>((?:{OPEN}{nonce}{BUTTON}\\d+{CLOSE}\\s*)+)</p>"
    html = re.sub(buttons, r'<p class="acts">\1</p>', html)
    return mark.sub(lambda one: _inline(one[1], one[2], nonce), html)


def _kinds(text: str, mark: re.Pattern[str], kind: str, nonce: str) -> str:
    return mark.sub(lambda one: _mark(nonce, kind, one[2]), text)


def _mark(nonce: str, kind: str, index: str) -> str:
    return f"{OPEN}{nonce}{kind}{index}{CLOSE}"


def _block(html: str, kind: str, index: str, nonce: str) -> str:
    """Somebody's words that are all of a paragraph stand between the paragraphs."""
    place = _mark(nonce, BLOCK, index)
    if kind == QUOTED:
        return f'<blockquote class="quote" dir="auto">{place}</blockquote>'
    if kind == SAID:
        return f'<div class="said" dir="auto">{place}</div>'
    return html


def _inline(kind: str, index: str, nonce: str) -> str:
    if kind == BUTTON:
        href, label = _mark(nonce, HREF, index), _mark(nonce, LABEL, index)
        return f'<a class="act" href="{href}">{label}</a>'
    place = _mark(nonce, kind, index)
    return f'<strong class="say">{place}</strong>' if kind == WORD else place


def _table(
    self: RendererHTML, tokens: Sequence[Token], index: int, options: Any, env: dict[str, Any]
) -> str:
    """Rows indented by four spaces: a table, or lines to be written where each has one cell."""
    del self, options
    mark: re.Pattern[str] = env["mark"]
    rows = [cells_of(line) for line in tokens[index].content.split("\n") if line.strip()]
    if all(len(row) == 1 for row in rows):
        lines = "<br>\n".join(_cell(row[0]) for row in rows)
        return f'<div class="write">{lines}</div>\n'
    numeric = numeric_columns(rows, mark)
    columns = max(map(len, rows))
    made = "\n".join(_row(row, columns, numeric) for row in rows)
    return f'<table class="facts">\n{made}\n</table>\n'


def _row(row: list[str], columns: int, numeric: frozenset[int]) -> str:
    made = []
    for column, cell in enumerate(row):
        is_last = column + 1 == len(row)
        span = f' colspan="{columns - column}"' if is_last and column + 1 < columns else ""
        if column == 0 and cell.endswith(":"):
            made.append(f'<th scope="row">{_cell(cell)}</th>')
        elif column in numeric:
            made.append(f'<td class="number"{span}>{_cell(cell)}</td>')
        else:
            made.append(f"<td{span}>{_cell(cell)}</td>")
    return f"<tr>{''.join(made)}</tr>"


def _cell(text: str) -> str:
    return _STRONG.sub(r"<strong>\1</strong>", escape(text))


def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False})
    # What the text part would show as it is written is no Markdown of ours.
    made.disable(["image", "html_inline", "html_block", "entity", "escape", "lheading"])
    made.disable(["reference", "hr"])
    made.add_render_rule("code_block", _table)
    # The link of a button or an address may hold marks: it stays as it is.
    made.normalizeLink = lambda url: url  # type: ignore[method-assign]  # how markdown-it is told
    made.validateLink = lambda url: url.startswith(_SAFE_LINK)  # type: ignore[method-assign]  # as above
    return made


_MARKDOWN: Final = _markdown()
