"""Find the line of a TOML file at which a key stands, so that a problem can name it.

The reader of the standard library keeps no positions. This one looks for table headers and keys
only; where it finds none (a key of the environment, an inline table) it says so.
"""

import re
from typing import Final

_HEADER: Final = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_WORD: Final = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_KEY: Final = re.compile(rf"\s*({_WORD}(?:\s*\.\s*{_WORD})*)\s*=")
_PART: Final = re.compile(_WORD)


def with_line(problem: str, file: str, section: str, text: str) -> str:
    """A problem `FILE: SECTION.KEY: WORDS` with the line of its key, where that is found."""
    found = re.match(rf"{re.escape(file)}: ({re.escape(section)}\.[^\s:]+): ", problem)
    if not found or " line " in problem:
        return problem
    path = [part for part in found[1].split(".") if not part.startswith("[")]
    line = line_of(text, *path)
    return f"{problem} (line {line})" if line else problem


def line_of(text: str, *path: str) -> int | None:
    """The line (from 1) of the longest known beginning of a key's path; its table at least."""
    places = _places(text)
    for length in range(len(path), 0, -1):
        if (found := places.get(path[:length])) is not None:
            return found
    return None


def _places(text: str) -> dict[tuple[str, ...], int]:
    places: dict[tuple[str, ...], int] = {}
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _HEADER.fullmatch(line):
            table = _parts(found[1])
            places.setdefault(table, number)
        elif found := _KEY.match(line):
            places.setdefault((*table, *_parts(found[1])), number)
    return places


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
