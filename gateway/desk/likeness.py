"""How unlike its ticket a reply is: a small fitted model as plain numbers (policy A19, 4.7).

Likeness of words alone fails, because "thanks, that worked" shares no word with its ticket. So
the model asks three things: what of the ticket comes back, what is new, and whether the reply is
written as a follow-up or as an opening. The weights are those of a logistic regression, made
again by `tests/bench/fit_likeness.py`.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from gateway.desk.meaning import Meaning
from gateway.desk.signs import Sign, signs_of
from gateway.desk.words import (
    READ_AT_MOST,
    Background,
    language_of,
    made_names,
    own_text,
    significant,
    spoken,
    stem_of,
    stems,
    words,
)

THRESHOLD: Final = 0.9
"""From this score on a reply counts as off-topic by itself: precision ≥ 0.97 (policy 4.7).

Measured leave-one-set-out: every split right (48 of 48, with the desk's own words 61 of 61), a
tenth to a seventh of the off-topic replies found. From 0.8 on 98 to 99 in 100 were right, and
twice as many found.
"""

_UNSURE_AT_MOST: Final = 0.79
"""Scores that rest on too little are pressed together between a half and this, so that an owner
may lower `split.threshold` to 0.8 and still split nothing that cannot be judged."""

_TOPIC_AT_MOST: Final = 2 * READ_AT_MOST
_NO_BACKGROUND: Final = Background()
_A_RARE_WORD: Final = 4  # Keeps a subject of one word from saying all or nothing.
_AT_ONCE: Final = 15  # Significant words: the first sentence or two.
_VERY_SHORT: Final = 25  # Words.
_QUESTION: Final = re.compile(r"\?(?=[\s\"')\]]|$)|？")
_MUCH: Final = 60  # Different significant words; a longer ticket says no more.
_LONG: Final = 150  # Words; a longer reply says no more about its topic.
_WORDS_SHOWN: Final = 8

_ENOUGH_SAID: Final = 10  # Different significant words in what a person speaks,
_MOSTLY_SPOKEN: Final = 0.5  # which is this share of the characters; the rest is log or code,
_ENOUGH_TOPIC: Final = 8  # against so many in the ticket.

BIAS: Final = -3.20
WEIGHTS: Final[Mapping[str, float]] = {
    "the subject's words return": -3.70,
    "the ticket's words return at once": -0.39,
    "the ticket's rare words return": -0.33,
    "names things never named": 0.62,
    "the ticket says much": 0.62,
    "length": 0.59,
    "very short": -1.93,
    "asks": 0.48,
    "thanks first": -1.34,
    "greets everyone": 1.20,
    "a bare greeting": 0.81,
    "refers to what was said": -0.62,
    "starts as an answer": -0.65,
    "states a problem at once": 0.84,
    "thanks in advance": 0.92,
}

MEANING: Final = "means what the ticket means at once"
BIAS_WITH_MEANING: Final = -2.48
WEIGHTS_WITH_MEANING: Final[Mapping[str, float]] = {
    "the subject's words return": -3.37,
    "the ticket's words return at once": 0.02,
    "the ticket's rare words return": -0.23,
    "names things never named": 0.59,
    "the ticket says much": 0.41,
    "length": 0.58,
    "very short": -1.87,
    "asks": 0.52,
    "thanks first": -1.32,
    "greets everyone": 1.17,
    "a bare greeting": 0.79,
    "refers to what was said": -0.64,
    "starts as an answer": -0.67,
    "states a problem at once": 0.85,
    "thanks in advance": 0.97,
    MEANING: -3.35,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Topic:
    """What a ticket has been about so far."""

    stems: Mapping[str, int]
    """Stem → how often it stands in subject and messages."""
    subject: frozenset[str]
    """Stems of the subject."""
    names: frozenset[str]
    """File names, versions, options and the like."""
    language: str | None
    """ISO 639-1, where it can be told."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What the model says of one reply."""

    score: float
    """0 (on topic) to 1 (about something else): a probability where four replies in ten are."""
    words_for: tuple[str, ...]
    """Words and signs that speak for something else, heaviest first."""
    words_against: tuple[str, ...]
    """Words and signs that speak for the ticket, heaviest first."""
    new_words: tuple[str, ...]
    """Words among them that the ticket never had, the rarest first."""
    features: Mapping[str, float]
    """What was measured: the keys of `WEIGHTS`, and `MEANING` where meanings are known."""


def topic_of(subject: str, texts: Iterable[str]) -> Topic:
    """The topic of a ticket: its subject and its messages, oldest first, as far as they are own.

    Of a long ticket the first message and the newest are read.
    """
    messages = list(texts)
    read: list[str] = [subject]
    room = _TOPIC_AT_MOST
    for message in messages[:1] + messages[:0:-1]:
        read.append((own_text(message) or message[:READ_AT_MOST])[:room])
        room -= len(read[-1])
        if room <= 0:
            break
    whole = "\n".join(read)
    found = Counter(words(whole))
    counts: Counter[str] = Counter()
    for word in significant(found):
        counts[stem_of(word)] += found[word]
    return Topic(
        stems=counts,
        subject=frozenset(stems(subject)),
        names=made_names(whole),
        language=language_of(found),
    )


def shares_no_words(topic: Topic, text: str, *, min_words: int = 6, below: float = 0.05) -> bool:
    """The floor of policy 4.7: enough significant words, and hardly one of the ticket's.

    `min_words` counts different stems in what a person speaks; `below` is the cosine similarity
    of the stem counts. Two languages share no words whatever they speak of, so they say nothing.
    """
    found = words(spoken(own_text(text)))
    counts = Counter(stem_of(word) for word in significant(found))
    if len(counts) < min_words or not topic.stems or _is_foreign(topic, found):
        return False
    product = sum(count * topic.stems.get(stem, 0) for stem, count in counts.items())
    return product / (_length(counts.values()) * _length(topic.stems.values())) < below


def unlikeness(
    topic: Topic,
    text: str,
    background: Background = _NO_BACKGROUND,
    meaning: Meaning | None = None,
) -> Likeness:
    """How likely the reply `text` speaks about something else than `topic`.

    `background` makes it sharper: rare words are then those that are rare at this desk. So does
    `meaning` (extra `topic`): a related word is then as good as the same. A reply that cannot be
    judged (few spoken words, another language, hardly anything in the ticket) stays below
    `THRESHOLD`. Never raises; reads at most `READ_AT_MOST` characters.
    """
    reply = _reply_of(text)
    features = _measure(topic, reply, background)
    bias, weights = BIAS, WEIGHTS
    if meaning:
        bias, weights = BIAS_WITH_MEANING, WEIGHTS_WITH_MEANING
        features[MEANING] = meaning.alike(_first_said(reply), topic.stems)
    score = 1 / (1 + math.exp(-bias - sum(weights[name] * features[name] for name in weights)))
    if score > 0.5 and not _can_be_judged(topic, reply):
        score = 0.5 + (score - 0.5) * (_UNSURE_AT_MOST - 0.5) / 0.5
    signs_for, signs_against = _signs(reply)
    new, shared = _weighty_words(topic, reply, background)
    return Likeness(
        score=score,
        words_for=(*signs_for, *new),
        words_against=(*signs_against, *shared),
        new_words=new,
        features=features,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reply:
    """A reply taken apart once."""

    text: str
    words: Sequence[str]
    speech: str
    spoken_words: Sequence[str]
    signs: frozenset[Sign]


def _reply_of(text: str) -> _Reply:
    own = own_text(text)
    speech = spoken(own)
    return _Reply(
        text=own,
        words=words(own),
        speech=speech,
        spoken_words=words(speech),
        signs=signs_of(speech),
    )


def _measure(topic: Topic, reply: _Reply, rare: Background) -> dict[str, float]:
    counts = Counter(stem_of(word) for word in significant(reply.words))
    subject = sum(rare.rarity(stem) for stem in topic.subject)
    subject_returns = sum(rare.rarity(stem) for stem in topic.subject if stem in counts)
    at_once = sum(rare.rarity(stem) for stem in _first_said(reply) if stem in topic.stems)
    heavy = sorted(
        (
            rare.rarity(stem) * min(2.0, math.log1p(count * topic.stems[stem]))
            for stem, count in counts.items()
            if stem in topic.stems
        ),
        reverse=True,
    )
    return {
        "the subject's words return": subject_returns / (subject + _A_RARE_WORD),
        "the ticket's words return at once": math.log1p(at_once),
        "the ticket's rare words return": sum(heavy[:5]) / 5,
        "names things never named": math.log1p(min(5, len(made_names(reply.text) - topic.names))),
        "the ticket says much": math.log1p(min(_MUCH, len(topic.stems))),
        "length": math.log1p(min(_LONG, len(reply.words))),
        "very short": float(len(reply.words) < _VERY_SHORT),
        "asks": float(bool(_QUESTION.search(reply.speech))),
        **{sign.value: float(sign in reply.signs) for sign in Sign},
    }


def _first_said(reply: _Reply) -> Counter[str]:
    return Counter(stem_of(word) for word in significant(reply.spoken_words)[:_AT_ONCE])


def _length(values: Iterable[float]) -> float:
    return math.sqrt(sum(value * value for value in values)) or 1.0


def _can_be_judged(topic: Topic, reply: _Reply) -> bool:
    """Whether there is enough speech on both sides, in one language, to compare words."""
    said = {stem_of(word) for word in significant(reply.spoken_words)}
    if len(said) < _ENOUGH_SAID or len(topic.stems) < _ENOUGH_TOPIC:
        return False
    if len(reply.speech) < _MOSTLY_SPOKEN * len(reply.text):
        return False
    return not _is_foreign(topic, reply.spoken_words)


def _is_foreign(topic: Topic, found: Iterable[str]) -> bool:
    """Whether words are surely of another language than the ticket."""
    language = language_of(found)
    return language is not None and topic.language is not None and language != topic.language


def _signs(reply: _Reply) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Signs for and against, the heaviest first."""
    ordered = sorted(reply.signs, key=lambda sign: (-abs(WEIGHTS[sign.value]), sign.value))
    return (
        tuple(sign.value for sign in ordered if WEIGHTS[sign.value] > 0),
        tuple(sign.value for sign in ordered if WEIGHTS[sign.value] < 0),
    )


def _weighty_words(
    topic: Topic, reply: _Reply, rare: Background
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """New words and shared ones, the rarest first; of equals the one that comes first."""
    distinct = significant(dict.fromkeys(reply.words))
    weight = {word: rare.rarity(stem_of(word)) for word in distinct}
    rarest = sorted(weight, key=lambda word: -weight[word])
    said = set(reply.spoken_words)
    shared = [word for word in rarest if stem_of(word) in topic.stems]
    new = [word for word in rarest if word in said and stem_of(word) not in topic.stems]
    return tuple(new[:_WORDS_SHOWN]), tuple(shared[:_WORDS_SHOWN])
