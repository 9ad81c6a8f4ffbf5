"""The journal of UIDs: a mail is in the spool once, whatever happens to its mailbox."""

import contextlib
import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.mail.message import Envelope
from gateway.spool import Spool, SpoolFull, new_queue_id
from gateway.wire.imap_journal import MEMORY, Arrived, Entry, Fate, Incident, UidJournal

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool.db")
    yield made
    made.close()


@pytest.fixture
def journal(spool: Spool) -> UidJournal:
    return UidJournal(spool, "ann@imap.example/INBOX")


def mail(uid: int, raw: bytes = b"", *, too_large: str = "") -> Arrived:
    envelope = Envelope(queue_id=new_queue_id(AT), received_at=AT, source="imap:support")
    return Arrived(uid=uid, envelope=envelope, raw=raw or b"mail %d" % uid, too_large=too_large)


async def keep(journal: UidJournal, *mails: Arrived, uidvalidity: int = 1) -> list[Entry]:
    return await journal.keep(uidvalidity, mails, settled=False, now=AT)


def raws(spool: Spool) -> list[bytes]:
    return [one.raw for _, one in spool.take(100)]


async def test_a_mail_and_its_uid_are_kept_together(spool: Spool, journal: UidJournal) -> None:
    kept = await keep(journal, mail(7), mail(9))

    assert [(one.uid, one.fate) for one in kept] == [(7, Fate.TAKEN), (9, Fate.TAKEN)]
    assert raws(spool) == [b"mail 7", b"mail 9"]
    assert journal.known(1, 1, 100) == {one.uid: one for one in kept}
    assert spool.counts().accepted == 2


async def test_where_the_spool_is_full_no_uid_is_known(spool: Spool, journal: UidJournal) -> None:
    pages = await spool.write(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await spool.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 4}").fetchone())

    with pytest.raises(SpoolFull):
        await keep(journal, mail(7), mail(8, b"x" * 1_000_000))

    assert raws(spool) == []
    assert journal.known(1, 1, 100) == {}


async def test_a_uid_is_taken_once(spool: Spool, journal: UidJournal) -> None:
    await keep(journal, mail(7))

    assert await keep(journal, mail(7), mail(8)) == [
        Entry(uid=8, fate=Fate.TAKEN, settled=False, queue_id=spool.take(9)[1][1].envelope.queue_id)
    ]
    assert raws(spool) == [b"mail 7", b"mail 8"]


async def test_the_same_bytes_under_other_uids_are_a_repeat(
    spool: Spool, journal: UidJournal
) -> None:
    """Faults F19 and F22: the UIDs were lost, or a person copied the mail."""
    (first,) = await keep(journal, mail(7))

    renumbered = await keep(journal, mail(1, b"mail 7"), uidvalidity=2)
    copied = await keep(journal, mail(8, b"mail 7"))

    assert [one.fate for one in (*renumbered, *copied)] == [Fate.REPEAT] * 2
    assert {one.queue_id for one in (*renumbered, *copied)} == {first.queue_id}
    assert raws(spool) == [b"mail 7"]


async def test_two_mailboxes_know_nothing_of_each_other(spool: Spool, journal: UidJournal) -> None:
    other = UidJournal(spool, "ann@imap.example/Sales")
    await keep(journal, mail(7))

    assert [one.fate for one in await keep(other, mail(7))] == [Fate.TAKEN]


async def test_a_mail_that_is_too_large_is_parked_with_its_beginning(
    spool: Spool, journal: UidJournal
) -> None:
    (entry,) = await keep(journal, mail(7, b"Subject: big", too_large="larger than 1 MiB"))

    assert entry.fate is Fate.TOO_LARGE
    assert [one.reason for one in spool.listing("parked")] == ["larger than 1 MiB"]
    assert raws(spool) == []
    assert spool.counts().accepted == spool.counts().parked == 1


async def test_a_mail_that_is_too_large_stays_so_under_another_uid(
    spool: Spool, journal: UidJournal
) -> None:
    big = mail(7, b"Subject: big", too_large="larger than 1 MiB")
    (first,) = await keep(journal, big)

    (again,) = await keep(journal, big, uidvalidity=2)

    assert again.fate is Fate.TOO_LARGE
    assert again.queue_id == first.queue_id
    assert spool.counts().parked == 1


async def test_what_was_flagged_or_moved_is_settled(journal: UidJournal) -> None:
    await keep(journal, mail(7), mail(8))
    await journal.settle(1, [8])

    assert {one.uid: one.settled for one in journal.known(1, 1, 9).values()} == {7: False, 8: True}


async def test_a_mail_that_is_forgotten_is_taken_again(spool: Spool, journal: UidJournal) -> None:
    (entry,) = await keep(journal, mail(7))
    await journal.forget([entry.queue_id])

    await keep(journal, mail(7))

    assert raws(spool) == [b"mail 7", b"mail 7"]


async def test_only_old_mails_that_left_the_mailbox_are_forgotten(journal: UidJournal) -> None:
    await keep(journal, mail(1), mail(2))
    await keep(journal, mail(3), uidvalidity=2)

    await journal.forget_gone(1, [2], AT + MEMORY - timedelta(seconds=1))
    early = {**journal.known(1, 1, 9), **journal.known(2, 1, 9)}
    await journal.forget_gone(1, [2], AT + MEMORY + timedelta(seconds=1))

    assert sorted(early) == [1, 2, 3]
    assert sorted(journal.known(1, 1, 9)) == [2]
    assert journal.known(2, 1, 9) == {}


async def test_an_incident_outlives_a_restart(spool: Spool, journal: UidJournal) -> None:
    await journal.note_incident(Incident(since=AT, told=True))
    again = UidJournal(spool, "ann@imap.example/INBOX").incident()
    await journal.note_incident(None)

    assert again == Incident(since=AT, told=True)
    assert journal.incident() is None


async def test_the_time_of_the_last_mail_is_known(journal: UidJournal) -> None:
    before = journal.last_at()
    await keep(journal, mail(1))

    assert (before, journal.last_at()) == (None, AT)


async def test_another_process_sees_what_was_kept(journal: UidJournal, tmp_path: Path) -> None:
    await keep(journal, mail(7))

    with contextlib.closing(sqlite3.connect(tmp_path / "spool.db")) as reader:
        assert reader.execute(
            "SELECT count(*) FROM uid JOIN spool USING (queue_id)"
        ).fetchone() == (1,)
