"""Take mails from an IMAP mailbox: fetch by UID into the spool, then flag, move or leave them.

Order (promise P14): fetch, spool and journal together, only then touch the mailbox. What is killed
in between is done again and found done. Nothing is ever deleted, `Seen` is never asked for, and
nothing here waits without an end.
"""

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Final, Protocol

from gateway import journal
from gateway.spool import SpoolFailure, SpoolFull
from gateway.wire.imap_account import Account, Pace
from gateway.wire.imap_client import Connection
from gateway.wire.imap_fetch import BATCH_MAX, Fetcher
from gateway.wire.imap_journal import Arrived, Entry, Fate, UidJournal
from gateway.wire.imap_reply import Selected
from gateway.wire.imap_trouble import MailboxTrouble, Trouble, why_not_connected
from gateway.wire.token import NoToken, Token

WINDOW: Final = 10_000
"""UIDs compared with the journal at a time."""


class Listener(Protocol):
    """Who hears how a mailbox is doing."""

    def connecting(self) -> None:
        """A connection is tried."""

    def taking(self, waiting: int) -> None:
        """So many mails are fetched now."""

    def took(self, entries: Sequence[Entry]) -> None:
        """These mails are in the spool."""

    def passed_over(self, uid: int, reason: str) -> None:
        """A mail could not be fetched several times, for a reason; the others go on."""

    def watching(self) -> None:
        """Everything is taken; the server says when more comes."""

    def limping(self, trouble: MailboxTrouble) -> None:
        """Mails are taken, but cannot be flagged or moved."""


class Mailbox:
    """One mailbox, over as many connections as it takes."""

    def __init__(
        self,
        account: Account,
        uids: UidJournal,
        clock: Callable[[], datetime],
        listener: Listener,
        pace: Pace | None = None,
    ) -> None:
        self.account = account
        self._uids = uids
        self._clock = clock
        self._listener = listener
        self._pace = pace or Pace()
        self._fetcher = Fetcher(account, clock, listener.passed_over)
        self._selected = Selected()
        self._next_uid = 1
        self._forgive_at = 0.0
        self._limp: MailboxTrouble | None = None

    async def serve(self) -> None:
        """Take what is there and what comes, until something goes wrong: `MailboxTrouble`."""
        loop = asyncio.get_running_loop()
        connection = await self.connect()
        try:
            rescan_at = loop.time()
            while True:
                connection.expect_news()
                is_full = loop.time() >= rescan_at
                if loop.time() >= self._forgive_at:
                    self._forgive_at = loop.time() + self._pace.rescan
                    self._fetcher.forgive()
                await self.catch_up(connection, is_full=is_full)
                if is_full:
                    pause = self._pace.settle_again if self._limp else self._pace.rescan
                    rescan_at = loop.time() + pause
                if self._limp is not None:
                    self._listener.limping(self._limp)
                else:
                    self._listener.watching()
                wait = min(self._pace.renew, max(rescan_at - loop.time(), 0.0))
                await connection.wait_for_news(wait, poll=self._pace.poll)
        finally:
            connection.close()

    async def connect(self) -> Connection:
        """Connect, log in and open the folder. Raises `MailboxTrouble`."""
        self._listener.connecting()
        account = self.account
        try:
            tls = await asyncio.to_thread(account.tls_context)
        except OSError as error:
            raise MailboxTrouble(Trouble.TLS, f"ca_file: {error.strerror or error}") from error
        connection = await Connection.open(
            account.host, account.port, tls, patience=self._pace.patience
        )
        with contextlib.ExitStack() as otherwise:
            otherwise.callback(connection.close)
            await self._log_in(connection)
            selected = await connection.select(account.folder)
            if selected.uidvalidity != self._selected.uidvalidity:
                self._fetcher.forgive()
            self._selected = selected
            otherwise.pop_all()
        return connection

    async def _log_in(self, connection: Connection) -> None:
        account = self.account
        if account.token is not None:
            await self._log_in_with_token(connection, account.token)
            return
        if account.password is None:
            raise MailboxTrouble(Trouble.LOGIN, "the settings name neither password nor oauth")
        try:
            password = await asyncio.to_thread(account.password)
        except OSError as error:
            raise MailboxTrouble(Trouble.LOGIN, f"password_file: {error.strerror}") from error
        await connection.login(account.user, password)

    async def _log_in_with_token(self, connection: Connection, token: Token) -> None:
        """A token that is refused though it looks good (revoked, or our clock) is renewed once."""
        user = self.account.user
        try:
            first = await token(user)
            try:
                await connection.present_token(user, first)
            except MailboxTrouble as trouble:
                fresh = (
                    first if trouble.kind is not Trouble.TOKEN else await token(user, fresh=True)
                )
                if fresh == first:
                    raise
                await connection.present_token(user, fresh)
        except NoToken as error:
            kind = Trouble.UNREACHABLE if error.is_transient else Trouble.TOKEN
            raise MailboxTrouble(kind, error.reason) from error

    async def catch_up(self, connection: Connection, *, is_full: bool) -> int:
        """Take every mail that the journal does not know; returns how many were taken.

        A full round compares the whole folder, another one only what came since.
        """
        first = 1 if is_full else self._next_uid
        if is_full:
            self._limp = None
        found = await connection.search(*self.account.criteria(first))
        present = [uid for uid in found if uid >= first]
        taken = 0
        for begin in range(0, len(present), WINDOW):
            taken += await self._take_window(connection, present[begin : begin + WINDOW])
        if is_full:
            await self._uids.forget_gone(self._selected.uidvalidity, present, self._clock())
        self._next_uid = max(first, present[-1] + 1) if present else first
        return taken

    async def compare(self, connection: Connection) -> dict[int, Entry | None]:
        """What the journal knows of every mail of the folder, by ascending UID."""
        found = await connection.search(*self.account.criteria(1))
        known = await self._known(found)
        return {uid: known.get(uid) for uid in found}

    def doubt(self, connection: Connection) -> MailboxTrouble | None:
        """Why mails of the open folder cannot be flagged or moved as asked, if that shows."""
        account = self.account
        if account.then == "flag" and not self._selected.keeps(account.flag):
            return MailboxTrouble(
                Trouble.REFUSED,
                f'flag {account.flag} does not stay in this folder: use then = "leave"',
            )
        if account.then == "move" and not (connection.can("MOVE") or connection.can("UIDPLUS")):
            return MailboxTrouble(Trouble.REFUSED, 'the server cannot move: use then = "flag"')
        return None

    async def _known(self, uids: Sequence[int]) -> dict[int, Entry]:
        if not uids:
            return {}
        validity = self._selected.uidvalidity
        return dict(await asyncio.to_thread(self._uids.known, validity, uids[0], uids[-1]))

    async def _take_window(self, connection: Connection, uids: Sequence[int]) -> int:
        known = await self._known(uids)
        new = [uid for uid in uids if uid not in known and not self._fetcher.is_passed_over(uid)]
        if new:
            self._listener.taking(len(new))
        taken = await self._take(connection, new)
        open_ends = [uid for uid in uids if uid in known and not known[uid].settled]
        for begin in range(0, len(open_ends), BATCH_MAX):
            await self._settle(connection, open_ends[begin : begin + BATCH_MAX])
        return taken

    async def _take(self, connection: Connection, uids: Sequence[int]) -> int:
        """Fetch the next batch while the last one is written."""
        taken = 0
        keeping: asyncio.Task[int] | None = None
        try:
            async with contextlib.aclosing(self._fetcher.fetch(connection, uids)) as batches:
                async for mails in batches:
                    if keeping is not None:
                        taken += await keeping
                    keeping = asyncio.create_task(self._keep(connection, mails))
            if keeping is not None:
                taken += await keeping
        except MailboxTrouble:
            if keeping is not None:
                # What was fetched is kept, though the connection may be gone.
                await asyncio.gather(keeping, return_exceptions=True)
            raise
        finally:
            if keeping is not None:
                keeping.cancel()
        return taken

    async def _keep(self, connection: Connection, mails: Sequence[Arrived]) -> int:
        """Spool first, then the mailbox."""
        validity = self._selected.uidvalidity
        is_settled = self.account.then == "leave"
        try:
            entries = await self._uids.keep(validity, mails, settled=is_settled, now=self._clock())
        except SpoolFull as error:
            raise MailboxTrouble(Trouble.SPOOL, "the disk of the spool is full") from error
        except SpoolFailure as error:
            raise MailboxTrouble(Trouble.SPOOL, "the spool cannot be written") from error
        self._tell(mails, entries)
        if not is_settled:
            uids = [one.uid for one in entries if one.fate is not Fate.TOO_LARGE]
            await self._settle(connection, uids)
        return len(entries)

    def _tell(self, mails: Sequence[Arrived], entries: Sequence[Entry]) -> None:
        by_uid = {one.uid: one for one in mails}
        for entry in entries:
            mail = by_uid[entry.uid]
            told = {"queue_id": entry.queue_id, "mailbox": self.account.name, "uid": entry.uid}
            if entry.fate is Fate.TAKEN:
                journal.note("accepted", source=mail.envelope.source, size=len(mail.raw), **told)
            elif entry.fate is Fate.REPEAT:
                journal.note("repeat_in_mailbox", **told)
            else:
                journal.warn("parked", reason=mail.too_large, **told)
        self._listener.took(entries)

    async def _settle(self, connection: Connection, uids: Sequence[int]) -> None:
        """Flag or move; where that fails mails are taken all the same, and somebody is told."""
        if not uids or self._limp is not None:
            return
        try:
            if self.account.then == "flag":
                await self._flag(connection, uids)
            elif self.account.then == "move":
                await self._move(connection, uids)
        except MailboxTrouble as trouble:
            if trouble.kind is Trouble.UNREACHABLE:
                raise
            self._limp = trouble
            return
        try:
            await self._uids.settle(self._selected.uidvalidity, uids)
        except (SpoolFull, SpoolFailure) as error:
            raise MailboxTrouble(Trouble.SPOOL, "the spool cannot be written") from error

    async def _flag(self, connection: Connection, uids: Sequence[int]) -> None:
        if (trouble := self.doubt(connection)) is not None:
            raise trouble
        await connection.flag(uids, self.account.flag)

    async def _move(self, connection: Connection, uids: Sequence[int]) -> None:
        try:
            await connection.move(uids, self.account.move_to)
        except MailboxTrouble as trouble:
            if trouble.kind is not Trouble.FOLDER:
                raise
            await connection.create(self.account.move_to)
            journal.note("folder_made", mailbox=self.account.name)
            await connection.move(uids, self.account.move_to)


def unforeseen(error: BaseException | None) -> MailboxTrouble:
    """How serving ended, as trouble of this mailbox alone, also where nobody foresaw it."""
    if isinstance(error, MailboxTrouble):
        return error
    if isinstance(error, SpoolFull | SpoolFailure | sqlite3.Error):
        return MailboxTrouble(Trouble.SPOOL, "the spool cannot be used")
    if isinstance(error, OSError):
        return why_not_connected(error)
    return MailboxTrouble(Trouble.FAULT, type(error).__name__)
