"""The spool: mails we have accepted and not yet taken in.

Rules for this file:
1. `put` returns after the bytes are synced to disk; only then may anybody say `250` (promise P1).
2. Puts that wait at the same time share one sync: durability is nearly free under load.
3. A mail leaves only as done or parked; parked mails keep their bytes and the reason.
4. accepted = waiting + done + parked, always: the tallies move in the same transaction.

One SQLite file per node (WAL, FULL), so that mail is accepted while the main database is down.
"""

import asyncio
import contextlib
import json
import queue
import secrets
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Literal

from gateway.mail.message import Envelope

TRIES_MAX: Final = 3
SHARED_MAX: Final = 200
TAKE_BYTES_MAX: Final = 16 * 1024 * 1024
PREVIEW: Final = 200

State = Literal["waiting", "parked"]

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS spool (
    seq INTEGER PRIMARY KEY,
    queue_id TEXT NOT NULL UNIQUE,
    received_at TEXT NOT NULL,
    envelope TEXT NOT NULL,
    size INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'parked')),
    tries INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS spool_state ON spool (state, seq);
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
INSERT OR IGNORE INTO tally VALUES ('accepted', 0), ('done', 0), ('refused', 0);
"""


class SpoolFull(Exception):
    """No room on the disk: the sender keeps the mail (452 4.3.1)."""


class SpoolFailure(Exception):
    """The spool itself is broken: the sender keeps the mail (451 4.3.0)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """A mail of the spool."""

    envelope: Envelope
    raw: bytes
    tries: int = 0
    state: State = "waiting"
    reason: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many mails there were and are; accepted = waiting + done + parked."""

    accepted: int
    waiting: int
    done: int
    parked: int
    refused: int


@dataclass(slots=True)
class _Job:
    """One piece of writing and who waits for it."""

    write: Callable[[sqlite3.Connection], Any]
    future: "asyncio.Future[Any]"


def new_queue_id(now: datetime) -> str:
    """A name for one taken-in mail that sorts by time."""
    return f"{int(now.timestamp() * 1000):011x}{secrets.token_hex(4)}"


class Spool:
    """The spool of one node."""

    def __init__(self, path: Path) -> None:
        self._path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(self._connect()) as connection:
            connection.executescript(_SCHEMA)
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self.arrived = asyncio.Event()
        """Set when something was put: intake's bell."""
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=15000"):
            connection.execute(f"PRAGMA {setting}")
        return connection

    # Writing

    async def put(self, envelope: Envelope, raw: bytes) -> str:
        """Keep a mail; returns its queue id once the bytes are durable.

        Raises `SpoolFull` or `SpoolFailure`; then nothing was kept.
        """
        row = (
            envelope.queue_id,
            envelope.received_at.isoformat(),
            _envelope_text(envelope),
            len(raw),
            raw,
        )

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "INSERT INTO spool (queue_id, received_at, envelope, size, state, raw)"
                " VALUES (?, ?, ?, ?, 'waiting', ?)",
                row,
            )
            connection.execute("UPDATE tally SET count = count + 1 WHERE name = 'accepted'")

        await self._write(write)
        self.arrived.set()
        return envelope.queue_id

    async def done(self, queue_ids: Iterable[str]) -> None:
        """These mails are taken in: their bytes live in the main database now."""
        ids = [(queue_id,) for queue_id in queue_ids]

        def write(connection: sqlite3.Connection) -> None:
            gone = connection.executemany("DELETE FROM spool WHERE queue_id = ?", ids).rowcount
            connection.execute("UPDATE tally SET count = count + ? WHERE name = 'done'", (gone,))

        if ids:
            await self._write(write)

    async def fail(self, queue_id: str, reason: str) -> bool:
        """One more try went wrong; true where it was the last one and the mail is parked now."""

        def write(connection: sqlite3.Connection) -> bool:
            connection.execute(
                "UPDATE spool SET tries = tries + 1, reason = ?,"
                " state = CASE WHEN tries + 1 >= ? THEN 'parked' ELSE state END"
                " WHERE queue_id = ?",
                (reason[:PREVIEW], TRIES_MAX, queue_id),
            )
            row = connection.execute(
                "SELECT state FROM spool WHERE queue_id = ?", (queue_id,)
            ).fetchone()
            return bool(row) and row[0] == "parked"

        return bool(await self._write(write))

    async def park(self, queue_id: str, reason: str) -> None:
        """Put a mail aside for the operator."""

        def write(connection: sqlite3.Connection) -> None:
            connection.execute(
                "UPDATE spool SET state = 'parked', reason = ? WHERE queue_id = ?",
                (reason[:PREVIEW], queue_id),
            )

        await self._write(write)

    async def refuse(self) -> None:
        """Count a mail that was refused in the dialogue."""
        await self._write(
            lambda connection: (
                connection.execute(
                    "UPDATE tally SET count = count + 1 WHERE name = 'refused'"
                ).rowcount
            )
        )

    async def _write(self, write: Callable[[sqlite3.Connection], Any]) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._jobs.put(_Job(write, future))
        # The client may hang up and cancel us; the mail is written or not, never half.
        return await asyncio.shield(future)

    def _run(self) -> None:
        connection = self._connect()
        while (job := self._jobs.get()) is not None:
            jobs, ends = [job], False
            while len(jobs) < SHARED_MAX and not ends:
                try:
                    more = self._jobs.get_nowait()
                except queue.Empty:
                    break
                if more is None:
                    ends = True
                else:
                    jobs.append(more)
            _commit(connection, jobs)
            if ends:
                break
        connection.close()

    def close(self) -> None:
        """Finish what was handed in and end the thread."""
        self._jobs.put(None)
        self._thread.join()

    # Reading

    def take(self, count: int, after: int = 0) -> Sequence[tuple[int, Spooled]]:
        """Waiting mails in the order they came, with their position, bounded in number and size."""
        taken: list[tuple[int, Spooled]] = []
        octets = 0
        with contextlib.closing(self._connect()) as connection:
            rows = connection.execute(
                "SELECT seq, envelope, raw, tries, state, reason, size FROM spool"
                " WHERE state = 'waiting' AND seq > ? ORDER BY seq LIMIT ?",
                (after, count),
            )
            for seq, envelope, raw, *rest in rows:
                octets += len(raw)
                if taken and octets > TAKE_BYTES_MAX:
                    break
                taken.append((seq, _spooled(envelope, raw, *rest)))
        return taken

    def find(self, queue_id: str) -> Spooled | None:
        """One mail, whatever its state."""
        with contextlib.closing(self._connect()) as connection:
            row = connection.execute(
                "SELECT envelope, raw, tries, state, reason, size FROM spool WHERE queue_id = ?",
                (queue_id,),
            ).fetchone()
        return _spooled(*row) if row else None

    def listing(self, state: State, limit: int = 1000) -> Sequence[Spooled]:
        """Mails in a state without their bytes, oldest first."""
        with contextlib.closing(self._connect()) as connection:
            rows = connection.execute(
                "SELECT envelope, x'', tries, state, reason, size FROM spool WHERE state = ?"
                " ORDER BY seq LIMIT ?",
                (state, limit),
            ).fetchall()
        return [_spooled(*row) for row in rows]

    def release(self, queue_id: str) -> bool:
        """Put a parked mail back; false where none has this id."""
        with contextlib.closing(self._connect()) as connection:
            touched = connection.execute(
                "UPDATE spool SET state = 'waiting', tries = 0, reason = '', envelope ="
                " json_set(envelope, '$.released', json('true'))"
                " WHERE queue_id = ? AND state = 'parked'",
                (queue_id,),
            )
            return touched.rowcount == 1

    def counts(self) -> Counts:
        """How many mails there were and are."""
        with contextlib.closing(self._connect()) as connection:
            connection.execute("BEGIN")
            tally = dict(connection.execute("SELECT name, count FROM tally").fetchall())
            states = dict(
                connection.execute("SELECT state, count(*) FROM spool GROUP BY state").fetchall()
            )
        return Counts(
            accepted=tally["accepted"],
            waiting=states.get("waiting", 0),
            done=tally["done"],
            parked=states.get("parked", 0),
            refused=tally["refused"],
        )


def _commit(connection: sqlite3.Connection, jobs: list[_Job]) -> None:
    """One transaction for all; where it fails nobody's writing happened."""
    try:
        connection.execute("BEGIN IMMEDIATE")
        results = [job.write(connection) for job in jobs]
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        with contextlib.suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        full = "full" in str(error)
        failure = SpoolFull(str(error)) if full else SpoolFailure(str(error))
        for job in jobs:
            _answer(job, None, failure)
        return
    for job, result in zip(jobs, results, strict=True):
        _answer(job, result, None)


def _answer(job: _Job, result: Any, failure: Exception | None) -> None:
    def settle() -> None:
        if job.future.done():
            return
        if failure is not None:
            job.future.set_exception(failure)
        else:
            job.future.set_result(result)

    with contextlib.suppress(RuntimeError):  # The loop is closed: nobody waits any more.
        job.future.get_loop().call_soon_threadsafe(settle)


def _envelope_text(envelope: Envelope) -> str:
    return json.dumps(
        {
            "queue_id": envelope.queue_id,
            "received_at": envelope.received_at.astimezone(UTC).isoformat(),
            "reverse_path": envelope.reverse_path,
            "forward_paths": envelope.forward_paths,
            "source": envelope.source,
            "peer": envelope.peer,
        }
    )


def _spooled(
    envelope: str, raw: bytes, tries: int, state: State, reason: str, size: int
) -> Spooled:
    fields = json.loads(envelope)
    return Spooled(
        envelope=Envelope(
            queue_id=fields["queue_id"],
            received_at=datetime.fromisoformat(fields["received_at"]),
            reverse_path=fields["reverse_path"],
            forward_paths=tuple(fields["forward_paths"]),
            source=fields["source"],
            peer=fields["peer"],
            released=fields.get("released", False),
        ),
        raw=raw,
        tries=tries,
        state=state,
        reason=reason,
        size=size,
    )
