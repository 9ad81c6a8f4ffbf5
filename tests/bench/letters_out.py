"""Letters out of the outbox to smtp-sink: our couriers, and bare aiosmtplib with the same bytes.

    python tests/bench/letters_out.py [--letters 1000] [--connections 8] [--rounds 3]

Ours claims each letter in the database, hands it over and settles it, durably, on so many kept
connections. The reference has the bytes in memory and hands them over on as many, without any
record of what has left. Both in this process, in turn; medians. There is nothing asked of the
ratio: it tells what keeping the promises about letters costs. Exit code 1 where a letter stayed.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import aiosmtplib
from desks import change, write_desk
from mail_to_ticket import Cost, hold_nothing_back, mails, put, smtp_sink, spent_by_us
from sqlalchemy import func, select, update

from gateway import journal
from gateway.daemon import carriers, plan_of
from gateway.settings.load import load_settings
from gateway.store.mail_tables import outbox
from gateway.store.upgrade import upgrade
from gateway.work.assembly import Parts

OURS, BARE = "gateway", "aiosmtplib"
LETTERS_EACH = 2
Letter = tuple[str, bytes]
"""Recipient and octets."""


async def filled(folder: Path, sink: int, letters: int, couriers: int) -> Parts:
    """A desk whose outbox holds letters that mails have led to."""
    path = write_desk(folder, smarthost=f"smtp+plain://127.0.0.1:{sink}")
    hold_nothing_back(folder)
    change(path, "# couriers = 4", f"couriers = {couriers}")
    settings = load_settings(path)
    parts = Parts(plan_of(settings), lambda: datetime.now(UTC), carriers(settings))
    upgrade(parts.engine)
    await put(parts, mails(letters // LETTERS_EACH))
    await parts.intake.take_waiting()
    return parts


def all_of(parts: Parts) -> list[Letter]:
    """The letters of the outbox."""
    with parts.engine.connect() as connection:
        found = connection.execute(select(outbox.c.recipient, outbox.c.content))
        return [(row.recipient, bytes(row.content)) for row in found]


def queue_again(parts: Parts) -> None:
    """As if no letter had left yet."""
    with parts.engine.begin() as connection:
        connection.execute(update(outbox).values(state="queued", sent_at=None, tries=0))


async def ours(parts: Parts) -> int:
    """Carry all that waits; how many letters have left."""
    await asyncio.gather(*(one.carry_waiting() for one in parts.couriers))
    query = select(func.count()).where(outbox.c.state == "sent")
    with parts.engine.connect() as connection:
        return int(connection.execute(query).scalar_one())


async def bare(clients: Sequence[aiosmtplib.SMTP], letters: Sequence[Letter]) -> int:
    """Hand all over; how many letters have left."""
    left = iter(letters)

    async def carry(client: aiosmtplib.SMTP) -> int:
        count = 0
        for to, content in left:
            await client.mail("bounce@desk.example")
            await client.rcpt(to)
            await client.data(content)
            count += 1
        return count

    return sum(await asyncio.gather(*map(carry, clients)))


async def measure(asked: argparse.Namespace) -> int:
    """Rounds in turn; 1 where a letter stayed."""
    costs: dict[str, list[Cost]] = {OURS: [], BARE: []}
    with smtp_sink() as sink, tempfile.TemporaryDirectory(prefix="gateway-letters-") as name:
        parts = await filled(Path(name) / "desk", sink, asked.letters, asked.connections)
        letters = all_of(parts)
        clients = [
            aiosmtplib.SMTP(hostname="127.0.0.1", port=sink, start_tls=False)
            for _ in range(asked.connections)
        ]
        for client in clients:
            await client.connect()
        ways = {OURS: lambda: ours(parts), BARE: lambda: bare(clients, letters)}
        for turn in range(asked.rounds + 1):
            for way, carry in ways.items():
                queue_again(parts)
                began = spent_by_us()
                if await carry() != len(letters):
                    return 1
                if turn:  # The first round warms up.
                    costs[way].append(spent_by_us() - began)
        for client in clients:
            client.close()
        await parts.reader.close()
        await parts.close()
    report(costs, len(letters))
    return 0


def report(costs: dict[str, list[Cost]], count: int) -> None:
    """Print what was found."""
    wall = {way: statistics.median(one.wall for one in found) for way, found in costs.items()}
    work = {way: statistics.median(one.processor for one in found) for way, found in costs.items()}
    print(f"{count} letters a round, load of the machine {os.getloadavg()[0]:.2f}")
    for way in costs:
        print(
            f"{way:10} {count / wall[way]:8.0f} letters/s"
            f" {1000 * work[way] / count:6.2f} ms of processor a letter"
        )
    print(f"ours / {BARE} {wall[BARE] / wall[OURS]:.2f} (processor {work[BARE] / work[OURS]:.2f})")


def main() -> int:
    """What was asked for on the command line."""
    journal.silent()
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--letters", type=int, default=1000, help="of a round")
    reader.add_argument("--connections", type=int, default=8, help="kept by each")
    reader.add_argument("--rounds", type=int, default=3)
    return asyncio.run(measure(reader.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
