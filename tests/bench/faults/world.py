"""A desk under faults: the real daemon, its traffic, its smarthost, and the way to a quiet end."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from bench.faults.closing import flaws_of_run, sent_again
from bench.faults.traffic import Traffic
from desks import change, write_desk
from servers.gateway import Gateway
from servers.smarthost import Smarthost
from sqlalchemy import func, select, update

from gateway.settings.load import load_settings
from gateway.spool import Spool
from gateway.store.engine import open_engine
from gateway.store.mail_tables import outbox
from gateway.store.tables import timers

QUIET_SECONDS = 240
LOOK_SECONDS = 0.3
BEHIND_MAX = 4
"""Mails in the spool of a desk that keeps up with its traffic."""
WEEK = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
ALWAYS = {
    'target = "60m"': 'target = "6s"',
    'grace = "0m"\nwarn_before = "30m"': 'grace = "0m"\nwarn_before = "3s"',
    '  { at = "due+30m", to = "manager" },\n': "",
    "overdraft = 0": "overdraft = 1000000",
    "min_available = 1": "min_available = 0",
    '# authserv_id = "mx.desk.example"': 'authserv_id = "mx.desk.example"',
    **{f'{day} = ["09:00-24:00"]': f'{day} = ["00:00-24:00"]' for day in WEEK[:5]},
    **{f'{day} = ["10:00-18:00"]': f'{day} = ["00:00-24:00"]' for day in WEEK[5:]},
    **{
        f"{name} = {number}\n": f"{name} = 0\n"
        for name, number in (
            ("address_hour", 20),
            ("address_day", 40),
            ("stranger_hour", 3),
            ("stranger_day", 20),
            ("ticket_burst", 6),
            ("domain_hour", 200),
            ("desk_hour", 500),
        )
    },
}
"""A policy whose promises come due within seconds at any hour, and that holds no letter back."""
HERE = Path(__file__).parent


@dataclass
class Report:
    """What a run found."""

    name: str
    faults: int
    flaws: list[str]
    figures: dict[str, float] = field(default_factory=dict)


@dataclass
class World:
    """One desk; `gateway` is its daemon."""

    gateway: Gateway
    smarthost: Smarthost
    traffic: Traffic
    database_url: str

    @property
    def state_dir(self) -> Path:
        """Where spool, keys and an SQLite database lie."""
        return self.gateway.settings.parent / "state"

    def workers(self) -> list[int]:
        """Every worker that was started, of all its lives; the last one runs."""
        return [one["pid"] for one in self.gateway.diary if one["event"] == "worker_started"]

    async def kill(self) -> None:
        """SIGKILL, its reading process too: as if the power went."""
        await self.gateway.stop(signal.SIGKILL)

    async def start(self, point: str = "", at: int = 1) -> None:
        """Start the daemon; with a point it kills itself there, the `at`-th time it gets there."""
        plain = [sys.executable, "-m", "gateway"]
        loaded = [sys.executable, str(HERE / "killed_at.py"), point, str(at)]
        self.gateway.program = loaded if point else plain
        await self.gateway.start()

    async def some_mails(self, count: int = 3) -> None:
        """Wait until so many more mails were accepted."""
        wanted = len(self.traffic.accepted) + count
        async with asyncio.timeout(QUIET_SECONDS):
            while len(self.traffic.accepted) < wanted:
                self.traffic.arrivals.clear()
                await self.traffic.arrivals.wait()

    async def catch_up(self) -> None:
        """Wait until hardly a mail lies in the spool."""
        waiting = BEHIND_MAX + 1
        async with asyncio.timeout(QUIET_SECONDS):
            while waiting > BEHIND_MAX:
                await asyncio.sleep(LOOK_SECONDS)
                waiting = await asyncio.to_thread(self._in_spool)

    async def close(self, name: str, faults: int) -> Report:
        """Let everything come to rest, stop the daemon, and hold it to its promises."""
        if self.gateway.running.returncode is not None:
            await self.start()
        self.traffic.pause()
        flaws = []
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await self._rest()
        except TimeoutError:
            flaws.append(f"not at rest after {QUIET_SECONDS} seconds")
        code = await self.gateway.stop()
        if code:
            flaws.append(f"the daemon ended with {code}")
        flaws += [f"refused: {why}" for why in self.traffic.refused.values()]
        engine = open_engine(self.database_url)
        policy = load_settings(self.gateway.settings).policy
        with engine.connect() as connection:
            flaws += flaws_of_run(
                connection, policy, self.state_dir, self.traffic.accepted, self.smarthost.taken
            )
        engine.dispose()
        figures = {
            "accepted": len(self.traffic.accepted),
            "confirmed": sum(one.kind == "confirm" for one in self.traffic.accepted.values()),
            "answered": sum(one.kind == "answer" for one in self.traffic.accepted.values()),
            "deferred": self.traffic.deferred,
            "letters": len(self.smarthost.taken),
            "sent_again": sent_again(self.smarthost.taken),
        }
        return Report(name, faults, flaws, figures)

    async def _rest(self) -> None:
        """Until nothing is written, waits, lies in the outbox or is due, twice in a row."""
        quiet = 0
        while quiet < 2:
            await asyncio.sleep(LOOK_SECONDS)
            waits = await asyncio.to_thread(self._waiting)
            quiet = 0 if waits or not self.traffic.is_quiet else quiet + 1

    def _in_spool(self) -> int:
        spool = Spool(self.state_dir / "spool.db")
        waiting = spool.counts().waiting
        spool.close()
        return waiting

    def _waiting(self) -> int:
        waiting = self._in_spool()
        engine = open_engine(self.database_url)
        soon = datetime.now(UTC).replace(microsecond=0)
        with engine.begin() as connection:
            # Nobody waits an hour for a smarthost that was cut on purpose.
            connection.execute(
                update(outbox)
                .where(outbox.c.state == "queued", outbox.c.not_before > soon)
                .values(not_before=soon)
            )
            letters = connection.execute(
                select(func.count()).where(outbox.c.state.in_(("queued", "sending")))
            ).scalar_one()
            horizon = datetime.fromtimestamp(soon.timestamp() + 60, UTC)
            due = connection.execute(select(func.count()).where(timers.c.at < horizon)).scalar_one()
        engine.dispose()
        return waiting + int(letters) + int(due)


def prepare(folder: Path, smarthost: str, database_url: str) -> Path:
    """Settings of a desk that is always open and promises answers within seconds."""
    path = write_desk(folder, smarthost=smarthost)
    if database_url:
        change(path, '# url = "postgresql:///gateway"', f'url = "{database_url}"')
    policy = folder / "policy.toml"
    for old, new in ALWAYS.items():
        change(policy, old, new)
    return path


@contextlib.asynccontextmanager
async def world(
    folder: Path, database_url: str = "", before: Callable[["World"], Awaitable[None]] | None = None
) -> AsyncIterator[World]:
    """A desk that runs and is written to."""
    smarthost = Smarthost()
    await smarthost.up()
    path = prepare(folder, smarthost.url, database_url)
    gateway = Gateway(path, environ=dict(os.environ))
    traffic = Traffic(lambda: gateway.addresses.get("smtp", "127.0.0.1:1"), smarthost)
    url = database_url or f"sqlite:///{folder / 'state' / 'gateway.db'}"
    made = World(gateway, smarthost, traffic, url)
    if before:
        await before(made)
    await made.start()
    writing = asyncio.create_task(traffic.run())
    try:
        yield made
    finally:
        writing.cancel()
        await asyncio.gather(writing, return_exceptions=True)
        if gateway.process is not None and gateway.running.returncode is None:
            await gateway.stop(signal.SIGKILL)
        await smarthost.down()
