"""What staff ask by mail is answered, in a ticket and at their own desk address."""

import pytest
from acting.given import write_given
from acting.stage import NOW, Stage

from gateway.desk.token import Purpose
from gateway.store.desk_rows import load_account

pytestmark = pytest.mark.asyncio(loop_scope="module")

EVA = "eva@desk.example"
TICKETS = [
    {"id": "T-1001", "status": "assigned", "topic": "Tax settings", "assignee": "eva"},
    {"id": "T-1002", "status": "submitted", "topic": "Shop is down", "hotrush": "active"},
    {"id": "T-1003", "status": "closed", "topic": "Logo of the shop"},
    {
        "id": "T-1004",
        "status": "assigned",
        "topic": "Größe der Bilder",
        "assignee": "max",
        "last_message": "Die Bilder haben 100% Breite",
    },
]


async def ask(stage: Stage, text: str, *, ticket: int | None = None) -> str:
    """What Eva is answered; empty where nothing came."""
    keys, addresses = stage.parts.plan.keys, stage.parts.plan.policy.addresses
    purpose = Purpose.STAFF if ticket else Purpose.DESK
    address = addresses.reply_address(keys.make(purpose, str(ticket or 0), EVA))
    raw = f"From: {EVA}\r\nTo: {address}\r\nSubject: x\r\n\r\n{text}\r\n".encode()
    await stage.receive(raw, NOW, reverse_path=EVA, forward_paths=(address,))
    await stage.send()
    answers = [one for one in stage.smarthost.taken if one.recipient == EVA]
    return answers[-1].text if answers else ""


@pytest.fixture
def desk(stage: Stage) -> Stage:
    account = {"id": "acme", "balance": 40, "held": 0}
    write_given(stage, {"now": NOW.isoformat(), "account": account, "tickets": TICKETS})
    return stage


@pytest.mark.parametrize("ticket", [pytest.param(1001, id="ticket"), pytest.param(None, id="desk")])
@pytest.mark.parametrize(
    ("command", "said", "unsaid"),
    [
        pytest.param("#help", ["#assess N", "#split"], [], id="help"),
        pytest.param(
            "#queue", ["3 tickets wait for us", "T-1002", "HotRush"], ["T-1003"], id="queue"
        ),
        pytest.param("#status T-1002", ["Shop is down", "submitted"], ["Tax"], id="status of"),
        pytest.param("#history T-1004", ["100% Breite", "1 message."], ["Tax"], id="history"),
        pytest.param("#search shop", ["T-1003", "T-1002"], ["T-1001"], id="search"),
        pytest.param("#search bilder 100%", ["T-1004"], ["T-1003"], id="search in texts"),
        pytest.param("#search GRÖSSE", ["No ticket has"], [], id="search finds nothing"),
        pytest.param("#search größe", ["T-1004"], [], id="search with umlauts"),
        pytest.param("#search GRÖßE", ["T-1004"], [], id="search in capitals"),
        pytest.param("#balance ann@acme.example", ["Balance:", "40"], [], id="balance of"),
        pytest.param("#balance acme", ["Balance:", "40"], [], id="balance by name"),
        pytest.param("#balance nobody", ["no account nobody"], [], id="balance of nobody"),
        pytest.param("#status T-9999", ["no such ticket"], [], id="status of nothing"),
    ],
)
async def test_a_question_is_answered(
    desk: Stage, ticket: int | None, command: str, said: list[str], unsaid: list[str]
) -> None:
    answer = await ask(desk, command, ticket=ticket)

    assert [words for words in said if words not in answer] == []
    assert [words for words in unsaid if words in answer] == []
    assert desk.flaws() == []


@pytest.mark.parametrize(
    ("command", "ticket", "said"),
    [
        pytest.param("#status", 1001, "Tax settings", id="status of the ticket"),
        pytest.param("#status", None, "These are your tickets", id="own tickets"),
        pytest.param("#history", 1001, "Tax settings", id="history of the ticket"),
        pytest.param("#history", None, "#history T-1001", id="history of no ticket"),
        pytest.param("#balance", 1001, "Balance:", id="balance of the customer"),
        pytest.param("#balance", None, "#balance ACCOUNT", id="balance of nobody"),
    ],
)
async def test_without_a_name_it_is_about_the_ticket_or_about_oneself(
    desk: Stage, command: str, ticket: int | None, said: str
) -> None:
    assert said in await ask(desk, command, ticket=ticket)


async def test_urgent_tickets_stand_first_in_the_queue(desk: Stage) -> None:
    answer = await ask(desk, "#queue")

    assert answer.index("T-1002") < answer.index("T-1001")


@pytest.mark.parametrize(
    ("command", "said"),
    [
        pytest.param("#grant 999999999 by mistake", "up to 1000000", id="a huge grant"),
        pytest.param("#grant 999999999999 by mistake", "up to 1000000", id="an endless grant"),
        pytest.param("#adjust -5000000 by mistake", "at most 1000000", id="a huge adjustment"),
        pytest.param("#grant 1.5 half", "whole numbers", id="a fraction"),
    ],
)
async def test_an_amount_that_is_a_slip_is_refused(desk: Stage, command: str, said: str) -> None:
    keys, addresses = desk.parts.plan.keys, desk.parts.plan.policy.addresses
    lead = "lee@desk.example"
    address = addresses.reply_address(keys.make(Purpose.STAFF, "1001", lead))
    raw = f"From: {lead}\r\nTo: {address}\r\nSubject: x\r\n\r\n{command}\r\n".encode()

    await desk.receive(raw, NOW, reverse_path=lead, forward_paths=(address,))
    await desk.send()

    (answer,) = [one for one in desk.smarthost.taken if one.event == "engineer_command_error"]
    assert said in " ".join(answer.text.split())
    assert desk.query(lambda c: load_account(c, "acme")).balance.balance == 40
