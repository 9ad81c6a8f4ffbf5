"""A72: a dozen robots and the desk for a day: nobody is flooded, no two answer for ever."""

import heapq
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Final

import pytest
import pytest_asyncio
import yaml
from acting.stage import Stage, instant
from servers.smarthost import Taken
from sqlalchemy import Connection, select

from gateway.desk.token import Keys
from gateway.store.mail_tables import mails, outbox
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")
NOW: Final = instant("2026-07-08T06:00:00Z")
DAY: Final = timedelta(hours=24)
DELAY: Final = timedelta(minutes=2)
META: Final = yaml.load(
    (Path(__file__).parent / "scenarios" / "scenarios.yaml").read_text(encoding="utf-8"),
    Loader=yaml.CSafeLoader,
)["meta"]
DESK: Final = "support@desk.example"
PER_TICKET: Final = 6
PER_ADDRESS: Final = 20


@dataclass(frozen=True, kw_only=True)
class Robot:
    """Answers every letter, and writes by itself once in a while."""

    name: str
    answer: Callable[[EmailMessage, Taken, int], bytes | None]
    opens: bool = True
    """Whether it writes to us first, every half hour."""
    null_path: bool = False

    @property
    def address(self) -> str:
        """Where it lives."""
        return f"robot@{self.name}.example"


def words(
    sender: str, to: str, subject: str, body: str = "I am a robot.", fields: str = ""
) -> bytes:
    """A mail of few lines."""
    text = f"From: {sender}\nTo: {to}\nSubject: {subject}\n{fields}\n{body}\n"
    return text.replace("\n", "\r\n").encode()


def replying(letter: EmailMessage) -> str:
    """The fields that make a reply one."""
    return f"In-Reply-To: {letter['Message-ID']}\nReferences: {letter['Message-ID']}\n"


def answering(name: str, subject: str, fields: str = "", *, threaded: bool = True) -> Robot:
    """A robot that replies with some fields of its own, to the reply address or to the desk's."""

    def answer(letter: EmailMessage, taken: Taken, count: int) -> bytes:
        to = str(letter["Reply-To"] or letter["From"]) if threaded else DESK
        more = (replying(letter) if threaded else "") + fields
        number = f"<{count}@{name}.example>"
        about = subject.format(subject=letter["Subject"], count=count)
        return words(taken.recipient, to, about, fields=f"Message-ID: {number}\n{more}")

    return Robot(name=name, answer=answer)


def remembering(name: str) -> Robot:
    """RFC 5230: one answer to a sender in seven days."""
    inner = answering(name, "Away: {subject}", "Auto-Submitted: auto-replied\n")
    told: set[str] = set()

    def answer(letter: EmailMessage, taken: Taken, count: int) -> bytes | None:
        known = str(letter["From"]) in told
        told.add(str(letter["From"]))
        return None if known else inner.answer(letter, taken, count)

    return Robot(name=name, answer=answer)


def wandering(name: str) -> Robot:
    """Another sub-address each time, a new subject, no thread."""

    def answer(letter: EmailMessage, taken: Taken, count: int) -> bytes:
        del letter, taken
        return words(f"robot+{count}@{name}.example", DESK, f"Case {count}")

    return Robot(name=name, answer=answer)


def reflecting(name: str, fields: bytes) -> Robot:
    """Sends our own letter back, as lists and forwarders do."""
    return Robot(name=name, answer=lambda letter, taken, count: fields + taken.content)


def bouncing(name: str) -> Robot:
    """Reports every letter as failed, to the envelope sender."""

    def answer(letter: EmailMessage, taken: Taken, count: int) -> bytes:
        body = (
            "--b\n\nIt failed.\n--b\nContent-Type: message/delivery-status\n\n"
            f"Reporting-MTA: dns; {name}\n\nFinal-Recipient: rfc822; {taken.recipient}\n"
            "Action: failed\nStatus: 5.2.2\n--b--\n"
        )
        fields = (
            f"Message-ID: <{count}@{name}.example>\n"
            "Content-Type: multipart/report; report-type=delivery-status; boundary=b\n"
        )
        return words(f"MAILER-DAEMON@{name}.example", taken.reverse_path, "Failed", body, fields)

    return Robot(name=name, answer=answer, null_path=True)


def sister(name: str) -> Robot:
    """Another desk of our making: its receipts carry a stamp of its own."""
    stamp = f"{name}.example.1783500000"
    mac = Keys(b"another desk's secret").sign(f"loop:{stamp}")
    return answering(
        name,
        "[T-{count}] {subject}",
        f"Auto-Submitted: auto-replied\nX-Gateway-Loop: {stamp}.{mac}\n",
    )


ROBOTS: Final = (
    remembering("vacation"),
    answering("forgetful", "Away: {subject}", "Auto-Submitted: auto-replied\n"),
    answering(
        "exchange",
        "Automatic reply: {subject}",
        "X-Auto-Response-Suppress: All\nPrecedence: bulk\n",
    ),
    answering("desk-with", "[#{count}] {subject}", "Auto-Submitted: auto-replied\n"),
    answering("desk-without", "[#{count}] {subject}"),
    answering("restless", "Your case {count}", threaded=False),
    wandering("wandering"),
    reflecting("list", b"List-Id: <all.list.example>\r\n"),
    reflecting("forwarder", b"Received: from forwarder.example by desk.example\r\n"),
    bouncing("bouncing"),
    answering("challenge", "Please prove that you are human ({count})", threaded=False),
    sister("sister"),
    answering("sms", "", threaded=False),
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def reader() -> AsyncIterator[Reader]:
    reader = Reader()
    yield reader
    await reader.close()


class Day:
    """One robot and one desk, by the clock."""

    def __init__(self, stage: Stage, robot: Robot) -> None:
        self._stage = stage
        self._robot = robot
        self._numbers = itertools.count(1)
        self._waiting: list[tuple[datetime, int, bytes, bool]] = []
        self._seen = 0

    def expect(self, at: datetime, content: bytes, *, null_path: bool = False) -> None:
        """A mail of the robot's will arrive."""
        heapq.heappush(self._waiting, (at, next(self._numbers), content, null_path))

    async def live(self) -> int:
        """Let the day pass; returns how many mails came in."""
        robot, came_in = self._robot, 0
        for half_hour in range(48):
            at = NOW + timedelta(minutes=30 * half_hour)
            number = f"Message-ID: <o{half_hour}@{robot.name}.example>\n"
            self.expect(at, words(robot.address, DESK, f"Job {half_hour}", fields=number))
        while self._waiting and self._waiting[0][0] < NOW + DAY:
            at, _, content, null_path = heapq.heappop(self._waiting)
            self._stage.clock.at = at
            reverse_path = "" if null_path else robot.address
            await self._stage.receive(content, at, reverse_path=reverse_path, forward_paths=(DESK,))
            await self._stage.send()
            came_in += 1
            self._answer(at)
        return came_in

    def _answer(self, at: datetime) -> None:
        taken = self._stage.smarthost.taken
        new, self._seen = taken[self._seen :], len(taken)
        for letter in new:
            if not letter.recipient.endswith(f"@{self._robot.name}.example"):
                continue
            answer = self._robot.answer(letter.mail, letter, next(self._numbers))
            if answer is not None:
                self.expect(at + DELAY, answer, null_path=self._robot.null_path)


def sent_to_robots(connection: Connection) -> list[tuple[str, str, int | None]]:
    found = connection.execute(
        select(outbox.c.event, outbox.c.recipient, outbox.c.ticket).where(
            outbox.c.audience == "customer", outbox.c.state == "sent"
        )
    )
    return [(row.event, row.recipient, row.ticket) for row in found]


@pytest.mark.slow
@pytest.mark.parametrize("robot", ROBOTS, ids=lambda robot: robot.name)
async def test_a_day_with_a_robot_stays_quiet(
    robot: Robot, tmp_path: Path, database_url: str, reader: Reader
) -> None:
    stage = Stage(tmp_path, database_url, META, {}, NOW, reader)
    await stage.open()
    try:
        came_in = await Day(stage, robot).live()
        sent = stage.query(sent_to_robots)
        kept = stage.query(lambda c: len(c.execute(select(mails.c.queue_id)).all()))
    finally:
        await stage.close()

    assert came_in == kept >= 48
    assert max(Counter((to, ticket) for _, to, ticket in sent).values()) <= PER_TICKET
    assert max(Counter(event for event, _, _ in sent).values()) == 1
    assert len(sent) <= PER_ADDRESS
    assert len(sent) <= came_in
