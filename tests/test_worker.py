"""A worker's settings: those of its file, with the shares that the first process cut."""

from pathlib import Path

from desks import change, write_desk

from gateway.daemon import plan_of
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
