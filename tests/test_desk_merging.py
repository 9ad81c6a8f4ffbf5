"""A wrong split is undone by one word: one ticket, one charge, both sides told, a lesson."""

import json
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from acting.given import write_given
from acting.mail import Postman
from acting.operator import run_command
from acting.stage import Stage, instant
from sqlalchemy import select

from gateway.desk.model import Status, Ticket, Waiting
from gateway.desk.token import Purpose
from gateway.store.desk_rows import load_account, load_tickets
from gateway.store.examples import labelled
from gateway.store.mail_tables import messages
from gateway.store.tables import split_examples
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")

NOW = instant("2026-07-08T08:00:00Z")
META = yaml.load(
    (Path(__file__).parent / "scenarios" / "scenarios.yaml").read_text(encoding="utf-8"),
    Loader=yaml.CSafeLoader,
)["meta"]
TICKET = {
    "id": "T-1001",
    "status": "in_progress",
    "department": "support",
    "hotrush": "none",
    "payment": "ask_first",
    "category": 1,
    "charged": 5,
    "hold": 0,
    "assignee": "eva",
    "topic": "VAT tax settings for one country",
}
ACCOUNT = {"id": "acme", "balance": 35, "held": 0, "withdrawals_used": 0}
LOGO = (
    "How can I change the logo and the favicon of the storefront theme, and where are these image"
    " files stored?"
)
NEWSLETTER = (
    "Another question. How do I export newsletter subscribers into a spreadsheet with columns for"
    " birthdays and telephone numbers?"
)
OFF_TOPIC = f"Another question. {LOGO}"


class Desk:
    """A desk with one answered ticket about taxes, and short ways to write to it."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.postman = Postman(stage, NOW)

    async def _deliver(self, **mail: str) -> None:
        self.stage.clock.at += timedelta(minutes=5)
        await self.postman.deliver(mail, self.stage.clock.at)
        await self.stage.send()

    async def ann(self, text: str, *, to: str = "answer/1", subject: str = "") -> None:
        await self._deliver(
            **{"from": "ann@acme.example", "to": "support@desk.example", "in_reply_to": to},
            subject=subject or "Re: [T-1001] Tax settings",
            text=text,
        )

    async def eva(self, text: str, ticket: str) -> None:
        await self._deliver(
            **{"from": "eva@desk.example", "to": f"support+{ticket}@desk.example"},
            subject=f"Re: [{ticket}]",
            auth="reply-token",
            text=text,
        )

    def tickets(self) -> dict[int, Ticket]:
        found: dict[int, Ticket] = self.stage.query(lambda c: load_tickets(c, range(1001, 1010)))
        return found

    def letters(self) -> list[tuple[str, str]]:
        """Template and recipient of what left since the last call."""
        left = [(one.event, one.recipient) for one in self.stage.smarthost.taken]
        self.stage.smarthost.taken.clear()
        return left

    def examples(self) -> list[tuple[str, bool | None]]:
        """How each split came about, and its label."""
        return [
            (row.how, row.off_topic)
            for row in self.stage.query(
                lambda c: c.execute(select(split_examples).order_by(split_examples.c.id)).all()
            )
        ]

    def texts_of(self, number: int) -> list[str]:
        return list(
            self.stage.query(
                lambda c: (
                    c.execute(
                        select(messages.c.text)
                        .where(messages.c.ticket == number, messages.c.kind == "mail")
                        .order_by(messages.c.id)
                    )
                    .scalars()
                    .all()
                )
            )
        )

    def balance(self) -> int:
        account: Any = self.stage.query(lambda c: load_account(c, "acme"))
        return int(account.balance.balance)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


@pytest_asyncio.fixture(loop_scope="module")
async def desk(tmp_path: Path, database_url: str, reader: Reader) -> AsyncIterator[Desk]:
    stage = Stage(tmp_path, database_url, META, {}, NOW, reader)
    await stage.open()
    try:
        write_given(stage, {"now": NOW.isoformat(), "account": ACCOUNT, "ticket": TICKET})
        yield Desk(stage)
    finally:
        await stage.close()


@pytest.mark.parametrize(
    "words",
    [
        pytest.param("same topic", id="en"),
        pytest.param("Gleiches Thema.", id="de"),
        pytest.param("Добрый день!\nТа же тема", id="ru"),
        pytest.param("Mismo tema, gracias", id="es"),
        pytest.param("Bonjour,\n\nmême sujet", id="fr"),
    ],
)
async def test_same_topic_puts_an_automatic_split_back(desk: Desk, words: str) -> None:
    # given a reply that was split off
    await desk.ann(OFF_TOPIC)
    desk.letters()

    # when its customer says it belongs
    await desk.ann(words, to="T-1002/ticket_split", subject="Re: [T-1002] Logo")

    # then it is one ticket again, waits for its engineer, and both sides know
    old, new = desk.tickets().values()
    assert (new.status, new.merged_into) == (Status.CLOSED, 1001)
    assert old.waiting_on is Waiting.STAFF
    assert old.last_text == OFF_TOPIC
    assert sorted(desk.letters()) == [
        ("engineer_customer_reply", "eva@desk.example"),
        ("ticket_merged", "ann@acme.example"),
    ]
    assert desk.examples() == [("auto", False)]


@pytest.mark.parametrize(
    "words", ["new ticket", "Neues Ticket", "новый тикет", "nuevo ticket", "Nouveau ticket "]
)
async def test_a_new_ticket_is_asked_for_in_the_language_of_the_letters(
    desk: Desk, words: str
) -> None:
    await desk.ann(f"{words}: Logo\n\n{LOGO}")

    old, new = desk.tickets().values()
    assert (new.subject, old.number) == ("Logo", 1001)


async def test_same_topic_works_in_the_old_ticket_too_and_keeps_what_is_said_with_it(
    desk: Desk,
) -> None:
    await desk.ann(OFF_TOPIC)

    await desk.ann("same topic\n\nThe logo is on the invoice with the VAT.")

    old, new = desk.tickets().values()
    assert new.merged_into == 1001
    assert old.waiting_on is Waiting.STAFF
    assert desk.texts_of(1001)[-2:] == [OFF_TOPIC, "The logo is on the invoice with the VAT."]


async def test_what_staff_has_begun_is_not_taken_back_by_the_customer(desk: Desk) -> None:
    # given a split-off ticket with a price
    await desk.ann(OFF_TOPIC)
    await desk.eva("#assess 2", "T-1002")
    desk.letters()

    # when
    await desk.ann("same topic", to="T-1002/ticket_split", subject="Re: [T-1002] Logo")

    # then the engineer decides
    assert desk.tickets()[1002].merged_into is None
    assert desk.letters() == [("engineer_customer_reply", "eva@desk.example")]
    assert desk.examples() == [("auto", True)]


async def test_merging_returns_what_the_second_ticket_cost(desk: Desk) -> None:
    # given a split-off ticket that was confirmed and answered
    await desk.ann(OFF_TOPIC)
    await desk.eva("#assess 2", "T-1002")
    await desk.ann("confirm", to="T-1002/assessment_request/A1", subject="Re: [T-1002] Logo")
    await desk.eva("Upload it under Themes.", "T-1002")
    assert desk.balance() == 25

    # when staff puts it back
    await desk.eva("#merge T-1001", "T-1002")

    # then there is one charge, and the split counts as wrong
    old, new = desk.tickets().values()
    assert (old.charged, new.charged) == (5, 0)
    assert desk.balance() == 35
    assert desk.examples() == [("auto", False)]


async def test_nosplit_puts_an_automatic_split_back_and_ends_suggestions(desk: Desk) -> None:
    await desk.ann(OFF_TOPIC)
    desk.letters()

    await desk.eva("#nosplit", "T-1002")

    old, new = desk.tickets().values()
    assert new.merged_into == 1001
    assert old.nosplit
    assert desk.letters() == [("ticket_merged", "ann@acme.example")]
    assert desk.examples() == [("auto", False)]


async def test_a_suggestion_is_labelled_by_what_staff_makes_of_it(desk: Desk) -> None:
    # given two suggestions
    await desk.ann(LOGO)
    assert desk.examples() == [("suggested", None)]

    # when one is followed and the other refused
    await desk.eva("#split 1", "T-1001")
    await desk.ann(LOGO.replace("logo", "banner"))
    await desk.eva("#nosplit", "T-1001")

    # then
    assert desk.examples() == [("suggested", True), ("suggested", False)]
    assert desk.tickets()[1002].parent == 1001


async def test_what_staff_splits_off_is_in_the_new_ticket_alone(desk: Desk) -> None:
    await desk.ann("The VAT rate is wrong.\n\nThe logo is blurred.\n\nIt was sharp in June.")

    await desk.eva("#split 3\n#split 2", "T-1001")

    assert [desk.texts_of(number)[-1] for number in (1001, 1002, 1003)] == [
        "The VAT rate is wrong.",
        "It was sharp in June.",
        "The logo is blurred.",
    ]


async def test_labelled_examples_are_pairs_of_a_ticket_and_what_was_written_in_it(
    desk: Desk,
) -> None:
    await desk.ann("new ticket: Logo\n\n" + LOGO)

    (pair,) = desk.stage.query(labelled)

    assert pair.off_topic is True
    assert pair.reply == LOGO
    assert "VAT tax settings" in " ".join((pair.subject, *pair.texts))
    assert LOGO not in pair.texts


async def test_a_confirmation_and_another_question_are_two_tickets(desk: Desk) -> None:
    # given a ticket that waits for a confirmation
    await desk.ann("How do I set VAT for Spain?", subject="Re: [T-1001] Tax settings")
    await desk.eva("#assess 2", "T-1001")

    # when
    await desk.ann(
        "I confirm.\n\nAnother question: how do I change the logo?", to="assessment_request/A2"
    )

    # then it is confirmed, and the question has a ticket of its own
    old, new = desk.tickets().values()
    assert old.reserved + old.charged == 10
    assert new.parent == 1001
    assert new.subject == "how do I change the logo?"


async def test_thanks_and_another_question_in_a_closed_ticket(desk: Desk) -> None:
    # given
    await desk.eva("#close", "T-1001")

    # when
    await desk.ann(f"Thank you, it works!\n\n{OFF_TOPIC}")

    # then the question is new, and nothing opens again for the thanks
    old, new = desk.tickets().values()
    assert old.status is Status.CLOSED
    assert desk.texts_of(new.number) == [OFF_TOPIC]


async def test_going_back_opens_a_closed_ticket_again(desk: Desk) -> None:
    # given a question in a closed ticket that was split off
    await desk.eva("#close", "T-1001")
    await desk.ann(OFF_TOPIC)

    # when it belongs to the closed one after all
    await desk.ann("same topic", to="T-1002/ticket_split", subject="Re: [T-1002] Logo")

    # then somebody answers it there
    old, new = desk.tickets().values()
    assert new.merged_into == 1001
    assert old.is_open
    assert old.clocks
    assert old.waiting_on is Waiting.STAFF


async def test_the_operator_sees_what_people_taught_and_why_a_mail_was_split(
    desk: Desk, tmp_path: Path
) -> None:
    # given a split that was right and one that was wrong
    await desk.ann("new ticket: Logo\n\n" + LOGO)
    await desk.ann(OFF_TOPIC.replace("logo", "banner"))
    await desk.ann("same topic", to="T-1003/ticket_split", subject="Re: [T-1003] Banner")

    # when the operator asks
    code, output = await run_command(desk.stage, "split evaluate --json")

    # then both count
    assert code == 0
    assert json.loads(output.splitlines()[0])["pairs"] == 2

    # when a mail is explained
    file = tmp_path / "mail.eml"
    token = desk.postman._address(Purpose.REPLY, "1001", "ann@acme.example")
    fields = f"From: ann@acme.example\nTo: {token}\nSubject: Re: [T-1001] Tax\n"
    file.write_text(f"{fields}In-Reply-To: <answer@desk.example>\n\n{NEWSLETTER}\n", "utf-8")
    code, output = await run_command(desk.stage, f"explain --json {file}")

    # then the words that spoke are there
    topic = json.loads(output)["topic"]
    assert topic["points"] == 2
    assert "newsletter" in topic["for"]
    assert topic["signs"] == [
        "it begins like another question",
        "it shares no word with the ticket",
    ]
