"""The report as text, page, picture and rows: complete, legible, safe, and the same numbers."""

import csv
import io
import re
from datetime import UTC, date, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from calendars import calendar
from looks import SCHEMES, WIDTHS, assert_looks_well
from PIL import ImageFont
from servers.chromium import Browser

from gateway.desk.figures import NAMES, Figures, figures
from gateway.desk.history import EntryPast, History, PromisePast, TicketPast
from gateway.desk.model import ClockKind
from gateway.ledger.entry import Kind
from gateway.report.page import STYLE, page
from gateway.report.plot import LETTER, NARROW, Label, lay_out
from gateway.report.plots import plots
from gateway.report.png import drawable
from gateway.report.rows import as_csv, as_object
from gateway.report.text import table

FIRST = date(2026, 6, 15)
NOON = datetime(2026, 7, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
HOSTILE = "<script>alert(1)</script>\x1b[31m" + "x" * 300
VOID = {"meta", "img", "rect", "line", "br"}


def busy_month(last: date = date(2026, 7, 12)) -> Figures:
    """Some four weeks of a desk with every kind of figure above 0."""
    tickets, promises = [], []
    for number in range(60):
        at = datetime(2026, 6, 15, 9, tzinfo=UTC) + number * 9 * HOUR
        late = number % 7 == 0
        answered = at + (30 if late else number % 5) * HOUR
        tickets.append(
            TicketPast(
                number=number,
                account=HOSTILE if number % 3 else "acme",
                received_at=at,
                first_response_at=answered,
                closed_at=answered + HOUR if number % 2 or number % 20 == 10 else None,
                parent=1 if number % 10 == 0 else None,
                merged_into=1 if number % 20 == 10 else None,
                is_split=number % 10 == 0,
            )
        )
        promises.append(
            PromisePast(
                ticket=number,
                kind=ClockKind.FIRST_RESPONSE,
                due_at=at + 24 * HOUR,
                urgent=number % 4 == 0,
                stopped_at=answered,
                met=True,
            )
        )
    entries = [
        EntryPast(account="acme", kind=kind, amount=amount, held=held, at=NOON)
        for kind, amount, held in (
            (Kind.PURCHASE, 50, 0),
            (Kind.GRANT, 40, 0),
            (Kind.HOLD, 0, 20),
            (Kind.CHARGE, -20, -20),
            (Kind.REFUND, 10, 0),
        )
    ]
    history = History(
        tickets=tuple(tickets),
        promises=tuple(promises),
        entries=tuple(entries),
        mails_at=tuple(one.received_at for one in tickets),
        refused_at=(NOON,),
        parked_at=(NOON, NOON),
        refused_at_the_door=7,
        open_now=30,
        held_now=12,
    )
    berlin = calendar(name="Europe/Berlin")
    return figures(history, berlin, first=FIRST, last=last, now=NOON)


EMPTY = figures(History(), calendar(), first=FIRST, last=FIRST, now=NOON)
YEARS = busy_month(date(2027, 12, 31))


class Reading(HTMLParser):
    """Text of a page, what it refers to, and whether its elements nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.words: list[str] = []
        self.refers: list[str] = []
        self.ids: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.refers += [value or "" for name, value in attrs if name in ("src", "href")]
        self.ids += [value or "" for name, value in attrs if name == "id"]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.words.append(data)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(busy_month(), id="a busy month"),
        pytest.param(EMPTY, id="a day without anything"),
        pytest.param(YEARS, id="years"),
    ],
)
def test_a_page_is_whole_and_needs_nothing_else(found: Figures) -> None:
    html = page(found, "Desk & <Sons>")

    seen = Reading(html)
    assert seen.open == []
    assert seen.refers == []
    assert len(seen.ids) == len(set(seen.ids))
    assert not re.search(r"https?:|url\(|@import|<script", html)
    assert "Desk & <Sons>" in "".join(seen.words)


def test_names_of_accounts_are_escaped_cut_and_without_controls() -> None:
    found = busy_month()

    assert "<script>" not in page(found, "Desk")
    for text in (table(found), page(found, "Desk")):
        assert "\x1b" not in text
        assert "x" * 40 not in text


def test_the_text_is_no_wider_than_a_letter() -> None:
    for found in (busy_month(), EMPTY, YEARS):
        assert max(map(len, table(found).splitlines())) <= 72


def test_a_week_stands_in_both_tables_or_in_none() -> None:
    blocks = table(busy_month(date(2026, 7, 26))).split("\n\n")

    (tickets,) = (one for one in blocks if one.startswith("By week"))
    (credits_,) = (one for one in blocks if one.startswith("Credits by week"))
    mondays = [re.findall(r"^Mon \S+", one, re.MULTILINE) for one in (tickets, credits_)]
    assert mondays[0] == mondays[1] != []


@pytest.mark.parametrize("name", NAMES)
def test_every_figure_is_in_every_form(name: str) -> None:
    found = busy_month()
    value = str(getattr(found.total, name))

    assert value != "0", "the example must have every figure"
    assert value in re.findall(r"\d+", table(found))
    assert value in re.findall(r"\d+", " ".join(Reading(page(found, "Desk")).words))
    assert as_object(found)["total"][name] == int(value)
    lines = csv.DictReader(io.StringIO(as_csv(found)))
    assert sum(int(line[name]) for line in lines) == int(value)


def luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("scheme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("ink", "ground"), [("ink", "paper"), ("soft", "paper"), ("soft", "card")])
def test_text_stands_out_from_its_ground(scheme: int, ink: str, ground: str) -> None:
    colours = [re.findall(rf"--{name}: (#\w{{6}})", STYLE)[scheme] for name in (ink, ground)]

    dark, light = sorted(map(luminance, colours))
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_bars_stay_inside_their_plot() -> None:
    for found in (busy_month(), EMPTY, YEARS):
        wide = plots(found)
        for plot in (*wide, *(lay_out(one.bars, NARROW) for one in wide)):
            for shape in plot.shapes:
                x, width = getattr(shape, "x", 0), getattr(shape, "width", 0)
                assert 0 <= x <= x + width <= plot.width
                if isinstance(shape, Label) and shape.anchor == "middle":
                    assert shape.x + len(shape.text) * LETTER * 0.3 <= plot.width
                assert 0 <= shape.y <= shape.y + getattr(shape, "height", 0) <= plot.height


def test_the_font_has_every_character_of_a_picture() -> None:
    font = ImageFont.load_default(24)
    box = bytes(font.getmask("\uffff"))
    labels = "".join(
        drawable(one.text)
        for plot in plots(busy_month())
        for one in plot.shapes
        if isinstance(one, Label)
    )

    assert [one for one in sorted(set(labels)) if bytes(font.getmask(one)) == box] == []


def test_a_picture_for_the_letter_is_a_png_of_its_size() -> None:
    image = pytest.importorskip("PIL.Image", reason="Pillow is a dependency; sync the environment")
    from gateway.report.png import FINE, draw_png  # noqa: PLC0415 - needs Pillow

    for plot in plots(busy_month()):
        content = draw_png(plot)

        with image.open(io.BytesIO(content)) as shown:
            assert shown.size == (plot.width * FINE, plot.height * FINE)
            assert shown.format == "PNG"
            assert len(shown.convert("RGB").getcolors(100_000)) > 3
        assert len(content) < 60_000


CUT = """
(() => {
  const cut = (kind) => [...document.querySelectorAll(kind)].filter(
    (one) => one.scrollWidth > one.clientWidth).length;
  const shown = [...document.querySelectorAll("svg")].filter((one) => one.clientWidth > 0);
  return {tables: cut(".wide"), plots: cut("figure"), shown: shown.length};
})()
"""


@pytest.mark.slow
@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_the_page_reads_well_and_pictures_are_taken(
    chromium: Browser, width: int, scheme: str, tmp_path: Path
) -> None:
    found = busy_month()

    chromium.show(page(found, "Desk"), width=width, scheme=scheme)
    picture = chromium.picture()
    (tmp_path / f"report-{width}-{scheme}.png").write_bytes(picture)

    assert_looks_well(chromium, scheme, f"the report at {width} px, {scheme}")
    cut = chromium.run(CUT)
    assert cut["plots"] == 0, "no plot hides its newest days"
    assert cut["shown"] == len(plots(found)), "each plot is shown once"
    assert width < 1200 or cut["tables"] == 0, "no table is cut on a wide screen"
    assert len(picture) > 5_000
