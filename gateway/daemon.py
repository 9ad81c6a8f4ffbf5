"""The daemon: start, supervise, drain. One TaskGroup, two signals, one line when ready."""

import asyncio
import contextlib
import os
import secrets
import signal
import socket
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway import garbage, journal
from gateway.hold import only_one
from gateway.settings.doors import doorways, named
from gateway.settings.load import Settings
from gateway.settings.mailboxes import accounts, grants, smarthost_tokens
from gateway.settings.places import built_in
from gateway.spool_share import Share
from gateway.store import outbox
from gateway.store.engine import check_durable
from gateway.store.retention import Retention
from gateway.store.upgrade import upgrade
from gateway.wire.delivery import Carrier
from gateway.wire.dkim_sign import Signer, SigningCarrier, read_signer
from gateway.wire.health import METRICS, HealthServer, Page, alive, readiness
from gateway.wire.imap_journal import UidJournal
from gateway.wire.listen import Listener
from gateway.wire.maildir import MaildirCarrier
from gateway.wire.relay import Relay, read_relay
from gateway.wire.sd_notify import READY, STOPPING, Systemd
from gateway.wire.smtp_out import SmarthostCarrier
from gateway.work.assembly import Parts, Plan, load_keys, standings
from gateway.work.drain import DRAIN_SECONDS, Loop, end_all, release
from gateway.work.figures import Figures
from gateway.work.foreman import Foreman, starter
from gateway.work.grant_watch import GrantWatch
from gateway.work.mailbox import Supervisor
from gateway.work.recount import prepare_timers

DOORS_SECONDS: Final = 6.0
"""Of the time to drain, for mails that are on their way in."""
THREADS: Final = 16
"""For everything but connections to other servers: files, the spool, the database."""

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The real clock."""
    return datetime.now(UTC)


def plan_of(settings: Settings, *, looks_only: bool = False, worker: int = 0) -> Plan:
    """What the settings ask for, as values; whoever looks only leaves no file behind.

    A worker has a number from 1 on: its share of the spool, of the couriers, a name of its own.
    """
    gateway = settings.gateway
    node = "looks only" if looks_only else node_name(settings.state_dir)
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
        node=worker_name(node, worker) if worker else node,
        share=Share(number=worker, of=gateway.workers),
        couriers=couriers_of(settings, worker),
        give_up_after=gateway.smarthost.give_up_after,
        retention=Retention(**gateway.retention.model_dump()),
    )


def worker_name(node: str, worker: int) -> str:
    """How a worker of a node is called: what it holds is held by the node."""
    return outbox.holder_of(node, f"worker{worker}")


def couriers_of(settings: Settings, worker: int) -> int:
    """How many couriers a process has: together as many as the settings say, and one each."""
    smarthost = settings.gateway.smarthost
    if smarthost.oauth:
        # A refresh token that changes with each use is for one process alone.
        return 0 if worker else smarthost.couriers
    return max(1, len(range(worker, smarthost.couriers, settings.gateway.workers)))


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
        token=smarthost_tokens(settings),
        timeout=smarthost.timeout.total_seconds(),
        ca_file=settings.resolve(smarthost.ca_file) if smarthost.ca_file else None,
    )


def carriers(settings: Settings) -> Callable[[], Carrier]:
    """Makes the connection of one courier. Raises `CannotSign`."""
    relay = relay_of(settings)
    signer = signer_of(settings)
    hostname = settings.gateway.smtp.hostname
    folder = settings.in_state(settings.gateway.outbox.maildir)

    def made() -> Carrier:
        carrier = SmarthostCarrier(relay, hostname=hostname) if relay else MaildirCarrier(folder)
        return SigningCarrier(signer, carrier) if signer else carrier

    return made


def signer_of(settings: Settings) -> Signer | None:
    """Who signs our letters, or nothing. Raises `CannotSign`."""
    dkim = settings.gateway.dkim
    if dkim.domain is None or dkim.key_file is None:
        return None
    return read_signer(dkim.domain, dkim.selector, settings.resolve(dkim.key_file))


def node_name(state_dir: Path) -> str:
    """A name of this node that outlives restarts."""
    path = state_dir / "node"
    if not path.exists():
        state_dir.mkdir(parents=True, exist_ok=True)
        path.write_text(f"{socket.gethostname()}-{secrets.token_hex(3)}\n", encoding="utf-8")
    return path.read_text(encoding="utf-8").strip()


class Daemon:
    """One node from its start to its end."""

    def __init__(self, settings: Settings, clock: Clock = utc_now) -> None:
        self._settings = settings
        self._clock = clock
        self._stop = asyncio.Event()
        self._systemd = Systemd()
        self._listeners: dict[str, Listener] = {}
        self._ready: Callable[[str], None] = lambda _: None
        self._is_announced = False
        self.addresses: dict[str, str] = {}
        """Where the listeners are, by name."""
        self.mailboxes: list[Supervisor] = []

    def stop(self) -> None:
        """Begin to drain."""
        self._stop.set()

    async def run(self, ready: Callable[[str], None]) -> None:
        """Serve until stopped; `ready` hears one line when mail is taken."""
        self._ready = ready
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(self._threads()))
        with only_one(self._settings.state_dir) as held:
            parts = Parts(plan_of(self._settings), self._clock, carriers(self._settings))
            try:
                check_durable(parts.engine)
                await asyncio.to_thread(upgrade, parts.engine)
                now = self._clock()
                await parts.transactions(lambda c: outbox.release(c, parts.plan.node, now))
                await prepare_timers(parts.transactions, parts.desk)
                await self._serve(parts, self._foremen(parts, held))
            finally:
                await parts.reader.close()
                await parts.close()

    def _threads(self) -> int:
        """So many that names looked up in vain never hold up the intake (fault F44).

        A mailbox may wait for two: that of its server, and that of who gives it tokens.
        """
        couriers = self._settings.gateway.smarthost.couriers
        return THREADS + couriers + 2 * len(accounts(self._settings))

    async def _serve(self, parts: Parts, foremen: list[Foreman]) -> None:
        async with contextlib.AsyncExitStack() as doors, contextlib.AsyncExitStack() as health:
            await self._open_health(parts, health)
            await self._open_doors(parts, doors)
            async with asyncio.TaskGroup() as group:
                watchdog = group.create_task(self._systemd.keep_alive(), name="watchdog")
                self.mailboxes = self._supervisors(parts)
                loops: list[Loop] = [
                    parts.intake,
                    parts.rounds,
                    parts.reporter,
                    parts.presence,
                    parts.keeping,
                    *([parts.learner] if parts.plan.policy.split.mode != "off" else []),
                    *parts.couriers,
                    *self.mailboxes,
                    *self._grant_watches(parts),
                    *foremen,
                ]
                tasks = [
                    group.create_task(loop.run(), name=type(loop).__name__.lower())
                    for loop in loops
                ]
                self._announce()
                await self._stop.wait()
                self._systemd.tell(STOPPING)
                journal.note("draining")
                until = asyncio.get_running_loop().time() + DRAIN_SECONDS
                for foreman in foremen:
                    foreman.stop()
                await self._close_doors()
                for one in loops:
                    one.stop()
                await end_all(tasks, until)
                watchdog.cancel()
        await release(parts)
        journal.note("stopped")

    async def _open_health(self, parts: Parts, until_closed: contextlib.AsyncExitStack) -> None:
        address = self._settings.gateway.health.listen
        if not address:
            return
        figures, granted = Figures(parts), grants(self._settings)
        until_closed.callback(figures.close)

        async def ready() -> Page:
            return readiness(await figures.ailments(), is_open=self._is_open)

        async def metrics() -> Page:
            for name, listener in self._listeners.items():
                figures.connections(name, len(listener.door.guests))
            figures.mailboxes(one.state for one in self.mailboxes)
            await asyncio.to_thread(figures.grants, granted)
            return Page(await figures.text(), kind=METRICS)

        server = HealthServer({"/healthz": alive, "/readyz": ready, "/metrics": metrics})
        with named("health.listen", address):
            await server.open(address)
        until_closed.callback(server.close)
        self.addresses["health"] = server.address

    @property
    def _is_open(self) -> bool:
        return self._is_announced and not self._stop.is_set()

    async def _open_doors(self, parts: Parts, doors: contextlib.AsyncExitStack) -> None:
        standing = standings(parts.plan.policy, parts.plan.keys)
        for one in doorways(self._settings, parts.spool, standing, self._clock):
            listener = await one.open()
            doors.push_async_callback(listener.close)
            self._listeners[one.name] = listener
            self.addresses[one.name] = listener.address

    async def _close_doors(self) -> None:
        """All at once: mails on their way in have their time together, not one door's each."""
        closing = [
            asyncio.create_task(one.close(DOORS_SECONDS), name=name)
            for name, one in self._listeners.items()
        ]
        if closing:
            await end_all(closing, asyncio.get_running_loop().time() + DOORS_SECONDS + 1)

    def _supervisors(self, parts: Parts) -> list[Supervisor]:
        """One for each mailbox of the settings."""
        return [
            Supervisor(account, UidJournal(parts.spool, account.place), self._clock, parts.letters)
            for account in accounts(self._settings).values()
        ]

    def _foremen(self, parts: Parts, held: int) -> list[Foreman]:
        """One for each worker; the descriptor that is held is theirs too (promise P17)."""
        settings = self._settings

        def rang() -> None:
            parts.committed.set()
            if settings.gateway.smarthost.oauth:
                # Workers have no couriers then: letters that they write wait for ours.
                parts.transactions.look_again()

        def foreman(number: int) -> Foreman:
            async def ended() -> None:
                await release(parts, worker_name(parts.plan.node, number))

            program = (sys.executable, "-P", "-m", "gateway.worker", str(settings.path))
            start = starter((*program, str(number), str(settings.gateway.workers)), held)
            return Foreman(number, start, parts.spool.bells[number], rang, ended)

        return [foreman(number) for number in range(1, settings.gateway.workers)]

    def _grant_watches(self, parts: Parts) -> list[GrantWatch]:
        """Mailboxes watch their own grants; that of the smarthost has nobody else."""
        tokens = smarthost_tokens(self._settings)
        return [GrantWatch(tokens.warnings, self._clock, parts.letters)] if tokens else []

    def _announce(self) -> None:
        places = " ".join(f"{name}={address}" for name, address in self.addresses.items())
        line = f"ready {places} pid={os.getpid()}"
        self._is_announced = True
        journal.note("ready", **self.addresses)
        self._systemd.tell(READY)
        self._ready(line)


async def run_until_signalled(daemon: Daemon, ready: Callable[[str], None] | None = None) -> None:
    """The daemon of `gateway run`: SIGTERM and SIGINT drain it, also where a shell ignores them."""
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, daemon.stop)

    def is_ready(line: str) -> None:
        garbage.look_rarely()
        (ready or _say)(line)

    await daemon.run(is_ready)


def _say(line: str) -> None:
    """The ready line; nobody may be there to read it (fault F43)."""
    with contextlib.suppress(OSError, ValueError):
        print(line, flush=True)  # noqa: T201 - for whoever started us
