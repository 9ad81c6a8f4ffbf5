"""What every command of the operator needs: settings, the database, the clock, ways to print."""

import codecs
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, NoReturn

import typer

from gateway import journal

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Engine

    from gateway.settings.load import Settings
    from gateway.spool import Spool
    from gateway.work.intake import Desk

REFUSED = 1
FAULT = 70
TEMPORARY = 75
WRONG_SETTINGS = 78

_TITLES: Final = {"held": "reserved", "hold": "reserved"}

Config = Annotated[
    Path | None,
    typer.Option(
        "--config",
        "-c",
        help="The settings file. Else GATEWAY_CONFIG, desk/gateway.toml, config/gateway.toml, "
        "/etc/gateway/gateway.toml.",
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON object a line, for programs.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Print nothing but errors.")]


class Operator:
    """Settings and parts, opened when a command asks for them."""

    def __init__(self, clock: Callable[[], datetime] | None = None) -> None:
        self.clock = clock or (lambda: datetime.now(UTC))

    def settings(self, config: Path | None) -> "Settings":
        """The checked settings; all problems are printed and end the command with 78."""
        import os

        from gateway.settings.load import find_settings, load_settings
        from gateway.settings.problems import WrongSettings

        try:
            return load_settings(find_settings(config, os.environ))
        except WrongSettings as error:
            for problem in error.problems:
                complain(problem)
            raise typer.Exit(WRONG_SETTINGS) from error

    @contextmanager
    def desk(self, config: Path | None) -> "Iterator[tuple[Engine, Desk]]":
        """The database of the settings, brought up to date, and the desk's rules.

        What the desk refuses ends the command with its text; a database out of reach ends it
        with 75.
        """
        from gateway.desk.operator import NotPossible
        from gateway.store.reach import OUT_OF_REACH

        try:
            with self.opened(config) as parts:
                yield parts
        except NotPossible as error:
            refuse(str(error))
        except OUT_OF_REACH as error:
            refuse(f"the database is out of reach: {first_line(error)}", TEMPORARY)

    @contextmanager
    def opened(self, config: Path | None) -> "Iterator[tuple[Engine, Desk]]":
        """The same for whoever says himself what went wrong."""
        from gateway.daemon import plan_of
        from gateway.letters.shelf import Shelf
        from gateway.letters.writer import Writer
        from gateway.store.engine import open_engine
        from gateway.store.upgrade import upgrade
        from gateway.work.intake import Desk

        plan = plan_of(self.settings(config))
        engine = open_engine(plan.database_url)
        try:
            upgrade(engine)
            shelf = Shelf(plan.built_in_letters, plan.own_letters)
            yield (
                engine,
                Desk(
                    policy=plan.policy,
                    keys=plan.keys,
                    writer=Writer(shelf, plan.policy, plan.keys),
                    clock=self.clock,
                ),
            )
        finally:
            engine.dispose()

    @contextmanager
    def spool(self, config: Path | None) -> "Iterator[Spool]":
        """The spool of the settings' state folder."""
        from gateway.spool import Spool

        spool = Spool(self.settings(config).state_dir / "spool.db")
        try:
            yield spool
        finally:
            spool.close()


def operator_of(context: typer.Context) -> Operator:
    """The operator of this call; tests bring one with a clock of their own."""
    root = context.find_root()
    if not isinstance(root.obj, Operator):
        root.obj = Operator()
    journal.silent()
    return root.obj


def complain(text: str) -> None:
    """Tell what is wrong, on standard error."""
    print(text, file=sys.stderr)


def first_line(error: Exception) -> str:
    """What a driver says, without the statement and the explanations around it."""
    lines = str(getattr(error, "orig", None) or error).splitlines()
    return lines[0].strip() if lines else type(error).__name__


def refuse(text: str, code: int = REFUSED) -> NoReturn:
    """Tell what is wrong and end the command."""
    complain(text)
    raise typer.Exit(code)


def as_json(row: Mapping[str, Any]) -> str:
    """One line of JSON, escaped where the output lacks letters; instants in ISO 8601 and UTC."""
    has_all = codecs.lookup(sys.stdout.encoding or "ascii").name.startswith("utf-")
    return json.dumps(row, default=_plain, ensure_ascii=not has_all)


def tell(row: Mapping[str, Any], sentence: str, *, as_line: bool) -> None:
    """What was done: as a JSON line for programs, or as a sentence."""
    print(as_json(row) if as_line else sentence)


def print_rows(rows: Iterable[Mapping[str, Any]], *, as_lines: bool, zone: tzinfo = UTC) -> None:
    """Rows as JSON lines, or as a table for people, whose instants are in a zone.

    Names of fields are those of the acceptance cases; people read the words of letters.
    """
    listed = list(rows)
    if as_lines:
        for row in listed:
            print(as_json(row))
        return
    if not listed:
        complain("none")
        return
    names = list(listed[0])
    cells = [[title(name) for name in names]]
    cells += [[_shown(row[name], zone) for name in names] for row in listed]
    widths = [max(len(line[column]) for line in cells) for column in range(len(names))]
    for line in cells:
        print(
            "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def title(name: str) -> str:
    """A field as people read it."""
    return _TITLES.get(name) or name.replace("_", " ")


def _shown(value: Any, zone: tzinfo) -> str:
    if value is None:
        return "-"
    if isinstance(value, datetime):
        return value.astimezone(zone).strftime("%Y-%m-%d %H:%M")
    return printable(str(value))[:60]


def printable(text: str) -> str:
    """Control characters of strangers never reach the operator's terminal (attack A71)."""
    return "".join(char if char.isprintable() else "?" for char in text)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    if isinstance(value, timedelta):
        return value.total_seconds()
    return str(value)
