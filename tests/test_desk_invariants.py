"""The invariants of policy 4.10 over random stories, on a real desk."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from acting.story import Story, World
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test


@pytest.fixture
def world(migrated_sqlite: Path) -> Iterator[World]:
    made = World(migrated_sqlite)
    yield made
    made.close()


@pytest.mark.slow
def test_no_story_breaks_an_invariant(world: World, stories: int) -> None:
    Story.world = world

    run_state_machine_as_test(  # type: ignore[no-untyped-call]  # hypothesis gives it no types
        Story,
        settings=settings(max_examples=stories, stateful_step_count=30, deadline=None),
    )
