"""Tables of words and phrases as they stand in this package: text that people can read and extend.

A line that begins with `#` is a remark. The tables are compiled once, when a room is imported.
"""

import re


def phrases(table: str, *, before: str = "", after: str = "") -> re.Pattern[str]:
    """A pattern for any phrase of a table: one or several (`|`) regular expressions a line.

    Letter case does not count. `before` and `after` stand around all of them.
    """
    return re.compile(f"{before}(?:{'|'.join(_lines(table))}){after}", re.IGNORECASE)


def words(table: str) -> frozenset[str]:
    """The words of a table, set apart by white space."""
    return frozenset(word for line in _lines(table) for word in line.split())


def titles(table: str) -> frozenset[str]:
    """The phrases of a table, set apart by `|`, with white space in them."""
    return frozenset(title for line in _lines(table) for title in line.split("|") if title)


def _lines(table: str) -> list[str]:
    stripped = (line.strip(" ") for line in table.strip().split("\n"))
    return [line for line in stripped if line and not line.startswith("# ")]
