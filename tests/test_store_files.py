"""Large files stand once, whatever mails and letters they travel in, and come back as they were."""

import base64
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest
import pytest_asyncio
from acting.attack import DESK, META, NOW
from acting.operator import run_command
from acting.stage import Stage
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, func, select

from gateway.store.engine import open_engine
from gateway.store.files import (
    AT_HAND,
    OCTETS_MIN,
    erase,
    let_go_of,
    mail_holder,
    put_away,
    put_together,
)
from gateway.store.mail_tables import file_uses, files, mails, outbox, raws
from gateway.store.mails import raw_of
from gateway.store.outbox_desk import content_of
from gateway.store.retention import Retention, let_go
from gateway.store.transaction import run_once
from gateway.work.reader import Reader

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)
LARGE = Random(7).randbytes(40_000)
OTHER = Random(8).randbytes(40_001)


def encoded(data: bytes, columns: int = 76, line_end: bytes = b"\r\n") -> bytes:
    whole = base64.b64encode(data)
    return line_end.join(whole[at : at + columns] for at in range(0, len(whole), columns))


def in_mail(stretch: bytes, line_end: bytes = b"\r\n") -> bytes:
    head = b"Content-Type: a/b; name=x.pdf\nContent-Transfer-Encoding: base64\n\n"
    return head.replace(b"\n", line_end) + stretch + line_end + b"--b--" + line_end


def counted(connection: Connection, table: Any) -> int:
    return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


@pytest.mark.parametrize(
    ("content", "count"),
    [
        pytest.param(in_mail(encoded(LARGE)), 1, id="as most write it"),
        pytest.param(in_mail(encoded(LARGE), b"\n"), 1, id="other line ends around"),
        pytest.param(
            in_mail(encoded(LARGE).replace(b"\r\n", b"\n", 3)), 0, id="line ends that differ"
        ),
        pytest.param(in_mail(encoded(LARGE, line_end=b"\n"), b"\n"), 1, id="LF"),
        pytest.param(in_mail(encoded(LARGE, 60)), 1, id="sixty columns"),
        pytest.param(in_mail(encoded(LARGE, 75)), 0, id="columns that are no groups"),
        pytest.param(in_mail(encoded(LARGE) + b"\r\n\r\n"), 1, id="blank lines behind it"),
        pytest.param(in_mail(encoded(LARGE) + b"==="), 0, id="too much padding"),
        pytest.param(in_mail(encoded(LARGE)[:-3]), 0, id="cut short"),
        pytest.param(in_mail(encoded(LARGE)) + in_mail(encoded(OTHER)), 2, id="two"),
        pytest.param(in_mail(encoded(LARGE)) * 3, 1, id="the same three times"),
        pytest.param(encoded(LARGE), 1, id="nothing around it"),
        pytest.param(b"a" * 100_000, 0, id="one endless line"),
        pytest.param(b"YWJj\r\n" * 30_000, 0, id="short lines"),
        pytest.param(in_mail(encoded(LARGE[: OCTETS_MIN // 2])), 0, id="too small"),
    ],
)
def test_every_byte_comes_back_and_files_are_kept_once(
    engine: Engine, content: bytes, count: int
) -> None:
    with engine.begin() as connection:
        recipe = put_away(connection, content, "mail 1", AT)

        assert counted(connection, files) == count
        assert (recipe is None) == (count == 0)
        if recipe is not None:
            assert len(recipe) < len(content) / 2
            assert put_together(connection, recipe) == content
        connection.rollback()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [encoded(LARGE), encoded(OTHER, 64), b"\r\n", b"\n", b"x: y", b"=", b"--b", b"\0"]
        ),
        max_size=8,
    )
)
def test_whatever_stands_around_files_comes_back(pieces: list[bytes]) -> None:
    kept: dict[str, bytes] = {}
    content = b"".join(pieces)

    recipe = put_away(_Shelf(kept), content, "mail 1", AT)  # type: ignore[arg-type]  # holds rows

    assert recipe is None or put_together(_Shelf(kept), recipe) == content  # type: ignore[arg-type]  # the same


class _Shelf:
    """Rows in memory, for as many examples as a database would not like."""

    def __init__(self, kept: dict[str, bytes]) -> None:
        self._kept = kept
        self._found = b""
        self.rowcount = 0
        self.dialect = type("Dialect", (), {"name": "sqlite"})

    def execute(self, statement: Any, row: dict[str, Any] | None = None) -> "_Shelf":
        if row and "of_digest" in row:
            self._found = self._kept[row["of_digest"]]
        elif statement.is_insert and row is None:
            values = statement.compile().params
            self._kept[values["digest"]] = values["content"]
        return self

    def scalar_one_or_none(self) -> bytes:
        return self._found


def test_a_file_that_nobody_needs_is_taken_away_unless_it_was_used_just_now(
    engine: Engine,
) -> None:
    content = in_mail(encoded(LARGE))
    with engine.begin() as connection:
        for queue_id in ("1", "2"):
            assert put_away(connection, content, mail_holder(queue_id), AT)
        later = AT + AT_HAND + timedelta(seconds=1)

        let_go_of(connection, [mail_holder("1")], later)
        assert counted(connection, files) == 1, "the other needs it"
        let_go_of(connection, [mail_holder("2")], AT)
        assert counted(connection, files) == 1, "a mail with it may be on its way"
        let_go_of(connection, [], later)
        assert (counted(connection, files), counted(connection, file_uses)) == (0, 0)
        connection.rollback()


# Through the whole desk


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path, database_url: str, reader: Reader) -> AsyncIterator[Stage]:
    made = Stage(tmp_path, database_url, META, {}, NOW, reader)
    await made.open()
    yield made
    await made.close()


def with_parts(number: int, *parts: bytes, sender: str = "kim@newco.example") -> bytes:
    head = (
        f"From: {sender}\r\nTo: {DESK}\r\nSubject: Tax {number}\r\n"
        f"Message-ID: <{number}.{sender}>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    ).encode()
    text = b"Content-Type: text/plain\r\n\r\nHow is it done? (%d)" % number
    return head + b"".join(b"--b\r\n" + part + b"\r\n" for part in (text, *parts)) + b"--b--\r\n"


def a_file(data: bytes, disposition: str = "attachment; filename=a.png") -> bytes:
    head = f"Content-Type: image/png\r\nContent-Disposition: {disposition}\r\n"
    return head.encode() + b"Content-Transfer-Encoding: base64\r\n\r\n" + encoded(data)


async def take(stage: Stage, raw: bytes, sender: str = "kim@newco.example") -> None:
    await stage.receive(raw, stage.clock.at, reverse_path=sender, forward_paths=(DESK,))
    await stage.send()


def passed_on(stage: Stage) -> list[list[str | None]]:
    letters = [one for one in stage.smarthost.taken if one.event == "engineer_new_ticket"]
    return [[part.get_filename() for part in one.mail.iter_attachments()] for one in letters]


@pytest.mark.asyncio(loop_scope="module")
async def test_a_file_in_many_mails_and_letters_is_there_once(stage: Stage) -> None:
    raw = [with_parts(number, a_file(LARGE)) for number in (1, 2)]
    for one in raw:
        await take(stage, one)

    ids = stage.query(lambda c: c.execute(select(mails.c.queue_id)).scalars().all())
    assert sorted(stage.query(lambda c, one=one: raw_of(c, one)) for one in ids) == sorted(raw)
    letters = [one for one in stage.smarthost.taken if one.event == "engineer_new_ticket"]
    assert [one.get_payload(decode=True) for x in letters for one in x.mail.iter_attachments()] == [
        LARGE
    ] * len(letters)
    assert len(letters) >= 2
    kept = stage.query(lambda c: c.execute(select(outbox.c.id, outbox.c.packing)).all())
    shown = [stage.query(lambda c, one=one: content_of(c, one.id)) for one in kept]
    assert sorted(one.packing for one in kept).count("files") == len(letters)
    assert sum(encoded(LARGE) in one for one in shown) == len(letters)
    assert stage.query(lambda c: counted(c, files)) == 1
    small = stage.query(lambda c: c.execute(select(func.sum(func.length(raws.c.content)))).scalar())
    assert small < len(LARGE)

    code, output = await run_command(stage, "storage --json")
    assert code == 0
    assert '"large files", "count": 1, "octets": 40000' in output

    # when nothing is kept any more, the file goes as well
    later = stage.clock.at + timedelta(days=2)
    kept_for = Retention(raw_mails=timedelta(days=1), sent_letters=timedelta(days=1))
    stage.query(_closed)
    stage.query(lambda c: let_go(c, kept_for, later))
    assert stage.query(lambda c: counted(c, files)) == 0


def _closed(connection: Connection) -> None:
    connection.exec_driver_sql("UPDATE tickets SET status = 'closed', closed_at = received_at")


LOGO = Random(9).randbytes(900)
SHOWN = "inline; filename=logo.png"


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("part", "sender", "passed"),
    [
        pytest.param(
            lambda _: a_file(LOGO, SHOWN),
            lambda _: "kim@newco.example",
            [["logo.png"], ["logo.png"], [], []],
            id="a logo",
        ),
        pytest.param(
            lambda _: a_file(LOGO, SHOWN),
            lambda number: f"p{number}@newco.example",
            [["logo.png"], ["logo.png"], [], []],
            id="a logo of a firm",
        ),
        pytest.param(
            lambda _: a_file(LOGO, SHOWN),
            lambda number: f"kim@firm{number}.example",
            [["logo.png"]] * 4,
            id="of many firms",
        ),
        pytest.param(
            lambda number: a_file(LOGO + bytes([number]), SHOWN),
            lambda _: "kim@newco.example",
            [["logo.png"]] * 4,
            id="other pictures",
        ),
        pytest.param(
            lambda _: a_file(LOGO),
            lambda _: "kim@newco.example",
            [["a.png"]] * 4,
            id="attached, not shown",
        ),
        pytest.param(
            lambda _: a_file(LARGE * 2, SHOWN),
            lambda _: "kim@newco.example",
            [["logo.png"]] * 4,
            id="a large picture",
        ),
    ],
)
async def test_a_picture_that_comes_again_and_again_is_a_signature(
    stage: Stage,
    part: Callable[[int], bytes],
    sender: Callable[[int], str],
    passed: list[list[str]],
) -> None:
    raw = [with_parts(number, part(number), sender=sender(number)) for number in range(4)]
    for number, one in enumerate(raw):
        stage.clock.at += timedelta(hours=1)
        await take(stage, one, sender(number))

    assert passed_on(stage) == passed
    rows = stage.query(lambda c: c.execute(select(mails).order_by(mails.c.received_at)).all())
    assert [stage.query(lambda c, one=one: raw_of(c, one.queue_id)) for one in rows] == raw
    told = ["1 picture left out as a signature" in one.reasons for one in rows]
    assert told == [not one for one in passed]
    assert not any("logo" in reason for one in rows for reason in one.reasons)


def test_a_file_that_a_mail_just_came_with_outlives_the_erasure_of_another(
    postgres_url: str,
) -> None:
    engine = open_engine(postgres_url)
    raw = in_mail(encoded(LARGE))
    with engine.begin() as connection:
        put_away(connection, raw, "mail one", AT)

    with ThreadPoolExecutor() as beside, engine.connect() as taking_in:
        with taking_in.begin():
            recipe = put_away(taking_in, raw, "mail two", AT)
            erasing = beside.submit(run_once, engine, lambda c: erase(c, ["mail one"]))
            while not _somebody_waits(engine):
                assert not erasing.done()
        erasing.result(10)

    assert recipe
    with engine.begin() as connection:
        assert put_together(connection, recipe) == raw
    engine.dispose()


def _somebody_waits(engine: Engine) -> bool:
    with engine.connect() as connection:
        waits = "SELECT count(*) FROM pg_locks WHERE NOT granted"
        return bool(connection.exec_driver_sql(waits).scalar())


@pytest.mark.asyncio(loop_scope="module")
async def test_a_mail_taken_in_twice_counts_its_pictures_once(stage: Stage) -> None:
    raw = with_parts(1, a_file(LOGO, SHOWN))
    for _ in range(3):
        await take(stage, raw)
    await take(stage, with_parts(2, a_file(LOGO, SHOWN)))

    assert passed_on(stage) == [["logo.png"]] * 2


@pytest.mark.asyncio(loop_scope="module")
async def test_a_letter_whose_file_is_gone_holds_up_no_other(stage: Stage) -> None:
    await stage.put(
        with_parts(1, a_file(LARGE)),
        NOW,
        reverse_path="kim@newco.example",
        forward_paths=(DESK,),
    )
    await stage.parts.intake.take_waiting()
    stage.query(lambda c: c.execute(delete(file_uses)))
    stage.query(lambda c: c.execute(delete(files)))

    await stage.send()

    states = stage.query(lambda c: c.execute(select(outbox.c.letter, outbox.c.state)).all())
    assert dict(map(tuple, states)) == {
        "ticket_received": "sent",
        "engineer_new_ticket": "failed",
    }


@pytest.mark.asyncio(loop_scope="module")
@pytest.mark.parametrize(
    ("name", "passed"),
    [
        pytest.param("new-logo.png", ["new-logo.png"], id="under its own name"),
        pytest.param("logo.png", ["logo.png", "logo.png"], id="under the same name"),
    ],
)
async def test_a_signature_attached_on_purpose_travels(
    stage: Stage, name: str, passed: list[str]
) -> None:
    for number in range(2):
        await take(stage, with_parts(number, a_file(LOGO, SHOWN)))

    meant = a_file(LOGO, f"attachment; filename={name}")
    await take(stage, with_parts(2, a_file(LOGO, SHOWN), meant))

    assert passed_on(stage)[-1] == passed
