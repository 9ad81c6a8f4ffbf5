"""Fetch mails of a folder in batches that are bounded in number and size, and never hang on one.

Sizes come first. Small mails are fetched together, a large one alone and in pieces, one that is too
large only in its beginning. A batch that fails makes the next ones smaller, down to single mails,
so that one mail the server chokes on is found and passed over.
"""

from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.mail.message import Envelope
from gateway.spool import new_queue_id
from gateway.wire.imap_account import Account
from gateway.wire.imap_client import Connection
from gateway.wire.imap_journal import Arrived
from gateway.wire.imap_reply import Fetched
from gateway.wire.imap_trouble import MailboxTrouble, Trouble

BATCH_MAX: Final = 200
"""UIDs in one command (fault F21)."""
BATCH_OCTETS: Final = 4 * 1024 * 1024
PIECE_OCTETS: Final = 8 * 1024 * 1024
BEGINNING_OCTETS: Final = 256 * 1024
"""What is kept of a mail that is too large: its header and the first words."""
TRIES_MAX: Final = 3

DESCRIBE: Final = "(UID RFC822.SIZE INTERNALDATE)"
BODY: Final = "(UID BODY.PEEK[])"


class Fetcher:
    """Fetches for one mailbox; remembers over connections what went wrong."""

    def __init__(
        self,
        account: Account,
        clock: Callable[[], datetime],
        passed_over: Callable[[int, str], None],
    ) -> None:
        self._account = account
        self._clock = clock
        self._passed_over = passed_over
        self._batch = BATCH_MAX
        self._failures: Counter[int] = Counter()

    def forgive(self) -> None:
        """Try again what was passed over."""
        self._failures.clear()

    def is_passed_over(self, uid: int) -> bool:
        """Whether a mail failed too often to be tried now."""
        return self._failures[uid] >= TRIES_MAX

    async def fetch(
        self, connection: Connection, uids: Sequence[int]
    ) -> AsyncGenerator[list[Arrived], None]:
        """The mails of ascending UIDs, in order and in batches; those that are gone are missing."""
        position = 0
        while position < len(uids):
            chunk = uids[position : position + self._batch]
            try:
                described = await connection.fetch(chunk, DESCRIBE)
                for group in _groups(described, min(BATCH_OCTETS, self._account.size_limit)):
                    mails = await self._fetch_group(connection, group)
                    if mails:
                        yield mails
            except MailboxTrouble as trouble:
                self._shrink(chunk, trouble)
                raise
            position += len(chunk)
            self._batch = min(BATCH_MAX, self._batch * 2)

    def _shrink(self, chunk: Sequence[int], trouble: MailboxTrouble) -> None:
        if len(chunk) > 1:
            self._batch = max(1, len(chunk) // 2)
            return
        self._failures[chunk[0]] += 1
        if self._failures[chunk[0]] == TRIES_MAX:
            self._passed_over(chunk[0], trouble.reason)

    async def _fetch_group(self, connection: Connection, group: list[Fetched]) -> list[Arrived]:
        if len(group) == 1:
            one = await self._fetch_alone(connection, group[0])
            return [one] if one else []
        by_uid = {one.uid: one for one in group}
        found = await connection.fetch(sorted(by_uid), BODY)
        mails = [
            self._judged(by_uid[one.uid], bytes(one.body))
            for one in found
            if one.body is not None and one.uid in by_uid
        ]
        return sorted(mails, key=lambda one: one.uid)

    def _judged(self, described: Fetched, raw: bytes) -> Arrived:
        """Servers may announce less than they send."""
        if len(raw) > self._account.size_limit:
            return self._too_large(described, raw[:BEGINNING_OCTETS], len(raw))
        return self._arrived(described, raw)

    async def _fetch_alone(self, connection: Connection, described: Fetched) -> Arrived | None:
        limit = self._account.size_limit
        announced = described.size or 0
        if announced > limit:
            return await self._fetch_beginning(connection, described, announced)
        pieces: list[bytes] = []
        octets = 0
        while True:
            piece = await _piece(connection, described.uid, octets, PIECE_OCTETS)
            if piece is None:
                return None
            pieces.append(piece)
            octets += len(piece)
            if octets > limit:
                return self._too_large(described, pieces[0][:BEGINNING_OCTETS], octets)
            if len(piece) < PIECE_OCTETS:
                return self._arrived(described, b"".join(pieces))

    async def _fetch_beginning(
        self, connection: Connection, described: Fetched, octets: int
    ) -> Arrived | None:
        beginning = await _piece(connection, described.uid, 0, BEGINNING_OCTETS)
        return None if beginning is None else self._too_large(described, beginning, octets)

    def _too_large(self, described: Fetched, beginning: bytes, octets: int) -> Arrived:
        account = self._account
        reason = (
            f"larger than {_mib(account.size_limit)} ({_mib(octets)}): the whole mail is in "
            f"{account.folder} of mailbox {account.name}, UID {described.uid}"
        )
        return replace(self._arrived(described, beginning), too_large=reason)

    def _arrived(self, described: Fetched, raw: bytes) -> Arrived:
        now = self._clock()
        # The clock of the desk starts when the own mail server had the mail (policy H7, M18).
        received_at = min(described.received_at or now, now)
        account = self._account
        envelope = Envelope(
            queue_id=new_queue_id(now),
            received_at=received_at,
            forward_paths=(account.address,) if account.address else (),
            source=f"imap:{account.name}",
            peer=account.host,
        )
        return Arrived(uid=described.uid, envelope=envelope, raw=raw)


async def _piece(connection: Connection, uid: int, begin: int, length: int) -> bytes | None:
    """A part of a mail's bytes; nothing where the mail is gone."""
    items = f"(UID BODY.PEEK[]<{begin}.{length}>)"
    for one in await connection.fetch([uid], items):
        if one.uid == uid and one.body is not None:
            if len(one.body) > length:
                raise MailboxTrouble(Trouble.REFUSED, "the server sends more than it is asked for")
            return bytes(one.body)
    return None


def _groups(described: Iterable[Fetched], octets: int) -> list[list[Fetched]]:
    """Mails to be fetched together, with so many octets at most; larger ones are alone."""
    groups: list[list[Fetched]] = []
    room = 0
    for one in sorted(described, key=lambda one: one.uid):
        size = one.size if one.size is not None else octets
        if not groups or size > room:
            groups.append([])
            room = octets
        groups[-1].append(one)
        room -= size
    return groups


def _mib(octets: int) -> str:
    return f"{octets / 1024 / 1024:.1f} MiB"
