"""One commit of the spool for many mails at once: durability costs one sync, whoever waits."""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any, Final

from gateway.mail.envelope import envelope_text
from gateway.mail.message import Envelope
from gateway.spool_share import sender_number

PREVIEW: Final = 200
"""Characters of a reason that are kept."""
SHARED_MAX: Final = 200
"""Pieces of writing in one commit."""


class SpoolFull(Exception):
    """No room on the disk: the sender keeps the mail (452 4.3.1)."""


class SpoolFailure(Exception):
    """The spool itself is broken: the sender keeps the mail (451 4.3.0)."""


class SyncFailed(SpoolFailure):
    """The disk failed a sync: nobody knows any more what it keeps, and asking it again would lie.

    A kernel may drop what it could not write and call the next sync a success. So nothing more is
    accepted until the gateway is started again, which reads what is really there (fault F06).
    """


_SYNCS_THAT_FAIL: Final = frozenset({sqlite3.SQLITE_IOERR_FSYNC, sqlite3.SQLITE_IOERR_DIR_FSYNC})


Write = Callable[[sqlite3.Connection], Any]
_INSERT: Final = "INSERT INTO spool (queue_id, received_at, envelope, size, state, sender, raw)"
Row = tuple[str, str, str, int, int, bytes]
"""A mail to be kept: queue id, receive time, envelope, size, number of its sender, octets."""


@dataclass(slots=True)
class Job:
    """One piece of writing, or one mail to keep, and who waits for it."""

    work: Write | Row
    future: "asyncio.Future[Any]"


def commit(connection: sqlite3.Connection, jobs: list[Job]) -> SyncFailed | None:
    """One transaction for all; where it fails nobody's writing happened, and each hears why.

    Returns what must end all writing, if it happened.
    """
    try:
        connection.execute("BEGIN IMMEDIATE")
        results = _carry_out(connection, jobs)
        connection.execute("COMMIT")
    except (sqlite3.Error, ValueError, TypeError, OverflowError) as error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        failure = _failure(error)
        refuse(jobs, failure)
        return failure if isinstance(failure, SyncFailed) else None
    for job, result in zip(jobs, results, strict=True):
        _answer(job, result, None)
    return None


def refuse(jobs: Sequence[Job], failure: SpoolFailure | SpoolFull) -> None:
    """Tell everybody that nothing of theirs was written."""
    for job in jobs:
        _answer(job, None, failure)


def _failure(error: Exception) -> SpoolFailure | SpoolFull:
    if getattr(error, "sqlite_errorcode", 0) in _SYNCS_THAT_FAIL:
        return SyncFailed("a sync to the disk failed; mend the disk, then start the gateway again")
    return SpoolFull(str(error)) if "full" in str(error) else SpoolFailure(str(error))


def _carry_out(connection: sqlite3.Connection, jobs: list[Job]) -> list[Any]:
    """Mails in a row are one statement: each statement hands the interpreter's lock to and fro."""
    results: list[Any] = []
    for is_mail, group in groupby(jobs, lambda job: isinstance(job.work, tuple)):
        works: list[Any] = [job.work for job in group]
        if is_mail:
            _keep(connection, works)
            results += [None] * len(works)
        else:
            results += [work(connection) for work in works]
    return results


def _keep(connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
    places = ", ".join(["(?, ?, ?, ?, 'waiting', ?, ?)"] * len(rows))
    connection.execute(
        f"{_INSERT} VALUES {places}",
        [field for row in rows for field in row],
    )
    connection.execute("UPDATE tally SET count = count + ? WHERE name = 'accepted'", (len(rows),))


def keep(
    connection: sqlite3.Connection, envelope: Envelope, raw: bytes, *, parked: str = ""
) -> None:
    """Add a mail within a `write`; with a reason it is put aside for the operator at once."""
    connection.execute(
        "INSERT INTO spool (queue_id, received_at, envelope, size, state, reason, sender, raw)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (
            envelope.queue_id,
            envelope.received_at.isoformat(),
            envelope_text(envelope),
            len(raw),
            "parked" if parked else "waiting",
            parked[:PREVIEW],
            sender_number(raw, envelope.reverse_path),
            raw,
        ),
    )
    connection.execute("UPDATE tally SET count = count + 1 WHERE name = 'accepted'")


def _answer(job: Job, result: Any, failure: Exception | None) -> None:
    def settle() -> None:
        if job.future.done():
            return
        if failure is not None:
            job.future.set_exception(failure)
        else:
            job.future.set_result(result)

    with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
        job.future.get_loop().call_soon_threadsafe(settle)
