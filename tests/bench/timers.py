"""Measures what open timers cost: start-up, memory, a round; beside APScheduler's memory store.

    python tests/bench/timers.py [--timers 100000] [--rounds 5]

Everything is a ratio within this one run of rounds that take turns (the quickest start, the median
round); exit code 1 where one is above its limit. Uses SQLite in a throw-away folder and the real
`gateway run`.
"""

import argparse
import asyncio
import json
import os
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[1]))

from desks import write_desk
from promise_rows import fill, plan
from servers.gateway import Gateway
from sqlalchemy import Engine, insert, select

from gateway import journal
from gateway.daemon import carriers, plan_of, utc_now
from gateway.desk.step import REMINDER, WARNING, escalation
from gateway.settings.load import load_settings
from gateway.store.engine import open_engine
from gateway.store.mail_tables import outbox
from gateway.store.tables import timers
from gateway.store.upgrade import upgrade
from gateway.work.assembly import Parts

START_LIMIT = 1.3
MEMORY_LIMIT = 1.1
ROUND_LIMIT = 3.0
DUE = 1_000
MIB = 1024 * 1024
SCHEDULER = """
import asyncio, json, sys, time
from datetime import datetime, timedelta, UTC
from apscheduler.schedulers.asyncio import AsyncIOScheduler

def memory():
    pages = int(open("/proc/self/statm").read().split()[1])
    return pages * 4096

def ring(ticket):
    print(ticket)

async def main(count):
    before, began = memory(), time.perf_counter()
    scheduler = AsyncIOScheduler(timezone="UTC", job_defaults={"misfire_grace_time": None})
    far = datetime.now(UTC) + timedelta(days=1)
    for number in range(count):
        scheduler.add_job(ring, "date", run_date=far + timedelta(seconds=number), args=[number])
    scheduler.start()
    print(json.dumps([time.perf_counter() - began, memory() - before]))

asyncio.run(main(int(sys.argv[1])))
"""


def make_desk(folder: Path, times: list[datetime], *names: str) -> Path:
    """A desk with a timer at each instant."""
    path = write_desk(folder)
    settings = load_settings(path)
    settings.state_dir.mkdir()
    engine = open_engine(f"sqlite:///{settings.state_dir / 'gateway.db'}")
    upgrade(engine)
    fill(engine, settings.policy, plan(times, names))
    engine.dispose()
    return path


async def start_once(path: Path) -> tuple[float, float]:
    """Seconds until a daemon is ready, and the octets it holds then."""
    gateway = Gateway(path)
    began = time.perf_counter()
    await gateway.start()
    seconds = time.perf_counter() - began
    octets = memory_of(gateway.running.pid)
    await gateway.stop(signal.SIGTERM)
    return seconds, octets


def memory_of(pid: int) -> int:
    """The octets of a process that are in memory."""
    pages = Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")


def measure_start(folder: Path, count: int, rounds: int) -> dict[str, float]:
    """Start-up and memory with no timers and with many, in turn."""
    far = utc_now() + timedelta(days=1)
    many = [far + timedelta(seconds=number) for number in range(count)]
    none_at = make_desk(folder / "none", [], WARNING)
    many_at = make_desk(folder / "many", many, WARNING)
    results: dict[Path, list[tuple[float, float]]] = {none_at: [], many_at: []}
    for _ in range(rounds):
        for path, found in results.items():
            found.append(asyncio.run(start_once(path)))
    # The quickest start of each: whatever else runs on the machine only adds.
    best = {path: [min(one) for one in zip(*found, strict=True)] for path, found in results.items()}
    return {
        "start_none_s": best[none_at][0],
        "start_many_s": best[many_at][0],
        "memory_none_mib": best[none_at][1] / MIB,
        "memory_many_mib": best[many_at][1] / MIB,
    }


def measure_scheduler(count: int) -> dict[str, float]:
    """One job a ticket in APScheduler's memory store."""
    command = [sys.executable, "-c", SCHEDULER, str(count)]
    answer = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    seconds, octets = json.loads(answer)
    return {"apscheduler_s": seconds, "apscheduler_mib": octets / MIB}


def insert_each(engine: Engine) -> float:
    """Seconds for bare inserts of outbox rows, a transaction each."""
    began = time.perf_counter()
    for number in range(DUE):
        with engine.begin() as connection:
            connection.execute(insert(outbox).values(bare_row(number)))
    return time.perf_counter() - began


def bare_row(number: int) -> dict[str, object]:
    """An outbox row as large as a warning."""
    now = datetime.now(UTC)
    return {
        "event": f"bare:{number}",
        "letter": "engineer_sla_warning",
        "recipient": "eva@desk.example",
        "audience": "staff",
        "message_id": f"{number}.{now.timestamp()}@desk.example",
        "content": b"x" * 3_000,
        "state": "withheld",
        "priority": 3,
        "created_at": now,
        "not_before": now,
    }


def measure_round(folder: Path, rounds: int, name: str) -> tuple[float, float]:
    """A round over due steps of one kind, and bare inserts, each the median of its rounds."""
    ratios: list[tuple[float, float]] = []
    now = utc_now()
    original = make_desk(folder / "due", [now + timedelta(minutes=1)] * DUE, name).parent
    for number in range(rounds):
        copy = folder / f"round-{number}"
        shutil.copytree(original, copy)
        at = now + timedelta(minutes=1, seconds=1)
        ratios.append(asyncio.run(one_round(copy / "gateway.toml", lambda at=at: at)))
        shutil.rmtree(copy)
    return statistics.median(one for one, _ in ratios), statistics.median(two for _, two in ratios)


async def one_round(path: Path, clock: Callable[[], datetime]) -> tuple[float, float]:
    """Seconds of a round, letters included, and of as many bare inserts."""
    settings = load_settings(path)
    parts = Parts(plan_of(settings), clock, carriers(settings))
    await parts.transactions(lambda c: c.execute(select(timers.c.at).limit(1)).all())
    began = time.perf_counter()
    done = await parts.rounds.make_round()
    seconds = time.perf_counter() - began
    assert done == DUE, done
    bare = insert_each(parts.engine)
    await parts.reader.close()
    await parts.close()
    return seconds, bare


def main() -> int:
    """Print all figures as one object; 1 where a ratio is above its limit."""
    journal.silent()
    reader = argparse.ArgumentParser(description=__doc__)
    reader.add_argument("--timers", type=int, default=100_000)
    reader.add_argument("--rounds", type=int, default=5)
    asked = reader.parse_args()
    with tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        folder = Path(name)
        figures = measure_start(folder, asked.timers, asked.rounds)
        figures |= measure_scheduler(asked.timers)
        ratios = {
            "start": (figures["start_many_s"] / figures["start_none_s"], START_LIMIT),
            "memory": (figures["memory_many_mib"] / figures["memory_none_mib"], MEMORY_LIMIT),
        }
        for step in (WARNING, escalation(1), REMINDER):
            word = step.replace(" ", "_")
            seconds, bare = measure_round(folder / word, asked.rounds, step)
            figures |= {f"round_{word}_s": seconds, f"inserts_beside_{word}_s": bare}
            ratios[f"round_{word}"] = seconds / bare, ROUND_LIMIT
    print(json.dumps({key: round(value, 3) for key, value in figures.items()}, indent=1))
    for key, (ratio, limit) in ratios.items():
        print(f"{key:22} {ratio:6.2f}  at most {limit}{'' if ratio <= limit else '  TOO MUCH'}")
    return int(any(ratio > limit for ratio, limit in ratios.values()))


if __name__ == "__main__":
    sys.exit(main())
