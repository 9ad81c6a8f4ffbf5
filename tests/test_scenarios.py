"""Plays every acceptance case on the real pipeline; one test a case."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from acting.play import play

from gateway.work.reader import Reader

# One reading process serves all cases, as it serves all mails of a daemon.
pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN = Path(__file__).parent / "scenarios" / "scenarios.yaml"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    path = metafunc.config.getoption("--scenarios") or OWN
    file = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    cases = [pytest.param(case, id=case["id"]) for case in file["scenarios"]]
    metafunc.parametrize("case", cases)
    metafunc.parametrize("meta", [pytest.param(file["meta"], id="")])


async def test_scenario(
    case: dict[str, Any],
    meta: dict[str, Any],
    tmp_path: Path,
    database_url: str,
    reader: Reader,
) -> None:
    differences = await play(case, meta, tmp_path, database_url, reader)

    assert not differences, "\n".join([case["title"], *differences])
