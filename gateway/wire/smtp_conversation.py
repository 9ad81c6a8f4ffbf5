"""One connection to a door: octets become commands and message data, replies go out, time runs.

Commands are carried out by aiosmtpd; reading them, reading message data and keeping time is ours.
The library reads data line by line, which costs most of the time of a mail, lets stray CR and LF
through, and has no limit but an idle timer that NOOP winds up for ever (attacks A40 to A51).
"""

import asyncio
from typing import Any, Final

from aiosmtpd.smtp import SMTP, TLSSetupException

from gateway import journal
from gateway.wire import smtp_reply
from gateway.wire.door import Door
from gateway.wire.patience import Patience
from gateway.wire.rules import Rules
from gateway.wire.smtp_data import NO_ROOM_NOW, TOO_LARGE, Content, Fault
from gateway.wire.smtp_library import UNWOUND, Mishap, as_claimed

JUNK_MAX: Final = 100
"""Commands in a row without a mail taken (attack A45)."""
BARE_LINES_MAX: Final = 3
LINE_MAX: Final = 2048
LINGER_SECONDS: Final = 2.0
"""How long a connection that is over may take to close."""
PATIENT: Final = ("NOOP", "EHLO", "LHLO", "STARTTLS", "QUIT")
"""What may be said before STARTTLS where TLS is a must (RFC 3207 section 4)."""
JUDGES_PATHS: Final = ("MAIL", "RCPT")
"""Say themselves what is wrong with an argument; control characters stand in no path."""
AWAITED: Final = (b"22", b"33", b"35", b"42")
"""Replies that the peer waits for before it says anything more."""


class Conversation(SMTP):
    """One connection: aiosmtpd's commands, our reading and our limits."""

    line_length_limit = LINE_MAX
    greeting = "ESMTP"
    # Always there once a peer is: aiosmtpd declares what it has before.
    session: Any
    envelope: Any
    transport: Any
    _original_transport: Any
    _reader: Any

    def __init__(self, door: Door, peer: str, *, local: bool) -> None:
        rules = door.reception.rules
        loop = asyncio.get_running_loop()
        starttls = door.certificate is not None and not door.tls_at_once
        super().__init__(
            object(),
            hostname=rules.hostname,
            data_size_limit=rules.size_max,
            enable_SMTPUTF8=True,
            tls_context=door.certificate.context if door.certificate and starttls else None,
            auth_required=door.require_auth,
            auth_require_tls=not door.tls_at_once,
            authenticator=as_claimed,
            loop=loop,
        )
        self.door = door
        self.peer = peer
        self._is_local = local
        self._is_exempt = local or peer in door.reception.relays
        self._timeout_handle = UNWOUND
        self._patience = Patience(rules, loop.time())
        self._closes_at = 0.0
        self._held: list[bytes] = []
        self._junk = self._errors = self._bare = 0
        self._is_busy = self._is_deaf = self._is_over = False
        self._content: Content | None = None
        self._arrived: asyncio.Future[Fault | None] | None = None

    @property
    def rules(self) -> Rules:
        """What holds for everybody."""
        return self.door.reception.rules

    @property
    def is_secure(self) -> bool:
        """Whether the peer speaks TLS, or through a socket of this host."""
        return self.door.tls_at_once or self._tls_protocol is not None or self._is_local

    # The connection

    def connection_made(self, transport: Any) -> None:
        """A peer is there, or has just finished STARTTLS."""
        super().connection_made(transport)
        self.session.peer = self.peer
        self.door.guests.add(self)

    def connection_lost(self, error: Exception | None) -> None:
        """The peer has gone; a mail that was handed over goes its way."""
        self._leave()
        self._forget_content()
        super().connection_lost(error)

    def _leave(self) -> None:
        """Give our place back, once."""
        self._is_over = True
        if self in self.door.guests:
            self.door.guests.discard(self)
            self.door.reception.crowd.leave(self.peer)

    def leave_failed_handshake(self) -> None:
        """End where STARTTLS did: asyncio tells the end of a handshake to nobody else."""
        if self._original_transport is not None and self._original_transport.is_closing():
            self._leave()
            self._original_transport.abort()

    def eof_received(self) -> bool:
        """The peer says no more; commands it has sent before are still answered."""
        if self._content is not None or self._is_over:
            return False
        self._reader.feed_eof()
        return not (self.door.tls_at_once or self._tls_protocol is not None)

    def data_received(self, data: bytes) -> None:
        """Octets: message data while a mail is on its way, commands else."""
        if self._content is not None:
            data = self._feed(self._content, data)
        if data and not self._is_deaf:
            super().data_received(data)

    def _reset_timeout(self, duration: float | None = None) -> None:
        """What aiosmtpd calls where it would wind its timer up."""
        del duration
        self._patience.wind(self.loop.time())

    def overdue(self, now: float) -> str:
        """Why this connection's time is up, or empty. Never while a mail is being kept."""
        if self._is_over:
            if now > self._closes_at and self.transport is not None:
                self.transport.abort()
            return ""
        if self._is_busy:
            return ""
        octets = None if self._content is None else self._content.size
        return self._patience.lost(now, octets=octets, at_rest=self.is_at_rest())

    def is_at_rest(self) -> bool:
        """Whether no mail is on its way here."""
        return not (self._is_busy or (self.envelope is not None and self.envelope.mail_from))

    def dismiss(self, reply: str) -> None:
        """Say goodbye and close, without waiting for anything."""
        if self.transport is None or self._is_over:
            return
        self._is_over = self._is_deaf = True
        self._closes_at = self.loop.time() + LINGER_SECONDS
        self._held.append(reply.encode("ascii") + b"\r\n")
        self._write_held()
        self.transport.close()

    def hang_up(self, reply: str = "") -> None:
        """Close after what was said, and let the peer talk into the void until it has heard it.

        Closing while octets of the peer are unread would reset the connection, and our last words
        would be lost with it.
        """
        self._is_over = self._is_deaf = True
        self._closes_at = self.loop.time() + LINGER_SECONDS
        if self.transport is None:
            return
        if reply:
            self._held.append(reply.encode("ascii") + b"\r\n")
        self._write_held()
        if self.transport.can_write_eof():
            self.transport.write_eof()
            self.transport.resume_reading()
        else:
            self.transport.close()

    # Commands

    async def _handle_client(self) -> None:
        """The conversation, until one of both ends it."""
        try:
            await self._greet()
            while self.transport is not None and not self._is_over:
                line = await self._read_line()
                if line is not None:
                    await self._obey(line)
        except ConnectionError:
            self._writer.close()

    async def _greet(self) -> None:
        # Turns of the loop: what has come by then came before the greeting.
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        if self._reader._buffer:  # noqa: SLF001 - see _read_line
            self._refused("early talker")
            self.hang_up(smtp_reply.EARLY_TALKER)
            return
        self._held.append(f"220 {self.hostname} {self.greeting}\r\n".encode("ascii"))
        await self._flush()

    async def _read_line(self) -> bytes | None:
        """The next command line; held replies leave before we wait for it.

        The stream's buffer is a private name of asyncio, the same from 3.11 to 3.13 and used by
        aiosmtpd itself; a test holds it.
        """
        if b"\n" not in self._reader._buffer:  # noqa: SLF001 - see above
            await self._flush()
        if self.door.is_closing and self.is_at_rest():
            self.dismiss(smtp_reply.GOING_DOWN)
            return None
        try:
            line: bytes = await self._reader.readuntil(b"\n")
        except asyncio.LimitOverrunError:
            self._refused("long line")
            self.hang_up("500 5.5.2 Line too long")
        except asyncio.IncompleteReadError:
            self._is_over = True
            self._writer.close()
        else:
            return line
        return None

    async def _obey(self, line: bytes) -> None:
        """Carry out one command, or say why not."""
        verb, _, rest = line[:-2].partition(b" ")
        command = verb.upper().decode("ascii", "replace")
        has_nul = b"\x00" in line and command not in JUDGES_PATHS
        if not line.endswith(b"\r\n") or b"\r" in line[:-2] or has_nul:
            await self._object(line)
            return
        if self._is_too_much(command):
            return
        method = self._smtp_methods.get(command)
        if method is None:
            await self.push(smtp_reply.BAD_SYNTAX)
        elif self.rules.require_tls and not self.is_secure and command not in PATIENT:
            await self.push(smtp_reply.NEED_TLS)
        else:
            self._reset_timeout()
            await self._carry_out(method, rest.strip().decode("utf-8", "surrogateescape") or None)

    async def _carry_out(self, method: Any, argument: str | None) -> None:
        with Mishap() as mishap:
            await method(argument)
        if isinstance(mishap.error, TLSSetupException):
            self._refused("TLS handshake")
            self._is_over = True
            if self.transport is not None:
                self.transport.abort()
        elif mishap.error is not None:
            journal.fail("smtp_fault", error=type(mishap.error).__name__)
            await self.push(smtp_reply.OUR_FAULT)

    async def _object(self, line: bytes) -> None:
        """A line that two servers could read differently (attack A41), or a stray PROXY header."""
        self._bare += 1
        self._refused("bare line end")
        if self._bare >= BARE_LINES_MAX or line.startswith(b"\x00"):
            self.hang_up(smtp_reply.TOO_MANY_ERRORS)
        else:
            await self.push(smtp_reply.BAD_SYNTAX)

    def _is_too_much(self, command: str) -> bool:
        """Whether the peer has talked too long without bringing a mail (attacks A45, A54)."""
        if command == "PROXY":
            # Only listed peers may begin so, and theirs was read before.
            self._refused("forged PROXY header")
            self.hang_up(smtp_reply.TOO_MANY_ERRORS)
            return True
        if command not in ("RCPT", "DATA", "QUIT"):
            self._junk += 1
        if self._junk <= JUNK_MAX:
            return False
        journal.note("flood", source=self.door.protocol, peer=self.peer)
        self.hang_up(smtp_reply.FLOOD)
        return True

    def _refused(self, reason: str) -> None:
        journal.note("refused", reason=reason, source=self.door.protocol, peer=self.peer)

    # Replies

    async def push(self, status: str | bytes) -> None:
        """Reply. Where more commands are at hand, replies are held and sent together (RFC 2920)."""
        if self._is_over:
            return
        text = status.decode("ascii", "replace") if isinstance(status, bytes) else status
        reply = smtp_reply.generic(text).encode("ascii", "replace")
        if reply.startswith(b"5"):
            self._errors += 1
            if self._errors > self.rules.errors_max and not self._is_exempt:
                self._refused("errors")
                self.hang_up(smtp_reply.TOO_MANY_ERRORS)
                return
        if reply.startswith(b"421"):
            self.hang_up(text)
            return
        self._held.append(reply + b"\r\n")
        if reply.startswith(AWAITED):
            await self._flush()

    def _write_held(self) -> None:
        if self._held and self.transport is not None:
            self.transport.write(b"".join(self._held))
        self._held.clear()

    async def _flush(self) -> None:
        if self._held:
            self._write_held()
            await self._writer.drain()

    # Message data

    def _feed(self, content: Content, data: bytes) -> bytes:
        """More of a mail; what stands behind its end comes back."""
        reception = self.door.reception
        before = content.size
        rest = content.feed(data)
        reception.receiving += content.size - before
        if content.is_too_large:
            self._end_content(TOO_LARGE)
        elif content.is_whole:
            self._end_content(None)
        elif reception.is_overrun:
            self._end_content(NO_ROOM_NOW)
        return rest

    def _end_content(self, fault: Fault | None) -> None:
        self._content = None
        self._is_deaf = fault is not None
        if self._arrived is not None and not self._arrived.done():
            self._arrived.set_result(fault)

    def _forget_content(self) -> None:
        if self._content is not None:
            self.door.reception.receiving -= self._content.size
            self._content = None

    async def receive(self) -> tuple[Content, Fault | None]:
        """Message data up to its end, or up to what is wrong with it."""
        waiting = len(self._reader._buffer)  # noqa: SLF001 - see _read_line
        early = await self._reader.read(waiting) if waiting else b""
        content = self._content = Content(self.rules.size_max)
        self._arrived = self.loop.create_future()
        self._patience.begin_data(self.loop.time())
        await self.push(smtp_reply.GO_AHEAD)
        if early:
            self.data_received(early)
        return content, await self._arrived
