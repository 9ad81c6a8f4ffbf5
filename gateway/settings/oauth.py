"""The settings of a mailbox at a provider without passwords: `[imap.<name>.oauth]`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr, StringConstraints, model_validator

from gateway.settings.section import Section, is_loopback, refuse_idle

GrantName = Literal["client_credentials", "device_code", "authorization_code", "service_account"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """What is known of a provider; `{tenant}` in an address is filled in."""

    token_url: str = ""
    device_url: str = ""
    authorize_url: str = ""
    scopes: Mapping[str, str]
    """Scope by grant; a grant that is missing here is not offered."""
    needs_tenant: bool = False
    smtp_scopes: Mapping[str, str] = field(default_factory=dict)
    """The same for sending, where it is another."""


_MICROSOFT: Final = "https://login.microsoftonline.com/{tenant}/oauth2/v2.0"
_IMAP_OF_A_USER: Final = "https://outlook.office.com/IMAP.AccessAsUser.All offline_access"
_SMTP_OF_A_USER: Final = "https://outlook.office.com/SMTP.Send offline_access"
_GMAIL: Final = "https://mail.google.com/"

PROVIDERS: Final[Mapping[str, Provider]] = {
    "microsoft365": Provider(
        token_url=f"{_MICROSOFT}/token",
        device_url=f"{_MICROSOFT}/devicecode",
        authorize_url=f"{_MICROSOFT}/authorize",
        scopes={
            "client_credentials": "https://outlook.office365.com/.default",
            "device_code": _IMAP_OF_A_USER,
            "authorization_code": _IMAP_OF_A_USER,
        },
        needs_tenant=True,
        smtp_scopes=dict.fromkeys(("device_code", "authorization_code"), _SMTP_OF_A_USER),
    ),
    "google": Provider(
        token_url="https://oauth2.googleapis.com/token",  # noqa: S106 - an address
        authorize_url="https://accounts.google.com/o/oauth2/v2/auth",
        scopes={"authorization_code": _GMAIL, "service_account": _GMAIL},
    ),
    "other": Provider(
        scopes=dict.fromkeys(("client_credentials", "device_code", "authorization_code"), "")
    ),
}


BY_CLIENT: Final = ("client_id", "client_secret", "client_secret_file", "client_secret_ends")


def _address(value: str) -> str:
    """Secrets travel there: only with TLS, but on loopback."""
    parts = urlsplit(value)
    if parts.scheme == "https" and parts.hostname:
        return value
    if parts.scheme == "http" and parts.hostname and is_loopback(parts.hostname):
        return value
    raise ValueError("must be an address that begins with https://")


Address = Annotated[str, AfterValidator(_address)]


class OauthSettings(Section):
    """Access by OAuth2 instead of a password."""

    provider: Literal["microsoft365", "google", "other"]
    """Whose addresses and scopes are meant; `other` needs yours."""
    grant: GrantName
    """How access is granted: `client_credentials` or `service_account` without anybody logging in,
    `device_code` or `authorization_code` by a log-in, once: `gateway auth login NAME`."""
    tenant: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.-]+$")] | None = None
    """The tenant (directory) id at Microsoft."""
    client_id: str = ""
    """The application, as the provider calls it."""
    client_secret: SecretStr | None = None
    """Its secret; better in a file."""
    client_secret_file: Path | None = None
    """File that holds the secret."""
    client_secret_ends: date | None = None
    """Last day of the secret: letters warn 30, 7 and 1 days before."""
    account_file: Path | None = None
    """Key of a service account, as Google hands it out (JSON)."""
    scope: str | None = None
    """What is asked for, where it is not the usual."""
    token_url: Address | None = None
    """Where tokens are asked for."""
    device_url: Address | None = None
    """Where a device code is asked for."""
    authorize_url: Address | None = None
    """Where a person logs in with a browser."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        offered = PROVIDERS[self.provider].scopes
        if self.grant not in offered:
            raise ValueError(f"grant of {self.provider} must be {' or '.join(offered)}")
        needed = [name for name in self._needed() if not getattr(self, name)]
        if needed:
            raise ValueError(f"name {' and '.join(needed)}")
        if self.client_secret and self.client_secret_file:
            raise ValueError("name one of client_secret_file and client_secret")
        if self.grant == "client_credentials" and not (
            self.client_secret or self.client_secret_file
        ):
            raise ValueError("name client_secret_file")
        return self

    @model_validator(mode="after")
    def _has_effect(self) -> Self:
        idle = {
            "account_file": self.grant != "service_account",
            "tenant": not PROVIDERS[self.provider].needs_tenant,
            **dict.fromkeys(BY_CLIENT, self.grant == "service_account"),
        }
        names = [name for name, is_idle in idle.items() if is_idle]
        refuse_idle(self, names, f"the grant is {self.grant} of {self.provider}")
        return self

    def _needed(self) -> list[str]:
        if self.grant == "service_account":
            return ["account_file"]
        needed = ["client_id"]
        if PROVIDERS[self.provider].needs_tenant:
            needed.append("tenant")
        if self.provider == "other":
            needed.append("token_url")
            if self.grant == "device_code":
                needed.append("device_url")
            if self.grant == "authorization_code":
                needed.append("authorize_url")
        return needed

    def url(self, name: Literal["token_url", "device_url", "authorize_url"]) -> str:
        """An address of the provider, or the one that stands here instead."""
        own: str | None = getattr(self, name)
        usual: str = getattr(PROVIDERS[self.provider], name)
        return own or usual.replace("{tenant}", self.tenant or "")

    def asked_scope(self, *, sends: bool = False) -> str:
        """What is asked for, to read mail or to send it."""
        provider = PROVIDERS[self.provider]
        usual = provider.scopes[self.grant]
        if sends:
            usual = provider.smtp_scopes.get(self.grant, usual)
        return usual if self.scope is None else self.scope
