"""`gateway settings`: every setting, its default and what it means."""

from dataclasses import asdict
from textwrap import fill
from typing import Annotated

import typer

from gateway.cli.operator import Json, print_rows, refuse


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command()(settings)


def settings(
    words: Annotated[
        list[str] | None, typer.Argument(help="Only settings with these words in them.")
    ] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="As the chapter of the README.")
    ] = False,
    json: Json = False,
) -> None:
    """List every setting of the three files: its default and what it means.

    Read from the program itself, so none is missing. `gateway settings hotrush` shows those about
    HotRush. Needs no settings file.
    """
    from gateway.settings.reference import all_settings, as_markdown

    wanted = [word.lower() for word in words or ()]
    found = [
        one
        for one in all_settings()
        if all(word in f"{one.key} {one.meaning}".lower() for word in wanted)
    ]
    if not found:
        refuse(f"no setting has {' and '.join(wanted)} in it")
    if markdown:
        print(as_markdown(found), end="")
    elif json:
        print_rows((asdict(one) for one in found), as_lines=True)
    else:
        for one in found:
            print(f"{one.file}: {one.key} = {one.default}")
            print(fill(one.meaning, 76, initial_indent="    ", subsequent_indent="    "))
