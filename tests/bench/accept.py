"""Durable accept of mails, against aiosmtpd's null handler and Postfix's queue: ratios in one run.

    python tests/bench/accept.py [--mails 2000] [--size 30000] [--connections 20] [--rounds 5]

Three receivers on loopback, each in processes of its own, take the same mails over kept connections
from this process: our door, which has each mail synced to disk before it says 250; aiosmtpd with a
handler that throws away; Postfix, which keeps a queue file and then discards. What offers
PIPELINING is used so. They take turns, so that other load on the machine falls on all; the medians
are compared. Only accepting is measured: nothing reads the spool meanwhile.
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
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from aiosmtpd.smtp import SMTP
from servers.postfix import NotHere, postfix

from gateway import journal
from gateway.spool import Spool
from gateway.wire.door import Door
from gateway.wire.listen import open_door
from gateway.wire.reception import Reception
from gateway.wire.rules import Rules

OURS, NULL, POSTFIX = "gateway", "aiosmtpd", "postfix"
ASKED = {NULL: (2.0, 3.0), POSTFIX: (1.5, 2.5)}
"""Ratio that is asked for, and the goal."""
LINE = b"The printer on our second floor is offline again, and the invoice of May is wrong.\r\n"


COMMANDS = (b"MAIL FROM:<a@b.example>\r\n", b"RCPT TO:<c@desk.example>\r\n", b"DATA\r\n")


class Null:
    """Throws every mail away."""

    async def handle_DATA(self, *_: object) -> str:  # noqa: N802 - aiosmtpd looks hooks up by name
        """A mail."""
        return "250 OK"


async def serve(which: str, folder: Path) -> None:
    """Be one of the receivers until killed; prints the port."""
    loop = asyncio.get_running_loop()
    if which == NULL:
        server = await loop.create_server(
            lambda: SMTP(Null(), hostname="bench", loop=loop, enable_SMTPUTF8=True), "127.0.0.1", 0
        )
        print(server.sockets[0].getsockname()[1], flush=True)
    else:
        # The diary is written, as in service, but nowhere.
        journal.start(form="json", stream=os.fdopen(os.open(os.devnull, os.O_WRONLY), "w"))
        rules = Rules(hostname="bench", mails_max=10**9, connections_of_one_max=1000)
        spool = Spool(folder / "spool.db")
        reception = Reception(spool, lambda _: "ours", lambda: datetime.now(UTC), rules)
        listener = await open_door(Door(reception), "127.0.0.1:0")
        print(listener.address.rpartition(":")[2], flush=True)
    await asyncio.Event().wait()


class Sender(asyncio.Protocol):
    """One kept connection that sends its mails one after the other."""

    def __init__(self, mails: Sequence[bytes]) -> None:
        self._mails = iter(mails)
        self._steps: list[bytes] = []
        self._awaited = 1
        self._buffer = b""
        self._pipelines = False
        self.done = asyncio.get_running_loop().create_future()
        self._greeted = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The greeting comes first."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # it is one
        self._steps = [b"EHLO bench.example\r\n"]

    def data_received(self, data: bytes) -> None:
        """Replies: the next step follows when all that were awaited are there."""
        *lines, self._buffer = (self._buffer + data).split(b"\r\n")
        for line in lines:
            self._pipelines = self._pipelines or line[4:] == b"PIPELINING"
            if line[3:4] == b"-":
                continue
            if line[:1] not in b"23":
                self.done.set_exception(RuntimeError(line.decode()))
                self._transport.close()
                return
            self._awaited -= 1
        if self._awaited <= 0:
            self._go_on()

    def _go_on(self) -> None:
        if not self._steps and (mail := next(self._mails, None)) is not None:
            commands = [
                b"MAIL FROM:<a@b.example>\r\n",
                b"RCPT TO:<c@desk.example>\r\n",
                b"DATA\r\n",
            ]
            self._steps = [b"".join(commands), mail] if self._pipelines else [*commands, mail]
        if not self._steps:
            if not self.done.done():
                self.done.set_result(None)
            self._transport.close()
            return
        step = self._steps.pop(0)
        self._awaited = 3 if self._pipelines and step.startswith(b"MAIL") else 1
        self._transport.write(step)

    def connection_lost(self, error: Exception | None) -> None:
        """Too early, unless all was sent."""
        if not self.done.done():
            self.done.set_exception(error or ConnectionError("closed"))


async def load(port: int, mails: Sequence[bytes], connections: int) -> float:
    """Send all mails; seconds until the last reply."""
    loop = asyncio.get_running_loop()
    began = time.perf_counter()
    senders = []
    for number in range(connections):
        _, sender = await loop.create_connection(
            lambda number=number: Sender(mails[number::connections]),  # type: ignore[misc]  # bound now
            "127.0.0.1",
            port,
        )
        senders.append(sender.done)
    await asyncio.gather(*senders)
    return time.perf_counter() - began


@contextlib.asynccontextmanager
async def receiver(which: str, folder: Path) -> AsyncIterator[int]:
    """One of the receivers in a process of its own; its port."""
    if which == POSTFIX:
        async with postfix("discard:") as made:
            yield made.port
        return
    process = await asyncio.create_subprocess_exec(
        sys.executable, __file__, "--serve", which, "--folder", str(folder), stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield int(await process.stdout.readline())
    finally:
        process.kill()
        await process.wait()


def corpus(count: int, size: int) -> list[bytes]:
    """Mails as they go over the wire, the end mark included."""
    body = LINE * (size // len(LINE))
    return [
        b"From: ann@acme.example\r\nTo: support@desk.example\r\nSubject: Case %d\r\n"
        b"Message-ID: <case-%d@acme.example>\r\n\r\n%s.\r\n" % (number, number, body)
        for number in range(count)
    ]


async def measure(options: argparse.Namespace) -> int:
    """Rounds in turn; the ratios, and whether they are what is asked."""
    mails = corpus(options.mails, options.size)
    rates: dict[str, list[float]] = {OURS: [], NULL: [], POSTFIX: []}
    async with contextlib.AsyncExitStack() as stack:
        ports = {}
        for which in rates:
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            try:
                ports[which] = await stack.enter_async_context(receiver(which, folder))
            except NotHere as error:
                print(f"{which}: not measured: {error}")
        for turn in range(options.rounds + 1):
            for which, port in ports.items():
                rate = len(mails) / await load(port, mails, options.connections)
                if turn:  # The first round warms up.
                    rates[which].append(rate)
    return report({which: found for which, found in rates.items() if found})


def report(rates: dict[str, list[float]]) -> int:
    """Print what was found; 1 where less than what is asked."""
    medians = {which: statistics.median(found) for which, found in rates.items()}
    for which, found in rates.items():
        spread = f"{min(found):,.0f} to {max(found):,.0f}"
        print(f"{which:9} {medians[which]:8,.0f} mails/s ({spread})")
    short = False
    for which in medians.keys() - {OURS}:
        ratio = medians[OURS] / medians[which]
        asked, goal = ASKED[which]
        short = short or ratio < asked
        print(f"against {which:9} {ratio:5.2f} (asked {asked}, goal {goal})")
    return int(short)


def main() -> int:
    """What was asked for on the command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--mails", type=int, default=2000, help="mails of one round")
    parser.add_argument("--size", type=int, default=30_000, help="octets of a mail")
    parser.add_argument("--connections", type=int, default=20, help="at the same time")
    parser.add_argument("--rounds", type=int, default=5, help="of which medians are taken")
    parser.add_argument("--serve", choices=[OURS, NULL], help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        asyncio.run(serve(options.serve, options.folder))
        return 0
    return asyncio.run(measure(options))


if __name__ == "__main__":
    sys.exit(main())
