"""What has been used of the budgets of automatic mail, and what is paused: rows to values and back.

Counting stops at the limit: a busy hour costs no more to look at than a full budget.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    Connection,
    Integer,
    Row,
    ScalarSelect,
    Select,
    and_,
    bindparam,
    delete,
    exists,
    false,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from gateway.desk.budget import ALERT, DAY, DESK_FACTOR, HOUR, base_of, domain_of, scopes
from gateway.desk.clues import Clues
from gateway.desk.facts import LetterSent, Spent
from gateway.desk.model import Ticket
from gateway.desk.pause import Pause, PauseLetters, ResumeLetters
from gateway.desk.policy import Policy
from gateway.store.desk_rows import load_ticket
from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import COUNTED, outbox, pauses
from gateway.store.prepared import Prepared
from gateway.store.tables import marks, tickets

LOOKED_AT_MAX: Final = 200
WEEK: Final = timedelta(days=7)
USUAL: Final = "letters in an hour"
"""The mark that keeps the mean of the last week, so that a busy desk counts it once an hour."""


def _lately(bound: str, *which: ColumnElement[bool]) -> ScalarSelect[int]:
    """How many counted letters were made within the hour, at most as many as the parameter says."""
    some = (
        select(outbox.c.id)
        .where(*which, COUNTED, outbox.c.created_at > bindparam("hour"))
        .limit(bindparam(bound, type_=Integer))
        .subquery()
    )
    return select(func.count()).select_from(some).scalar_subquery()


def _letters_where(*concerns: ColumnElement[bool]) -> Select[tuple[Any, ...]]:
    """The latest counted letters of a day that one of these conditions is about."""
    lately = outbox.c.created_at > bindparam("day")
    return (
        select(outbox.c.letter, outbox.c.recipient, outbox.c.ticket, outbox.c.created_at)
        .where(or_(*concerns), COUNTED, lately)
        .order_by(outbox.c.created_at.desc())
        .limit(LOOKED_AT_MAX)
    )


_OPENED_LATELY: Final = select(tickets.c.number).where(
    tickets.c.requester == bindparam("sender"), tickets.c.received_at > bindparam("hour")
)

# Built once: every mail asks them.
_TO_PEOPLE: Final = outbox.c.recipient.in_(bindparam("people", expanding=True))
_LETTERS: Final = Prepared(_letters_where(_TO_PEOPLE))
_LETTERS_OF_TICKET: Final = Prepared(
    _letters_where(_TO_PEOPLE, outbox.c.ticket == bindparam("number"))
)
_OF_KEYS: Final = pauses.c.key.in_(bindparam("keys", expanding=True))
_PAUSES: Final = Prepared(select(pauses).where(_OF_KEYS))
_PAUSES_OF_ADDRESSES: Final = select(pauses).where(_OF_KEYS, pauses.c.scope == "address")
_COUNTS: Final = Prepared(
    select(
        _lately("domain_max", outbox.c.domain == bindparam("domain")).label("domain"),
        _lately("desk_max").label("desk"),
        select(func.count())
        .where(
            outbox.c.recipient.in_(bindparam("operator", expanding=True)),
            outbox.c.letter == ALERT,
            outbox.c.created_at > bindparam("hour"),
        )
        .scalar_subquery()
        .label("alerts"),
        select(func.count())
        .select_from(_OPENED_LATELY.limit(bindparam("opened_max", type_=Integer)).subquery())
        .scalar_subquery()
        .label("opened"),
        _OPENED_LATELY.order_by(tickets.c.received_at.desc(), tickets.c.number.desc())
        .limit(1)
        .scalar_subquery()
        .label("newest"),
        exists().where(_OF_KEYS).label("paused"),
    )
)


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
    rules, hour = policy.budget, at - HOUR
    concerned = _concerned(people, ticket)
    counts = {
        "hour": hour,
        "domain": domain_of(clues.sender) or "-",
        "domain_max": rules.domain_hour,
        "desk_max": rules.desk_hour + rules.desk_exempt if rules.desk_hour else 0,
        "operator": list(policy.staff.operator),
        "sender": clues.sender,
        "opened_max": rules.tickets_hour if clues.sender else 0,
        "keys": sorted({key for _, key in concerned}),
    }
    row = _COUNTS.first(connection, counts)
    desk_hour, usual = int(row.desk), 0
    opened_too_many = 0 < rules.tickets_hour <= row.opened
    if 0 < rules.desk_hour <= desk_hour:
        usual = _usual(connection, at)
        counts["desk_max"] = max(rules.desk_hour, DESK_FACTOR * usual) + rules.desk_exempt
        desk_hour = int(_COUNTS.first(connection, counts).desk)
    return Spent(
        letters=tuple(_letters(connection, people, ticket, at)),
        domain_hour=row.domain,
        desk_hour=desk_hour,
        desk_usual=usual,
        alerts_hour=row.alerts,
        pauses=_pauses_over(connection, concerned) if row.paused else {},
        tickets_hour=row.opened,
        newest_ticket=load_ticket(connection, row.newest) if opened_too_many else None,
    )


def _letters(
    connection: Connection, people: Iterable[str], ticket: Ticket | None, at: datetime
) -> list[LetterSent]:
    sought: dict[str, Any] = {"people": sorted(people), "day": at - DAY}
    if ticket is not None:
        sought["number"] = ticket.number
    if any("+" in address for address in people):
        own = outbox.c.ticket == ticket.number if ticket is not None else false()
        statement = _letters_where(_TO_PEOPLE, own, *_other_names(people))
        return [LetterSent(*row) for row in connection.execute(statement, sought)]
    prepared = _LETTERS if ticket is None else _LETTERS_OF_TICKET
    return [LetterSent(*row) for row in prepared.all(connection, sought)]


def _other_names(people: Iterable[str]) -> Iterator[ColumnElement[bool]]:
    """The same writers under other sub-addresses; found by domain, which has an index."""
    for address in people:
        if "+" in address:
            base = base_of(address)
            local, _, domain = base.rpartition("@")
            others = outbox.c.recipient.startswith(f"{local}+", autoescape=True)
            known = or_(outbox.c.recipient == base, others)
            yield and_(outbox.c.domain == domain, known)


def _usual(connection: Connection, at: datetime) -> int:
    """Mean of counted letters in an hour of the last week, as it was within the last hour."""
    kept = connection.execute(select(marks.c.value).where(marks.c.name == USUAL)).scalar()
    until, _, mean = (kept or "").partition(" ")
    if until and float(until) > at.timestamp():
        return int(mean)
    week = select(func.count()).where(COUNTED, outbox.c.created_at > at - WEEK)
    usual = int(connection.execute(week).scalar_one()) // int(WEEK / HOUR)
    dialect = sqlite if is_sqlite(connection) else postgresql
    value = f"{(at + HOUR).timestamp()} {usual}"
    connection.execute(
        dialect.insert(marks)
        .values(name=USUAL, value=value)
        .on_conflict_do_update(index_elements=["name"], set_={"value": value})
    )
    return usual


def _concerned(people: Iterable[str], ticket: Ticket | None) -> set[tuple[str, str]]:
    """All that a letter to these people may be paused by, as scope and key."""
    number = ticket.number if ticket else None
    concerned = {one for address in people for one in scopes(address, number)}
    return concerned | {("address", address) for address in people} | {("desk", "")}


def _pauses_over(
    connection: Connection, concerned: Collection[tuple[str, str]]
) -> dict[tuple[str, str], Pause]:
    found = _PAUSES.all(connection, {"keys": sorted({key for _, key in concerned})})
    return {one: _pause(row) for row in found if (one := (row.scope, row.key)) in concerned}


def _pause(row: Row[Any]) -> Pause:
    return Pause(
        scope=row.scope,
        key=row.key,
        since=row.since_at,
        until=row.until_at,
        strikes=row.strikes,
        reason=row.reason,
    )


def all_pauses(connection: Connection, at: datetime) -> Sequence[Pause]:
    """What is paused at an instant, latest first."""
    found = connection.execute(
        select(pauses).where(pauses.c.until_at > at).order_by(pauses.c.since_at.desc())
    )
    return [_pause(row) for row in found]


def pauses_of(connection: Connection, addresses: Collection[str]) -> dict[str, Pause]:
    """The pauses of addresses that bounced, ended ones included."""
    if not addresses:
        return {}
    found = connection.execute(_PAUSES_OF_ADDRESSES, {"keys": sorted(addresses)})
    return {row.key: _pause(row) for row in found}


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
                outbox.c.content != b"",
                outbox.c.failure.startswith("paused: ", autoescape=True),
            )
            .values(state="queued", failure="")
        )
