"""The report as one HTML file that needs nothing else: styles, plots and numbers in the file.

Readable from 320 px on, light and dark, without scripts and without network. The same page, with
pictures by content id instead of vectors, is the HTML part of the letter.
"""

from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final

from gateway.desk.figures import Counted, Figures
from gateway.report.plot import Plot
from gateway.report.plots import plots
from gateway.report.svg import draw_svg
from gateway.report.text import day_text, printable, share

STYLE: Final = """
:root { color-scheme: light dark; --ink: #1f2630; --soft: #55606e; --paper: #ffffff;
  --card: #f5f7f9; --line: #d9dde3; --good: #2e7d4f; --bad: #c0392b; --first: #2f6db5;
  --second: #b87412; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ebef; --soft: #a9b3c0; --paper: #14181d;
  --card: #1e242b; --line: #39424d; --good: #5fbf87; --bad: #f0776a; --first: #6ea8ea;
  --second: #e0a446; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 16px; max-width: 1280px; color: var(--ink);
  background: var(--paper); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 4px; overflow-wrap: anywhere; }
h2 { font-size: 1.1rem; margin: 32px 0 8px; }
p { margin: 0 0 16px; color: var(--soft); }
.cards { display: flex; flex-wrap: wrap; gap: 8px; padding: 0; margin: 16px 0; list-style: none; }
.cards li { flex: 1 1 130px; padding: 12px; background: var(--card); border-radius: 8px; }
.cards b { display: block; font-size: 1.5rem; line-height: 1.2; }
.cards span { display: block; color: var(--soft); font-size: .85rem; }
figure { margin: 0 0 8px; }
svg, img { display: block; width: 100%; max-width: 760px; height: auto; }
.narrow-screen { display: none; }
@media (max-width: 519px) { .wide-screen { display: none; } .narrow-screen { display: block; } }
svg text { font-size: 12px; fill: var(--soft); }
svg line { stroke: var(--line); stroke-width: 1; }
.good { fill: var(--good); } .bad { fill: var(--bad); }
.first { fill: var(--first); } .second { fill: var(--second); }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: .8125rem; font-variant-numeric: tabular-nums; }
th, td { padding: 4px 4px; border-bottom: 1px solid var(--line); text-align: right;
  white-space: nowrap; }
th:first-child, td:first-child { text-align: left; padding-left: 0; }
thead th { color: var(--soft); font-size: .75rem; font-weight: 600; white-space: normal;
  vertical-align: bottom; }
"""
COLUMNS: Final = (
    ("Mails", "mails"),
    ("In", "opened"),
    ("Out", "closed"),
    ("Kept", "kept"),
    ("Missed", "missed"),
    ("HotRush kept", "hotrush_kept"),
    ("HotRush missed", "hotrush_missed"),
    ("Sold", "sold"),
    ("Granted", "granted"),
    ("Reserved", "held"),
    ("Charged", "charged"),
    ("Returned", "returned"),
    ("Split", "splits"),
    ("Undone", "undone"),
    ("Refused", "refused"),
    ("Parked", "parked"),
)

Draw = Callable[[Plot], str]


def page(found: Figures, desk: str, *, draw: Draw = draw_svg) -> str:
    """The whole page; `desk` is the name that heads it."""
    title = f"{desk}: {found.first} to {found.last}"
    body = (
        f"<h1>{escape(desk)}</h1>",
        f"<p>{_period(found)}, made {found.made_at:%Y-%m-%d %H:%M} UTC</p>",
        _cards(found),
        *(_figure(plot, draw) for plot in plots(found)),
        _accounts(found),
        _periods("By week", found.weeks, found.total),
        _periods("By day", found.days, found.total),
    )
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        f"<title>{escape(title)}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n"
        + "\n".join(body)
        + "\n</body>\n</html>\n"
    )


def _period(found: Figures) -> str:
    return f"{day_text(found.first)} to {day_text(found.last)}"


def _cards(found: Figures) -> str:
    total = found.total
    cards = (
        (f"{total.opened} / {total.closed}", f"tickets in / out, {found.open_now} open now"),
        (
            share(total.kept_share),
            f"first response in time: {total.kept} kept, {total.missed} missed",
        ),
        (
            share(total.hotrush_share),
            f"HotRush in time: {total.hotrush_kept} kept, {total.hotrush_missed} missed",
        ),
        (
            str(total.charged),
            f"credits charged, {total.returned} returned, {total.sold} sold",
        ),
        (str(total.held), f"credits reserved, {found.held_now} reserved now"),
        (str(total.granted), "credits granted for free"),
        (str(total.splits), f"tickets split off, {total.undone} undone"),
        (
            str(total.mails),
            f"mails taken in, {total.refused} refused, {total.parked} parked",
        ),
        (str(found.refused_at_the_door), "mails refused at the door since this node began"),
        (str(found.overdue_now), "promises overdue now"),
    )
    items = (f"<li><b>{escape(big)}</b><span>{escape(words)}</span></li>" for big, words in cards)
    return f'<ul class="cards">{"".join(items)}</ul>'


def _figure(plot: Plot, draw: Draw) -> str:
    return f"<h2>{escape(plot.bars.title)}</h2>\n<figure>{draw(plot)}</figure>"


def _accounts(found: Figures) -> str:
    if not found.accounts:
        return ""
    rows = (
        tuple(map(str, (printable(one.account), one.opened, one.charged, one.returned, one.sold)))
        for one in found.accounts
    )
    head = ("Account", "Tickets", "Charged", "Returned", "Bought")
    return "<h2>Top accounts</h2>\n" + _table(head, rows)


def _periods(title: str, rows: Sequence[Counted], total: Counted) -> str:
    cells = [(day_text(one.day), *_numbers(one)) for one in rows]
    cells.append(("Total", *_numbers(total)))
    return f"<h2>{title}</h2>\n" + _table(("From", *(name for name, _ in COLUMNS)), cells)


def _numbers(one: Counted) -> tuple[str, ...]:
    return tuple(str(getattr(one, field)) for _, field in COLUMNS)


def _table(head: Iterable[str], rows: Iterable[Sequence[str]]) -> str:
    top = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{escape(row[0])}</th>'
        + "".join(f"<td>{escape(cell)}</td>" for cell in row[1:])
        + "</tr>\n"
        for row in rows
    )
    # Scrolls by itself where the screen is narrow, and can be reached by keyboard.
    return (
        '<div class="wide" tabindex="0" role="region" aria-label="figures"><table><thead><tr>'
        f"{top}</tr></thead><tbody>\n{body}</tbody></table></div>"
    )
