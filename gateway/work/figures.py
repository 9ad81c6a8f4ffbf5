"""Figures of a running node for Prometheus: what happened, what waits, how long things took.

Counters follow the diary, so every event of it has one; gauges are looked up when somebody asks.
"""

import asyncio
import sqlite3
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final, Protocol

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from gateway import journal
from gateway.spool import Spool
from gateway.store import outbox_desk
from gateway.store.retention import database_octets
from gateway.work.assembly import Parts
from gateway.work.mailbox import MailboxState

ASK_SECONDS: Final = 3.0
STAGES: Final = {"taken_in": "ticket", "sent": "letter"}
"""Events that tell how long something took, and how that is called."""
STEPS: Final = {
    "kept_in": "keep",
    "read_in": "read",
    "committed_in": "decide",
    "carried_in": "carry",
}
"""Fields of events that tell how long one step took: to disk, to values, to the database, out."""
SMARTHOST: Final = {"smarthost_away": 0, "smarthost_back": 1, "sent": 1}
"""Events that tell whether it answers; of several couriers only the one in trouble comes back."""
BUCKETS: Final = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 3600, 86400)


class GrantDates(Protocol):
    """Access by OAuth2, as far as its dates go."""

    def renewed_at(self) -> datetime | None:
        """When it was used last, where that is known."""

    def ends_at(self) -> datetime | None:
        """When it ends, where that is known."""


class Figures:
    """The figures of one node."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._registry = CollectorRegistry()
        self._events = Counter(
            "gateway_events",
            "Events of the diary, by name",
            ["event"],
            registry=self._registry,
        )
        self._refusals = Counter(
            "gateway_refusals",
            "What was refused to peers, by reason",
            ["reason"],
            registry=self._registry,
        )
        self._latency = Histogram(
            "gateway_latency_seconds",
            "From the arrival of a mail to its ticket; from the making of a letter to its delivery",
            ["until"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._steps = Histogram(
            "gateway_stage_seconds",
            "One stage of the way of a mail or letter",
            ["stage"],
            buckets=BUCKETS,
            registry=self._registry,
        )
        self._mailbox_up = self._gauge("gateway_mailbox_up", "1 where mails come in", "mailbox")
        self._mailbox_state = Gauge(
            "gateway_mailbox_state",
            "1 for the state that a mailbox is in",
            ["mailbox", "state"],
            registry=self._registry,
        )
        self._mailbox_age = self._gauge(
            "gateway_mailbox_last_mail_seconds", "Since the last mail of a mailbox", "mailbox"
        )
        self._grant_age = self._gauge(
            "gateway_grant_age_seconds", "Since a log-in was used last", "holder"
        )
        self._grant_left = self._gauge(
            "gateway_grant_left_seconds", "Until access by OAuth2 ends, where known", "holder"
        )
        self._mails = self._gauge("gateway_mails", "Mails of the spool", "state")
        self._letters = self._gauge("gateway_letters", "Letters of the outbox", "state")
        self._age = self._gauge("gateway_oldest_seconds", "Age of the oldest that waits", "of")
        self._up = self._gauge("gateway_up", "1 where a part answers", "part")
        self._up.labels("smarthost").set(1)
        self._octets = self._gauge("gateway_octets", "Size of a store of this node", "of")
        self._connections = self._gauge("gateway_connections", "Open connections", "door")
        self._leave = journal.follow(self._count)

    def _gauge(self, name: str, text: str, label: str) -> Gauge:
        return Gauge(name, text, [label], registry=self._registry)

    def close(self) -> None:
        """Count no more."""
        self._leave()

    def _count(self, event: str, fields: Mapping[str, Any]) -> None:
        self._events.labels(event).inc()
        if event == "refused":
            self._refusals.labels(fields.get("reason", "")).inc()
        if event in STAGES and "after" in fields:
            self._latency.labels(STAGES[event]).observe(fields["after"])
        for name in STEPS.keys() & fields.keys():
            self._steps.labels(STEPS[name]).observe(fields[name])
        if event in SMARTHOST:
            self._up.labels("smarthost").set(SMARTHOST[event])

    async def ailments(self) -> list[str]:
        """Which parts do not answer; empty where all is well."""
        asked = await asyncio.gather(self._ask_spool(), self._ask_database())
        ailing = []
        for part, is_up in zip(("spool", "database"), asked, strict=True):
            self._up.labels(part).set(is_up)
            if not is_up:
                ailing.append(part)
        return ailing

    async def _ask_spool(self) -> bool:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                counts = await asyncio.to_thread(self._parts.spool.counts)
                oldest = await asyncio.to_thread(_oldest_in, self._parts.spool)
        except (TimeoutError, OSError, sqlite3.Error):
            return False
        for state in ("accepted", "waiting", "done", "parked", "refused"):
            self._mails.labels(state).set(getattr(counts, state))
        self._age.labels("mail").set(self._since(oldest))
        self._octets.labels("spool").set(self._parts.spool.octets())
        return self._parts.spool.broken is None

    async def _ask_database(self) -> bool:
        now = self._parts.clock()

        def look(connection: Connection) -> tuple[dict[str, int], float, int]:
            oldest = outbox_desk.oldest_waiting_at(connection, now)
            age = (now - oldest).total_seconds() if oldest else 0.0
            return outbox_desk.counted(connection), age, database_octets(connection)

        try:
            async with asyncio.timeout(ASK_SECONDS):
                counts, age, octets = await self._parts.transactions(look)
        except (SQLAlchemyError, OSError):
            return False
        for state, count in counts.items():
            self._letters.labels(state).set(count)
        self._age.labels("letter").set(age)
        self._octets.labels("database").set(octets)
        return True

    def _since(self, at: datetime | None) -> float:
        return (self._parts.clock() - at).total_seconds() if at else 0.0

    def mailboxes(self, states: Iterable[MailboxState]) -> None:
        """How mailboxes are doing."""
        self._mailbox_state.clear()
        for one in states:
            self._mailbox_up.labels(one.name).set(one.is_well)
            self._mailbox_state.labels(one.name, one.state).set(1)
            if one.last_mail_at is not None:
                self._mailbox_age.labels(one.name).set(self._since(one.last_mail_at))

    def grants(self, found: Mapping[str, GrantDates]) -> None:
        """How old access by OAuth2 is, and how long it lasts. Reads files."""
        for name, one in found.items():
            renewed_at, ends_at = one.renewed_at(), one.ends_at()
            if renewed_at is not None:
                self._grant_age.labels(name).set(self._since(renewed_at))
            if ends_at is not None:
                self._grant_left.labels(name).set(-self._since(ends_at))

    def connections(self, door: str, count: int) -> None:
        """How many are inside a door."""
        self._connections.labels(door).set(count)

    async def text(self) -> bytes:
        """All figures in Prometheus' text format."""
        await self.ailments()
        return generate_latest(self._registry)


def _oldest_in(spool: Spool) -> datetime | None:
    """When the mail arrived that waits longest, if any waits. Raises `sqlite3.Error`."""
    with spool.read() as connection:
        row = connection.execute(
            "SELECT received_at FROM spool WHERE state = 'waiting' ORDER BY seq LIMIT 1"
        ).fetchone()
    return datetime.fromisoformat(row[0]) if row else None
