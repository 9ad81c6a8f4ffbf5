"""A worker: one more process of a node that takes its share of the mails in and carries letters.

Everything else is for the first process, which starts it, keeps it and is told what happens here.
It ends where that one ends: its standard input is a socket to it.
"""

import asyncio
import contextlib
import json
import signal
import socket
import sqlite3
import sys
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import structlog

from gateway import garbage, journal
from gateway.daemon import THREADS, Clock, carriers, plan_of, utc_now
from gateway.settings.load import Settings, load_settings
from gateway.settings.problems import WrongSettings
from gateway.spool import SpoolFailure, SpoolFull
from gateway.wire.dkim_sign import CannotSign
from gateway.work.assembly import Parts
from gateway.work.drain import DRAIN_SECONDS, Loop, causes, end_all, release
from gateway.work.foreman import BEAT_SECONDS
from gateway.work.intake import describe_failure

EARLIER_SECONDS: Final = 1.0
"""Workers are done so long before the first process gives them up."""
GATHER_SECONDS: Final = 0.1
"""Events are told together."""
EVENTS_MAX: Final = 100
"""Events of one line, which stays far below the longest that the first process reads."""


class Report:
    """What a worker tells the first process: its events, or that it is alive."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._events: list[tuple[str, Mapping[str, Any]]] = []

    def hear(self, event: str, fields: Mapping[str, Any]) -> None:
        """An event of this process, of whichever thread."""
        self._events.append((event, fields))
        if len(self._events) == 1:
            self._loop.call_soon_threadsafe(self._news.set)

    async def run(self) -> None:
        """Tell until cancelled, or until nobody listens."""
        with contextlib.suppress(ConnectionError):
            while True:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(BEAT_SECONDS):
                        await self._news.wait()
                await asyncio.sleep(GATHER_SECONDS)
                self._news.clear()
                await self.tell()

    async def tell(self) -> None:
        """Tell what has gathered."""
        events, self._events = self._events, []
        for start in range(0, max(1, len(events)), EVENTS_MAX):
            line = json.dumps(events[start : start + EVENTS_MAX], default=str)
            self._writer.write(line.encode() + b"\n")
        await self._writer.drain()


class Worker:
    """One worker from its start to its end."""

    def __init__(self, settings: Settings, number: int, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._number = number
        self._clock = clock
        self._stop = asyncio.Event()

    def stop(self) -> None:
        """Begin to drain; who has not ended in time is ended."""
        if not self._stop.is_set():
            # A thread may wait for a database that never answers. The first process would end us,
            # but may be gone, and the next one waits for us.
            signal.setitimer(signal.ITIMER_REAL, DRAIN_SECONDS)
        self._stop.set()

    async def run(self, channel: socket.socket) -> None:
        """Work until the first process closes the channel, or is gone."""
        plan = plan_of(self._settings, worker=self._number)
        threads = ThreadPoolExecutor(THREADS + plan.couriers)
        asyncio.get_running_loop().set_default_executor(threads)
        reader, writer = await asyncio.open_connection(sock=channel)
        parts = Parts(plan, self._clock, carriers(self._settings))
        report = Report(writer)
        leave = journal.follow(report.hear)
        try:
            await self._work(parts, reader, report)
            await release(parts)
            with contextlib.suppress(ConnectionError):
                await report.tell()
        finally:
            leave()
            await parts.reader.close()
            await parts.close()

    async def _work(self, parts: Parts, reader: asyncio.StreamReader, report: Report) -> None:
        learns = parts.plan.policy.split.mode != "off"
        loops: list[Loop] = [
            parts.intake,
            *([parts.learner] if learns else []),
            *parts.couriers,
        ]
        garbage.look_rarely()
        async with asyncio.TaskGroup() as group:
            aside = [
                group.create_task(self._listen(reader, parts), name="listen"),
                group.create_task(report.run(), name="report"),
            ]
            tasks = [
                group.create_task(loop.run(), name=type(loop).__name__.lower()) for loop in loops
            ]
            await self._stop.wait()
            until = asyncio.get_running_loop().time() + DRAIN_SECONDS - EARLIER_SECONDS
            for one in loops:
                one.stop()
            await end_all(tasks, until)
            for task in aside:
                task.cancel()

    async def _listen(self, reader: asyncio.StreamReader, parts: Parts) -> None:
        """Every word means: look into the spool; the end of them means: end."""
        with contextlib.suppress(ConnectionError):
            while await reader.read(1024):
                parts.spool.arrived.set()
        self.stop()


async def run_until_signalled(worker: Worker, channel: socket.socket) -> None:
    """SIGTERM drains it as well: service managers send that to every process of a service."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, worker.stop)
    await worker.run(channel)


def settings_of(path: Path, workers: int) -> Settings:
    """The settings as they are now, but with as many shares as the first process cut.

    Whoever changes that number restarts the node later; a worker that starts before would take
    mails that are another's, and leave its own to nobody. Raises `WrongSettings`.
    """
    settings = load_settings(path)
    gateway = settings.gateway.model_copy(update={"workers": workers})
    return replace(settings, gateway=gateway)


def main(arguments: Sequence[str]) -> None:
    """What the first process starts: settings file, number of a share, how many there are."""
    path, number, workers = Path(arguments[0]), int(arguments[1]), int(arguments[2])
    try:
        settings = settings_of(path, workers)
    except WrongSettings as error:
        sys.exit(str(error))  # They were right when the node was started.
    structlog.contextvars.bind_contextvars(worker=number)
    journal.start(form=settings.gateway.log.format, level=settings.gateway.log.level)
    worker = Worker(settings, number)
    try:
        asyncio.run(run_until_signalled(worker, socket.socket(fileno=0)))
    except ExceptionGroup as group:
        journal.fail("crashed", reason=", ".join(map(describe_failure, causes(group))))
        sys.exit(1)
    except (OSError, CannotSign, SpoolFailure, SpoolFull, sqlite3.Error) as error:
        journal.fail("crashed", reason=describe_failure(error))
        sys.exit(1)
    finally:
        journal.let_go()


if __name__ == "__main__":
    main(sys.argv[1:])
