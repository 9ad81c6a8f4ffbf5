"""No mail and no letter looks through a table: what they ask has an index, however large a desk."""

from pathlib import Path
from typing import Any

import pytest
from acting.stage import NOW, Stage, people_of_the_cases
from sqlalchemy import event

from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")

FIRST = b"From: kim@newco.example\r\nTo: support@desk.example\r\nSubject: Tax\r\n"
FIRST += b"Message-ID: <m1@newco.example>\r\n\r\nHow do I set up VAT?\r\n"
HARMLESS = ("CONSTANT ROW", "anon_", "USING INDEX ix_outbox_waiting")
"""Subqueries that are limited, and the index that holds only letters that have not left."""
REPLY = FIRST.replace(b"Message-ID: <m1", b"In-Reply-To: <m1@newco.example>\r\nMessage-ID: <m2")


async def test_what_a_mail_and_its_letters_ask_is_never_looked_for_in_a_whole_table(
    tmp_path: Path, sqlite_url: str, reader: Reader
) -> None:
    # Given a desk on SQLite: PostgreSQL plans by what is in a table, and this one is empty
    stage = Stage(tmp_path, sqlite_url, people_of_the_cases(), {}, NOW, reader)
    await stage.open()
    engine = stage.parts.engine
    asked: dict[str, Any] = {}

    @event.listens_for(engine, "before_cursor_execute")
    def keep(*call: Any) -> None:
        _, _, statement, values, _, many = call
        asked[statement] = values[0] if many else values

    # When a mail opens a ticket, is answered, and the customer replies
    for raw in (FIRST, REPLY):
        await stage.receive(
            raw,
            NOW,
            reverse_path="kim@newco.example",
            forward_paths=("support@desk.example",),
        )
        await stage.send()
    event.remove(engine, "before_cursor_execute", keep)

    # Then every statement knows where to look
    with engine.connect() as connection:
        scans = [
            (row[3], statement)
            for statement, values in asked.items()
            if statement.startswith(("SELECT", "INSERT", "UPDATE", "DELETE"))
            for row in connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", values)
            if row[3].startswith("SCAN ") and not any(one in row[3] for one in HARMLESS)
        ]
    assert len(asked) > 20
    assert not scans
    await stage.close()
