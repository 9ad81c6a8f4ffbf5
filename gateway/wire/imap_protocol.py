"""aioimaplib's protocol with its framing made safe: one connection, heard of when it ends.

What differs from the library (traps of version 2.0, each held by a test):
1. Replies are cut at line ends and literals in a loop. The library recurses once a line, so a
   thousand EXPUNGE lines kill the connection while its caller waits for ever (fault F20).
2. A literal or line above a limit ends the connection, whatever a server announces (fault F23).
3. The end of the connection, BYE and [ALERT] are kept for whoever waits (fault F17).
4. EXISTS is counted whenever it comes: the library drops what no command asked for, and a mail
   that arrives during a FETCH would wait for the next poll.
5. The error challenge of XOAUTH2 is answered, so that a bad token is a NO and no time-out.
"""

import asyncio
import re
from typing import Any, Final

from aioimaplib.aioimaplib import CONNECTED, AioImapException, IMAP4ClientProtocol

from gateway.wire.imap_reply import Line

LINE_MAX: Final = 32 * 1024 * 1024
"""A SEARCH reply has one line: this is room for some four million mails."""

_LITERAL: Final = re.compile(rb"\{(\d{1,20})\+?\}$")
_COUNT: Final = re.compile(rb"\* (\d+) (EXISTS|EXPUNGE)\b", re.IGNORECASE)
_FETCH: Final = re.compile(rb"\* \d+ FETCH\b", re.IGNORECASE)
_STATUS: Final = re.compile(rb"\* (OK|NO|BAD|BYE)\b ?(.*)", re.IGNORECASE)


class Protocol(IMAP4ClientProtocol):  # type: ignore[misc]  # aioimaplib is untyped
    """One connection to an IMAP server."""

    def __init__(self, loop: asyncio.AbstractEventLoop, literal_max: int) -> None:
        super().__init__(loop, self._lost)
        self.lost: asyncio.Future[str] = loop.create_future()
        """Done with a reason once the connection is gone."""
        self.heard_at = loop.time()
        """When the server last said anything, in the time of the loop."""
        self.news = asyncio.Event()
        """Set when the folder has more mails than before."""
        self.mails = 0
        self.alert = ""
        self._parting = ""
        self._literal_max = literal_max
        self._line = bytearray()
        self._reply: list[Line] = []
        self._missing = 0
        self._greeted = False

    # Framing

    def data_received(self, data: bytes) -> None:
        """Cut what came into replies; a server that breaks the protocol is left."""
        self.heard_at = self.loop.time()
        try:
            self._feed(data)
        except (AioImapException, ValueError, LookupError) as error:
            self._leave(f"the server broke the protocol ({type(error).__name__})")

    def _feed(self, data: bytes) -> None:
        position = 0
        while position < len(data):
            if self._missing:
                piece = data[position : position + self._missing]
                self._reply[-1] += piece
                self._missing -= len(piece)
                position += len(piece)
                continue
            end = data.find(b"\n", position)
            self._line += data[position : end if end >= 0 else len(data)]
            if len(self._line) > LINE_MAX:
                self._leave("the server sent an endless line")
                return
            if end < 0:
                return
            position = end + 1
            line = bytes(self._line.removesuffix(b"\r"))
            self._line.clear()
            self._take_line(line)

    def _take_line(self, line: bytes) -> None:
        self._reply.append(line)
        found = _LITERAL.search(line)
        if found is None:
            reply, self._reply = self._reply, []
            self._dispatch(reply)
            return
        self._missing = int(found[1])
        if self._missing > self._literal_max:
            self._leave(f"the server sent {self._missing} octets at once")
            self._missing = 0
        self._reply.append(bytearray())

    def _dispatch(self, reply: list[Line]) -> None:
        first = bytes(reply[0])
        if not self._greeted and self.state == CONNECTED:
            self._greet(first)
        elif first.startswith(b"* "):
            self._take_untagged(first, reply[1:])
        elif first.startswith(b"+"):
            self._continuation(first)
        elif first.startswith(self.tagpre.encode("ascii")):
            self._response_done(first)

    # What the server says unasked

    def _greet(self, line: bytes) -> None:
        self._greeted = True
        if line.startswith((b"* OK", b"* PREAUTH")):
            self._handle_line(line, None)
        else:
            self._note_status(line)
            self._leave("the server turned us away")

    def _take_untagged(self, line: bytes, rest: list[Line]) -> None:
        if (found := _COUNT.match(line)) is not None:
            self._note_count(int(found[1]), came=found[2].upper() == b"EXISTS")
            if not self._selects:
                return
        self._note_status(line)
        if self.has_pending_idle_command():
            return
        command: Any = None
        if _FETCH.match(line) and self.pending_sync_command is None:
            # Not the library's way: it would cut "* " out of a body that comes quoted.
            command = self.pending_async_commands.get("FETCH")
            if command is not None:
                command.append_to_resp(line[2:])
        else:
            command = self._untagged_response(line)
        if command is not None:
            for part in rest:
                command.append_to_resp(part)

    @property
    def _selects(self) -> bool:
        pending = self.pending_sync_command
        return pending is not None and pending.name == "SELECT"

    def _note_count(self, number: int, *, came: bool) -> None:
        if not came:
            self.mails -= 1
            return
        if number > self.mails:
            self.news.set()
        self.mails = number

    def _note_status(self, line: bytes) -> None:
        if (found := _STATUS.match(line)) is None:
            return
        text = found[2].decode("utf-8", "replace")
        if found[1].upper() == b"BYE":
            self._parting = f"the server said BYE {text}".strip()
        elif "[ALERT]" in text.upper():
            self.alert = text

    def _continuation(self, line: bytes) -> None:
        pending = self.pending_sync_command
        if pending is not None and pending.name == "AUTHENTICATE":
            # RFC 7628 section 3.2.3 and Google's XOAUTH2: an empty answer gets the verdict.
            self.transport.write(b"\r\n")
            return
        super()._continuation(line)

    # The end

    def _leave(self, reason: str) -> None:
        self._parting = self._parting or reason
        self.transport.abort()

    def _lost(self, error: Exception | None) -> None:
        if not self.lost.done():
            told = f" ({error})" if error else ""
            self.lost.set_result(self._parting or f"the connection was cut{told}")
