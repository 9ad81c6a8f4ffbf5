"""Three daemons on one PostgreSQL, killed again and again: every step goes out once."""

import asyncio
import random
import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from desks import write_desk
from promise_rows import assert_once_each, fill, plan, wait_until_left
from servers.gateway import Gateway

from gateway.settings.load import load_settings
from gateway.store.engine import open_engine

STEPS = 2_000
STEPS_LONG = 10_000
NODES = 3
SECONDS = 20
"""The steps are due within this time, so that daemons die before, between and after."""
PATIENCE_SECONDS = 240


def node(folder: Path, url: str) -> Gateway:
    return Gateway(write_desk(folder), {"GATEWAY_DATABASE__URL": url})


async def disturb(nodes: list[Gateway], chance: random.Random, killed: list[Gateway]) -> None:
    """Kill a daemon and start it again, for ever."""
    while True:
        victim = chance.choice(nodes)
        await victim.stop(signal.SIGKILL)
        killed.append(victim)
        await victim.start()


@pytest.mark.slow
async def test_steps_go_out_once_from_three_daemons_that_are_killed(
    tmp_path: Path, postgres_url: str, *, is_long: bool
) -> None:
    # Given steps that are due within seconds, more than one round deals with
    nodes = [node(tmp_path / str(number), postgres_url) for number in range(NODES)]
    engine = open_engine(postgres_url)
    seed = random.randrange(2**32)
    chance = random.Random(seed)
    begin_at = datetime.now(UTC) + timedelta(seconds=8)
    count = STEPS_LONG if is_long else STEPS
    planned = plan(begin_at + timedelta(seconds=chance.uniform(0, SECONDS)) for _ in range(count))
    fill(engine, load_settings(nodes[0].settings).policy, planned)

    killed: list[Gateway] = []

    # When daemons are killed and started again until everything was dealt with
    await asyncio.gather(*(one.start() for one in nodes))
    trouble = asyncio.create_task(disturb(nodes, chance, killed))
    async with asyncio.timeout(PATIENCE_SECONDS):
        await wait_until_left(engine, planned)
    trouble.cancel()
    await asyncio.gather(trouble, return_exceptions=True)
    await asyncio.gather(*(one.stop(signal.SIGKILL) for one in nodes))

    # Then none is missing and none is double
    # A quick machine deals with the short form before the third kill.
    assert len(killed) >= (NODES if is_long else 1), f"seed {seed}"
    assert_once_each(engine, planned)
    engine.dispose()
