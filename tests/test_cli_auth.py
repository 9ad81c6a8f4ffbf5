"""Access by OAuth2 from the log-in to the mail, with a real IMAP server that asks about tokens."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest_asyncio
from acting.operator import Ran, run_gateway
from desks import write_desk
from servers.dovecot import Dovecot
from servers.tokens import SECRET, TokenServer

DEVICE = 'grant = "device_code"\n'
CLIENT = 'grant = "client_credentials"\nclient_secret_ends = 2026-01-01\n'
MAIL = b"From: kim@newco.example\r\nSubject: Tax\r\n\r\nHow?\r\n"


@pytest_asyncio.fixture
async def tokens(imap_server: Dovecot, token_server_port: int) -> AsyncIterator[TokenServer]:
    made = TokenServer(port=token_server_port, user=imap_server.new_user())
    await made.up()
    yield made
    await made.down()


def desk_with(folder: Path, server: Dovecot, tokens: TokenServer, grant: str) -> Path:
    path = write_desk(folder)
    section = (
        f'[imap.support]\nhost = "127.0.0.1"\nport = {server.port}\ntls = false\n'
        f'user = "{tokens.user}"\n[imap.support.oauth]\nprovider = "other"\nclient_id = "desk"\n'
        f'client_secret = "{SECRET}"\ntoken_url = "{tokens.url}/token"\n'
        f'device_url = "{tokens.url}/device"\n{grant}'
    )
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{section}", encoding="utf-8")
    return path


async def gateway(desk: Path, line: str) -> Ran:
    """A command, while the servers of the test go on."""
    return await asyncio.to_thread(run_gateway, *line.split(), config=desk)


async def test_a_mailbox_without_a_log_in_says_what_to_do(
    tmp_path: Path, imap_server: Dovecot, tokens: TokenServer
) -> None:
    desk = desk_with(tmp_path, imap_server, tokens, DEVICE)

    status = await gateway(desk, "auth status --json")
    check = await gateway(desk, "check")

    assert status.code == 1
    assert status.json()["state"] == "needs login"
    assert check.code == 1
    assert "gateway auth login support" in check.output


async def test_a_log_in_opens_the_mailbox(
    tmp_path: Path, imap_server: Dovecot, tokens: TokenServer
) -> None:
    desk = desk_with(tmp_path, imap_server, tokens, DEVICE)
    imap_server.deliver(tokens.user, [MAIL])
    tokens.more = {"refresh_token_expires_in": 86_400}

    login = await gateway(desk, "auth login support")
    status = await gateway(desk, "auth status --json")
    check = await gateway(desk, "check")

    assert login.code == 0, login.errors
    assert "WDJB-MJHT" in login.output
    row = status.json()
    assert (row["access"], row["state"]) == ("device_code", "ready")
    assert datetime.fromisoformat(row["ends_at"]) > datetime.now(UTC)
    (line,) = [line for line in check.output.splitlines() if "imap.support" in line]
    assert "1 mails, 1 not taken in yet" in line
    said = login.output + status.output + check.output
    assert not any(secret in said for secret in (SECRET, *tokens.access_tokens, "refresh-"))


async def test_a_log_in_that_is_refused_is_told(
    tmp_path: Path, imap_server: Dovecot, tokens: TokenServer
) -> None:
    desk = desk_with(tmp_path, imap_server, tokens, DEVICE)
    tokens.refusals = [(400, {"error": "unauthorized_client"})]

    login = await gateway(desk, "auth login support")

    assert login.code == 1
    assert login.errors.startswith("support: this client may not do that")


async def test_a_program_needs_no_log_in(
    tmp_path: Path, imap_server: Dovecot, tokens: TokenServer
) -> None:
    desk = desk_with(tmp_path, imap_server, tokens, CLIENT)

    login = await gateway(desk, "auth login support")
    status = await gateway(desk, "auth status")

    assert login.code == 0, login.errors
    assert status.code == 1
    assert "ended" in status.output


async def test_a_token_that_the_imap_server_refuses_is_a_reason(
    tmp_path: Path, imap_server: Dovecot, tokens: TokenServer
) -> None:
    desk = desk_with(tmp_path, imap_server, tokens, CLIENT)
    tokens.refusals = [(200, {"access_token": "stale", "token_type": "Bearer"})] * 2

    check = await gateway(desk, "check")

    (line,) = [line for line in check.output.splitlines() if "imap.support" in line]
    assert line.startswith("FAIL")
    assert "(token)" in line
    assert len([path for path, _ in tokens.asked if path == "/token"]) == 2


async def test_a_mailbox_with_a_password_needs_no_log_in(
    tmp_path: Path, imap_server: Dovecot, tokens: TokenServer
) -> None:
    path = write_desk(tmp_path)
    section = '[imap.support]\nhost = "127.0.0.1"\nuser = "x"\npassword = "y"\n'
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{section}", encoding="utf-8")

    login = await gateway(path, "auth login support")

    assert login.code == 2
    assert "has a password" in login.errors
