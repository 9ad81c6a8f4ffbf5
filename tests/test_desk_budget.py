"""Budgets, pauses and bounces: the desk cannot be made to flood anybody, and heals by itself."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml
from acting.stage import Stage, instant
from sqlalchemy import select

from gateway.desk.token import Purpose
from gateway.store.mail_tables import messages, outbox
from gateway.store.spent import all_pauses
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW = instant("2026-07-08T08:00:00Z")
META = yaml.load(
    (Path(__file__).parent / "scenarios" / "scenarios.yaml").read_text(encoding="utf-8"),
    Loader=yaml.CSafeLoader,
)["meta"]
DESK = "support@desk.example"
SMALL = {"budget.stranger_hour": 3, "budget.alerts_hour": 4, "budget.tickets_hour": 12}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


@pytest_asyncio.fixture(loop_scope="module")
async def stage(tmp_path: Path, database_url: str, reader: Reader) -> AsyncIterator[Stage]:
    made = Stage(tmp_path, database_url, META, SMALL, NOW, reader)
    await made.open()
    yield made
    await made.close()


class Post:
    """Writes mails to the desk, one after another."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self._count = 0

    async def bring(
        self,
        sender: str = "kim@newco.example",
        *,
        to: str = DESK,
        fields: str = "",
        text: str = "How do I set up VAT?",
        reverse_path: str | None = None,
    ) -> None:
        self._count += 1
        raw = (
            f"From: {sender}\nTo: {to}\nSubject: Question {self._count}\n"
            f"Message-ID: <m{self._count}@test.example>\n{fields}\n{text}\n"
        ).replace("\n", "\r\n")
        await self.stage.receive(
            raw.encode(),
            self.stage.clock.at,
            reverse_path=sender if reverse_path is None else reverse_path,
            forward_paths=(to,),
        )
        await self.stage.send()

    def letters(self, event: str) -> list[str]:
        return [one.recipient for one in self.stage.smarthost.taken if one.event == event]


@pytest.fixture
def post(stage: Stage) -> Post:
    return Post(stage)


def rows(stage: Stage, *columns: Any) -> list[Any]:
    return list(stage.query(lambda c: c.execute(select(*columns)).all()))


async def test_a_stranger_gets_three_receipts_an_hour_and_the_operator_one_alert(
    post: Post,
) -> None:
    for _ in range(6):
        await post.bring()

    assert len(post.letters("ticket_received")) == 3
    assert len(post.letters("engineer_new_ticket")) == 6
    assert len(post.letters("operator_alert")) == 1


async def test_a_budget_heals_by_itself(post: Post) -> None:
    for _ in range(4):
        await post.bring()
    post.stage.clock.at += timedelta(hours=1, minutes=1)

    await post.bring()

    assert len(post.letters("ticket_received")) == 4
    assert post.stage.query(lambda c: all_pauses(c, post.stage.clock.at)) == []


async def test_the_operator_gets_no_more_alerts_than_an_hour_has_room_for(post: Post) -> None:
    for number in range(6):
        for _ in range(4):
            await post.bring(f"kim{number}@newco{number}.example")

    assert len(post.letters("operator_alert")) == 4


async def test_more_tickets_than_anybody_has_join_the_last_one(post: Post) -> None:
    for _ in range(15):
        await post.bring()

    assert len(post.letters("engineer_new_ticket")) == 12
    kept = rows(post.stage, messages.c.ticket, messages.c.kind)
    assert [tuple(one) for one in kept[-3:]] == [(1012, "filed")] * 3
    assert len(kept) == 15


async def answered(post: Post, letter: str = "ticket_received") -> tuple[str, int]:
    """A receipt has gone out: the envelope sender it left from, and its row."""
    await post.bring()
    found = rows(post.stage, outbox.c.letter, outbox.c.id, outbox.c.recipient)
    (row, to) = next((row, to) for name, row, to in found if name == letter)
    plan = post.stage.parts.plan
    token = plan.keys.make(Purpose.BOUNCE, str(row), to)
    return plan.policy.addresses.reply_address(token), row


def report(status: str, recipient: str = "kim@newco.example") -> tuple[str, str]:
    fields = 'Content-Type: multipart/report; report-type=delivery-status; boundary="b"\n'
    text = (
        "--b\nContent-Type: text/plain\n\nIt failed.\n"
        "--b\nContent-Type: message/delivery-status\n\n"
        f"Reporting-MTA: dns; mx.newco.example\n\nFinal-Recipient: rfc822; {recipient}\n"
        f"Action: failed\nStatus: {status}\nDiagnostic-Code: smtp; 550 {status} no\n--b--\n"
    )
    return fields, text


async def bounce(post: Post, address: str, status: str) -> None:
    fields, text = report(status)
    await post.bring(
        "MAILER-DAEMON@newco.example", to=address, fields=fields, text=text, reverse_path=""
    )


async def test_a_bounce_reaches_its_ticket_and_tells_the_engineer(post: Post) -> None:
    address, _ = await answered(post)

    await bounce(post, address, "5.1.1")

    assert post.letters("engineer_delivery_failed") == ["dispatch@desk.example"]
    assert [one.kind for one in rows(post.stage, messages.c.kind)] == ["mail", "filed"]


async def test_an_unknown_mailbox_is_paused_and_what_it_missed_goes_out_when_it_writes(
    post: Post,
) -> None:
    address, _ = await answered(post)
    await bounce(post, address, "5.1.1")
    (pause,) = post.stage.query(lambda c: all_pauses(c, NOW))
    assert (pause.scope, pause.key) == ("address", "kim@newco.example")
    assert pause.until == NOW + timedelta(days=60)

    await post.bring(
        "eva@desk.example",
        to=staff_address(post, "eva@desk.example"),
        text="#assess 1\nThe price.",
    )
    assert post.letters("assessment_request") == []

    await post.bring()
    await post.stage.send()

    assert post.stage.query(lambda c: all_pauses(c, NOW)) == []
    assert post.letters("assessment_request") == ["kim@newco.example"]


def staff_address(post: Post, person: str, number: int = 1001) -> str:
    plan = post.stage.parts.plan
    token = plan.keys.make(Purpose.STAFF, str(number), person)
    return plan.policy.addresses.reply_address(token)


async def test_another_failure_pauses_on_its_third_day_only(post: Post) -> None:
    address, _ = await answered(post)

    paused = []
    for _ in range(3):
        await bounce(post, address, "5.2.2")
        await bounce(post, address, "5.2.2")
        paused.append(bool(post.stage.query(lambda c: all_pauses(c, post.stage.clock.at))))
        post.stage.clock.at += timedelta(days=1)

    assert paused == [False, False, True]


@pytest.mark.parametrize(
    "forged",
    [
        pytest.param(lambda address: DESK, id="to the desk"),
        pytest.param(lambda address: address.replace("+b", "+b9"), id="to a made up address"),
    ],
)
async def test_a_report_on_no_letter_of_ours_pauses_nobody(
    post: Post, forged: Callable[[str], str]
) -> None:
    address, _ = await answered(post)

    await bounce(post, forged(address), "5.1.1")

    assert post.stage.query(lambda c: all_pauses(c, NOW)) == []
    assert post.letters("engineer_delivery_failed") == []


async def test_a_report_on_a_letter_to_staff_goes_to_the_operator_and_round_no_circle(
    post: Post,
) -> None:
    address, _ = await answered(post, "engineer_new_ticket")

    await bounce(post, address, "5.1.1")

    assert post.letters("operator_alert") == ["postmaster@desk.example"]
    assert post.letters("engineer_delivery_failed") == []
    assert post.stage.query(lambda c: all_pauses(c, NOW)) == []


async def test_a_delay_pauses_nobody(post: Post) -> None:
    address, _ = await answered(post)
    fields, text = report("4.4.1")

    await post.bring(
        "MAILER-DAEMON@newco.example",
        to=address,
        fields=fields,
        text=text.replace("Action: failed", "Action: delayed"),
        reverse_path="",
    )

    assert post.stage.query(lambda c: all_pauses(c, NOW)) == []
    assert post.letters("engineer_delivery_failed") == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        pytest.param("--b\n\nx\n" * 600 + "--b--\n", "mime_parts", id="parts"),
        pytest.param("x", "header_limit", id="fields"),
    ],
)
async def test_what_nobody_can_read_waits_until_the_operator_releases_it(
    post: Post, body: str, reason: str
) -> None:
    fields = 'Content-Type: multipart/mixed; boundary="b"\n'
    if reason == "header_limit":
        fields = "X-A: y\n" * 1200
    await post.bring(fields=fields, text=body)
    (parked,) = post.stage.parts.spool.listing("parked")
    assert parked.reason.startswith(reason)
    assert post.letters("ticket_received") == []

    assert post.stage.parts.spool.release(parked.envelope.queue_id)
    await post.stage.parts.intake.take_waiting()
    await post.stage.send()

    assert post.letters("ticket_received") == ["kim@newco.example"]


async def test_a_long_field_alone_parks_nothing(post: Post) -> None:
    await post.bring(fields="X-Report: " + "a" * 9000 + "\n")

    assert post.letters("ticket_received") == ["kim@newco.example"]
