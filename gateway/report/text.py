"""Figures as a text that is complete in itself: for the terminal, and as the body of the letter.

No line is wider than 72 columns. Names of accounts are foreign text: cut, and without controls.
"""

from collections.abc import Iterable, Sequence
from datetime import date

from gateway.desk.figures import NAMES, Counted, Figures

BAR = 24
NAME = 30


def table(found: Figures) -> str:
    """The whole report as text."""
    blocks = [
        _summary(found),
        _periods("By week", found.weeks),
        _credits("Credits by week", found.weeks),
        _periods("By day", found.days),
        _histogram(found),
        _accounts(found),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def day_text(day: date) -> str:
    """`Mon 2026-07-06`."""
    return f"{day:%a %Y-%m-%d}"


def share(value: float | None) -> str:
    """`93 %`, or a dash where nothing was due. Never rounded up to a full hundred."""
    return "–" if value is None else f"{int(value * 100)} %"


def _summary(found: Figures) -> list[str]:
    total = found.total
    lines = (
        ("Tickets in / out", f"{total.opened} / {total.closed}", f"{found.open_now} open now"),
        (
            "First response in time",
            f"{share(total.kept_share)}",
            f"{total.kept} kept, {total.missed} missed",
        ),
        (
            "HotRush in time",
            f"{share(total.hotrush_share)}",
            f"{total.hotrush_kept} kept, {total.hotrush_missed} missed",
        ),
        ("Overdue now", str(found.overdue_now), "promises that run and are late"),
        (
            "Credits charged",
            str(total.charged),
            f"{total.returned} returned, {total.sold} sold, {total.granted} granted",
        ),
        ("Credits reserved", str(total.held), f"{found.held_now} reserved now"),
        ("Split-off tickets", str(total.splits), f"{total.undone} undone"),
        (
            "Mails taken in",
            str(total.mails),
            f"{total.refused} refused, {total.parked} parked",
        ),
        ("Refused at the door", str(found.refused_at_the_door), "since this node began"),
    )
    head = f"{day_text(found.first)} to {day_text(found.last)}"
    return [head, "", *(f"{name:24}{value:>10}   {more}" for name, value, more in lines)]


def _periods(title: str, rows: Sequence[Counted]) -> list[str]:
    shown = _shown(rows)
    if not shown:
        return []
    head = (
        f"{title:16}{'mails':>7}{'in':>6}{'out':>6}{'kept':>7}{'missed':>8}"
        f"{'HotRush':>9}{'split':>6}{'undone':>7}"
    )
    return [
        head,
        *(
            f"{day_text(one.day):16}{one.mails:>7}{one.opened:>6}{one.closed:>6}{one.kept:>7}"
            f"{one.missed:>8}{_hotrush(one):>9}{one.splits:>6}{one.undone:>7}"
            for one in shown
        ),
    ]


def _shown(rows: Sequence[Counted]) -> list[Counted]:
    """Periods in which something happened; a lone one stands in any case."""
    return [one for one in rows if _any(one)] if len(rows) > 1 else list(rows)


def _hotrush(one: Counted) -> str:
    due = one.hotrush_kept + one.hotrush_missed
    return f"{one.hotrush_kept} of {due}" if due else "–"


def _credits(title: str, rows: Sequence[Counted]) -> list[str]:
    shown = _shown(rows)
    if not shown:
        return []
    head = (
        f"{title:16}{'sold':>8}{'granted':>9}{'reserved':>10}{'charged':>9}{'returned':>10}"
        f"{'parked':>8}"
    )
    return [
        head,
        *(
            f"{day_text(one.day):16}{one.sold:>8}{one.granted:>9}{one.held:>10}{one.charged:>9}"
            f"{one.returned:>10}{one.parked:>8}"
            for one in shown
        ),
    ]


def _any(one: Counted) -> bool:
    return any(getattr(one, name) for name in NAMES)


def hours_label(bound: int | None, before: int | None) -> str:
    """`2–4 h`; the last one is `over 32 h`."""
    if bound is None:
        return f"over {before} h"
    return f"up to {bound} h" if before is None else f"{before}–{bound} h"


def labelled(hours: Iterable[tuple[int | None, int]]) -> list[tuple[str, int]]:
    """The histogram with a label for each column."""
    made: list[tuple[str, int]] = []
    before: int | None = None
    for bound, count in hours:
        made.append((hours_label(bound, before), count))
        before = bound if bound is not None else before
    return made


def _histogram(found: Figures) -> list[str]:
    columns = labelled(found.hours)
    most = max((count for _, count in columns), default=0)
    if not most:
        return []
    bars = ((label, count, round(BAR * count / most)) for label, count in columns)
    return [
        "First response, in working hours after the mail",
        *(f"{label:16}{count:>7}  {'█' * width}".rstrip() for label, count, width in bars),
    ]


def _accounts(found: Figures) -> list[str]:
    if not found.accounts:
        return []
    return [
        f"{'Top accounts':{NAME}}{'tickets':>9}{'charged':>9}{'returned':>10}{'bought':>9}",
        *(
            f"{printable(one.account):{NAME}}{one.opened:>9}{one.charged:>9}{one.returned:>10}"
            f"{one.sold:>9}"
            for one in found.accounts
        ),
    ]


def printable(name: str) -> str:
    """A foreign name in one column, without control characters (attack A71)."""
    text = "".join(char if char.isprintable() else "?" for char in name)
    return text if len(text) < NAME else text[: NAME - 2] + "…"
