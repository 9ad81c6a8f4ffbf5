"""`gateway templates`: try the letters before customers do, and look at all of them."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gateway.cli.operator import (
    REFUSED,
    WRONG_SETTINGS,
    Config,
    Json,
    Quiet,
    operator_of,
    print_rows,
    refuse,
)
from gateway.cli.progress import progress

if TYPE_CHECKING:
    from gateway.letters.proof import Proof
    from gateway.letters.shelf import Shelf
    from gateway.work.assembly import Plan

app = typer.Typer(
    help="Letters: check your own, and look at all of them.",
    no_args_is_help=True,
    epilog="A letter of your own is a file <language>/<letter>.md in the folder `templates.dir`. "
    "It goes before ours; take ours (gateway templates show LETTER) to begin with.",
)


@app.command()
def check(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """Try your own letters with every example; exit code 1 where one is broken.

    Finds variables that do not exist, errors of syntax, files that no letter uses, commands the
    desk would not understand, missing translations and subjects that are too long.

    A broken letter of yours keeps no mail back: ours goes instead, and the operator is told once
    for each change of the file. This command tells you before that happens.
    """
    from gateway.daemon import plan_of
    from gateway.letters.proof import findings, languages

    plan = plan_of(operator_of(context).settings(config))
    shelf = _shelf(plan)
    found = findings(shelf, plan.policy, plan.keys)
    if json:
        rows = ({"level": one.level, "file": one.file, "text": one.text} for one in found)
        print_rows(rows, as_lines=True)
    else:
        for one in found:
            print(f"{one.level:8} {one.file}: {one.text}")
        print(f"{len(shelf.names())} letters, languages: {', '.join(languages(shelf))}")
    if any(one.level == "error" for one in found):
        raise typer.Exit(REFUSED)


@app.command()
def preview(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="The page to write.")] = Path("letters.html"),
    language: Annotated[
        list[str] | None, typer.Option(help="Only this language; may be given more than once.")
    ] = None,
    config: Config = None,
    quiet: Quiet = False,
) -> None:
    """Write a page with all letters in all languages, text and HTML side by side.

    The page is one file that needs no network: open it in a browser, narrow the window, switch to
    dark. Letters of yours stand in it as customers would get them; where one is broken, ours
    stands there with the reason above it.
    """
    from gateway.daemon import plan_of
    from gateway.letters.gallery import gallery
    from gateway.letters.proof import languages
    from gateway.report.sample import previews

    plan = plan_of(operator_of(context).settings(config))
    shelf = _shelf(plan)
    known = languages(shelf)
    if unknown := sorted(set(language or ()) - set(known)):
        refuse(f"no letters in {', '.join(unknown)}; there are: {', '.join(known)}")
    made: list[Proof] = []
    with progress("preview", len(language or known), quiet=quiet) as step:
        for tag in language or known:
            made += previews(shelf, plan.policy, plan.keys, tag)
            step(tag)
    try:
        file.write_text(gallery(f"Letters of {plan.policy.operator.name}", made), "utf-8")
    except OSError as error:
        refuse(f"{file}: {error.strerror}")
    if not quiet:
        print(f"{len(made)} letters in {file}")


@app.command()
def show(
    letter: Annotated[str, typer.Argument(help="Such as assessment_request.")],
    language: Annotated[str, typer.Option(help="Such as de.")] = "en",
) -> None:
    """Print the built-in source of a letter, to begin one of your own with.

    A source is a subject, then Markdown with Jinja: {{ ticket.label }}, {% if … %}. Two spaces
    between words of a line indented by four make a table. What a customer writes as a command
    comes from {{ say("confirm") }}, a button from {{ button("Confirm", say("confirm")) }},
    an instant from {{ t(ticket.due_at) }}, a day from
    {{ day(ticket.received_at) }}, credits from {{ credits(10) }}.
    """
    from gateway.letters.shelf import Shelf
    from gateway.settings.places import built_in

    shelf = Shelf(built_in("templates"))
    if letter not in shelf.names():
        refuse(f"there is no letter {letter!r}; there are: {', '.join(shelf.names())}")
    print(shelf.sources(letter, language)[-1].path.read_text(encoding="utf-8"), end="")


def _shelf(plan: "Plan") -> "Shelf":
    from gateway.letters.shelf import Shelf

    own = plan.own_letters
    if own and not own.is_dir():
        refuse(f"{own}: there is no such folder (templates.dir)", WRONG_SETTINGS)
    return Shelf(plan.built_in_letters, own)
