"""`gateway run` and `gateway check`: serve, and say beforehand whether it would work."""

import asyncio
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gateway.cli.mailboxes import probe as mailbox_probe
from gateway.cli.operator import TEMPORARY, Config, Operator, operator_of, refuse

Probe = Callable[[Operator, Path | None], tuple[str, str]]


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command()(run)
    app.command()(check)


def run(context: typer.Context, config: Config = None) -> None:
    """Serve: take mail in, decide, send letters, keep promises. Ends cleanly on SIGTERM.

    Prints one line `ready smtp=HOST:PORT pid=…` when mail is taken.
    """
    from sqlalchemy.exc import OperationalError

    from gateway import journal
    from gateway.daemon import AlreadyRunning, run_until_signalled
    from gateway.store.engine import UnsafeDatabase
    from gateway.store.upgrade import NewerDatabase
    from gateway.wire.dkim_sign import CannotSign
    from gateway.wire.smtp_users import BadUsersFile

    settings = operator_of(context).settings(config)
    journal.start(form=settings.gateway.log.format, level=settings.gateway.log.level)
    try:
        asyncio.run(run_until_signalled(settings))
    except (AlreadyRunning, UnsafeDatabase, NewerDatabase) as error:
        refuse(str(error))
    except OperationalError as error:
        refuse(f"the database cannot be reached: {error.orig}", TEMPORARY)
    except (OSError, BadUsersFile, CannotSign) as error:
        refuse(f"cannot start: {error}")


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
) -> None:
    """Check settings, templates, database, smarthost and mailboxes.

    Sends nothing but with --roundtrip.

    Exit code 0 where all is well, 1 where a part does not work, 78 for wrong settings.
    """
    from gateway.cli import connect as wires

    operator = operator_of(context)
    settings = operator.settings(config)
    print(f"ok    settings    {settings.path}")
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
        word, text = probe(operator, config)
        failures += word == "FAIL"
        print(f"{word:5} {name:11} {text}")
    if failures:
        raise typer.Exit(1)


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
    from gateway.letters.shelf import BrokenTemplate, Shelf

    plan = plan_of(operator.settings(config))
    shelf = Shelf(plan.built_in_letters, plan.own_letters)
    broken: list[str] = []
    names = shelf.names()
    for name in names:
        for source in (shelf.own(name, "en"), shelf.built_in(name, "en")):
            try:
                if source is not None:
                    source.compile()
            except BrokenTemplate as error:
                broken.append(str(error))
    if broken:
        return "FAIL", "; ".join(broken)
    return "ok", f"{len(names)} letters"


def _database(operator: Operator, config: Path | None) -> tuple[str, str]:
    from sqlalchemy.exc import SQLAlchemyError

    from gateway.store.engine import UnsafeDatabase, check_durable

    try:
        with operator.desk(config) as (engine, _):
            check_durable(engine)
            return "ok", engine.url.render_as_string(hide_password=True)
    except (SQLAlchemyError, UnsafeDatabase, OSError) as error:
        return "FAIL", str(error).splitlines()[0]


def _smarthost(operator: Operator, config: Path | None) -> tuple[str, str]:
    import aiosmtplib

    from gateway.daemon import relay_of
    from gateway.wire.smtp_out import SmarthostCarrier

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
    except (aiosmtplib.SMTPException, OSError, ValueError) as error:
        return "FAIL", f"{relay.host}:{relay.port}: {error}"
    return "ok", f"{relay.host}:{relay.port} ({relay.security})"


def _trust(operator: Operator, config: Path | None) -> tuple[str, str]:
    trust = operator.settings(config).policy.trust
    if trust.profile == "authserv-id" and not trust.authserv_id:
        return "note", (
            "trust.authserv_id is unset: no verdict of your mail server is believed, "
            "confirmations need the reply token"
        )
    return "ok", trust.authserv_id or trust.profile
