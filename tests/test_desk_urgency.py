"""HotRush at odd moments: looked at when charged, asked for later, ended while it is priced."""

from datetime import timedelta

import pytest
from acting.room import ANN, EVA, INBOX, Room

from gateway.desk.model import HotRush

pytestmark = pytest.mark.asyncio(loop_scope="module")

SUBJECT = "[HotRush] Shop is down"
AT_CHARGE = {"hotrush.gate_at": "charge", "credits.overdraft": 20}
LATER = {"hotrush.late_request": "while_open"}


def urgent(**more: object) -> dict[str, object]:
    return {
        "id": "T-1001",
        "status": "awaiting_confirmation",
        "hotrush": "active",
        "assignee": "eva",
        "assessments": [{"label": "A1", "category": 2, "cost": 20, "status": "open"}],
        **more,
    }


# The balance is looked at when the price is taken


@pytest.mark.parametrize("room", [AT_CHARGE], indirect=True)
async def test_a_balance_of_zero_is_no_matter_when_the_mail_comes(room: Room) -> None:
    room.given(balance=0)

    told = await room.mail(ANN, INBOX, SUBJECT, "Help!", passed=True)

    assert ("ticket_received_hotrush", ANN) in told
    assert room.ticket().hotrush is HotRush.ACTIVE


@pytest.mark.parametrize("room", [AT_CHARGE], indirect=True)
async def test_a_balance_of_zero_ends_hotrush_when_the_price_is_taken(room: Room) -> None:
    room.given(urgent(), balance=0)

    told = await room.write(ANN, "I confirm")

    assert {("hotrush_refused", ANN), ("assessment_confirmed", ANN)} <= set(told)
    assert ("engineer_hotrush_changed", EVA) in told
    found = room.ticket()
    assert (found.hotrush, found.hotrush_reason) == (HotRush.REFUSED, "balance")
    assert (found.reserved, room.account().withdrawals) == (10, ())
    assert not found.clocks[0].urgent
    assert "above zero" in room.text("hotrush_refused")


@pytest.mark.parametrize("room", [AT_CHARGE], indirect=True)
async def test_an_answer_agreed_in_advance_is_charged_singly_where_there_is_nothing(
    room: Room,
) -> None:
    room.given(urgent(status="assigned", payment="pre_agreed", assessments=[]), balance=0)

    told = await room.write(EVA, "#assess 2\nPlease clear the cache.")

    assert {("hotrush_refused", ANN), ("answer", ANN)} <= set(told)
    assert (room.ticket().charged, room.ticket().hotrush) == (10, HotRush.REFUSED)


@pytest.mark.parametrize("room", [AT_CHARGE], indirect=True)
async def test_credits_that_are_there_at_the_charge_keep_hotrush(room: Room) -> None:
    room.given(urgent(), balance=5)

    await room.write(ANN, "I confirm")

    assert (room.ticket().hotrush, room.ticket().reserved) == (HotRush.ACTIVE, 20)


@pytest.mark.parametrize("room", [{"hotrush.gate_at": "charge"}], indirect=True)
async def test_what_is_not_covered_is_not_charged_and_not_looked_at(room: Room) -> None:
    room.given(urgent(), balance=0)

    told = await room.write(ANN, "I confirm")

    assert ("credits_needed", ANN) in told
    assert room.ticket().hotrush is HotRush.ACTIVE


# hotrush.late_request


@pytest.mark.parametrize("room", [LATER], indirect=True)
@pytest.mark.parametrize("state", ["none", "refused", "unset", "withdrawn", "removed"])
async def test_the_option_is_a_way_back_from_every_end_of_urgency(room: Room, state: str) -> None:
    room.given({"id": "T-1001", "status": "submitted", "hotrush": state})

    told = await room.write(ANN, "#hotrush on")

    assert ("ticket_received_hotrush", ANN) in told
    assert room.ticket().hotrush is HotRush.ACTIVE


@pytest.mark.parametrize("room", [LATER], indirect=True)
async def test_a_second_request_hears_that_it_is_urgent_already(room: Room) -> None:
    room.given({"id": "T-1001", "status": "assigned", "hotrush": "active", "assignee": "eva"})

    assert await room.write(ANN, "#hotrush on") == [("hotrush_late_refused", ANN)]
    assert "hotrush already" in room.text("hotrush_late_refused")
    assert "ordinary" not in room.text("hotrush_late_refused")


@pytest.mark.parametrize("room", [LATER | {"hotrush.refund_on_withdraw": False}], indirect=True)
async def test_a_doubling_that_was_kept_is_not_taken_twice(room: Room) -> None:
    room.given(
        {
            "id": "T-1001",
            "status": "in_progress",
            "hotrush": "active",
            "assignee": "eva",
            "category": 2,
            "charged": 20,
        }
    )
    await room.write(ANN, "hotrush off")
    assert "not returned" in room.text("hotrush_withdrawn")

    await room.write(ANN, "#hotrush on")

    assert (room.ticket().charged, room.ticket().hotrush) == (20, HotRush.ACTIVE)


# HotRush ends while its price is open


async def test_a_removal_names_the_price_that_is_to_be_confirmed_now(room: Room) -> None:
    room.given(urgent())

    await room.write(EVA, "#not-hotrush other")

    text = room.text("hotrush_removed")
    assert "10 credits a2" in text
    assert "confirm" in text


async def test_a_withdrawal_asks_for_no_confirmation_of_what_is_agreed(room: Room) -> None:
    agreed = [
        {"label": "A1", "category": 2, "cost": 20, "status": "confirmed", "funded": False},
    ]
    room.given(urgent(assessments=agreed), balance=3)

    await room.write(ANN, "hotrush off")

    text = room.text("hotrush_withdrawn")
    assert "7 credits short" in text
    assert "to agree" not in text


# What letters say of credits


@pytest.mark.parametrize(
    ("status", "held", "charged", "said"),
    [
        pytest.param("assigned", 20, 0, "15 credits released", id="held"),
        pytest.param("in_progress", 0, 20, "15 credits returned", id="charged"),
    ],
)
async def test_a_lower_price_gives_back_what_was_held_or_charged(
    room: Room, status: str, held: int, charged: int, said: str
) -> None:
    ticket = {"id": "T-1001", "status": status, "category": 3, "assignee": "eva"}
    room.given({**ticket, "hold": held, "charged": charged}, held=held)

    await room.write(EVA, "#category 1")

    assert said in room.text("category_changed")


async def test_a_raise_that_is_taken_back_does_not_change_from_one_to_one(room: Room) -> None:
    ticket = {"id": "T-1001", "status": "assigned", "category": 1, "assignee": "eva"}
    room.given({**ticket, "hold": 5}, held=5)
    await room.write(EVA, "#category 3")

    await room.write(EVA, "#category 1")

    text = room.text("category_changed")
    assert "from 1 to 1" not in text
    assert "stays 1" in text


@pytest.mark.parametrize("room", [{"assessment.confirm_from": "token"}], indirect=True)
async def test_a_contact_without_a_token_hears_how_to_confirm(room: Room) -> None:
    room.given(urgent())

    told = await room.mail(ANN, INBOX, "Re: [T-1001] x", "confirm", passed=True)

    assert ("confirm_foreign", ANN) in told
    text = room.text("confirm_foreign")
    assert "reply to our mail" in text
    assert "cannot accept that address" not in text


@pytest.mark.parametrize("room", [{"assessment.confirm_from": "requester"}], indirect=True)
async def test_a_colleague_who_may_not_confirm_hears_it_too(room: Room) -> None:
    room.given(urgent())

    told = await room.write("bob@acme.example", "confirm")

    assert [to for event, to in told if event == "confirm_foreign"] == [ANN, "bob@acme.example"]
    assert ("engineer_customer_reply", EVA) in told
    assert "only ann@acme.example may" in room.text("engineer_customer_reply")


# sla.followups

FOLLOW_UP = {"id": "T-1001", "status": "in_progress", "category": 2, "assignee": "eva"}


@pytest.mark.parametrize("room", [{"sla.followups": "off"}], indirect=True)
@pytest.mark.parametrize(("state", "charged"), [("none", 10), ("active", 20)])
async def test_no_promise_follows_an_answer_where_the_option_says_so(
    room: Room, state: str, charged: int
) -> None:
    room.given({**FOLLOW_UP, "hotrush": state, "charged": charged, "waiting_on": "customer"})

    told = await room.write(ANN, "And where do I find the cache?")

    assert ("engineer_customer_reply", EVA) in told
    assert room.ticket().clocks == ()


@pytest.mark.parametrize("room", [{"sla.followups": "off"}], indirect=True)
async def test_whoever_waits_for_the_first_answer_is_promised_one_all_the_same(room: Room) -> None:
    room.given({"id": "T-1001", "status": "assigned", "assignee": "eva"})
    await room.write(EVA, "#ask\nWhich version do you have?")

    await room.write(ANN, "Version 4.18.")

    assert [str(one.kind) for one in room.ticket().clocks] == ["next_response"]


# One reminder a day


async def test_a_withdrawal_brings_no_second_reminder_on_the_same_day(room: Room) -> None:
    room.given(
        {
            "id": "T-1001",
            "status": "assigned",
            "hotrush": "active",
            "assignee": "eva",
            "received_at": "2026-07-07T16:00:00Z",
            "reminded": True,
        }
    )
    await room.write(ANN, "hotrush off")

    assert await room.ring(timedelta(seconds=5)) == []


async def test_an_ordinary_due_time_that_has_passed_is_said_to_have_passed(room: Room) -> None:
    waiting = {"hotrush": "active", "assignee": "eva", "received_at": "2026-07-06T08:00:00Z"}
    room.given({"id": "T-1001", "status": "assigned", **waiting})

    await room.write(ANN, "hotrush off")

    assert "overdue" in room.text("hotrush_withdrawn")
    assert "overdue" in room.text("engineer_hotrush_changed")
    assert "you will hear" not in room.text("hotrush_withdrawn")


@pytest.mark.parametrize("room", [LATER], indirect=True)
async def test_what_became_urgent_again_may_be_withdrawn_again_and_is_counted(room: Room) -> None:
    room.given({"id": "T-1001", "status": "assigned", "hotrush": "active", "assignee": "eva"})

    for line in ("hotrush off", "#hotrush on", "no hotrush"):
        await room.write(ANN, line)

    assert room.ticket().hotrush is HotRush.WITHDRAWN
    assert len(room.account().withdrawals) == 2
