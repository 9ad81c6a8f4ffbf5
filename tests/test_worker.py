"""A worker's settings: those of its file, with the shares that the first process cut."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
from desks import change, write_desk

from gateway.daemon import plan_of
from gateway.hold import ORPHANS_SECONDS
from gateway.spool_share import Share
from gateway.worker import settings_of


def test_a_worker_started_again_keeps_its_share_though_the_number_was_changed(
    tmp_path: Path,
) -> None:
    # Given a node with two processes, and an operator who writes four for the next start
    path = write_desk(tmp_path)
    change(path, "# workers = 1", "workers = 4")
    change(path, '# url = "postgresql:///gateway"', 'url = "postgresql:///gateway"')

    # When a worker dies and is started again
    plan = plan_of(settings_of(path, 2), worker=1)

    # Then no mail is left to workers that are not there
    assert plan.share == Share(number=1, of=2)


@pytest.mark.slow
def test_a_worker_whose_gateway_died_ends_though_its_database_never_answers(
    tmp_path: Path,
) -> None:
    # Given a worker that waits for a database that takes connections and says nothing
    with socket.create_server(("127.0.0.1", 0)) as database:
        path = write_desk(tmp_path)
        url = f'url = "postgresql://desk@127.0.0.1:{database.getsockname()[1]}/desk"'
        change(path, '# url = "postgresql:///gateway"', url)
        ours, theirs = socket.socketpair()
        with theirs:
            worker = subprocess.Popen(
                [sys.executable, "-m", "gateway.worker", str(path), "1", "2"],
                stdin=theirs.fileno(),
                stderr=subprocess.DEVNULL,
            )
        database.settimeout(ORPHANS_SECONDS)
        asked, _ = database.accept()

        # When the first process is gone
        ours.close()

        # Then the next one is not kept from its state folder
        with asked:
            worker.wait(ORPHANS_SECONDS)
