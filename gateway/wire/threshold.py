"""What every connection crosses first: is there room, who is it really, does it speak TLS at once.

Nothing is read here but a PROXY header of a listed peer, and not one octet more, because the next
may be the first of a TLS handshake. Whoever is one too many hears 421 and costs next to nothing.
"""

import asyncio
import ssl
from typing import Any, Final

from gateway import journal
from gateway.wire import smtp_reply
from gateway.wire.door import Door
from gateway.wire.proxy_header import BadProxyHeader, ProxyHeader
from gateway.wire.smtp_in import LmtpReceiver, SmtpReceiver

HEADER_SECONDS: Final = 5.0
HANDSHAKE_SECONDS: Final = 10.0
SHUTDOWN_SECONDS: Final = 5.0


class Threshold(asyncio.BufferedProtocol):
    """A connection until it is handed to the conversation."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._transport: Any = None
        self._peer = ""
        self._is_in = False
        self._header: ProxyHeader | None = None
        self._buffer = bytearray(1)
        self._timer: asyncio.TimerHandle | None = None
        self._securing: asyncio.Task[None] | None = None

    def connection_made(self, transport: Any) -> None:
        """Somebody knocks."""
        self._transport = transport
        name = transport.get_extra_info("peername")
        self._peer = str(name[0]) if isinstance(name, tuple) else ""
        if self._door.is_closing:
            self._send_away(smtp_reply.GOING_DOWN)
        elif self._peer in self._door.reception.proxies:
            self._header = ProxyHeader()
            self._timer = asyncio.get_running_loop().call_later(HEADER_SECONDS, self._give_up)
        else:
            self._enter()

    def _enter(self) -> None:
        """Let the peer in where there is room for one more."""
        crowd = self._door.reception.crowd
        if not crowd.enter(self._peer):
            crowd.tell(asyncio.get_running_loop().time())
            self._send_away(smtp_reply.CROWDED)
            return
        self._is_in = True
        if self._door.tls_at_once:
            self._securing = asyncio.create_task(self._secure())
        else:
            self._hand_over(self._transport)

    async def _secure(self) -> None:
        """The TLS handshake, under our own count and clock."""
        certificate = self._door.certificate
        if certificate is None:
            raise AssertionError("a door with TLS has a certificate")
        try:
            transport = await asyncio.get_running_loop().start_tls(
                self._transport,
                self,
                certificate.context,
                server_side=True,
                ssl_handshake_timeout=HANDSHAKE_SECONDS,
                ssl_shutdown_timeout=SHUTDOWN_SECONDS,
            )
        except (OSError, ssl.SSLError) as error:
            journal.note("refused", reason="TLS handshake", error=type(error).__name__)
            self._give_up()
            return
        if transport is not None:
            self._hand_over(transport)

    def _hand_over(self, transport: Any) -> None:
        kind = LmtpReceiver if self._door.protocol == "lmtp" else SmtpReceiver
        local = transport.get_extra_info("peername") in ("", None, b"")
        receiver = kind(self._door, self._peer, local=local)
        self._is_in = False  # The conversation leaves the crowd at its own end.
        transport.set_protocol(receiver)
        receiver.connection_made(transport)

    def _send_away(self, reply: str) -> None:
        if not self._door.tls_at_once:
            self._transport.write(reply.encode("ascii") + b"\r\n")
        self._transport.close()

    def _give_up(self) -> None:
        self._transport.abort()

    # The PROXY header

    def get_buffer(self, sizehint: int) -> bytearray:
        """Room for as many octets as may be read."""
        del sizehint
        wanted = self._header.wanted if self._header is not None else 1
        if len(self._buffer) != wanted:
            self._buffer = bytearray(wanted)
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Octets of the header; nobody else has anything to say yet."""
        if self._header is None:
            self._give_up()
            return
        try:
            self._header.feed(bytes(self._buffer[:nbytes]))
        except BadProxyHeader as error:
            journal.note("refused", reason="bad PROXY header", peer=self._peer, error=str(error))
            self._give_up()
            return
        if self._header.wanted == 0:
            self._peer = self._peer if self._header.source is None else self._header.source
            self._header = None
            if self._timer is not None:
                self._timer.cancel()
            self._enter()

    def eof_received(self) -> bool:
        """Gone before it began."""
        return False

    def connection_lost(self, exc: Exception | None) -> None:
        """Gone before the conversation."""
        del exc
        if self._timer is not None:
            self._timer.cancel()
        if self._is_in:
            self._door.reception.crowd.leave(self._peer)
            self._is_in = False
