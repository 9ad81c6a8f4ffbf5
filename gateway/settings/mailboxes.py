"""Turn the settings of mailboxes and of grants into what the wire is given."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import SecretStr

from gateway.settings.imap import ImapSettings
from gateway.settings.load import Settings
from gateway.settings.oauth import OauthSettings
from gateway.wire.imap_account import Account, Password
from gateway.wire.oauth_file import TokenFile
from gateway.wire.oauth_grant import Grant, Way

if TYPE_CHECKING:
    from gateway.wire.oauth import Tokens

SMARTHOST = "smarthost"
"""What a grant for sending is called where mailboxes have their names."""
GOOGLE_OFFLINE = {"access_type": "offline", "prompt": "consent"}
"""Google hands out a refresh token only when it is asked like this."""


def accounts(settings: Settings) -> dict[str, Account]:
    """Every mailbox of the settings, by name."""
    return {name: _account(settings, name, one) for name, one in settings.gateway.imap.items()}


def _account(settings: Settings, name: str, one: ImapSettings) -> Account:
    file = settings.resolve(one.password_file) if one.password_file else None
    tokens = _tokens(settings, name, one.oauth) if one.oauth else None
    own = one.user if one.user.lower() in settings.gateway.addresses.inboxes else ""
    return Account(
        name=name,
        host=one.host,
        port=one.port,
        user=one.user,
        password=_secret(one.password, file),
        token=tokens,
        warnings=tokens.warnings if tokens else lambda _: {},
        stamp=_stamp(*_secret_files(settings, name, one)),
        tls=one.tls,
        ca_file=settings.resolve(one.ca_file) if one.ca_file else None,
        folder=one.folder,
        address=one.address or own,
        then=one.then,
        flag=one.flag,
        move_to=one.move_to,
        since=one.since,
        size_limit=one.size_limit,
    )


def smarthost_tokens(settings: Settings) -> "Tokens | None":
    """Access to the smarthost by OAuth2, where the settings ask for it."""
    oauth = settings.gateway.smarthost.oauth
    return _tokens(settings, SMARTHOST, oauth) if oauth else None


def grants(settings: Settings) -> "dict[str, Tokens]":
    """All access by OAuth2, by what holds it."""
    asked = {name: one.oauth for name, one in settings.gateway.imap.items()}
    asked[SMARTHOST] = settings.gateway.smarthost.oauth or asked.get(SMARTHOST)
    return {name: _tokens(settings, name, one) for name, one in asked.items() if one}


def _utc_now() -> datetime:
    return datetime.now(UTC)


def _secret(secret: SecretStr | None, file: Path | None) -> Password | None:
    """Reads a secret when it is needed."""
    if file is not None:
        return lambda: file.read_text(encoding="utf-8").rstrip("\r\n")
    return secret.get_secret_value if secret is not None else None


def _tokens(settings: Settings, name: str, one: OauthSettings) -> "Tokens":
    from gateway.wire.oauth import Tokens  # noqa: PLC0415 - an HTTP client few desks need

    return Tokens(_grant(settings, name, one), _utc_now)


def _token_path(settings: Settings, name: str) -> Path:
    return settings.state_dir / "tokens" / f"{name}.json"


def _grant(settings: Settings, name: str, one: OauthSettings) -> Grant:
    file = settings.resolve(one.client_secret_file) if one.client_secret_file else None
    return Grant(
        holder=name,
        way=Way(one.grant),
        token_url=one.url("token_url"),
        device_url=one.url("device_url"),
        authorize_url=one.url("authorize_url"),
        authorize_more=GOOGLE_OFFLINE if one.provider == "google" else {},
        scope=one.asked_scope(sends=name == SMARTHOST),
        file=TokenFile(_token_path(settings, name)),
        client_id=one.client_id,
        secret=_secret(one.client_secret, file),
        secret_ends_on=one.client_secret_ends,
        secret_in_body=one.provider != "other",
        account_file=settings.resolve(one.account_file) if one.account_file else None,
    )


def _secret_files(settings: Settings, name: str, one: ImapSettings) -> list[Path]:
    named = [one.password_file]
    if one.oauth is not None:
        named += [one.oauth.client_secret_file, one.oauth.account_file, _token_path(settings, name)]
    return [settings.resolve(path) for path in named if path is not None]


def _stamp(*files: Path) -> Callable[[], object]:
    """Changes when one of the files does, so that a new secret is tried at once."""

    def stamp() -> object:
        return tuple(_changed_at(file) for file in files)

    return stamp


def _changed_at(file: Path) -> int | None:
    try:
        return file.stat().st_mtime_ns
    except OSError:
        return None
