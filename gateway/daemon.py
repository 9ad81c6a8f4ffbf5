"""The daemon: start, supervise, drain. One TaskGroup, two signals, one line when ready."""

import asyncio
import contextlib
import fcntl
import os
import secrets
import signal
import socket
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway import journal
from gateway.settings.load import Settings
from gateway.settings.places import built_in
from gateway.store import outbox
from gateway.store.engine import check_durable
from gateway.store.upgrade import upgrade
from gateway.wire.delivery import Carrier
from gateway.wire.maildir import MaildirCarrier
from gateway.wire.smtp_in import Door, listen, port_of
from gateway.wire.smtp_out import Relay, SmarthostCarrier, read_relay
from gateway.work.assembly import Parts, Plan, accepts, load_keys

DRAIN_SECONDS: Final = 10.0

Clock = Callable[[], datetime]


class AlreadyRunning(RuntimeError):
    """Another daemon uses this state folder."""


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def plan_of(settings: Settings, *, looks_only: bool = False) -> Plan:
    """What the settings ask for, as values; whoever looks only leaves no file behind."""
    gateway = settings.gateway
    url = gateway.database.url
    own_letters = gateway.templates.dir
    keys_file = gateway.secrets.token_keys_file
    return Plan(
        policy=settings.policy,
        state_dir=settings.state_dir,
        database_url=url.get_secret_value()
        if url
        else f"sqlite:///{settings.state_dir / 'gateway.db'}",
        keys=load_keys(
            settings.resolve(keys_file) if keys_file else settings.state_dir / "token-keys",
            make=keys_file is None,
            keep=not looks_only,
        ),
        built_in_letters=built_in("templates"),
        own_letters=settings.resolve(own_letters) if own_letters else None,
        node="looks only" if looks_only else node_name(settings.state_dir),
        couriers=gateway.smarthost.couriers,
        give_up_after=gateway.smarthost.give_up_after,
    )


def relay_of(settings: Settings) -> Relay | None:
    """The smarthost of the settings, or nothing where letters go to a Maildir."""
    smarthost = settings.gateway.smarthost
    if smarthost.url is None:
        return None
    password = None
    if smarthost.password_file:
        path = settings.resolve(smarthost.password_file)
        password = path.read_text(encoding="utf-8").rstrip("\n")
    return read_relay(
        smarthost.url.get_secret_value(),
        password=password,
        timeout=smarthost.timeout.total_seconds(),
    )


def carriers(settings: Settings) -> Callable[[], Carrier]:
    """Makes the connection of one courier."""
    relay = relay_of(settings)
    if relay is None:
        folder = settings.in_state(settings.gateway.outbox.maildir)
        return lambda: MaildirCarrier(folder)
    return lambda: SmarthostCarrier(relay, hostname=settings.gateway.smtp.hostname)


def node_name(state_dir: Path) -> str:
    """A name of this node that outlives restarts."""
    path = state_dir / "node"
    if not path.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{socket.gethostname()}-{secrets.token_hex(3)}\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


@contextlib.contextmanager
def only_one(state_dir: Path) -> Iterator[None]:
    """Hold the state folder; a second daemon refuses to start (promise P17)."""
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise AlreadyRunning(
                f"another gateway runs on {state_dir}: stop it, or give this one its own state_dir"
            ) from error
        yield


class Daemon:
    """One node from its start to its end."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self._stop = asyncio.Event()
        self._ready: Callable[[str], None] = lambda _: None
        self.addresses: dict[str, str] = {}
        """Where the listeners are, by name."""

    def stop(self) -> None:
        """Begin to drain."""
        self._stop.set()

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until stopped; `ready` hears one line when mail is taken."""
        self._ready = ready
        with only_one(self._settings.state_dir):
            parts = Parts(plan_of(self._settings), self._clock, carriers(self._settings))
            try:
                check_durable(parts.engine)
                await asyncio.to_thread(upgrade, parts.engine)
                await parts.transactions(lambda c: outbox.release(c, parts.plan.node))
                await self._serve(parts)
            finally:
                await parts.reader.close()
                await parts.close()

    async def _serve(self, parts: Parts) -> None:
        async with contextlib.AsyncExitStack() as doors:
            await self._open_doors(parts, doors)
            async with asyncio.TaskGroup() as group:
                group.create_task(parts.intake.run(), name="intake")
                group.create_task(parts.rounds.run(), name="rounds")
                for courier in parts.couriers:
                    group.create_task(courier.run(), name="courier")
                self._announce()
                await self._stop.wait()
                journal.note("draining")
                await doors.aclose()
                parts.intake.stop()
                parts.rounds.stop()
                for courier in parts.couriers:
                    courier.stop()
        journal.note("stopped")

    async def _open_doors(self, parts: Parts, doors: contextlib.AsyncExitStack) -> None:
        smtp = self._settings.gateway.smtp
        if smtp.listen:
            door = Door(
                parts.spool,
                accepts(parts.plan.policy, parts.plan.keys),
                self._clock,
                hostname=smtp.hostname,
                size_limit=smtp.size_limit,
                recipients_max=smtp.recipients,
                idle_seconds=smtp.idle.total_seconds(),
            )
            server = await listen(door, smtp.listen)
            doors.callback(server.close)
            self.addresses["smtp"] = port_of(server)

    def _announce(self) -> None:
        places = " ".join(f"{name}={address}" for name, address in self.addresses.items())
        line = f"ready {places} pid={os.getpid()}"
        journal.note("ready", **self.addresses)
        self._ready(line)


async def run_until_signalled(settings: Settings) -> None:
    """The daemon of `gateway run`: SIGTERM and SIGINT drain it."""
    daemon = Daemon(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)
    await daemon.run(lambda line: print(line, flush=True))  # noqa: T201 - the ready line
