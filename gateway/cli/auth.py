"""`gateway auth`: access to mailboxes and to the smarthost by OAuth2, granted and looked at."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.mailboxes import chosen
from gateway.cli.operator import Config, Json, Operator, operator_of, print_rows, refuse

if TYPE_CHECKING:
    from gateway.wire.oauth import Tokens
    from gateway.wire.token import Token

SMARTHOST = "smarthost"

app = typer.Typer(help="Access to mailboxes and to the smarthost by OAuth2.", no_args_is_help=True)


@app.command()
def login(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A mailbox of the settings, or smarthost.")],
    config: Config = None,
) -> None:
    """Grant access to a mailbox or to the smarthost: log in with a browser here or elsewhere, once.

    Where nobody has to log in, an access token is asked for, to see that it works.
    """
    from gateway.wire.oauth_login import log_in
    from gateway.wire.token import NoToken

    operator = operator_of(context)
    user, tokens = _one(operator, config, name)
    try:
        if tokens.grant.way.needs_login:
            kept = asyncio.run(log_in(tokens.grant, operator.clock, print, _ask))
            tokens.grant.file.write(kept)
        asyncio.run(tokens(user, fresh=True))
    except NoToken as error:
        refuse(f"{name}: {error.reason}")
    except OSError as error:
        refuse(f"{name}: the token cannot be kept: {error.strerror}")
    print(f"{name}: access is granted; a running gateway notices by itself")


@app.command()
def status(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """Say how mailboxes are accessed, since when, and when that ends. Asks no server."""
    operator = operator_of(context)
    sends = _smarthost(operator, config)
    rows = [_row(operator, SMARTHOST, sends[1])] if sends else []
    if not sends or operator.settings(config).gateway.imap:
        rows += [_row(operator, one.name, one.token) for one in chosen(operator, config, "")]
    print_rows(rows, as_lines=json)
    if any(row["state"] != "ready" for row in rows):
        raise typer.Exit(1)


def _row(operator: Operator, name: str, tokens: "Token | None") -> dict[str, Any]:
    from gateway.wire.oauth import Tokens

    row: dict[str, Any] = {"mailbox": name, "access": "password", "state": "ready"}
    times: dict[str, Any] = dict.fromkeys(("granted_at", "renewed_at", "ends_at"))
    if isinstance(tokens, Tokens):
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


def _smarthost(operator: Operator, config: Path | None) -> "tuple[str, Tokens] | None":
    """Who logs in to the smarthost by OAuth2, and how, where the settings ask for it."""
    from urllib.parse import unquote, urlsplit

    from gateway.settings.mailboxes import smarthost_tokens

    settings = operator.settings(config)
    tokens, url = smarthost_tokens(settings), settings.gateway.smarthost.url
    if tokens is None or url is None:
        return None
    return unquote(urlsplit(url.get_secret_value()).username or ""), tokens


def _one(operator: Operator, config: Path | None, name: str) -> "tuple[str, Tokens]":
    from gateway.wire.oauth import Tokens

    sends = _smarthost(operator, config) if name == SMARTHOST else None
    if sends is not None:
        return sends
    if name == SMARTHOST and SMARTHOST not in operator.settings(config).gateway.imap:
        refuse("the smarthost has no [smarthost.oauth] in gateway.toml")
    (account,) = chosen(operator, config, name)
    if not isinstance(account.token, Tokens):
        refuse(f"{name} has a password: [imap.{name}.oauth] in gateway.toml would change that", 2)
    return account.user, account.token


async def _ask(prompt: str) -> str:
    """A line of the person at the terminal."""
    return await asyncio.to_thread(lambda: str(typer.prompt(prompt, prompt_suffix="")))
