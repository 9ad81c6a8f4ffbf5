"""Two nodes on one PostgreSQL against one: processor time a mail, and throughput, in one run.

    python tests/bench/two_nodes.py [--mails 300] [--rounds 3]

Two desks in one private PostgreSQL that syncs its commits: one has one node, the other two, all of
them real daemons. In turn each gets the same burst of mails by SMTP, evenly over its nodes, and the
clock runs until every letter has left to smtp-sink. Processor time is that of all processes of the
nodes; with PostgreSQL's own it is told beside. Medians; exit code 1 where two nodes need more than
is asked, or, where there are cores enough, bring less.
"""

import argparse
import asyncio
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import bare_smtp
from desks import change, write_desk
from mail_to_ticket import hold_nothing_back, mail, smtp_sink
from servers.gateway import Gateway
from servers.postgres import Cluster, cluster
from sqlalchemy import Engine, func, select

from gateway.store.engine import open_engine
from gateway.store.mail_tables import outbox

PROCESSOR_MAX = 1.2
THROUGHPUT_MIN = 1.7
CORES_FOR_THROUGHPUT = 6
LETTERS_EACH = 2
CONNECTIONS = 8
LOOK_SECONDS = 0.05
PATIENCE_SECONDS = 300


@dataclass(frozen=True)
class Cost:
    """What a mail cost: seconds until all is done and of the processor, by mail."""

    wall: float
    nodes: float
    database: float


def spent(pid: int) -> float:
    """Seconds of processor of a process, and of those it started, until now."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()
    own = sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
    return own + sum(spent(int(child)) for child in children)


class Desk:
    """One desk on a database of its own, served by some nodes."""

    def __init__(self, folder: Path, nodes: int, postgres: Cluster, sink: int) -> None:
        self.count = nodes
        self.costs: list[Cost] = []
        url = postgres.fresh_database()
        self._engine: Engine = open_engine(url)
        self._postmaster = int((postgres.folder / "data" / "postmaster.pid").read_text().split()[0])
        self._nodes = [self._node(folder / f"{nodes}-{one}", url, sink) for one in range(nodes)]
        self._senders: list[bare_smtp.Sender] = []
        self._number = 0

    @staticmethod
    def _node(folder: Path, url: str, sink: int) -> Gateway:
        path = write_desk(folder, smarthost=f"smtp+plain://127.0.0.1:{sink}")
        hold_nothing_back(folder)
        change(path, "# relays = []", 'relays = ["127.0.0.1"]')
        keys = folder.parent / "token-keys"
        keys.write_text("ab" * 32 + "\n", encoding="ascii")
        environ = {"GATEWAY_DATABASE__URL": url, "GATEWAY_SECRETS__TOKEN_KEYS_FILE": str(keys)}
        return Gateway(path, environ, diary_into=subprocess.DEVNULL)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Its nodes run, and have connections open to each."""
        try:
            for node in self._nodes:
                await node.start()
            for number in range(CONNECTIONS):
                node = self._nodes[number % self.count]
                port = int(node.addresses["smtp"].rpartition(":")[2])
                self._senders.append(await bare_smtp.connect(port))
            yield
        finally:
            for sender in self._senders:
                sender.close()
            await asyncio.gather(*(node.stop() for node in self._nodes if node.process))
            self._engine.dispose()

    async def take_in(self, count: int) -> Cost:
        """A burst of mails, until each of their letters has left."""
        before = self._spent()
        sent = []
        for _ in range(count):
            self._number += 1
            raw = mail(self._number, self._number) + b".\r\n"
            sender = self._senders[self._number % CONNECTIONS]
            sent.append(sender.send("kim@customer.example", "support@desk.example", raw))
        await asyncio.gather(*sent)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._at_rest()
        after = self._spent()
        return Cost(*((b - a) / count for a, b in zip(before, after, strict=True)))

    async def _at_rest(self) -> None:
        left = -1
        while left < LETTERS_EACH * self._number:
            await asyncio.sleep(LOOK_SECONDS)
            left = await asyncio.to_thread(self._letters)

    def _spent(self) -> tuple[float, float, float]:
        nodes = sum(spent(node.running.pid) for node in self._nodes)
        return time.perf_counter(), nodes, spent(self._postmaster)

    def _letters(self) -> int:
        query = select(func.count()).where(outbox.c.state == "sent")
        with self._engine.connect() as connection:
            return int(connection.execute(query).scalar_one())


async def measure(mails: int, rounds: int) -> int:
    """Rounds in turn; 1 where two nodes are not what is asked."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-nodes-")))
        sink = stack.enter_context(smtp_sink())
        postgres = stack.enter_context(cluster())
        # As it is delivered, it syncs; the tests' own does not.
        postgres.stop()
        postgres.start("fsync=on")
        desks = [Desk(folder, nodes, postgres, sink) for nodes in (1, 2)]
        for desk in desks:
            await stack.enter_async_context(desk.running())
        for turn in range(rounds + 1):
            for desk in desks:
                cost = await desk.take_in(mails)
                if turn:  # The first round warms up.
                    desk.costs.append(cost)
    return report(*desks)


def report(one: Desk, two: Desk) -> int:
    """Print what was found; 1 where two nodes are not what is asked."""
    cores = len(os.sched_getaffinity(0))
    print(f"{cores} cores, load of the machine {os.getloadavg()[0]:.2f}")
    found: list[Cost] = []
    for desk in (one, two):
        middle = Cost(
            *(
                statistics.median(getattr(cost, name) for cost in desk.costs)
                for name in ("wall", "nodes", "database")
            )
        )
        found.append(middle)
        print(
            f"{desk.count} nodes {1 / middle.wall:7.1f} mails/s {1000 * middle.nodes:7.2f} ms of"
            f" processor a mail, PostgreSQL {1000 * middle.database:.2f} ms more"
        )
    processor = found[1].nodes / found[0].nodes
    whole = (found[1].nodes + found[1].database) / (found[0].nodes + found[0].database)
    throughput = found[0].wall / found[1].wall
    is_asked = cores >= CORES_FOR_THROUGHPUT
    print(f"processor {processor:.2f} times (asked: at most {PROCESSOR_MAX:g}), with", end=" ")
    print(f"PostgreSQL {whole:.2f} times")
    print(f"throughput {throughput:.2f} times (asked with {CORES_FOR_THROUGHPUT} cores", end=" ")
    print(f"or more: at least {THROUGHPUT_MIN:g})")
    return int(processor > PROCESSOR_MAX or (is_asked and throughput < THROUGHPUT_MIN))


def main() -> int:
    """What was asked for on the command line."""
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--mails", type=int, default=300, help="of a round")
    reader.add_argument("--rounds", type=int, default=3)
    asked = reader.parse_args()
    return asyncio.run(measure(asked.mails, asked.rounds))


if __name__ == "__main__":
    sys.exit(main())
