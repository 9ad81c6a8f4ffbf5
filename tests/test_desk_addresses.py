"""Addresses that say what a mail is for, so that an engineer need not write a command."""

import re

import pytest
from acting.room import ANN, EVA, Room

from gateway.desk.model import Status

pytestmark = pytest.mark.asyncio(loop_scope="module")

FREE = {"id": "T-1001", "status": "in_progress", "assignee": "eva", "free": True}
ASKED = {"id": "T-1001", "status": "assigned", "assignee": "eva"}


async def foot(room: Room) -> dict[str, str]:
    """The addresses that a staff letter offers at its foot."""
    await room.write(ANN, "One thing more: it happens at night only.")
    letter = [one for one in room.stage.smarthost.taken if one.recipient == EVA][-1]
    offered = letter.text.replace("\r\n", "\n").partition("-- \n")[2]
    return dict(zip(("note", "done", "desk"), re.findall(r"\S+@\S+", offered), strict=True))


async def test_what_goes_to_the_address_for_notes_stays_inside(room: Room) -> None:
    room.given(FREE)
    note = (await foot(room))["note"]

    told = await room.mail(EVA, note, "Re: x", "She is right, see the log.")

    assert not any(to == ANN for _, to in told)
    assert room.ticket().status is Status.IN_PROGRESS


async def test_an_answer_to_the_address_for_done_closes_the_ticket(room: Room) -> None:
    room.given(FREE)
    done = (await foot(room))["done"]

    told = await room.mail(EVA, done, "Re: x", "It is mended.")

    assert ("answer", ANN) in told
    assert room.ticket().status is Status.CLOSED


async def test_nothing_is_closed_twice_or_without_its_answer(room: Room) -> None:
    room.given(ASKED)
    done = (await foot(room))["done"]

    # The answer may not leave before its price is settled.
    await room.mail(EVA, done, "Re: x", "It is mended.")
    assert room.ticket().status is not Status.CLOSED

    await room.mail(EVA, done, "Re: x", "#free\n#close mended\nIt is mended.")
    assert room.ticket().status is Status.CLOSED


async def test_a_stranger_closes_nothing_with_it(room: Room) -> None:
    room.given(FREE)
    done = (await foot(room))["done"]

    await room.mail("eve@evil.example", done, "Re: x", "Close this.")

    assert room.ticket().status is Status.IN_PROGRESS


@pytest.mark.parametrize("room", [{"engineer.default_action": "note"}], indirect=True)
async def test_the_address_for_done_answers_where_texts_are_notes_too(room: Room) -> None:
    room.given(FREE)
    done = (await foot(room))["done"]

    told = await room.mail(EVA, done, "Re: x", "It is mended.")

    assert ("answer", ANN) in told
    assert room.ticket().status is Status.CLOSED
