"""`gateway demo`: a week of a desk in a minute, played on the real parts with a moved clock."""

import asyncio
import io
import tempfile
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from sqlalchemy import Connection

from gateway import journal
from gateway.cli.demo_settings import write_settings
from gateway.cli.demo_stage import Letter, Played, Stage
from gateway.cli.demo_story import ANN, STORY, Scene
from gateway.cli.operator import Operator, refuse
from gateway.cli.tickets import row_of
from gateway.daemon import Daemon, plan_of, run_until_signalled
from gateway.desk.decision import Decision
from gateway.desk.operator import sell_website
from gateway.desk.queue import queue_order
from gateway.letters.context import REPLY_LINE, instant
from gateway.letters.gallery import gallery
from gateway.letters.proof import languages
from gateway.letters.shelf import Shelf
from gateway.report.page import page
from gateway.report.sample import previews
from gateway.settings.load import Settings, load_settings
from gateway.store.desk_rows import load_account
from gateway.store.listing import all_tickets
from gateway.store.register import open_account
from gateway.store.transaction import run_once
from gateway.work.acts import act
from gateway.work.reporting import count

PAUSE_SECONDS: Final = 3.0
ACCOUNT: Final = "acme"
SHOWN_LINES: Final = 5
LABEL: Final = 12
GREETING_MAX: Final = 24
WEEK: Final = timedelta(days=7)


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command()(demo)


def demo(
    fast: Annotated[bool, typer.Option("--fast", help="No pauses, for scripts.")] = False,
    keep: Annotated[
        bool, typer.Option("--keep", help="Stay up afterwards, to be sent mails by hand.")
    ] = False,
    folder: Annotated[
        Path | None, typer.Option(help="An empty folder for it all; else a temporary one.")
    ] = None,
) -> None:
    """Play a week of a desk in about a minute: real mails, real decisions, real letters.

    The desk's own parts run on a throw-away folder, with a clock that is moved from scene to scene:
    a question and its price, HotRush at night, a reply about something else, a refund, a missed
    promise. Needs no configuration, no server and no network, and ends by itself. The folder with
    all letters and the report stays until you remove it.
    """
    console = Console(highlight=False, soft_wrap=False)
    place = folder or Path(tempfile.mkdtemp(prefix="gateway-demo-"))
    if folder and folder.exists() and any(folder.iterdir()):
        refuse(f"{folder} is not empty; name another folder")
    place.mkdir(parents=True, exist_ok=True)
    try:
        asyncio.run(_play(console, place.resolve(), pause=0 if fast else PAUSE_SECONDS, keep=keep))
    except KeyboardInterrupt:
        console.print("\nstopped")


async def _play(console: Console, folder: Path, *, pause: float, keep: bool) -> None:
    """Write settings, play the scenes, show the end; with `keep`, serve."""
    settings = load_settings(write_settings(folder), {})
    journal.start(form="json", level="info", stream=io.StringIO())
    stage = Stage(settings, _monday(settings))
    operator = Operator(stage.clock)
    try:
        await asyncio.to_thread(_give_credits, operator, settings.path)
        console.print("[bold]A desk, one customer with 40 credits, and a week in a minute.[/bold]")
        for number, scene in enumerate(STORY, start=1):
            await asyncio.sleep(pause)
            local = stage.calendar.local(stage.at(scene))
            place = f"{number}/{len(STORY)}"
            console.print(f"\n[bold cyan]{place:>5}  {local:%a %H:%M}[/bold cyan]")
            for line in wrap(scene.title, console.width - 2):
                console.print(f"  [bold]{escape(line)}[/bold]")
            _show(console, stage, scene, await stage.play(scene))
            _show_credits(console, operator, settings.path)
    finally:
        await stage.close()
    await asyncio.to_thread(_summary, console, operator, settings, folder)
    if keep:
        await _serve(console, settings, folder)


def _monday(settings: Settings) -> date:
    """The Monday of the last week that is over, so that nothing of the story lies ahead."""
    today = settings.policy.calendar.day_of(datetime.now(UTC))
    return today - timedelta(days=today.weekday()) - WEEK


def _give_credits(operator: Operator, settings_file: Path) -> None:
    """Ann is a customer with credits; an operator would type `gateway customers add`."""
    with operator.desk(settings_file) as (engine, desk):
        run_once(engine, lambda c: open_account(c, ACCOUNT, [ANN], at=desk.clock(), name="Acme"))

        def decide(connection: Connection) -> Decision:
            account = load_account(connection, ACCOUNT)
            if account is None:
                raise AssertionError("the account was opened above")
            return sell_website(desk.policy, desk.clock(), account, (), order="W-1", earlier=())

        act(engine, desk, decide)


def _show(console: Console, stage: Stage, scene: Scene, played: Played) -> None:
    """What the scene's mail says, what was decided, and which letters left."""
    _show_letters(console, stage, played.meanwhile)
    if scene.writer:
        first, *more = scene.text.split("\n")
        _tell(console, "writes", f"{first}{' …' if more else ''}")
    if played.story is not None:
        mail = played.story.mail
        ticket = f"T-{mail.ticket}" if mail.ticket else "no ticket"
        _tell(console, "decided", f"{mail.disposition}, {ticket}: {'; '.join(mail.reasons)}")
    _show_letters(console, stage, played.letters)
    every = (*played.meanwhile, *played.letters)
    shown = next((one for one in every if one.sent.letter == scene.shows), None)
    for text in _first_words(shown) if shown else ():
        shown_text = escape(cut(text, console.width - 6))
        console.print(f"    [green]|[/green] {shown_text}", soft_wrap=True)


def cut(text: str, width: int) -> str:
    """A line that fits: cut behind a word, and then with an ellipsis."""
    return text if len(text) <= width else f"{wrap(text, max(2, width - 2))[0]} …"


def _show_letters(console: Console, stage: Stage, letters: list[Letter]) -> None:
    for letter in letters:
        at = f"{stage.calendar.local(letter.at):%a %H:%M}"
        _tell(console, at, f"{letter.sent.letter} to {letter.sent.recipient}: {letter.subject}")


def _tell(console: Console, label: str, text: str) -> None:
    """A line with a label; what does not fit goes on below itself."""
    first, *more = wrap(text, max(20, console.width - LABEL)) or [""]
    console.print(f"  [dim]{label:{LABEL - 2}}[/dim]{escape(first)}", soft_wrap=True)
    for line in more:
        console.print(f"{'':{LABEL}}{escape(line)}", soft_wrap=True)


def _first_words(letter: Letter) -> list[str]:
    """The beginning of a letter, below its reply line and greeting."""
    lines = [line for line in letter.text.splitlines() if line.strip() and line != REPLY_LINE]
    greets = bool(lines) and lines[0].rstrip().endswith(",") and len(lines[0]) < GREETING_MAX
    return lines[greets:][:SHOWN_LINES]


def _show_credits(console: Console, operator: Operator, settings_file: Path) -> None:
    with operator.desk(settings_file) as (engine, _):
        account = run_once(engine, lambda c: load_account(c, ACCOUNT))
    if account is not None:
        has = account.balance
        held = f", {has.held} of them reserved" if has.held else ""
        _tell(console, "credits", f"{has.balance}{held}")


def _summary(console: Console, operator: Operator, settings: Settings, folder: Path) -> None:
    """The queue, the books, the report; and where everything lies."""
    with operator.desk(settings.path) as (engine, desk), operator.spool(settings.path) as spool:
        found = queue_order(run_once(engine, lambda c: all_tickets(c, closed=True)))
        last = desk.policy.calendar.day_of(desk.clock())
        period = (last - timedelta(days=last.weekday()), last)
        figures = run_once(engine, lambda c: count(c, desk, spool, period))
        counts = spool.counts()
        prefix, zone = desk.policy.mail.ticket_prefix, desk.policy.calendar.zone
    report, letters = folder / "report.html", folder / "letters.html"
    report.write_text(page(figures, desk.policy.operator.name), encoding="utf-8")
    letters.write_text(_gallery(settings), encoding="utf-8")
    table = Table(title="\nThe queue, HotRush first")
    for name in ("ticket", "status", "HotRush", "subject", "due"):
        table.add_column(name)
    for one in found:
        row = row_of(one, prefix)
        due = instant(row["due"], zone) if row["due"] else "-"
        table.add_row(row["id"], row["status"], row["hotrush"], escape(row["subject"]), due)
    console.print(table)
    total = figures.total
    console.print(
        f"{counts.accepted} mails accepted, {counts.done} taken in, {counts.waiting} waiting, "
        f"{counts.parked} set aside.\n"
        f"Promises: {total.kept + total.hotrush_kept} kept, "
        f"{total.missed + total.hotrush_missed} missed. "
        f"Credits: {total.charged} charged, {total.returned} returned.\n"
    )
    for name, value in (
        ("Report", report.as_uri()),
        ("Letters", f"{folder / 'letters'} (a Maildir: mutt -f {folder / 'letters'})"),
        ("All letters", letters.as_uri()),
        ("Look inside", f"gateway tickets show T-1001 --config {settings.path}"),
        ("Your own desk", "gateway init, gateway check --connect, gateway run; see README.md"),
        ("Clean up", f"rm -r {folder}"),
    ):
        console.print(f"[bold]{name + ':':15}[/bold]{escape(value)}", soft_wrap=True)


def _gallery(settings: Settings) -> str:
    """Every letter in every language, as customers and staff would get it."""
    plan = plan_of(settings)
    shelf = Shelf(plan.built_in_letters)
    made = [one for tag in languages(shelf) for one in previews(shelf, plan.policy, plan.keys, tag)]
    return gallery(f"Letters of {plan.policy.operator.name}", made)


async def _serve(console: Console, settings: Settings, folder: Path) -> None:
    """Stay up on the same folder, as the real daemon with the real clock."""
    daemon = Daemon(settings)

    def invite(_: str) -> None:
        host, _, port = daemon.addresses["smtp"].rpartition(":")
        console.print(
            f"\n[bold]The gateway takes mail at {host}:{port}; end it with Ctrl-C.[/bold]\n"
            f"Send it a mail:  swaks --server {host} --port {port} --from you@home.example "
            f"--to support@desk.example --header 'Subject: Hello'\n"
            f"Its letters:     {folder / 'letters'}",
            soft_wrap=True,
        )

    await run_until_signalled(daemon, invite)
    console.print("\nstopped")
