"""Weigh what speaks for and against another topic in a reply: signs, points and words (4.7)."""

import re
from dataclasses import dataclass
from typing import Final

from gateway.desk.facts import Facts
from gateway.desk.likeness import THRESHOLD, Likeness, shares_no_words, topic_of, unlikeness
from gateway.desk.model import NO_SUBJECT, Ticket
from gateway.desk.phrases import CONFIRM_STEMS, MARKER
from gateway.desk.policy import SplitRules
from gateway.desk.words import READ_AT_MOST, significant, stem_of, words
from gateway.mail.message import Mail

_ITEM: Final = re.compile(r"\s*(?:\d{1,2}[.)]|[-*•])\s")
_FEWEST_WORDS: Final = 2
"""Significant words that a question needs after a command that said all else there was to say."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Weighed:
    """One text on the scales."""

    stays: str
    """The paragraphs before the marker."""
    passage: str
    """What was weighed: the paragraphs from the marker on, or all."""
    paragraph: int
    """Number of the passage's first paragraph, counted from 1."""
    points: int
    reasons: tuple[str, ...]
    """The signs in words; no word of the mail is among them, so a diary may have them."""
    likeness: Likeness
    threshold: float
    """From which score on the model's word counts."""
    subject_replaced: bool = False
    is_doubtful: bool = False
    """Too few words, or an answer to a question of ours."""

    @property
    def may_split(self) -> bool:
        """Whether the points may decide alone; else they make a suggestion at most."""
        return self.subject_replaced or not self.is_doubtful


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A reply as far as its topic goes."""

    mail: Mail
    facts: Facts
    ticket: Ticket
    text: str
    """What is left of it after its commands."""
    settled: bool = False
    """A command at its top said all there was to say in the ticket."""


def weigh(rules: SplitRules, reading: Reading) -> Weighed:
    """Every sign of a reply, with its points. Never raises, whatever the text."""
    parts = paragraphs(reading.text)
    marked = next((at for at, part in enumerate(parts) if MARKER.match(part)), None)
    first = marked or 0
    passage = "\n\n".join(parts[first:])
    facts, ticket = reading.facts, reading.ticket
    topic = topic_of(facts.topic[0] if facts.topic else ticket.subject, facts.topic[1:])
    likeness = unlikeness(topic, passage, facts.learned.background, facts.learned.meaning)
    threshold = THRESHOLD if rules.threshold is None else rules.threshold
    replaced = _is_replaced(reading.mail, facts, ticket)
    signs: list[tuple[int, str]] = []
    if replaced:
        signs.append((2, "the subject was replaced by another one"))
    if marked is not None:
        signs.append((1, "it begins like another question"))
    if not CONFIRM_STEMS.search(passage[:READ_AT_MOST].casefold()):
        alone = reading.settled and marked is not None
        fewest = min(_FEWEST_WORDS, rules.min_words) if alone else rules.min_words
        if shares_no_words(topic, passage, min_words=fewest, below=rules.similarity_below):
            signs.append((1, "it shares no word with the ticket"))
        elif likeness.score >= threshold and _says_enough(passage, rules.min_words):
            signs.append((1, "it is unlike the ticket"))
    if signs and ticket.asked_last:
        signs.append((-1, "it answers a question of ours"))
    whole = words(reading.mail.new_text[:READ_AT_MOST])
    return Weighed(
        stays="\n\n".join(parts[:first]),
        passage=passage,
        paragraph=first + 1,
        points=sum(points for points, _ in signs),
        reasons=tuple(reason for _, reason in signs),
        likeness=likeness,
        threshold=threshold,
        subject_replaced=replaced,
        is_doubtful=len(whole) < rules.min_words or ticket.asked_last,
    )


def _says_enough(passage: str, min_words: int) -> bool:
    return len(set(significant(words(passage[:READ_AT_MOST])))) >= min_words


def _is_replaced(mail: Mail, facts: Facts, ticket: Ticket) -> bool:
    """A reply by its headers, with a subject that has nothing of the ticket's."""
    tags = facts.clues.tags
    if not (mail.in_reply_to or mail.references) or tags.ticket is not None:
        return False
    if tags.subject == NO_SUBJECT:
        return False
    theirs = {stem_of(word) for word in significant(words(tags.subject))}
    ours = {stem_of(word) for word in significant(words(ticket.subject))}
    return bool(theirs) and bool(ours) and not theirs & ours


def paragraphs(text: str) -> list[str]:
    """Blocks between blank lines; items of a list count each."""
    parts: list[list[str]] = []
    fresh = True
    for line in text.split("\n"):
        if not line.strip():
            fresh = True
        elif fresh or _ITEM.match(line):
            parts.append([line])
            fresh = False
        else:
            parts[-1].append(line)
    return ["\n".join(lines) for lines in parts]


def first_words(text: str, count: int = 8) -> str:
    """A subject made of the beginning of a text."""
    found = text[:READ_AT_MOST].split()
    return " ".join(found[:count]) + ("…" if len(found) > count else "")


def without_marker(passage: str) -> str:
    """The passage without the phrase by which it leaves its topic."""
    marker = MARKER.match(passage)
    rest = passage[marker.end() :].lstrip(" .,:;-–—\n") if marker else passage
    return rest or passage
