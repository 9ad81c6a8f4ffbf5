"""Loops beside the mail: whatever the database refuses them, they say so and go on."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from gateway import journal
from gateway.spool import Spool
from gateway.store.engine import open_engine
from gateway.store.retention import Retention
from gateway.store.transaction import Transactions
from gateway.work.keeping import Keeping
from gateway.work.presence import Presence

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)


@pytest.fixture
def events():
    heard: list[str] = []
    leave = journal.follow(lambda event, _: heard.append(event))
    yield heard
    leave()


async def test_a_database_that_refuses_them_ends_no_loop(
    tmp_path: Path, either_url: str, events: list[str]
) -> None:
    engine = open_engine(either_url)
    with engine.begin() as connection:
        connection.execute(text("ALTER TABLE nodes RENAME TO gone"))
        connection.execute(text("ALTER TABLE raws RENAME TO gone_too"))
    transactions = Transactions(engine, "test")
    spool = Spool(tmp_path / "spool.db")

    await Presence("a node", transactions, spool, lambda: AT).beat()
    kept = Retention(raw_mails=timedelta(days=1))
    await Keeping(transactions, kept, lambda: AT).let_go()

    assert {"not_reported", "database_down"} <= set(events)
    transactions.close()
    spool.close()
    engine.dispose()
