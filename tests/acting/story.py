"""Random stories of a desk: customers, strangers, robots and staff write, time passes.

After every step the whole book is proven, and what no step may do to a ticket is looked for. The
desk is a real one: spool, reading process, database, couriers and smarthost.
"""

import asyncio
import shutil
import tempfile
from collections.abc import Coroutine
from dataclasses import dataclass, field
from datetime import timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule
from servers.smarthost import Taken
from sqlalchemy import Connection, func, select

from acting.given import write_given
from acting.stage import NOW, Stage, people_of_the_cases
from gateway.desk.invariants import flaws_between
from gateway.desk.model import Ticket
from gateway.desk.token import Purpose
from gateway.store import rows
from gateway.store.desk_rows import load_tickets
from gateway.store.mail_tables import mails
from gateway.store.tables import entries, orders, tickets
from gateway.work.reader import Reader

Result = TypeVar("Result")
CUSTOMERS = ("ann@acme.example", "bob@acme.example", "kim@newco.example")
STRANGER = "stranger@else.example"
LEAD = "lee@desk.example"
STAFF = ("eva@desk.example", LEAD, "bill@desk.example")
SECRET = {"acme.example": "acmesecret", "newco.example": "newcosecret"}
"""A word that every text of a customer has in it, and no letter to another (invariant 40)."""

TAGS = ("", "[HotRush]", "[Agree]", "[Agree up to 10]", "[Ask first]", "[HotRush] [Agree]")
CUSTOMER_LINES = (
    "I confirm.",
    "confirm A1",
    "I confirm A2 for 20 credits",
    "confirm 5 credits",
    "decline",
    "hotrush off",
    "#hotrush on",
    "close this ticket",
    "reopen",
    "#agree up to 10",
    "#agree",
    "#ask first",
    "buy 25",
    "balance",
    "yes",
    "same topic",
    "new ticket: another logo",
    "I agree",
    "",
)
STAFF_LINES = (
    "#assess 1",
    "#assess 2 settings",
    "#assess 3",
    "#category 1",
    "#category 3 it was worse",
    "#free",
    "#bug software",
    "#not-hotrush other",
    "#not-hotrush sales",
    "#development",
    "#department support",
    "#department general",
    "#assign me",
    "#assign none",
    "#start",
    "#close",
    "#reopen",
    "#grant 40 goodwill",
    "#adjust -3 correction",
    "#adjust +12 correction",
    "#grant 0 nothing",
    "#grant 1.5 half",
    "#split",
    "#merge T-1001",
    "#nosplit",
    "#status",
    "",
)
USUAL_STEPS = (
    "Please clear the cache.",
    "hotrush off",
    "confirm\nhotrush off",
    "#assess 3\n#free",
    "#category 1",
    "#category 3",
    "confirm",
    "decline",
    "#close",
    "#reopen",
    "#bug software",
    "#not-hotrush other",
    "#free",
)
QUESTION = "The shop shows a blank page after the update of yesterday."


@dataclass
class World:
    """What outlives a single story: one event loop, one reading process."""

    database: Path
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    reader: Reader = field(default_factory=Reader)

    def close(self) -> None:
        """End the reading process and the loop."""
        self.runner.run(self.reader.close())
        self.runner.close()


class Story(RuleBasedStateMachine):
    """One story; its rules are what people do, its invariants those of policy 4.10."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="story-"))
        self.made = 0
        """Mails that people wrote; some come twice."""
        self.handed_over = 0
        self.last: tuple[bytes, str, str] | None = None
        self.tickets: dict[int, Ticket] = {}
        self.letters: list[tuple[str, EmailMessage]] = []

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Let the desk work."""
        return self.world.runner.run(work)

    @initialize(balance=st.sampled_from((0, 4, 12, 40, 200)))
    def a_desk(self, balance: int) -> None:
        """A fresh desk with one customer on file."""
        state = self.folder / "state"
        state.mkdir()
        shutil.copy(self.world.database, state / "gateway.db")
        url = f"sqlite:///{state / 'gateway.db'}"
        meta = people_of_the_cases()
        self.stage = Stage(self.folder, url, meta, {}, NOW, self.world.reader)
        self.run(self.stage.open())
        account = {"id": "acme", "balance": balance, "held": 0}
        write_given(self.stage, {"now": NOW.isoformat(), "account": account})

    def teardown(self) -> None:
        if hasattr(self, "stage"):
            self.run(self.stage.close())
        shutil.rmtree(self.folder)

    # What people do

    @rule(
        who=st.sampled_from(CUSTOMERS),
        tag=st.sampled_from(TAGS),
        inbox=st.sampled_from(("support", "support", "support", "sales", "development")),
    )
    def somebody_asks(self, who: str, tag: str, inbox: str) -> None:
        self.deliver(who, f"{inbox}@desk.example", f"{tag} Blank page", QUESTION)

    @rule(
        who=st.sampled_from(CUSTOMERS),
        lines=st.lists(st.sampled_from(CUSTOMER_LINES), min_size=1, max_size=2),
        text=st.sampled_from(("", "Thank you!", QUESTION)),
        which=st.integers(0, 30),
    )
    def a_customer_answers(self, who: str, lines: list[str], text: str, which: int) -> None:
        letters = self.letters_to(who)
        if letters:
            self.answer(letters[which % len(letters)], who, "\n".join(lines), text)

    @rule(
        who=st.sampled_from(STAFF),
        which=st.integers(0, 30),
        lines=st.lists(st.sampled_from(STAFF_LINES), min_size=1, max_size=2),
        text=st.sampled_from(("", "Please clear the cache.", "#close")),
    )
    def staff_acts(self, lines: list[str], text: str, who: str, which: int) -> None:
        if self.tickets:
            number = sorted(self.tickets)[which % len(self.tickets)]
            address = self.reply_address(Purpose.STAFF, str(number), who)
            self.deliver(who, address, "Re: ticket", "\n".join((*lines, text)))

    @rule(
        tag=st.sampled_from(("", "[HotRush]", "[HotRush] [Agree]")),
        steps=st.lists(st.sampled_from(USUAL_STEPS), min_size=2, max_size=4),
    )
    def the_usual_happens(self, tag: str, steps: list[str]) -> None:
        """What most tickets see, so that stories get far enough to be interesting."""
        who = CUSTOMERS[0]
        self.deliver(who, "support@desk.example", f"{tag} Blank page", QUESTION)
        number = max(self.stage.query(_all_tickets))
        for step in ("#assess 2", "confirm", *steps):
            staff = step.startswith(("#", "Please"))
            purpose, writer = (Purpose.STAFF, LEAD) if staff else (Purpose.REPLY, who)
            self.deliver(writer, self.reply_address(purpose, str(number), writer), "Re", step)
            self.no_ticket_does_what_it_may_not()
            self.the_book_adds_up()

    @rule()
    def billing_is_paid(self) -> None:
        number = self.stage.query(lambda c: c.execute(select(func.max(orders.c.number))).scalar())
        if number:
            who = "bill@desk.example"
            address = self.reply_address(Purpose.ORDER, str(number), who)
            self.deliver(who, address, "Re: order", f"#paid P-{number}")

    @rule(hours=st.sampled_from((1, 3, 26, 24 * 6, 24 * 15)))
    def time_passes(self, hours: int) -> None:
        balances = self.balances()
        self.stage.clock.at += timedelta(hours=hours)
        self.run(self.stage.ring())
        self.run(self.stage.send())
        assert self.balances() == balances, "time alone moved a balance (12)"

    # What must have no effect on the book

    @rule(line=st.sampled_from(CUSTOMER_LINES[:8]), which=st.integers(0, 30))
    def a_stranger_answers(self, line: str, which: int) -> None:
        letters = [one for who in CUSTOMERS[:2] for one in self.letters_to(who)]
        if letters:
            before = self.book()
            self.answer(letters[which % len(letters)], STRANGER, line, "")
            assert self.book() == before, "a stranger moved the book (24)"

    @rule(
        who=st.sampled_from(CUSTOMERS),
        line=st.sampled_from(CUSTOMER_LINES[:8]),
        which=st.integers(0, 30),
    )
    def a_robot_answers(self, who: str, line: str, which: int) -> None:
        letters = self.letters_to(who)
        if letters:
            before, sent = self.book(), self.sent_to(who)
            self.answer(
                letters[which % len(letters)], who, line, "", "Auto-Submitted: auto-replied"
            )
            assert self.book() == before, "an automatic mail moved the book (24)"
            assert self.sent_to(who) == sent, "an automatic mail was answered (35)"

    @rule(who=st.sampled_from(CUSTOMERS), line=st.sampled_from(CUSTOMER_LINES[:8]))
    def a_customer_quotes(self, who: str, line: str) -> None:
        letters = self.letters_to(who)
        if letters:
            before = self.book()
            quoted = f"On Monday, you wrote:\n> {line}\n"
            self.answer(letters[-1], who, f"I have a look at it and write tomorrow.\n\n{quoted}")
            assert self.book() == before, "quoted text moved the book (24)"

    @rule()
    def the_last_mail_comes_again(self) -> None:
        if self.last is not None:
            before, sent = self.book(), len(self.stage.smarthost.taken)
            self.hand_over(*self.last)
            assert self.book() == before, "a mail counted twice (11)"
            assert len(self.stage.smarthost.taken) == sent, "a mail was answered twice (11)"

    # What holds after every step

    @invariant()
    def no_ticket_does_what_it_may_not(self) -> None:
        if not hasattr(self, "stage"):
            return
        after = self.stage.query(_all_tickets)
        policy = self.stage.settings.policy
        found = [
            flaw
            for number, before in self.tickets.items()
            for flaw in flaws_between(policy, before, after[number])
        ]
        self.tickets = after
        assert not found

    @invariant()
    def the_book_adds_up(self) -> None:
        if hasattr(self, "stage"):
            assert self.stage.flaws() == []

    @invariant()
    def every_mail_has_one_outcome(self) -> None:
        if hasattr(self, "stage"):
            count = self.stage.query(
                lambda c: c.execute(select(func.count()).select_from(mails)).scalar_one()
            )
            waiting = self.stage.parts.spool.counts()
            assert (count, waiting.waiting, waiting.parked) == (self.handed_over, 0, 0)

    @invariant()
    def every_letter_leads_back_and_tells_no_secret(self) -> None:
        while hasattr(self, "stage") and len(self.letters) < len(self.stage.smarthost.taken):
            self.read_letter(self.stage.smarthost.taken[len(self.letters)])

    def read_letter(self, taken: Taken) -> None:
        """Look at one new letter."""
        mail = taken.mail
        self.letters.append((taken.recipient, mail))
        label, answer = mail["X-Ticket-ID"], str(mail["Reply-To"] or "")
        if label:
            plan = self.stage.parts.plan
            name = plan.policy.addresses.token_of(answer.strip("<>"))
            token = plan.keys.read(name or "")
            assert token is not None
            assert f"T-{token.ticket}" == label
        domain = taken.recipient.rpartition("@")[2]
        if domain in SECRET:
            others = {word for place, word in SECRET.items() if place != domain}
            assert not [word for word in others if word in taken.text]

    # How it is done

    def deliver(self, who: str, to: str, subject: str, text: str, *fields: str) -> None:
        """A mail with a good verdict of our own server comes in."""
        domain = who.rpartition("@")[2]
        self.made += 1
        lines = (
            f"Authentication-Results: mx.desk.example; dmarc=pass header.from={domain}",
            f"From: {who}",
            f"To: {to}",
            f"Subject: {subject}",
            f"Message-ID: <m{self.made}@{domain}>",
            *fields,
            "",
            *text.split("\n"),
            SECRET.get(domain, "") if QUESTION in text else "",
            "",
        )
        self.hand_over("\r\n".join(lines).encode(), who, to)

    def hand_over(self, raw: bytes, who: str, to: str) -> None:
        """The same bytes may come again."""
        self.last = (raw, who, to)
        self.handed_over += 1
        self.stage.clock.at += timedelta(minutes=1)
        self.run(
            self.stage.receive(raw, self.stage.clock.at, reverse_path=who, forward_paths=(to,))
        )
        self.run(self.stage.send())

    def answer(self, mail: EmailMessage, who: str, line: str, text: str = "", *fields: str) -> None:
        """A reply to a letter, as a mail client makes it."""
        named = (f"In-Reply-To: {mail['Message-ID']}", f"References: {mail['Message-ID']}")
        to = str(mail["Reply-To"]).strip("<>")
        self.deliver(who, to, f"Re: {mail['Subject']}", f"{line}\n\n{text}", *named, *fields)

    def letters_to(self, who: str) -> list[EmailMessage]:
        """What somebody got from the desk and can answer."""
        return [mail for to, mail in self.letters if to == who and mail["Reply-To"]]

    def sent_to(self, who: str) -> int:
        """How many letters somebody got."""
        return sum(one.recipient == who for one in self.stage.smarthost.taken)

    def reply_address(self, purpose: Purpose, subject: str, who: str) -> str:
        """Where somebody answers."""
        plan = self.stage.parts.plan
        return plan.policy.addresses.reply_address(plan.keys.make(purpose, subject, who))

    def book(self) -> list[Any]:
        """Every entry."""
        return self.stage.query(
            lambda c: [rows.entry_of(row) for row in c.execute(select(entries))]
        )

    def balances(self) -> dict[str, int]:
        """What every account has."""
        found: dict[str, int] = {}
        for entry in self.book():
            found[entry.account] = found.get(entry.account, 0) + entry.amount
        return found


def _all_tickets(connection: Connection) -> dict[int, Ticket]:
    return load_tickets(connection, connection.execute(select(tickets.c.number)).scalars().all())
