"""Which tables a database has, compared with those of this version; told without Alembic."""

import re
from pathlib import Path
from typing import Final, Literal

from sqlalchemy import Connection, inspect, text

from gateway.store.marks import read_mark

MIGRATIONS: Final = Path(__file__).parent / "migrations"
SERVED_FROM: Final = "served_from"
"""The mark with the oldest revision whose version may serve the database."""
VERSIONS: Final = "alembic_version"
_REVISION: Final = re.compile(
    r'^(?P<what>down_revision|revision) = ["\'](?P<name>[^"\']+)["\']', re.MULTILINE
)

Standing = Literal["empty", "older", "current", "newer"]


class NewerDatabase(RuntimeError):
    """A later version changed the database in a way that this one cannot serve."""


def standing(connection: Connection, migrations: Path = MIGRATIONS) -> Standing:
    """How the tables of a database compare with this version's; changes nothing.

    One that a later version only added to is as good as current.
    """
    at = revision_of(connection)
    if at is None:
        return "empty"
    known, head = _revisions(migrations)
    if at == head:
        return "current"
    if at in known:
        return "older"
    return "current" if read_mark(connection, SERVED_FROM) in known else "newer"


def revision_of(connection: Connection) -> str | None:
    """The revision a database is at; none where it has no tables of ours."""
    if not inspect(connection).has_table(VERSIONS):
        return None
    found = connection.execute(text(f"SELECT version_num FROM {VERSIONS}"))  # noqa: S608 - a name of ours
    return found.scalar_one_or_none()


def _revisions(migrations: Path) -> tuple[frozenset[str], str]:
    """The revisions that this version knows, and the last of them."""
    known: set[str] = set()
    followed: set[str] = set()
    for file in (migrations / "versions").glob("*.py"):
        for found in _REVISION.finditer(file.read_text(encoding="utf-8")):
            (known if found["what"] == "revision" else followed).add(found["name"])
    (last,) = known - followed
    return frozenset(known), last
