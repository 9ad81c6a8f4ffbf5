"""Run commands of the operator: in this process on the stage's clock, or in one of their own."""

import asyncio
import json
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from typer.testing import CliRunner

from gateway.cli.app import app
from gateway.cli.operator import Operator

if TYPE_CHECKING:
    from acting.stage import Stage


async def run_command(stage: "Stage", line: str) -> tuple[int, str]:
    """Exit code and output of `gateway LINE`."""
    words = [*shlex.split(line), "--config", str(stage.settings.path)]
    runner = CliRunner()

    def invoke() -> tuple[int, str]:
        result = runner.invoke(app, words, obj=Operator(stage.clock))
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result.exit_code, result.output

    return await asyncio.to_thread(invoke)


@dataclass(frozen=True)
class Ran:
    """What a command printed, and how it ended."""

    code: int
    output: str
    errors: str
    octets: bytes = b""
    """The output as it was written, line ends and all."""

    def rows(self) -> list[dict[str, Any]]:
        """Its JSON lines."""
        return [json.loads(line) for line in self.output.splitlines()]

    def json(self) -> dict[str, Any]:
        """Its only JSON line."""
        (row,) = self.rows()
        return row


def run_gateway(*words: str, config: Path | None = None, stdin: bytes = b"") -> Ran:
    """`gateway WORDS` in this process."""
    line = [*words, *(["--config", str(config)] if config else [])]
    result = CliRunner().invoke(app, line, input=stdin, obj=Operator())
    if result.exception and not isinstance(result.exception, SystemExit):
        raise result.exception
    return Ran(result.exit_code, result.stdout, result.stderr, result.stdout_bytes)


def run_process(*words: str, config: Path | None = None, stdin: bytes = b"") -> Ran:
    """`gateway WORDS` in a process of its own, as an operator types it."""
    line = [sys.executable, "-m", "gateway", *words]
    if config is not None:
        line += ["--config", str(config)]
    ran = subprocess.run(line, input=stdin, capture_output=True, check=False, timeout=60)
    return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode(), ran.stdout)
