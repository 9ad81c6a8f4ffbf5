"""The smarthost by OAuth2: letters leave with a token, and one that is refused fails none."""

import asyncio
import base64
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from acting.operator import run_gateway
from desks import write_desk
from servers.scripted import Scripted, scripted
from servers.tokens import SECRET, TokenServer

from gateway.daemon import relay_of
from gateway.settings.load import load_settings
from gateway.settings.mailboxes import grants
from gateway.settings.oauth import OauthSettings
from gateway.wire.smtp_out import SmarthostCarrier
from gateway.work.grant_watch import GrantWatch

LETTER = b"Subject: x\r\nMessage-ID: <1@desk.example>\r\n\r\nbody\r\n"
OFFERS = {"EHLO": b"250-double\r\n250 AUTH XOAUTH2\r\n"}


@pytest_asyncio.fixture
async def tokens() -> AsyncIterator[TokenServer]:
    made = TokenServer()
    await made.up()
    yield made
    await made.down()


@pytest_asyncio.fixture
async def server() -> AsyncIterator[Scripted]:
    async with scripted(OFFERS) as made:
        yield made


@pytest.fixture
def desk(tmp_path: Path, server: Scripted, tokens: TokenServer) -> Path:
    url = f"smtp+plain://desk%40desk.example@127.0.0.1:{server.port}"
    path = write_desk(tmp_path, smarthost=url)
    section = (
        '\n[smarthost.oauth]\nprovider = "other"\ngrant = "client_credentials"\n'
        f'client_id = "desk"\nclient_secret = "{SECRET}"\ntoken_url = "{tokens.url}/token"\n'
        "client_secret_ends = 2026-07-20\n"
    )
    path.write_text(f"{path.read_text(encoding='utf-8')}{section}", encoding="utf-8")
    return path


def carrier_of(desk: Path) -> SmarthostCarrier:
    relay = relay_of(load_settings(desk, {}))
    assert relay is not None
    return SmarthostCarrier(relay, hostname="desk.example")


def shown(server: Scripted) -> list[str]:
    """The tokens that were shown, in order."""
    said = [one.split()[2] for one in server.commands if one.startswith("AUTH XOAUTH2")]
    decoded = [base64.b64decode(one).decode() for one in said]
    assert all(one.startswith("user=desk@desk.example\x01auth=Bearer ") for one in decoded)
    return [one.partition("Bearer ")[2].strip("\x01") for one in decoded]


async def test_a_letter_leaves_with_a_token(desk: Path, server: Scripted) -> None:
    by = carrier_of(desk)

    deliveries = [
        await by.carry("b@desk.example", "ann@acme.example", LETTER),
        await by.carry("b@desk.example", "bob@acme.example", LETTER),
    ]
    await by.close()

    assert [one.outcome for one in deliveries] == ["delivered", "delivered"]
    assert shown(server) == ["access-1"], "one login for a kept connection"


async def test_a_token_that_is_refused_is_replaced_and_no_letter_fails(
    desk: Path, server: Scripted
) -> None:
    by = carrier_of(desk)
    server.replies["AUTH"] = b"535 5.7.3 Token expired\r\n"
    refused = await by.carry("b@desk.example", "ann@acme.example", LETTER)
    server.replies["AUTH"] = b"235 OK\r\n"
    taken = await by.carry("b@desk.example", "ann@acme.example", LETTER)
    await by.close()

    assert (refused.outcome, refused.about_connection) == ("deferred", True)
    assert refused.needs_operator
    assert taken.outcome == "delivered"
    assert shown(server) == ["access-1", "access-2"]


@pytest.mark.parametrize(
    ("answer", "needs_operator"),
    [
        pytest.param((400, {"error": "invalid_client"}), True, id="a secret that ended"),
        pytest.param((503, {}), False, id="a server that is busy"),
    ],
)
async def test_where_there_is_no_token_letters_wait(
    desk: Path, tokens: TokenServer, answer: tuple[int, dict[str, object]], needs_operator: bool
) -> None:
    tokens.refusals = [answer]
    by = carrier_of(desk)

    delivery = await by.carry("b@desk.example", "ann@acme.example", LETTER)
    await by.close()

    assert (delivery.outcome, delivery.about_connection) == ("deferred", True)
    assert delivery.needs_operator is needs_operator
    assert delivery.reason
    assert SECRET not in delivery.reason


async def test_the_operator_logs_in_and_looks_at_it(desk: Path, server: Scripted) -> None:
    login = await asyncio.to_thread(run_gateway, "auth", "login", "smarthost", config=desk)
    status = await asyncio.to_thread(run_gateway, "auth", "status", "--json", config=desk)
    check = await asyncio.to_thread(run_gateway, "check", config=desk)

    assert login.code == 0, login.errors
    assert status.json()["mailbox"] == "smarthost"
    assert status.json()["access"] == "client_credentials"
    assert f"127.0.0.1:{server.port} (none)" in check.output
    assert len(shown(server)) == 1


async def test_the_end_of_access_is_told_once_and_again_where_that_failed(desk: Path) -> None:
    class Letters:
        """Whoever writes to the operator, away at first."""

        told: list[str]
        is_away = True

        def __init__(self) -> None:
            self.told = []

        async def tell(self, event: str, reason: str) -> bool:
            self.told += [] if self.is_away else [f"{event} {reason}"]
            return not self.is_away

    letters = Letters()
    tokens = grants(load_settings(desk, {}))["smarthost"]
    watch = GrantWatch(tokens.warnings, lambda: datetime(2026, 7, 19, 8, tzinfo=UTC), letters)

    await watch.look()
    letters.is_away = False
    await watch.look()
    await watch.look()

    (told,) = letters.told
    assert "Access of smarthost ends on 2026-07-20" in told
    assert "gateway auth login smarthost" in told


@pytest.mark.parametrize(
    ("provider", "scope"),
    [
        pytest.param("microsoft365", "https://outlook.office.com/SMTP.Send", id="Microsoft"),
        pytest.param("google", "https://mail.google.com/", id="Google"),
    ],
)
def test_sending_asks_for_its_own_scope(provider: str, scope: str) -> None:
    tenant = {"tenant": "desk.example"} if provider == "microsoft365" else {}
    asked = OauthSettings.model_validate(
        {"provider": provider, "grant": "authorization_code", "client_id": "x", **tenant}
    )

    assert asked.asked_scope(sends=True).startswith(scope)


def test_a_mailbox_of_that_name_would_be_mistaken_for_it(desk: Path) -> None:
    text = desk.read_text(encoding="utf-8")
    mailbox = '[imap.smarthost]\nhost = "h.example"\nuser = "u"\npassword = "p"\n'
    desk.write_text(text + mailbox, encoding="utf-8")

    ran = run_gateway("check", config=desk)

    assert ran.code == 78
    assert "a mailbox cannot be named smarthost" in ran.errors
