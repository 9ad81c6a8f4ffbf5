"""The first settings of a new desk: the commented example files with six answers put in.

The files are read back before anything is written for good, so that they are right or not there.
"""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.desk.policy import WEEKDAYS
from gateway.mail.address import normalised_address
from gateway.settings.load import load_settings
from gateway.settings.places import built_in

FILES: Final = ("gateway.toml", "policy.toml", "staff.toml")
_ADDRESS: Final = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\".]+")
_PERSON: Final = re.compile(r"(?P<name>[^<>]*?)\s*<(?P<address>[^<>]+)>")
_HOURS: Final = re.compile(r"(?P<first>[a-z]{3})(?:-(?P<last>[a-z]{3}))?\s+(?P<periods>\S.*)")
_PERIOD: Final = re.compile(r"\d{2}:\d{2}-\d{2}:\d{2}")


class WrongAnswer(ValueError):
    """An answer cannot be used; the text says what to write."""


class FilesExist(Exception):
    """Settings are there already, and nothing overwrites them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a new desk needs to know."""

    address: str
    """Where customers write."""
    name: str
    """Name of the desk in letters."""
    zone: str
    """IANA name or POSIX rule."""
    hours: str
    """`mon-fri 09:00-18:00, sat 10:00-14:00`."""
    smarthost: str
    """URL of the server that takes letters; empty writes them to a Maildir."""
    person: str
    """`Eva Example <eva@desk.example>`: the first one who works here."""


def read_address(text: str) -> str:
    """A bare address. Raises `WrongAnswer`."""
    if not _ADDRESS.fullmatch(text.strip()):
        raise WrongAnswer(f"{text!r} is no address: write it like support@desk.example")
    return normalised_address(text.strip())


def read_person(text: str) -> tuple[str, str]:
    """Name and address of a person. Raises `WrongAnswer`."""
    found = _PERSON.fullmatch(text.strip())
    if found is None:
        address = read_address(text)
        return address.partition("@")[0].title(), address
    return found["name"].strip(' "') or "Engineer", read_address(found["address"])


def read_hours(text: str) -> Mapping[str, list[str]]:
    """Periods by weekday, every day named. Raises `WrongAnswer`."""
    week: dict[str, list[str]] = {day: [] for day in WEEKDAYS}
    names: tuple[str, ...] = WEEKDAYS
    for part in re.split(r"[;,]\s*(?=[A-Za-z])", text.strip().lower()):
        found = _HOURS.fullmatch(part.strip())
        periods = re.split(r"[\s,]+", found["periods"].strip()) if found else []
        ends = [found["first"], found["last"] or found["first"]] if found else []
        if not (
            periods
            and all(map(_PERIOD.fullmatch, periods))
            and all(end in names for end in ends)
            and names.index(ends[0]) <= names.index(ends[1])
        ):
            raise WrongAnswer(f"{part!r}: write hours like mon-fri 09:00-18:00, sat 10:00-14:00")
        for day in names[names.index(ends[0]) : names.index(ends[1]) + 1]:
            week[day] = periods
    return week


def write_settings(folder: Path, answers: Answers) -> list[Path]:
    """Write the three files; returns their paths.

    Raises `WrongAnswer`, `FilesExist` (then nothing was touched) or `WrongSettings` where the
    answers, each right by itself, make no desk together.
    """
    texts = starter_texts(answers)
    paths = [folder / name for name in FILES]
    existing = [path for path in paths if path.exists()]
    if existing:
        raise FilesExist(f"{existing[0]} is there already; nothing was changed")
    with tempfile.TemporaryDirectory() as trial:
        for name, text in texts.items():
            (Path(trial) / name).write_text(text, encoding="utf-8")
        load_settings(Path(trial) / "gateway.toml", {})
    folder.mkdir(parents=True, exist_ok=True)
    for path in paths:
        # Exclusive: whoever wrote it meanwhile keeps theirs. Private: a URL may hold a password.
        with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123 - a mode is needed
            file.write(texts[path.name])
    return paths


def starter_texts(answers: Answers) -> dict[str, str]:
    """The three files, by name."""
    example = {name: (built_in("config") / name).read_text(encoding="utf-8") for name in FILES}
    return {
        "gateway.toml": _gateway(example["gateway.toml"], answers),
        "policy.toml": _policy(example["policy.toml"], answers),
        "staff.toml": _staff(example["staff.toml"], answers),
    }


def _gateway(text: str, answers: Answers) -> str:
    address = read_address(answers.address)
    local, _, domain = address.partition("@")
    local = local.partition("+")[0]
    text = put(text, "", "state_dir", "state")
    text = put(text, "addresses", "reply_address", f"{local}+{{token}}@{domain}")
    text = put(text, "addresses", "domain", domain)
    if answers.smarthost:
        text = put(text, "smarthost", "url", answers.smarthost)
    inboxes = [f'{_quoted(address)} = "support"']
    others = ("sales", "development", "general")
    inboxes += [f'# "{one}@{domain}" = "{one}"' for one in others]
    return _replace_body(text, "addresses.inboxes", inboxes)


def _policy(text: str, answers: Answers) -> str:
    text = put(text, "calendar", "zone", answers.zone.strip())
    for day, periods in read_hours(answers.hours).items():
        text = put(text, "calendar.week", day, periods)
    return put(text, "operator", "name", answers.name.strip())


def _staff(text: str, answers: Answers) -> str:
    """One person with every role; the next ones are written like the first."""
    name, address = read_person(answers.person)
    head, _, rest = text.partition("[[people]]")
    lists = rest[rest.index("\n[lists]") + 1 :]
    person = (
        "[[people]]\n"
        f"name = {_quoted(name)}\n"
        f"address = {_quoted(address)}\n"
        "# Engineers answer. Leads hear of missed promises, managers of those that stay missed;\n"
        "# leads and billing may move credits. Give each person the roles they have.\n"
        'roles = ["engineer", "lead", "manager", "billing"]\n'
        '# Days of absence: "2026-07-10" or "2026-07-10..2026-07-20".\n'
        "away = []\n\n"
    )
    lists = put(lists, "lists", "hotrush_duty", [address])
    lists = put(lists, "lists", "operator", [address])
    lists = _replace_body(lists, "lists.dispatchers", [f"support = [{_quoted(address)}]"])
    return head + person + lists


def put(text: str, section: str, key: str, value: str | list[str]) -> str:
    """Set a key of a section, where it stands, commented out or not."""
    shown = _quoted(value) if isinstance(value, str) else f"[{', '.join(map(_quoted, value))}]"
    line = re.compile(rf"^(?:# )?{re.escape(key)} = .*$", re.MULTILINE)

    def change(body: str) -> str:
        changed, count = line.subn(lambda _: f"{key} = {shown}", body, count=1)
        if not count:
            raise LookupError(f"the example settings have no {section}.{key}")
        return changed

    return _in_section(text, section, change)


def _replace_body(text: str, section: str, lines: Iterable[str]) -> str:
    """Other lines in a section; the comments that stand in it are kept."""

    def change(body: str) -> str:
        comments = [line for line in body.split("\n") if line.startswith("# ") and "=" not in line]
        return "\n".join(["", *comments, *lines, "", ""])

    return _in_section(text, section, change)


def _in_section(text: str, section: str, change: Callable[[str], str]) -> str:
    head = f"[{section}]\n" if section else ""
    start = text.index(head) + len(head) if head else 0
    following = re.compile(r"^\[", re.MULTILINE).search(text, start)
    end = following.start() if following else len(text)
    return text[: max(start - 1, 0)] + change(text[max(start - 1, 0) : end]) + text[end:]


def _quoted(text: str) -> str:
    """A TOML basic string; JSON's escapes are among TOML's."""
    return json.dumps(text, ensure_ascii=False)
