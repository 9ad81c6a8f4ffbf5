"""Run a command of the operator in this process, on the stage's clock."""

import asyncio
import shlex
from typing import TYPE_CHECKING

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
