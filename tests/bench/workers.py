"""One node with one process and with two, on PostgreSQL, in turn: how fast, and what a mail costs.

    python tests/bench/workers.py [--workers 1 2] [--mails 400] [--rounds 3]

Mails of twenty known people are put into the spool of a running `gateway run`; what is measured
ends when all letters have left to an SMTP sink. PostgreSQL syncs as it does in earnest. Prints the
median of the rounds: mails a second, processor time of a mail in all processes of the node and in
those of PostgreSQL, and how many cores were busy; then the ratios to the first. A machine needs a
free core for each process, its reader and PostgreSQL before two can be twice as fast.
"""

import argparse
import asyncio
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import aiosmtplib
from desks import change, write_desk
from mail_to_ticket import FREE, FREE_TOO, PEOPLE, mails, smtp_sink
from servers.gateway import Gateway
from servers.postgres import Cluster, cluster
from sqlalchemy import Engine, func, select

from gateway.mail.message import Envelope
from gateway.spool import Spool, new_queue_id
from gateway.store.engine import open_engine
from gateway.store.mail_tables import mails as taken_in
from gateway.store.mail_tables import outbox

LOOK_SECONDS = 0.05
WARM = 2 * PEOPLE
"""Mails before anything is measured: everybody is known, every path was gone once."""
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Cost:
    """Of one round, a mail."""

    wall: float
    gateway: float
    postgres: float

    @property
    def cores(self) -> float:
        """How many were busy for us."""
        return (self.gateway + self.postgres) / self.wall


def tree(pid: int) -> Iterable[int]:
    """A process and all that come from it."""
    yield pid
    for children in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in children.read_text(encoding="ascii").split():
            yield from tree(int(child))


def spent(pid: int) -> float:
    """Seconds of processor time of a process and of all that it runs."""
    ticks = 0
    for one in tree(pid):
        fields = Path(f"/proc/{one}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def postmaster(server: Cluster) -> int:
    """The first process of PostgreSQL."""
    text = (server.folder / "data" / "postmaster.pid").read_text(encoding="utf-8")
    return int(text.split()[0])


def settings(folder: Path, workers: int, port: int) -> Path:
    """A desk that holds no letter back."""
    path = write_desk(folder, smarthost=f"smtp+plain://127.0.0.1:{port}")
    change(path, "# workers = 1", f"workers = {workers}")
    for line in (*FREE, *FREE_TOO):
        change(folder / "policy.toml", f"{line}\n", f"{line.partition(' ')[0]} = 0\n")
    return path


async def put(folder: Path, raws: list[bytes]) -> None:
    """Into the spool, beside the daemon that takes from it."""
    spool = Spool(folder / "state" / "spool.db")
    now = datetime.now(UTC)
    envelopes = [
        Envelope(
            queue_id=new_queue_id(now), received_at=now, forward_paths=("support@desk.example",)
        )
        for _ in raws
    ]
    await asyncio.gather(*map(spool.put, envelopes, raws))
    spool.close()


async def ring(gateway: Gateway, raws: list[bytes]) -> None:
    """Mails by SMTP: each process hears that something has arrived."""
    host, _, port = gateway.addresses["smtp"].rpartition(":")
    async with aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False) as client:
        for raw in raws:
            await client.sendmail("kim@customer.example", ["support@desk.example"], raw)


async def until_sent(engine: Engine, count: int) -> None:
    """Until so many mails are taken in and no letter waits."""
    waiting = select(func.count()).where(outbox.c.state.in_(("queued", "sending")))
    done = select(func.count()).select_from(taken_in)
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            with engine.connect() as connection:
                here = connection.execute(done).scalar_one()
                if here >= count and not connection.execute(waiting).scalar_one():
                    return
            await asyncio.sleep(LOOK_SECONDS)


async def measure(server: Cluster, workers: int, count: int, port: int) -> Cost:
    """One node with so many processes, from its start to its end."""
    url = server.fresh_database()
    engine = open_engine(url)
    with tempfile.TemporaryDirectory(prefix="gateway-workers-") as name:
        folder = Path(name)
        gateway = Gateway(
            settings(folder, workers, port),
            {"GATEWAY_DATABASE__URL": url},
            diary_into=asyncio.subprocess.DEVNULL,
        )
        await gateway.start()
        raws = mails(WARM + count)
        await ring(gateway, raws[:WARM])
        await until_sent(engine, WARM)
        before = spent(gateway.running.pid), spent(postmaster(server))
        began = time.perf_counter()
        await put(folder, raws[WARM:-PEOPLE])
        await ring(gateway, raws[-PEOPLE:])
        await until_sent(engine, WARM + count)
        took = time.perf_counter() - began
        after = spent(gateway.running.pid), spent(postmaster(server))
        await gateway.stop()
    engine.dispose()
    server.drop(url)
    return Cost(took / count, (after[0] - before[0]) / count, (after[1] - before[1]) / count)


def median(costs: list[Cost]) -> Cost:
    """Of each part."""
    return Cost(
        *(statistics.median(getattr(one, part) for one in costs) for part in Cost.__annotations__)
    )


def main() -> None:
    """Rounds in turn; medians and ratios."""
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--workers", type=int, nargs="+", default=[1, 2])
    reader.add_argument("--mails", type=int, default=400)
    reader.add_argument("--rounds", type=int, default=3)
    asked = reader.parse_args()
    costs: dict[int, list[Cost]] = {workers: [] for workers in asked.workers}
    with smtp_sink() as port, cluster() as server:
        server.stop()
        server.start("fsync=on")
        for _ in range(asked.rounds):
            for workers in asked.workers:
                costs[workers].append(asyncio.run(measure(server, workers, asked.mails, port)))
    medians = {workers: median(found) for workers, found in costs.items()}
    for workers, cost in medians.items():
        print(
            f"{workers} processes {1 / cost.wall:7.1f} mails/s   "
            f"{1000 * cost.gateway:5.1f} ms of processor a mail, "
            f"{1000 * cost.postgres:5.1f} ms in PostgreSQL, {cost.cores:.2f} cores busy"
        )
    first = medians[asked.workers[0]]
    for workers, cost in list(medians.items())[1:]:
        print(
            f"{workers} / {asked.workers[0]}: throughput {first.wall / cost.wall:.2f}, "
            f"processor {cost.gateway / first.gateway:.2f}, "
            f"with PostgreSQL "
            f"{(cost.gateway + cost.postgres) / (first.gateway + first.postgres):.2f}"
        )
    print(f"{os.cpu_count()} cores here")


if __name__ == "__main__":
    main()
