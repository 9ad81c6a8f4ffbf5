"""Take mail by SMTP (RFC 5321): decide at RCPT, keep the bytes, then say 250.

The command parser is aiosmtpd's; reading message data is ours. The library reads line by line,
which costs most of the time of a mail and lets stray CR and LF through; here data is read in bulk
up to CRLF.CRLF and anything but CRLF line ends is refused, so nobody downstream can see two mails
where the sender's server saw one (attacks A10, A40).
"""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from aiosmtpd.smtp import SMTP, syntax

from gateway import journal
from gateway.mail.message import Envelope
from gateway.spool import Spool, SpoolFailure, SpoolFull, new_queue_id

END_OF_DATA: Final = b"\r\n.\r\n"

UNKNOWN_MAILBOX: Final = "550 5.1.1 No such mailbox here"
TOO_MANY_RECIPIENTS: Final = "452 4.5.3 Too many recipients"
BAD_ADDRESS: Final = "501 5.1.3 Bad recipient address syntax"
TOO_LARGE: Final = "552 5.3.4 Message too large"
STRAY_LINE_END: Final = "550 5.5.2 Bare CR or LF in the message"
NO_ROOM: Final = "452 4.3.1 Insufficient storage, try again later"
OUR_FAULT: Final = "451 4.3.0 Local trouble, try again later"

Accepts = Callable[[str], bool]


class Receiver(SMTP):
    """One connection: aiosmtpd's commands with message data read in bulk."""

    def __init__(self, door: "Door", *, loop: asyncio.AbstractEventLoop) -> None:
        super().__init__(
            door,
            hostname=door.hostname,
            ident="ESMTP",
            data_size_limit=door.size_limit,
            enable_SMTPUTF8=True,
            timeout=door.idle_seconds,
            auth_exclude_mechanism=("LOGIN", "PLAIN"),
            loop=loop,
        )
        self.door = door

    @syntax("DATA")
    async def smtp_DATA(self, arg: str) -> None:  # noqa: N802 - aiosmtpd looks commands up by name
        """Read the message and hand it to the spool."""
        if await self.check_helo_needed() or await self.check_auth_needed("DATA"):
            return
        envelope: Any = self.envelope
        if not envelope.rcpt_tos:
            await self.push("503 5.5.1 Need RCPT command")
            return
        if arg:
            await self.push("501 5.5.4 Syntax: DATA")
            return
        await self.push("354 End data with <CR><LF>.<CR><LF>")
        content = await self._read_data()
        if content is None:
            await self.push(TOO_LARGE)
            if self.transport is not None:
                self.transport.close()
            return
        self._reset_timeout(self.door.handover_seconds)
        status = await self.door.take(self.session, envelope, content)
        self._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd is half typed
        await self.push(status)

    async def _read_data(self) -> bytes | None:
        """Everything up to CRLF.CRLF with dots unstuffed; nothing where it is too large.

        The stream's limit and buffer are private names of asyncio, the same from 3.11 to 3.13; a
        test holds them. The CRLF put in front belongs to the DATA command and lets an empty message
        end like any other.
        """
        reader: Any = self._reader
        usual_limit = reader._limit  # noqa: SLF001 - see the docstring
        reader._limit = self.door.size_limit + len(END_OF_DATA)  # noqa: SLF001
        reader._buffer[:0] = b"\r\n"  # noqa: SLF001
        try:
            data: bytes = await reader.readuntil(END_OF_DATA)
        except asyncio.LimitOverrunError:
            return None
        finally:
            reader._limit = usual_limit  # noqa: SLF001
        return data[: -len(END_OF_DATA) + 2].replace(b"\r\n.", b"\r\n")[2:]


class Door:
    """What every connection shares: who may be written to, limits, and the spool behind it."""

    def __init__(  # noqa: PLR0913 - the rules of a door are these
        self,
        spool: Spool,
        accepts: Accepts,
        clock: Callable[[], datetime],
        *,
        hostname: str,
        size_limit: int,
        recipients_max: int,
        idle_seconds: float,
        source: str = "smtp",
    ) -> None:
        self._spool = spool
        self._accepts = accepts
        self._clock = clock
        self._recipients_max = recipients_max
        self._source = source
        self.hostname = hostname
        self.size_limit = size_limit
        self.idle_seconds = idle_seconds
        self.handover_seconds = max(idle_seconds, 60.0)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd looks hooks up by name
        self, server: SMTP, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Decide on a recipient: our inboxes and valid reply addresses, nobody else's."""
        del server, session
        if not address.isprintable() or len(address) > 320:
            return BAD_ADDRESS
        if not self._accepts(address):
            journal.note("recipient_refused", source=self._source)
            return UNKNOWN_MAILBOX
        if len(envelope.rcpt_tos) >= self._recipients_max:
            return TOO_MANY_RECIPIENTS
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 2.1.5 OK"

    async def handle_exception(self, error: Exception) -> str:
        """Any fault of ours is temporary and says nothing of itself (P9, P16)."""
        journal.fail("smtp_fault", error=type(error).__name__)
        return OUR_FAULT

    async def take(self, session: Any, envelope: Any, content: bytes) -> str:
        """Keep a message; the reply says whether it is ours now."""
        if not has_only_crlf(content):
            journal.warn("stray_cr_lf", source=self._source)
            await self._spool.refuse()
            return STRAY_LINE_END
        now = self._clock()
        peer = session.peer[0] if isinstance(session.peer, tuple) else str(session.peer or "")
        path = envelope.mail_from or ""
        taken = Envelope(
            queue_id=new_queue_id(now),
            received_at=now,
            reverse_path="" if path == "<>" else path,
            forward_paths=tuple(envelope.rcpt_tos),
            source=self._source,
            peer=peer,
        )
        return await self._keep(self._spool.put(taken, content), taken, len(content))

    async def _keep(self, put: Awaitable[str], taken: Envelope, size: int) -> str:
        try:
            await put
        except SpoolFull:
            journal.fail("spool_full", queue_id=taken.queue_id)
            return NO_ROOM
        except SpoolFailure as error:
            journal.fail("spool_failure", queue_id=taken.queue_id, error=str(error))
            return OUR_FAULT
        journal.note("accepted", queue_id=taken.queue_id, source=self._source, size=size)
        return f"250 2.0.0 OK, queued as {taken.queue_id}"


def has_only_crlf(content: bytes) -> bool:
    """Whether every CR and every LF is part of a CRLF (RFC 5321 section 2.3.8)."""
    pairs = content.count(b"\r\n")
    return content.count(b"\r") == pairs and content.count(b"\n") == pairs


async def listen(door: Door, address: str) -> asyncio.Server:
    """Open the door at `host:port`; port 0 lets the system choose."""
    loop = asyncio.get_running_loop()
    host, _, port = address.rpartition(":")
    return await loop.create_server(
        lambda: Receiver(door, loop=loop), host.strip("[]") or None, int(port), backlog=512
    )


def port_of(server: asyncio.Server) -> str:
    """`host:port` as it really is."""
    host, port = server.sockets[0].getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
