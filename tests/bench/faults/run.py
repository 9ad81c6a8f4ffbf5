"""Breaks a running desk in every way it must survive, and counts what it lost or did twice.

    python tests/bench/faults/run.py --kills 1000 --crashes 50
    python tests/bench/faults/run.py --only "random kills" --kills 200 --database postgres

Real daemons with traffic by SMTP; after each kind of fault everything is let come to rest and the
same closing check is made. Exit code 1 where a promise was broken. Needs PostgreSQL for its faults.
"""

import argparse
import asyncio
import contextlib
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[2]))
sys.path.insert(0, str(Path(__file__).parents[3]))

from bench.faults import cases
from bench.faults.killed_at import POINTS
from bench.faults.world import Report
from servers.postgres import Cluster, cluster

Case = Callable[[Path], Coroutine[Any, Any, Report]]


def cases_of(asked: argparse.Namespace, postgres: Cluster | None) -> dict[str, Case]:
    """What is to be run, by name."""
    url = postgres.fresh_database if postgres and asked.database == "postgres" else str
    chosen: dict[str, Case] = {
        "random kills": lambda folder: cases.random_kills(folder, asked.kills, url()),
        "named points": lambda folder: cases.kills_at_points(
            folder, [one for one in POINTS if asked.point in one] * asked.rounds, url()
        ),
        "sigterm": lambda folder: cases.terms(folder, asked.terms, url()),
        "smarthost cut": lambda folder: cases.smarthost_cuts(folder, asked.rounds, url()),
        "readers killed": lambda folder: cases.killed_readers(folder, asked.terms),
        "two daemons": cases.two_daemons,
        "poison": cases.poison,
    }
    if postgres is not None:
        chosen["postgres crashes"] = lambda folder: cases.postgres_crashes(
            folder, asked.crashes, postgres
        )
        chosen["workers killed"] = lambda folder: cases.workers_killed(
            folder, asked.kills, postgres
        )
        chosen["connections killed"] = lambda folder: cases.connections_killed(
            folder, asked.crashes, postgres
        )
    return {name: one for name, one in chosen.items() if asked.only in name}


def show(report: Report, seconds: float) -> None:
    """One line for a kind of fault, and one for each broken promise."""
    figures = " ".join(f"{name}={value:g}" for name, value in report.figures.items())
    verdict = "BROKEN" if report.flaws else "kept"
    print(f"{report.name:26} {report.faults:5} faults {seconds:6.0f} s  {verdict:6} {figures}")
    for flaw in report.flaws[:20]:
        print(f"    {flaw}")
    sys.stdout.flush()


def main() -> int:
    """Run what was asked for; 1 where a promise was broken."""
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--kills", type=int, default=20, help="random SIGKILLs (fault F02)")
    reader.add_argument("--crashes", type=int, default=5, help="PostgreSQL crashes (F08, F10)")
    reader.add_argument("--terms", type=int, default=3, help="SIGTERMs; readers killed")
    reader.add_argument("--rounds", type=int, default=1, help="rounds of points and of cuts")
    reader.add_argument("--point", default="", help="named points that have this in their name")
    reader.add_argument("--only", default="", help="kinds whose name has this in it")
    reader.add_argument("--database", choices=("sqlite", "postgres"), default="sqlite")
    asked = reader.parse_args()
    broken = 0
    with contextlib.ExitStack() as until_end:
        postgres = None
        try:
            postgres = until_end.enter_context(cluster())
        except FileNotFoundError as error:
            print(f"without PostgreSQL: {error}")
        for case in cases_of(asked, postgres).values():
            folder = Path(until_end.enter_context(tempfile.TemporaryDirectory(prefix="faults-")))
            began = time.monotonic()
            report = asyncio.run(case(folder))
            show(report, time.monotonic() - began)
            broken += bool(report.flaws)
    return int(broken > 0)


if __name__ == "__main__":
    sys.exit(main())
