"""`gateway split`: the off-topic model on labelled replies, of a file and of the desk itself."""

import json as json_text
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.operator import (
    Config,
    Json,
    as_json,
    complain,
    operator_of,
    print_rows,
    refuse,
)

if TYPE_CHECKING:
    from gateway.desk.learned import Learned
    from gateway.desk.split_exam import Judged, Pair

THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95)

app = typer.Typer(
    short_help="Replies about something else, and the model.",
    help="Replies about something else: what the model says of them, and how often it is right.",
    no_args_is_help=True,
)


class Model(StrEnum):
    """Which likeness is asked."""

    DEFAULT = "default"
    TOPIC = "topic"


File = Annotated[
    Path,
    typer.Argument(
        help="One JSON object a line: id, subject, opening (the ticket's first message), reply; "
        "label is 1 where the reply is about something else, else 0."
    ),
]
ModelOption = Annotated[
    Model,
    typer.Option(
        help="default needs nothing; topic also learns which words mean much the same "
        "(pip install 'ticket-gateway[topic]')."
    ),
]


@app.command()
def score(file: File, model: ModelOption = Model.DEFAULT, json: Json = False) -> None:
    """Say of each reply in a file how likely it is about something else than its ticket.

    Prints id, score (0 to 1), split (the score reaches the strict threshold) and the words that
    spoke for and against. How rare words are is learned from the file's own texts, as a desk learns
    from its tickets; labels play no part. Needs no settings.
    """
    from gateway.desk.likeness import THRESHOLD
    from gateway.desk.split_exam import answer

    pairs = list(_read(file))
    learned = _learn(pairs, model)
    rows: Iterator[dict[str, Any]] = (
        {
            "id": pair.id,
            "score": round(said.score, 6),
            "split": said.score >= THRESHOLD,
            "words": {"for": list(said.words_for), "against": list(said.words_against)},
        }
        for pair in pairs
        for said in (answer(pair, learned),)
    )
    if json:
        for row in rows:
            print(as_json(row))
        return
    shown = ({**row, "score": f"{row['score']:.2f}", **_joined(row)} for row in rows)
    print_rows(({k: v for k, v in row.items() if k != "words"} for row in shown), as_lines=False)


@app.command()
def evaluate(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(help="Labelled pairs as for `score`; without it the desk's own examples."),
    ] = None,
    model: ModelOption = Model.DEFAULT,
    threshold: Annotated[
        float | None,
        typer.Option(min=0, max=1, help="Judge this threshold; else the one in force."),
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Print precision and recall on labelled replies, and which threshold would do better.

    Without a file the examples are the desk's own: what staff and customers undid (#merge,
    #nosplit, same topic) and what they confirmed (#split, or work on the ticket that was split
    off). With a file and --config both are shown.

    Precision: of the replies that are split, how many were about something else. Recall: of those
    about something else, how many are split. The better threshold finds the most at a precision of
    at least 0.97; put it into policy.toml as threshold in [split].
    """
    from gateway.desk.likeness import THRESHOLD
    from gateway.desk.split_exam import judge

    in_force = THRESHOLD if threshold is None else threshold
    told = False
    if file is None or config is not None:
        desk, known, own = _of_the_desk(context, config)
        in_force = (desk or THRESHOLD) if threshold is None else threshold
        told = _report("the desk's own examples", judge(own, known), in_force, as_lines=json)
    if file is not None:
        pairs = list(_read(file))
        judged = judge(pairs, _learn(pairs, model))
        told = _report(str(file), judged, in_force, as_lines=json) or told
    if not told:
        refuse("no labelled replies (label 1: about something else, 0: not)")


def _of_the_desk(
    context: typer.Context, config: Path | None
) -> tuple[float | None, "Learned", list["Pair"]]:
    """The threshold of the settings, what was learned, and the examples people labelled."""
    from gateway.store.examples import labelled
    from gateway.store.learned import load
    from gateway.store.transaction import run_once

    with operator_of(context).desk(config) as (engine, desk):
        known = run_once(engine, load)
        return desk.policy.split.threshold, known, run_once(engine, labelled)


def _joined(row: dict[str, Any]) -> dict[str, str]:
    return {name: ", ".join(words[:4]) for name, words in row["words"].items()}


def _read(file: Path) -> Iterator["Pair"]:
    """The pairs of a file; a line that is none ends the command with its number."""
    try:
        with file.open(encoding="utf-8", errors="replace") as lines:
            for number, line in enumerate(lines, 1):
                if line.strip():
                    yield _pair(file, number, line)
    except OSError as error:
        refuse(f"{file}: {error.strerror}")


def _pair(file: Path, number: int, line: str) -> "Pair":
    from gateway.desk.split_exam import Pair

    try:
        row = json_text.loads(line)
    except (ValueError, RecursionError):
        row = None
    if not isinstance(row, dict):
        refuse(f"{file}:{number}: write one JSON object a line")
    label = row.get("label")
    return Pair(
        id=str(row.get("id", number)),
        subject=str(row.get("subject") or ""),
        texts=(str(row.get("opening") or ""),),
        reply=str(row.get("reply") or ""),
        off_topic=bool(label) if label in (0, 1) else None,
    )


def _learn(pairs: Sequence["Pair"], model: Model) -> "Learned":
    from gateway.desk.learned import Learned
    from gateway.desk.split_exam import texts_of
    from gateway.desk.words import Background
    from gateway.work.topic_model import FEWEST_MAILS, learn_meaning

    texts = texts_of(pairs)
    background = Background.of(texts)
    if model is Model.DEFAULT:
        return Learned(background=background)
    try:
        meaning = learn_meaning(texts)
    except ImportError:
        refuse("the model topic needs its library: pip install 'ticket-gateway[topic]'")
    if meaning is None:
        complain(f"too little to learn from ({FEWEST_MAILS} texts are needed): the default answers")
    return Learned(background=background, meaning=meaning)


def _report(name: str, judged: Sequence["Judged"], threshold: float, *, as_lines: bool) -> bool:
    """Print the figures; false where there is nothing to judge."""
    from gateway.desk.split_exam import PRECISION_ASKED, area, best, figures

    if not judged:
        complain(f"{name}: nothing labelled yet")
        return False
    better = best(judged)
    in_force = figures(judged, threshold)
    chosen = sorted({threshold, *THRESHOLDS, *([better.threshold] if better else [])})
    found = [figures(judged, one) for one in chosen]
    rows = [
        {
            "threshold": one.threshold,
            "split": one.split,
            "right": one.right,
            "precision": None if one.precision is None else round(one.precision, 3),
            "recall": None if one.recall is None else round(one.recall, 3),
            "note": _note(one.threshold, threshold, better.threshold if better else None),
        }
        for one in found
    ]
    if as_lines:
        print_rows(({"source": name, "pairs": len(judged), **row} for row in rows), as_lines=True)
        return True
    auc = area(judged)
    bad = in_force.off_topic
    print(f"{name}: {len(judged)} replies, {bad} about something else", end="")
    print("" if auc is None else f", ROC-AUC {auc:.3f}")
    print_rows(rows, as_lines=False)
    if better is None:
        print(f"no threshold splits enough replies at a precision of {PRECISION_ASKED} to tell")
    elif better.right > in_force.right or (in_force.precision or 1.0) < PRECISION_ASKED:
        print(f"better: threshold = {better.threshold} in [split] of policy.toml")
    return True


def _note(one: float, in_force: float, better: float | None) -> str:
    words = [
        *(["in force"] if one == in_force else []),
        *(["finds most at 0.97"] if one == better else []),
    ]
    return ", ".join(words)
