"""The real daemon with a real IMAP server: mails become tickets, trouble stays where it is."""

import asyncio
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from acting.operator import run_process
from desks import write_desk
from servers.dovecot import PASSWORD, Dovecot
from servers.gateway import Gateway
from servers.proxy import Proxy

from gateway.spool import Spool


def mail(number: int) -> bytes:
    lines = (
        "From: Kim <kim@newco.example>",
        "To: support@desk.example",
        f"Subject: Question {number}",
        f"Message-ID: <m{number}@newco.example>",
        "",
        "How do I set up VAT?",
        "",
    )
    return "\r\n".join(lines).encode()


def section(name: str, port: int, user: str, password: str = PASSWORD) -> str:
    return (
        f'[imap.{name}]\nhost = "127.0.0.1"\nport = {port}\ntls = false\nuser = "{user}"\n'
        f'password = "{password}"\naddress = "support@desk.example"\n'
    )


def subjects(gateway: Gateway) -> list[str]:
    rows = run_process("tickets", "list", "--json", config=gateway.settings).rows()
    return sorted(one["subject"] for one in rows)


@pytest_asyncio.fixture
async def proxy(imap_server: Dovecot) -> AsyncIterator[Proxy]:
    made = Proxy(imap_server.port)
    await made.up()
    yield made
    await made.down()


@pytest_asyncio.fixture
async def gateway(tmp_path: Path, imap_server: Dovecot, proxy: Proxy) -> AsyncIterator[Gateway]:
    """A daemon with a mailbox behind a proxy, and one whose password is wrong."""
    settings = write_desk(tmp_path)
    sections = section("support", proxy.port, imap_server.new_user())
    sections += section("wrong", imap_server.port, imap_server.new_user(), "wrong")
    settings.write_text(f"{settings.read_text(encoding='utf-8')}\n{sections}", encoding="utf-8")
    made = Gateway(settings)
    yield made
    if made.running.returncode is None:
        await made.stop(signal.SIGKILL)


def user_of(gateway: Gateway) -> str:
    text = gateway.settings.read_text(encoding="utf-8")
    return text.partition("[imap.support]\nhost")[2].partition('user = "')[2].partition('"')[0]


@pytest.mark.slow
async def test_mails_of_a_mailbox_become_tickets_though_another_one_is_broken(
    gateway: Gateway, imap_server: Dovecot
) -> None:
    user = user_of(gateway)
    imap_server.deliver(user, [mail(1), mail(2)])
    await gateway.start()
    await gateway.heard("accepted", 2)
    imap_server.deliver(user, [mail(3)])
    await gateway.heard("accepted", 3)
    await gateway.heard("sent", 6)
    await gateway.heard("mailbox_trouble")
    code = await gateway.stop()

    assert code == 0
    assert subjects(gateway) == ["Question 1", "Question 2", "Question 3"]
    assert imap_server.flags(user) == ["S"] * 3
    troubles = {(one["mailbox"], one["trouble"]) for one in gateway.diary if "trouble" in one}
    assert troubles == {("wrong", "login")}


@pytest.mark.slow
async def test_a_mail_is_taken_once_though_the_daemon_is_killed(
    gateway: Gateway, imap_server: Dovecot
) -> None:
    user = user_of(gateway)
    imap_server.deliver(user, [mail(number) for number in range(30)])
    await gateway.start()
    await gateway.heard("accepted", 1)
    await gateway.stop(signal.SIGKILL)
    await gateway.start()
    spool = Spool(gateway.settings.parent / "state" / "spool.db")
    async with asyncio.timeout(60):
        while spool.counts().done < 30:  # noqa: ASYNC110 - another process works on it
            await asyncio.sleep(0.05)
    await gateway.stop()

    assert subjects(gateway) == sorted(f"Question {number}" for number in range(30))
    assert spool.counts().accepted == 30
    spool.close()


@pytest.mark.slow
async def test_smtp_goes_on_while_imap_is_away_and_the_reverse(
    gateway: Gateway, imap_server: Dovecot, proxy: Proxy
) -> None:
    """Fault F24."""
    await proxy.down()
    await gateway.start()
    await gateway.send(mail(1))
    await gateway.heard("sent", 2)
    imap_server.deliver(user_of(gateway), [mail(2)])
    await proxy.up()
    await gateway.heard("accepted", 2)
    await gateway.heard("sent", 4)
    await gateway.stop()

    assert subjects(gateway) == ["Question 1", "Question 2"]


@pytest.mark.slow
async def test_the_same_mail_over_smtp_and_imap_is_one_ticket(
    gateway: Gateway, imap_server: Dovecot
) -> None:
    """Fault F28."""
    await gateway.start()
    await gateway.send(mail(1))
    await gateway.heard("sent", 2)
    imap_server.deliver(user_of(gateway), [mail(1), mail(2)])
    await gateway.heard("accepted", 3)
    await gateway.heard("sent", 4)
    await gateway.stop()

    assert subjects(gateway) == ["Question 1", "Question 2"]
