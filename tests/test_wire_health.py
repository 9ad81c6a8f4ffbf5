"""Health over HTTP, figures, and what systemd hears: of the real daemon and of the parts."""

import asyncio
import contextlib
import shutil
import socket
import sqlite3
import subprocess
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiosmtplib
import pytest
import pytest_asyncio
from acting.operator import run_gateway
from conftest import missing
from desks import change, write_desk
from prometheus_client.parser import text_string_to_metric_families
from servers.gateway import Gateway

from gateway.wire.health import HealthServer, Page, readiness
from gateway.wire.oauth_file import Kept, TokenFile
from gateway.wire.sd_notify import ALIVE, Systemd

MAIL = b"From: kim@newco.example\r\nSubject: Tax\r\nMessage-ID: <m1@x>\r\n\r\nHow?\r\n"


async def ask(address: str, request: bytes) -> tuple[int, str]:
    """Status and body of an answer; 0 where there was none."""
    host, _, port = address.rpartition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    async with asyncio.timeout(10):
        with contextlib.suppress(ConnectionError):
            answer = (await reader.read()).decode()
    writer.close()
    head, _, body = answer.partition("\r\n\r\n")
    return (int(head.split()[1]) if head else 0), body


async def get(address: str, path: str) -> tuple[int, str]:
    return await ask(address, f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def figures(text: str) -> dict[tuple[str, ...], float]:
    """Values by name and labels, read as Prometheus reads them."""
    return {
        (one.name, *one.labels.values()): one.value
        for family in text_string_to_metric_families(text)
        for one in family.samples
    }


@contextlib.asynccontextmanager
async def running(path: Path, environ: dict[str, str] | None = None) -> AsyncIterator[Gateway]:
    """The real daemon, for as long as it is needed."""
    gateway = Gateway(path, environ or {})
    await gateway.start()
    try:
        yield gateway
    finally:
        await gateway.stop()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[HealthServer]:
    async def well() -> Page:
        return Page(b"ok\n")

    made = HealthServer({"/healthz": well})
    await made.open("127.0.0.1:0")
    yield made
    made.close()


@pytest.mark.parametrize(
    ("request_line", "status"),
    [
        pytest.param(b"GET /healthz HTTP/1.1\r\n\r\n", 200, id="a page"),
        pytest.param(b"GET /healthz?x=1 HTTP/1.0\r\nA: b\r\n\r\n", 200, id="with a query"),
        pytest.param(b"HEAD /healthz HTTP/1.1\r\n\r\n", 200, id="its head"),
        pytest.param(b"GET /etc/passwd HTTP/1.1\r\n\r\n", 404, id="no page"),
        pytest.param(b"POST /healthz HTTP/1.1\r\n\r\n", 405, id="another method"),
        pytest.param(b"\r\n\r\n", 405, id="nothing"),
        pytest.param(b"GET /" + b"x" * 20_000 + b" HTTP/1.1\r\n\r\n", 0, id="too much"),
    ],
)
async def test_probes_are_answered_and_nothing_else(
    server: HealthServer, request_line: bytes, status: int
) -> None:
    answered, body = await ask(server.address, request_line)

    assert answered == status
    assert (body == "ok\n") is (status == 200 and not request_line.startswith(b"HEAD"))


@pytest.mark.parametrize(
    ("ailing", "is_open", "status", "body"),
    [
        ([], True, 200, b"ok\n"),
        (["database"], True, 503, b"database\n"),
        (["spool"], False, 503, b"spool\nclosing\n"),
    ],
)
def test_readiness_names_what_is_in_the_way(
    ailing: list[str], is_open: bool, status: int, body: bytes
) -> None:
    page = readiness(ailing, is_open=is_open)

    assert (page.status, page.body) == (status, body)


async def test_a_running_gateway_tells_its_figures(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(path, '# listen = "127.0.0.1:8026"', 'listen = "127.0.0.1:0"')
    async with running(path) as gateway:
        health = gateway.addresses["health"]
        await gateway.send(MAIL)
        with pytest.raises(aiosmtplib.SMTPRecipientsRefused):
            await gateway.send(MAIL, to="nobody@else.example")
        await gateway.heard("sent", 2)

        pages = ("healthz", "readyz", "metrics")
        alive, ready, told = [await get(health, f"/{one}") for one in pages]

    assert (alive, ready) == ((200, "ok\n"), (200, "ok\n"))
    found = figures(told[1])
    assert found["gateway_events_total", "accepted"] == 1
    assert found["gateway_refusals_total", "recipient"] == 1
    assert found["gateway_mails", "accepted"] == found["gateway_mails", "done"] == 1
    assert found["gateway_letters", "sent"] == 2
    assert found["gateway_latency_seconds_count", "ticket"] == 1
    assert found["gateway_latency_seconds_count", "letter"] == 2
    for stage, count in (("keep", 1), ("read", 1), ("decide", 1), ("carry", 2)):
        assert found["gateway_stage_seconds_count", stage] == count
    assert found["gateway_oldest_seconds", "mail"] == 0
    assert found["gateway_up", "database"] == found["gateway_up", "spool"] == 1


async def test_the_state_of_mailboxes_and_the_age_of_grants_are_figures(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(path, '# listen = "127.0.0.1:8026"', 'listen = "127.0.0.1:0"')
    section = (
        '[imap.support]\nhost = "127.0.0.1"\nport = 1\ntls = false\nuser = "support"\n'
        '[imap.support.oauth]\nprovider = "other"\ngrant = "device_code"\nclient_id = "x"\n'
        'token_url = "http://127.0.0.1:1/t"\ndevice_url = "http://127.0.0.1:1/d"\n'
    )
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{section}", encoding="utf-8")
    now = datetime.now(UTC)
    kept = Kept(
        refresh_token="secret-token",
        granted_at=now - timedelta(days=9),
        renewed_at=now - timedelta(hours=2),
        ends_at=now + timedelta(days=1),
    )
    TokenFile(tmp_path / "state" / "tokens" / "support.json").write(kept)
    async with running(path) as gateway:
        await gateway.heard("mailbox_trouble")

        _, told = await get(gateway.addresses["health"], "/metrics")

    found = figures(told)
    assert found["gateway_mailbox_up", "support"] == 0
    states = {labels[2] for labels in found if labels[0] == "gateway_mailbox_state"}
    assert len(states) == 1, "one state at a time"
    assert found["gateway_grant_age_seconds", "support"] == pytest.approx(7200, abs=300)
    assert found["gateway_grant_left_seconds", "support"] == pytest.approx(86_400, abs=300)
    assert "secret-token" not in told


async def test_a_desk_that_reads_mailboxes_only_is_ready(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(path, 'listen = "127.0.0.1:0"', 'listen = ""')
    change(path, '# listen = "127.0.0.1:8026"', 'listen = "127.0.0.1:0"')
    section = (
        '[imap.support]\nhost = "127.0.0.1"\nport = 1\ntls = false\nuser = "support"\n'
        'password = "x"\n'
    )
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{section}", encoding="utf-8")
    async with running(path) as gateway:
        assert "smtp" not in gateway.addresses
        assert await get(gateway.addresses["health"], "/readyz") == (200, "ok\n")


async def test_a_database_that_is_away_is_told_and_the_gateway_lives(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(path, '# listen = "127.0.0.1:8026"', 'listen = "127.0.0.1:0"')
    async with running(path) as gateway:
        health = gateway.addresses["health"]
        with contextlib.closing(sqlite3.connect(tmp_path / "state" / "gateway.db")) as other:
            other.execute("ALTER TABLE outbox RENAME TO hidden")
        ready = await get(health, "/readyz")
        alive = await get(health, "/healthz")
        with contextlib.closing(sqlite3.connect(tmp_path / "state" / "gateway.db")) as other:
            other.execute("ALTER TABLE hidden RENAME TO outbox")
        again = await get(health, "/readyz")

    assert ready == (503, "database\n")
    assert again == (200, "ok\n")
    assert alive == (200, "ok\n")


# systemd


async def test_systemd_hears_when_mail_is_taken_and_when_it_ends(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as channel:
        channel.bind(str(tmp_path / "notify"))
        channel.setblocking(False)
        environ = {"NOTIFY_SOCKET": str(tmp_path / "notify"), "WATCHDOG_USEC": "200000"}
        async with running(write_desk(tmp_path / "desk"), environ):
            heard = [await loop.sock_recv(channel, 100) for _ in range(3)]
        with contextlib.suppress(BlockingIOError):
            while True:
                heard.append(channel.recv(100))

    assert b"READY=1" in heard
    assert heard.count(b"WATCHDOG=1") >= 2
    assert b"STOPPING=1" in heard


@pytest.mark.parametrize(
    ("environ", "period"),
    [
        ({}, 0.0),
        ({"WATCHDOG_USEC": "60000000"}, 30.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
    ],
)
def test_signs_of_life_are_given_twice_as_often_as_asked(
    environ: dict[str, str], period: float
) -> None:
    assert Systemd(environ).period == period


@pytest.mark.parametrize("address", ["", "/nowhere/notify", "@gateway-test-nobody"])
def test_a_manager_that_does_not_listen_is_no_trouble(address: str) -> None:
    Systemd({"NOTIFY_SOCKET": address}).tell(ALIVE)


def test_the_unit_is_what_systemd_understands(tmp_path: Path) -> None:
    path = write_desk(tmp_path)

    ran = run_gateway("systemd", config=path)

    assert ran.code == 0
    assert f"run --config {path}" in ran.output
    assert f"ReadWritePaths={tmp_path}/state" in ran.output
    # Where that folder is missing systemd does not even begin.
    makes_it = [line for line in ran.output.splitlines() if "install --directory" in line]
    assert [line.split()[-1] for line in makes_it] == [f"{tmp_path}/state"]
    assert "CapabilityBoundingSet=\n" in ran.output
    verify = shutil.which("systemd-analyze")
    if verify is None:
        missing("systemd-analyze is not installed")
    unit = tmp_path / "gateway.service"
    unit.write_text(ran.output, encoding="utf-8")
    checked = subprocess.run(
        [verify, "verify", "--man=no", unit], capture_output=True, text=True, check=False
    )
    assert [line for line in checked.stderr.splitlines() if "gateway.service" in line] == []


def test_a_unit_may_bind_low_ports_where_the_settings_need_it(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(path, '# listen = "127.0.0.1:8024"', 'listen = "127.0.0.1:24"')

    ran = run_gateway("systemd", config=path)

    assert "AmbientCapabilities=CAP_NET_BIND_SERVICE\n" in ran.output
