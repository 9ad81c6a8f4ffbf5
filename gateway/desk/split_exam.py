"""Examine the likeness model on labelled replies: precision, recall, and which threshold is better.

A pair is a ticket as it stood and a reply in it; its label says whether the reply was about
something else. Labels come from a file, or from what staff undid and confirmed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.desk.learned import Learned
from gateway.desk.likeness import Likeness, topic_of, unlikeness

PRECISION_ASKED: Final = 0.97
"""Policy 4.7: of a hundred replies that are split, at most three may have belonged."""
FEWEST_SPLITS: Final = 10
"""A threshold that splits fewer replies proves nothing about its precision."""
_STEP: Final = 0.01


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """A reply and the ticket it was written in."""

    id: str
    subject: str
    texts: tuple[str, ...]
    """What was said in the ticket before, oldest first."""
    reply: str
    off_topic: bool | None = None
    """The label; `None` where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A label, and what the model said."""

    off_topic: bool
    score: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How one threshold does on labelled replies."""

    threshold: float
    split: int
    """Replies that would be split."""
    right: int
    """Those of them that were about something else."""
    off_topic: int
    """Replies that were about something else."""

    @property
    def precision(self) -> float | None:
        """Share of the splits that are right; nothing where nothing is split."""
        return self.right / self.split if self.split else None

    @property
    def recall(self) -> float | None:
        """Share of the replies about something else that are split."""
        return self.right / self.off_topic if self.off_topic else None


def texts_of(pairs: Iterable[Pair]) -> list[str]:
    """What a desk with these tickets would have read, each text once; labels play no part."""
    seen = dict.fromkeys(
        text
        for pair in pairs
        for text in ("\n".join((pair.subject, *pair.texts[:1])), *pair.texts[1:], pair.reply)
    )
    return list(seen)


def answer(pair: Pair, learned: Learned) -> Likeness:
    """What the model says of one reply."""
    topic = topic_of(pair.subject, pair.texts)
    return unlikeness(topic, pair.reply, learned.background, learned.meaning)


def judge(pairs: Iterable[Pair], learned: Learned) -> list[Judged]:
    """The labelled ones among some pairs, each with its score."""
    return [
        Judged(off_topic=pair.off_topic, score=answer(pair, learned).score)
        for pair in pairs
        if pair.off_topic is not None
    ]


def figures(judged: Sequence[Judged], threshold: float) -> Figures:
    """Precision and recall where every reply from `threshold` on is split."""
    split = [one for one in judged if one.score >= threshold]
    return Figures(
        threshold=threshold,
        split=len(split),
        right=sum(one.off_topic for one in split),
        off_topic=sum(one.off_topic for one in judged),
    )


def best(judged: Sequence[Judged], precision: float = PRECISION_ASKED) -> Figures | None:
    """The threshold that finds most at `precision` or above; the strictest of equals.

    None where no threshold splits enough replies to tell. Thresholds are whole hundredths, because
    a finer one would be fitted to single mails.
    """
    steps = (figures(judged, round(number * _STEP, 2)) for number in range(99, 0, -1))
    good = [
        one for one in steps if one.split >= FEWEST_SPLITS and (one.precision or 0.0) >= precision
    ]
    return max(good, key=lambda one: one.right, default=None)


def area(judged: Sequence[Judged]) -> float | None:
    """ROC-AUC: how often a reply about something else scores higher than one that belongs."""
    bad = [one.score for one in judged if one.off_topic]
    good = [one.score for one in judged if not one.off_topic]
    if not bad or not good:
        return None
    wins = sum((b > g) + (b == g) / 2 for b in bad for g in good)
    return wins / (len(bad) * len(good))
