"""The faults: each breaks a desk under traffic in its own way and ends with the closing check."""

import asyncio
import contextlib
import os
import random
import signal
from pathlib import Path

from acting.operator import run_process
from bench.faults.killed_at import POINTS
from bench.faults.world import Report, World, world
from desks import change
from servers.postgres import Cluster

DICE = random.Random(7)
POISON = b"From: mallory@evil.example\r\nSubject: Poison\r\nMessage-ID: <p%d@evil.example>\r\n"
STEPS = ("greeting", "MAIL", "RCPT", "DATA", "after the dot", "421 at RCPT", "451 after the dot")
START = frozenset(
    point for point, (place, _) in POINTS.items() if place.startswith("gateway.daemon")
)


async def random_kills(folder: Path, count: int, database_url: str = "") -> Report:
    """F02: SIGKILL again and again, 20 to 400 ms after traffic began to flow.

    Every other time it has caught up before: else it only ever dies while it starts to read.
    """
    async with world(folder, database_url) as desk:
        for number in range(count):
            if number % 2:
                await desk.catch_up()
            await desk.some_mails(1)
            await asyncio.sleep(DICE.uniform(0.02, 0.4))
            await desk.kill()
            await desk.start()
        return await desk.close("random kills", count)


async def kills_at_points(folder: Path, points: list[str], database_url: str = "") -> Report:
    """F01: SIGKILL at named points, each reached under traffic."""
    reached = 0
    async with world(folder, database_url) as desk:
        await desk.some_mails(2)
        for point in points:
            await desk.kill()
            if await _dies_at(desk, point):
                reached += 1
            await desk.start()
        report = await desk.close("kills at named points", reached)
    if reached < len(points):
        report.flaws.append(f"{len(points) - reached} points were never reached")
    return report


async def _dies_at(desk: World, point: str) -> bool:
    """Whether the daemon came to its point and died there."""
    # Some points come before the ready line.
    with contextlib.suppress(AssertionError):
        await desk.start(point, 1 if point in START else DICE.randint(1, 3))
    try:
        async with asyncio.timeout(30):
            await desk.gateway.running.wait()
    except TimeoutError:
        await desk.kill()
        return False
    return await desk.gateway.stop() == -signal.SIGKILL


async def terms(folder: Path, count: int, database_url: str = "") -> Report:
    """F42: SIGTERM under load ends with 0 within ten seconds, and nothing is lost."""
    flaws = []
    loop = asyncio.get_running_loop()
    async with world(folder, database_url) as desk:
        for _ in range(count):
            await desk.some_mails(3)
            began = loop.time()
            code = await desk.gateway.stop(signal.SIGTERM)
            if code or loop.time() - began > 15:
                flaws.append(f"SIGTERM: exit {code} after {loop.time() - began:.1f} s")
            await desk.start()
        report = await desk.close("SIGTERM under load", count)
    report.flaws += flaws
    return report


async def postgres_crashes(folder: Path, count: int, cluster: Cluster) -> Report:
    """F07, F08: PostgreSQL stops or crashes and comes back; mail is taken meanwhile."""
    async with world(folder, cluster.fresh_database()) as desk:
        for number in range(count):
            await desk.some_mails(3)
            await asyncio.to_thread(cluster.stop, "fast" if number % 4 == 3 else "immediate")
            await desk.some_mails(3)
            await asyncio.to_thread(cluster.start)
        return await desk.close("PostgreSQL crashes", count)


async def connections_killed(folder: Path, count: int, cluster: Cluster) -> Report:
    """F10: the server ends connections while they commit."""
    url = cluster.fresh_database()
    name = url.partition("@/")[2].partition("?")[0]
    ended = (
        "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
        f" WHERE datname = '{name}' AND pid <> pg_backend_pid()"
    )
    async with world(folder, url) as desk:
        for _ in range(count):
            await desk.some_mails(1)
            await asyncio.sleep(DICE.uniform(0, 0.1))
            await asyncio.to_thread(cluster.sql, ended)
        return await desk.close("connections killed", count)


async def smarthost_cuts(folder: Path, rounds: int, database_url: str = "") -> Report:
    """F13, F14: the smarthost is cut at each step of the dialogue."""
    async with world(folder, database_url) as desk:
        double = desk.smarthost
        for _ in range(rounds):
            for step in STEPS:
                await desk.some_mails(2)
                await _cut(desk, step)
        double.at_rcpt = double.at_data = lambda _: ""
        return await desk.close("smarthost cut", rounds * len(STEPS))


async def _cut(desk: World, step: str) -> None:
    """One cut; the double is well again afterwards."""
    double = desk.smarthost
    happened = asyncio.Event()

    def hang_up(_: object) -> str:
        happened.set()
        double.drop_connections()
        return "" if step == "after the dot" else "451 4.3.0 gone"

    def say(_: object) -> str:
        happened.set()
        return "421 4.3.2 closing" if step.startswith("421") else "451 4.3.0 later"

    if step == "greeting":
        await double.down()
        await desk.some_mails(1)
        await double.up()
        return
    if step in ("MAIL", "RCPT", "421 at RCPT"):
        double.at_rcpt = hang_up if step != "421 at RCPT" else say
    else:
        double.at_data = say if step.startswith("451") else hang_up
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(10):
            await happened.wait()
    double.at_rcpt = double.at_data = lambda _: ""


async def two_daemons(folder: Path) -> Report:
    """F31, P17: a second daemon on the same files goes away at once; the first goes on."""
    async with world(folder) as desk:
        await desk.some_mails(2)
        second = await asyncio.to_thread(run_process, "run", config=desk.gateway.settings)
        await desk.some_mails(2)
        report = await desk.close("two daemons on one file", 1)
    if second.code != 1 or "another gateway" not in second.errors:
        report.flaws.append(f"the second daemon: {second}")
    return report


async def poison(folder: Path) -> Report:
    """F12, F32, F36–F40: mails that break readers are parked or read; the others go on."""
    bodies = [
        b"Content-Type: multipart/mixed; boundary=\r\n\r\n--\r\n",
        b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nno end",
        b"Content-Type: text/plain; charset=unicode_escape\r\n\r\n\\x00",
        b"Subject: =?utf-7?q?+AAA?=\r\n\r\n" + bytes(range(1, 10)) + b"\xff\r\n",
        b"".join(
            b"Content-Type: multipart/mixed; boundary=%d\r\n\r\n--%d\r\n" % (n, n)
            for n in range(600)
        ),
        b"Content-Type: text/plain; "
        + b"; ".join(b"p%d=1" % n for n in range(150))
        + b"\r\n\r\n.\r\n",
        b"X: " + b'"' * 8000 + b"\r\nTo: " + b"(" * 2000 + b"\r\n\r\nHello\r\n",
        b"\r\n",
    ]
    async with world(folder) as desk:
        for number, body in enumerate(bodies):
            await desk.gateway.send(POISON % number + body.replace(b"\n\r\n..", b"\n"))
            await desk.some_mails(1)
        return await desk.close("poison mails", len(bodies))


async def workers_killed(folder: Path, count: int, cluster: Cluster) -> Report:
    """F02: of a node with two processes now the worker, now the first one is killed."""
    async with world(folder, cluster.fresh_database(), two_processes) as desk:
        for number in range(count):
            await desk.some_mails(2)
            await asyncio.sleep(DICE.uniform(0.02, 0.4))
            if number % 3 == 2:
                await desk.kill()
                await desk.start()
            else:
                started = desk.workers()
                os.kill(started[-1], signal.SIGKILL)
                await desk.gateway.heard("worker_started", len(started) + 1)
        return await desk.close("workers killed", count)


async def two_processes(desk: World) -> None:
    """As a setting of its node."""
    change(desk.gateway.settings, "# workers = 1", "workers = 2")


async def killed_readers(folder: Path, count: int) -> Report:
    """F12: the reading process dies in the middle of mails; another takes its place."""
    async with world(folder) as desk:
        for _ in range(count):
            await desk.some_mails(2)
            for pid in _children(desk.gateway.running.pid):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGSEGV)
        return await desk.close("reading processes killed", count)


def _children(pid: int) -> list[int]:
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(one) for one in found.split()]
