"""The spool: mails we have accepted and not yet taken in.

Rules for this file:
1. `put` returns after the bytes are synced to disk; only then may anybody say `250` (promise P1).
2. Puts that wait at the same time share one sync: durability is nearly free under load.
3. A mail leaves only as done or parked; parked mails keep their bytes and the reason.
4. accepted = waiting + done + parked, always: the tallies move in the same transaction.
5. After a sync that failed nothing is written until the next start (fault F06).

One SQLite file per node (WAL, FULL), so that mail is accepted while the main database is down.
"""

import asyncio
import contextlib
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

from gateway.mail.envelope import envelope_text, read_envelope
from gateway.mail.message import Envelope
from gateway.spool_commit import (
    PREVIEW,
    SHARED_MAX,
    Job,
    Row,
    SpoolFailure,
    SpoolFull,
    SyncFailed,
    Write,
    commit,
    keep,
    refuse,
)
from gateway.spool_record import Counts, Spooled, State, new_queue_id, spooled_from
from gateway.spool_share import Share, sender_number

__all__ = [
    "Counts",
    "Spool",
    "SpoolFailure",
    "SpoolFull",
    "Spooled",
    "State",
    "SyncFailed",
    "keep",
    "new_queue_id",
]

TRIES_MAX: Final = 3
TAKE_BYTES_MAX: Final = 16 * 1024 * 1024
PATIENCE: Final = timedelta(seconds=15)
"""How long a writer waits for another process that holds the file (fault F11)."""

Result = TypeVar("Result")
_WHOLE: Final = Share()

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS spool (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    queue_id TEXT NOT NULL UNIQUE,
    received_at TEXT NOT NULL,
    envelope TEXT NOT NULL,
    size INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('waiting', 'parked')),
    tries INTEGER NOT NULL DEFAULT 0,
    reason TEXT NOT NULL DEFAULT '',
    not_before TEXT NOT NULL DEFAULT '',
    sender INTEGER NOT NULL,
    raw BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS spool_state ON spool (state, seq, sender);
CREATE TABLE IF NOT EXISTS tally (name TEXT PRIMARY KEY, count INTEGER NOT NULL);
INSERT OR IGNORE INTO tally VALUES ('accepted', 0), ('done', 0), ('refused', 0);
"""


class Spool:
    """The spool of one node; `take` has our share of it only."""

    def __init__(
        self, path: Path, *, patience: timedelta = PATIENCE, share: Share = _WHOLE
    ) -> None:
        self._path = path
        self._patience = patience
        self._share = share
        path.parent.mkdir(parents=True, exist_ok=True)
        with contextlib.closing(self._connect()) as connection:
            connection.executescript(_SCHEMA)
        self._look: sqlite3.Connection | None = None
        self._one_looks = threading.Lock()
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self.bells = tuple(asyncio.Event() for _ in range(share.of))
        """One a share, set when something was put into it."""
        self.arrived = self.bells[share.number]
        """Intake's bell."""
        self.coming: Callable[[Envelope, bytes], None] = _prepare_nothing
        """Hears of a mail of our share that is being kept, and may yet be refused."""
        self.broken: SyncFailed | None = None
        """Why nothing is written any more until the next start."""
        self._thread = threading.Thread(target=self._run, name="spool", daemon=True)
        self._thread.start()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path,
            isolation_level=None,
            check_same_thread=False,
            cached_statements=2 * SHARED_MAX,
        )
        # Pages are large because mails are: a mail in few pieces is written twice as fast.
        for setting in (
            "page_size=32768",
            "journal_mode=WAL",
            "synchronous=FULL",
            f"busy_timeout={self._patience // timedelta(milliseconds=1)}",
        ):
            connection.execute(f"PRAGMA {setting}")
        return connection

    # Writing

    async def put(self, envelope: Envelope, raw: bytes) -> str:
        """Keep a mail; returns its queue id once the bytes are durable.

        Raises `SpoolFull` or `SpoolFailure`; then nothing was kept.
        """
        sender = sender_number(raw, envelope.reverse_path)
        text = envelope_text(envelope)
        if sender % self._share.of == self._share.number:
            # As it will be taken: what no text can hold is gone.
            self.coming(read_envelope(text), raw)
        await self._write(
            (
                envelope.queue_id,
                envelope.received_at.isoformat(),
                text,
                len(raw),
                sender,
                raw,
            )
        )
        self.bells[sender % len(self.bells)].set()
        return envelope.queue_id

    async def write(self, write: Callable[[sqlite3.Connection], Result]) -> Result:
        """Keep mails together with what somebody notes about them: all of it, or nothing.

        Raises `SpoolFull` or `SpoolFailure`; returns what `write` returned, once that is durable.
        """
        result: Result = await self._write(write)
        for bell in self.bells:
            bell.set()
        return result

    async def done(self, queue_ids: Iterable[str]) -> None:
        """These mails are taken in: their bytes live in the main database now."""
        ids = [(queue_id,) for queue_id in queue_ids]

        def write(connection: sqlite3.Connection) -> None:
            gone = connection.executemany("DELETE FROM spool WHERE queue_id = ?", ids).rowcount
            connection.execute("UPDATE tally SET count = count + ? WHERE name = 'done'", (gone,))

        if ids:
            await self._write(write)

    async def fail(self, queue_id: str, reason: str, until: datetime | None = None) -> bool:
        """One more try went wrong; true where it was the last one and the mail is parked now.

        Else it rests `until` then: what is wrong for a moment may be right after it.
        """
        rests = until.astimezone(UTC).isoformat() if until else ""

        def write(connection: sqlite3.Connection) -> bool:
            connection.execute(
                "UPDATE spool SET tries = tries + 1, reason = ?, not_before = ?,"
                " state = CASE WHEN tries + 1 >= ? THEN 'parked' ELSE state END"
                " WHERE queue_id = ?",
                (reason[:PREVIEW], rests, TRIES_MAX, queue_id),
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

    async def _write(self, work: Write | Row) -> Any:
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._jobs.put(Job(work, future))
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
            if self.broken:
                refuse(jobs, self.broken)
            else:
                self.broken = commit(connection, jobs)
            if ends:
                break
        connection.close()

    def close(self) -> None:
        """Finish what was handed in and end the thread."""
        self._jobs.put(None)
        self._thread.join()
        look, self._look = self._look, None
        if look is not None:
            look.close()

    # Reading

    def read(self) -> "contextlib.closing[sqlite3.Connection]":
        """The file of the spool, for whoever keeps notes beside the mails."""
        return contextlib.closing(self._connect())

    def take(
        self, count: int, after: int = 0, now: datetime | None = None
    ) -> Sequence[tuple[int, Spooled]]:
        """Waiting mails in the order they came, with their position, bounded in number and size.

        Those that rest after a try are left out where the time is told.
        """
        until = now.astimezone(UTC).isoformat() if now else "9999"
        taken: list[tuple[int, Spooled]] = []
        octets = 0
        with self._looking() as connection, contextlib.closing(connection.cursor()) as rows:
            rows.execute(
                "SELECT seq, envelope, raw, tries, state, reason, size FROM spool"
                " WHERE state = 'waiting' AND seq > ? AND not_before <= ? AND sender % ? = ?"
                " ORDER BY seq LIMIT ?",
                (after, until, self._share.of, self._share.number, count),
            )
            for seq, envelope, raw, *rest in rows:
                octets += len(raw)
                if taken and octets > TAKE_BYTES_MAX:
                    break
                taken.append((seq, spooled_from(envelope, raw, *rest)))
        return taken

    @contextlib.contextmanager
    def _looking(self) -> Iterator[sqlite3.Connection]:
        """A connection that is kept while all is well: to open one takes longer than a look."""
        with self._one_looks:
            connection, self._look = self._look or self._connect(), None
            with contextlib.ExitStack() as otherwise:
                otherwise.callback(connection.close)
                yield connection
                if self._thread.is_alive():
                    self._look = connection
                    otherwise.pop_all()

    def find(self, queue_id: str) -> Spooled | None:
        """One mail, whatever its state."""
        with contextlib.closing(self._connect()) as connection:
            row = connection.execute(
                "SELECT envelope, raw, tries, state, reason, size FROM spool WHERE queue_id = ?",
                (queue_id,),
            ).fetchone()
        return spooled_from(*row) if row else None

    def listing(self, state: State, limit: int = 1000) -> Sequence[Spooled]:
        """Mails in a state without their bytes, oldest first."""
        with contextlib.closing(self._connect()) as connection:
            rows = connection.execute(
                "SELECT envelope, x'', tries, state, reason, size FROM spool WHERE state = ?"
                " ORDER BY seq LIMIT ?",
                (state, limit),
            ).fetchall()
        return [spooled_from(*row) for row in rows]

    def release(self, queue_id: str) -> bool:
        """Put a parked mail back; false where none has this id."""
        with contextlib.closing(self._connect()) as connection:
            touched = connection.execute(
                "UPDATE spool SET state = 'waiting', tries = 0, reason = '', not_before = '',"
                " envelope = json_set(envelope, '$.released', json('true'))"
                " WHERE queue_id = ? AND state = 'parked'",
                (queue_id,),
            )
            return touched.rowcount == 1

    def octets(self) -> int:
        """How much of the disk the file takes; mails that left make room for others."""
        return self._path.stat().st_size

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


def _prepare_nothing(_: Envelope, __: bytes) -> None:
    """Where nobody takes mails in, nobody prepares for them."""
