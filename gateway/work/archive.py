"""One archive of a node: copies of its databases made while it runs, its keys and its settings.

The spool is copied before the main database. A mail leaves the spool only after its decision is
durable, so one that moves between the two copies is in both, where it is a duplicate, and never in
neither.
"""

import contextlib
import json
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

NOTES: Final = "backup.json"
FORM: Final = 1
"""Changes when an older program could not read the archive."""
LEVEL: Final = 1
OWN_EYES: Final = 0o600


class BadArchive(ValueError):
    """The file is no backup, is damaged, or comes from a later version."""


class InTheWay(RuntimeError):
    """Something is there already, which a restore never overwrites."""


def write_archive(
    file: Path,
    databases: Mapping[str, Path],
    files: Mapping[str, Path],
    notes: Mapping[str, Any],
) -> int:
    """Write all into a new archive, in this order; its size in octets once it is durable.

    Raises `InTheWay`, `OSError`, and `sqlite3.Error` where a database is damaged.
    """
    if file.exists():
        raise InTheWay(f"{file} is there already: name another file")
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=file.parent) as folder:
        draft, copy = Path(folder) / "archive", Path(folder) / "copy"
        with (
            _durable(draft) as stream,
            tarfile.open(fileobj=stream, mode="w:gz", compresslevel=LEVEL) as archive,
        ):
            _add_text(archive, NOTES, json.dumps({**notes, "form": FORM}, indent=2))
            for name, path in databases.items():
                copy_database(path, copy)
                archive.add(copy, name, filter=_for_owner)
                copy.unlink()
            for name, path in files.items():
                archive.add(path, name, filter=_for_owner)
        # A link, not a rename: a file that somebody made meanwhile stays.
        file.hardlink_to(draft)
    return file.stat().st_size


def copy_database(source: Path, copy: Path) -> None:
    """A consistent copy of an SQLite database that others may be writing to."""
    with (
        contextlib.closing(sqlite3.connect(f"file:{source}?mode=rw", uri=True)) as reading,
        contextlib.closing(sqlite3.connect(copy)) as writing,
    ):
        # All pages at once: one snapshot of the write-ahead log, and nobody waits for it.
        reading.backup(writing, pages=-1)
        (verdict,) = writing.execute("PRAGMA quick_check").fetchone()
        if verdict != "ok":
            raise sqlite3.DatabaseError(f"{source} is damaged: {verdict}")


def read_notes(file: Path) -> dict[str, Any]:
    """What an archive says of itself. Raises `BadArchive`."""
    with _opened(file) as archive:
        try:
            notes = json.loads(_content(archive, NOTES))
        except (KeyError, ValueError) as error:
            raise BadArchive(f"{file} is no backup of a gateway") from error
    if not isinstance(notes, dict) or notes.get("form") != FORM:
        raise BadArchive(f"{file} was made by another version; restore it with that one")
    return notes


def names(file: Path) -> list[str]:
    """The plain files of an archive, in order."""
    with _opened(file) as archive:
        return [one.name for one in archive if one.isfile() and one.name != NOTES]


def extract(file: Path, name: str, target: Path) -> None:
    """One file of the archive, durable, at a place where nothing is yet.

    Raises `BadArchive`, and `InTheWay` where something is.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    with _opened(file) as archive:
        try:
            source = archive.extractfile(name)
        except KeyError as error:
            raise BadArchive(f"{file} holds no {name}") from error
        if source is None:
            raise BadArchive(f"{name} of {file} is no plain file")
        try:
            with _durable(target) as stream:
                while piece := source.read(1 << 20):
                    stream.write(piece)
        except FileExistsError as error:
            raise InTheWay(f"{target} is there already; nothing is overwritten") from error


@contextlib.contextmanager
def _opened(file: Path) -> Iterator[tarfile.TarFile]:
    try:
        with tarfile.open(file, "r:gz") as archive:
            yield archive
    except (tarfile.TarError, EOFError, OSError) as error:
        raise BadArchive(f"{file} cannot be read as a backup: {error}") from error


@contextlib.contextmanager
def _durable(path: Path) -> Iterator[Any]:
    """A new file that only its owner may read, on disk when the block ends."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, OWN_EYES), "w+b") as stream:
        yield stream
        stream.flush()
        os.fsync(stream.fileno())


def _content(archive: tarfile.TarFile, name: str) -> bytes:
    source = archive.extractfile(name)
    return source.read() if source else b""


def _add_text(archive: tarfile.TarFile, name: str, text: str) -> None:
    content = text.encode()
    member = tarfile.TarInfo(name)
    member.size = len(content)
    archive.addfile(_for_owner(member), BytesIO(content))


def _for_owner(member: tarfile.TarInfo) -> tarfile.TarInfo:
    member.mode = OWN_EYES
    member.uid = member.gid = 0
    member.uname = member.gname = ""
    return member
