"""Splits and suggestions as labelled examples: kept, labelled by what people do, read again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import Connection, Integer, bindparam, or_, select, update

from gateway.desk.split_changes import LabelSplit, RecordSplit
from gateway.desk.split_exam import Pair
from gateway.store.mail_tables import messages
from gateway.store.occasion import Applied
from gateway.store.prepared import Prepared
from gateway.store.tables import split_examples, tickets

EXAMPLES_MAX: Final = 10_000
SAID_MAX: Final = 20
_NO_END: Final = datetime(9999, 1, 1, tzinfo=UTC)
# Built once: every mail of a known ticket asks them.
_SAID: Final = select(messages.c.id, messages.c.text).where(
    messages.c.ticket == bindparam("of_ticket"),
    messages.c.kind != "filed",
    messages.c.at < bindparam("before"),
)
_FIRST: Final = Prepared(_SAID.order_by(messages.c.id).limit(1))
_LATEST: Final = Prepared(
    _SAID.order_by(messages.c.id.desc()).limit(bindparam("most", type_=Integer))
)


@dataclass(frozen=True, slots=True)
class Split:
    """A ticket that was split off."""

    ticket: int
    """Where it came from."""
    moved_to: int
    by_itself: bool


def record(connection: Connection, change: RecordSplit, applied: Applied, at: datetime) -> None:
    """Keep a split or a suggestion; what staff splits as suggested is the suggestion, confirmed."""
    ticket, moved_to = applied.ticket(change.ticket), applied.ticket(change.into)
    label = {
        "off_topic": change.off_topic,
        "labelled_at": None if change.off_topic is None else at,
        "labelled_by": change.by,
    }
    if change.how == "staff":
        followed = connection.execute(
            update(split_examples)
            .where(
                split_examples.c.ticket == ticket,
                split_examples.c.how == "suggested",
                split_examples.c.mail_at == change.mail_at,
                split_examples.c.moved_to.is_(None),
            )
            .values(moved_to=moved_to, **label)
        )
        if followed.rowcount:
            return
    connection.execute(
        split_examples.insert(),
        {
            "ticket": ticket,
            "moved_to": moved_to,
            "how": change.how,
            "mail_at": change.mail_at,
            "passage": change.passage,
            "points": change.points,
            "score": change.score,
            "reasons": list(change.reasons),
            **label,
        },
    )


def label(connection: Connection, change: LabelSplit, applied: Applied) -> None:
    """Somebody showed what is right. Undoing overrules; working on a ticket only confirms."""
    number = applied.ticket(change.ticket)
    if change.of == "split":
        about = split_examples.c.moved_to == number
    else:
        about = (split_examples.c.ticket == number) & (split_examples.c.how == "suggested")
    # A suggestion that staff followed already is no longer one to be refused.
    fresh = change.off_topic or change.of == "suggestion"
    unlabelled = [split_examples.c.off_topic.is_(None)] if fresh else []
    connection.execute(
        update(split_examples)
        .where(about, *unlabelled)
        .values(off_topic=change.off_topic, labelled_at=change.at, labelled_by=change.by)
    )


def split_of(connection: Connection, number: int) -> Split | None:
    """The split that made a ticket, else the last one that left it."""
    row = connection.execute(
        select(split_examples.c.ticket, split_examples.c.moved_to, split_examples.c.how)
        .where(
            split_examples.c.moved_to.is_not(None),
            or_(split_examples.c.moved_to == number, split_examples.c.ticket == number),
        )
        .order_by((split_examples.c.moved_to == number).desc(), split_examples.c.id.desc())
        .limit(1)
    ).first()
    return Split(row.ticket, row.moved_to, by_itself=row.how == "auto") if row else None


def said(
    connection: Connection, number: int, *, before: datetime | None = None, most: int = SAID_MAX
) -> Sequence[str]:
    """The first and the latest texts of a ticket, oldest first, at most so many."""
    these = {"of_ticket": number, "before": before or _NO_END}
    latest = _LATEST.all(connection, {**these, "most": most - 1})
    # Where there is room for more, the first is among them.
    first = _FIRST.all(connection, these) if len(latest) == most - 1 else []
    found = {row.id: row.text for row in (*first, *reversed(latest))}
    return tuple(found.values())


def labelled(connection: Connection) -> list[Pair]:
    """The newest labelled examples, oldest first."""
    found = connection.execute(
        select(
            split_examples.c.id,
            split_examples.c.ticket,
            split_examples.c.mail_at,
            split_examples.c.passage,
            split_examples.c.off_topic,
            tickets.c.subject,
        )
        .join(tickets, tickets.c.number == split_examples.c.ticket)
        .where(split_examples.c.off_topic.is_not(None))
        .order_by(split_examples.c.id.desc())
        .limit(EXAMPLES_MAX)
    ).all()
    return [
        Pair(
            id=str(row.id),
            subject=row.subject,
            texts=tuple(said(connection, row.ticket, before=row.mail_at)),
            reply=row.passage,
            off_topic=row.off_topic,
        )
        for row in reversed(found)
    ]
