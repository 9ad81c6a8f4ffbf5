"""Which plots a report has."""

from collections.abc import Iterator

from gateway.desk.figures import Counted, Figures
from gateway.report.plot import Bars, Colour, Plot, Series, lay_out
from gateway.report.text import labelled

WEEKS_FROM = 42
"""Longer periods are drawn by week."""


def plots(found: Figures) -> list[Plot]:
    """The plots of a report, in the order in which they are shown."""
    return [lay_out(bars) for bars in _bars(found)]


def _bars(found: Figures) -> Iterator[Bars]:
    rows = found.days if len(found.days) <= WEEKS_FROM else found.weeks
    by = "day" if rows is found.days else "week"
    columns = [f"{one.day.day}.{one.day.month}." for one in rows]
    yield Bars(
        name="tickets",
        title=f"Tickets in and out, by {by}",
        columns=columns,
        series=_series(rows, ("in", "first", "opened"), ("out", "second", "closed")),
        beside=True,
    )
    yield Bars(
        name="promises",
        title=f"First responses against the promise, by {by}",
        columns=columns,
        series=_series(rows, ("kept", "good", "kept"), ("missed", "bad", "missed")),
    )
    yield Bars(
        name="hotrush",
        title=f"HotRush against the promise, by {by}",
        columns=columns,
        series=_series(rows, ("kept", "good", "hotrush_kept"), ("missed", "bad", "hotrush_missed")),
    )
    hours = labelled(found.hours)
    yield Bars(
        name="hours",
        title="First response, in working hours after the mail",
        columns=[label for label, _ in hours],
        series=(Series(name="tickets", colour="first", values=[count for _, count in hours]),),
    )
    yield Bars(
        name="credits",
        title=f"Credits charged and sold, by {by}",
        columns=columns,
        series=_series(rows, ("charged", "first", "charged"), ("sold", "second", "sold")),
        beside=True,
    )


def _series(rows: tuple[Counted, ...], *wanted: tuple[str, Colour, str]) -> tuple[Series, ...]:
    return tuple(
        Series(name=name, colour=colour, values=[getattr(one, field) for one in rows])
        for name, colour, field in wanted
    )
