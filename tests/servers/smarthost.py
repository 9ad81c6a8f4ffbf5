"""An SMTP double that speaks the protocol: takes letters, or answers as it was told to."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP


@dataclass(frozen=True)
class Taken:
    """One letter as it came over the wire."""

    reverse_path: str
    recipient: str
    content: bytes

    @property
    def mail(self) -> EmailMessage:
        """Parsed strictly: a defect raises."""
        return message_from_bytes(self.content, policy=policy.SMTP.clone(raise_on_defect=True))

    @property
    def event(self) -> str:
        """Which letter it is."""
        return str(self.mail["X-Ticket-Event"])

    @property
    def text(self) -> str:
        """Its plain-text part."""
        part = self.mail.get_body(("plain",))
        return str(part.get_content()) if part else ""


class _Handler:
    def __init__(self, double: "Smarthost") -> None:
        self._double = double

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks hooks up by name
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if answer := self._double.at_rcpt(address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        if answer := self._double.at_data(envelope.rcpt_tos):
            return answer
        for recipient in envelope.rcpt_tos:
            self._double.taken.append(
                Taken(envelope.mail_from or "", recipient, envelope.original_content)
            )
        self._double.arrived.set()
        return "250 OK"


class _Session(SMTP):
    """One connection; one that came about while the double went down ends at once."""

    def __init__(self, double: "Smarthost", loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(_Handler(double), hostname="double", loop=loop, data_size_limit=None)
        self._double = double

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        if not self._double.is_up:
            transport.close()


@dataclass
class Smarthost:
    """The double; `taken` is what it accepted."""

    taken: list[Taken] = field(default_factory=list)
    at_rcpt: Callable[[str], str] = lambda _: ""
    """Reply to a recipient, or empty to accept."""
    at_data: Callable[[list[str]], str] = lambda _: ""
    """Reply after the data, or empty to accept."""
    port: int = 0
    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _server: asyncio.Server | None = None
    _sessions: list[SMTP] = field(default_factory=list)

    @property
    def is_up(self) -> bool:
        """Whether it listens."""
        return self._server is not None

    def _session(self, loop: asyncio.AbstractEventLoop) -> SMTP:
        session = _Session(self, loop)
        self._sessions.append(session)
        return session

    def drop_connections(self) -> None:
        """End every connection without a word."""
        for session in self._sessions:
            if session.transport is not None:
                session.transport.close()
        self._sessions.clear()

    async def up(self) -> None:
        """Listen; after the first time on the same port again."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: self._session(loop),
            "127.0.0.1",
            self.port,
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Stop listening; connections that are kept break."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.drop_connections()

    @property
    def url(self) -> str:
        """As `smarthost.url` names it."""
        return f"smtp+plain://127.0.0.1:{self.port}"
