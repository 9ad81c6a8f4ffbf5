"""What a mail costs at a desk of 1,000 tickets and at one of 100,000: it should be the same.

    python tests/bench/growth.py [--tickets 1000 100000] [--mails 100] [--rounds 3]

A small desk is made by real mails and then copied within its database until it has so many tickets,
all of them open, each with its account, mails, letters and due times. Then the same new mails and
replies are taken in by each desk in turn. Prints the processor time of a mail at each size (median
of the rounds) and the ratio; exit code 1 where it is above what is asked for.
"""

import argparse
import asyncio
import statistics
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from desks import write_desk
from mail_to_ticket import hold_nothing_back, mails, put, spent_by_us
from sqlalchemy import Connection, Engine, text

from gateway import journal
from gateway.daemon import carriers, plan_of
from gateway.settings.load import load_settings
from gateway.store.upgrade import upgrade
from gateway.work.assembly import Parts
from gateway.work.housekeeping import tidy

SEED = 100
"""Tickets that real mails make."""
RATIO_MAX = 1.3
HOUR = int(timedelta(hours=1) / timedelta(microseconds=1))
TEXT, NUMBER, EARLIER, OWN = "{0} || '.' || :copy", f"{{0}} + {SEED} * :copy", "{0} - :age", "NULL"
COPIES: dict[str, dict[str, str]] = {
    "accounts": {"id": TEXT},
    "contacts": {"address": ":copy || '.' || {0}", "account": TEXT},
    "tickets": {
        "number": NUMBER,
        "account": TEXT,
        "requester": ":copy || '.' || {0}",
        "received_at": EARLIER,
        "last_mail_id": TEXT,
    },
    "mails": {
        "queue_id": TEXT,
        "message_id": TEXT,
        "dedupe_key": TEXT,
        "account": TEXT,
        "ticket": NUMBER,
        "received_at": EARLIER,
        "taken_in_at": EARLIER,
    },
    "raws": {"queue_id": TEXT},
    "messages": {
        "id": OWN,
        "ticket": NUMBER,
        "queue_id": TEXT,
        "message_id": TEXT,
        "at": EARLIER,
    },
    "clocks": {"id": OWN, "ticket": NUMBER},
    "timers": {"ticket": NUMBER},
    "outbox": {
        "id": OWN,
        "event": TEXT,
        "recipient": "CASE audience WHEN 'customer' THEN :copy || '.' || {0} ELSE {0} END",
        "ticket": NUMBER,
        "message_id": TEXT,
        "created_at": EARLIER,
        "not_before": EARLIER,
        "sent_at": EARLIER,
    },
    "audit": {"id": OWN, "ticket": NUMBER, "event": TEXT, "at": EARLIER},
}
"""What of each row is another in a copy; the rest stays."""


def multiply(engine: Engine, tickets: int) -> None:
    """Copy the desk as it is until it has so many tickets."""
    with engine.begin() as connection:
        first = {
            table: connection.execute(text(f"SELECT max(rowid) FROM {table}")).scalar_one()
            for table in COPIES
        }
        for copy in range(1, tickets // SEED):
            for table, others in COPIES.items():
                _copy(connection, table, others, {"copy": copy, "age": copy * HOUR}, first[table])
        connection.execute(text("UPDATE counters SET value = value + :more"), {"more": tickets})


def _copy(
    connection: Connection, table: str, others: dict[str, str], values: dict[str, int], last: int
) -> None:
    names = [f'"{row.name}"' for row in connection.execute(text(f"PRAGMA table_info({table})"))]
    made = [others.get(name.strip('"'), "{0}").format(name) for name in names]
    statement = (
        f"INSERT INTO {table} ({', '.join(names)}) SELECT {', '.join(made)} FROM {table}"
        " WHERE rowid <= :last"
    )
    connection.execute(text(statement), values | {"last": last})


def replies(count: int, turn: int) -> Iterator[bytes]:
    """Answers to mails that made tickets, each by its Message-ID."""
    for number, raw in enumerate(mails(count)):
        head, _, body = raw.partition(b"\r\n\r\n")
        answered = b"<r%d-%d@customer.example>" % (turn, number)
        head = head.replace(b"Message-ID: <", b"In-Reply-To: <").replace(b"the tax", b"it")
        yield head + b"\r\nMessage-ID: " + answered + b"\r\n\r\nAgain: " + body


class Desk:
    """A desk of some size that takes in rounds of the same mails."""

    def __init__(self, folder: Path, tickets: int) -> None:
        path = write_desk(folder)
        hold_nothing_back(folder)
        settings = load_settings(path)
        self.parts = Parts(plan_of(settings), lambda: datetime.now(UTC), carriers(settings))
        self.tickets = tickets
        self.costs: list[float] = []

    async def open(self) -> None:
        """Make the desk as large as it is to be."""
        upgrade(self.parts.engine)
        await put(self.parts, mails(SEED))
        await self.parts.intake.take_waiting()
        for courier in self.parts.couriers:
            await courier.carry_waiting()
        multiply(self.parts.engine, self.tickets)
        now = datetime.now(UTC)
        await self.parts.transactions(lambda c: tidy(c, self.parts.desk, now))

    async def take_in(self, count: int, turn: int) -> None:
        """One round: new mails and replies, their letters included."""
        fresh = [raw.replace(b"<q", b"<n%d-" % turn) for raw in mails(count // 2)]
        await put(self.parts, [*fresh, *replies(count // 2, turn)])
        began = spent_by_us()
        await self.parts.intake.take_waiting()
        await asyncio.gather(*(one.carry_waiting() for one in self.parts.couriers))
        self.costs.append((spent_by_us() - began).processor / count)

    async def close(self) -> None:
        """Let go of it."""
        await self.parts.reader.close()
        await self.parts.close()


async def measure(sizes: list[int], count: int, rounds: int) -> int:
    """Rounds in turn; 1 where the largest desk pays too much."""
    with tempfile.TemporaryDirectory(prefix="gateway-growth-") as name:
        desks = [Desk(Path(name) / str(size), size) for size in sizes]
        for desk in desks:
            await desk.open()
        for turn in range(rounds + 1):
            for desk in desks:
                await desk.take_in(count, turn)
        for desk in desks:
            await desk.close()
    medians = [statistics.median(desk.costs[1:]) for desk in desks]
    for desk, median in zip(desks, medians, strict=True):
        print(f"{desk.tickets:8,} tickets {1000 * median:7.2f} ms of processor a mail")
    ratio = medians[-1] / medians[0]
    print(f"ratio {ratio:.2f} (asked: at most {RATIO_MAX})")
    return int(ratio > RATIO_MAX)


def main() -> int:
    """What was asked for on the command line."""
    journal.silent()
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--tickets", type=int, nargs="+", default=[1_000, 100_000])
    reader.add_argument("--mails", type=int, default=100, help="of a round, half are replies")
    reader.add_argument("--rounds", type=int, default=3)
    asked = reader.parse_args()
    return asyncio.run(measure(asked.tickets, asked.mails, asked.rounds))


if __name__ == "__main__":
    sys.exit(main())
