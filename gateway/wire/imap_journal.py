"""Which mails of which mailbox are in the spool already, kept in the file of the spool.

Rules for this file:
1. A mail and its UID are written in one transaction: a mail is taken once, whatever is killed when.
2. (UIDVALIDITY, UID) says which mail; its digest says so too where the UIDs were lost or a person
   copied it (faults F19, F22). Whether somebody has read it says nothing.
3. What is written here never depends on the main database, which may be away.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from typing import Final

from gateway.mail.message import Envelope
from gateway.spool import Spool, keep

MEMORY: Final = timedelta(days=90)
"""How long a mail that left the mailbox is still known by its digest."""

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS mailbox (
    id INTEGER PRIMARY KEY,
    place TEXT NOT NULL UNIQUE,
    failing_since TEXT,
    told INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS uid (
    mailbox INTEGER NOT NULL REFERENCES mailbox (id),
    uidvalidity INTEGER NOT NULL,
    uid INTEGER NOT NULL,
    fate TEXT NOT NULL CHECK (fate IN ('taken', 'repeat', 'too large')),
    settled INTEGER NOT NULL,
    queue_id TEXT NOT NULL,
    digest BLOB NOT NULL,
    taken_at TEXT NOT NULL,
    PRIMARY KEY (mailbox, uidvalidity, uid)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uid_digest ON uid (mailbox, digest);
"""


class Fate(StrEnum):
    """What became of a mail of a mailbox."""

    TAKEN = "taken"
    REPEAT = "repeat"
    """The same bytes came before: nothing more was put into the spool."""
    TOO_LARGE = "too large"
    """Its beginning is parked in the spool; the whole of it stays in the mailbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrived:
    """A mail fetched from a mailbox."""

    uid: int
    envelope: Envelope
    raw: bytes
    too_large: str = ""
    """Why it is put aside, where it is; `raw` is only its beginning then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """What the journal knows of a UID."""

    uid: int
    fate: Fate
    settled: bool
    """Flagged or moved as the settings ask."""
    queue_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A mailbox that fails, and whether the operator was told."""

    since: datetime
    told: bool


class UidJournal:
    """The journal of one mailbox: `place` is user, host and folder."""

    def __init__(self, spool: Spool, place: str) -> None:
        self._spool = spool
        with spool.read() as connection:
            connection.executescript(_SCHEMA)
            connection.execute("INSERT OR IGNORE INTO mailbox (place) VALUES (?)", (place,))
            self._id: int = connection.execute(
                "SELECT id FROM mailbox WHERE place = ?", (place,)
            ).fetchone()[0]

    # Mails

    async def keep(
        self, uidvalidity: int, mails: Sequence[Arrived], *, settled: bool, now: datetime
    ) -> list[Entry]:
        """Put mails into the spool and write down their UIDs: durable together.

        Returns what was written; a UID that is known already is not among it. Raises `SpoolFull`
        or `SpoolFailure`: then nothing was kept.
        """
        digests = await asyncio.to_thread(lambda: [sha256(one.raw).digest() for one in mails])
        at = _text(now)

        def write(connection: sqlite3.Connection) -> list[Entry]:
            kept = []
            for one, digest in zip(mails, digests, strict=True):
                entry = self._keep_one(connection, uidvalidity, one, digest)
                if entry is not None:
                    done = settled or entry.fate is Fate.TOO_LARGE
                    row = (self._id, uidvalidity, one.uid, entry.fate, done, entry.queue_id)
                    connection.execute(
                        "INSERT INTO uid VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, digest, at)
                    )
                    kept.append(entry)
            return kept

        return await self._spool.write(write)

    def _keep_one(
        self, connection: sqlite3.Connection, uidvalidity: int, one: Arrived, digest: bytes
    ) -> Entry | None:
        known = connection.execute(
            "SELECT 1 FROM uid WHERE mailbox = ? AND uidvalidity = ? AND uid = ?",
            (self._id, uidvalidity, one.uid),
        ).fetchone()
        if known:
            return None
        first = connection.execute(
            "SELECT queue_id FROM uid WHERE mailbox = ? AND digest = ? LIMIT 1", (self._id, digest)
        ).fetchone()
        fate = Fate.REPEAT if first else Fate.TAKEN
        if one.too_large:
            # Also where it came before: the whole of it is nowhere but in the mailbox.
            fate = Fate.TOO_LARGE
        if not first:
            keep(connection, one.envelope, one.raw, parked=one.too_large)
        queue_id = first[0] if first else one.envelope.queue_id
        return Entry(uid=one.uid, fate=fate, settled=False, queue_id=queue_id)

    async def settle(self, uidvalidity: int, uids: Sequence[int]) -> None:
        """These mails are flagged or moved as the settings ask."""
        rows = [(self._id, uidvalidity, uid) for uid in uids]
        await self._change(
            lambda connection: (
                connection.executemany(
                    "UPDATE uid SET settled = 1 WHERE mailbox = ? AND uidvalidity = ? AND uid = ?",
                    rows,
                ).rowcount
            )
        )

    async def forget(self, queue_ids: Sequence[str]) -> None:
        """Take these mails in again when they are seen next."""
        rows = [(self._id, queue_id) for queue_id in queue_ids]
        await self._change(
            lambda connection: (
                connection.executemany(
                    "DELETE FROM uid WHERE mailbox = ? AND queue_id = ?", rows
                ).rowcount
            )
        )

    async def forget_gone(self, uidvalidity: int, present: Sequence[int], now: datetime) -> None:
        """Forget mails that are neither present, among ascending UIDs, nor of late."""
        there, before = frozenset(present), _text(now - MEMORY)

        def write(connection: sqlite3.Connection) -> int:
            old = connection.execute(
                "SELECT uidvalidity, uid FROM uid WHERE mailbox = ? AND taken_at < ?",
                (self._id, before),
            ).fetchall()
            gone = [(self._id, *key) for key in old if key[0] != uidvalidity or key[1] not in there]
            return connection.executemany(
                "DELETE FROM uid WHERE mailbox = ? AND uidvalidity = ? AND uid = ?", gone
            ).rowcount

        await self._change(write)

    def known(self, uidvalidity: int, first: int, last: int) -> Mapping[int, Entry]:
        """What is known of a range of UIDs."""
        with self._spool.read() as connection:
            rows = connection.execute(
                "SELECT uid, fate, settled, queue_id FROM uid"
                " WHERE mailbox = ? AND uidvalidity = ? AND uid BETWEEN ? AND ?",
                (self._id, uidvalidity, first, last),
            ).fetchall()
        return {
            uid: Entry(uid=uid, fate=Fate(fate), settled=bool(settled), queue_id=queue_id)
            for uid, fate, settled, queue_id in rows
        }

    def last_at(self) -> datetime | None:
        """When the last mail was taken."""
        with self._spool.read() as connection:
            (at,) = connection.execute(
                "SELECT max(taken_at) FROM uid WHERE mailbox = ?", (self._id,)
            ).fetchone()
        return datetime.fromisoformat(at) if at else None

    # Incidents

    def incident(self) -> Incident | None:
        """The trouble that goes on, also over a restart."""
        with self._spool.read() as connection:
            since, told = connection.execute(
                "SELECT failing_since, told FROM mailbox WHERE id = ?", (self._id,)
            ).fetchone()
        return Incident(since=datetime.fromisoformat(since), told=bool(told)) if since else None

    async def note_incident(self, incident: Incident | None) -> None:
        """Write down that the mailbox fails, or that it works again."""
        since = _text(incident.since) if incident else None
        row = (since, bool(incident and incident.told), self._id)
        await self._change(
            lambda connection: (
                connection.execute(
                    "UPDATE mailbox SET failing_since = ?, told = ? WHERE id = ?", row
                ).rowcount
            )
        )

    async def _change(self, write: Callable[[sqlite3.Connection], int]) -> None:
        await self._spool.write(write)


def _text(at: datetime) -> str:
    return at.astimezone(UTC).isoformat()
