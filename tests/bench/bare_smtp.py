"""The barest SMTP that benchmarks compare with: a sink that notes when, a client, and a relay.

    python tests/bench/bare_smtp.py FOLDER PORT     # be the relay; prints its port

Nothing is checked and nothing is kept beyond what is measured: these are as quick as Python's
asyncio lets a receiver and a sender be.
"""

import asyncio
import os
import sys
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

END = b"\r\n.\r\n"
QUICK = {
    b"EHLO": b"250-bare\r\n250 PIPELINING\r\n",
    b"DATA": b"354 go on\r\n",
    b"QUIT": b"221 bye\r\n",
}
Take = Callable[[str, str, bytes], bytes]
"""Gets the sender, the recipient and the data of a mail; returns the reply."""


class Receiver(asyncio.Protocol):
    """One connection that takes mails, each for one recipient."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._buffer = b""
        self._sender = self._recipient = ""
        self._is_data = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Greet."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # it is one
        self._transport.write(b"220 bare\r\n")

    def data_received(self, data: bytes) -> None:
        """Commands, or a mail until its end."""
        self._buffer += data
        while True:
            piece, found, rest = self._buffer.partition(END if self._is_data else b"\r\n")
            if not found:
                return
            self._buffer = rest
            self._transport.write(self._reply(piece))

    def _reply(self, piece: bytes) -> bytes:
        if self._is_data:
            self._is_data = False
            return self._take(self._sender, self._recipient, piece + END)
        verb = piece[:4].upper()
        address = piece.partition(b"<")[2].partition(b">")[0].decode()
        if verb == b"MAIL":
            self._sender = address
        elif verb == b"RCPT":
            self._recipient = address
        self._is_data = verb == b"DATA"
        return QUICK.get(verb, b"250 OK\r\n")


class Sender(asyncio.Protocol):
    """One kept connection that sends mails as they are handed in, one after the other."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[str, str, bytes, asyncio.Future[float]]] = deque()
        self._buffer = b""
        self._awaited = 1
        self._steps: list[bytes] = [b"EHLO bench.example\r\n"]
        self._now: asyncio.Future[float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The greeting comes first."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # it is one

    def close(self) -> None:
        """Hang up."""
        self._transport.abort()

    def send(self, sender: str, recipient: str, mail: bytes) -> "asyncio.Future[float]":
        """Hand in a mail, its end mark included; when it was accepted."""
        done: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.append((sender, recipient, mail, done))
        if self._awaited == 0:
            self._go_on()
        return done

    def data_received(self, data: bytes) -> None:
        """Replies: the next step follows when all that were awaited are there."""
        *lines, self._buffer = (self._buffer + data).split(b"\r\n")
        for line in lines:
            if line[3:4] == b"-":
                continue
            if line[:1] not in b"23":
                raise RuntimeError(line.decode())
            self._awaited -= 1
        if self._awaited == 0:
            self._go_on()

    def _go_on(self) -> None:
        if not self._steps:
            if self._now is not None:
                self._now.set_result(time.perf_counter())
                self._now = None
            if not self._waiting:
                return
            sender, recipient, mail, self._now = self._waiting.popleft()
            envelope = f"MAIL FROM:<{sender}>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n"
            self._steps = [envelope.encode(), mail]
        step = self._steps.pop(0)
        self._awaited = step.count(b"\r\n") if step.startswith(b"MAIL") else 1
        self._transport.write(step)


async def connect(port: int) -> Sender:
    """A kept connection to a port of this host."""
    loop = asyncio.get_running_loop()
    _, sender = await loop.create_connection(Sender, "127.0.0.1", port)
    return sender


async def relay(folder: Path, port: int) -> None:
    """Take a mail, sync it, say 250, sync once more, and hand it over at once; until killed.

    It goes back to whom it came from, as an acknowledgement does.
    """
    file = os.open(folder / "queue", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    loop = asyncio.get_running_loop()
    onward = await connect(port)

    def keep(mail: bytes) -> None:
        os.write(file, mail)
        os.fdatasync(file)

    def hand_over(to: str, mail: bytes) -> None:
        keep(to.encode())
        onward.send("", to, mail)

    def take(sender: str, _: str, mail: bytes) -> bytes:
        keep(mail)
        loop.call_soon(hand_over, sender, mail)
        return b"250 OK\r\n"

    server = await loop.create_server(lambda: Receiver(take), "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(relay(Path(sys.argv[1]), int(sys.argv[2])))
