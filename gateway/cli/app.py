"""The tree of commands; what a command imports is imported when it is run, not before.

`gateway deliver` starts for every mail of a pipe and `gateway --help` at every key of a completion:
neither may wait for the database's library. So this file knows of a command only its name, its one
line of help and the file it lives in.
"""

from functools import cache
from importlib import import_module
from typing import Any, Final

import typer
from typer.core import TyperGroup

COMMANDS: Final = {
    "demo": ("demo", "See it all in a minute, on a throw-away desk."),
    "init": ("init", "Write the settings of a new desk: six questions."),
    "run": ("daemon", "Serve: take mail in, answer, keep promises."),
    "check": ("daemon", "Check settings and parts; sends nothing."),
    "parse": ("reading", "Show what the gateway sees in a mail."),
    "deliver": ("reading", "Take one mail from a pipe."),
    "import": ("reading", "Take in an mbox or Maildir."),
    "explain": ("explain", "Show what a mail would lead to, and why."),
    "nodes": ("nodes", "Which nodes serve this desk, and what each holds."),
    "storage": ("nodes", "How much is kept, and how much of the disk it takes."),
    "backup": ("backup", "Copy the running desk into one archive."),
    "restore": ("backup", "Bring a backup back where nothing is yet."),
    "report": ("report", "Promises kept and missed, credits, load."),
    "settings": ("settings", "List every setting: default and meaning."),
    "smtp-user": ("wire", "Print a login line for smtp.users_file."),
    "systemd": ("wire", "Print a hardened systemd unit."),
    "tickets": ("tickets", "Tickets: the queue, and one ticket in full."),
    "customers": ("customers", "Customers: accounts and who may write for them."),
    "credits": ("credits", "The book of credits: balances, entries, proof."),
    "orders": ("orders", "Orders of credits: list them, record payments, cancel."),
    "calendar": ("calendar", "Working time: hours, holidays and due times."),
    "mail": ("mail", "Mails that came in: counted, listed, traced, released."),
    "outbox": ("outbox", "Letters on their way out: listed, shown, sent again, held back."),
    "auth": ("auth", "Access to mailboxes and to the smarthost by OAuth2."),
    "split": ("split", "Replies about something else, and the model."),
    "templates": ("templates", "Letters: check your own, and look at all of them."),
}
"""Name → the file of this folder it lives in, and what the list of commands says of it."""


@cache
def command(name: str) -> Any:
    """A command, or a group of them, with all it imports."""
    room = import_module(f"gateway.cli.{COMMANDS[name][0]}")
    tree = typer.Typer(rich_markup_mode=None, context_settings=app.info.context_settings)
    tree.callback()(_nothing)  # Else a lone command would become the whole tree.
    if hasattr(room, "app"):
        tree.add_typer(room.app, name=name)
    else:
        room.add_to(tree)
    group = typer.main.get_command(tree)
    return getattr(group, "commands")[name]  # noqa: B009 - the library's type leaves it out


class _Tree(TyperGroup):
    """Lists names and lines; fetches a command once it is certain which is meant."""

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, found, rest = super().resolve_command(ctx, args)
        return name, command(name) if name in COMMANDS else found, rest


def _nothing() -> None:
    """Stands where a command is only listed."""


app = typer.Typer(
    name="gateway",
    cls=_Tree,
    help="An email-driven support desk: mails become tickets, prices are confirmed by reply, "
    "promises are kept. Begin with `gateway demo`.",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for _name, (_, _line) in COMMANDS.items():
    app.command(_name, help=_line)(_nothing)
