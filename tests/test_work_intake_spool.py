"""Intake when the spool cannot be written: nothing ends, nothing is lost, it goes on by itself."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from desks import write_desk
from sqlalchemy import func, select

from gateway.daemon import carriers, plan_of
from gateway.mail.envelope import envelope_text, read_envelope
from gateway.mail.message import Envelope
from gateway.settings.load import load_settings
from gateway.spool import Spool, SpoolFailure, SpoolFull, new_queue_id
from gateway.store.tables import tickets
from gateway.store.transaction import run_once
from gateway.store.upgrade import upgrade
from gateway.work.assembly import Parts

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)
MAIL = b"From: Kim <kim@newco.example>\r\nSubject: Tax\r\nMessage-ID: <1@x>\r\n\r\nHow?\r\n"


def mail(reverse_path: str = "kim@newco.example") -> Envelope:
    return Envelope(
        queue_id=new_queue_id(AT),
        received_at=AT,
        reverse_path=reverse_path,
        forward_paths=("support@desk.example",),
        source="smtp",
    )


class Stubborn(Spool):
    """A spool that takes mails and afterwards is told to refuse all else."""

    trouble: Exception | None = None

    async def _write(self, work: Any) -> Any:
        if self.trouble is not None:
            raise self.trouble
        return await super()._write(work)


@pytest_asyncio.fixture
async def parts(tmp_path: Path) -> AsyncIterator[Parts]:
    settings = load_settings(write_desk(tmp_path), {})
    made = Parts(plan_of(settings), lambda: AT, carriers(settings))
    upgrade(made.engine)
    made.spool.close()
    made.spool = made.intake._spool = Stubborn(settings.state_dir / "spool.db")
    yield made
    await made.reader.close()
    await made.close()


def count(parts: Parts) -> int:
    wanted = select(func.count()).select_from(tickets)
    return int(run_once(parts.engine, lambda c: c.execute(wanted).scalar_one()))


@pytest.mark.parametrize("trouble", [SpoolFull("full"), SpoolFailure("I/O error")])
async def test_a_mail_whose_end_cannot_be_noted_is_one_ticket_all_the_same(
    parts: Parts, trouble: Exception
) -> None:
    spool: Any = parts.spool
    await spool.put(mail(), MAIL)

    spool.trouble = trouble
    while_away = await parts.intake.take_waiting()
    spool.trouble = None
    again = await parts.intake.take_waiting()

    assert (while_away, again) == ("down", "done")
    assert count(parts) == 1
    assert spool.counts().done == 1


async def test_a_failure_that_cannot_be_noted_is_tried_again(parts: Parts) -> None:
    spool: Any = parts.spool
    await spool.put(mail(), MAIL)
    run_once(parts.engine, lambda c: c.exec_driver_sql("ALTER TABLE mails RENAME TO hidden"))
    spool.trouble = SpoolFailure("I/O error")

    while_away = await parts.intake.take_waiting()

    assert while_away == "down"
    assert spool.counts().waiting == 1


async def test_a_spool_that_cannot_be_read_is_asked_again_later(parts: Parts) -> None:
    with closing(sqlite3.connect(parts.spool._path)) as other:
        other.execute("ALTER TABLE spool RENAME TO hidden")

    assert await parts.intake.take_waiting() == "down"


@pytest.mark.parametrize(
    "path",
    [
        pytest.param("a\x00c@example.org", id="NUL"),
        pytest.param("\udcff@example.org", id="half a character"),
    ],
)
async def test_a_path_that_no_database_keeps_parks_no_mail(parts: Parts, path: str) -> None:
    envelope = mail(path)
    await parts.spool.put(envelope, b"Subject: no sender\r\n\r\nHow?\r\n")

    assert await parts.intake.take_waiting() == "done"
    assert count(parts) == 1
    kept = read_envelope(envelope_text(envelope)).reverse_path or ""
    assert kept.isprintable()
    assert kept.encode("utf-8")
