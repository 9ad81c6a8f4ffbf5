"""A stranger who wrote first becomes a contact of a named account, with their tickets."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path

import pytest
import pytest_asyncio
from acting.operator import run_gateway
from servers.postgres import Cluster
from small_desk import SmallDesk, small_desk
from sqlalchemy import Connection, insert, select, text, update

from gateway.store.desk_rows import load_account
from gateway.store.engine import open_engine
from gateway.store.register import open_account
from gateway.store.tables import accounts, contacts, entries, tickets
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")
ANN = "ann@acme.example"
EVA = "eva@desk.example"
DESK = "support@desk.example"
WAITING = text(
    "SELECT count(*) FROM pg_stat_activity"
    " WHERE wait_event_type = 'Lock' AND datname = current_database()"
)
PATIENCE_SECONDS = 30
ADD = ("customers", "add", "acme", "--contact", ANN)


@pytest_asyncio.fixture(loop_scope="module")
async def desk(tmp_path: Path, either_url: str, reader: Reader) -> AsyncIterator[SmallDesk]:
    """Ann, whom nobody knew, asked twice: one ticket is closed, the other costs 5 credits."""
    async with small_desk(tmp_path / "desk", either_url, reader, "2026-07-06T08:00") as made:
        await made.receive(ANN, DESK, "Tolls", "How do I set up tolls?", "2026-07-06T08:00")
        await command(made, "#close")
        await made.receive(ANN, DESK, "Tax", "Set up VAT for Latvia.", "2026-07-06T09:00")
        await command(made, "#assess 1")
        yield made


async def command(desk: SmallDesk, line: str) -> None:
    """Eva answers the latest letter about a new ticket."""
    told = desk.last("engineer_new_ticket", "dispatch@desk.example")
    at = f"{desk.at:%Y-%m-%dT%H}:05"
    await desk.receive(EVA, told["Reply-To"], f"Re: {told['Subject']}", line, at)


async def confirm(desk: SmallDesk) -> None:
    asked = desk.last("assessment_request", ANN)
    await desk.receive(ANN, asked["Reply-To"], "Re: Tax", "confirm", "2026-07-06T10:00")


async def test_a_contact_with_tickets_comes_into_the_named_account(desk: SmallDesk) -> None:
    ran = run_gateway(*ADD, config=desk.path)

    assert ran.code == 0, ran.errors
    assert f"{ANN}: was a customer of its own; 2 tickets came along to acme" in ran.output
    assert {row.account for row in desk.rows(select(tickets))} == {"acme"}
    assert [(row.account, row.is_primary) for row in desk.rows(select(contacts))] == [
        ("acme", True)
    ]
    assert {row.id for row in desk.rows(select(accounts))} == {"acme"}
    assert run_gateway("credits", "verify", config=desk.path).code == 0


async def test_who_was_adopted_goes_on_with_the_credits_of_the_account(desk: SmallDesk) -> None:
    desk.run(*ADD)
    desk.run("credits", "grant", "acme", "40", "Welcome")

    await confirm(desk)
    closed = desk.last("ticket_closed", ANN)
    await desk.receive(ANN, closed["Reply-To"], "Re: Tolls", "reopen", "2026-07-06T10:05")

    booked = [(row.account, row.kind, row.held) for row in desk.rows(select(entries))]
    assert booked == [("acme", "grant", 0), ("acme", "hold", 5)]
    assert {row.status for row in desk.rows(select(tickets))} == {"assigned"}
    assert run_gateway("credits", "verify", config=desk.path).code == 0


async def test_an_account_takes_a_contact_over_later_too(desk: SmallDesk) -> None:
    desk.run("customers", "add", "acme", "--contact", "ben@acme.example")

    ran = run_gateway("customers", "set", "acme", "--add-contact", ANN, config=desk.path)

    assert "2 tickets came along to acme" in ran.output
    assert {(row.address, row.is_primary) for row in desk.rows(select(contacts))} == {
        (ANN, False),
        ("ben@acme.example", True),
    }


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        pytest.param(("credits", "grant", ANN, "5", "Hello"), "entries in the book", id="credits"),
        pytest.param(("customers", "set", ANN, "--payment", "pre_agreed"), "agreement", id="terms"),
        pytest.param(
            ("customers", "set", ANN, "--add-contact", "bob@acme.example"), "other", id="colleague"
        ),
    ],
)
async def test_what_would_be_lost_keeps_an_account_as_it_is(
    desk: SmallDesk, words: tuple[str, ...], reason: str
) -> None:
    desk.run(*words)

    await assert_stays(desk, reason)


async def test_an_order_keeps_an_account_as_it_is(desk: SmallDesk) -> None:
    await desk.receive(ANN, DESK, "Credits", "buy 10", "2026-07-06T10:00")

    await assert_stays(desk, "orders")


async def test_a_confirmed_price_is_not_paid_from_credits_of_others(desk: SmallDesk) -> None:
    await confirm(desk)

    await assert_stays(desk, "a confirmed price that waits for credits")


async def assert_stays(desk: SmallDesk, reason: str) -> None:
    ran = run_gateway(*ADD, config=desk.path)

    assert ran.code == 1
    assert reason in ran.errors
    assert f"gateway customers set {ANN} --remove-contact {ANN}" in ran.errors
    assert {row.account for row in desk.rows(select(tickets))} == {ANN}
    assert "acme" not in {row.id for row in desk.rows(select(accounts))}


def adopt(connection: Connection, at: datetime) -> None:
    open_account(connection, "acme", [ANN], at=at)


def move_alone(connection: Connection, at: datetime) -> None:
    """Their account stays and keeps its ticket; only the contact goes elsewhere."""
    load_account(connection, ANN)
    connection.execute(insert(accounts), {"id": "acme", "opened_at": at})
    connection.execute(update(contacts).values(account="acme"))


@pytest.mark.parametrize(
    ("moves", "owners"),
    [
        pytest.param(adopt, ["acme", "acme"], id="with their account"),
        pytest.param(move_alone, [ANN, "acme"], id="alone"),
    ],
)
async def test_a_mail_that_waits_while_its_writer_is_moved_comes_into_the_named_account(
    tmp_path: Path,
    postgres: Cluster,
    reader: Reader,
    moves: Callable[[Connection, datetime], None],
    owners: list[str],
) -> None:
    # Given a stranger who is being moved into a named account
    url = postgres.fresh_database()
    engine = open_engine(url)
    async with small_desk(tmp_path / "desk", url, reader, "2026-07-06T08:00") as desk:
        await desk.receive(ANN, DESK, "Tolls", "How do I set up tolls?", "2026-07-06T08:00")
        with engine.begin() as connection:
            moves(connection, desk.at)

            # When another mail of theirs comes in before that is committed
            receiving = asyncio.create_task(
                desk.receive(ANN, DESK, "Tax", "Set up VAT for Latvia.", "2026-07-06T09:00")
            )
            with engine.connect() as look:
                async with asyncio.timeout(PATIENCE_SECONDS):
                    while not look.execute(WAITING).scalar_one():
                        look.rollback()
                        await asyncio.sleep(0.05)
        await receiving

        # Then no account of their own is opened once more, and none that they left is used
        assert {row.id for row in desk.rows(select(accounts))} == {"acme", *owners}
        tickets_of = desk.rows(select(tickets).order_by(tickets.c.number))
        assert [row.account for row in tickets_of] == owners
    engine.dispose()
    postgres.drop(url)
