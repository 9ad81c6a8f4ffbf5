"""Workers of one node: they share its spool and its couriers, die and come back, end with it.

One story on one PostgreSQL, because each start of a daemon costs seconds; the tests look at it.
"""

import asyncio
import os
import select
import signal
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import aiosmtplib
import pytest
import pytest_asyncio
from acting.operator import run_process
from bench.faults.cases import two_processes
from bench.faults.closing import sent_again
from bench.faults.world import Report, World, world
from servers.postgres import Cluster
from sqlalchemy import select as query_for

from gateway.store.engine import open_engine
from gateway.store.tables import tickets

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

SENDERS = 6
MAILS_EACH = 6
PATIENCE_SECONDS = 60
WORKER_KILLS = 1


@dataclass
class Story:
    """What was seen of a node with two processes."""

    taken_by: Counter[int] = field(default_factory=Counter)
    """Mails by number of the worker, 0 for the first process, before anything was killed."""
    again: int = -1
    """Letters that had left more than once by then."""
    nodes: list[dict[str, Any]] = field(default_factory=list)
    orders: dict[str, list[str]] = field(default_factory=dict)
    """Subjects of each sender's tickets as they were opened, by burst and sender."""
    has_worker_ended: bool = False
    """After the first process was killed."""
    report: Report = field(default_factory=lambda: Report("", 0, []))
    tries_failed: int = -1


async def write(desk: World, burst: str, sender: int) -> None:
    """One person of a large customer writes many questions, each as soon as the last is taken."""
    address = f"{burst}{sender}@large.example"
    host, _, port = desk.gateway.addresses["smtp"].rpartition(":")
    async with aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False) as client:
        for number in range(MAILS_EACH):
            lines = (
                f"From: {address}",
                "To: support@desk.example",
                f"Subject: Matter {number:02} of {burst}{sender}",
                f"Message-ID: <{burst}-{sender}-{number}@large.example>",
                "",
                "How do I set up VAT?",
                "",
            )
            await client.sendmail(address, ["support@desk.example"], "\r\n".join(lines).encode())


async def all_write(desk: World, burst: str) -> None:
    await asyncio.gather(*(write(desk, burst, sender) for sender in range(SENDERS)))


def opened(desk: World, burst: str) -> dict[str, list[str]]:
    engine = open_engine(desk.database_url)
    query = (
        query_for(tickets.c.requester, tickets.c.subject)
        .where(tickets.c.requester.startswith(burst))
        .order_by(tickets.c.number)
    )
    found: dict[str, list[str]] = {}
    with engine.connect() as connection:
        for row in connection.execute(query):
            found.setdefault(row.requester, []).append(row.subject)
    engine.dispose()
    return found


async def until_opened(desk: World, burst: str) -> dict[str, list[str]]:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while sum(map(len, (found := opened(desk, burst)).values())) < SENDERS * MAILS_EACH:
            desk.smarthost.arrived.clear()
            await desk.smarthost.arrived.wait()
    return found


async def play(desk: World) -> Story:
    story = Story()
    diary = desk.gateway.diary
    # All is well
    await all_write(desk, "calm")
    story.orders |= await until_opened(desk, "calm")
    story.again = sent_again(desk.smarthost.taken)
    story.taken_by.update(one.get("worker", 0) for one in diary if one["event"] == "taken_in")
    # Workers are killed while people write
    for number in range(WORKER_KILLS):
        burst = f"storm{number}x"
        writing = asyncio.create_task(all_write(desk, burst))
        await desk.some_mails(2)
        os.kill(desk.workers()[-1], signal.SIGKILL)
        await writing
        await desk.gateway.heard("worker_started", number + 2)
        story.orders |= await until_opened(desk, burst)
    # The first process is killed
    await desk.some_mails(2)
    worker = os.pidfd_open(desk.workers()[-1])
    await desk.kill()
    ended, _, _ = await asyncio.to_thread(select.select, [worker], [], [], PATIENCE_SECONDS)
    story.has_worker_ended = worker in ended
    os.close(worker)
    story.report = await desk.close("workers", WORKER_KILLS + 1)
    listed = await asyncio.to_thread(run_process, "nodes", "--json", config=desk.gateway.settings)
    story.nodes = listed.rows()
    story.tries_failed = sum(one["event"] == "try_failed" for one in diary)
    return story


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def story(
    postgres: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Story]:
    url = postgres.fresh_database()
    async with world(tmp_path_factory.mktemp("workers"), url, two_processes) as desk:
        yield await play(desk)
    postgres.drop(url)


async def test_both_processes_take_mail_in_and_each_letter_leaves_once(story: Story) -> None:
    assert min(story.taken_by[0], story.taken_by[1]) >= MAILS_EACH
    assert story.again == 0


async def test_mails_of_one_sender_keep_their_order_also_where_workers_die(story: Story) -> None:
    assert len(story.orders) == SENDERS * (1 + WORKER_KILLS)
    for requester, subjects in story.orders.items():
        name = requester.partition("@")[0]
        assert subjects == [f"Matter {number:02} of {name}" for number in range(MAILS_EACH)]
    assert story.tries_failed == 0


async def test_nothing_is_lost_or_done_twice_where_workers_and_the_first_process_die(
    story: Story,
) -> None:
    assert story.report.flaws == []
    assert story.report.figures["confirmed"] > 0


async def test_workers_end_with_the_first_process(story: Story) -> None:
    assert story.has_worker_ended


async def test_a_node_with_workers_is_one_node(story: Story) -> None:
    (node,) = story.nodes
    assert node["state"] == "stopped"
    assert node["accepted"] >= SENDERS * MAILS_EACH * (1 + WORKER_KILLS)
    assert (node["waiting"], node["letters"]) == (0, 0)
