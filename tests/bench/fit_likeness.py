"""Fits the weights of `gateway.desk.likeness` on labelled pairs and says how well they carry over.

    python tests/bench/fit_likeness.py [--meaning] PAIRS.jsonl

PAIRS holds one object per line: id, set, kind, label (1 = the reply is about something else),
subject, opening, reply. All figures are leave-one-set-out: a set is scored by weights that never
saw it. Short tickets are taught by shortened copies of the pairs. Plain Python; `--meaning` fits
the weights for the extra `topic` and needs it.
"""

import argparse
import json
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

sys.path.insert(0, str(Path(__file__).parents[2]))

from gateway.desk import likeness
from gateway.desk.meaning import Meaning
from gateway.desk.words import Background
from gateway.work.topic_model import learn_meaning

STRENGTH = 10.0  # Of the ridge, per feature in units of its spread.
STEPS = 12  # Newton's method needs fewer.

COPIES: dict[str, tuple[float, Callable[[dict], dict]]] = {
    # How the ticket looks, and what such a pair counts while fitting.
    "as they are": (1.0, lambda pair: pair),
    "opening of 200 characters": (0.15, lambda pair: pair | {"opening": pair["opening"][:200]}),
    "opening of 60 characters": (0.15, lambda pair: pair | {"opening": pair["opening"][:60]}),
    "subject says nothing": (0.15, lambda pair: pair | {"subject": "Question"}),
    "both": (0.1, lambda pair: pair | {"subject": "Question", "opening": pair["opening"][:60]}),
}


@dataclass(frozen=True)
class Model:
    """What `likeness` holds: a bias and a weight per feature."""

    bias: float
    weights: dict[str, float]


@dataclass(frozen=True)
class Desk:
    """What a desk with these mails would know; labels play no part."""

    background: Background = field(default_factory=Background)
    meaning: Meaning | None = None

    @classmethod
    def of(cls, pairs: Sequence[dict], *, with_meaning: bool) -> Self:
        texts = [t for p in pairs for t in (f"{p['subject']}\n{p['opening']}", p["reply"])]
        return cls(Background.of(texts), learn_meaning(texts) if with_meaning else None)


@dataclass(frozen=True)
class Scored:
    """One pair with its answer."""

    pair: dict
    score: float

    @property
    def label(self) -> int:
        return self.pair["label"]


def solved(matrix: list[list[float]], vector: list[float]) -> list[float]:
    """The solution of a symmetric positive linear system (Cholesky)."""
    size = len(vector)
    low = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] - sum(low[i][k] * low[j][k] for k in range(j))
            low[i][j] = math.sqrt(rest) if i == j else rest / low[j][j]
    half: list[float] = []
    for i in range(size):
        half.append((vector[i] - sum(low[i][k] * half[k] for k in range(i))) / low[i][i])
    whole = [0.0] * size
    for i in reversed(range(size)):
        above = sum(low[k][i] * whole[k] for k in range(i + 1, size))
        whole[i] = (half[i] - above) / low[i][i]
    return whole


def fitted(rows: Sequence[tuple[dict[str, float], int, float]]) -> Model:
    """Ridge logistic regression by Newton's method on (features, label, weight)."""
    names = list(rows[0][0])
    total = sum(weight for _, _, weight in rows)
    mean = {n: sum(f[n] * weight for f, _, weight in rows) / total for n in names}
    spread = {
        n: math.sqrt(sum((f[n] - mean[n]) ** 2 * w for f, _, w in rows) / total) or 1.0
        for n in names
    }
    table = [
        ([1.0, *((f[n] - mean[n]) / spread[n] for n in names)], label, weight)
        for f, label, weight in rows
    ]
    size = len(names) + 1
    now = [0.0] * size
    for _ in range(STEPS):
        slope = [0.0, *(-STRENGTH * value for value in now[1:])]
        curve = [[0.0] * size for _ in range(size)]
        for i in range(1, size):
            curve[i][i] = STRENGTH
        for values, label, weight in table:
            chance = logistic(sum(a * b for a, b in zip(now, values, strict=True)))
            pull, stiff = weight * (label - chance), weight * chance * (1 - chance)
            for i, value in enumerate(values):
                slope[i] += pull * value
                row, part = curve[i], stiff * value
                for j in range(i + 1):
                    row[j] += part * values[j]
        now = [a + b for a, b in zip(now, solved(curve, slope), strict=True)]
    weights = {n: now[i + 1] / spread[n] for i, n in enumerate(names)}
    return Model(now[0] - sum(weights[n] * mean[n] for n in names), weights)


def logistic(value: float) -> float:
    return 1 / (1 + math.exp(-max(-40.0, min(40.0, value))))


def asked(pair: dict, desk: Desk) -> likeness.Likeness:
    topic = likeness.topic_of(pair["subject"], [pair["opening"]])
    return likeness.unlikeness(topic, pair["reply"], desk.background, desk.meaning)


def teaching_rows(pairs: Sequence[dict], desk: Desk) -> list[tuple[dict[str, float], int, float]]:
    """Features, label and weight of every pair of a set and of its shortened copies."""
    return [
        (dict(asked(change(pair), desk).features), pair["label"], weight)
        for weight, change in COPIES.values()
        for pair in pairs
    ]


@contextmanager
def in_place_of_the_code(model: Model, desk: Desk) -> Iterator[None]:
    """`model` instead of the weights that stand in the code."""
    names = ("BIAS_WITH_MEANING", "WEIGHTS_WITH_MEANING") if desk.meaning else ("BIAS", "WEIGHTS")
    kept = [getattr(likeness, name) for name in names]
    for name, value in zip(names, (model.bias, model.weights), strict=True):
        setattr(likeness, name, value)
    try:
        yield
    finally:
        for name, value in zip(names, kept, strict=True):
            setattr(likeness, name, value)


def scored(pairs: Sequence[dict], model: Model, desk: Desk) -> list[Scored]:
    with in_place_of_the_code(model, desk):
        return [Scored(pair, asked(pair, desk).score) for pair in pairs]


def area(answers: Sequence[Scored]) -> float:
    """ROC-AUC: how often an off-topic reply scores higher than a good one."""
    good = [a.score for a in answers if not a.label]
    bad = [a.score for a in answers if a.label]
    wins = sum((b > g) + (b == g) / 2 for b in bad for g in good)
    return wins / (len(good) * len(bad))


def found_at(answers: Sequence[Scored], false_share: float) -> float:
    """The share of off-topic replies found while `false_share` of the good ones are split."""
    good = sorted((a.score for a in answers if not a.label), reverse=True)
    cut = good[min(len(good) - 1, int(false_share * len(good)))]
    bad = [a.score for a in answers if a.label]
    return sum(score > cut for score in bad) / len(bad)


def line(title: str, answers: Sequence[Scored]) -> str:
    split = [a for a in answers if a.score >= likeness.THRESHOLD]
    right = sum(a.label for a in split)
    bad = sum(a.label for a in answers)
    return (
        f"{title:42} n={len(answers):5}  ROC-AUC {area(answers):.3f}"
        f"  R@2% {found_at(answers, 0.02):.3f}  R@4% {found_at(answers, 0.04):.3f}"
        f"  split {right}/{len(split)} precision {right / max(1, len(split)):.3f}"
        f" recall {right / bad:.3f}"
    )


def report(pairs: dict[str, list[dict]], models: dict[str, Model], desks: dict[str, Desk]) -> None:
    """All figures for one kind of desk: overall, by set, by kind, and for short tickets."""
    for how, (_, change) in COPIES.items():
        answers = [
            answer
            for name, chosen in pairs.items()
            for answer in scored([change(p) for p in chosen], models[name], desks[name])
        ]
        print(line(how, answers))
        if how != "as they are":
            continue
        for name in pairs:
            print(line(f"  set {name}", [a for a in answers if a.pair["set"] == name]))
        for kind in sorted({a.pair["kind"] for a in answers} - {"on"}):
            print(
                line(f"  on against {kind}", [a for a in answers if a.pair["kind"] in {"on", kind}])
            )


def main() -> None:
    """Read, fit without each set, report, fit on all, print the table for the code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--meaning", action="store_true")
    parser.add_argument("pairs", type=Path)
    chosen = parser.parse_args()
    pairs: dict[str, list[dict]] = {}
    for text in chosen.pairs.read_text("utf-8").splitlines():
        pair = json.loads(text)
        pairs.setdefault(pair["set"], []).append(pair)
    desks = {name: Desk.of(part, with_meaning=chosen.meaning) for name, part in pairs.items()}
    rows = {name: teaching_rows(part, desks[name]) for name, part in pairs.items()}
    without = {
        left_out: fitted([row for name in rows if name != left_out for row in rows[name]])
        for left_out in rows
    }
    if not chosen.meaning:
        print("no background")
        report(pairs, without, dict.fromkeys(pairs, Desk()))
    print("the desk's own words", "and their meaning" if chosen.meaning else "")
    report(pairs, without, desks)
    model = fitted([row for part in rows.values() for row in part])
    print(f"bias {model.bias:.2f}")
    for name, weight in model.weights.items():
        print(f'    "{name}": {weight:.2f},')


if __name__ == "__main__":
    main()
