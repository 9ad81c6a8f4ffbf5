"""The stage of `gateway demo`: the daemon's own parts, moved by a clock that jumps.

The same listener, spool, reader, intake, rounds and couriers as in `gateway run`: every mail of the
story comes by SMTP on loopback. Only nobody waits: between two scenes every step that is due
happens at its own time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import TypeVar

import aiosmtplib
from sqlalchemy import Connection

from gateway.cli.demo_story import ANN, NAMES, SUPPORT, Scene
from gateway.daemon import carriers, plan_of
from gateway.settings.doors import doorways
from gateway.settings.load import Settings
from gateway.store import timers
from gateway.store.listing import Sent, Story, sent_since, stories
from gateway.store.transaction import run_once
from gateway.store.upgrade import upgrade
from gateway.wire.listen import Listener
from gateway.work.assembly import Parts, standings

DAY = timedelta(days=1)
DOOR_SECONDS = 2.0


Result = TypeVar("Result")


class StoryClock:
    """Says what the story tells it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        """The story's now (UTC)."""
        return self.at


@dataclass(frozen=True, slots=True)
class Letter:
    """A letter that left."""

    at: datetime
    sent: Sent
    mail: EmailMessage

    @property
    def subject(self) -> str:
        """Its subject."""
        return str(self.mail["Subject"])

    @property
    def text(self) -> str:
        """Its plain-text part."""
        part = self.mail.get_body(("plain",))
        return str(part.get_content()) if part else ""


@dataclass(frozen=True, slots=True)
class Played:
    """What happened while time passed, then what followed from the scene's mail."""

    meanwhile: list[Letter]
    letters: list[Letter]
    story: Story | None


class Stage:
    """One desk and its story so far."""

    def __init__(self, settings: Settings, monday: date) -> None:
        self._settings = settings
        self.calendar = settings.policy.calendar
        self._monday = monday
        self.clock = StoryClock(self.calendar.instant_of(datetime.combine(monday, time(9))))
        plan = plan_of(settings)
        self._parts = Parts(plan, self.clock, carriers(settings))
        standing = standings(plan.policy, plan.keys)
        self._doorway, *_ = doorways(settings, self._parts.spool, standing, self.clock)
        self._door: Listener | None = None
        upgrade(self._parts.engine)
        self._number = 0
        self._seen = 0
        self._letters: list[Letter] = []

    async def close(self) -> None:
        """End the desk; what is in its folder stays."""
        if self._door is not None:
            await self._door.close(DOOR_SECONDS)
        await self._parts.reader.close()
        await self._parts.close()

    async def play(self, scene: Scene) -> Played:
        """Let time pass until the scene, play it, and return what followed."""
        at = self.at(scene)
        meanwhile = await self._pass_time(at)
        if not scene.writer:
            return Played(meanwhile, [], None)
        queue_id = await self._receive(scene)
        await self._parts.intake.take_waiting()
        (story,) = self._look(lambda c: stories(c, queue_id))
        return Played(meanwhile, await self._send(), story)

    def at(self, scene: Scene) -> datetime:
        """When a scene happens."""
        wall = datetime.combine(self._monday + scene.day * DAY, time.fromisoformat(scene.time))
        return self.calendar.instant_of(wall)

    async def _pass_time(self, until_at: datetime) -> list[Letter]:
        """Every step that is due meanwhile, at its own time."""
        letters: list[Letter] = []
        while True:
            due_at = self._look(timers.next_at)
            if due_at is None or due_at > until_at:
                break
            self.clock.at = max(due_at, self.clock.at)
            if not await self._parts.rounds.make_round():
                break
            letters += await self._send()
        self.clock.at = until_at
        return letters

    async def _receive(self, scene: Scene) -> str:
        """Hand the mail over by SMTP, as any mail server would; returns its queue id."""
        self._number += 1
        found = self._answered(scene) if scene.answers else None
        to = str(found.mail["Reply-To"]) if found else SUPPORT
        subject = scene.subject or f"Re: {found.mail['Subject'] if found else ''}"
        domain = scene.writer.partition("@")[2]
        head = [
            f"From: {NAMES[scene.writer]} <{scene.writer}>",
            f"To: {to}",
            f"Subject: {subject}",
            f"Message-ID: <demo-{self._number}@{domain}>",
            "Content-Type: text/plain; charset=utf-8",
        ]
        if found:
            answered = found.mail["Message-ID"]
            head += [f"In-Reply-To: {answered}", f"References: {answered}"]
        raw = "\r\n".join([*head, "", *scene.text.split("\n"), ""]).encode()
        self._door = self._door or await self._doorway.open()
        host, _, port = self._door.address.rpartition(":")
        async with aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False) as client:
            await client.sendmail(scene.writer, [to], raw)
        ((_, spooled),) = self._parts.spool.take(1)
        return spooled.envelope.queue_id

    def _answered(self, scene: Scene) -> Letter:
        """The last letter of the kind to the writer, or to a list that the writer reads."""
        is_customer = scene.writer == ANN
        for letter in reversed(self._letters):
            mine = (letter.sent.recipient == ANN) == is_customer
            if mine and letter.sent.letter == scene.answers and scene.about in letter.subject:
                return letter
        raise LookupError(f"the story has no letter {scene.answers} about {scene.about!r}")

    async def _send(self) -> list[Letter]:
        """The couriers carry what waits; returns what left."""
        for courier in self._parts.couriers:
            await courier.carry_waiting()
        found = self._look(lambda c: sent_since(c, self._seen))
        letters = [
            Letter(self.clock.at, one, message_from_bytes(one.content, policy=policy.default))
            for one in found
        ]
        self._seen = max((one.id for one in found), default=self._seen)
        self._letters += letters
        return letters

    def _look(self, step: Callable[[Connection], Result]) -> Result:
        return run_once(self._parts.engine, step)
