"""`gateway auth`: access to mailboxes by OAuth2, granted and looked at."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.mailboxes import chosen
from gateway.cli.operator import Config, Json, Operator, operator_of, print_rows, refuse

if TYPE_CHECKING:
    from gateway.wire.imap_account import Account
    from gateway.wire.oauth import Tokens

app = typer.Typer(help="Access to mailboxes by OAuth2.", no_args_is_help=True)


@app.command()
def login(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A mailbox of the settings.")],
    config: Config = None,
) -> None:
    """Grant access to a mailbox: log in with a browser here or elsewhere, once.

    Where nobody has to log in, an access token is asked for, to see that it works.
    """
    from gateway.wire.oauth_login import log_in
    from gateway.wire.token import NoToken

    operator = operator_of(context)
    account, tokens = _one(operator, config, name)
    try:
        if tokens.grant.way.needs_login:
            kept = asyncio.run(log_in(tokens.grant, operator.clock, print, _ask))
            tokens.grant.file.write(kept)
        asyncio.run(tokens(account.user, fresh=True))
    except NoToken as error:
        refuse(f"{name}: {error.reason}")
    except OSError as error:
        refuse(f"{name}: the token cannot be kept: {error.strerror}")
    print(f"{name}: access is granted; a running gateway notices by itself")


@app.command()
def status(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """Say how mailboxes are accessed, since when, and when that ends. Asks no server."""
    operator = operator_of(context)
    rows = [_row(operator, one) for one in chosen(operator, config, "")]
    print_rows(rows, as_lines=json)
    if any(row["state"] != "ready" for row in rows):
        raise typer.Exit(1)


def _row(operator: Operator, account: "Account") -> dict[str, Any]:
    from gateway.wire.oauth import Tokens

    row: dict[str, Any] = {"mailbox": account.name, "access": "password", "state": "ready"}
    times: dict[str, Any] = dict.fromkeys(("granted_at", "renewed_at", "ends_at"))
    if isinstance(account.token, Tokens):
        tokens = account.token
        row["access"] = str(tokens.grant.way)
        times["ends_at"] = tokens.ends_at()
        if tokens.grant.way.needs_login:
            kept = tokens.grant.file.read()
            row["state"] = "ready" if kept else "needs login"
            if kept is not None:
                times |= {"granted_at": kept.granted_at, "renewed_at": kept.renewed_at}
        if times["ends_at"] is not None and times["ends_at"] <= operator.clock():
            row["state"] = "ended"
    return {**row, **times}


def _one(operator: Operator, config: Path | None, name: str) -> "tuple[Account, Tokens]":
    from gateway.wire.oauth import Tokens

    (account,) = chosen(operator, config, name)
    if not isinstance(account.token, Tokens):
        refuse(f"{name} has a password: [imap.{name}.oauth] in gateway.toml would change that", 2)
    return account, account.token


async def _ask(prompt: str) -> str:
    """A line of the person at the terminal."""
    return await asyncio.to_thread(lambda: str(typer.prompt(prompt, prompt_suffix="")))
