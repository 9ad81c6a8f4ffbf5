"""Commands of staff: lines at the top of a mail that begin with `#` and a letter (policy 5.5).

Rules for this file:
1. The first line that is no command starts the text; `#1 …` and `# Heading` are text.
2. Reading never guesses: an unknown verb or a wrong argument is a refusal that names the nearest
   valid command, and it stops the whole mail (rule M15).
3. What a command needs is one row of `FORMS`; what it does is decided elsewhere.
"""

import re
import unicodedata
from dataclasses import dataclass
from difflib import get_close_matches
from types import MappingProxyType
from typing import Final

from gateway.desk import eta

COMMANDS_MAX: Final = 20
_DEPARTMENT: Final = "support|development|sales|general"
_NUMBER: Final = r"[A-Za-z]{0,12}-?(?P<number>\d{1,9})"
_REASON: Final = r"(?:\s+(?P<reason>.+))?"

FORMS: Final = MappingProxyType(
    {
        "assign": (r"(?P<who>me|none|\S+@\S+)", "#assign me, #assign ADDRESS or #assign none"),
        "start": ("", "#start"),
        "take": ("", "#take"),
        "ack": (r"(?P<reason>.+)?", "#ack [note]"),
        "eta": (eta.FORM + _REASON, eta.USAGE),
        "assess": (r"(?P<number>\d{1,3})" + _REASON, "#assess N [note], N being 1, 2 or 3"),
        "category": (r"(?P<number>\d{1,3})" + _REASON, "#category N [note], N being 1, 2 or 3"),
        "free": (r"(?P<reason>.+)?", "#free [reason]"),
        "bug": (r"(?P<what>software|server)" + _REASON, "#bug software|server [reason]"),
        "development": (r"(?P<reason>.+)?", "#development [reason]"),
        "department": (
            rf"(?P<what>{_DEPARTMENT})" + _REASON,
            "#department support|development|sales|general [reason]",
        ),
        "not-hotrush": (
            r"(?P<what>general|sales|licensing|other)" + _REASON,
            "#not-hotrush general|sales|licensing|other [reason]",
        ),
        "reply": (r"(?P<reason>.+)?", "#reply, then the text"),
        "ask": (r"(?P<reason>.+)?", "#ask, then the question"),
        "note": (r"(?P<reason>.+)?", "#note, then the text"),
        "split": (
            rf"(?:(?P<number>\d{{1,3}})\b)?\s*(?:to\s+(?P<what>{_DEPARTMENT})\b)?\s*(?P<reason>.+)?",
            "#split [paragraph] [to DEPARTMENT] [subject]",
        ),
        "nosplit": ("", "#nosplit"),
        "merge": (_NUMBER, "#merge T-1002"),
        "close": (r"(?P<reason>.+)?", "#close [reason]"),
        "reopen": ("", "#reopen"),
        "grant": (r"\+?(?P<number>\d{1,18})\s+(?P<reason>.+)", "#grant N reason"),
        "adjust": (r"(?P<number>[+-]?\d{1,18})\s+(?P<reason>.+)", "#adjust ±N reason"),
        "paid": (r"[Pp]-?(?P<number>\d{1,9})", "#paid P-17"),
        "balance": (r"(?P<who>\S+)?", "#balance, or #balance ACCOUNT"),
        "status": (rf"(?:{_NUMBER})?", "#status, or #status T-1001"),
        "queue": ("", "#queue"),
        "history": (rf"(?:{_NUMBER})?", "#history, or #history T-1001"),
        "search": (r"(?P<reason>.+)", "#search words"),
        "help": ("", "#help"),
    }
)
"""Verb → the form of its argument, and how to write it."""

TEXT_VERBS: Final = frozenset({"reply", "ask", "note"})
MONEY_VERBS: Final = frozenset({"grant", "adjust", "paid"})
INFO_VERBS: Final = frozenset({"balance", "status", "queue", "history", "search", "help"})
ORDER_VERBS: Final = frozenset({"paid"})
TICKET_VERBS: Final = frozenset({"merge", "status", "history"})
"""Verbs that may name another ticket."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StaffCommand:
    """One command line of staff, its argument read but not yet judged."""

    verb: str
    line: str
    """As it was written."""
    argument: str = ""
    number: int = 0
    what: str = ""
    who: str = ""
    eta: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a line could not be carried out, and what to write instead."""

    line: str
    reason: str
    instead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlBlock:
    """What a mail of staff consists of."""

    commands: tuple[StaffCommand, ...] = ()
    refusals: tuple[Refusal, ...] = ()
    text: str = ""

    def find(self, *verbs: str) -> StaffCommand | None:
        """The first command with one of some verbs."""
        return next((one for one in self.commands if one.verb in verbs), None)


def read_control(text: str, *, closes: bool = False) -> ControlBlock:
    """Read the new text of a member of staff; it may have gone to an address that closes."""
    lines = text.split("\n")
    commands: list[StaffCommand] = []
    refusals: list[Refusal] = []
    position = 0
    while position < len(lines):
        line = _plain(lines[position])
        if line and not _is_command(line):
            break
        if line:
            read = _read_line(line)
            (commands if isinstance(read, StaffCommand) else refusals).append(read)  # type: ignore[arg-type]  # each list gets its own kind
        position += 1
    if len(commands) > COMMANDS_MAX:
        refusals.append(Refusal(commands[COMMANDS_MAX].line, "too many commands in one mail"))
    if closes and not any(one.verb == "close" for one in commands):
        commands.append(StaffCommand(verb="close", line="#close"))
    rest = "\n".join(lines[position:]).strip()
    return ControlBlock(commands=tuple(commands), refusals=tuple(refusals), text=rest)


def nearest(verb: str) -> str:
    """How to write the valid command nearest to a verb; the help where none is near."""
    near = get_close_matches(verb.casefold(), FORMS, n=1, cutoff=0.6)
    return FORMS[near[0]][1] if near else FORMS["help"][1]


def _is_command(line: str) -> bool:
    return len(line) > 1 and line[0] == "#" and line[1].isalpha()


def _plain(line: str) -> str:
    """Without format characters; phone spaces, dashes and quotes made plain."""
    kept = (char for char in line if unicodedata.category(char) != "Cf")
    return (
        " ".join("".join(kept).split())
        .replace("‑", "-")
        .replace("–", "-")
        .replace("—", "-")
        .replace("−", "-")
        .strip("“”\"'")
    )


def _read_line(line: str) -> StaffCommand | Refusal:
    word, _, argument = line[1:].partition(" ")
    verb, argument = word.rstrip(":").casefold(), argument.strip()
    if verb not in FORMS:
        return Refusal(line, f"there is no command #{word}", nearest(verb))
    form, usage = FORMS[verb]
    found = re.fullmatch(form, argument, re.IGNORECASE)
    if not found:
        return Refusal(line, _complaint(verb, argument), usage)
    groups = {name: value or "" for name, value in found.groupdict().items()}
    number = groups.get("number") or "0"
    return StaffCommand(
        verb=verb,
        line=line,
        argument=argument,
        number=int(number),
        what=groups.get("what", "").casefold(),
        who=groups.get("who", ""),
        eta=groups.get("eta", ""),
        reason=groups.get("reason", "").strip(),
    )


def _complaint(verb: str, argument: str) -> str:
    if not argument:
        return f"#{verb} needs more"
    if verb in MONEY_VERBS and re.match(r"[+-]?\d", argument):
        return "credits are whole numbers, followed by a reason"
    return f"“{argument}” does not fit #{verb}"
