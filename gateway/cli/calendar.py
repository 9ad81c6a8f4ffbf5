"""`gateway calendar`: when the desk is open and why not, what is promised when, what is wrong."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.operator import (
    WRONG_SETTINGS,
    Config,
    Json,
    as_json,
    complain,
    operator_of,
    refuse,
)

if TYPE_CHECKING:
    from gateway.desk.policy import Policy
    from gateway.worktime.hours import Calendar

USAGE = 2
DAYS_MAX = 3_660
FIRST_YEAR, LAST_YEAR = 1970, 2199
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

LESSON = """Working time: hours, holidays and due times.

The calendar stands in policy.toml, section [calendar]: a zone, the periods of each weekday,
holidays (dates of your own, a country's, an iCalendar file), special days. Write it, check it, look
at the days around a holiday, and ask when a mail of Friday night is due:

\b
  gateway calendar check
  gateway calendar show --at 2026-12-20 --days 20
  gateway calendar due --at 2026-07-10T23:40
  gateway calendar due --at 2026-07-10T23:40 --hotrush

A changed calendar counts from the next start of `gateway run` on; due times of open tickets are
then counted again, without a letter.
"""

SHOW_LESSON = """Print the hours of the coming days, and why a day is closed or different.

\b
  gateway calendar show                               two weeks from today
  gateway calendar show --at 2026-12-20 --days 20     around the turn of the year
"""

DUE_LESSON = """Say when a mail is due, when staff is reminded and warned, and why.

An ordinary mail is due at the same time on the next working day, within its hours; a HotRush an
hour after it came, or after the next opening. Nothing is written.

\b
  gateway calendar due                                a mail of this moment
  gateway calendar due --at 2026-07-10T23:40          a mail of Friday night
  gateway calendar due --at 2026-07-10T19:40Z --hotrush
"""

app = typer.Typer(help=LESSON, no_args_is_help=True)

At = Annotated[
    str | None,
    typer.Option(
        "--at",
        help="2026-07-10T23:40 in the desk's time, or with an offset or Z. Now, if not given.",
        show_default=False,
    ),
]


@app.command(help=SHOW_LESSON)
def show(
    context: typer.Context,
    days: Annotated[int, typer.Option("--days", min=1, max=DAYS_MAX, help="How many days.")] = 14,
    at: At = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Print the hours of the coming days, and why a day is closed or different."""
    operator = operator_of(context)
    calendar = operator.settings(config).policy.calendar
    first = calendar.day_of(read_instant(calendar, at) or operator.clock())
    for number in range(days):
        row = day_row(calendar, first + timedelta(days=number))
        if json:
            print(as_json(row))
            continue
        hours = ", ".join(one["local"] for one in row["periods"]) or "closed"
        line = f"{row['weekday']} {row['date']}  {hours:24} {_hours(row['working_minutes']):>7}"
        print(f"{line}  {row['why']}".rstrip())


def day_row(calendar: "Calendar", day: date) -> dict[str, Any]:
    """One day: its periods, how long they are, and what makes it different."""
    periods = calendar.periods_of(day)
    open_time = sum((one.closes_at - one.opens_at for one in periods), timedelta(0))
    return {
        "date": day.isoformat(),
        "weekday": WEEKDAYS[day.weekday()],
        "periods": [
            {
                "opens_at": one.opens_at,
                "closes_at": one.closes_at,
                "local": f"{calendar.local(one.opens_at):%H:%M}"
                f"-{_closing(calendar, one.closes_at, day)}",
            }
            for one in periods
        ],
        "working_minutes": open_time // timedelta(minutes=1),
        "why": "; ".join(_why_different(calendar, day)),
    }


def _why_different(calendar: "Calendar", day: date) -> Iterator[str]:
    holiday = calendar.holiday(day)
    if holiday is not None:
        yield holiday if holiday == "holiday" else f"holiday: {holiday}"
    elif day in calendar.special_days:
        yield "special day"
    elif not calendar.periods_of(day):
        yield f"no hours on {WEEKDAYS[day.weekday()]}"
    morning, night = (offset_of(calendar, calendar.instant(day, at)) for at in (0, 24 * 60))
    if morning != night:
        yield f"the clock changes from {morning} to {night}"


def _closing(calendar: "Calendar", at: datetime, day: date) -> str:
    """24:00 is the end of the day, not the beginning of the next."""
    local = calendar.local(at)
    return (
        "24:00"
        if local.date() > day and local.time().isoformat() == "00:00:00"
        else (f"{local:%H:%M}")
    )


def _hours(minutes: int) -> str:
    return f"{minutes // 60}:{minutes % 60:02} h" if minutes else ""


@app.command(help=DUE_LESSON)
def due(
    context: typer.Context,
    at: At = None,
    hotrush: Annotated[bool, typer.Option("--hotrush", help="As a HotRush.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """Say when a mail is due, when staff is reminded and warned, and why."""
    from gateway.desk.model import ClockKind
    from gateway.desk.sla import promise, start_clock, steps

    operator = operator_of(context)
    policy = operator.settings(config).policy
    received_at = read_instant(policy.calendar, at) or operator.clock()
    promised = promise(policy, received_at, urgent=hotrush)
    clock = start_clock(policy, ClockKind.FIRST_RESPONSE, received_at, urgent=hotrush)
    names = {"reminder": "reminder_at", "warning": "warn_at"}
    ahead = {
        names.get(step.name, f"escalate_{step.name.rpartition(' ')[2]}_at"): step.at
        for step in steps(policy, clock)
    }
    overdue = max(operator.clock() - promised.due_at, timedelta(0))
    why = list(explain(policy, received_at, hotrush=hotrush))
    row = {
        "at": received_at,
        "level": "hotrush" if hotrush else "normal",
        "open": policy.calendar.is_open(received_at),
        "starts_at": promised.start_at,
        "first_response_due": promised.due_at,
        **ahead,
        "overdue_by": overdue or None,
        "why": [f"{word}: {text}" for word, text in why],
    }
    if json:
        print(as_json(row))
        return
    for word, text in why:
        print(f"{word + ':':14} {text}")
    for name, value in ahead.items():
        words = name.removesuffix("_at").replace("_", " ")
        print(f"{words + ':':14} {instant(policy.calendar, value)}")
    if overdue:
        print(f"{'overdue:':14} by {_span(overdue)} now")


def explain(policy: "Policy", at: datetime, *, hotrush: bool) -> Iterator[tuple[str, str]]:
    """How a due time comes about, step by step."""
    from gateway.desk.sla import promise

    calendar, promised = policy.calendar, promise(policy, at, urgent=hotrush)
    yield "received", instant(calendar, at)
    if promised.start_at > at:
        opens = instant(calendar, promised.start_at)
        yield "counts from", f"{opens}, the next opening: {_why_closed(calendar, at)}"
    else:
        yield "counts from", "then, since the desk is open"
    due = instant(calendar, promised.due_at)
    level = policy.sla.hotrush
    if hotrush:
        how = "of working time" if level.mode == "working" else "by the clock, also past closing"
        yield "due", f"{due}, {_span(level.target)} {how}"
        return
    days = policy.sla.normal.working_days
    when = "the next working day" if days == 1 else f"{days} working days later"
    yield "due", f"{due}, {when} at {_which_time(policy, promised.bound)}"


def _why_closed(calendar: "Calendar", at: datetime) -> str:
    holiday = calendar.holiday(calendar.day_of(at))
    if calendar.is_open(at):
        return "this day does not count"
    return "the desk is closed" + (f" ({holiday})" if holiday else "")


def _which_time(policy: "Policy", bound: str) -> str:
    if policy.sla.normal.mode == "end_of_day":
        return "closing"
    return {
        "opening": "opening, since the same time is before it",
        "closing": "closing, since the same time is after it",
    }.get(bound, "the same time")


def _span(duration: timedelta) -> str:
    """`60 min`, `133 days 21 h`."""
    minutes = duration // timedelta(minutes=1)
    if minutes <= 120:
        return f"{minutes} min"
    days, hours = divmod(minutes // 60, 24)
    return " ".join(part for part in (f"{days} days" if days else "", f"{hours} h") if part)


@app.command()
def check(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """Check the calendar and name what is wrong; exit code 78 for wrong settings.

    Each problem is one line: the file, the key, what to write instead, and the line it stands at.
    Also says what is right but may surprise: the next clock changes (a wrong sign in a POSIX rule
    shows there), years without holidays, events of a calendar file that were left out.
    """
    import os

    from gateway.settings.load import find_settings, load_settings
    from gateway.settings.problems import WrongSettings

    operator = operator_of(context)
    try:
        policy = load_settings(find_settings(config, os.environ)).policy
    except WrongSettings as error:
        if json:
            print(as_json({"ok": False, "problems": list(error.problems)}))
        else:
            for problem in error.problems:
                complain(problem)
        raise typer.Exit(WRONG_SETTINGS) from error
    row = {"ok": True, "problems": [], **findings(policy, operator.clock())}
    if json:
        print(as_json(row))
        return
    for name, value in row.items():
        if name in ("ok", "problems"):
            continue
        for one in value if isinstance(value, list) else [value]:
            print(f"{'note' if name == 'notes' else 'ok':5} {name.replace('_', ' '):14} {one}")


def findings(policy: "Policy", now: datetime) -> dict[str, Any]:
    """What the calendar comes to."""
    from gateway.worktime.ical import CalendarFile
    from gateway.worktime.zone import next_changes

    calendar = policy.calendar
    year = calendar.local(now).year
    known = {one: holidays_in(calendar, one) for one in (year, year + 1)}
    notes = [f"{when}: no holidays are known" for when, count in known.items() if not count]
    notes += [
        f"{made.left_out} events with times of day are no holidays and were left out"
        for made in calendar.yearly
        if isinstance(made, CalendarFile) and made.left_out
    ]
    changes = [f"{at:%Y-%m-%d %H:%M} UTC" for at in next_changes(calendar.zone, now)]
    minutes = sum(end - start for day in calendar.week for start, end in day)
    return {
        "now": instant(calendar, now) + (", open" if calendar.is_open(now) else ", closed"),
        "next_opening": instant(calendar, next(calendar.day_openings(now))),
        "clock_changes": ", ".join(changes) or "none",
        "hours_a_week": _hours(minutes).removesuffix(" h"),
        "holidays": ", ".join(f"{count} in {when}" for when, count in known.items()),
        "special_days": len(calendar.special_days),
        "notes": notes,
    }


def holidays_in(calendar: "Calendar", year: int) -> int:
    """How many days of a year are holidays."""
    days = (date(year, 1, 1) + timedelta(days=number) for number in range(366))
    return sum(calendar.holiday(day) is not None for day in days if day.year == year)


def read_instant(calendar: "Calendar", text: str | None) -> datetime | None:
    """An instant as an operator writes it; ends the command where it is none."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        refuse(f"--at {text!r} is no time that exists; write it like 2026-07-10T23:40", USAGE)
    if not FIRST_YEAR <= at.year <= LAST_YEAR:
        refuse(f"--at {text!r}: write a year from {FIRST_YEAR} to {LAST_YEAR}", USAGE)
    return at.astimezone(UTC) if at.tzinfo else calendar.instant_of(at)


def instant(calendar: "Calendar", at: datetime) -> str:
    """`Sat 2026-07-11 00:40 (UTC+4), 2026-07-10T20:40Z`."""
    local = calendar.local(at)
    return f"{local:%a %Y-%m-%d %H:%M} ({offset_of(calendar, at)}), {at:%Y-%m-%dT%H:%MZ}"


def offset_of(calendar: "Calendar", at: datetime) -> str:
    """`UTC+4`, `UTC+5:45`."""
    text = f"{calendar.local(at):%z}"
    hours, minutes = int(text[:3]), text[3:5]
    return f"UTC{hours:+d}" + (f":{minutes}" if minutes != "00" else "")
