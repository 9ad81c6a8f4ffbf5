"""The stage: one desk on real parts, with a clock that only the play moves."""

import functools
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from servers.smarthost import Smarthost
from sqlalchemy import Connection, event

from acting.toml_text import dumps
from gateway.daemon import plan_of
from gateway.desk.invariants import Flaw
from gateway.mail.message import Envelope
from gateway.settings.load import Settings, load_settings
from gateway.spool import new_queue_id
from gateway.store.proof import prove
from gateway.store.transaction import run_once
from gateway.wire.relay import read_relay
from gateway.wire.smtp_out import SmarthostCarrier
from gateway.work.assembly import Parts
from gateway.work.reader import Reader
from gateway.work.recount import prepare_timers

AUTHSERV_ID = "mx.desk.example"
NOW = datetime(2026, 7, 8, 8, tzinfo=UTC)
"""Wednesday noon at the desk."""
CASES = Path(__file__).parent.parent / "scenarios" / "scenarios.yaml"


class MovedClock:
    """Says what it was told."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        return self.at


class PowerCut(OSError):
    """Raised instead of a commit: what the transaction wrote never happened."""


class Stage:
    """A desk whose parts are moved one at a time."""

    def __init__(
        self,
        folder: Path,
        database_url: str,
        meta: Mapping[str, Any],
        config: Mapping[str, Any],
        now: datetime,
        reader: Reader,
    ) -> None:
        self._reader = reader
        self.folder = folder
        self.database_url = database_url
        self.meta = meta
        self.clock = MovedClock(now)
        self.smarthost = Smarthost()
        self.settings: Settings
        self.parts: Parts
        self._config = dict(config)
        self._given_date = now

    async def open(self) -> None:
        """Start the smarthost and the desk."""
        await self.smarthost.up()
        await self.start()

    async def start(self, config: Mapping[str, Any] | None = None) -> None:
        """Start the desk, with other settings where the case says so."""
        if config is not None:
            self._config = dict(config)
        self.settings = write_settings(
            self.folder, self.meta, self._config, self.database_url, self.smarthost.url
        )
        relay = read_relay(self.smarthost.url, timeout=5)
        self.parts = Parts(
            plan_of(self.settings),
            self.clock,
            lambda: SmarthostCarrier(relay, hostname="desk.example"),
            self._reader,
        )

    async def stop(self) -> None:
        """End the desk; what is in its folder stays."""
        for courier in self.parts.couriers:
            await courier._carrier.close()
        await self.parts.close()

    async def close(self) -> None:
        """End everything."""
        await self.stop()
        await self.smarthost.down()

    async def receive(
        self, raw: bytes, at: datetime, *, reverse_path: str, forward_paths: tuple[str, ...]
    ) -> None:
        """A mail comes in and is taken in."""
        await self.put(raw, at, reverse_path=reverse_path, forward_paths=forward_paths)
        await self.parts.intake.take_waiting()

    async def put(
        self, raw: bytes, at: datetime, *, reverse_path: str, forward_paths: tuple[str, ...]
    ) -> str:
        """A mail comes in and waits in the spool."""
        envelope = Envelope(
            queue_id=new_queue_id(at),
            received_at=at,
            reverse_path=reverse_path,
            forward_paths=forward_paths,
            source="smtp",
        )
        return await self.parts.spool.put(envelope, raw)

    async def ring(self) -> None:
        """The scheduler rings."""
        await self.parts.rounds.make_round()

    async def wake(self) -> None:
        """What a daemon does first: count again, take in what waits, and make a round."""
        await prepare_timers(self.parts.transactions, self.parts.desk)
        await self.parts.intake.take_waiting()
        await self.parts.rounds.make_round()
        await self.send()

    async def send(self) -> None:
        """The couriers carry what may leave."""
        for courier in self.parts.couriers:
            await courier.carry_waiting()

    def cut_power_at_commit(self) -> None:
        """The next commit of the desk never happens."""

        def cut(connection: Connection) -> None:
            event.remove(self.parts.engine, "commit", cut)
            raise PowerCut

        event.listen(self.parts.engine, "commit", cut)

    def flaws(self) -> list[Flaw]:
        """Every invariant of policy 4.10 that the database breaks."""
        return self.query(lambda c: list(prove(c, self.settings.policy)))

    def query(self, step: Any) -> Any:
        """Look into the database."""
        return run_once(self.parts.engine, step)


@functools.cache
def people_of_the_cases() -> Mapping[str, Any]:
    """The people, lists and default options that all acceptance cases share."""
    meta: Mapping[str, Any] = yaml.load(CASES.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)[
        "meta"
    ]
    return meta


def write_settings(
    folder: Path,
    meta: Mapping[str, Any],
    config: Mapping[str, Any],
    database_url: str,
    smarthost_url: str,
) -> Settings:
    """The three files of a case, and what the gateway makes of them."""
    people = meta["people"]
    addresses = {address: department for department, address in people["inboxes"].items()}
    override = config.get("templates.override")
    gateway: dict[str, Any] = {
        "state_dir": str(folder / "state"),
        "addresses": {
            "reply_address": "support+{token}@desk.example",
            "domain": "desk.example",
            "inboxes": addresses,
        },
        "database": {"url": database_url},
        "smarthost": {"url": smarthost_url, "couriers": 1},
    }
    if override:
        for path, text in override.items():
            (folder / "letters" / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / "letters" / path).write_text(text, encoding="utf-8")
        gateway["templates"] = {"dir": str(folder / "letters")}
    (folder / "gateway.toml").write_text(dumps(gateway), encoding="utf-8")
    (folder / "policy.toml").write_text(dumps(policy_table(meta, config)), encoding="utf-8")
    (folder / "staff.toml").write_text(dumps(staff_table(people)), encoding="utf-8")
    return load_settings(folder / "gateway.toml", {})


def policy_table(meta: Mapping[str, Any], config: Mapping[str, Any]) -> dict[str, Any]:
    """The defaults of the file with the differences of the case."""
    table = _copy(meta["config_defaults"])
    # What reminders follow is no option: it is always the next opening.
    assert table["sla"].pop("reminder", "next opening") == "next opening"
    table["trust"] = {"authserv_id": AUTHSERV_ID}
    for dotted, value in config.items():
        if dotted == "templates.override":
            continue
        *path, last = dotted.split(".")
        inner = table
        for part in path:
            inner = inner.setdefault(part, {})
        inner[last] = value
    return table


def staff_table(people: Mapping[str, Any]) -> dict[str, Any]:
    """People and lists of the file."""
    made = []
    for role, addresses in people["staff"].items():
        for address in [addresses] if isinstance(addresses, str) else addresses:
            name = address.partition("@")[0].title()
            made.append({"name": name, "address": address, "roles": [role]})
    lists = people["lists"]
    return {
        "people": made,
        "lists": {
            "dispatchers": {name: [address] for name, address in lists["dispatchers"].items()},
            "hotrush_duty": [lists["hotrush_duty"]],
            "operator": [lists["operator"]],
        },
    }


def instant(text: str) -> datetime:
    """`2026-07-08T08:00:00Z`."""
    return datetime.fromisoformat(text).astimezone(UTC)


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _copy(inner) for name, inner in value.items()}
    return list(value) if isinstance(value, list) else value
