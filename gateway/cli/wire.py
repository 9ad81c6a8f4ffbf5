"""`gateway smtp-user`: what an operator sets up once for the wires."""

import sys
from typing import Annotated

import typer

from gateway.cli.operator import refuse


def add_to(app: typer.Typer) -> None:
    """Put the commands into the tree."""
    app.command("smtp-user")(smtp_user)


def smtp_user(
    name: Annotated[str, typer.Argument(help="Name to log in with.")],
) -> None:
    """Print a line for `smtp.users_file`: the name and its hashed password.

    The password is asked for, or read from standard input where that is no terminal.
    """
    from gateway.wire.smtp_users import hash_password

    if not name or ":" in name or name.startswith("#") or not name.isprintable():
        refuse("a name has no colon and does not begin with #")
    if sys.stdin.isatty():
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    else:
        password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        refuse("the password is empty")
    print(f"{name}:{hash_password(password.encode())}")
