"""A state folder is one gateway's, with the processes that it started."""

import subprocess
import sys
import threading
from pathlib import Path

import pytest

from gateway.hold import AlreadyRunning, only_one

WAITS = "import sys; sys.stdin.read()"


def test_a_second_gateway_refuses_and_a_later_one_does_not(tmp_path: Path) -> None:
    with (
        only_one(tmp_path),
        pytest.raises(AlreadyRunning, match="another gateway runs on"),
        only_one(tmp_path),
    ):
        pass

    with only_one(tmp_path):
        pass


def test_the_next_gateway_begins_after_the_last_worker_of_one_that_died(tmp_path: Path) -> None:
    # Given a worker that outlives its gateway
    with only_one(tmp_path) as held:
        worker = subprocess.Popen(
            [sys.executable, "-c", WAITS], stdin=subprocess.PIPE, pass_fds=(held,)
        )
    begun = threading.Event()

    # When the next one starts
    def start() -> None:
        with only_one(tmp_path):
            begun.set()

    starting = threading.Thread(target=start)
    starting.start()

    # Then it waits for the end of that worker
    assert not begun.wait(0.3)
    assert worker.stdin
    worker.stdin.close()
    worker.wait()
    starting.join()
    assert begun.is_set()
