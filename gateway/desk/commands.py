"""Commands of customers: whole lines at the top of what they wrote now (policy 5.4).

Rules for this file:
1. A line is a command only as a whole; ordinary prose never is (rule M6).
2. The first line that is no command ends the block; everything from there is text.
3. Look-alike letters do not match: only format characters are dropped and spaces, dashes and
   quotes made plain (attack A23).
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from gateway.desk.phrases import (
    BUY,
    CONFIRM,
    CONFIRM_STEMS,
    CONFIRM_SYNONYMS,
    DECLINE,
    FIXED,
    GREETING,
    NEW_TICKET,
    POLITE_END,
    POLITE_START,
    WEAK_WORDS,
)

LINE_MAX: Final = 80
COMMANDS_MAX: Final = 10
FIRST_LINES: Final = 5


class Verb(StrEnum):
    """What a customer can ask for in one line."""

    CONFIRM = "confirm"
    DECLINE = "decline"
    HOTRUSH_OFF = "hotrush_off"
    HOTRUSH_ON = "hotrush_on"
    BALANCE = "balance"
    BUY = "buy"
    CLOSE = "close"
    REOPEN = "reopen"
    NEW_TICKET = "new_ticket"
    SAME_TOPIC = "same_topic"
    AGREE = "agree"
    ASK_FIRST = "ask_first"
    HELP = "help"


NEEDS_NO_TICKET: Final = frozenset({Verb.BALANCE, Verb.BUY, Verb.HELP})
PAYMENT_VERBS: Final = frozenset({Verb.AGREE, Verb.ASK_FIRST})


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One command line."""

    verb: Verb
    label: int | None = None
    """Number of the assessment it names: 2 of `confirm A2`."""
    credits: int | None = None
    """Credits it names: of a confirmation, an order, or the limit of an agreement."""
    subject: str = ""
    """Subject of `new ticket: …`."""
    is_synonym: bool = False
    """A word of agreement that confirms only while an assessment is open."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandBlock:
    """What the new text of a customer consists of."""

    commands: tuple[Command, ...] = ()
    rest: str = ""
    """The text after the block."""
    is_unclear: bool = False
    """It may have been meant as a confirmation and is none (rule M11)."""
    is_weak: bool = False
    """Its first line is nothing but `yes` or `ok` (rule M12)."""

    def find(self, verb: Verb) -> Command | None:
        """The first command with a verb."""
        return next((one for one in self.commands if one.verb is verb), None)

    def without_synonyms(self) -> "CommandBlock":
        """The block where no assessment is open: words of agreement are text again."""
        kept = tuple(one for one in self.commands if not one.is_synonym)
        return replace(self, commands=kept) if kept != self.commands else self


def read_commands(
    text: str, *, confirm_words: Iterable[str] = (), decline_words: Iterable[str] = ()
) -> CommandBlock:
    """Read the new text of a customer; further phrases come from the configuration."""
    lines = text.split("\n")
    extra = {plain(word): Command(verb=Verb.CONFIRM) for word in confirm_words}
    extra |= {plain(word): Command(verb=Verb.DECLINE) for word in decline_words}
    commands: list[Command] = []
    position, greeted = 0, False
    while position < len(lines) and len(commands) < COMMANDS_MAX:
        line = lines[position]
        if not line.strip():
            pass
        elif command := _read_line(line, extra):
            commands.append(command)
        elif not (commands or greeted) and _is_greeting(line):
            greeted = True
        else:
            break
        position += 1
    rest = "\n".join(lines[position:] if commands else lines).strip()
    first = plain(next((line for line in lines if line.strip()), ""))
    weak = bool(first) and all(word in WEAK_WORDS for word in re.split(r"[ ,;]+", first))
    answered = any(one.verb in (Verb.CONFIRM, Verb.DECLINE) for one in commands)
    return CommandBlock(
        commands=tuple(commands),
        rest=rest,
        is_unclear=not answered and (weak or not first or _mentions_confirming(lines)),
        is_weak=weak,
    )


def plain(line: str) -> str:
    """A line as it is compared: no format characters, plain spaces, dashes and quotes, no case.

    Final marks and words of courtesy at the end are dropped: `Confirm, thanks!` is `confirm`.
    """
    text = line
    if not line.isascii():  # Nothing of it is in ASCII, and most lines are.
        text = "".join(map(_plain_char, unicodedata.normalize("NFC", line)))
    text = " ".join(text.split()).casefold().rstrip(" .!?。！？")
    return POLITE_END.sub("", text).rstrip(" .!?,;")


def _plain_char(char: str) -> str:
    category = unicodedata.category(char)
    if category == "Cf":
        return ""
    if category in ("Zs", "Zl", "Zp"):
        return " "
    if category == "Pd":
        return "-"
    return {"’": "'", "‘": "'", "“": '"', "”": '"', "„": '"', "：": ":"}.get(char, char)


def _read_line(line: str, extra: dict[str, Command]) -> Command | None:
    if len(line.strip()) > LINE_MAX:
        return None
    text = plain(line)
    bare = text.removeprefix("#").lstrip()
    # "Please confirm" asks us to confirm something: courtesy may only lead what costs nothing.
    asked = POLITE_START.sub("", bare)
    if asked in FIXED:
        verb, hash_only = FIXED[asked]
        return Command(verb=Verb(verb)) if text != bare or not hash_only else None
    if bare in extra:
        return extra[bare]
    return (
        # "#agree" is more than the word of agreement: it holds for prices to come.
        _read_agree(text)
        or _read_confirm(bare)
        or _read_buy(asked)
        or _read_new_ticket(bare, line)
        or (Command(verb=Verb.DECLINE) if DECLINE.fullmatch(bare) else None)
    )


def _read_confirm(text: str) -> Command | None:
    for pattern, synonym in ((CONFIRM, False), (CONFIRM_SYNONYMS, True)):
        if found := pattern.fullmatch(text):
            label, credit = found["label"], found["credits"]
            return Command(
                verb=Verb.CONFIRM,
                label=int(label) if label else None,
                credits=int(credit) if credit else None,
                is_synonym=synonym,
            )
    return None


def _read_buy(text: str) -> Command | None:
    found = next((one for form in BUY if (one := form.fullmatch(text))), None)
    if not found:
        return None
    # A size nobody sells, such as -5 or 1.5, is answered with the price list (rule A29).
    whole = found[1].isdecimal() and len(found[1]) <= 9
    return Command(verb=Verb.BUY, credits=int(found[1]) if whole else 0)


def _read_agree(text: str) -> Command | None:
    found = re.fullmatch(r"#\s*agree(?: up to (\d{1,9})(?: credits?)?)?", text)
    if not found:
        return None
    return Command(verb=Verb.AGREE, credits=int(found[1]) if found[1] else None)


def _read_new_ticket(text: str, line: str) -> Command | None:
    if not NEW_TICKET.fullmatch(text):
        return None
    subject = line.replace("：", ":").partition(":")[2].strip()
    return Command(verb=Verb.NEW_TICKET, subject=subject)


def _is_greeting(line: str) -> bool:
    return len(line.strip()) <= LINE_MAX and bool(GREETING.match(plain(line)))


def _mentions_confirming(lines: list[str]) -> bool:
    first = [line for line in lines if line.strip()][:FIRST_LINES]
    return bool(CONFIRM_STEMS.search(" ".join(plain(line) for line in first)))
