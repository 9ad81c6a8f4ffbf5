"""Find the line of a TOML file at which a key stands, so that a problem can name it.

The reader of the standard library keeps no positions. This one looks for table headers and keys
only; where it finds none (a key of the environment, an inline table) it says so.
"""

import re
from collections import Counter
from collections.abc import Mapping
from typing import Final

_HEADER: Final = re.compile(r"\s*\[\[?\s*([^\[\]]+?)\s*\]\]?\s*(?:#.*)?")
_WORD: Final = r"(?:[A-Za-z0-9_-]+|\"[^\"]*\"|'[^']*')"
_KEY: Final = re.compile(rf"\s*({_WORD}(?:\s*\.\s*{_WORD})*)\s*=")
_PART: Final = re.compile(_WORD)


def with_line(problem: str, sources: Mapping[str, str]) -> str:
    """A problem `FILE: KEY: WORDS` with the line of its key, where the texts of files have it."""
    found = re.match(r"(\S+\.toml): ([^\s:]+): ", problem)
    if not found or found[1] not in sources or " line " in problem:
        return problem
    line = line_of(sources[found[1]], *found[2].split("."))
    return f"{problem} (line {line})" if line else problem


def line_of(text: str, *path: str) -> int | None:
    """The line (from 1) of the longest known beginning of a key's path; its table at least.

    A part such as `[1]` is the second of the tables `[[people]]`, or of a list, which is one line.
    """
    places = _places(text)
    plain = tuple(part for part in path if not part.startswith("["))
    for wanted in (path, plain):
        for length in range(len(wanted), 1 if wanted is path else 0, -1):
            if (found := places.get(wanted[:length])) is not None:
                return found
    return None


def _places(text: str) -> dict[tuple[str, ...], int]:
    places: dict[tuple[str, ...], int] = {}
    seen: Counter[tuple[str, ...]] = Counter()
    table: tuple[str, ...] = ()
    for number, line in enumerate(text.split("\n"), start=1):
        if found := _HEADER.fullmatch(line):
            table = _parts(found[1])
            if line.lstrip().startswith("[["):
                seen[table] += 1
                table = (*table, f"[{seen[table] - 1}]")
            places.setdefault(table, number)
        elif found := _KEY.match(line):
            places.setdefault((*table, *_parts(found[1])), number)
    return places


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _PART.findall(dotted))
