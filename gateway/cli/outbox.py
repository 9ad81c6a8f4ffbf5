"""`gateway outbox`: letters on their way out, those that failed, and what to do about them."""

import sys
from typing import Annotated

import typer

from gateway.cli.operator import Config, Json, complain, operator_of, print_rows, refuse, tell
from gateway.store import outbox_desk
from gateway.store.transaction import run_once

app = typer.Typer(
    help="Letters on their way out: listed, shown, sent again, held back.", no_args_is_help=True
)
UNSENT = ("queued", "sending", "failed", "withheld")
Numbers = Annotated[list[int], typer.Argument(help="Numbers of letters, as `list` shows them.")]


@app.command("list")
def list_letters(
    context: typer.Context,
    state: Annotated[
        str, typer.Option(help="queued, sending, sent, failed or withheld; else all but sent.")
    ] = "",
    limit: Annotated[int, typer.Option(help="At most so many, the latest.")] = 100,
    config: Config = None,
    json: Json = False,
) -> None:
    """List letters that wait, failed or are held back, with the smarthost's last word."""
    if state and state not in outbox_desk.STATES:
        refuse(f"--state is one of {', '.join(outbox_desk.STATES)}", 2)
    states = (state,) if state else UNSENT
    with operator_of(context).desk(config) as (engine, _):
        listed = run_once(engine, lambda c: outbox_desk.listed(c, states, limit))
    shown = listed if json else [_in_short(row) for row in listed]
    print_rows(shown, as_lines=json)


def _in_short(row: outbox_desk.Letter) -> dict[str, object]:
    names = ("id", "state", "letter", "to", "ticket", "tries", "not_before", "failure")
    return {name: row[name] for name in names}


@app.command()
def show(
    context: typer.Context,
    number: Annotated[int, typer.Argument(help="The number of the letter.")],
    config: Config = None,
) -> None:
    """Print a letter as it leaves."""
    with operator_of(context).desk(config) as (engine, _):
        content = run_once(engine, lambda c: outbox_desk.content_of(c, number))
    if content is None:
        refuse(f"there is no letter {number}")
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


@app.command()
def retry(
    context: typer.Context, numbers: Numbers, config: Config = None, json: Json = False
) -> None:
    """Let letters leave now, whether they wait, failed or were held back."""
    operator = operator_of(context)
    now = operator.clock()
    with operator.desk(config) as (engine, _):
        done = run_once(engine, lambda c: outbox_desk.retry(c, numbers, now))
    _tell(
        numbers,
        done,
        "leaves within 15 seconds",
        "was sent, is on its way, is empty, or is unknown",
        as_lines=json,
    )


@app.command()
def withhold(
    context: typer.Context, numbers: Numbers, config: Config = None, json: Json = False
) -> None:
    """Hold letters back until `retry` names them."""
    with operator_of(context).desk(config) as (engine, _):
        done = run_once(engine, lambda c: outbox_desk.withhold(c, numbers))
    otherwise = "was sent, is on its way, is held back, or is unknown"
    _tell(numbers, done, "is held back", otherwise, as_lines=json)


def _tell(
    numbers: list[int], done: list[int], well: str, otherwise: str, *, as_lines: bool
) -> None:
    for number in numbers:
        if number in done or as_lines:
            tell({"id": number, "changed": number in done}, f"{number} {well}", as_line=as_lines)
        if number not in done:
            complain(f"{number} {otherwise}")
    if set(numbers) - set(done):
        raise typer.Exit(1)
