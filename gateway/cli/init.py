"""`gateway init`: the settings of a new desk, from six questions."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, TypeVar

import typer

from gateway.cli.operator import WRONG_SETTINGS, Quiet, complain, refuse

if TYPE_CHECKING:
    from gateway.settings.starter import Answers

FOLDER: Final = Path("desk")
USAGE: Final = 2
Value = TypeVar("Value")


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command()(init)


def init(
    folder: Annotated[Path, typer.Argument(help="Where to write; `desk` is found later.")] = FOLDER,
    address: Annotated[
        str | None, typer.Option(help="Where customers write: support@desk.example.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the desk in letters.")] = None,
    zone: Annotated[str | None, typer.Option(help="Time zone: Europe/Berlin.")] = None,
    hours: Annotated[
        str | None, typer.Option(help="Working time: 'mon-fri 09:00-18:00, sat 10:00-14:00'.")
    ] = None,
    smarthost: Annotated[
        str | None,
        typer.Option(help="Server for letters: smtp://user:password@host:587; '' for a Maildir."),
    ] = None,
    person: Annotated[
        str | None, typer.Option(help="Who answers: 'Eva Example <eva@desk.example>'.")
    ] = None,
    quiet: Quiet = False,
) -> None:
    """Write the settings of a new desk, with every option and what it means.

    Asks for what is not given as an option, six questions at most; with all six it asks nothing.
    Files that are there already stay as they are.
    """
    from gateway.settings import starter
    from gateway.settings.problems import WrongSettings

    existing = [folder / one for one in starter.FILES if (folder / one).exists()]
    if existing:
        refuse(f"{existing[0]} is there already; nothing was changed. Name another folder.")
    at = _answer(address, "Where do customers write?", "support@desk.example", starter.read_address)
    domain = at.partition("@")[2]
    answers = starter.Answers(
        address=at,
        name=_answer(name, "What is the desk called in letters?", "Support desk", _text),
        zone=_answer(zone, "In which time zone does it work?", local_zone(), _zone),
        hours=_answer(hours, "When is it open?", "mon-fri 09:00-18:00", _checked_hours),
        smarthost=_answer(
            smarthost,
            "Which server takes its letters, smtp://user:password@host:587? (none: a Maildir)",
            "",
            _smarthost,
        ),
        person=_answer(
            person, "Who answers first?", f"Eva Example <eva@{domain}>", _checked_person
        ),
    )
    try:
        paths = starter.write_settings(folder, answers)
    except starter.FilesExist as error:
        refuse(str(error))
    except WrongSettings as error:
        for problem in error.problems:
            complain(problem)
        raise typer.Exit(WRONG_SETTINGS) from error
    except OSError as error:
        refuse(f"{folder}: {error.strerror}")
    if not quiet:
        print(_next_steps(paths, folder, answers))


def _answer(given: str | None, question: str, default: str, read: Callable[[str], Value]) -> Value:
    """The answer to a question; asked again while it cannot be used."""
    from gateway.settings.starter import WrongAnswer

    while True:
        text = given
        if text is None:
            text = _ask(question, default)
        try:
            return read(text)
        except WrongAnswer as error:
            complain(str(error))
            if given is not None:
                raise typer.Exit(USAGE) from error


def _ask(question: str, default: str) -> str:
    """What somebody types; without anybody there, what to do instead."""
    try:
        answer: str = typer.prompt(question, default=default, show_default=bool(default), err=True)
    except typer.Abort:
        if sys.stdin.isatty():
            raise
        complain("")
        refuse(
            "nobody is there to answer: give all six answers as options (--address --name --zone "
            "--hours --smarthost --person), or run gateway init in a terminal",
            USAGE,
        )
    return answer


def _text(text: str) -> str:
    from gateway.settings.starter import WrongAnswer

    if not text.strip() or not text.isprintable():
        raise WrongAnswer("write a name on one line")
    return text.strip()


def _zone(text: str) -> str:
    from gateway.settings.starter import WrongAnswer
    from gateway.worktime.zone import UnknownZone
    from gateway.worktime.zone import zone as find

    try:
        find(text.strip())
    except UnknownZone as error:
        raise WrongAnswer(str(error)) from error
    return text.strip()


def _checked_hours(text: str) -> str:
    from gateway.settings.starter import read_hours

    read_hours(text)
    return text


def _checked_person(text: str) -> str:
    from gateway.settings.starter import read_person

    read_person(text)
    return text


def _smarthost(text: str) -> str:
    from gateway.settings.starter import WrongAnswer
    from gateway.wire.relay import read_relay

    if not text.strip():
        return ""
    try:
        read_relay(text.strip(), timeout=1)
    except ValueError as error:
        shown = text.strip().rpartition("@")[2]
        raise WrongAnswer(f"--smarthost {shown!r}: {error}") from error
    return text.strip()


def local_zone(link: Path = Path("/etc/localtime")) -> str:
    """The zone of this machine, as the name that its link says, else UTC."""
    from gateway.worktime.zone import UnknownZone, zone

    name = str(link.resolve()).partition("zoneinfo/")[2]
    try:
        zone(name)
    except UnknownZone:
        return "UTC"
    return name or "UTC"


def _next_steps(paths: list[Path], folder: Path, answers: "Answers") -> str:
    config = "" if folder == FOLDER else f" --config {folder / 'gateway.toml'}"
    letters = answers.smarthost.rpartition("@")[2] or f"the Maildir {folder / 'state/letters'}"
    lines = [
        *(f"written: {path}" for path in paths),
        "",
        "Next:",
        f"  gateway check --connect{config}",
        f"  gateway run{config}",
        f"Mail for {answers.address} goes to 127.0.0.1:8025 (README: Connect your mail);",
        f"letters go to {letters}.",
        f"Prices and promises: {folder / 'policy.toml'}; more people: {folder / 'staff.toml'}.",
    ]
    return "\n".join(lines)
