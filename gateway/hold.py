"""Hold a state folder: one gateway at a time, with whatever processes it started."""

import contextlib
import fcntl
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

ORPHANS_SECONDS: Final = 12.0
"""Workers of a gateway that died end within this; they drain as it would have."""
LOOK_SECONDS: Final = 0.05


class AlreadyRunning(RuntimeError):
    """Another daemon uses this state folder."""


@contextlib.contextmanager
def only_one(state_dir: Path) -> Iterator[int]:
    """Hold the state folder; a second daemon refuses to start (promise P17).

    Yields a descriptor for workers to inherit: it holds the folder for as long as one of them
    lives, so that the next daemon begins after the last worker of one that was killed has ended.
    Raises `AlreadyRunning`.
    """
    state_dir.mkdir(parents=True, exist_ok=True)
    with (state_dir / "lock").open("a+") as own, (state_dir / "lock-workers").open("a+") as theirs:
        if not _locked(own):
            raise AlreadyRunning(
                f"another gateway runs on {state_dir}: stop it, or give this one its own state_dir"
            )
        until = time.monotonic() + ORPHANS_SECONDS
        while not _locked(theirs):
            if time.monotonic() > until:
                raise AlreadyRunning(f"workers of a gateway that died still run on {state_dir}")
            time.sleep(LOOK_SECONDS)
        yield theirs.fileno()


def _locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
