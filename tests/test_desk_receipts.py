"""What a member of staff hears of the own mail: why not, what came back, and receipts."""

import pytest
from acting.room import EVA, LEE, Room
from sqlalchemy import select

from gateway.store.mail_tables import mails

pytestmark = pytest.mark.asyncio(loop_scope="module")

ASKED = {
    "id": "T-1001",
    "status": "awaiting_confirmation",
    "assignee": "eva",
    "assessments": [{"label": "A1", "category": 2, "cost": 10, "status": "open"}],
}


async def test_a_mail_of_commands_alone_has_no_text_to_give_back(room: Room) -> None:
    room.given(ASKED)

    await room.write(EVA, "#asses 2")

    text = room.text("engineer_command_error")
    assert "not sent" not in text
    assert text.count("#asses 2") == 1


async def test_several_commands_come_back_to_be_sent_again(room: Room) -> None:
    room.given(ASKED)

    await room.write(EVA, "#take\n#asses 2")

    assert "#take #asses 2" in room.text("engineer_command_error").replace("> ", "")


async def test_what_was_to_end_with_an_unsent_answer_is_named(room: Room) -> None:
    room.given({"id": "T-1001", "status": "assigned", "assignee": "eva"})

    await room.write(EVA, "#assess 2\n#close\nPlease clear the cache.")

    assert "not carried out without the text #close" in room.text("engineer_command_error")


RECEIPTS = {"engineer.receipts": "all"}


@pytest.mark.parametrize("room", [RECEIPTS], indirect=True)
@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("#status", ["engineer_info"], id="an answer is a receipt"),
        pytest.param("#help\n#take", ["engineer_info", "engineer_ack"], id="besides a command"),
        pytest.param("#start\nToo early.", ["engineer_command_error"], id="not sent"),
    ],
)
async def test_a_receipt_is_no_second_answer(room: Room, text: str, told: list[str]) -> None:
    room.given({"id": "T-1001", "status": "submitted", "payment": "ask_first"})

    assert [event for event, to in await room.write(LEE, text) if to == LEE] == told


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        pytest.param("#assess Quillfeather", "refused: #assess (M15)", id="an argument"),
        pytest.param("#quillfeather now", "refused: no such command (M15)", id="a verb"),
        pytest.param("#assign quillfeather@else.example", "refused: #assign (M15)", id="a name"),
    ],
)
async def test_the_diary_quotes_no_typed_word_of_what_is_refused(
    room: Room, line: str, reason: str
) -> None:
    room.given(ASKED)

    await room.write(EVA, line)

    assert "quillfeather" in room.text("engineer_command_error")
    noted = room.stage.query(lambda c: c.execute(select(mails.c.reasons)).scalars().all())
    assert noted[-1] == [reason]
