"""`gateway demo`: a short story played on the real daemon, shown as it happens."""

import asyncio
import io
import tempfile
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final

import aiosmtplib
import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection

from gateway import journal
from gateway.cli.operator import Operator
from gateway.cli.tickets import row_of
from gateway.daemon import Daemon
from gateway.desk.decision import Decision
from gateway.desk.operator import sell_website
from gateway.desk.queue import queue_order
from gateway.letters.context import instant
from gateway.settings.load import load_settings
from gateway.settings.places import built_in
from gateway.store.desk_rows import load_account
from gateway.store.listing import all_tickets
from gateway.store.register import open_account
from gateway.store.transaction import run_once
from gateway.work.acts import act

PAUSE_SECONDS: Final = 2.0
PATIENCE_SECONDS: Final = 20.0


@dataclass(frozen=True, slots=True)
class Scene:
    """One mail of the story and what it shows."""

    title: str
    subject: str
    text: str
    answers: str = ""
    """The letter this mail replies to; empty for a new mail."""


STORY: Final = (
    Scene(
        "Ann has an urgent problem and puts [HotRush] into the subject.",
        "[HotRush] Shop is down",
        "The storefront returns error 500 since this morning.\n\nAnn",
    ),
    Scene(
        "Ann asks an ordinary question.",
        "Tax settings",
        "How do I set up VAT for one country?\n\nBest regards\nAnn",
    ),
    Scene(
        "Ann replies to the receipt; the reply finds its ticket by itself.",
        "Re: Tax settings",
        "I forgot to say: the country is Spain.\n\n> thank you for your message.",
        answers="ticket_received",
    ),
    Scene(
        "Ann says thank you; the engineers see it, and no clock starts anew.",
        "Re: Tax settings",
        "Thanks a lot!",
        answers="ticket_received",
    ),
)
CREDITS: Final = 40
CUSTOMER: Final = "ann@acme.example"


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command(short_help="See it all in a minute, on a throw-away desk.")(demo)


def demo(
    fast: Annotated[bool, typer.Option("--fast", help="No pauses, for scripts.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Stay up afterwards, to be sent mails by hand.")
    ] = False,
) -> None:
    """Play a short story on a throw-away desk: real mails, real decisions, real letters.

    Needs no configuration, no server and no network; ends by itself.
    """
    console = Console(highlight=False)
    with ExitStack() as folders:
        if keep:
            folder = Path(tempfile.mkdtemp(prefix="gateway-demo-"))
        else:
            made = tempfile.TemporaryDirectory(prefix="gateway-demo-", ignore_cleanup_errors=True)
            folder = Path(folders.enter_context(made))
        try:
            asyncio.run(_play(console, folder, pause=0 if fast else PAUSE_SECONDS, keep=keep))
        except KeyboardInterrupt:
            console.print("\nstopped")


async def _play(console: Console, folder: Path, *, pause: float, keep: bool) -> None:
    """Start the daemon on its own folder, play, show the summary, stop it."""
    settings_file = _write_settings(folder)
    journal.start(form="json", level="info", stream=io.StringIO())
    audience = Audience(console)
    journal.follow(audience.hear)
    daemon = Daemon(load_settings(settings_file, {}))
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()
    running = asyncio.create_task(daemon.run(ready.set_result))
    try:
        either: list[asyncio.Future[Any]] = [running, ready]
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if running.done():
            running.result()
        console.print(f"[bold]The gateway takes mail at {daemon.addresses['smtp']}.[/bold]")
        await asyncio.to_thread(_give_credits, settings_file)
        for number, scene in enumerate(STORY, start=1):
            await asyncio.sleep(pause)
            console.print(f"\n[bold cyan]{scene.title}[/bold cyan]")
            await _send(daemon.addresses["smtp"], scene, number, folder / "letters")
            await audience.settled(number)
        _summary(console, settings_file)
        if keep:
            _invite(console, daemon, folder, settings_file)
            await running
        else:
            console.print("Next: gateway demo --keep, and README.md for a desk of your own.")
    finally:
        daemon.stop()
        await running


def _write_settings(folder: Path) -> Path:
    """The example settings, moved into a folder of their own, on a port the system chooses."""
    example = built_in("config")
    for name in ("policy.toml", "staff.toml"):
        (folder / name).write_text((example / name).read_text(encoding="utf-8"), "utf-8")
    text = (example / "gateway.toml").read_text(encoding="utf-8")
    text = text.replace('state_dir = "../state"', 'state_dir = "state"')
    text = text.replace('# listen = "127.0.0.1:8025"', 'listen = "127.0.0.1:0"')
    text = text.replace('# maildir = "letters"', 'maildir = "../letters"')
    path = folder / "gateway.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _give_credits(settings_file: Path) -> None:
    """Ann is a customer with credits; an operator would type `gateway customers add`."""
    with Operator().desk(settings_file) as (engine, desk):
        run_once(
            engine, lambda c: open_account(c, "acme", [CUSTOMER], at=desk.clock(), name="Acme")
        )

        def decide(connection: Connection) -> Decision:
            account = load_account(connection, "acme")
            if account is None:
                raise AssertionError("the account was opened above")
            return sell_website(desk.policy, desk.clock(), account, (), order="W-1", earlier=())

        act(engine, desk, decide)


async def _send(smtp: str, scene: Scene, number: int, letters: Path) -> None:
    """Write Ann's mail and hand it to the gateway by SMTP."""
    host, _, port = smtp.rpartition(":")
    to, answered = "support@desk.example", ""
    if scene.answers:
        found = _letter(letters, scene.answers)
        to, answered = found["Reply-To"], found["Message-ID"]
    headers = [f"From: Ann <{CUSTOMER}>", f"To: {to}", f"Subject: {scene.subject}"]
    headers.append(f"Message-ID: <demo-{number}@acme.example>")
    if answered:
        headers += [f"In-Reply-To: {answered}", f"References: {answered}"]
    headers.append("Content-Type: text/plain; charset=utf-8")
    raw = "\n".join(headers) + "\n\n" + scene.text + "\n"
    await aiosmtplib.send(
        raw.encode(),
        sender=CUSTOMER,
        recipients=[to],
        hostname=host,
        port=int(port),
        start_tls=False,
    )


def _letter(letters: Path, event: str) -> Mapping[str, str]:
    """The last letter of a kind to Ann, from the Maildir where letters go."""
    from email import message_from_bytes, policy

    for path in sorted((letters / "new").iterdir(), reverse=True):
        mail = message_from_bytes(path.read_bytes(), policy=policy.default)
        if mail["X-Ticket-Event"] == event:
            return {name: str(mail[name]) for name in ("Reply-To", "Message-ID")}
    raise FileNotFoundError(f"no letter {event} in {letters}")


class Audience:
    """Shows events of the diary as lines for people."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._taken = 0
        self._expected = 0
        self._sent = 0
        self._changed = asyncio.Event()

    def hear(self, event: str, line: Mapping[str, Any]) -> None:
        """An event of the daemon."""
        show = self._console.print
        if event == "accepted":
            show(f"  [dim]arrived[/dim]   a mail of {line['size']} octets, kept")
        elif event == "taken_in":
            self._taken += 1
            self._expected += int(line["letters"])
            reasons = escape("; ".join(line["reasons"]))
            ticket = f"T-{line['ticket']}" if line["ticket"] else "no ticket"
            show(f"  [dim]decided[/dim]   {line['disposition']}, {ticket}: {reasons}")
        elif event == "sent":
            self._sent += line["ticket"] is not None
            show(f"  [dim]sent[/dim]      {line['letter']} to {line['to']}")
        self._changed.set()

    async def settled(self, mails: int) -> None:
        """Wait until so many mails are decided and their letters are out."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self._taken < mails or self._sent < self._expected:
                self._changed.clear()
                await self._changed.wait()


def _summary(console: Console, settings_file: Path) -> None:
    with Operator().desk(settings_file) as (engine, desk):
        found = queue_order(run_once(engine, lambda c: all_tickets(c, closed=True)))
    table = Table(title="\nThe queue, HotRush first")
    for name in ("ticket", "status", "HotRush", "subject", "due"):
        table.add_column(name)
    for one in found:
        row = row_of(one, desk.policy.mail.ticket_prefix)
        due = instant(row["due"], desk.policy.calendar.zone) if row["due"] else "-"
        table.add_row(row["id"], row["status"], row["hotrush"], row["subject"], due)
    console.print(table)
    with Operator().spool(settings_file) as spool:
        counts = spool.counts()
    console.print(
        f"{counts.accepted} mails accepted, {counts.done} taken in, {counts.waiting} waiting, "
        f"{counts.parked} set aside."
    )


def _invite(console: Console, daemon: Daemon, folder: Path, settings_file: Path) -> None:
    host, _, port = daemon.addresses["smtp"].rpartition(":")
    console.print(
        f"\n[bold]The gateway stays up; end it with Ctrl-C.[/bold] Send it a mail:\n"
        f"  swaks --server {host} --port {port} --from you@home.example "
        f"--to support@desk.example --header 'Subject: Hello'\n"
        f"Letters: {folder / 'letters'} (a Maildir: mutt -f {folder / 'letters'})\n"
        f"Tickets: gateway tickets list --config {settings_file}"
    )
