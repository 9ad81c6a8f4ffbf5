"""What `explain` foretells, what the desk then does, and what `mail trace` tells are one story."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from acting.attack import DESK, GIVEN, META, NOW
from acting.given import write_given
from acting.mail import Postman
from acting.operator import run_command
from acting.stage import Stage
from sqlalchemy import Connection, select

from gateway.desk.token import Purpose
from gateway.store.mail_tables import mails
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")
WROTE = "On 7 Jul 2026, at 10:00, Desk <support@desk.example> wrote:"
QUOTE = f"\r\n\r\n{WROTE}\r\n> Please confirm.\r\n"
ADDRESS = "the reply address"
REFERENCE = "<assessment_request.given1.t.{}@desk.example>"


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
    ("to", "fields", "body", "key", "letters", "cut"),
    [
        pytest.param(
            ADDRESS,
            "",
            "I confirm." + QUOTE,
            "joins a ticket by token (M3)",
            ["assessment_confirmed to ann@acme.example", "engineer_confirmed to eva@desk.example"],
            [f"quoted, 2 lines: {WROTE}"],
            id="the address of the letter",
        ),
        pytest.param(
            DESK,
            f"References: {REFERENCE}\r\n",
            "What is in it?" + QUOTE + "\r\n-- \r\nAnn\r\n",
            "joins a ticket by reference (M3)",
            ["engineer_customer_reply to eva@desk.example"],
            [f"quoted, 2 lines: {WROTE}", "signature, 2 lines: --"],
            id="references",
        ),
        pytest.param(
            DESK,
            "",
            "What is in it?",
            "joins a ticket by the number in its subject (M3)",
            ["engineer_customer_reply to eva@desk.example"],
            [],
            id="the subject",
        ),
        pytest.param(
            DESK,
            "Auto-Submitted: auto-replied\r\n",
            "I am away.",
            "automatic",
            [],
            [],
            id="a robot",
        ),
    ],
)
async def test_one_story_is_foretold_done_and_told(  # noqa: PLR0917 - a table's columns
    stage: Stage, to: str, fields: str, body: str, key: str, letters: list[str], cut: list[str]
) -> None:
    token = stage.parts.plan.keys.make(Purpose.REPLY, "1001", "ann@acme.example")
    address = Postman(stage, NOW)._address(Purpose.REPLY, "1001", "ann@acme.example")
    raw = (
        "From: ann@acme.example\r\nMessage-ID: <said@acme.example>\r\n"
        f"To: {address if to == ADDRESS else to}\r\nSubject: Re: [T-1001] Tax\r\n"
        f"{fields.format(token)}\r\n{body}\r\n"
    ).encode()
    file = stage.folder / "mail.eml"
    file.write_bytes(raw)

    foretold = await ask(stage, f"explain --json {file}")
    await stage.receive(raw, NOW, reverse_path="ann@acme.example", forward_paths=(DESK,))
    await stage.send()
    told = await ask(stage, f"mail trace --json {stage.query(_queue_id)}")

    assert any(key in reason for reason in foretold["reasons"]), foretold["reasons"]
    assert told["rules"] == foretold["reasons"]
    assert told["events"] == foretold["events"]
    assert told["cut"] == foretold["cut"] == cut
    planned = [f"{one['letter']} to {one['to']}" for one in foretold["letters"]]
    assert sorted(planned) == sorted(letters)
    assert sorted(told["letters"]) == sorted(f"{one}: sent" for one in letters)
    assert sorted(f"{one.event} to {one.recipient}" for one in stage.smarthost.taken) == sorted(
        letters
    )
    assert told == await ask(stage, "mail trace --json '<said@acme.example>'")


async def ask(stage: Stage, line: str) -> dict[str, Any]:
    """What a command says, as JSON."""
    code, output = await run_command(stage, line)
    assert code == 0, output
    found: dict[str, Any] = json.loads(output)
    return found


def _queue_id(connection: Connection) -> str:
    return str(connection.execute(select(mails.c.queue_id)).scalar_one())
