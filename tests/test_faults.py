"""The fault bench in its short form: a few faults of each kind, each ending in the closing check.

The long form is `python tests/bench/faults/run.py --kills 1000 --crashes 50`.
"""

import ast
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest
from bench.faults import cases
from bench.faults.coverage import FAULTS, REASONS, asked_for
from bench.faults.killed_at import POINTS, watched
from bench.faults.world import Report
from servers.postgres import Cluster

TESTS = Path(__file__).parent
SOME_POINTS = (
    "after the spool's commit, before 250",
    "after the smarthost's 250",
)

KINDS: list[Any] = [
    pytest.param(lambda folder: cases.random_kills(folder, 3), id="random-kills"),
    pytest.param(lambda folder: cases.kills_at_points(folder, SOME_POINTS), id="named-points"),
    pytest.param(lambda folder: cases.terms(folder, 1), id="sigterm"),
    pytest.param(cases.two_daemons, id="two-daemons"),
    pytest.param(cases.poison, id="poison"),
    pytest.param(lambda folder: cases.killed_readers(folder, 2), id="readers-killed"),
]


@pytest.mark.slow
@pytest.mark.parametrize("fault", KINDS)
async def test_a_fault_under_traffic_breaks_no_promise(
    tmp_path: Path, fault: Callable[[Path], Coroutine[Any, Any, Report]]
) -> None:
    report = await fault(tmp_path)

    assert report.flaws == []
    assert report.figures["accepted"] > 0


@pytest.mark.slow
async def test_f08_f10_a_database_that_crashes_under_traffic_breaks_no_promise(
    tmp_path: Path, postgres: Cluster
) -> None:
    crashed = await cases.postgres_crashes(tmp_path / "crashes", 2, postgres)
    ended = await cases.connections_killed(tmp_path / "ended", 2, postgres)

    assert crashed.flaws + ended.flaws == []


def test_each_fault_asked_for_has_a_test_or_a_reason() -> None:
    assert set(FAULTS) | set(REASONS) == set(asked_for())
    for places in FAULTS.values():
        for place in places:
            name, _, function = place.partition("::")
            tree = ast.parse((TESTS / name).read_text(encoding="utf-8"))
            names = {
                one.name
                for one in ast.walk(tree)
                if isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef)
            }
            assert function in names, place


def test_a_watched_function_does_what_it_did(capsys: pytest.CaptureFixture[str]) -> None:
    assert watched(len, "before", 2)([1, 2, 3]) == 3
    assert len(POINTS) >= 24
