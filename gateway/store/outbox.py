"""Letters on their way out: queued → sending → sent, or back, or failed, or withheld.

A row holds the final bytes. Whoever claims it holds a lease: after the lease another courier may
claim it again, and the late settlement of the first touches no row (fault F30).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, Integer, and_, bindparam, case, func, or_, select, update

from gateway.desk.budget import domain_of, is_counted
from gateway.desk.decision import SendLetter
from gateway.letters.writer import Written
from gateway.store import files
from gateway.store.engine import insert_new
from gateway.store.mail_tables import WAITING, outbox, pauses
from gateway.store.prepared import Prepared

LEASE: Final = timedelta(minutes=10)
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
PRIORITIES: Final = {
    "ticket_received": 1,
    "ticket_received_hotrush": 0,
    "engineer_hotrush_alert": 0,
    "confirm_challenge": 0,
    "assessment_confirmed": 1,
    "engineer_sla_reminder": 5,
    "desk_report": 6,
}
"""Receipts and challenges overtake bulk reminders (fault F16); the rest is 3."""
ORDINARY: Final = 3
PERSONAL: Final = frozenset({"answer", "clarification"})
"""Letters that a person wrote."""
# Statements of every letter are built once: building them costs more than running them.
_PAUSE: Final = select("paused: " + pauses.c.reason).where(
    pauses.c.scope == "address",
    pauses.c.key == bindparam("may_be_paused"),
    pauses.c.until_at > bindparam("enqueued_at"),
)
_STATE: Final = case((_PAUSE.exists(), "withheld"), else_="queued")
_FAILURE: Final = func.coalesce(_PAUSE.scalar_subquery(), "")
_ENQUEUE: Final = Prepared(
    {
        dialect: statement.values(state=_STATE, failure=_FAILURE)
        for dialect, statement in insert_new(outbox, "message_id").items()
    }
)
# Who claims has nothing in hand: what stands in its name is a claim whose answer was lost.
_READY: Final = or_(
    and_(outbox.c.state == "queued", outbox.c.not_before <= bindparam("now")),
    and_(
        outbox.c.state == "sending",
        or_(
            outbox.c.lease_until <= bindparam("lost_by"),
            outbox.c.holder == bindparam("of_holder"),
        ),
    ),
)
_NEXT: Final = Prepared(
    select(outbox.c.id)
    .where(WAITING, _READY)
    .order_by(outbox.c.priority, outbox.c.not_before, outbox.c.id)
    .limit(bindparam("most", type_=Integer))
    .with_for_update(skip_locked=True)
)
_CLAIM: Final = Prepared(
    update(outbox)
    .where(outbox.c.id.in_(bindparam("these", expanding=True)), _READY)
    .values(
        state="sending",
        holder=bindparam("of_holder"),
        lease_until=bindparam("until"),
        tries=outbox.c.tries + 1,
    )
    .returning(
        outbox.c.id,
        outbox.c.letter,
        outbox.c.recipient,
        outbox.c.audience,
        outbox.c.ticket,
        outbox.c.message_id,
        outbox.c.content,
        outbox.c.tries,
        outbox.c.created_at,
        outbox.c.priority,
        outbox.c.packing,
    )
)
_SENT: Final = Prepared(
    update(outbox)
    .where(
        outbox.c.id == bindparam("of_id"),
        outbox.c.holder == bindparam("of_holder"),
        outbox.c.state == "sending",
    )
    .values(state="sent", sent_at=bindparam("now"), lease_until=None, failure="")
)


@dataclass(frozen=True, slots=True)
class Claimed:
    """A letter that this courier may send now."""

    id: int
    letter: str
    recipient: str
    audience: str
    ticket: int | None
    message_id: str
    content: bytes
    tries: int
    created_at: datetime
    claimed_at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """A letter that a courier handed over, and when."""

    id: int
    holder: str
    at: datetime


def enqueue_all(connection: Connection, letters: Sequence[Mapping[str, Any]]) -> None:
    """Put letters into the outbox, in one statement.

    The same letter of the same event stays the one it was. What may wait is withheld while its
    recipient is paused, pauses of this transaction included.
    """
    _ENQUEUE.run_each(connection, [_packed(connection, row) for row in letters])


def _packed(connection: Connection, row: Mapping[str, Any]) -> dict[str, Any]:
    """A letter with its large files by digest."""
    recipe = files.put_away(
        connection, row["content"], files.letter_holder(row["message_id"]), row["created_at"]
    )
    return {
        **row,
        "content": row["content"] if recipe is None else recipe,
        "packing": "" if recipe is None else files.PACKING,
        "may_be_paused": row["recipient"] if _may_wait(row) else "",
        "enqueued_at": row["created_at"],
    }


def as_sent(connection: Connection, content: bytes, packing: str) -> bytes:
    """A letter as it leaves, from its row."""
    if packing == files.PACKING:
        return files.put_together(connection, content)
    return bytes(content)


def _may_wait(row: Mapping[str, Any]) -> bool:
    """An address that bounced gets no automatic mail; what a person wrote is tried again."""
    return row["audience"] == "customer" and row["letter"] not in PERSONAL


def outbox_row(
    letter: SendLetter, written: Written, *, event: str, ticket: int | None, at: datetime
) -> dict[str, Any]:
    """A letter as it waits to leave."""
    return {
        "event": event,
        "letter": letter.letter,
        "recipient": letter.to,
        "audience": str(letter.audience),
        "ticket": ticket,
        "order_number": None,
        "assessment": letter.assessment,
        "copy_of": letter.copy_of,
        "message_id": written.message_id,
        "content": written.content,
        "domain": (domain_of(letter.to) or "-") if is_counted(letter) else "",
        "priority": PRIORITIES.get(letter.letter, ORDINARY),
        "created_at": at,
        "not_before": at,
    }


def has_event(connection: Connection, event: str) -> bool:
    """Whether letters of an event were written already."""
    found = connection.execute(select(outbox.c.id).where(outbox.c.event == event).limit(1))
    return found.first() is not None


def claim(
    connection: Connection,
    holder: str,
    now: datetime,
    count: int,
    *,
    from_others: bool = True,
) -> Sequence[Claimed]:
    """Take up to `count` letters that may leave now, the most urgent first.

    Letters that others hold are taken, where wanted, once their lease has ended.
    A holder that has something in hand must not claim: it would be given that once more.
    """
    ready = {"of_holder": holder, "now": now, "lost_by": now if from_others else _NEVER}
    chosen = [row.id for row in _NEXT.all(connection, {**ready, "most": count})]
    if not chosen:
        return ()
    claimed = {**ready, "these": chosen, "until": now + LEASE}
    found = _CLAIM.all(connection, claimed)
    ordered = sorted(found, key=lambda row: (row.priority, row.id))
    whole: list[Claimed] = []
    for row in ordered:
        try:
            content = as_sent(connection, row.content, row.packing)
        except files.FileMissing as error:
            # One letter that cannot be put together must not hold up the others.
            failed = {"state": "failed", "lease_until": None, "failure": str(error)}
            connection.execute(update(outbox).where(outbox.c.id == row.id).values(**failed))
        else:
            fields = (*row[:9], now)
            whole.append(replace(Claimed(*fields), content=content))
    return whole


def settle_sent(connection: Connection, sent: Sequence[Sent]) -> None:
    """The relay took them; where a lease was lost another settles, or has settled."""
    _SENT.run_each(
        connection, [{"of_id": one.id, "of_holder": one.holder, "now": one.at} for one in sent]
    )


def settle_later(
    connection: Connection, one: Claimed, holder: str, not_before: datetime, failure: str
) -> bool:
    """Not now: back into the queue until `not_before`."""
    touched = connection.execute(
        update(outbox)
        .where(outbox.c.id == one.id, outbox.c.holder == holder, outbox.c.state == "sending")
        .values(state="queued", not_before=not_before, lease_until=None, failure=failure)
    )
    return bool(touched.rowcount)


def settle_failed(connection: Connection, one: Claimed, holder: str, failure: str) -> bool:
    """Never: the row stays, and somebody is told."""
    touched = connection.execute(
        update(outbox)
        .where(outbox.c.id == one.id, outbox.c.holder == holder, outbox.c.state == "sending")
        .values(state="failed", lease_until=None, failure=failure)
    )
    return bool(touched.rowcount)


def give_back(connection: Connection, letters: Sequence[Claimed], holder: str) -> int:
    """Letters that were claimed and not tried: they wait as before."""
    touched = connection.execute(
        update(outbox)
        .where(
            outbox.c.id.in_([one.id for one in letters]),
            outbox.c.holder == holder,
            outbox.c.state == "sending",
        )
        .values(state="queued", lease_until=None, tries=outbox.c.tries - 1)
    )
    return touched.rowcount


def release(connection: Connection, node: str, ended_at: datetime) -> int:
    """Free what couriers of a node held when it ended without settling it.

    This may come late: what was claimed in its name since is on its way, and stays.
    """
    touched = connection.execute(
        update(outbox)
        .where(
            WAITING,
            outbox.c.holder.startswith(holder_of(node, ""), autoescape=True),
            outbox.c.state == "sending",
            outbox.c.lease_until <= ended_at + LEASE,
        )
        .values(state="queued", lease_until=None)
    )
    return touched.rowcount


def holder_of(node: str, courier: str) -> str:
    """How a courier of a node signs its claims."""
    return f"{node}/{courier}"
