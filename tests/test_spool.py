"""The spool: durable before `put` returns, counted, in order, parked after three tries."""

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.mail.message import Envelope
from gateway.spool import Counts, Spool, SpoolFailure, SpoolFull, new_queue_id
from gateway.spool_share import Share, sender_number

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path / "spool.db")
    yield spool
    spool.close()


def envelope(queue_id: str = "") -> Envelope:
    return Envelope(
        queue_id=queue_id or new_queue_id(AT),
        received_at=AT,
        reverse_path="ann@acme.example",
        forward_paths=("support@desk.example",),
        source="smtp",
        peer="127.0.0.1",
    )


async def test_a_mail_is_on_disk_when_put_returns(spool: Spool, tmp_path: Path) -> None:
    await spool.put(envelope("q1"), b"raw \xff\x00 bytes")

    # Another process, which shares nothing with us but the disk.
    with closing(sqlite3.connect(tmp_path / "spool.db")) as reader:
        assert reader.execute("SELECT queue_id, raw FROM spool").fetchall() == [
            ("q1", b"raw \xff\x00 bytes")
        ]


async def test_the_envelope_comes_back_as_it_was(spool: Spool) -> None:
    put = envelope("q1")
    await spool.put(put, b"x")

    ((_, taken),) = spool.take(10)

    assert taken.envelope == put


async def test_mails_are_taken_in_the_order_they_came(spool: Spool) -> None:
    await asyncio.gather(*(spool.put(envelope(f"q{n:03}"), b"x") for n in range(50)))

    taken = [one.envelope.queue_id for _, one in spool.take(100)]

    assert taken == [f"q{n:03}" for n in range(50)]


async def test_accepted_is_waiting_and_done_and_parked(spool: Spool) -> None:
    for number in range(5):
        await spool.put(envelope(f"q{number}"), b"x")
    await spool.done(["q0", "q1"])
    await spool.park("q2", "because")
    await spool.refuse()

    assert spool.counts() == Counts(accepted=5, waiting=2, done=2, parked=1, refused=1)


async def test_the_third_failure_parks_a_mail_with_its_bytes(spool: Spool) -> None:
    await spool.put(envelope("q1"), b"poison")

    parked = [await spool.fail("q1", f"try {n}") for n in range(3)]

    assert parked == [False, False, True]
    found = spool.find("q1")
    assert found is not None
    assert (found.state, found.raw, found.reason) == ("parked", b"poison", "try 2")
    assert spool.take(10) == []


async def test_a_released_mail_waits_again(spool: Spool) -> None:
    await spool.put(envelope("q1"), b"x")
    await spool.park("q1", "because")

    assert spool.release("q1")
    assert not spool.release("q1")
    assert [one.tries for _, one in spool.take(10)] == [0]


async def test_a_full_disk_keeps_nothing_and_says_so(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    with closing(sqlite3.connect(tmp_path / "spool.db")) as admin, admin:
        pages = admin.execute("PRAGMA page_count").fetchone()[0]
    await spool._write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 4}").fetchone())

    with pytest.raises(SpoolFull):
        await spool.put(envelope("big"), b"x" * 1_000_000)
    await spool.put(envelope("small"), b"x")

    assert [one.envelope.queue_id for _, one in spool.take(10)] == ["small"]
    assert spool.counts().accepted == 1
    spool.close()


async def test_a_batch_is_bounded_in_size(spool: Spool) -> None:
    for number in range(4):
        await spool.put(envelope(f"q{number}"), b"x" * 9_000_000)

    assert len(spool.take(10)) == 1


async def test_what_waits_survives_a_restart(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    await spool.put(envelope("q1"), b"x")
    spool.close()

    again = Spool(tmp_path / "spool.db")

    assert [one.envelope.queue_id for _, one in again.take(10)] == ["q1"]
    again.close()


async def test_a_mail_that_comes_when_the_spool_is_empty_goes_behind_those_before(
    spool: Spool,
) -> None:
    first = await spool.put(envelope(), b"Subject: 1\r\n\r\n")
    ((position, _),) = spool.take(10)
    await spool.done([first])

    second = await spool.put(envelope(), b"Subject: 2\r\n\r\n")

    assert [one.envelope.queue_id for _, one in spool.take(10, position)] == [second]


async def test_a_spool_that_was_closed_can_be_looked_at_and_keeps_nothing_open(
    tmp_path: Path,
) -> None:
    spool = Spool(tmp_path / "spool.db")
    await spool.put(envelope("q1"), b"x")
    assert spool.take(10)
    assert _open_files(tmp_path)

    spool.close()

    assert spool.take(10)
    assert not _open_files(tmp_path)


def _open_files(folder: Path) -> list[Path]:
    links = (one for one in Path("/proc/self/fd").iterdir() if one.is_symlink())
    return [one for one in links if folder in one.readlink().parents]


async def test_what_cannot_be_written_is_refused_and_the_next_is_kept(spool: Spool) -> None:
    first = await spool.put(envelope(), b"Subject: 1\r\n\r\n")

    with pytest.raises(SpoolFailure):
        await spool.fail(first, "a lone surrogate \ud800")

    await spool.put(envelope(), b"Subject: 2\r\n\r\n")
    assert spool.counts().waiting == 2


async def test_a_mail_that_is_being_kept_is_told_of_as_it_will_be_taken(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db")
    heard: list[tuple[Envelope, bytes]] = []
    spool.coming = lambda envelope, raw: heard.append((envelope, raw))

    odd = replace(envelope("q1"), reverse_path="kim\0\udcff@newco.example")
    await spool.put(odd, b"Subject: x\r\n\r\nHi\r\n")

    ((_, taken),) = spool.take(1)
    assert heard == [(taken.envelope, taken.raw)]
    spool.close()


async def test_of_what_falls_to_others_nobody_is_told(tmp_path: Path) -> None:
    raws = [f"From: k{n}@a.example\r\n\r\nHi\r\n".encode() for n in range(8)]
    ours = [raw for raw in raws if sender_number(raw, None) % 2 == 1]
    spool = Spool(tmp_path / "spool.db", share=Share(number=1, of=2))
    heard: list[bytes] = []
    spool.coming = lambda _, raw: heard.append(raw)

    for number, raw in enumerate(raws):
        await spool.put(envelope(f"q{number}"), raw)

    assert heard == ours
    assert 0 < len(ours) < 8
    spool.close()
