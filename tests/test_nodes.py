"""Several nodes on one database: who is alive, what each holds, and nothing sent twice."""

import signal
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from acting.operator import run_process
from desks import write_desk
from servers.gateway import Gateway
from servers.postgres import Cluster
from sqlalchemy import Engine, insert

from gateway.store.engine import open_engine, read_url
from gateway.store.mail_tables import outbox
from gateway.store.nodes import STALE_AFTER, Beat, all_nodes, forget, report

NOW = datetime(2026, 7, 6, 10, tzinfo=UTC)
MOMENT = timedelta(microseconds=1)


def beat(name: str, *, waiting: int = 0) -> Beat:
    return Beat(
        name=name,
        host="host",
        pid=1,
        version="1",
        started_at=NOW,
        accepted=9,
        waiting=waiting,
        parked=0,
    )


def letter(holder: str, number: int) -> dict[str, object]:
    return {
        "event": "e",
        "letter": "answer",
        "recipient": "ann@acme.example",
        "audience": "customer",
        "message_id": f"m{number}",
        "content": b"",
        "state": "sending",
        "priority": 3,
        "created_at": NOW,
        "not_before": NOW,
        "lease_until": NOW + timedelta(minutes=number),
        "holder": holder,
    }


@pytest.mark.parametrize(
    ("stops", "after", "state"),
    [
        pytest.param(False, timedelta(0), "alive", id="just seen"),
        pytest.param(False, STALE_AFTER - MOMENT, "alive", id="a beat or two late"),
        pytest.param(False, STALE_AFTER, "stale", id="silent for too long"),
        pytest.param(True, STALE_AFTER, "stopped", id="ended in good order"),
    ],
)
def test_a_node_is_as_it_last_reported(
    engine: Engine, stops: bool, after: timedelta, state: str
) -> None:
    with engine.begin() as connection:
        report(connection, beat("a"), NOW - timedelta(minutes=5), stops=not stops)
        report(connection, beat("a", waiting=2), NOW, stops=stops)

        (one,) = all_nodes(connection, NOW + after)

    assert (one.state, one.beat.waiting) == (state, 2)


def test_each_node_shows_the_letters_it_holds(engine: Engine) -> None:
    with engine.begin() as connection:
        for name in ("a", "a%"):
            report(connection, beat(name), NOW)
        held = [letter("a/0", 1), letter("a/1", 2), letter("a%/0", 3)]
        connection.execute(insert(outbox), held)

        listed = all_nodes(connection, NOW)

    assert [(one.beat.name, one.letters) for one in listed] == [("a", 2), ("a%", 1)]
    assert listed[0].lease_until == NOW + timedelta(minutes=2)


@pytest.mark.parametrize(
    ("name", "forgotten"),
    [
        pytest.param("gone", True, id="gone for good"),
        pytest.param("alive", False, id="alive"),
        pytest.param("full", False, id="mails wait in its spool"),
        pytest.param("nobody", False, id="unknown"),
    ],
)
def test_only_a_node_that_left_nothing_is_forgotten(
    engine: Engine, name: str, forgotten: bool
) -> None:
    with engine.begin() as connection:
        report(connection, beat("gone"), NOW - STALE_AFTER)
        report(connection, beat("full", waiting=1), NOW - STALE_AFTER)
        report(connection, beat("alive"), NOW)

        assert forget(connection, name, NOW) == forgotten
        left = {one.beat.name for one in all_nodes(connection, NOW)}

    assert (name in left) == (not forgotten and name != "nobody")


@pytest.mark.slow
async def test_the_operator_sees_nodes_come_and_go(tmp_path: Path) -> None:
    # Given a daemon that runs
    gateway = Gateway(write_desk(tmp_path))
    await gateway.start()
    running = gateway.running.pid

    # When it ends in good order
    alive = run_process("nodes", "--json", config=gateway.settings).json()
    await gateway.stop(signal.SIGTERM)
    stopped = run_process("nodes", "--json", config=gateway.settings)

    # Then it is seen before and after
    assert (alive["state"], alive["pid"]) == ("alive", running)
    assert (stopped.code, stopped.json()["state"]) == (0, "stopped")


@pytest.mark.parametrize(
    ("url", "attrs"),
    [
        pytest.param("postgresql://u:p@a.example:1,b.example:2/gateway", "read-write", id="libpq"),
        pytest.param("postgresql://a.example:1,b.example:2", "read-write", id="short"),
        pytest.param(
            "postgresql://u@/gateway?host=a.example:1&host=b.example:2", "read-write", id="query"
        ),
        pytest.param(
            "postgresql://a.example:1,b.example:2/gateway?target_session_attrs=any",
            "any",
            id="own choice",
        ),
    ],
)
def test_a_url_may_name_several_hosts(url: str, attrs: str) -> None:
    parsed = read_url(url)

    _, words = open_engine(url).dialect.create_connect_args(parsed)
    assert (words["host"], words["port"]) == ("a.example,b.example", "1,2")
    assert words["target_session_attrs"] == attrs


def test_the_first_host_that_answers_is_used(postgres: Cluster) -> None:
    url = f"{postgres.fresh_database()}&host=/nowhere/at/all"
    database, _, query = url.partition("?")
    first, second = query.split("&")
    engine = open_engine(f"{database}?{second}&{first}")

    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW transaction_read_only").scalar_one() == "off"
    engine.dispose()
