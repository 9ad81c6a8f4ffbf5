"""Attacks on what lies about: links, viruses, backups of the database (A19, A25, A69, A76, A77)."""

import ast
import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from acting.attack import (
    FOREIGN,
    GIVEN,
    META,
    NOW,
    Attack,
    alarms,
    booked,
    bring,
    follow,
    mail,
    raw,
    reply,
    verdict,
)
from acting.given import write_given
from acting.mail import Postman
from acting.stage import Stage
from letter_desk import LANGUAGES, letters_in
from lxml import html
from sqlalchemy import Connection, PickleType, select
from sqlalchemy.sql.type_api import TypeDecorator

from gateway import journal
from gateway.store.mail_tables import outbox
from gateway.store.schema import metadata
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")
TOP = Path(__file__).parent.parent
EICAR = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path, database_url: str, reader: Reader) -> AsyncIterator[Stage]:
    made = Stage(tmp_path, database_url, META, {}, NOW, reader)
    await made.open()
    write_given(made, GIVEN)
    yield made
    await made.close()


@pytest.mark.parametrize(
    "attack",
    [
        pytest.param(
            Attack(
                mails=[reply(sender="eve@evil.example")],
                events=frozenset(
                    {"confirm_without_token", "confirm_wrong_sender", "foreign_ticket_ref"}
                ),
                letters=FOREIGN,
            ),
            id="A19 a token out of an archive",
        ),
        pytest.param(
            Attack(
                mails=[reply(headers=verdict("dmarc=fail header.from=acme.example"))],
                events=frozenset({"confirm_spoof_suspected", "foreign_ticket_ref"}),
                letters=FOREIGN,
            ),
            id="A19 and the From of whom it was sent to",
        ),
    ],
)
async def test_a_token_that_others_can_read_has_no_more_effect_than_this(
    attack: Attack, tmp_path: Path, database_url: str, reader: Reader
) -> None:
    assert await follow(attack, tmp_path, database_url, reader) == attack.follows


# A25: link scanners


@pytest.mark.parametrize("language", LANGUAGES)
async def test_a25_no_letter_has_a_link_that_acts_when_it_is_opened(
    language: str,
) -> None:
    """A link scanner follows every link; a prepared reply must be sent by somebody."""
    schemes: set[str] = set()
    for seen in letters_in(language):
        if seen.html:
            links = html.document_fromstring(seen.html).iterlinks()
            schemes |= {link.partition(":")[0] for _, _, link, _ in links}

    assert schemes <= {"mailto", "cid"}


# A69: viruses. Scanning is the relay's: ours takes files as octets and opens none.


async def test_a69_a_virus_is_a_file_like_any_other_and_nobody_opens_it(stage: Stage) -> None:
    await bring(stage, Postman(stage, NOW), virus())

    (letter,) = [one for one in stage.smarthost.taken if one.event == "engineer_new_ticket"]
    (file,) = letter.mail.iter_attachments()
    assert file.get_payload(decode=True) == EICAR
    assert list(stage.folder.rglob("*eicar*")) == []


async def test_a69_what_the_smarthosts_scanner_refuses_is_told(stage: Stage) -> None:
    told: list[str] = []
    leave = journal.follow(lambda event, _: told.append(event))
    stage.smarthost.at_data = lambda to: (
        "550 5.7.1 Virus found" if to == ["dispatch@desk.example"] else ""
    )
    await bring(stage, Postman(stage, NOW), virus())
    await stage.send()
    leave()

    failed = stage.query(_failed)
    assert failed == [("engineer_new_ticket", "550 data refused: 5.7.1 Virus found")]
    assert "letter_failed" in told
    assert "operator_alert" in {one.event for one in stage.smarthost.taken}


def virus() -> dict[str, object]:
    """A mail of a stranger with the test file of the scanners' makers."""
    part = b'Content-Type: application/octet-stream; name="eicar.com"\r\n\r\n' + EICAR
    return {
        "raw": b"From: kim@newco.example\r\nTo: support@desk.example\r\nSubject: Tax\r\n"
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nSee file.\r\n--b\r\n"
        + part
        + b"\r\n--b--\r\n"
    }


def _failed(connection: Connection) -> list[tuple[str, str]]:
    found = connection.execute(select(outbox).where(outbox.c.state == "failed"))
    return [(row.letter, row.failure) for row in found]


# A76: somebody reads a backup of the database


async def test_a76_a_backup_of_the_database_holds_no_key_and_no_power(stage: Stage) -> None:
    """Letters name reply addresses; who finds one there is still not whom it was sent to."""
    await bring(stage, Postman(stage, NOW), mail("How much is it?", sender="ann@acme.example"))

    backup = stage.query(_everything)
    secrets = stage.parts.plan.keys._secrets
    assert not [one for one in secrets if one in backup or one.hex().encode() in backup]

    found = set(re.findall(rb"support\+[a-z]\d+-[a-z2-7]{20,}@desk\.example", backup))
    assert found, "letters in the outbox name them"
    for address in sorted(found):
        head = f"From: eve@evil.example\nTo: {address.decode()}\nSubject: Re: [T-1001] Tax"
        await bring(stage, Postman(stage, NOW), raw(head))

    assert stage.query(booked) == []
    told = {name for names in stage.query(alarms) for name in names}
    assert "confirm_wrong_sender" in told


def _everything(connection: Connection) -> bytes:
    """All that is in the database, as somebody would search it."""
    rows = (
        value
        for table in metadata.sorted_tables
        for row in connection.execute(select(table))
        for value in row
    )
    return b"\n".join(
        value if isinstance(value, bytes) else str(value).encode("utf-8", "replace")
        for value in rows
    )


# A77: somebody writes into the database


async def test_a77_nothing_in_the_database_is_code() -> None:
    """A pickle in a table is code of whoever can write there (as in schedulers' job stores)."""
    kinds = [column.type for table in metadata.tables.values() for column in table.columns]
    raw_kinds = [one.impl if isinstance(one, TypeDecorator) else one for one in kinds]

    assert not [one for one in [*kinds, *raw_kinds] if isinstance(one, PickleType)]


async def test_a77_only_the_reader_of_mails_unpickles_and_only_from_its_own_pipe() -> None:
    dangerous = {"pickle", "marshal", "shelve", "apscheduler.jobstores"}
    found = {
        (path.relative_to(TOP / "gateway").as_posix(), name)
        for path in (TOP / "gateway").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        for name in _imported(node)
        if any(f"{name}.".startswith(f"{one}.") for one in dangerous)
    }

    assert found == {("work/reader.py", "pickle")}


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return [node.module or ""]
    return []
