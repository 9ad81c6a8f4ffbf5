"""From a mail to its acknowledgement at the smarthost: our desk, and a bare relay with two syncs.

    python tests/bench/latency.py [--mails 60] [--rounds 3] [--rate MAILS_A_SECOND]

Each in a process of its own, on one disk, with one smarthost that notes when a letter is there in
full. The relay syncs what it took before it says 250, syncs once more as a database would, and
hands the mail over on a kept connection. The clock starts when the client begins to send, also on a
kept connection. Idle: one mail at a time, to both in turn, with rests. Half load: mails come at
half the rate at which our desk works off a burst, which is measured first, and the relay gets them
at the same rate.
Exit code 1 where our desk takes longer than is asked, idle.
"""

import argparse
import asyncio
import contextlib
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

import bare_smtp
from desks import change, write_desk
from mail_to_ticket import hold_nothing_back, mail
from servers.gateway import Gateway

OURS, RELAY = "gateway", "bare relay and two syncs"
ASKED = 5.0
CONNECTIONS = 8
PATIENCE_SECONDS = 60
BURST = 200
REST_SECONDS = 0.1


class Sink:
    """The smarthost: when the first letter to each recipient was there."""

    def __init__(self) -> None:
        self._awaited: dict[str, asyncio.Future[float]] = {}
        self.port = 0

    async def open(self) -> None:
        """Listen."""
        server = await asyncio.get_running_loop().create_server(
            lambda: bare_smtp.Receiver(self._take), "127.0.0.1", 0
        )
        self.port = server.sockets[0].getsockname()[1]

    def _take(self, _: str, recipient: str, __: bytes) -> bytes:
        arrived = self._awaited.pop(recipient, None)
        if arrived is not None:
            arrived.set_result(time.perf_counter())
        return b"250 OK\r\n"

    def letter_to(self, recipient: str) -> "asyncio.Future[float]":
        """When the first letter to somebody is there."""
        made: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._awaited[recipient] = made
        return made


class Way:
    """One of the two ways from a client to the smarthost, and what was measured on it."""

    def __init__(self, name: str, sink: Sink, port: int) -> None:
        self.name = name
        self.took: dict[str, list[float]] = {"idle": [], "half load": []}
        self._sink, self._port = sink, port
        self._senders: list[bare_smtp.Sender] = []
        self._number = 0

    async def open(self) -> None:
        """Connect."""
        self._senders = [await bare_smtp.connect(self._port) for _ in range(CONNECTIONS)]

    def close(self) -> None:
        """Hang up."""
        for one in self._senders:
            one.close()

    async def one(self) -> float:
        """Send a mail; seconds until its acknowledgement was at the smarthost."""
        self._number += 1
        number = self._number
        sender = f"kim{number}@customer{number}.example"
        arrived = self._sink.letter_to(sender)
        began = time.perf_counter()
        kept = self._senders[number % CONNECTIONS].send(
            sender, "support@desk.example", mail(number, number) + b".\r\n"
        )
        async with asyncio.timeout(PATIENCE_SECONDS):
            await kept
            return await arrived - began

    async def idle(self) -> None:
        """One mail, and a rest, so that the next one finds nothing going on."""
        self.took["idle"].append(await self.one())
        await asyncio.sleep(REST_SECONDS)

    async def loaded(self, count: int, rate: float) -> None:
        """Mails come at a rate, however long those before them take."""
        loop = asyncio.get_running_loop()
        began, ways = loop.time(), []
        for number in range(count):
            await asyncio.sleep(max(0.0, began + number / rate - loop.time()))
            ways.append(asyncio.create_task(self.one()))
        self.took["half load"] += await asyncio.gather(*ways)

    async def burst(self, count: int) -> float:
        """Mails a second where all come at once, the letters included."""
        began = time.perf_counter()
        await asyncio.gather(*(self.one() for _ in range(count)))
        return count / (time.perf_counter() - began)


@contextlib.asynccontextmanager
async def our_desk(folder: Path, smarthost: int) -> AsyncIterator[int]:
    """The daemon as delivered, but that it holds no letter back; its port."""
    path = write_desk(folder, smarthost=f"smtp+plain://127.0.0.1:{smarthost}")
    hold_nothing_back(folder)
    change(path, "# relays = []", 'relays = ["127.0.0.1"]')
    gateway = Gateway(path, diary_into=subprocess.DEVNULL)
    await gateway.start()
    try:
        yield int(gateway.addresses["smtp"].rpartition(":")[2])
    finally:
        await gateway.stop()


@contextlib.asynccontextmanager
async def bare_relay(folder: Path, smarthost: int) -> AsyncIterator[int]:
    """The relay in a process of its own; its port."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, bare_smtp.__file__, str(folder), str(smarthost), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


async def measure(asked: argparse.Namespace) -> int:
    """Rounds in turn; 1 where our desk takes too long."""
    async with contextlib.AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gateway-latency-")))
        sink = Sink()
        await sink.open()
        (folder / "bare").mkdir()
        ways = [
            Way(OURS, sink, await stack.enter_async_context(our_desk(folder / "desk", sink.port))),
            Way(
                RELAY, sink, await stack.enter_async_context(bare_relay(folder / "bare", sink.port))
            ),
        ]
        for way in ways:
            await way.open()
            stack.callback(way.close)
            await way.burst(CONNECTIONS)
        rate = asked.rate or await ways[0].burst(BURST) / 2
        for _ in range(asked.rounds):
            for _ in range(asked.mails):
                for way in ways:
                    await way.idle()
            for way in ways:
                await way.loaded(asked.mails, rate)
    return report(ways, rate)


def report(ways: list[Way], rate: float) -> int:
    """Print what was found; 1 where our desk takes longer than is asked."""
    print(f"half load: {rate:.1f} mails/s; load of the machine {os.getloadavg()[0]:.2f}")
    for kind in ("idle", "half load"):
        for way in ways:
            middle, late = figures(way.took[kind])
            print(f"{kind:10} {way.name:26} {middle:7.2f} ms, 95 of 100 below {late:7.2f} ms")
    ratios = {
        kind: figures(ways[0].took[kind])[0] / figures(ways[1].took[kind])[0]
        for kind in ("idle", "half load")
    }
    print(f"idle {ratios['idle']:.2f} times (asked: at most {ASKED:g}); half load", end=" ")
    print(f"{ratios['half load']:.2f} times")
    return int(ratios["idle"] > ASKED)


def figures(took: list[float]) -> tuple[float, float]:
    """The median and the 95th percentile, in milliseconds."""
    ordered = sorted(took)
    return 1000 * statistics.median(ordered), 1000 * ordered[math.ceil(0.95 * len(ordered)) - 1]


def main() -> int:
    """What was asked for on the command line."""
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--mails", type=int, default=60, help="of each kind and round")
    reader.add_argument("--rounds", type=int, default=3)
    reader.add_argument("--rate", type=float, default=0.0, help="half load, if known")
    return asyncio.run(measure(reader.parse_args()))


if __name__ == "__main__":
    sys.exit(main())
