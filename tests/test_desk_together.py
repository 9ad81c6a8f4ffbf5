"""Several commands in one mail, credits that become free, and texts that cannot leave yet."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from acting.given import write_given
from acting.stage import NOW, Stage, people_of_the_cases

from gateway.desk.model import Status, Ticket
from gateway.desk.token import Purpose
from gateway.store.desk_rows import load_tickets
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANN, EVA, LEE = "ann@acme.example", "eva@desk.example", "lee@desk.example"
OPEN = [{"label": "A1", "category": 2, "cost": 20, "status": "open"}]
URGENT = {
    "id": "T-1001",
    "status": "awaiting_confirmation",
    "hotrush": "active",
    "assignee": "eva",
    "assessments": OPEN,
}
AGREED = {"id": "T-1001", "status": "assigned", "payment": "pre_agreed", "assignee": "eva"}
ASKED = {"id": "T-1001", "status": "assigned", "assignee": "eva"}


@pytest_asyncio.fixture(loop_scope="module")
async def desk(
    request: pytest.FixtureRequest, tmp_path: Path, sqlite_url: str, reader: Reader
) -> AsyncIterator[Stage]:
    options = getattr(request, "param", {})
    made = Stage(tmp_path, sqlite_url, people_of_the_cases(), options, NOW, reader)
    await made.open()
    yield made
    await made.close()


def given(desk: Stage, *tickets: dict[str, Any], balance: int = 40, held: int = 0) -> None:
    account = {"id": "acme", "balance": balance, "held": held}
    write_given(desk, {"now": NOW.isoformat(), "account": account, "tickets": list(tickets)})


async def write(desk: Stage, who: str, text: str, *, ticket: int = 1001) -> list[tuple[str, str]]:
    """The letters that follow from a reply of somebody: which, to whom."""
    before = len(desk.smarthost.taken)
    keys, addresses = desk.parts.plan.keys, desk.parts.plan.policy.addresses
    purpose = Purpose.REPLY if who == ANN else Purpose.STAFF
    to = addresses.reply_address(keys.make(purpose, str(ticket), who))
    raw = f"From: {who}\r\nTo: {to}\r\nSubject: x\r\n\r\n{text}\r\n".encode()
    await desk.receive(raw, NOW, reverse_path=who, forward_paths=(to,))
    await desk.send()
    assert desk.parts.spool.counts().waiting == 0, "the mail was not taken in"
    assert desk.flaws() == []
    return [(one.event, one.recipient) for one in desk.smarthost.taken[before:]]


def ticket(desk: Stage, number: int = 1001) -> Ticket:
    return desk.query(lambda c: load_tickets(c, [number]))[number]


async def test_confirming_and_taking_hotrush_back_in_one_mail(desk: Stage) -> None:
    given(desk, URGENT)

    told = await write(desk, ANN, "I confirm.\nhotrush off")

    assert ("hotrush_withdrawn", ANN) in told
    assert (ticket(desk).reserved, ticket(desk).charged) == (10, 0)


async def test_freeing_beside_another_command_is_carried_out(desk: Stage) -> None:
    given(desk, AGREED)

    told = await write(desk, EVA, "#free\n#category 3")

    assert ("category_changed", ANN) in told


async def test_of_two_prices_in_one_mail_the_customer_is_asked_for_the_last(desk: Stage) -> None:
    given(desk, ASKED)

    await write(desk, EVA, "#assess 1\n#assess 2")

    (asked,) = [one for one in desk.smarthost.taken if one.event == "assessment_request"]
    assert "10 credits" in " ".join(asked.text.split())


async def test_credits_that_become_free_go_to_what_waits_for_them(desk: Stage) -> None:
    waits = [{"label": "A1", "category": 2, "cost": 10, "status": "confirmed", "funded": False}]
    given(
        desk,
        {"id": "T-1001", "status": "assigned", "category": 2, "hold": 10, "assignee": "eva"},
        {
            "id": "T-1002",
            "status": "awaiting_confirmation",
            "assignee": "eva",
            "assessments": waits,
        },
        balance=10,
        held=10,
    )

    await write(desk, ANN, "decline")

    assert ticket(desk, 1002).reserved == 10


async def test_an_unsent_text_goes_back_to_its_writer_only(desk: Stage) -> None:
    given(desk, AGREED, balance=3)

    await write(desk, LEE, "#assess 2\nPlease clear the cache.")

    with_text = {
        one.recipient
        for one in desk.smarthost.taken
        if one.event == "engineer_credits_blocked" and "clear the cache" in one.text
    }
    assert with_text == {LEE}


async def test_closing_waits_for_the_answer_it_was_to_end_with(desk: Stage) -> None:
    given(desk, ASKED)

    await write(desk, EVA, "#assess 2\n#close\nPlease clear the cache.")

    assert ticket(desk).status is Status.AWAITING


@pytest.mark.parametrize("desk", [{"engineer.require_price": False}], indirect=True)
async def test_no_duty_to_name_a_price_is_no_leave_to_charge_without_consent(desk: Stage) -> None:
    given(desk, ASKED)

    await write(desk, EVA, "#assess 2")
    told = await write(desk, EVA, "Please clear the cache.")

    assert "answer" not in {event for event, _ in told}
