"""Option `hotrush.refund_on_breach`: the doubling is returned by itself when the hour is missed."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from acting.given import write_given
from acting.stage import NOW, Stage, people_of_the_cases

from gateway.desk.token import Purpose
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")

LEE = "lee@desk.example"
INBOX = "support@desk.example"


@pytest_asyncio.fixture(
    loop_scope="module",
    params=[
        pytest.param({}, id="as it comes"),
        pytest.param({"sla.hotrush.escalate": []}, id="without escalations"),
        pytest.param({"sla.hotrush.grace": "30m"}, id="with grace"),
    ],
)
async def desk(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str, reader: Reader
) -> AsyncIterator[Stage]:
    options: dict[str, Any] = {"hotrush.refund_on_breach": True, **request.param}
    made = Stage(tmp_path, sqlite_url, people_of_the_cases(), options, NOW, reader)
    await made.open()
    write_given(made, {"now": NOW.isoformat(), "account": {"id": "acme", "balance": 40, "held": 0}})
    await mail(made, "ann@acme.example", INBOX, "[HotRush] [Agree] Shop is down", "Help!")
    await mail(made, LEE, address(made), "x", "#assess 2")
    yield made
    await made.close()


def address(desk: Stage) -> str:
    keys, addresses = desk.parts.plan.keys, desk.parts.plan.policy.addresses
    return addresses.reply_address(keys.make(Purpose.STAFF, "1001", LEE))


async def mail(desk: Stage, who: str, to: str, subject: str, text: str) -> list[str]:
    """What Ann got because of it."""
    before = len(desk.smarthost.taken)
    domain = who.partition("@")[2]
    lines = (
        f"Authentication-Results: mx.desk.example; dmarc=pass header.from={domain}",
        f"From: {who}",
        f"To: {to}",
        f"Subject: {subject}",
        "",
        text,
        "",
    )
    raw = "\r\n".join(lines).encode()
    await desk.receive(raw, desk.clock.at, reverse_path=who, forward_paths=(to,))
    await desk.send()
    return [one.event for one in desk.smarthost.taken[before:] if "ann@" in one.recipient]


async def test_it_is_returned_once_when_the_hour_is_over(desk: Stage) -> None:
    desk.clock.at = NOW + timedelta(minutes=60, seconds=1)
    before = len(desk.smarthost.taken)
    await desk.ring()
    await desk.ring()
    await desk.send()

    told = [one.event for one in desk.smarthost.taken[before:] if "ann@" in one.recipient]
    assert told == ["hotrush_removed"]
    assert desk.flaws() == []


async def test_an_answer_that_comes_late_costs_no_doubling(desk: Stage) -> None:
    desk.clock.at = NOW + timedelta(minutes=70)

    assert await mail(desk, LEE, address(desk), "x", "Please clear the cache.") == [
        "hotrush_removed",
        "answer",
    ]
    assert desk.flaws() == []


async def test_an_answer_at_the_last_moment_is_in_time(desk: Stage) -> None:
    desk.clock.at = NOW + timedelta(minutes=60)

    assert await mail(desk, LEE, address(desk), "x", "Please clear the cache.") == ["answer"]
