"""`gateway run` and `gateway check`: serve, and say beforehand whether it would work."""

import asyncio
import sqlite3
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.mailboxes import probe as mailbox_probe
from gateway.cli.operator import (
    FAULT,
    TEMPORARY,
    WRONG_SETTINGS,
    Config,
    Json,
    Operator,
    as_json,
    complain,
    first_line,
    operator_of,
    refuse,
)

if TYPE_CHECKING:
    from gateway.settings.load import Settings

Probe = Callable[[Operator, Path | None], tuple[str, str]]


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command()(run)
    app.command()(check)


def run(context: typer.Context, config: Config = None) -> None:
    """Serve: take mail in, decide, send letters, keep promises. Ends cleanly on SIGTERM.

    Prints one line `ready smtp=HOST:PORT pid=…` when mail is taken.
    """
    from sqlalchemy.exc import SQLAlchemyError

    from gateway import journal
    from gateway.daemon import Daemon, run_until_signalled
    from gateway.hold import AlreadyRunning
    from gateway.spool import SpoolFailure, SpoolFull
    from gateway.store.engine import UnsafeDatabase
    from gateway.store.revision import NewerDatabase
    from gateway.wire.dkim_sign import CannotSign
    from gateway.wire.smtp_users import BadUsersFile
    from gateway.work.drain import causes
    from gateway.work.intake import describe_failure

    settings = operator_of(context).settings(config)
    _need_files(settings)
    journal.start(form=settings.gateway.log.format, level=settings.gateway.log.level)
    try:
        asyncio.run(run_until_signalled(Daemon(settings)))
    except (AlreadyRunning, UnsafeDatabase, NewerDatabase) as error:
        refuse(str(error))
    except SQLAlchemyError as error:
        refuse(f"the database cannot be reached: {first_line(error)}", TEMPORARY)
    except (OSError, BadUsersFile, CannotSign, SpoolFailure, SpoolFull, sqlite3.Error) as error:
        refuse(f"cannot start: {error}")
    except ExceptionGroup as group:
        told = ", ".join(map(describe_failure, causes(group)))
        journal.fail("crashed", reason=told)
        refuse(f"ended by a fault of the gateway: {told}", FAULT)
    finally:
        journal.let_go()


def _need_files(settings: "Settings") -> None:
    """End with 78 where a file that the settings name cannot be read."""
    from gateway.settings.files import unreadable

    problems = unreadable(settings)
    for problem in problems:
        complain(problem)
    if problems:
        raise typer.Exit(WRONG_SETTINGS)


def check(
    context: typer.Context,
    config: Config = None,
    connect: Annotated[
        bool, typer.Option("--connect", help="Also DNS, TLS, doors, signatures and the clock.")
    ] = False,
    roundtrip: Annotated[
        bool,
        typer.Option(
            "--roundtrip", help="Send a mail to each of our addresses; the daemon must run."
        ),
    ] = False,
    json: Json = False,
) -> None:
    """Check settings, templates, database, smarthost and mailboxes.

    Sends nothing but with --roundtrip.

    Exit code 0 where all is well, 1 where a part does not work, 78 for wrong settings.
    """
    from gateway.cli import connect as wires
    from gateway.store.reach import OUT_OF_REACH

    operator = operator_of(context)
    settings = operator.settings(config)
    _need_files(settings)
    _tell("ok", "settings", str(settings.path), json=json)
    mailboxes: Iterable[tuple[str, Probe]] = (
        (f"imap.{name}", partial(mailbox_probe, name=name)) for name in settings.gateway.imap
    )
    probes = [
        ("calendar", _calendar),
        ("templates", _templates),
        ("database", _database),
        ("smarthost", _smarthost),
        ("trust", _trust),
        *mailboxes,
        *(wires.PROBES if connect else ()),
        *(wires.ROUND_TRIPS if roundtrip else ()),
    ]
    failures = 0
    for name, probe in probes:
        try:
            word, text = probe(operator, config)
        except OUT_OF_REACH as error:
            word, text = "FAIL", f"the database is out of reach: {first_line(error)}"
        failures += word == "FAIL"
        _tell(word, name, text, json=json)
    if failures:
        raise typer.Exit(1)


def _tell(word: str, name: str, text: str, *, json: bool) -> None:
    """One part, and whether it works."""
    if json:
        print(as_json({"part": name, "state": word.lower(), "text": text}))
    else:
        print(f"{word:5} {name:11} {text}")


def _calendar(operator: Operator, config: Path | None) -> tuple[str, str]:
    """The desk's time now, and the next two changes of its clock: a wrong sign shows here."""
    from gateway.worktime.zone import next_changes

    calendar = operator.settings(config).policy.calendar
    now = operator.clock()
    local = calendar.local(now)
    state = "open" if calendar.is_open(now) else "closed"
    opens = calendar.local(next(calendar.day_openings(now)))
    changes = ", ".join(f"{at:%Y-%m-%d %H:%M} UTC" for at in next_changes(calendar.zone, now))
    return "ok", (
        f"now {local:%a %Y-%m-%d %H:%M} (UTC{local:%z}), {state}; next day begins "
        f"{opens:%a %Y-%m-%d %H:%M}; clock changes: {changes or 'none'}"
    )


def _templates(operator: Operator, config: Path | None) -> tuple[str, str]:
    from gateway.daemon import plan_of
    from gateway.letters.proof import findings, languages
    from gateway.letters.shelf import Shelf

    plan = plan_of(operator.settings(config), looks_only=True)
    if plan.own_letters and not plan.own_letters.is_dir():
        return "FAIL", f"{plan.own_letters}: there is no such folder (templates.dir)"
    shelf = Shelf(plan.built_in_letters, plan.own_letters)
    found = findings(shelf, plan.policy, plan.keys)
    broken = [f"{one.file}: {one.text}" for one in found if one.level == "error"]
    if broken:
        return "FAIL", "; ".join(broken)
    return "ok", f"{len(shelf.names())} letters, languages: {', '.join(languages(shelf))}"


def _database(operator: Operator, config: Path | None) -> tuple[str, str]:
    from sqlalchemy.exc import SQLAlchemyError

    from gateway.store.engine import UnsafeDatabase, check_durable
    from gateway.store.revision import NewerDatabase

    try:
        with operator.opened(config) as (engine, _):
            check_durable(engine)
            return "ok", engine.url.render_as_string(hide_password=True)
    except (SQLAlchemyError, UnsafeDatabase, NewerDatabase, OSError) as error:
        return "FAIL", f"{first_line(error)}: correct database.url, or start the server"


def _smarthost(operator: Operator, config: Path | None) -> tuple[str, str]:
    import aiosmtplib

    from gateway.daemon import relay_of
    from gateway.wire.smtp_out import SmarthostCarrier
    from gateway.wire.token import NoToken

    settings = operator.settings(config)
    try:
        relay = relay_of(settings)
    except (OSError, ValueError) as error:
        return "FAIL", str(error)
    if relay is None:
        folder = settings.in_state(settings.gateway.outbox.maildir)
        return "note", f"none is set: letters are written to the Maildir {folder}"
    carrier = SmarthostCarrier(relay, hostname=settings.gateway.smtp.hostname)
    try:
        asyncio.run(carrier.greet())
    except NoToken as error:
        return "FAIL", f"{relay.host}:{relay.port}: {error.reason}"
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return "FAIL", f"{relay.host}:{relay.port}: {error}"
    told = f"{relay.host}:{relay.port} ({relay.security})"
    outbox = settings.gateway.outbox
    if outbox.maildir != type(outbox)().maildir:
        return "note", f"{told}; letters go there, outbox.maildir is not used"
    return "ok", told


def _trust(operator: Operator, config: Path | None) -> tuple[str, str]:
    trust = operator.settings(config).policy.trust
    if trust.profile == "authserv-id" and not trust.authserv_id:
        return "note", (
            "trust.authserv_id is unset: no verdict of your mail server is believed, "
            "confirmations need the reply token"
        )
    return "ok", trust.authserv_id or trust.profile
