"""The real daemon: it says when it is ready, ends cleanly, and keeps what it took over."""

import asyncio
import shutil
import signal
from collections.abc import AsyncIterator
from mailbox import Maildir
from pathlib import Path

import pytest
import pytest_asyncio
from acting.operator import run_process
from conftest import missing
from desks import write_desk
from servers.gateway import Gateway
from servers.smarthost import Smarthost

PATIENCE_SECONDS = 20
SECRET_FILES = ("token-keys", "spool.db", "gateway.db")


def mail(number: int, text: str = "How do I set up VAT?") -> bytes:
    lines = (
        # Each from a customer of its own: strangers get few receipts an hour.
        f"From: Kim <kim@newco{number}.example>",
        "To: support@desk.example",
        f"Subject: Question {number}",
        f"Message-ID: <m{number}@newco.example>",
        "",
        text,
        "",
    )
    return "\r\n".join(lines).encode()


@pytest_asyncio.fixture
async def smarthost() -> AsyncIterator[Smarthost]:
    made = Smarthost()
    await made.up()
    yield made
    await made.down()


@pytest_asyncio.fixture
async def gateway(tmp_path: Path, smarthost: Smarthost) -> AsyncIterator[Gateway]:
    made = Gateway(write_desk(tmp_path, smarthost=smarthost.url))
    await made.start()
    yield made
    if made.running.returncode is None:
        await made.stop(signal.SIGKILL)


async def arrived(smarthost: Smarthost, event: str, count: int = 1) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        while sum(one.event == event for one in smarthost.taken) < count:
            smarthost.arrived.clear()
            await smarthost.arrived.wait()


async def test_a_mail_becomes_a_ticket_and_its_receipt_leaves(
    gateway: Gateway, smarthost: Smarthost
) -> None:
    reply = await gateway.send(mail(1))
    await arrived(smarthost, "ticket_received")

    assert "queued" in reply.lower()
    (receipt,) = [one for one in smarthost.taken if one.event == "ticket_received"]
    assert receipt.recipient == "kim@newco1.example"
    assert receipt.mail["X-Ticket-Id"] == "T-1001"
    assert receipt.mail["In-Reply-To"] == "<m1@newco.example>"
    assert "T-1001" in receipt.mail["Subject"]


async def test_sigterm_drains_and_ends_with_0(gateway: Gateway, smarthost: Smarthost) -> None:
    await gateway.send(mail(1))

    code = await gateway.stop(signal.SIGTERM)

    assert code == 0
    assert [one["event"] for one in gateway.diary if one["event"].startswith("Traceback")] == []
    counts = run_process("mail", "count", "--json", config=gateway.settings).json()
    assert counts["accepted"] == counts["done"] + counts["waiting"] == 1


async def test_a_mail_is_kept_when_the_process_dies_right_after_250(
    gateway: Gateway, smarthost: Smarthost
) -> None:
    numbers = range(8)
    for number in numbers:
        await gateway.send(mail(number))
    await gateway.stop(signal.SIGKILL)

    await gateway.start()
    await arrived(smarthost, "ticket_received", len(numbers))
    await gateway.stop()

    tickets = run_process("tickets", "list", "--json", config=gateway.settings).rows()
    assert sorted(one["subject"] for one in tickets) == [f"Question {n}" for n in numbers]
    assert sum(one.event == "ticket_received" for one in smarthost.taken) >= len(numbers)
    ids = {one.mail["Message-ID"] for one in smarthost.taken if one.event == "ticket_received"}
    assert len(ids) == len(numbers), "a letter that leaves twice keeps its Message-ID"


async def test_a_second_daemon_on_the_same_folder_refuses(gateway: Gateway) -> None:
    async with asyncio.timeout(PATIENCE_SECONDS):
        second = await asyncio.to_thread(run_process, "run", config=gateway.settings)

    assert second.code == 1
    assert "another gateway runs on" in second.errors


async def test_a_recipient_that_is_not_ours_is_refused(gateway: Gateway) -> None:
    with pytest.raises(Exception, match=r"5\.1\.1"):
        await gateway.send(mail(1), to="nobody@desk.example")
    with pytest.raises(Exception, match=r"5\.7\.1"):
        await gateway.send(mail(1), to="nobody@elsewhere.example")


async def test_without_a_smarthost_letters_lie_in_a_maildir(tmp_path: Path) -> None:
    gateway = Gateway(write_desk(tmp_path))
    await gateway.start()
    await gateway.send(mail(1))
    folder = tmp_path / "state" / "letters"
    await gateway.heard("sent", 2)
    await gateway.stop()

    letters = {one["X-Ticket-Event"]: one for one in Maildir(folder)}
    assert letters.keys() == {"ticket_received", "engineer_new_ticket"}
    assert letters["ticket_received"]["To"] == "kim@newco1.example"


async def test_secrets_of_a_desk_are_readable_by_its_owner_only(gateway: Gateway) -> None:
    state = gateway.settings.parent / "state"

    modes = {name: (state / name).stat().st_mode & 0o077 for name in SECRET_FILES}
    assert modes == dict.fromkeys(SECRET_FILES, 0)


CLIENTS = [
    pytest.param(
        "swaks --server {host} --port {port} --from kim@newco.example --to support@desk.example "
        "--data -",
        id="swaks",
    ),
    pytest.param(
        "msmtp --host={host} --port={port} --from=kim@newco.example --file=/dev/null "
        "support@desk.example",
        id="msmtp",
    ),
]


@pytest.mark.parametrize("line", CLIENTS)
async def test_a_mail_of_a_usual_client_is_answered(
    gateway: Gateway, smarthost: Smarthost, line: str
) -> None:
    program, *words = line.split()
    if shutil.which(program) is None:
        missing(f"{program} is not installed")
    host, _, port = gateway.addresses["smtp"].rpartition(":")
    process = await asyncio.create_subprocess_exec(
        program,
        *(word.format(host=host, port=port) for word in words),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate(mail(1).replace(b"\r\n", b"\n"))
    assert process.returncode == 0, output.decode()
    await arrived(smarthost, "ticket_received")

    (receipt,) = [one for one in smarthost.taken if one.event == "ticket_received"]
    assert receipt.mail["In-Reply-To"] == "<m1@newco.example>"
