"""Whether a reply, or its end, becomes a ticket of its own, is suggested, or stays (policy 4.7)."""

import re
from dataclasses import dataclass
from typing import Final, Literal

from gateway.desk.control import StaffCommand, read_control
from gateway.desk.draft import Draft
from gateway.desk.model import LetterValue
from gateway.desk.thanks import is_thanks
from gateway.desk.weighing import Reading, Weighed, first_words, weigh, without_marker

Verdict = Literal["split", "suggest", "stay"]
WEIGHED_AT_MOST: Final = 50_000
"""Characters; what is longer is a log or a file, and no second question."""
SUBJECT_MAX: Final = 120  # Characters; longer ones are cut at a word.


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What the engineer is told where one sign alone speaks for another topic."""

    passage: str
    reasons: tuple[str, ...]
    words: tuple[str, ...]
    """Words of the passage that the ticket never had, the rarest first."""
    command: str

    def as_value(self) -> LetterValue:
        """As a letter prints it."""
        return {
            "passage": self.passage,
            "reasons": self.reasons,
            "words": self.words,
            "command": self.command,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which part of a text moves to a new ticket, and which stays. Together they are the text."""

    moves: str = ""
    stays: str = ""
    subject: str = ""
    reasons: tuple[str, ...] = ()
    suggestion: Suggestion | None = None
    weighed: Weighed | None = None
    """What was on the scales; nothing where somebody asked for the ticket in so many words."""


def explicit(text: str, subject: str) -> Plan:
    """Somebody asked for the new ticket in so many words."""
    return Plan(moves=text, subject=subject or first_words(text), reasons=("asked for",))


def consider(draft: Draft, reading: Reading) -> Plan:
    """Whether a text, or its end, is about something else than its ticket (policy 4.7)."""
    rules, text = draft.policy.split, reading.text
    stays = Plan(stays=text)
    if not text.strip() or is_thanks(text):
        return stays
    if rules.mode == "off" or reading.ticket.nosplit or len(text) > WEIGHED_AT_MOST:
        return stays
    weighed = weigh(rules, reading)
    draft.weighed = weighed
    for reason in weighed.reasons:
        draft.because(f"split sign: {reason}")
    verdict = _verdict(draft, weighed)
    subject = reading.facts.clues.tags.subject
    if not weighed.subject_replaced:
        subject = first_words(without_marker(weighed.passage))
    if verdict == "split":
        return Plan(
            moves=weighed.passage,
            stays=weighed.stays,
            subject=subject[:SUBJECT_MAX],
            reasons=weighed.reasons,
            weighed=weighed,
        )
    if verdict == "stay":
        return stays
    return Plan(
        stays=text,
        reasons=weighed.reasons,
        weighed=weighed,
        suggestion=Suggestion(
            passage=weighed.passage,
            reasons=weighed.reasons,
            words=weighed.likeness.new_words[:3],
            command=command_for(weighed.paragraph, subject[:SUBJECT_MAX]),
        ),
    )


def _verdict(draft: Draft, weighed: Weighed) -> Verdict:
    rules = draft.policy.split
    if rules.mode == "auto" and weighed.points >= rules.auto_score and weighed.may_split:
        return "split"
    # A point at least: nothing is suggested where nothing speaks for it.
    return "suggest" if weighed.points >= max(1, rules.suggest_score) else "stay"


def command_for(paragraph: int, subject: str) -> str:
    """The `#split` line that staff may send as it stands; a subject only where it reads as one."""
    plain = re.sub(r"\s+", " ", subject).strip()
    named = f"#split {paragraph} {plain}".rstrip()
    read = read_control(named)
    if read.refusals or read.text or len(read.commands) != 1:
        return f"#split {paragraph}"
    command: StaffCommand = read.commands[0]
    return named if command.number == paragraph and not command.what else f"#split {paragraph}"
