"""Who serves this desk: a row for each node, as it last reported, and the letters it holds.

Nothing is decided by these rows: work is claimed by leases. They are for people who ask.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from sqlalchemy import Connection, and_, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import WAITING, outbox
from gateway.store.outbox import holder_of
from gateway.store.tables import nodes

BEAT: Final = timedelta(seconds=15)
STALE_AFTER: Final = 4 * BEAT
"""Silent for so long: it died, its host is away, or it cannot reach the database."""

State = Literal["alive", "stale", "stopped"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Beat:
    """What a node reports of itself."""

    name: str
    host: str
    pid: int
    version: str
    started_at: datetime
    accepted: int
    """Mails of its spool; `waiting` and `parked` have bytes on that host only."""
    waiting: int
    parked: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """A node as the desk knows it."""

    beat: Beat
    state: State
    seen_at: datetime
    letters: int
    """Letters it has claimed; others may take them after the lease."""
    lease_until: datetime | None
    """When the last of these leases ends."""


def report(connection: Connection, beat: Beat, now: datetime, *, stops: bool = False) -> None:
    """Write that a node is alive, or that it ends in good order."""
    dialect = sqlite if is_sqlite(connection) else postgresql
    row: dict[str, Any] = {
        "name": beat.name,
        "host": beat.host,
        "pid": beat.pid,
        "version": beat.version,
        "started_at": beat.started_at,
        "accepted": beat.accepted,
        "waiting": beat.waiting,
        "parked": beat.parked,
        "seen_at": now,
        "stopped_at": now if stops else None,
    }
    connection.execute(
        dialect.insert(nodes).values(row).on_conflict_do_update(index_elements=["name"], set_=row)
    )


def all_nodes(connection: Connection, now: datetime) -> list[Node]:
    """Every node that ever reported and was not forgotten, by name."""
    rows = connection.execute(select(nodes).order_by(nodes.c.name)).all()
    return [_node(connection, row, now) for row in rows]


def forget(connection: Connection, name: str, now: datetime) -> bool:
    """Drop the row of a node that is gone and left no mail; whether there was such a one."""
    found = [one for one in all_nodes(connection, now) if one.beat.name == name]
    if not found or found[0].state == "alive" or found[0].beat.waiting:
        return False
    connection.execute(nodes.delete().where(nodes.c.name == name))
    return True


def _node(connection: Connection, row: Any, now: datetime) -> Node:
    letters, lease_until = connection.execute(
        select(func.count(), func.max(outbox.c.lease_until)).where(_held_by(row.name))
    ).one()
    return Node(
        beat=Beat(
            name=row.name,
            host=row.host,
            pid=row.pid,
            version=row.version,
            started_at=row.started_at,
            accepted=row.accepted,
            waiting=row.waiting,
            parked=row.parked,
        ),
        state=_state(row, now),
        seen_at=row.seen_at,
        letters=letters,
        lease_until=lease_until,
    )


def _state(row: Any, now: datetime) -> State:
    if row.stopped_at is not None:
        return "stopped"
    return "alive" if now - row.seen_at < STALE_AFTER else "stale"


def _held_by(name: str) -> Any:
    holder = outbox.c.holder.startswith(holder_of(name, ""), autoescape=True)
    return and_(WAITING, holder, outbox.c.state == "sending")
