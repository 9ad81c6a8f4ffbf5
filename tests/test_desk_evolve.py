"""What a filed message means to its ticket."""

import pytest
from desk_builders import utc

from gateway.desk.decision import FileMessage, MessageKind
from gateway.desk.evolve import evolve
from gateway.desk.model import Ticket

NOW = utc("2026-07-08T08:00")


@pytest.mark.parametrize(
    ("kind", "asked_last"),
    [
        pytest.param(MessageKind.QUESTION, True, id="a question"),
        pytest.param(MessageKind.ANSWER, False, id="an answer"),
        pytest.param(MessageKind.NOTE, True, id="a note"),
        pytest.param(MessageKind.MAIL, True, id="a mail"),
    ],
)
def test_only_an_answer_ends_a_question_of_ours(kind: MessageKind, *, asked_last: bool) -> None:
    ticket = Ticket(
        number=7,
        account="acme",
        requester="ann@acme.example",
        department="support",
        subject="Tax",
        received_at=NOW,
        asked_last=True,
    )
    message = FileMessage(ticket=7, kind=kind, author="eva@desk.example", text="", at=NOW)

    assert evolve(ticket, message).asked_last is asked_last
