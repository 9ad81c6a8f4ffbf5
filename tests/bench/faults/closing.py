"""The closing check of every fault: nothing lost or done twice, the book adds up, all at rest."""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from bench.faults.traffic import URGENT, Post
from servers.smarthost import Taken
from sqlalchemy import Connection, select

from gateway.desk.policy import Policy
from gateway.spool import Counts, Spool
from gateway.store.mail_tables import mails, outbox
from gateway.store.proof import prove
from gateway.store.tables import entries, steps, tickets

PROMISES = ("engineer_sla_reminder", "engineer_sla_warning", "engineer_escalation")
RECEIPTS = ("ticket_received", "ticket_received_hotrush")


def flaws_of_run(
    connection: Connection,
    policy: Policy,
    state_dir: Path,
    accepted: Mapping[str, Post],
    taken: list[Taken],
) -> Iterator[str]:
    """Every broken promise of a run, in words; none where all were kept."""
    spool = Spool(state_dir / "spool.db")
    try:
        parked = {_message_id(one.raw) for one in _parked(spool)}
        yield from _counts(spool.counts())
    finally:
        spool.close()
    yield from _mails(connection, accepted, parked)
    yield from _tickets(connection, accepted, parked)
    yield from _money(connection, accepted)
    yield from (f"the book: {flaw}" for flaw in prove(connection, policy))
    yield from _letters(connection, taken)
    yield from _promises(connection)


def _parked(spool: Spool) -> list[object]:
    found = [spool.find(one.envelope.queue_id) for one in spool.listing("parked")]
    return [one for one in found if one]


def _message_id(raw: bytes) -> str:
    for line in raw.splitlines():
        if line.lower().startswith(b"message-id:"):
            return line.partition(b"<")[2].partition(b">")[0].decode()
    return ""


def _counts(counts: Counts) -> Iterator[str]:
    if counts.accepted != counts.done + counts.parked + counts.waiting:
        yield f"accepted is not taken in + parked + waiting: {counts}"
    if counts.waiting:
        yield f"{counts.waiting} mails still wait"


def _mails(connection: Connection, accepted: Mapping[str, Post], parked: set[str]) -> Iterator[str]:
    """P1, P2, P3: each accepted mail had its one effect."""
    kept = Counter[str]()
    for row in connection.execute(select(mails.c.message_id, mails.c.dedupe_key)):
        kept[row.message_id.strip("<>")] += row.dedupe_key is not None
    for message_id in accepted:
        if not kept[message_id] and message_id not in parked:
            yield f"lost: {message_id}"
        elif kept[message_id] > 1:
            yield f"taken in {kept[message_id]} times: {message_id}"


def _tickets(
    connection: Connection, accepted: Mapping[str, Post], parked: set[str]
) -> Iterator[str]:
    subjects = Counter(connection.execute(select(tickets.c.subject)).scalars())
    for post in accepted.values():
        asks = post.kind in ("question", "paid", "urgent") and post.message_id not in parked
        subject = post.subject.removeprefix("[HotRush] ")
        found = subjects[subject] + (subjects[post.subject] if subject != post.subject else 0)
        if asks and found != 1:
            yield f"{found} tickets of {post.subject}"


def _money(connection: Connection, accepted: Mapping[str, Post]) -> Iterator[str]:
    """P4: each confirmation reserved once, each answer charged once."""
    moved = Counter[tuple[int, str]]()
    for row in connection.execute(select(entries.c.ticket, entries.c.kind)):
        moved[row.ticket or 0, row.kind] += 1
    for kind, entry in (("confirm", "hold"), ("answer", "charge")):
        for post in accepted.values():
            number = (
                int(post.message_id.partition("@")[0].rpartition("-")[2] or 0)
                if (post.kind == kind)
                else 0
            )
            if number and moved[number, entry] != 1:
                yield f"T-{number}: {moved[number, entry]} entries of {entry}"
    for (number, kind), count in moved.items():
        if number and kind in ("hold", "charge") and count > 1:
            yield f"T-{number}: {count} entries of {kind}"


def _letters(connection: Connection, taken: list[Taken]) -> Iterator[str]:
    """P7, P8: all letters left, each under one Message-ID, and one receipt a ticket."""
    rows = connection.execute(
        select(
            outbox.c.message_id,
            outbox.c.state,
            outbox.c.letter,
            outbox.c.ticket,
            outbox.c.recipient,
            outbox.c.failure,
        )
    ).all()
    for row in rows:
        if row.state != "sent":
            yield f"{row.letter} to {row.recipient} is {row.state}: {row.failure}"
    sent = {row.message_id.strip("<>") for row in rows if row.state == "sent"}
    arrived = {str(one.mail["Message-ID"]).strip("<>") for one in taken}
    if missing := sent - arrived:
        yield f"{len(missing)} letters are sent and never arrived, such as {min(missing)}"
    if unknown := arrived - {row.message_id.strip("<>") for row in rows}:
        yield f"{len(unknown)} letters arrived that the outbox does not know: {min(unknown)}"
    receipts = Counter(row.ticket for row in rows if row.letter in RECEIPTS)
    numbers = connection.execute(select(tickets.c.number)).scalars().all()
    for number in numbers:
        if receipts[number] != 1:
            yield f"T-{number}: {receipts[number]} receipts"


def _promises(connection: Connection) -> Iterator[str]:
    """P6: each reminder once, and none missing."""
    told = Counter(
        (row.letter, row.ticket, row.recipient)
        for row in connection.execute(
            select(outbox.c.letter, outbox.c.ticket, outbox.c.recipient).where(
                outbox.c.letter.in_(PROMISES)
            )
        )
    )
    for (letter, number, recipient), count in told.items():
        if count > 1:
            yield f"T-{number}: {letter} to {recipient} {count} times"
    dealt = {(row.ticket, row.step) for row in connection.execute(select(steps))}
    urgent = URGENT.partition(" ")[2]
    for number in connection.execute(
        select(tickets.c.number).where(tickets.c.subject.contains(urgent))
    ).scalars():
        for step in ("warning", "escalation 1"):
            if (number, step) not in dealt:
                yield f"T-{number}: {step} is missing"


def sent_again(taken: list[Taken]) -> int:
    """Letters that left more than once under the same Message-ID (the window of P7)."""
    return len(taken) - len({str(one.mail["Message-ID"]) for one in taken})
