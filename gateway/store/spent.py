"""What has been used of the budgets of automatic mail, and what is paused: rows to values and back.

Counting stops at the limit: a busy hour costs no more to look at than a full budget.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Connection, and_, delete, func, or_, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.desk.budget import ALERT, COUNTED, DAY, HOUR, base_of, domain_of, scopes
from gateway.desk.clues import Clues
from gateway.desk.facts import LetterSent, Spent
from gateway.desk.model import Ticket
from gateway.desk.pause import Pause, PauseLetters, ResumeLetters
from gateway.desk.policy import Policy
from gateway.store.desk_rows import load_ticket
from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import outbox, pauses
from gateway.store.tables import tickets

LOOKED_AT_MAX: Final = 200
WEEK: Final = timedelta(days=7)


def load_spent(
    connection: Connection,
    clues: Clues,
    ticket: Ticket | None,
    policy: Policy,
    at: datetime,
    *,
    people: Collection[str],
) -> Spent:
    """The budgets that a mail of this sender, in this ticket, could draw on."""
    opened, newest = _opened(connection, clues.sender, policy, at)
    desk_hour = _count(connection, outbox.c.domain != "", at - HOUR, _desk_bound(policy))
    return Spent(
        letters=tuple(_letters(connection, people, ticket, at)),
        domain_hour=_count(
            connection,
            outbox.c.domain == (domain_of(clues.sender) or "-"),
            at - HOUR,
            policy.budget.domain_hour,
        ),
        desk_hour=desk_hour,
        desk_usual=_usual(connection, at) if 0 < policy.budget.desk_hour <= desk_hour else 0,
        alerts_hour=_alerts(connection, policy, at),
        pauses=_pauses_over(connection, people, ticket),
        tickets_hour=opened,
        newest_ticket=newest,
    )


def _letters(
    connection: Connection, people: Iterable[str], ticket: Ticket | None, at: datetime
) -> list[LetterSent]:
    concerns: list[ColumnElement[bool]] = [outbox.c.recipient.in_(people)]
    for address in people:
        if "+" in address:
            # The same writer under other sub-addresses; found by domain, which has an index.
            base = base_of(address)
            local, _, domain = base.rpartition("@")
            others = outbox.c.recipient.startswith(f"{local}+", autoescape=True)
            known = or_(outbox.c.recipient == base, others)
            concerns.append(and_(outbox.c.domain == domain, known))
    if ticket is not None:
        concerns.append(outbox.c.ticket == ticket.number)
    found = connection.execute(
        select(outbox.c.letter, outbox.c.recipient, outbox.c.ticket, outbox.c.created_at)
        .where(or_(*concerns), outbox.c.letter.in_(COUNTED), outbox.c.created_at > at - DAY)
        .where(outbox.c.domain != "")
        .order_by(outbox.c.created_at.desc())
        .limit(LOOKED_AT_MAX)
    )
    return [LetterSent(*row) for row in found]


def _desk_bound(policy: Policy) -> int:
    rules = policy.budget
    return 20 * (rules.desk_hour + rules.desk_exempt)


def _count(connection: Connection, which: ColumnElement[bool], since: datetime, bound: int) -> int:
    """How many counted letters were made since an instant, at most `bound`."""
    if not bound:
        return 0
    some = (
        select(outbox.c.id)
        .where(which, outbox.c.domain != "", outbox.c.created_at > since)
        .limit(bound)
        .subquery()
    )
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())


def _usual(connection: Connection, at: datetime) -> int:
    found = connection.execute(
        select(func.count()).where(outbox.c.domain != "", outbox.c.created_at > at - WEEK)
    )
    return int(found.scalar_one()) // int(WEEK / HOUR)


def _alerts(connection: Connection, policy: Policy, at: datetime) -> int:
    found = connection.execute(
        select(func.count()).where(
            outbox.c.recipient.in_(policy.staff.operator),
            outbox.c.letter == ALERT,
            outbox.c.created_at > at - HOUR,
        )
    )
    return int(found.scalar_one())


def _opened(
    connection: Connection, sender: str, policy: Policy, at: datetime
) -> tuple[int, Ticket | None]:
    """How many tickets an address opened in the last hour; the newest where they are too many."""
    limit = policy.budget.tickets_hour
    if not limit or not sender:
        return 0, None
    found = connection.execute(
        select(tickets.c.number)
        .where(tickets.c.requester == sender, tickets.c.received_at > at - HOUR)
        .order_by(tickets.c.number.desc())
        .limit(limit)
    )
    numbers = found.scalars().all()
    newest = load_ticket(connection, numbers[0]) if len(numbers) >= limit else None
    return len(numbers), newest


def _pauses_over(
    connection: Connection, people: Iterable[str], ticket: Ticket | None
) -> dict[tuple[str, str], Pause]:
    number = ticket.number if ticket else None
    keys = {one for address in people for one in scopes(address, number)}
    keys |= {("address", address) for address in people} | {("desk", "")}
    found = connection.execute(
        select(pauses).where(tuple_(pauses.c.scope, pauses.c.key).in_(sorted(keys)))
    )
    return {(row.scope, row.key): _pause(*row) for row in found}


def _pause(
    scope: str, key: str, since: datetime, until: datetime, strikes: int, reason: str
) -> Pause:
    return Pause(
        scope=scope,  # type: ignore[arg-type]  # the CHECK holds it
        key=key,
        since=since,
        until=until,
        strikes=strikes,
        reason=reason,
    )


def all_pauses(connection: Connection, at: datetime) -> Sequence[Pause]:
    """What is paused at an instant, latest first."""
    found = connection.execute(
        select(pauses).where(pauses.c.until_at > at).order_by(pauses.c.since_at.desc())
    )
    return [_pause(*row) for row in found]


def pause_of(connection: Connection, address: str, at: datetime) -> str:
    """Why an address gets no automatic mail after a bounce; empty where it does."""
    found = connection.execute(
        select(pauses.c.reason).where(
            pauses.c.scope == "address", pauses.c.key == address, pauses.c.until_at > at
        )
    ).scalar()
    return f"paused: {found}" if found is not None else ""


def carry_out(connection: Connection, change: PauseLetters | ResumeLetters) -> None:
    """Begin or end a pause."""
    if isinstance(change, PauseLetters):
        _begin(connection, change)
    else:
        _end(connection, change)


def _begin(connection: Connection, change: PauseLetters) -> None:
    """Write a pause; a later one takes the place of an earlier one."""
    dialect = sqlite if is_sqlite(connection) else postgresql
    values = {
        "since_at": change.since,
        "until_at": change.until,
        "strikes": change.strikes,
        "reason": change.reason,
    }
    connection.execute(
        dialect.insert(pauses)
        .values(scope=change.scope, key=change.key, **values)
        .on_conflict_do_update(index_elements=["scope", "key"], set_=values)
    )


def _end(connection: Connection, change: ResumeLetters) -> None:
    """End a pause; what an address did not get because of it goes out now."""
    connection.execute(
        delete(pauses).where(pauses.c.scope == change.scope, pauses.c.key == change.key)
    )
    if change.scope == "address":
        connection.execute(
            update(outbox)
            .where(
                outbox.c.recipient == change.key,
                outbox.c.state == "withheld",
                outbox.c.failure.startswith("paused: ", autoescape=True),
            )
            .values(state="queued", failure="")
        )
