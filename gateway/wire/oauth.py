"""Access tokens for mailboxes of hosted providers (RFC 6749, 7523), kept fresh ahead of their end.

One `Tokens` a mailbox. A token is asked for before the old one ends, never after. A refresh token
that the server changes is on disk before the new access token is used; where the disk refuses it,
it is kept here and written later, because the old one may be worth nothing any more. No token and
no secret ever stands in a reason, a diary line or an exception.
"""

import asyncio
import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncAssertionClient, AsyncOAuth2Client
from joserfc.jwk import RSAKey

from gateway import journal
from gateway.wire.imap_trouble import tidy
from gateway.wire.oauth_file import Kept
from gateway.wire.oauth_grant import Grant, Way
from gateway.wire.token import NoToken

AHEAD: Final = timedelta(minutes=3)
"""A token is renewed so long before it ends."""
UNTOLD_LIFE: Final = timedelta(minutes=10)
"""Life of a token whose end the server does not tell."""
TIMEOUT_SECONDS: Final = 30.0
WARN_DAYS: Final = (1, 7, 30)
SAME_END: Final = timedelta(days=1)
"""Ends of a grant as close as this are one: servers tell how long it lasts, again and again."""

TRANSIENT: Final = frozenset({"temporarily_unavailable", "server_error", "slow_down"})
MEANING: Final[Mapping[str, str]] = {
    "invalid_grant": "the grant has ended or was withdrawn",
    "invalid_client": "client id or secret is refused: it may have ended",
    "unauthorized_client": "this client may not do that: permission or consent is missing",
    "access_denied": "access was denied",
    "invalid_scope": "the scope is refused",
    "interaction_required": "a person must log in again",
    "consent_required": "consent is missing or was withdrawn",
}


class Tokens:
    """The access tokens of one mailbox."""

    def __init__(self, grant: Grant, clock: Callable[[], datetime]) -> None:
        self.grant = grant
        self._clock = clock
        self._turn = asyncio.Lock()
        self._token = ""
        self._user = ""
        self._unsaved: Kept | None = None
        """What the disk refused."""
        self._good_until = datetime.min.replace(tzinfo=UTC)

    async def __call__(self, user: str, *, fresh: bool = False) -> str:
        """A token for a user; a fresh one where the last was refused. Raises `NoToken`."""
        async with self._turn:
            now = self._clock()
            await self._save()
            if fresh or user != self._user or now >= self._good_until:
                with reasons():
                    told = await self._ask(user)
                    token = str(told["access_token"])
                self._token, self._user = token, user
                self._good_until = now + max(_life(told) - AHEAD, _life(told) / 2)
            return self._token

    async def _ask(self, user: str) -> Mapping[str, Any]:
        grant = self.grant
        if grant.way is Way.SERVICE_ACCOUNT:
            return await self._ask_with_key(user)
        async with await client_of(grant) as client:
            if grant.way is Way.CLIENT_CREDENTIALS:
                told: Mapping[str, Any] = await client.fetch_token(
                    grant.token_url, grant_type="client_credentials"
                )
                return told
            return await self._refresh(client)

    async def _refresh(self, client: AsyncOAuth2Client) -> Mapping[str, Any]:
        kept = self._unsaved or await asyncio.to_thread(self.grant.file.read)
        if kept is None:
            raise NoToken(f"nobody has logged in yet: gateway auth login {self.grant.holder}")
        told: Mapping[str, Any] = await client.refresh_token(
            self.grant.token_url, refresh_token=kept.refresh_token
        )
        now = self._clock()
        self._unsaved = replace(
            kept,
            refresh_token=str(told.get("refresh_token") or kept.refresh_token),
            renewed_at=now,
            ends_at=_renewed_end(_grant_end(told, now), kept.ends_at),
        )
        await self._save()
        return told

    async def _save(self) -> None:
        """Write what is not on disk yet, unless somebody has logged in since."""
        unsaved = self._unsaved
        if unsaved is None:
            return
        file = self.grant.file
        try:
            found = await asyncio.to_thread(file.read)
            if found is None or found.granted_at <= unsaved.granted_at:
                await asyncio.to_thread(file.write, unsaved)
        except OSError as error:
            journal.fail("grant_unsaved", holder=self.grant.holder, error=error.strerror)
        else:
            self._unsaved = None

    async def _ask_with_key(self, user: str) -> Mapping[str, Any]:
        path = self.grant.account_file
        text = await asyncio.to_thread(path.read_text, "utf-8") if path else "{}"
        account = json_object(text)
        async with AsyncAssertionClient(
            token_endpoint=self.grant.token_url,
            issuer=account["client_email"],
            subject=user,
            scope=self.grant.scope,
            claims={"scope": self.grant.scope},
            header={"alg": "RS256", "kid": account.get("private_key_id", "")},
            key=RSAKey.import_key(str(account["private_key"])),
            timeout=TIMEOUT_SECONDS,
        ) as client:
            told: Mapping[str, Any] = await client.refresh_token()
        return told

    def ends_at(self) -> datetime | None:
        """When access ends unless somebody does something, where that is known."""
        kept = self.grant.file.read() if self.grant.way.needs_login else None
        ends = [kept.ends_at] if kept and kept.ends_at else []
        if self.grant.secret_ends_on is not None:
            ends.append(datetime.combine(self.grant.secret_ends_on, time(), UTC))
        return min(ends, default=None)

    def renewed_at(self) -> datetime | None:
        """When the grant was used last, where a log-in left one."""
        kept = self.grant.file.read() if self.grant.way.needs_login else None
        return kept.renewed_at if kept else None

    def warnings(self, now: datetime) -> Mapping[str, str]:
        """What the operator must hear before access ends: texts by event, each to be told once."""
        ends_at, holder = self.ends_at(), self.grant.holder
        if ends_at is None:
            return {}
        for days in WARN_DAYS:
            if now >= ends_at - timedelta(days=days):
                event = f"oauth:{holder}:{ends_at.isoformat()}:{days}"
                return {event: _warning(holder, ends_at, now)}
        return {}


def _warning(holder: str, ends_at: datetime, now: datetime) -> str:
    verb = "ended" if now >= ends_at else "ends"
    return (
        f"Access of {holder} {verb} on {ends_at:%Y-%m-%d %H:%M} UTC; no mail goes that way after "
        "that.\n\nWhere a client secret ends: make a new one at the provider, put it "
        "into client_secret_file, and write its last day into client_secret_ends. Where a grant "
        f"ends: gateway auth login {holder}. See gateway auth status."
    )


async def client_of(grant: Grant) -> AsyncOAuth2Client:
    """A client that knows who it is. Raises `OSError` where the secret cannot be read."""
    secret = await asyncio.to_thread(grant.secret) if grant.secret else None
    method = "client_secret_post" if grant.secret_in_body else "client_secret_basic"
    return AsyncOAuth2Client(
        client_id=grant.client_id,
        client_secret=secret,
        token_endpoint_auth_method=method if secret else "none",
        scope=grant.scope,
        timeout=TIMEOUT_SECONDS,
        code_challenge_method="S256",
    )


def kept_of(told: Mapping[str, Any], now: datetime) -> Kept:
    """What a person's log-in left. Raises `NoToken` where it cannot be renewed later."""
    if not told.get("refresh_token"):
        raise NoToken("the server gave no refresh token: is offline access in the scope?")
    return Kept(
        refresh_token=str(told["refresh_token"]),
        granted_at=now,
        renewed_at=now,
        ends_at=_grant_end(told, now),
    )


@contextmanager
def reasons() -> Iterator[None]:
    """Whatever goes wrong while asking for a token becomes `NoToken` with a reason to act on."""
    try:
        yield
    except AuthlibBaseError as error:
        code = str(error.error or "")
        meaning = MEANING.get(code, "the server refuses")
        said = tidy(f"{code} {error.description or ''}")
        raise NoToken(f"{meaning} ({said})", is_transient=code in TRANSIENT) from None
    except httpx2.HTTPStatusError as error:
        status = error.response.status_code
        is_transient = status >= 500 or status in {408, 429}
        raise NoToken(f"the token server says {status}", is_transient=is_transient) from None
    except httpx2.HTTPError as error:
        told = f"the token server cannot be reached ({type(error).__name__})"
        raise NoToken(told, is_transient=True) from None
    except OSError as error:
        raise NoToken(f"a secret cannot be read or kept: {error.strerror}") from None
    except (ValueError, KeyError, httpx2.InvalidURL):
        raise NoToken("the token server or a key file holds what cannot be understood") from None


def json_object(text: str) -> dict[str, Any]:
    """A JSON object. Raises `ValueError` for anything else."""
    found = json.loads(text)
    if not isinstance(found, dict):
        raise ValueError("no JSON object")  # noqa: TRY004 - what came is wrong, not our types
    return found


def _life(told: Mapping[str, Any]) -> timedelta:
    return _duration(told.get("expires_in")) or UNTOLD_LIFE


def _grant_end(told: Mapping[str, Any], now: datetime) -> datetime | None:
    """Google tells when a refresh token ends, where it does."""
    left = _duration(told.get("refresh_token_expires_in"))
    return now + left if left else None


def _renewed_end(told: datetime | None, known: datetime | None) -> datetime | None:
    if told is None or (known is not None and abs(told - known) < SAME_END):
        return known
    return told


def _duration(told: object) -> timedelta | None:
    """Seconds as a server writes them: a number, or digits in quotes."""
    text = str(told)
    return timedelta(seconds=int(text)) if text.isdecimal() and 0 < int(text) < 10**9 else None
