"""Taking mails in: whatever comes becomes a ticket with its raw bytes, and none stops the rest."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from acting.stage import NOW, Stage, people_of_the_cases
from sqlalchemy import Connection, event, func, select, text
from sqlalchemy.exc import OperationalError

from gateway.mail.message import Envelope
from gateway.store.desk_rows import load_tickets
from gateway.store.mail_tables import mails, messages, outbox
from gateway.store.mails import raw_of
from gateway.store.tables import tickets
from gateway.work.intake import BATCH
from gateway.work.reader import Read, Reader, UnreadableMail

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def receive(stage: Stage, raw: bytes, reverse_path: str = "kim@newco.example") -> None:
    await stage.receive(
        raw, NOW, reverse_path=reverse_path, forward_paths=("support@desk.example",)
    )
    await stage.send()


def count(stage: Stage, table: Any) -> int:
    return int(stage.query(lambda c: c.execute(select(func.count()).select_from(table)).scalar()))


WHOLE = b"From: kim@newco.example\r\nTo: support@desk.example\r\nSubject: Tax\r\n"
WHOLE += b"Date: Wed, 8 Jul 2026 08:00:00 +0000\r\nMessage-ID: <m1@newco.example>\r\n"


def without(field: bytes) -> bytes:
    lines = [line for line in WHOLE.split(b"\r\n") if line and not line.startswith(field + b":")]
    return b"\r\n".join([*lines, b"", b"How do I set up VAT?", b""])


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(without(b"Message-ID"), id="no Message-ID"),
        pytest.param(without(b"From"), id="no From"),
        pytest.param(without(b"Subject"), id="no Subject"),
        pytest.param(without(b"Date"), id="no Date"),
        pytest.param(WHOLE, id="no body"),
        pytest.param(b"no header at all, just words\r\n", id="no header"),
        pytest.param(
            without(b"Subject").replace(b"To:", b"Subject: caf\xe9 \xff\r\nTo:"), id="8 bit"
        ),
        pytest.param(
            WHOLE + b"Content-Type: text/plain; charset=klingon\r\n\r\nn\xfcll\r\n", id="charset"
        ),
        pytest.param(WHOLE + b"\r\nNUL \x00 here\r\n", id="NUL"),
        pytest.param(
            WHOLE + b"Content-Type: text/plain; charset=utf-8\r\n\r\n\xed\xa0\x80 alone\r\n",
            id="a lone surrogate",
        ),
        pytest.param(WHOLE + b"Content-Type: multipart/mixed\r\n\r\n--x\r\n", id="no boundary"),
        pytest.param(
            b"From: kim@newco.example\r\nSubject: =?utf-8?q?=00=0d=0abcc:_x?=\r\n\r\nx\r\n",
            id="a line end in an encoded word",
        ),
    ],
)
async def test_a_broken_mail_is_a_ticket_with_its_raw_bytes(stage: Stage, raw: bytes) -> None:
    await receive(stage, raw)

    (queue_id,) = stage.query(lambda c: c.execute(select(mails.c.queue_id)).scalars().all())
    assert count(stage, tickets) == 1
    assert stage.query(lambda c: raw_of(c, queue_id)) == raw
    assert {one.event for one in stage.smarthost.taken} == {
        "ticket_received",
        "engineer_new_ticket",
    }
    assert stage.parts.spool.counts().done == 1


async def test_a_mail_that_names_no_sender_at_all_is_still_a_ticket(stage: Stage) -> None:
    envelope_of_imap = {"at": NOW, "reverse_path": None, "forward_paths": ()}
    await stage.put(without(b"From"), **envelope_of_imap)  # type: ignore[arg-type]  # as IMAP has it

    await stage.parts.intake.take_waiting()
    await stage.send()

    assert count(stage, tickets) == 1
    assert [one.event for one in stage.smarthost.taken] == ["engineer_new_ticket"]


async def test_the_same_mail_again_has_no_effect(stage: Stage) -> None:
    for _ in range(5):
        await receive(stage, without(b"X"))

    assert count(stage, tickets) == 1
    assert count(stage, messages) == 1
    assert count(stage, mails) == 5
    assert stage.parts.spool.counts().done == 5


async def test_a_crash_between_commit_and_mark_is_harmless(stage: Stage) -> None:
    await stage.put(
        without(b"X"), NOW, reverse_path="k@newco.example", forward_paths=("support@desk.example",)
    )
    spooled = stage.parts.spool.take(1)
    await stage.parts.intake.take_waiting()

    # The spool forgot that it forgot: the same queue id comes once more.
    await stage.parts.spool.put(spooled[0][1].envelope, spooled[0][1].raw)
    await stage.parts.intake.take_waiting()

    assert count(stage, tickets) == 1
    assert stage.parts.spool.counts().waiting == 0


class Killed(Reader):
    """A reading process that one mail kills."""

    def __init__(self, inner: Reader) -> None:
        super().__init__()
        self._inner = inner

    async def read(self, raw: bytes, envelope: Any) -> Read:
        if b"poison" in raw:
            raise UnreadableMail("the reading process died")
        return await self._inner.read(raw, envelope)


async def test_a_poison_mail_is_parked_and_the_others_go_on(
    tmp_path: Path, either_url: str, reader: Reader
) -> None:
    stage = Stage(tmp_path, either_url, people_of_the_cases(), {}, NOW, Killed(reader))
    await stage.open()
    for raw in (b"Subject: poison\r\n\r\nx\r\n", without(b"X")):
        await stage.put(
            raw, NOW, reverse_path="k@newco.example", forward_paths=("support@desk.example",)
        )

    for tries in range(1, 4):
        await stage.parts.intake.take_waiting()
        await stage.parts.intake.take_waiting()
        assert stage.parts.spool.listing("waiting" if tries < 3 else "parked")[0].tries == tries
        stage.clock.at += timedelta(minutes=1)

    counts = stage.parts.spool.counts()
    assert (counts.done, counts.parked, counts.waiting) == (1, 1, 0)
    (parked,) = stage.parts.spool.listing("parked")
    assert parked.reason == "the reading process died"
    await stage.send()
    (told,) = [one for one in stage.smarthost.taken if one.event == "operator_alert"]
    assert f"gateway mail release {parked.envelope.queue_id}" in " ".join(told.text.split())
    await stage.close()


async def test_a_reading_process_that_dies_is_replaced(reader: Reader) -> None:
    own = Reader()
    process = await own._running()
    process.kill()
    await process.wait()
    read = await own.read(without(b"X"), Envelope(queue_id="q", received_at=NOW))

    assert read.mail.subject == "Tax"
    await own.close()


async def test_while_the_database_is_away_mail_waits_and_is_not_counted_as_failed(
    stage: Stage,
) -> None:
    stage.query(lambda c: c.execute(text("ALTER TABLE mails RENAME TO gone")))
    await stage.put(
        without(b"X"), NOW, reverse_path="k@newco.example", forward_paths=("support@desk.example",)
    )

    outcome = await stage.parts.intake.take_waiting()
    stage.query(lambda c: c.execute(text("ALTER TABLE gone RENAME TO mails")))
    stage.clock.at += timedelta(minutes=1)
    await stage.parts.intake.take_waiting()

    if stage.database_url.startswith("sqlite"):
        assert outcome == "down"
    assert stage.parts.spool.counts().done == 1
    assert count(stage, tickets) == 1


async def test_a_mail_whose_commit_was_lost_is_not_passed_by_those_behind_it(stage: Stage) -> None:
    # Given mails that wait, and a database that hangs up on the first commit
    subjects = [f"Tax {number}" for number in range(BATCH + 4)]
    for subject in subjects:
        raw = without(b"Message-ID").replace(b"Tax", subject.encode())
        await stage.put(
            raw, NOW, reverse_path="k@newco.example", forward_paths=("support@desk.example",)
        )
    hung_up: list[bool] = []

    def hang_up(_: Connection) -> None:
        if not hung_up:
            hung_up.append(True)
            error = OperationalError("COMMIT", None, OSError("server closed the connection"))
            error.connection_invalidated = True
            raise error

    event.listen(stage.parts.engine, "commit", hang_up)

    # When it is back
    assert await stage.parts.intake.take_waiting() == "down"
    assert await stage.parts.intake.take_waiting() == "done"

    # Then tickets have their numbers in the order in which the mails came
    event.remove(stage.parts.engine, "commit", hang_up)
    found = stage.query(lambda c: load_tickets(c, range(1001, 1101)))
    assert [found[number].subject for number in sorted(found)] == subjects


async def test_ticket_numbers_are_given_once_and_in_order(stage: Stage) -> None:
    count = BATCH + 14  # One batch is read while another is committed.
    for number in range(count):
        raw = without(b"Message-ID").replace(b"Tax", f"Tax {number}".encode())
        await stage.put(
            raw, NOW, reverse_path="k@newco.example", forward_paths=("support@desk.example",)
        )
    await stage.parts.intake.take_waiting()

    found = stage.query(lambda c: load_tickets(c, range(1001, 1001 + 2 * count)))
    assert {n: t.subject for n, t in found.items()} == {
        1001 + number: f"Tax {number}" for number in range(count)
    }


async def test_letters_are_committed_with_what_causes_them(stage: Stage) -> None:
    stage.cut_power_at_commit()
    await stage.put(
        without(b"X"), NOW, reverse_path="k@newco.example", forward_paths=("support@desk.example",)
    )
    await stage.parts.intake.take_waiting()

    assert (count(stage, tickets), count(stage, outbox), count(stage, mails)) == (0, 0, 0)

    await stage.parts.intake.take_waiting()

    assert (count(stage, tickets), count(stage, outbox), count(stage, mails)) == (1, 2, 1)
