"""`gateway explain`: what would be decided about a mail, and why; nothing is written."""

import tempfile
from contextlib import contextmanager
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.operator import (
    TEMPORARY,
    Config,
    Json,
    Operator,
    as_json,
    first_line,
    operator_of,
    refuse,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlalchemy import Connection

    from gateway.desk.clues import Clues
    from gateway.desk.decision import Decision, SendLetter
    from gateway.desk.facts import Facts
    from gateway.desk.weighing import Weighed
    from gateway.letters.writer import Writer
    from gateway.mail.message import Mail
    from gateway.work.assembly import Plan


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command()(explain)


def explain(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="A file with one mail.")],
    recipient: Annotated[
        list[str] | None, typer.Option(help="Envelope recipient, where the header lacks it.")
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Show the decision about a mail, its reasons, changes and letters. Writes nothing."""
    from gateway.daemon import plan_of
    from gateway.desk.clues import find_clues
    from gateway.desk.decide import decide
    from gateway.letters.shelf import Shelf
    from gateway.letters.writer import Writer
    from gateway.mail.message import Envelope
    from gateway.mail.parse import read_mail
    from gateway.store import pictures
    from gateway.store.facts import gather
    from gateway.store.learned import load
    from gateway.store.numbers import next_number
    from gateway.work.restored import held_back

    if file.is_dir():
        refuse(f"{file}: a folder; name a file with one mail")
    if not file.is_file():
        refuse(f"{file}: there is no such file")
    operator = operator_of(context)
    plan = plan_of(operator.settings(config), looks_only=True)
    now = operator.clock()
    envelope = Envelope(
        queue_id="explained",
        received_at=now,
        forward_paths=tuple(recipient or ()),
        source="explain",
    )
    whole = read_mail(file.read_bytes(), envelope)
    with _read_only(plan) as connection:
        mail = pictures.without_signatures(connection, whole)
        clues = find_clues(mail, plan.policy, plan.keys)
        facts = gather(connection, mail, clues, plan.policy, load(connection))
        decision = held_back(connection, decide(mail, facts, plan.policy, now))
        decision = pictures.told(decision, pictures.left_out(whole, mail))
        number = next_number(connection, "ticket")
    writer = Writer(Shelf(plan.built_in_letters, plan.own_letters), plan.policy, plan.keys)
    letters = [_letter(writer, one, mail, number, operator) for one in decision.letters]
    told = _told(mail, clues, facts, decision, letters)
    if json:
        print(as_json(told))
    else:
        _print(told)


@contextmanager
def _read_only(plan: "Plan") -> "Iterator[Connection]":
    """A transaction that is always undone; an empty desk where there is no database yet.

    Nothing is brought up to date here: a daemon of an older version may be working with it.
    """
    from gateway.store.engine import open_engine
    from gateway.store.reach import OUT_OF_REACH
    from gateway.store.upgrade import upgrade

    with tempfile.TemporaryDirectory() as folder:
        url = plan.database_url
        try:
            if _is_empty(url):
                url = f"sqlite:///{folder}/empty.db"
                upgrade(open_engine(url))
            engine = open_engine(url)
            with engine.connect() as connection:
                yield connection
                connection.rollback()
            engine.dispose()
        except OUT_OF_REACH as error:
            refuse(f"the database is out of reach: {first_line(error)}", TEMPORARY)


def _is_empty(url: str) -> bool:
    """Whether a database has no tables yet; refuses one of another version."""
    from gateway.store.engine import open_engine
    from gateway.store.revision import standing

    if url.startswith("sqlite:") and not Path(url.removeprefix("sqlite:///")).exists():
        return True
    engine = open_engine(url)
    try:
        with engine.connect() as connection:
            found = standing(connection)
    finally:
        engine.dispose()
    if found == "older":
        refuse(
            "the database is of an earlier version, and explain changes nothing: gateway mail "
            "count brings it up to date (stop an older daemon before), then explain again"
        )
    if found == "newer":
        refuse("the database is of a later version: explain with the program that upgraded it")
    return found == "empty"


def _letter(
    writer: "Writer", letter: "SendLetter", mail: "Mail", number: int, operator: Operator
) -> dict[str, Any]:
    from email import message_from_bytes, policy

    from gateway.letters.writer import Frame

    written = writer.write(
        letter,
        Frame(
            event=mail.envelope.queue_id,
            at=operator.clock(),
            numbers={-1 - step: number + step for step in range(5)},
            answered=mail.message_id or "",
            thread=(mail.message_id,) if mail.message_id else (),
        ),
    )
    made = message_from_bytes(written.content, policy=policy.default)
    body = made.get_body(("plain",))
    return {
        "letter": letter.letter,
        "to": letter.to,
        "subject": str(made["Subject"]),
        "text": body.get_content() if body else "",
    }


def _told(
    mail: "Mail",
    clues: "Clues",
    facts: "Facts",
    decision: "Decision",
    letters: list[dict[str, Any]],
) -> dict[str, Any]:
    from gateway.mail.cut import what_was_cut

    return {
        "from": clues.sender,
        "subject": mail.subject,
        "new_text": mail.new_text,
        "cut": [f"{one.kind}, {one.lines} lines: {one.first}" for one in what_was_cut(mail)],
        "automatic": mail.automatic or None,
        "defects": list(mail.defects),
        "commands": [str(one.verb) for one in clues.commands.commands]
        or [one.line for one in clues.control.commands],
        "found_by": facts.found_by or None,
        "events": list(decision.alarms),
        "disposition": str(decision.disposition),
        "topic": _topic(decision.weighed),
        "reasons": list(decision.reasons),
        "changes": [_change(one) for one in decision.changes],
        "letters": letters,
    }


def _topic(weighed: "Weighed | None") -> dict[str, Any] | None:
    """What spoke for and against another topic: points, score, signs and words (policy 4.7)."""
    if weighed is None:
        return None
    likeness = weighed.likeness
    return {
        "points": weighed.points,
        "signs": list(weighed.reasons),
        "score": round(likeness.score, 3),
        "threshold": weighed.threshold,
        "for": list(likeness.words_for),
        "against": list(likeness.words_against),
        "from_paragraph": weighed.paragraph,
    }


def _change(change: Any) -> str:
    """A change on one line: its name and the fields that say something."""
    if not is_dataclass(change):
        return str(change)
    shown = []
    for one in fields(change):
        value = getattr(change, one.name)
        if one.name in ("values", "steps", "text") or value in (None, "", (), False):
            continue
        number = getattr(value, "number", None)
        text = f"#{number}" if number is not None else str(value)
        shown.append(f"{one.name}={text if len(text) < 60 else text[:57] + '…'}")
    return f"{type(change).__name__}({', '.join(shown)})"


def _print(told: dict[str, Any]) -> None:
    for key, value in told.items():
        if key in ("letters", "new_text") or value in (None, [], ""):
            continue
        if isinstance(value, dict):
            print(f"{key}:")
            for name, one in value.items():
                shown = ", ".join(one) if isinstance(one, list) else one
                print(f"  {name.replace('_', ' ') + ':':15} {shown}")
        elif isinstance(value, list):
            print(f"{key.replace('_', ' ')}:")
            for one in value:
                print(f"  {one}")
        else:
            print(f"{key.replace('_', ' ') + ':':13} {value}")
    for letter in told["letters"]:
        print(f"\n--- {letter['letter']} to {letter['to']}\nSubject: {letter['subject']}\n")
        print(letter["text"].rstrip())
