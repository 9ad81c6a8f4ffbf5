"""Carry out the decisions of a round together: a few statements for all of them.

Most decisions of a round only deal with steps and send letters. Those are written side by side;
whatever moves credits or statuses goes the way of every mail, one after another.
"""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from gateway.desk.clock_change import ArmStep, RecordStep
from gateway.desk.decision import Decision, SendLetter
from gateway.letters.writer import Frame
from gateway.store.apply import apply, audit_row, extend_thread
from gateway.store.mail_tables import audit
from gateway.store.occasion import Applied, Occasion, Write
from gateway.store.outbox import enqueue_all, outbox_row
from gateway.store.promises import deal_with_steps
from gateway.store.shared_commit import Conflict
from gateway.store.tables import tickets

TOGETHER = (ArmStep, RecordStep, SendLetter)


def apply_round(
    connection: Connection,
    decisions: Sequence[Decision],
    *,
    at: datetime,
    occasion_of: Callable[[Decision], Occasion],
) -> list[Applied]:
    """Write everything a round decided. Raises `Conflict` where a ticket changed meanwhile."""
    light: list[Decision] = []
    applied: list[Applied] = []
    for one in decisions:
        if all(isinstance(change, TOGETHER) for change in one.changes):
            light.append(one)
        else:
            applied.append(apply(connection, one, occasion_of(one)))
    if light:
        applied.append(_apply_light(connection, light, at, occasion_of(light[0]).write))
    return applied


def _apply_light(
    connection: Connection, decisions: Sequence[Decision], at: datetime, write: Write
) -> Applied:
    applied = Applied()
    steps = [c for one in decisions for c in one.changes if isinstance(c, ArmStep | RecordStep)]
    if steps:
        deal_with_steps(connection, steps, at=at)
    applied.threads = _threads(connection, decisions)
    letters = [
        _written(one, letter, at, write, applied) for one in decisions for letter in one.letters
    ]
    if letters:
        enqueue_all(connection, letters)
    _close_states(connection, decisions, applied)
    remembered = [audit_row(one, at, one.ticket) for one in decisions if one.changes]
    if remembered:
        connection.execute(insert(audit), remembered)
    return applied


def _threads(connection: Connection, decisions: Sequence[Decision]) -> dict[int, list[str]]:
    """Message-IDs of the threads that letters to customers continue."""
    wanted = {
        letter.ticket.number
        for one in decisions
        for letter in one.letters
        if letter.ticket and letter.audience == "customer"
    }
    if not wanted:
        return {}
    found = connection.execute(
        select(tickets.c.number, tickets.c.thread).where(tickets.c.number.in_(sorted(wanted)))
    )
    return {row.number: list(row.thread) for row in found}


def _written(
    decision: Decision, letter: SendLetter, at: datetime, write: Write, applied: Applied
) -> dict[str, Any]:
    number = letter.ticket.number if letter.ticket else None
    thread = tuple(applied.threads.get(number or 0, ()))
    written = write(letter, Frame(event=decision.event, at=at, thread=thread))
    applied.letters += 1
    if written.broken:
        applied.broken.append(written.broken)
    if number and letter.audience == "customer" and not letter.copy_of:
        extend_thread(applied, number, written.message_id)
    return outbox_row(letter, written, event=decision.event, ticket=number, at=at)


def _close_states(connection: Connection, decisions: Sequence[Decision], applied: Applied) -> None:
    """The tickets as they are at the end; a version that is not the one we read is a conflict."""
    changed = [
        {
            "of_number": state.after.number,
            "of_version": state.before.version,
            "broken": state.after.breached,
        }
        for one in decisions
        for state in one.states
        if state.before is not None
    ]
    if changed:
        touched = connection.execute(
            update(tickets)
            .where(
                tickets.c.number == bindparam("of_number"),
                tickets.c.version == bindparam("of_version"),
            )
            .values(breached=bindparam("broken"), version=tickets.c.version + 1),
            changed,
        )
        if touched.rowcount != len(changed):
            raise Conflict("a ticket changed meanwhile")
    if applied.threads:
        connection.execute(
            update(tickets)
            .where(tickets.c.number == bindparam("of_number"))
            .values(thread=bindparam("extended")),
            [{"of_number": n, "extended": thread} for n, thread in applied.threads.items()],
        )
