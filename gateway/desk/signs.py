"""Signs in how a reply is written that tell a follow-up from a new matter.

No sign decides. Each is a yes or no that a person can check with a finger on the text; the
phrases stand in `gateway.desk.sign_phrases`, their weights in `gateway.desk.likeness`.
"""

import re
from enum import StrEnum
from typing import Final

from gateway.desk import sign_phrases
from gateway.desk.common_words import STOP_WORDS


class Sign(StrEnum):
    """One thing a reader would notice."""

    THANKS_FIRST = "thanks first"
    """Thanks for something received, in the first line or two."""
    GREETS_ALL = "greets everyone"
    GREETS_NOBODY = "a bare greeting"
    REFERS_BACK = "refers to what was said"
    STARTS_AS_ANSWER = "starts as an answer"
    STATES_A_PROBLEM = "states a problem at once"
    THANKS_IN_ADVANCE = "thanks in advance"


_BEGINNING: Final = 160  # Characters: two lines.
_ENDING: Final = 400
_WORDS_OF_A_NAME: Final = 3

_FIRST_CLAUSE = re.compile(
    r"\s*([\w'@.-]*\w(?:[ \t/&]+[\w'@-]*\w){0,6})[ \t]*(?:[,:!;)(\n]|\.+(?:\s|$)|$)"
)
_NAME_AFTER_IT = re.compile(r",\s*(?!I\b)[^\W\d_a-zа-я]\w+\s*[,.!:\n]")
_LEADING_NOISE = re.compile(r"^\W+")


def _all_words(table: dict[str, str]) -> frozenset[str]:
    return frozenset(word for line in table.values() for word in line.split())


def _pattern(table: dict[str, str]) -> re.Pattern[str]:
    """Whole words, any language: signs must not hang on guessing the language first."""
    phrases = {" ".join(p.split()) for line in table.values() for p in line.split("|")}
    longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
    choice = "|".join(re.escape(phrase).replace(r"\*", r"\w*") for phrase in longest_first)
    return re.compile(rf"(?<!\w)(?:{choice})(?!\w)")


_THANKS = _pattern(sign_phrases.THANKS)
_IN_ADVANCE = _pattern(sign_phrases.IN_ADVANCE)
_REFERS_BACK = _pattern(sign_phrases.REFERS_BACK)
_STARTS_AS_ANSWER = _pattern(sign_phrases.STARTS_AS_ANSWER)
_STATES_A_PROBLEM = _pattern(sign_phrases.STATES_A_PROBLEM)
_GREETING_WORDS = _all_words(sign_phrases.GREETINGS)
_FILLER_WORDS = _all_words(sign_phrases.FILLERS)
_EVERYONE_WORDS = _all_words(sign_phrases.EVERYONE)


def signs_of(text: str) -> frozenset[Sign]:
    """Every sign that `text` (spoken lines of the writer's own) shows."""
    greeting, rest = _greeting(text)
    plain, after = _plain(text), _plain(rest)
    shown = {
        Sign.THANKS_FIRST: _thanks_for_something(plain),
        Sign.REFERS_BACK: _REFERS_BACK.search(plain),
        Sign.STARTS_AS_ANSWER: _STARTS_AS_ANSWER.match(plain) or _STARTS_AS_ANSWER.match(after),
        Sign.STATES_A_PROBLEM: _STATES_A_PROBLEM.search(after[:_BEGINNING]),
        Sign.THANKS_IN_ADVANCE: _IN_ADVANCE.search(plain[-_ENDING:]),
        Sign.GREETS_ALL: greeting is Sign.GREETS_ALL,
        Sign.GREETS_NOBODY: greeting is Sign.GREETS_NOBODY,
    }
    return frozenset(sign for sign, seen in shown.items() if seen)


def _thanks_for_something(plain: str) -> bool:
    """Thanks near the beginning that are not thanks in advance."""
    return any(
        not _IN_ADVANCE.search(plain, max(0, found.start() - 12), found.end() + 24)
        for found in _THANKS.finditer(plain, 0, _BEGINNING)
    )


def _plain(text: str) -> str:
    """One line, case-folded, beginning with a letter or digit."""
    folded = " ".join(text.replace("’", "'").casefold().split()).replace("thank you", "thanks")
    return _LEADING_NOISE.sub("", folded)


def _greeting(text: str) -> tuple[Sign | None, str]:
    """What the greeting of `text` tells, and the text after the greeting.

    `Dear all` and a bare `Hello` are how new matters open; `Hi Tim,` and `Tim:` tell nothing.
    """
    head = _FIRST_CLAUSE.match(text[:_BEGINNING])
    if not head:
        return None, text
    named = head.group(1).split()
    rest = text[head.end() :]
    folded = [_LEADING_NOISE.sub("", word.casefold()) for word in named]
    if folded[0] not in _GREETING_WORDS:
        alone = len(named) <= 2 and all(word[:1].isupper() for word in named)
        return None, rest if alone and STOP_WORDS.isdisjoint(folded) else text
    if not _EVERYONE_WORDS.isdisjoint(folded):
        return Sign.GREETS_ALL, rest
    others = [word for word in folded if word not in _GREETING_WORDS | _FILLER_WORDS]
    if not others and (name := _NAME_AFTER_IT.match(text, head.end() - 1)):
        return None, text[name.end() :]
    if 0 < len(others) <= _WORDS_OF_A_NAME and STOP_WORDS.isdisjoint(others):
        return None, rest
    thanks = _THANKS.match(folded[0])
    return None if thanks else Sign.GREETS_NOBODY, text if others else rest
