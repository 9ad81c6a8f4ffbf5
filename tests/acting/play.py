"""Play one case: what is given, every step in its order, and what must follow."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from acting.expect import differences
from acting.given import UnknownKey, check_keys, write_given
from acting.mail import Postman
from acting.operator import run_command
from acting.stage import Stage, instant
from gateway.work.reader import Reader

CASE_KEYS = frozenset(
    {"id", "title", "rules", "note", "hand_check", "config", "given", "when", "then"}
)
STEP_KEYS = frozenset({"at", "local", "mail", "tick", "cli", "stage"})


async def play(
    case: Mapping[str, Any],
    meta: Mapping[str, Any],
    folder: Path,
    database_url: str,
    reader: Reader,
) -> list[str]:
    """Differences between what the case wants and what the gateway did."""
    check_keys(f"case {case['id']}", case, CASE_KEYS)
    now = instant(case["given"]["now"])
    config = case.get("config", {})
    restarts = any(step.get("stage") == "restart" for step in case["when"])
    stage = Stage(folder, database_url, meta, {} if restarts else config, now, reader)
    await stage.open()
    try:
        given = write_given(stage, case["given"])
        postman = Postman(stage, now)
        cli: list[tuple[int, str]] = []
        steps = case["when"]
        for number, step in enumerate(steps):
            following = steps[number + 1] if number + 1 < len(steps) else {}
            if following.get("stage") == "kill before commit":
                stage.cut_power_at_commit()
            await _step(stage, postman, step, config, cli)
        await stage.send()
        return differences(stage, given, case["then"], cli)
    finally:
        await stage.close()


async def _step(
    stage: Stage,
    postman: Postman,
    step: Mapping[str, Any],
    config: Mapping[str, Any],
    cli: list[tuple[int, str]],
) -> None:
    check_keys("when", step, STEP_KEYS)
    at = instant(step["at"])
    stage.clock.at = at
    if "mail" in step:
        await postman.deliver(step["mail"], at)
    elif step.get("tick"):
        await stage.ring()
    elif "cli" in step:
        cli.append(await run_command(stage, step["cli"]))
    elif "stage" in step:
        await _direct(stage, step["stage"], config)
        return
    else:
        raise UnknownKey(f"when: nothing to do in {dict(step)}")
    await stage.send()


async def _direct(stage: Stage, direction: str, config: Mapping[str, Any]) -> None:
    """Directions for the stage itself."""
    if direction == "smarthost down":
        await stage.smarthost.down()
    elif direction == "smarthost up":
        await stage.smarthost.up()
    elif direction == "kill before commit":
        await stage.stop()
    elif direction in ("start", "restart"):
        if direction == "restart":
            await stage.stop()
        await stage.start(config)
        await stage.wake()
    else:
        raise UnknownKey(f"when.stage: {direction}")
