"""Option `credits.low_balance`: one letter when the balance falls below a number."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from acting.given import write_given
from acting.stage import NOW, Stage, people_of_the_cases

from gateway.desk.token import Purpose
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEE = "lee@desk.example"
TICKET = {"id": "T-1001", "status": "assigned", "payment": "pre_agreed", "assignee": "lee"}


@pytest_asyncio.fixture(loop_scope="module")
async def desk(tmp_path: Path, sqlite_url: str, reader: Reader) -> AsyncIterator[Stage]:
    made = Stage(
        tmp_path, sqlite_url, people_of_the_cases(), {"credits.low_balance": 15}, NOW, reader
    )
    await made.open()
    account = {"id": "acme", "balance": 20, "held": 0}
    write_given(made, {"now": NOW.isoformat(), "account": account, "ticket": TICKET})
    yield made
    await made.close()


async def command(desk: Stage, text: str) -> list[str]:
    """What customers got because of a mail of Lee's."""
    before = len(desk.smarthost.taken)
    keys, addresses = desk.parts.plan.keys, desk.parts.plan.policy.addresses
    address = addresses.reply_address(keys.make(Purpose.STAFF, "1001", LEE))
    raw = f"From: {LEE}\r\nTo: {address}\r\nSubject: x\r\n\r\n{text}\r\n".encode()
    await desk.receive(raw, NOW, reverse_path=LEE, forward_paths=(address,))
    await desk.send()
    return [one.event for one in desk.smarthost.taken[before:] if "acme" in one.recipient]


async def test_a_balance_that_falls_below_the_number_is_told_once(desk: Stage) -> None:
    # Given 20 credits, and a letter wished for below 15

    # When 5 are charged, nobody is warned: 15 are left
    assert await command(desk, "#assess 1\nPlease clear the cache.") == ["answer"]

    # When 5 more are charged, the customer is told
    assert await command(desk, "#category 2 it was worse") == ["category_changed", "credits_low"]

    # And not again while it stays below
    assert await command(desk, "#adjust -1 correction") == []

    # But once more after it rose and fell again
    await command(desk, "#grant 10 goodwill")
    assert await command(desk, "#adjust -12 correction") == ["credits_low"]
