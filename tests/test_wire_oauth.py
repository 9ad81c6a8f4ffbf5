"""Tokens of hosted mailboxes, against a real token server on loopback: fresh, kept, warned of."""

import base64
import json
import stat
from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
import pytest_asyncio
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from servers.tokens import SECRET, TokenServer

from gateway.wire.oauth import Tokens
from gateway.wire.oauth_file import Kept, TokenFile
from gateway.wire.oauth_grant import Grant, Way
from gateway.wire.oauth_login import log_in
from gateway.wire.token import NoToken

USER = "support@desk.example"
BEGIN = datetime(2026, 7, 8, 8, tzinfo=UTC)


class Clock:
    """A clock that is moved by hand."""

    def __init__(self) -> None:
        self.now = BEGIN

    def __call__(self) -> datetime:
        return self.now


@pytest_asyncio.fixture
async def server() -> AsyncIterator[TokenServer]:
    made = TokenServer()
    await made.up()
    yield made
    await made.down()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def grant(server: TokenServer, tmp_path: Path) -> Callable[..., Grant]:
    def made(way: Way, **changes: object) -> Grant:
        usual: dict[str, object] = {
            "holder": "support",
            "way": way,
            "token_url": f"{server.url}/token",
            "device_url": f"{server.url}/device",
            "authorize_url": f"{server.url}/authorize",
            "scope": "mail offline_access",
            "file": TokenFile(tmp_path / "tokens" / "support.json"),
            "client_id": "desk",
            "secret": lambda: SECRET,
        }
        return Grant(**{**usual, **changes})  # type: ignore[arg-type]  # a table of the test

    return made


def kept(server: TokenServer, grant: Grant, **changes: object) -> None:
    """Somebody logged in before."""
    server.refresh_tokens = {"refresh-0"}
    usual: dict[str, object] = {
        "refresh_token": "refresh-0",
        "granted_at": BEGIN,
        "renewed_at": BEGIN,
    }
    grant.file.write(Kept(**{**usual, **changes}))  # type: ignore[arg-type]  # a table of the test


async def test_a_program_has_access_by_its_secret(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    tokens = Tokens(grant(Way.CLIENT_CREDENTIALS), clock)

    assert await tokens(USER) == "access-1"
    ((path, form),) = server.asked
    assert path == "/token"
    assert form["grant_type"] == "client_credentials"
    assert form["scope"] == "mail offline_access"
    basic = form["authorization"].removeprefix("Basic ")
    assert base64.b64decode(basic).decode() == f"desk:{SECRET}"


async def test_large_providers_get_the_secret_in_the_body(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    await Tokens(grant(Way.CLIENT_CREDENTIALS, secret_in_body=True), clock)(USER)

    ((_, form),) = server.asked
    assert (form["client_id"], form["client_secret"]) == ("desk", SECRET)
    assert form["authorization"] == ""


async def test_a_token_is_used_until_shortly_before_its_end(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    tokens = Tokens(grant(Way.CLIENT_CREDENTIALS), clock)
    first = await tokens(USER)

    clock.now += timedelta(minutes=56)
    assert await tokens(USER) == first
    clock.now += timedelta(minutes=2)
    assert await tokens(USER) != first
    assert len(server.asked) == 2


async def test_a_token_that_was_refused_is_replaced_at_once(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    tokens = Tokens(grant(Way.CLIENT_CREDENTIALS), clock)

    assert await tokens(USER) != await tokens(USER, fresh=True)


async def test_a_new_refresh_token_is_kept_for_its_owner_only(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    made = grant(Way.DEVICE_CODE)
    kept(server, made)
    tokens = Tokens(made, clock)

    await tokens(USER)
    await tokens(USER, fresh=True)

    found = made.file.read()
    assert found is not None
    assert {found.refresh_token} == server.refresh_tokens
    assert stat.S_IMODE(made.file.path.stat().st_mode) == 0o600
    assert stat.S_IMODE(made.file.path.parent.stat().st_mode) == 0o700
    assert [path.name for path in made.file.path.parent.iterdir()] == ["support.json"]


async def test_a_refresh_token_that_the_disk_refuses_is_written_later(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    made = grant(Way.DEVICE_CODE)
    kept(server, made)
    tokens = Tokens(made, clock)
    in_the_way = made.file.path.with_name("support.json.new")
    in_the_way.mkdir()

    refused = [await tokens(USER), await tokens(USER, fresh=True)]
    before = made.file.read()
    in_the_way.rmdir()
    later = await tokens(USER)

    assert len(set(refused)) == 2
    assert later == refused[-1]
    found = made.file.read()
    assert before is not None
    assert found is not None
    assert before.refresh_token == "refresh-0"
    assert {found.refresh_token} == server.refresh_tokens


async def test_who_logs_in_while_the_disk_refuses_a_token_has_the_last_word(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    made = grant(Way.DEVICE_CODE)
    kept(server, made)
    tokens = Tokens(made, clock)
    in_the_way = made.file.path.with_name("support.json.new")
    in_the_way.mkdir()
    await tokens(USER)
    in_the_way.rmdir()
    kept(server, made, granted_at=BEGIN + timedelta(minutes=1))

    await tokens(USER, fresh=True)

    found = made.file.read()
    assert found is not None
    assert found.granted_at == BEGIN + timedelta(minutes=1)
    assert {found.refresh_token} == server.refresh_tokens


async def test_a_server_that_keeps_its_refresh_token_may_do_so(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    made = grant(Way.DEVICE_CODE)
    kept(server, made)
    server.refusals = [(200, {"access_token": "short", "token_type": "Bearer"})]

    assert await Tokens(made, clock)(USER) == "short"

    found = made.file.read()
    assert found is not None
    assert found.refresh_token == "refresh-0"


async def test_a_service_account_signs_for_the_user(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock, tmp_path: Path
) -> None:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    file = tmp_path / "account.json"
    file.write_text(
        json.dumps(
            {
                "client_email": "desk@project.example",
                "private_key_id": "k1",
                "private_key": pem.decode(),
            }
        )
    )

    assert await Tokens(grant(Way.SERVICE_ACCOUNT, account_file=file), clock)(USER) == "access-1"

    ((_, form),) = server.asked
    head, claims = (
        json.loads(base64.urlsafe_b64decode(part + "=="))
        for part in form["assertion"].split(".")[:2]
    )
    assert (head["alg"], head["kid"]) == ("RS256", "k1")
    assert claims["iss"] == "desk@project.example"
    assert claims["sub"] == USER
    assert claims["aud"] == f"{server.url}/token"
    assert claims["scope"] == "mail offline_access"


REFUSALS = [
    pytest.param(
        (400, {"error": "invalid_grant", "error_description": "AADSTS700082: too old"}),
        "has ended or was withdrawn (invalid_grant AADSTS700082: too old)",
        False,
        id="grant withdrawn",
    ),
    pytest.param(
        (401, {"error": "invalid_client"}), "client id or secret is refused", False, id="secret"
    ),
    pytest.param((400, {"error": "strange"}), "the server refuses (strange", False, id="unknown"),
    pytest.param(
        (503, {"error": "invalid_grant"}), "the token server says 503", True, id="server is down"
    ),
    pytest.param(
        (400, {"error": "temporarily_unavailable"}), "temporarily_unavailable", True, id="busy"
    ),
    pytest.param((200, {"token_type": "Bearer"}), "cannot be understood", False, id="no token"),
    pytest.param(
        (302, {"access_token": 1, "error": "moved\r\nthere"}), "moved there", False, id="line ends"
    ),
]


@pytest.mark.parametrize(("answer", "reason", "is_transient"), REFUSALS)
async def test_why_there_is_no_token_is_told(
    server: TokenServer,
    grant: Callable[..., Grant],
    clock: Clock,
    answer: tuple[int, dict[str, object]],
    reason: str,
    is_transient: bool,
) -> None:
    made = grant(Way.AUTHORIZATION_CODE)
    kept(server, made)
    server.refusals = [answer]

    with pytest.raises(NoToken) as caught:
        await Tokens(made, clock)(USER)

    assert reason in caught.value.reason
    assert caught.value.is_transient is is_transient
    assert SECRET not in caught.value.reason
    assert "refresh-0" not in caught.value.reason
    found = made.file.read()
    assert found is not None
    assert found.refresh_token == "refresh-0"


async def test_a_token_server_that_is_away_is_transient(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    await server.down()

    with pytest.raises(NoToken, match="cannot be reached") as caught:
        await Tokens(grant(Way.CLIENT_CREDENTIALS), clock)(USER)

    assert caught.value.is_transient


@pytest.mark.parametrize("text", [None, "", "{}", "[]", '{"refresh_token": "x"}'])
async def test_without_a_log_in_the_command_is_named(
    grant: Callable[..., Grant], clock: Clock, text: str | None
) -> None:
    made = grant(Way.DEVICE_CODE)
    if text is not None:
        made.file.path.parent.mkdir()
        made.file.path.write_text(text)

    with pytest.raises(NoToken, match="gateway auth login support"):
        await Tokens(made, clock)(USER)


async def no_pause(_: float) -> None:
    """Time flies."""


async def test_a_person_logs_in_with_a_code_on_any_device(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    made, said = grant(Way.DEVICE_CODE, secret=None), []
    server.pending = 2

    async def never(_: str) -> str:
        raise AssertionError

    found = await log_in(made, clock, said.append, never, no_pause)

    assert found.refresh_token == "refresh-1"
    assert any("WDJB-MJHT" in line for line in said)
    assert any(f"{server.url}/login" in line for line in said)
    assert [path for path, _ in server.asked] == ["/device", "/token", "/token", "/token"]


async def test_nobody_enters_the_code(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    server.pending = 1_000
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)

    async def never(_: str) -> str:
        raise AssertionError

    with pytest.raises(NoToken, match="in time"):
        await log_in(grant(Way.DEVICE_CODE), clock, [].append, never, pause)

    assert sum(pauses) == 60


async def test_a_person_logs_in_with_a_browser(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    said: list[str] = []

    async def browse(_: str) -> str:
        (address,) = [line.strip() for line in said if "/authorize" in line]
        query = parse_qs(urlsplit(address).query)
        assert query["code_challenge_method"] == ["S256"]
        assert query["access_type"] == ["offline"]
        return f"{query['redirect_uri'][0]}?code=code-1&state={query['state'][0]}\n"

    made = grant(Way.AUTHORIZATION_CODE, authorize_more={"access_type": "offline"})
    found = await log_in(made, clock, said.append, browse)

    assert found.refresh_token == "refresh-1"


@pytest.mark.parametrize(
    "answer",
    ["http://127.0.0.1:8027/?error=access_denied", "http://127.0.0.1:8027/?code=code-1&state=not"],
)
async def test_an_answer_of_somebody_else_grants_nothing(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock, answer: str
) -> None:
    async def browse(_: str) -> str:
        return answer

    with pytest.raises(NoToken):
        await log_in(grant(Way.AUTHORIZATION_CODE), clock, [].append, browse)

    assert server.asked == []


async def test_a_log_in_that_cannot_be_renewed_is_refused(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    server.refusals = [
        (200, {"device_code": "d", "user_code": "u", "verification_uri": "v", "interval": 1}),
        (200, {"access_token": "x", "token_type": "Bearer"}),
    ]

    async def never(_: str) -> str:
        raise AssertionError

    with pytest.raises(NoToken, match="no refresh token"):
        await log_in(grant(Way.DEVICE_CODE), clock, [].append, never, no_pause)


def test_the_end_of_a_secret_is_told_three_times(
    grant: Callable[..., Grant],
) -> None:
    tokens = Tokens(grant(Way.CLIENT_CREDENTIALS, secret_ends_on=date(2026, 9, 1)), Clock())

    days = [date(2026, 7, 1) + timedelta(days=number) for number in range(70)]
    told = [tokens.warnings(datetime(day.year, day.month, day.day, 8, tzinfo=UTC)) for day in days]

    assert told[0] == {}
    assert len({event for one in told for event in one}) == 3
    assert "gateway auth login support" in next(iter(told[-1].values()))


async def test_the_end_of_a_grant_is_known_where_the_server_tells_it(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    made = grant(Way.AUTHORIZATION_CODE)
    kept(server, made)
    server.more = {"refresh_token_expires_in": 604_800}
    tokens = Tokens(made, clock)

    await tokens(USER)

    assert tokens.ends_at() == BEGIN + timedelta(days=7)
    assert tokens.warnings(BEGIN) != {}


async def test_an_end_that_is_told_again_at_each_renewal_is_warned_of_once(
    server: TokenServer, grant: Callable[..., Grant], clock: Clock
) -> None:
    made = grant(Way.AUTHORIZATION_CODE)
    kept(server, made)
    tokens = Tokens(made, clock)
    events: set[str] = set()
    for hour in range(24):
        clock.now = BEGIN + timedelta(hours=hour, seconds=hour, microseconds=hour)
        server.more = {"refresh_token_expires_in": 604_800 - 3600 * hour}
        await tokens(USER, fresh=True)
        events |= tokens.warnings(clock.now).keys()

    assert len(events) == 1
    server.more = {"refresh_token_expires_in": 2 * 604_800}
    await tokens(USER, fresh=True)
    assert tokens.ends_at() == clock.now + timedelta(days=14)
