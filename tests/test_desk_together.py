"""Several commands in one mail, credits that become free, and texts that cannot leave yet."""

import pytest
from acting.room import ANN, EVA, LEE, Room

from gateway.desk.model import Status

pytestmark = pytest.mark.asyncio(loop_scope="module")

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


async def test_confirming_and_taking_hotrush_back_in_one_mail(room: Room) -> None:
    room.given(URGENT)

    told = await room.write(ANN, "I confirm.\nhotrush off")

    assert ("hotrush_withdrawn", ANN) in told
    assert (room.ticket().reserved, room.ticket().charged) == (10, 0)


async def test_freeing_beside_another_command_is_carried_out(room: Room) -> None:
    room.given(AGREED)

    told = await room.write(EVA, "#free\n#category 3")

    assert ("category_changed", ANN) in told


async def test_of_two_prices_in_one_mail_the_customer_is_asked_for_the_last(room: Room) -> None:
    room.given(ASKED)

    await room.write(EVA, "#assess 1\n#assess 2")

    (asked,) = [one for one in room.stage.smarthost.taken if one.event == "assessment_request"]
    assert "10 credits" in " ".join(asked.text.split())


async def test_credits_that_become_free_go_to_what_waits_for_them(room: Room) -> None:
    waits = [{"label": "A1", "category": 2, "cost": 10, "status": "confirmed", "funded": False}]
    room.given(
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

    await room.write(ANN, "decline")

    assert room.ticket(1002).reserved == 10


async def test_an_unsent_text_goes_back_to_its_writer_only(room: Room) -> None:
    room.given(AGREED, balance=3)

    await room.write(LEE, "#assess 2\nPlease clear the cache.")

    with_text = {
        one.recipient
        for one in room.stage.smarthost.taken
        if one.event == "engineer_credits_blocked" and "clear the cache" in one.text
    }
    assert with_text == {LEE}


async def test_closing_waits_for_the_answer_it_was_to_end_with(room: Room) -> None:
    room.given(ASKED)

    await room.write(EVA, "#assess 2\n#close\nPlease clear the cache.")

    assert room.ticket().status is Status.AWAITING


@pytest.mark.parametrize("room", [{"engineer.require_price": False}], indirect=True)
async def test_no_duty_to_name_a_price_is_no_leave_to_charge_without_consent(room: Room) -> None:
    room.given(ASKED)

    await room.write(EVA, "#assess 2")
    told = await room.write(EVA, "Please clear the cache.")

    assert "answer" not in {event for event, _ in told}
