"""Settings of what speaks protocols: listeners, smarthost, signatures, health.

Addresses to listen on are `host:port` (port 0 lets the system choose) or `unix:/path`.
"""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator

from gateway.settings.oauth import OauthSettings
from gateway.settings.section import ListenAddress, Network, Section, refuse_idle
from gateway.wire.relay import read_relay


class SmtpSettings(Section):
    """The SMTP listeners; what is said here of TLS, peers and limits holds for LMTP too."""

    listen: ListenAddress | None = "127.0.0.1:8025"
    """Where mail is taken by SMTP; empty for nowhere."""
    tls_listen: ListenAddress | None = None
    """Where mail is taken by SMTP with TLS from the first octet (RFC 8314)."""
    hostname: str = "localhost"
    """Our name in the greeting."""
    certificate_file: Path | None = None
    """Our certificate with its chain, PEM; STARTTLS is offered where one is set. A renewed file is
    read without a restart."""
    key_file: Path | None = None
    """The private key of the certificate, PEM."""
    require_tls: bool = False
    """Whether mail is taken over TLS only; sockets of this host are exempt."""
    users_file: Path | None = None
    """Who may log in, one `name:hash` a line as `gateway smtp-user` prints it; AUTH is offered over
    TLS where one is set. Logging in is leave to hand mail over, and proof of nothing else."""
    require_auth: bool = False
    """Whether mail is taken by SMTP from peers that have logged in only."""
    relays: tuple[Network, ...] = ()
    """Mail servers of ours, as addresses or networks: exempt from the limits on connections."""
    proxies: tuple[Network, ...] = ()
    """Peers that begin each connection with a PROXY header, version 1 or 2; nobody else may."""
    size_limit: int = Field(default=35 * 1024 * 1024, ge=10_000)
    """Largest mail in octets."""
    connections: int = Field(default=500, ge=1)
    """Connections at the same time."""
    connections_per_address: int = Field(default=20, ge=1)
    """Connections of one peer at the same time."""
    recipients: int = Field(default=50, ge=1)
    """Recipients of one mail."""
    mails: int = Field(default=1000, ge=1)
    """Mails of one connection; the peer may connect again."""
    errors: int = Field(default=20, ge=1)
    """Refusals in one connection before it is ended."""
    idle: timedelta = timedelta(seconds=60)
    """A peer that says nothing for so long is sent away."""
    session: timedelta = timedelta(minutes=30)
    """A connection lasts so long; a mail on its way may take as long again."""
    slowest: int = Field(default=500, ge=0)
    """Octets a second below which message data is too slow, looked at after 30 seconds."""
    socket_mode: Annotated[str, Field(pattern=r"^0?[0-7]{3}$")] = "0666"
    """Permissions of listening Unix sockets; who may reach them is for their folder to say."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together: set both or none")
        secured = self.certificate_file is not None
        for name, wants in (
            ("tls_listen", self.tls_listen),
            ("require_tls", self.require_tls),
            ("users_file", self.users_file),
        ):
            if wants and not secured:
                raise ValueError(f"{name} needs TLS: set certificate_file and key_file")
        if self.require_auth and self.users_file is None:
            raise ValueError("require_auth needs users_file")
        if not self.listen and not self.tls_listen:
            refuse_idle(self, ("users_file", "require_auth"), "LMTP has no logins; set listen")
        return self


class LmtpSettings(Section):
    """The LMTP listener, for an MTA on the same host."""

    listen: ListenAddress | None = None
    """Where mail is taken by LMTP, such as `unix:/run/gateway/lmtp` or `127.0.0.1:8024`."""


class SmarthostSettings(Section):
    """The server that takes our letters."""

    url: SecretStr | None = None
    """`smtp://user:password@host:587` (STARTTLS), `smtps://…` (TLS), `smtp+plain://127.0.0.1:25`
    without TLS; unset writes letters to a Maildir instead."""
    password_file: Path | None = None
    """File that holds the password, instead of writing it into the URL."""
    ca_file: Path | None = None
    """Certificates that vouch for the server, PEM, instead of those of the system."""
    timeout: timedelta = timedelta(seconds=60)
    """Longest wait for one reply of the server."""
    couriers: int = Field(default=4, ge=1, le=32)
    """Letters on their way at the same time, each on its own kept connection."""
    oauth: OauthSettings | None = None
    """Access by OAuth2 instead of a password: `[smarthost.oauth]`, as for mailboxes."""
    give_up_after: timedelta = timedelta(days=5)
    """A letter that could not be handed over for so long has failed."""

    @field_validator("url")
    @classmethod
    def _is_relay(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None:
            read_relay(value.get_secret_value())
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.url is None:
            refuse_idle(self, ("password_file", "ca_file", "timeout", "oauth"), "set url")
            return self
        parts = urlsplit(self.url.get_secret_value())
        if parts.scheme == "smtp+plain":
            refuse_idle(self, ("ca_file",), "smtp+plain:// is without TLS")
        if not parts.username:
            because = "url names no user, write smtp://user@host"
            refuse_idle(self, ("password_file", "oauth"), because)
        if self.oauth:
            refuse_idle(self, ("password_file",), "oauth logs in")
        if parts.password:
            refuse_idle(self, ("oauth",), "url has a password; take it out there")
            refuse_idle(self, ("password_file",), "url has a password; take it out there")
        return self


class DkimSettings(Section):
    """Signatures under our letters (RFC 6376), where the smarthost does not sign."""

    domain: str | None = None
    """The domain that signs; that of our addresses."""
    selector: str = "gateway"
    """Name of the key in the DNS: the public half stands at `<selector>._domainkey.<domain>`."""
    key_file: Path | None = None
    """The private RSA key, PEM; letters are signed where one is set."""

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if (self.domain is None) != (self.key_file is None):
            raise ValueError("domain and key_file belong together: set both or none")
        if self.key_file is None:
            refuse_idle(self, ("selector",), "set domain and key_file")
        return self


class HealthSettings(Section):
    """Liveness, readiness and metrics over HTTP, on loopback."""

    listen: ListenAddress | None = None
    """Where `/healthz`, `/readyz` and `/metrics` answer; unset for nowhere."""
