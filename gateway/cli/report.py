"""`gateway report`: how the desk keeps its promises, by day and week."""

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.operator import Config, Json, Operator, Quiet, as_json, operator_of, refuse
from gateway.cli.progress import progress

if TYPE_CHECKING:
    from gateway.desk.figures import Figures
    from gateway.store.reports import Told

DAYS = 28
STDOUT = Path("-")
USAGE = 2
EARLIEST = date(1971, 1, 1)
LATEST = date(2999, 12, 31)


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command()(report)


def report(
    context: typer.Context,
    since: Annotated[
        str | None, typer.Option("--since", help="First day, such as 2026-07-01.")
    ] = None,
    until: Annotated[str | None, typer.Option("--until", help="Last day; else today.")] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write one HTML file with plots.")
    ] = None,
    csv: Annotated[
        Path | None, typer.Option("--csv", help="Write a line for each day; - prints.")
    ] = None,
    send: Annotated[bool, typer.Option("--send", help="Put it into the outbox for leads.")] = False,
    config: Config = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Report on the desk: promises kept and missed, credits, splits, load.

    Counts whole days of the desk's calendar, the last four weeks unless told otherwise. A promise
    counts on the day of the answer that kept it, or on the day it was missed. Prints a table;
    --html makes a page to look at or pass on, --csv and --json feed other programs. To get it by
    mail every week, set report.weekday in policy.toml.
    """
    from gateway.store.reports import STAGES

    operator = operator_of(context)
    first, last = _period(operator, config, since, until)
    with progress("report", len(STAGES) + 1, quiet=quiet or json) as told:
        found, desk = _count(operator, config, first, last, told)
        told("writing")
        _write(found, desk, html, csv)
    if json:
        from gateway.report.rows import as_object

        print(as_json(as_object(found)))
    elif not quiet and not (html or csv):
        from gateway.report.text import table

        print(table(found), end="")
    if send:
        _send(operator, config, found)
    for path in (html, csv):
        if path and path != STDOUT and not quiet and not json:
            print(f"written: {path.resolve()}")


def _period(
    operator: Operator, config: Path | None, since: str | None, until: str | None
) -> tuple[date, date]:
    calendar = operator.settings(config).policy.calendar
    last = _day(until, "--until") or calendar.day_of(operator.clock())
    first = _day(since, "--since") or last - timedelta(days=DAYS - 1)
    if last < first:
        refuse(f"--until {last} is before --since {first}", USAGE)
    if (last - first).days > 3_660:
        refuse("a report covers ten years at most", USAGE)
    return first, last


def _day(text: str | None, option: str) -> date | None:
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        refuse(f"{option} {text!r} is no day; write it like 2026-07-01", USAGE)
    if not EARLIEST <= day <= LATEST:
        refuse(f"{option} {day} is no day of a desk: {EARLIEST} to {LATEST}", USAGE)
    return day


def _count(
    operator: Operator, config: Path | None, first: date, last: date, told: "Told"
) -> "tuple[Figures, str]":
    from gateway.store.transaction import run_once
    from gateway.work.reporting import count

    with operator.spool(config) as spool, operator.desk(config) as (engine, desk):
        found = run_once(engine, lambda c: count(c, desk, spool, (first, last), told))
        return found, desk.policy.operator.name


def _write(found: "Figures", desk: str, html: Path | None, csv: Path | None) -> None:
    from gateway.report.page import page
    from gateway.report.rows import as_csv

    try:
        if html:
            html.write_text(page(found, desk), encoding="utf-8")
        if csv:
            _write_csv(csv, as_csv(found))
    except OSError as error:
        refuse(f"{error.filename}: {error.strerror}")


def _write_csv(csv: Path, rows: str) -> None:
    if csv == STDOUT:
        print(rows, end="")
    else:
        csv.write_text(rows, encoding="utf-8")


def _send(operator: Operator, config: Path | None, found: "Figures") -> None:
    from gateway.desk.operator import NotPossible
    from gateway.store.transaction import run_once
    from gateway.work.reporting import send

    with operator.desk(config) as (engine, desk):
        event = f"report:by hand:{desk.clock().isoformat()}"
        count = run_once(engine, lambda c: send(c, desk, found, event=event))
        if not count:
            raise NotPossible("nobody in staff.toml has the role lead")
    what = "1 letter is" if count == 1 else f"{count} letters are"
    print(f"{what} in the outbox; a running gateway sends them", file=sys.stderr)
