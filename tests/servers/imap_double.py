"""An IMAP double that misbehaves as told: for what a real server cannot be made to say."""

import asyncio
import re
import ssl
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

Answer = Callable[["Session", str, str], Awaitable[None] | None]
"""What to do for a command: writes to the session, given the tag and the arguments."""

CAPABILITIES = "IMAP4rev1 SASL-IR IDLE MOVE UIDPLUS AUTH=PLAIN AUTH=XOAUTH2"
GREETING = b"* OK double ready\r\n"
DATE = "08-Jul-2026 08:00:00 +0000"


@dataclass
class Session:
    """One connection of a client."""

    double: "ImapDouble"
    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter

    def say(self, text: str) -> None:
        """Write lines."""
        self.writer.write(text.replace("\n", "\r\n").encode() + b"\r\n")

    def send(self, octets: bytes) -> None:
        """Write bytes as they are."""
        self.writer.write(octets)

    def hang_up(self) -> None:
        """End the connection without a word."""
        self.writer.close()

    async def serve(self) -> None:
        """Answer commands until the client is gone."""
        self.send(self.double.greeting)
        with suppress(ConnectionError):
            while line := await self.reader.readline():
                text = line.decode().rstrip("\r\n")
                self.double.heard.append(text)
                tag, _, rest = text.partition(" ")
                if tag == "DONE":
                    self.say(f"{self.double.idle_tag} OK done")
                    continue
                name, _, arguments = rest.removeprefix("UID ").partition(" ")
                await self._answer(name.upper(), tag, arguments)
                await self.writer.drain()

    async def _answer(self, name: str, tag: str, arguments: str) -> None:
        told = self.double.answers.get(name)
        if told is None:
            usual(self, name, tag, arguments)
            return
        done = told(self, tag, arguments)
        if done is not None:
            await done


@dataclass
class ImapDouble:
    """The double: `mails` by UID, and `answers` that replace the usual ones by command."""

    mails: dict[int, bytes] = field(default_factory=dict)
    answers: dict[str, Answer] = field(default_factory=dict)
    greeting: bytes = GREETING
    uidvalidity: int = 1
    heard: list[str] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)
    idle_tag: str = ""
    port: int = 0
    idles: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None

    async def up(self, tls: ssl.SSLContext | None = None) -> None:
        """Listen; after the first time on the same port again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, ssl=tls)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Stop listening and end every connection."""
        if self._server is not None:
            self._server.close()
        for session in self.sessions:
            session.hang_up()
        await asyncio.sleep(0)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        session = Session(self, reader, writer)
        self.sessions.append(session)
        try:
            await session.serve()
        finally:
            self.sessions.remove(session)
            writer.close()

    def commands(self, name: str) -> list[str]:
        """The commands of a kind that were heard, without their tags."""
        told = [line.partition(" ")[2] for line in self.heard]
        return [one for one in told if one.removeprefix("UID ").startswith(name)]


def usual(session: Session, name: str, tag: str, arguments: str) -> None:
    """What a well-behaved server answers."""
    double = session.double
    match name:
        case "CAPABILITY":
            session.say(f"* CAPABILITY {CAPABILITIES}\n{tag} OK done")
        case "SELECT":
            session.say(
                f"* {len(double.mails)} EXISTS\n* OK [UIDVALIDITY {double.uidvalidity}] ok\n"
                f"* OK [PERMANENTFLAGS (\\Seen \\*)] ok\n{tag} OK [READ-WRITE] done"
            )
        case "SEARCH":
            session.say(f"* SEARCH {' '.join(map(str, _asked(double, arguments)))}\n{tag} OK done")
        case "FETCH":
            for uid in _asked(double, arguments):
                session.send(_fetched(double, uid, arguments))
            session.say(f"{tag} OK done")
        case "IDLE":
            double.idle_tag = tag
            session.say("+ idling")
            double.idles.set()
        case "MOVE":
            for uid in _asked(double, arguments):
                del double.mails[uid]
            session.say(f"{tag} OK done")
        case "LOGOUT":
            session.say(f"* BYE\n{tag} OK done")
        case _:
            session.say(f"{tag} OK done")


def _asked(double: ImapDouble, arguments: str) -> list[int]:
    """The mails of a sequence set, also behind the word UID."""
    found = re.search(r"[\d:,*]+", arguments)
    if arguments.startswith("ALL") or found is None:
        return sorted(double.mails)
    last = max(double.mails, default=0)
    asked: set[int] = set()
    for part in found[0].split(","):
        ends = [last if end == "*" else int(end) for end in part.split(":")]
        asked |= {uid for uid in double.mails if min(ends) <= uid <= max(ends)}
    return sorted(asked)


def _fetched(double: ImapDouble, uid: int, arguments: str) -> bytes:
    raw = double.mails[uid]
    if "BODY" not in arguments:
        return f'* 1 FETCH (UID {uid} RFC822.SIZE {len(raw)} INTERNALDATE "{DATE}")\r\n'.encode()
    piece = re.search(r"<(\d+)\.(\d+)>", arguments)
    where = ""
    if piece:
        begin = int(piece[1])
        raw, where = raw[begin : begin + int(piece[2])], f"<{begin}>"
    return f"* 1 FETCH (UID {uid} BODY[]{where} {{{len(raw)}}}\r\n".encode() + raw + b")\r\n"
