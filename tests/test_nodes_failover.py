"""PostgreSQL fails over to its standby under a running daemon (fault F09)."""

import asyncio
import shutil
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from conftest import missing
from desks import write_desk
from servers.gateway import Gateway
from servers.postgres import Cluster, cluster
from servers.smarthost import Smarthost
from sqlalchemy import func, select

from gateway.store.engine import open_engine
from gateway.store.tables import tickets

MAILS = 12
PATIENCE_SECONDS = 90


@pytest_asyncio.fixture
async def smarthost() -> AsyncIterator[Smarthost]:
    made = Smarthost()
    await made.up()
    yield made
    await made.down()


@pytest.fixture
def pair() -> Iterator[tuple[Cluster, Cluster]]:
    """A server and the one that follows it."""
    try:
        with cluster() as first:
            second = first.standby()
            yield first, second
            second.stop("immediate")
            shutil.rmtree(second.folder)
            first.start("synchronous_standby_names=''")  # `cluster` stops it as it found it.
    except FileNotFoundError as error:
        missing(str(error))


def mail(number: int) -> bytes:
    return (
        f"From: Kim <kim@newco{number}.example>\r\nTo: support@desk.example\r\n"
        f"Subject: Question {number}\r\nMessage-ID: <m{number}@newco.example>\r\n\r\nVAT?\r\n"
    ).encode()


async def answered(smarthost: Smarthost, count: int) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while sum(one.event == "ticket_received" for one in smarthost.taken) < count:
            smarthost.arrived.clear()
            await smarthost.arrived.wait()


@pytest.mark.slow
async def test_f09_a_fail_over_loses_no_mail_and_no_commit(
    tmp_path: Path, smarthost: Smarthost, pair: tuple[Cluster, Cluster]
) -> None:
    # Given a daemon that knows both servers and works on the first
    first, second = pair
    first.sql("CREATE DATABASE desk TEMPLATE migrated")
    url = f"{first.url('desk')},{second.folder}"
    settings = write_desk(tmp_path, smarthost=smarthost.url)
    gateway = Gateway(settings, {"GATEWAY_DATABASE__URL": url})
    await gateway.start()
    for number in range(MAILS // 3):
        await gateway.send(mail(number))
    await answered(smarthost, 1)

    # When the first crashes while mails come, and the second takes over after a while
    first.stop("immediate")
    for number in range(MAILS // 3, 2 * MAILS // 3):
        await gateway.send(mail(number))
    await gateway.heard("database_down")
    second.promote()
    for number in range(2 * MAILS // 3, MAILS):
        await gateway.send(mail(number))

    # Then every mail is one ticket on the second, and each receipt left
    await answered(smarthost, MAILS)
    await gateway.stop()
    engine = open_engine(second.url("desk"))
    with engine.connect() as connection:
        assert connection.execute(select(func.count()).select_from(tickets)).scalar_one() == MAILS
    engine.dispose()
    ids = {one.mail["Message-ID"] for one in smarthost.taken if one.event == "ticket_received"}
    assert len(ids) == MAILS
