"""Shares of a spool: every mail is one process's, a sender's mails all the same one's, in order."""

import asyncio
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.mail.message import Envelope
from gateway.spool import Spool, keep
from gateway.spool_share import HEAD_MAX, Share, sender_number

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)
PROCESSES = 3
LINEAR_SECONDS = 0.2
"""A hundred times what it takes; a search that grows by the square takes two seconds."""
KIM = b"From: Kim <kim@acme.example>\r\nSubject: VAT\r\n\r\nHow?\r\n"


def envelope(queue_id: str, reverse_path: str | None = None) -> Envelope:
    return Envelope(queue_id=queue_id, received_at=AT, reverse_path=reverse_path)


def mail(sender: int) -> bytes:
    return b"To: support@desk.example\r\nFrom: kim%d@acme.example\r\n\r\nHow?\r\n" % sender


@pytest.mark.parametrize(
    ("raw", "reverse_path"),
    [
        pytest.param(KIM, None, id="a mailbox tells no reverse-path"),
        pytest.param(KIM, "bounce-1234@service.example", id="a reverse-path for each mail"),
        pytest.param(b"FROM: kim@acme.example\r\n\r\n", None, id="no name, a name in capitals"),
        pytest.param(b"from : KIM@Acme.example\n\n", None, id="as old mailers write it"),
        pytest.param(
            b'From: "Kim <k@old.example>"\r\n <kim@acme.example>\r\n\r\n', None, id="fold"
        ),
        pytest.param(
            b"Received: from a\r\n\tby b\r\nX-From: eve@x.example\r\n" + KIM, "", id="below others"
        ),
        pytest.param(b"To: us\r\n\r\nHow?\r\n", "kim@acme.example", id="no From"),
        pytest.param(
            b"X: " + b"y" * HEAD_MAX + b"\r\n" + KIM, "kim@acme.example", id="a header without end"
        ),
    ],
)
def test_a_sender_is_known_however_the_mail_is_written(
    raw: bytes, reverse_path: str | None
) -> None:
    assert sender_number(raw, reverse_path) == sender_number(KIM, "kim@acme.example")


@pytest.mark.parametrize(
    ("raw", "reverse_path"),
    [
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"\r\n\r\n", "", id="the null reverse-path"),
        pytest.param(b"From: \xff\xfe <\x00@>\r\n\r\n", "\udc80@x.example", id="hostile"),
        pytest.param(b"From:", None, id="empty"),
    ],
)
def test_what_is_not_understood_is_somebody_s_too(raw: bytes, reverse_path: str | None) -> None:
    assert sender_number(raw, reverse_path) == sender_number(bytes(raw), reverse_path)


def test_a_hostile_from_does_not_hold_up_those_who_write_to_the_spool() -> None:
    hostile = b"From: <" + b"\r\n ".join([b"@" * 900] * 18) + b"\r\n\r\n"
    began = time.process_time()

    sender_number(hostile, None)

    assert time.process_time() - began < LINEAR_SECONDS


async def test_each_mail_is_in_one_share_and_a_sender_s_are_in_order(tmp_path: Path) -> None:
    # Given mails of many senders, by SMTP and from a mailbox
    path = tmp_path / "spool.db"
    spools = [Spool(path, share=Share(number=n, of=PROCESSES)) for n in range(PROCESSES)]
    for number in range(60):
        put = envelope(f"q{number:02}")
        if number % 2:
            await spools[0].put(put, mail(number % 10))
        else:
            await spools[0].write(lambda c, put=put, number=number: keep(c, put, mail(number % 10)))

    # When each process takes what is its own, a few at a time
    taken: list[list[tuple[str, bytes]]] = []
    for spool in spools:
        mine, position = [], 0
        while bite := spool.take(7, position):
            mine += [(one.envelope.queue_id, one.raw) for _, one in bite]
            position = bite[-1][0]
        taken.append(mine)

    # Then all are taken once, in order, and no sender by two
    assert sorted(queue_id for mine in taken for queue_id, _ in mine) == [
        f"q{number:02}" for number in range(60)
    ]
    assert all(mine == sorted(mine) for mine in taken)
    senders = [{raw for _, raw in mine} for mine in taken]
    assert sum(map(len, senders)) == len(set.union(*senders)) == 10
    assert all(senders), "ten senders fall to three processes"
    for spool in spools:
        spool.close()


async def test_two_processes_settle_what_is_theirs_and_the_tally_holds(tmp_path: Path) -> None:
    path = tmp_path / "spool.db"
    first, second = (Spool(path, share=Share(number=n, of=2)) for n in range(2))
    for number in range(40):
        await first.put(envelope(f"q{number:02}"), mail(number))

    async def settle(spool: Spool) -> None:
        for _, one in spool.take(100):
            queue_id = one.envelope.queue_id
            if queue_id.endswith("9"):
                await spool.park(queue_id, "because")
            else:
                await spool.done([queue_id])

    await asyncio.gather(settle(first), settle(second))

    assert first.counts() == second.counts()
    counts = first.counts()
    assert (counts.accepted, counts.done, counts.parked, counts.waiting) == (40, 36, 4, 0)
    first.close()
    second.close()


async def test_only_the_process_whose_mail_it_is_is_rung(tmp_path: Path) -> None:
    spool = Spool(tmp_path / "spool.db", share=Share(number=0, of=PROCESSES))
    theirs = sender_number(mail(1), None) % PROCESSES

    await spool.put(envelope("q1"), mail(1))

    rung = [bell.is_set() for bell in spool.bells]
    assert rung == [number == theirs for number in range(PROCESSES)]
    spool.close()
