"""The house rules that a program can see: purposes, sizes, contracts, types, lint."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

TOP = Path(__file__).parent.parent
ROOM_MAX = 350
FUNCTION_MAX = 70
FILES = sorted((TOP / "gateway").rglob("*.py"))
REVISIONS = TOP / "gateway/store/migrations/versions"
ROOMS = [path for path in FILES if path.parent != REVISIONS]
"""Revisions are lists of what a version added; nobody lives in them."""
TESTS = sorted(path for path in (TOP / "tests").rglob("*.py"))


@pytest.mark.parametrize("path", [*FILES, *TESTS], ids=lambda path: str(path.relative_to(TOP)))
def test_the_first_sentence_says_what_the_file_is_for(path: Path) -> None:
    text = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))

    assert text, "begin with a sentence that says what this file is for"
    assert text.split("\n\n")[0].rstrip().endswith((".", "?", ":")), "end it as a sentence"


def test_rooms_are_small() -> None:
    lines = {path.relative_to(TOP): len(path.read_bytes().splitlines()) for path in ROOMS}

    assert {path: count for path, count in lines.items() if count > ROOM_MAX} == {}


def test_functions_fit_a_screen() -> None:
    long = []
    for path in ROOMS:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                count = (node.end_lineno or node.lineno) - node.lineno + 1
                if count > FUNCTION_MAX:
                    long.append(f"{path.relative_to(TOP)}: {node.name} has {count} lines")

    assert long == []


def test_broad_excepts_stand_only_where_mails_and_letters_are_kept_apart() -> None:
    allowed = {TOP / "gateway" / "work" / name for name in ("intake.py", "courier.py")}
    found = [
        f"{path.relative_to(TOP)}:{node.lineno}"
        for path in FILES
        if path not in allowed
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.ExceptHandler)
        and (
            node.type is None
            or (isinstance(node.type, ast.Name) and node.type.id in ("Exception", "BaseException"))
        )
    ]

    assert found == []


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        pytest.param("ruff check --quiet .", id="lint"),
        pytest.param("ruff format --check --quiet .", id="format"),
        pytest.param("mypy gateway", id="types"),
        pytest.param("lint-imports", id="contracts"),
    ],
)
def test_a_checker_finds_nothing(line: str) -> None:
    program, *words = line.split()
    found = Path(sys.executable).with_name(program)
    if not found.exists():
        pytest.skip(f"{program} is not installed; it is in the extra `dev`")

    ran = subprocess.run([found, *words], cwd=TOP, capture_output=True, text=True, check=False)

    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("number", [*range(1, 40), *range(55, 78)], ids=lambda one: f"A{one:02}")
def test_every_attack_that_a_mail_can_play_has_a_test_that_names_it(number: int) -> None:
    """The threat model's cases; ids in the scenarios are rules of the policy."""
    named = re.compile(rf"\b[Aa]{number:02}(?:\b|_)")
    tests = (path for path in TESTS if path.name.startswith("test_") and path != Path(__file__))

    assert any(named.search(path.read_text(encoding="utf-8")) for path in tests)
