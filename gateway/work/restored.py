"""After a restored backup: what moves money waits until the operator has looked (fault F46).

The database may lack a confirmation, a payment or an answer that was taken in after the backup was
made. Mails since then come again as new ones; whatever would move credits is held, and goes on when
`gateway mail reconcile` has run.
"""

from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from gateway.desk.decision import Book, Decision, Disposition, SettleAssessment, SettleOrder
from gateway.desk.model import Verdict
from gateway.spool import Spool, Spooled
from gateway.store.marks import read_mark, set_mark

RESTORED: Final = "restored"
"""The mark of a desk that came from a backup; empty once the operator has looked."""
PARKED_MAX: Final = 100_000
REASON: Final = "moves money on a restored desk: gateway mail reconcile lets it go on"


def moves_money(decision: Decision) -> bool:
    """Whether credits are booked, a price is agreed or an order is settled."""
    return any(
        isinstance(change, Book | SettleOrder)
        or (isinstance(change, SettleAssessment) and change.verdict is Verdict.CONFIRMED)
        for change in decision.changes
    )


def held_back(connection: Connection, decision: Decision) -> Decision:
    """The decision, or that its mail waits: on a restored desk, where it would move money."""
    if not moves_money(decision) or not restored_at(connection):
        return decision
    return replace(
        decision,
        disposition=Disposition.HELD,
        reasons=(*decision.reasons, REASON),
        changes=(),
        states=(),
        alarms=(),
        hold_reason=REASON,
    )


def restored_at(connection: Connection) -> str:
    """When this desk was restored, in ISO 8601; empty where it was not, or is reconciled."""
    return read_mark(connection, RESTORED) or ""


def mark_restored(connection: Connection, now: datetime, why: str) -> None:
    """From now on what moves money is held."""
    set_mark(connection, RESTORED, now.isoformat(), at=now, details={"why": why})


def end_hold(connection: Connection, now: datetime) -> bool:
    """Let money move again; whether it was held at all."""
    was = restored_at(connection)
    if was:
        set_mark(connection, RESTORED, "", at=now, details={"restored_at": was})
    return bool(was)


def held_mails(spool: Spool) -> list[Spooled]:
    """The mails of this node's spool that were held back, oldest first."""
    return [one for one in spool.listing("parked", PARKED_MAX) if one.reason == REASON]
