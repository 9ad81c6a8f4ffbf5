"""A desk on which a test states what is there, and then lets people write to each other."""

from datetime import datetime, timedelta
from typing import Any

from acting.expect import folded
from acting.given import write_given
from acting.stage import NOW, Stage
from gateway.desk.model import Account, Ticket
from gateway.desk.token import Purpose
from gateway.store.desk_rows import load_account, load_tickets

ANN, BOB = "ann@acme.example", "bob@acme.example"
EVA, LEE, MIA = "eva@desk.example", "lee@desk.example", "mia@desk.example"
INBOX = "support@desk.example"
PASS = "Authentication-Results: mx.desk.example; dmarc=pass header.from={domain}"

Told = list[tuple[str, str]]
"""Letters: which, to whom."""


class Room:
    """One desk; every mail is checked to leave no invariant broken."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def given(self, *tickets: dict[str, Any], **account: int) -> None:
        """Write tickets and the account `acme`, with 40 credits unless stated."""
        credit = {"id": "acme", "balance": 40, "held": 0, **account}
        now = self.stage.clock.at.isoformat()
        write_given(self.stage, {"now": now, "account": credit, "tickets": list(tickets)})

    async def write(self, who: str, text: str, *, ticket: int = 1001) -> Told:
        """Somebody replies to a letter of a ticket."""
        purpose = Purpose.REPLY if who in (ANN, BOB) else Purpose.STAFF
        return await self.mail(who, self.address(purpose, str(ticket), who), "Re: x", text)

    async def mail(
        self, who: str, to: str, subject: str, text: str, *, passed: bool = False
    ) -> Told:
        """Somebody writes; returns the letters that follow."""
        before = len(self.stage.smarthost.taken)
        proof = [PASS.format(domain=who.partition("@")[2])] if passed else []
        lines = [*proof, f"From: {who}", f"To: {to}", f"Subject: {subject}", "", text, ""]
        raw = "\r\n".join(line.replace("\n", "\r\n") for line in lines).encode()
        now = self.stage.clock.at
        await self.stage.receive(raw, now, reverse_path=who, forward_paths=(to,))
        await self.stage.send()
        assert self.stage.parts.spool.counts().waiting == 0, "the mail was not taken in"
        assert self.stage.flaws() == []
        return [(one.event, one.recipient) for one in self.stage.smarthost.taken[before:]]

    async def ring(self, at: datetime | timedelta) -> Told:
        """Time passes, to an instant or since noon; returns what the round sent."""
        before = len(self.stage.smarthost.taken)
        self.stage.clock.at = NOW + at if isinstance(at, timedelta) else at
        await self.stage.ring()
        await self.stage.send()
        return [(one.event, one.recipient) for one in self.stage.smarthost.taken[before:]]

    def address(self, purpose: Purpose, subject: str, who: str) -> str:
        """A reply address of the desk's."""
        plan = self.stage.parts.plan
        return plan.policy.addresses.reply_address(plan.keys.make(purpose, subject, who))

    def ticket(self, number: int = 1001) -> Ticket:
        """A ticket as the store has it."""
        found: dict[int, Ticket] = self.stage.query(lambda c: load_tickets(c, [number]))
        return found[number]

    def account(self) -> Account:
        """The account `acme`."""
        found: Account = self.stage.query(lambda c: load_account(c, "acme"))
        return found

    def text(self, event: str, to: str = "") -> str:
        """The last letter of a kind as a test compares it: plain spaces, small letters."""
        found = [
            one.text
            for one in self.stage.smarthost.taken
            if one.event == event and to in one.recipient
        ]
        return folded(found[-1])
