"""Say what is wrong with the settings: all of it at once, one line a key, with what to write."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails


class WrongSettings(Exception):
    """The settings cannot be used; `problems` has one line for each key."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


ANY_NAME: Final = "<name>"
"""Stands among known names where the file chooses the name."""

_WORDS: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "int_parsing": "must be a whole number",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number",
    "bool_parsing": "must be true or false",
    "bool_type": "must be true or false",
    "string_type": "must be a text in quotes",
    "time_delta_type": "must be a duration such as 90s, 15m, 2h or 14d",
    "time_delta_parsing": "must be a duration such as 90s, 15m, 2h or 14d",
    "date_from_datetime_parsing": "must be a date that exists, such as 2027-01-01",
    "date_parsing": "must be a date that exists, such as 2027-01-01",
    "date_type": "must be a date that exists, such as 2027-01-01",
    "tuple_type": "must be a list in square brackets",
    "dict_type": "must be a table",
    "model_type": "must be a table",
    "dataclass_type": "must be a table",
}


def describe(file: str, error: ValidationError, known: Mapping[str, Any]) -> list[str]:
    """One line for each wrong key of a file; `known` has the names a key could have had."""
    return [_line(file, one, known) for one in error.errors()]


def _line(file: str, error: ErrorDetails, known: Mapping[str, Any]) -> str:
    path = ".".join(_shown(part) for part in error["loc"] if part != "[key]")
    if error["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        return f"{file}: {path}: unknown key{_nearest(path, known)}"
    words = _WORDS.get(error["type"])
    if words is None:
        words = error["msg"].removeprefix("Value error, ")
    given = error.get("input")
    secret = any(word in path for word in ("url", "password", "secret", "key"))
    tells = _is_showable(given) and error["type"] != "missing" and not secret
    shown = f" (it is {given!r})" if tells else ""
    return f"{file}: {path}: {words}{shown}"


def _shown(part: int | str) -> str:
    return (
        f"[{part}]" if isinstance(part, int) else part.rstrip("_").replace("raise_price", "raise")
    )


def _is_showable(value: object) -> bool:
    """Secrets never reach an error message; what is long helps nobody."""
    return isinstance(value, (int, float, bool)) or (isinstance(value, str) and len(value) < 60)


def _nearest(path: str, known: Mapping[str, Any]) -> str:
    """The known name most like a wrong one, in its own section before anywhere else."""
    before, _, last = path.rpartition(".")
    siblings: Any = known
    for part in before.split(".") if before else ():
        known_here = siblings if isinstance(siblings, Mapping) else {}
        siblings = known_here.get(part, known_here.get(ANY_NAME))
    if isinstance(siblings, Mapping) and (near := get_close_matches(last, siblings, n=1)):
        return f"; did you mean {before + '.' if before else ''}{near[0]}?"
    near = get_close_matches(path, list(_paths(known)), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _paths(known: Mapping[str, Any], before: str = "") -> Iterable[str]:
    for name, inner in known.items():
        yield before + name
        if isinstance(inner, Mapping):
            yield from _paths(inner, f"{before}{name}.")
