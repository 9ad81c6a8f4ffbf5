"""A door to knock at, and a client that says byte by byte what it is told to."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from gateway import journal
from gateway.spool import Spool
from gateway.wire.door import Door
from gateway.wire.listen import Listener, open_door
from gateway.wire.reception import Reception, Standing
from gateway.wire.rules import Rules

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)
PATIENCE_SECONDS = 10
TO_US = b"RCPT TO:<support@desk.example>\r\n"
FROM_ANN = b"MAIL FROM:<ann@acme.example>\r\n"


def standing(address: str) -> Standing:
    """A desk with every address of its domain but those that begin with `forged` or `nobody`."""
    if not address.endswith("@desk.example"):
        return "foreign"
    if address.startswith("nobody"):
        return "unknown"
    return "forged" if address.startswith("forged") else "ours"


class Talk:
    """One conversation, as the client."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    async def hear(self) -> str:
        """One reply, the last line of a multiline one; empty where the line was closed."""
        return (await self.hear_all())[-1]

    async def hear_all(self) -> list[str]:
        """All lines of one reply."""
        lines = []
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                lines.append((await self.reader.readline()).decode().rstrip("\r\n"))
                if lines[-1][3:4] != "-":
                    return lines

    async def say(self, data: bytes) -> str:
        """Send bytes and hear one reply."""
        self.send(data)
        return await self.hear()

    def send(self, data: bytes) -> None:
        """Send bytes and listen to nothing."""
        self.writer.write(data)

    async def hello(self, greeting: bytes = b"EHLO client.example\r\n") -> list[str]:
        """Up to the answer to EHLO; returns what is announced."""
        await self.hear()
        self.send(greeting)
        return [line[4:] for line in await self.hear_all()]

    async def begin(self, *recipients: bytes, greeting: bytes = b"EHLO client.example\r\n") -> None:
        """Up to the invitation to send data."""
        await self.hello(greeting)
        await self.say(FROM_ANN)
        for one in recipients or (TO_US,):
            await self.say(one)
        assert (await self.say(b"DATA\r\n")).startswith("354")

    async def rest(self) -> bytes:
        """Everything that still comes until the line is closed."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            with contextlib.suppress(ConnectionError):
                return await self.reader.read()
        return b""

    async def secure(self, context: ssl.SSLContext, name: str = "localhost") -> None:
        """The client's half of STARTTLS."""
        await self.writer.start_tls(context, server_hostname=name)

    def close(self) -> None:
        """Hang up."""
        self.writer.close()


@dataclass
class Hall:
    """A door that is open, its spool, and all who talk at it."""

    listener: Listener
    spool: Spool
    events: list[dict[str, Any]] = field(default_factory=list)
    talks: list[Talk] = field(default_factory=list)
    news: asyncio.Event = field(default_factory=asyncio.Event)
    """Set by every event of the diary."""

    @property
    def reception(self) -> Reception:
        """What the door shares with other doors."""
        return self.listener.door.reception

    @property
    def port(self) -> int:
        """Of a TCP door."""
        return int(self.listener.address.rpartition(":")[2])

    async def knock(self, **options: Any) -> Talk:
        """A new connection."""
        address = self.listener.address
        if address.startswith("unix:"):
            streams = await asyncio.open_unix_connection(address.removeprefix("unix:"), **options)
        else:
            streams = await asyncio.open_connection("127.0.0.1", self.port, **options)
        self.talks.append(Talk(*streams))
        return self.talks[-1]

    def hear(self, event: str, fields: Mapping[str, Any]) -> None:
        """An event of the diary."""
        self.events.append({"event": event, **fields})
        self.news.set()

    async def heard(self, event: str, count: int, seconds: float) -> None:
        """Wait until the diary has an event so often."""
        async with asyncio.timeout(seconds):
            while len(self.told(event)) < count:
                self.news.clear()
                await self.news.wait()

    async def emptied(self) -> None:
        """Wait until everybody has gone."""
        while self.listener.door.guests:  # noqa: ASYNC110 - nobody rings when a guest leaves
            await asyncio.sleep(0)

    def kept(self) -> list[bytes]:
        """The mails in the spool."""
        return [one.raw for _, one in self.spool.take(100)]

    def told(self, event: str) -> list[dict[str, Any]]:
        """What the diary says of an event."""
        return [one for one in self.events if one["event"] == event]


@contextlib.asynccontextmanager
async def hall(
    folder: Path,
    rules: Rules | None = None,
    *,
    spool: Callable[[Path], Spool] = Spool,
    address: str = "127.0.0.1:0",
    **door: Any,
) -> AsyncIterator[Hall]:
    """An open door for as long as it is needed; `door` are fields of `Door`."""
    made_spool = spool(folder / "spool.db")
    reception = Reception(made_spool, standing, lambda: AT, rules or Rules(hostname="desk.example"))
    listener = await open_door(Door(reception, **door), address)
    made = Hall(listener, made_spool)
    leave = journal.follow(made.hear)
    try:
        yield made
    finally:
        for talk in made.talks:
            talk.close()
        await listener.close()
        leave()
        made_spool.close()
