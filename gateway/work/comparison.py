"""Compare a mailbox with the journal and the desk, for the operator: it works, and all is here."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from gateway.spool import Spool
from gateway.wire.imap_account import Account
from gateway.wire.imap_in import Mailbox
from gateway.wire.imap_journal import Entry, Fate, UidJournal
from gateway.wire.imap_trouble import MailboxTrouble

TakenIn = Callable[[Sequence[str]], set[str]]
"""Which of these queue ids the main database has."""


class Unheard:
    """Nobody has to hear how a mailbox is doing: it is only looked at."""

    def connecting(self) -> None:
        """A connection is tried."""

    def taking(self, waiting: int) -> None:
        """So many mails are fetched now."""

    def took(self, entries: Sequence[Entry]) -> None:
        """These mails are in the spool."""

    def passed_over(self, uid: int, reason: str) -> None:
        """A mail could not be fetched."""

    def watching(self) -> None:
        """Everything is taken."""

    def limping(self, trouble: MailboxTrouble) -> None:
        """Mails cannot be flagged or moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """What a mailbox holds, against what became of it."""

    mails: int
    """Mails in the folder now, as far as they concern us."""
    taken: int
    repeats: int
    too_large: int
    unsettled: int
    """Taken, but not yet flagged or moved."""
    waiting: tuple[int, ...]
    """UIDs that were not taken yet."""
    lost: tuple[str, ...]
    """Queue ids of mails that were taken, and are neither in the spool nor in the database."""
    doubt: MailboxTrouble | None
    """Why mails cannot be flagged or moved as asked."""


async def compare(
    account: Account, spool: Spool, clock: Callable[[], datetime], taken_in: TakenIn
) -> Comparison:
    """Look into the mailbox, changing nothing. Raises `MailboxTrouble` where it does not work."""
    mailbox = Mailbox(account, UidJournal(spool, account.place), clock, Unheard())
    connection = await mailbox.connect()
    try:
        found = await mailbox.compare(connection)
        doubt = mailbox.doubt(connection)
        await connection.logout()
    finally:
        connection.close()
    known = [entry for entry in found.values() if entry is not None]
    fates = Counter(entry.fate for entry in known)
    return Comparison(
        mails=len(found),
        taken=fates[Fate.TAKEN],
        repeats=fates[Fate.REPEAT],
        too_large=fates[Fate.TOO_LARGE],
        unsettled=sum(not entry.settled for entry in known),
        waiting=tuple(uid for uid, entry in found.items() if entry is None),
        lost=_lost(known, spool, taken_in),
        doubt=doubt,
    )


def _lost(known: Sequence[Entry], spool: Spool, taken_in: TakenIn) -> tuple[str, ...]:
    queue_ids = list(dict.fromkeys(entry.queue_id for entry in known))
    there = taken_in(queue_ids)
    return tuple(one for one in queue_ids if one not in there and spool.find(one) is None)


async def take_again(account: Account, spool: Spool, queue_ids: Sequence[str]) -> None:
    """Forget that these mails were taken: a running gateway takes them in at its next full look."""
    await UidJournal(spool, account.place).forget(queue_ids)
