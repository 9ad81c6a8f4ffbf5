"""One desk on real parts in this process, whose clock only the test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from desks import change, write_desk
from sqlalchemy import Executable, Row, select
from typer.testing import CliRunner

from gateway.cli.app import app
from gateway.cli.operator import Operator
from gateway.daemon import carriers, plan_of
from gateway.mail.message import Envelope
from gateway.settings.load import load_settings
from gateway.spool import new_queue_id
from gateway.store.mail_tables import outbox
from gateway.work.assembly import Parts
from gateway.work.reader import Reader
from gateway.work.recount import prepare_timers


def utc(text: str) -> datetime:
    """`2026-07-08T08:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


class SmallDesk:
    """A desk that does one thing at a time."""

    def __init__(self, folder: Path, database_url: str, reader: Reader, at: str) -> None:
        self.path = write_desk(folder)
        change(self.path, "[database]\n", f'[database]\nurl = "{database_url}"\n')
        self.at = utc(at)
        self.parts: Parts
        self._reader = reader

    def open(self) -> None:
        """Read the settings and put the parts together."""
        settings = load_settings(self.path)
        settings.state_dir.mkdir(exist_ok=True)
        self.parts = Parts(plan_of(settings), lambda: self.at, carriers(settings), self._reader)

    async def close(self) -> None:
        """Let go of everything."""
        await self.parts.close()

    async def start_anew(self) -> int:
        """End and start with the settings as they are now; how many tickets moved."""
        await self.close()
        self.open()
        return await self.begin()

    async def begin(self) -> int:
        """What a daemon does before it serves; how many tickets moved."""
        return await prepare_timers(self.parts.transactions, self.parts.desk)

    def run(self, *words: str) -> None:
        """A command of the operator, at the desk's time."""
        line = [*words, "--config", str(self.path)]
        result = CliRunner().invoke(app, line, obj=Operator(lambda: self.at))
        assert result.exit_code == 0, result.output

    async def receive(self, sender: str, to: str, subject: str, text: str, at: str) -> None:
        """A mail comes in and is taken in."""
        self.at = utc(at)
        queue_id = new_queue_id(self.at)
        lines = (
            f"From: {sender}",
            f"To: {to}",
            f"Subject: {subject}",
            f"Message-ID: <{queue_id}@{sender.partition('@')[2]}>",
            "",
            text,
            "",
        )
        envelope = Envelope(
            queue_id=queue_id,
            received_at=self.at,
            reverse_path=sender,
            forward_paths=(to,),
            source="smtp",
        )
        await self.parts.spool.put(envelope, "\r\n".join(lines).encode())
        await self.parts.intake.take_waiting()

    async def ring(self, at: str) -> list[tuple[str, str]]:
        """A round at an instant: the letters that it wrote, with whom they go to."""
        before = len(self.letters())
        self.at = utc(at)
        await self.parts.rounds.make_round()
        return [(one["X-Ticket-Event"], one["To"]) for one in self.letters()[before:]]

    def letters(self) -> list[EmailMessage]:
        """Everything in the outbox, oldest first."""
        found = self.rows(select(outbox.c.content).order_by(outbox.c.id))
        return [message_from_bytes(row.content, policy=policy.SMTP) for row in found]

    def last(self, letter: str, to: str) -> EmailMessage:
        """The latest letter of a kind to somebody."""
        found = [
            one for one in self.letters() if (one["X-Ticket-Event"], one["To"]) == (letter, to)
        ]
        assert found, f"no {letter} to {to}"
        return found[-1]

    def rows(self, statement: Executable) -> list[Row[Any]]:
        """What the database says."""
        with self.parts.engine.connect() as connection:
            return list(connection.execute(statement).all())


def text_of(letter: EmailMessage) -> str:
    """The words of a letter, line breaks and all."""
    part = letter.get_body(("plain",))
    assert part is not None
    return str(part.get_content())


@asynccontextmanager
async def small_desk(
    folder: Path, database_url: str, reader: Reader, at: str
) -> AsyncIterator[SmallDesk]:
    """A desk that has begun, on a database with all tables."""
    desk = SmallDesk(folder, database_url, reader, at)
    desk.open()
    await desk.begin()
    try:
        yield desk
    finally:
        await desk.close()
