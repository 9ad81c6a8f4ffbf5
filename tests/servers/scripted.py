"""An SMTP server that answers each step as it was told to: wrongly, in pieces, or not at all."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field

HANG = None
"""Say nothing, and keep the connection."""
CLOSE = b""
"""Close without a word."""
USUAL = {
    "greeting": b"220 double ESMTP\r\n",
    "EHLO": b"250-double\r\n250 SIZE 1000000\r\n",
    "HELO": b"250 double\r\n",
    "STARTTLS": b"502 No\r\n",
    "AUTH": b"235 OK\r\n",
    "MAIL": b"250 OK\r\n",
    "RCPT": b"250 OK\r\n",
    "DATA": b"354 Go ahead\r\n",
    ".": b"250 OK\r\n",
    "RSET": b"250 OK\r\n",
    "QUIT": b"221 Bye\r\n",
}


@dataclass
class Scripted:
    """What it says by step, what it took, and how often somebody came."""

    replies: dict[str, bytes | None] = field(default_factory=lambda: dict(USUAL))
    port: int = 0
    octet_by_octet: bool = False
    taken: list[bytes] = field(default_factory=list)
    commands: list[str] = field(default_factory=list)
    visits: int = 0
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        self.visits += 1
        self._writers.append(writer)
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            if await self._say("greeting", writer):
                while line := await reader.readline():
                    self.commands.append(line.decode("utf-8").rstrip())
                    if not await self._obey(line.split()[0].decode().upper(), reader, writer):
                        break
        writer.close()

    async def _obey(
        self, verb: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        goes_on = await self._say(verb, writer)
        if verb == "DATA" and (self.replies["DATA"] or b"").startswith(b"354"):
            content = await reader.readuntil(b"\r\n.\r\n")
            goes_on = await self._say(".", writer)
            # What the client thinks of it is for the test to see.
            self.taken.append(content[: -len(b".\r\n")])
        return goes_on and verb != "QUIT"

    async def _say(self, step: str, writer: asyncio.StreamWriter) -> bool:
        reply = self.replies[step]
        if reply is HANG:
            return True
        for piece in [bytes([octet]) for octet in reply] if self.octet_by_octet else [reply]:
            writer.write(piece)
            await writer.drain()
        return reply != CLOSE

    def drop(self) -> None:
        """End all connections."""
        for writer in self._writers:
            writer.close()


@contextlib.asynccontextmanager
async def scripted(
    replies: Mapping[str, bytes | None] | None = None,
    *,
    tls: ssl.SSLContext | None = None,
    octet_by_octet: bool = False,
) -> AsyncIterator[Scripted]:
    """The server, for as long as it is needed."""
    made = Scripted({**USUAL, **(replies or {})}, octet_by_octet=octet_by_octet)
    server = await asyncio.start_server(made.serve, "127.0.0.1", 0, ssl=tls, limit=2**20)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        made.drop()
        server.close()
        await server.wait_closed()
