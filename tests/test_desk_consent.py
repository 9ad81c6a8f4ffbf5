"""Who agrees to a price, and to which: words that name another one, and ways around an option."""

from datetime import timedelta

import pytest
from acting.room import ANN, BOB, EVA, INBOX, Room

from gateway.desk.model import PRE_AGREED, Status

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = {
    "id": "T-1001",
    "status": "awaiting_confirmation",
    "assignee": "eva",
    "assessments": [{"label": "A1", "category": 2, "cost": 10, "status": "open"}],
}
AGREED = {"id": "T-1001", "status": "assigned", "assignee": "eva", "category": 2, "hold": 10}
LOWERED = [
    {"label": "A1", "category": 3, "cost": 20, "status": "superseded"},
    {"label": "A2", "category": 2, "cost": 10, "status": "open"},
]


@pytest.mark.parametrize("room", [{"assessment.stale_cheaper": "ask"}], indirect=True)
@pytest.mark.parametrize("text", ["confirm 20 credits", "confirm A1"])
async def test_an_outdated_price_is_asked_again_however_it_is_named(room: Room, text: str) -> None:
    room.given({**ASKED, "assessments": LOWERED})

    assert await room.write(ANN, text) == [("assessment_outdated", ANN)]
    assert room.account().balance.held == 0


@pytest.mark.parametrize("room", [{"assessment.stale_cheaper": "ask"}], indirect=True)
async def test_the_present_price_by_its_amount_is_no_outdated_one(room: Room) -> None:
    room.given({**ASKED, "assessments": LOWERED})

    assert ("assessment_confirmed", ANN) in await room.write(ANN, "confirm 10 credits")


@pytest.mark.parametrize("room", [{"assessment.confirm_from": "requester"}], indirect=True)
async def test_agreeing_in_advance_is_no_way_around_who_may_confirm(room: Room) -> None:
    room.given(ASKED)

    told = await room.write(BOB, "#agree")

    assert room.ticket().status is Status.AWAITING
    assert ("confirm_foreign", ANN) in told
    assert "assessment_confirmed" not in {event for event, _ in told}


@pytest.mark.parametrize("room", [{"close.autoclose": "3d"}], indirect=True)
async def test_silence_does_not_close_what_we_have_promised_to_correct(room: Room) -> None:
    room.given(
        {"id": "T-1001", "status": "assigned", "assignee": "eva", "category": 2, "hold": 10},
        held=10,
    )
    await room.write(EVA, "Please clear the cache.")
    await room.write(EVA, "#bug software")

    await room.ring(timedelta(days=3, minutes=1))

    assert room.ticket().status is Status.IN_PROGRESS


async def test_agreeing_in_the_first_mail_holds_without_a_limit(room: Room) -> None:
    room.given()

    await room.mail(ANN, INBOX, "Tax", "#agree\n\nHow do I set up VAT?")

    assert room.ticket().payment == PRE_AGREED


async def test_agreeing_in_a_reply_holds_where_nothing_is_asked_yet(room: Room) -> None:
    room.given({"id": "T-1001", "status": "assigned", "assignee": "eva"})

    await room.write(ANN, "#agree")

    assert room.ticket().payment == PRE_AGREED


async def test_agreeing_in_a_reply_confirms_what_is_asked(room: Room) -> None:
    room.given(ASKED)

    assert ("assessment_confirmed", ANN) in await room.write(ANN, "#agree")


@pytest.mark.parametrize("room", [{"close.autoclose": "3d"}], indirect=True)
async def test_silence_after_our_question_closes_what_was_agreed(room: Room) -> None:
    room.given(
        {"id": "T-1001", "status": "assigned", "assignee": "eva", "category": 2, "hold": 10},
        held=10,
    )
    await room.write(EVA, "#ask\nWhich version do you have?")

    await room.ring(timedelta(days=3, minutes=1))

    assert (room.ticket().status, room.account().balance.held) == (Status.CLOSED, 0)


async def test_what_was_reserved_is_said_to_be_released_when_a_ticket_closes(room: Room) -> None:
    room.given(
        {"id": "T-1001", "status": "assigned", "assignee": "eva", "category": 2, "hold": 10},
        held=10,
    )

    await room.write(EVA, "#close It cannot be done.")

    assert "10 credits released" in room.text("ticket_closed")


async def test_an_empty_reply_is_not_said_to_have_been_passed_on(room: Room) -> None:
    room.given(ASKED)

    assert await room.write(ANN, "") == [("confirm_unclear", ANN)]
    assert "passed on" not in room.text("confirm_unclear")
