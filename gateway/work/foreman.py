"""Keep a worker: a process that takes a share of the mails of this node in, and carries letters.

It is told by a socket that mail has arrived, and ends where that is closed, so also where we die.
It tells what happens there, for our figures and due times. One that ends or falls silent is started
again, later and later; its mails wait in the spool meanwhile.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from gateway import journal

BEAT_SECONDS: Final = 15.0
"""A worker with nothing to tell says so this often."""
SILENT_SECONDS: Final = 60.0
"""Its event loop stands still; systemd gives the first process as long."""
END_SECONDS: Final = 2.0
"""From its last word to its end."""
PAUSE_SECONDS: Final = 0.5
PAUSE_SECONDS_MAX: Final = 30.0
WELL_SECONDS: Final = 60.0
"""One that lived so long was well: the next pause is a short one again."""
LINE_MAX: Final = 1024 * 1024
LOOK: Final = b"."
"""What a worker is told: mail has arrived."""


class Foreman:
    """Keeps one worker; as a loop of the first process of a node.

    `start` begins its process with its end of a socket, `arrived` is the bell of its share,
    `committed` hears that it has taken mail in, `ended` looks after what a dead one leaves.
    """

    def __init__(
        self,
        number: int,
        start: Callable[[socket.socket], Awaitable[asyncio.subprocess.Process]],
        arrived: asyncio.Event,
        committed: Callable[[], None],
        ended: Callable[[], Awaitable[None]],
        *,
        silent_after: float = SILENT_SECONDS,
    ) -> None:
        self._number = number
        self._start = start
        self._arrived = arrived
        self._committed = committed
        self._ended = ended
        self._silent_after = silent_after
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Let the worker finish what is in its hands, and start no other."""
        self._stopping.set()
        self._arrived.set()

    async def run(self) -> None:
        """Keep a worker alive until told to stop, then wait for its end."""
        loop = asyncio.get_running_loop()
        pause = PAUSE_SECONDS
        while not self._stopping.is_set():
            began = loop.time()
            code = await self._live()
            # What it had claimed need not wait for the end of its lease.
            await self._ended()
            if self._stopping.is_set():
                return
            journal.fail("worker_died", worker=self._number, code=code)
            if loop.time() - began > WELL_SECONDS:
                pause = PAUSE_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()
            pause = min(2 * pause, PAUSE_SECONDS_MAX)

    async def _live(self) -> int | None:
        """One life of the worker; how it ended."""
        ours, theirs = socket.socketpair()
        reader, writer = await asyncio.open_connection(sock=ours, limit=LINE_MAX)
        try:
            with theirs:
                process = await self._start(theirs)
        except OSError as error:
            journal.fail("worker_not_started", worker=self._number, error=error.strerror)
            writer.close()
            return None
        journal.note("worker_started", worker=self._number, pid=process.pid)
        telling = asyncio.create_task(self._tell(writer), name=f"worker-{self._number}")
        try:
            await self._hear_out(reader, process)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(END_SECONDS):
                    await process.wait()
        finally:
            telling.cancel()
            writer.close()
            _kill(process)
            await process.wait()
        return process.returncode

    async def _tell(self, writer: asyncio.StreamWriter) -> None:
        """Pass the bell on; many rings before it listens are one."""
        with contextlib.suppress(ConnectionError):
            while True:
                await self._arrived.wait()
                self._arrived.clear()
                if self._stopping.is_set():
                    writer.write_eof()
                    return
                writer.write(LOOK)
                await writer.drain()

    async def _hear_out(
        self, reader: asyncio.StreamReader, process: asyncio.subprocess.Process
    ) -> None:
        """Hear what it tells, until it ends or says nothing for too long."""
        while True:
            try:
                async with asyncio.timeout(self._silent_after):
                    line = await reader.readline()
            except TimeoutError:
                journal.fail("worker_silent", worker=self._number)
                _kill(process)
                return
            except ConnectionError:
                return
            except ValueError:  # A line longer than any of its lines.
                self._give_up(process)
                return
            if not line.endswith(b"\n"):
                return
            if not self._hear(line):
                self._give_up(process)
                return

    def _give_up(self, process: asyncio.subprocess.Process) -> None:
        """What it says is no worker's: the node goes on, with another in its place."""
        journal.fail("worker_garbled", worker=self._number)
        _kill(process)

    def _hear(self, line: bytes) -> bool:
        """Its events are events of this node: figures count them, rounds look again.

        False where these are no events.
        """
        try:
            events = [(str(event), dict(fields)) for event, fields in json.loads(line)]
        except (ValueError, TypeError):
            return False
        for event, fields in events:
            journal.see(event, **fields)
        if any(event == "taken_in" for event, _ in events):
            self._committed()
        return True


def _kill(process: asyncio.subprocess.Process) -> None:
    if process.returncode is None:
        with contextlib.suppress(ProcessLookupError):
            # Not process.kill(): it looks first, and takes from asyncio how the process ended.
            os.kill(process.pid, signal.SIGKILL)


def starter(
    program: Sequence[str], held: int
) -> Callable[[socket.socket], Awaitable[asyncio.subprocess.Process]]:
    """Starts a program with our end of a socket and a descriptor that holds the state folder."""

    async def start(channel: socket.socket) -> asyncio.subprocess.Process:
        return await asyncio.create_subprocess_exec(
            *program,
            stdin=channel.fileno(),
            stdout=asyncio.subprocess.DEVNULL,
            pass_fds=(held,),
            # Signals to our group are ours: we tell it when to end.
            start_new_session=True,
        )

    return start
