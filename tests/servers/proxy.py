"""A TCP proxy under the test's control: it cuts connections, stalls them, or hides the server."""

import asyncio
import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

CHUNK = 16 * 1024


@dataclass
class Proxy:
    """Passes bytes between clients and a server on loopback."""

    target: int
    port: int = 0
    lifetime: Callable[[], int | None] = lambda: None
    """Octets of the server after which a new connection is cut; nothing for never."""
    connections: int = 0
    cuts: int = 0
    flows: asyncio.Event = field(default_factory=asyncio.Event)
    """While clear nothing is passed on, in either direction, and nothing is closed."""
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: "set[asyncio.Task[None]]" = field(default_factory=set)

    async def up(self) -> None:
        """Listen; after the first time on the same port again."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        self.flows.set()

    async def down(self) -> None:
        """Refuse new connections and end the others."""
        if self._server is not None:
            self._server.close()
            self._server = None
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """End every connection now, as a router does that was switched off and on."""
        for writer in self._writers:
            writer.transport.abort()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        task = asyncio.current_task()
        if task is not None:
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        try:
            there, back = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        both = {writer, back}
        self._writers |= both
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._pass_on(reader, back, None, both))
                group.create_task(self._pass_on(there, writer, self.lifetime(), both))
        finally:
            self._writers -= both
            for one in both:
                one.transport.abort()

    async def _pass_on(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        lifetime: int | None,
        both: set[asyncio.StreamWriter],
    ) -> None:
        with suppress(OSError):
            while octets := await reader.read(CHUNK):
                await self.flows.wait()
                if lifetime is not None:
                    octets, lifetime = octets[:lifetime], lifetime - len(octets)
                writer.write(octets)
                await writer.drain()
                if lifetime is not None and lifetime <= 0:
                    self.cuts += 1
                    break
        for one in both:
            one.transport.abort()


def random_lifetimes(seed: int, cuts: int, octets: int) -> Callable[[], int | None]:
    """So many connections end after up to so many octets, the later ones never."""
    dice = random.Random(seed)
    ends: list[int | None] = [dice.randint(1, octets) for _ in range(cuts)]
    return lambda: ends.pop() if ends else None
