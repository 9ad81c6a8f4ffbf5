"""`gateway parse`, `deliver` and `import`: mails from files and pipes."""

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing
from pathlib import Path
from types import TracebackType
from typing import Annotated

import typer

from gateway.cli.operator import (
    TEMPORARY,
    Config,
    Json,
    Quiet,
    as_json,
    complain,
    operator_of,
    refuse,
)
from gateway.cli.progress import Step, progress

USAGE = 64
NO_INPUT = 66
NO_USER = 67
HEAD_MAX = 262_144
END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
FIELD = re.compile(
    rb"^(from|date|to|subject|message-id|sender|received|return-path|delivered-to|mime-version)"
    rb"[ \t]*:",
    re.IGNORECASE | re.MULTILINE,
)
"""Fields of which every mail has one; other files have lines like `root:x:0` too."""


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command()(parse)
    app.command()(deliver)
    app.command("import")(import_mails)


def parse(
    files: Annotated[list[Path], typer.Argument(help="Files with one mail each.")],
    json: Json = False,
) -> None:
    """Show what the gateway sees in a mail: sender, new text, attachments, robots, bounces.

    Needs no settings and never fails on a mail; exit code 1 only where a file cannot be read.
    """
    from datetime import UTC, datetime

    from gateway.mail.describe import describe
    from gateway.mail.message import Envelope
    from gateway.mail.parse import read_mail

    unreadable = False
    for file in files:
        try:
            raw = file.read_bytes()
        except OSError as error:
            complain(f"{file}: {error.strerror}")
            unreadable = True
            continue
        envelope = Envelope(queue_id="", received_at=datetime.now(UTC))
        seen = {"file": str(file), **describe(read_mail(raw, envelope))}
        if json:
            print(as_json(seen))
            continue
        for key, value in seen.items():
            if value not in ("", None, [], False):
                print(f"{key + ':':14} {value}")
        print()
    if unreadable:
        raise typer.Exit(1)


def deliver(
    context: typer.Context,
    recipients: Annotated[
        list[str] | None, typer.Argument(help="Addresses the mail was sent to, if known.")
    ] = None,
    sender: Annotated[
        str | None, typer.Option("--sender", "-f", help="Envelope sender; <> for a bounce.")
    ] = None,
    config: Config = None,
) -> None:
    """Take one mail from standard input, for the pipe of a mail server.

    Exit code 0 once the mail is safely kept, 67 where none of the addresses is ours, 75 where the
    mail server should try again.
    """
    import asyncio

    raw = sys.stdin.buffer.read()
    if not raw.strip():
        refuse("no mail on standard input", NO_INPUT)
    reverse_path = None if sender is None else sender.strip("<>")
    with TryAgain():
        if recipients and not any(map(_accepted(context, config), recipients)):
            refuse(f"{', '.join(recipients)}: no address of this desk", NO_USER)
        asyncio.run(_keep(context, config, [raw], reverse_path, tuple(recipients or ()), "pipe"))


def import_mails(
    context: typer.Context,
    source: Annotated[Path, typer.Argument(help="An mbox, a Maildir or a file with one mail.")],
    config: Config = None,
    quiet: Quiet = False,
) -> None:
    """Take in the mails of an mbox or Maildir, as if they came now; repeats are recognised.

    Each is answered as a new mail is: import what customers still wait for, not an archive.
    """
    import asyncio

    _check_source(source)
    operator_of(context).settings(config)
    mails: Iterator[bytes] = _mails_of(source)
    with TryAgain(), progress("import", None, quiet=quiet) as step:
        mails = _counted(mails, step)
        count = asyncio.run(_keep(context, config, mails, None, (), "import"))
    if not quiet:
        what = "1 mail is" if count == 1 else f"{count} mails are"
        print(f"{what} in the spool; a running gateway takes it from there")


def _counted(mails: Iterator[bytes], step: Step) -> Iterator[bytes]:
    for number, mail in enumerate(mails, 1):
        yield mail
        step(f"{number} mails")


class TryAgain(AbstractContextManager[None]):
    """Whatever fails inside ends with 75: on any other code a mail server bounces for good."""

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave with 75 unless all went well."""
        if error is None:
            return
        if isinstance(error, typer.Exit) and error.exit_code == NO_USER:
            raise error
        if not isinstance(error, typer.Exit):
            complain(f"cannot keep the mail: {error}")
        raise typer.Exit(TEMPORARY) from error


def _accepted(context: typer.Context, config: Path | None) -> Callable[[str], bool]:
    """Whether an address is ours, as the SMTP listener would say at RCPT."""
    from gateway.daemon import plan_of
    from gateway.work.assembly import standings

    plan = plan_of(operator_of(context).settings(config))
    standing = standings(plan.policy, plan.keys)
    return lambda address: standing(address) == "ours"


async def _keep(
    context: typer.Context,
    config: Path | None,
    mails: "Iterator[bytes] | list[bytes]",
    reverse_path: str | None,
    recipients: tuple[str, ...],
    source: str,
) -> int:
    from gateway.mail.message import Envelope
    from gateway.spool import new_queue_id

    operator, count = operator_of(context), 0
    with operator.spool(config) as spool:
        for raw in mails:
            now = operator.clock()
            envelope = Envelope(
                queue_id=new_queue_id(now),
                received_at=now,
                reverse_path=reverse_path,
                forward_paths=recipients,
                source=source,
            )
            await spool.put(envelope, raw)
            count += 1
    return count


def _check_source(source: Path) -> None:
    if not source.exists():
        refuse(f"{source}: there is no such file or folder", NO_INPUT)
    if source.is_dir():
        if not (source / "cur").is_dir() and not (source / "new").is_dir():
            refuse(f"{source}: no Maildir, it has neither cur nor new", NO_INPUT)
        return
    try:
        if _is_mbox(source):
            return
        with source.open("rb") as file:
            head = END_OF_HEAD.split(file.read(HEAD_MAX).lstrip(), maxsplit=1)[0]
    except OSError as error:
        refuse(f"{source}: {error.strerror}", NO_INPUT)
    if not FIELD.search(head):
        refuse(f"{source}: neither mbox nor mail, there is no header line", NO_INPUT)


def _is_mbox(source: Path) -> bool:
    with source.open("rb") as file:
        return file.read(5) == b"From "


def _mails_of(source: Path) -> Iterator[bytes]:
    """The raw mails of a file or folder; the bytes are not touched."""
    import mailbox

    if source.is_dir():
        for folder in ("cur", "new"):
            for path in sorted((source / folder).glob("*")):
                yield path.read_bytes()
        return
    if not _is_mbox(source):
        yield source.read_bytes()
        return
    with closing(mailbox.mbox(source, create=False)) as box:
        for key in box.iterkeys():
            yield box.get_bytes(key)
