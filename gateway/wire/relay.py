"""Where letters are handed over, and how, read from one URL."""

from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final
from urllib.parse import SplitResult, unquote, urlsplit

from gateway.wire.token import Token

SUBMISSION: Final = 587
SMTPS: Final = 465
PLAIN: Final = 25
UNREADABLE: Final = (
    "write it like smtp://user@host:587; # / ? [ ] of a password are %23 %2F %3F %5B %5D there, "
    "or use password_file"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Relay:
    """Where letters are handed over, and how."""

    host: str
    port: int
    security: str
    """`starttls`, `tls` or `none`."""
    user: str = ""
    password: str = ""
    timeout: float = 60.0
    token: Token | None = None
    """Logs in with access tokens (XOAUTH2) instead of the password."""
    ca_file: Path | None = None
    """Certificates that vouch for the server instead of those of the system."""

    def __repr__(self) -> str:
        return f"Relay({self.host}:{self.port}, {self.security})"


def read_relay(
    url: str,
    *,
    password: str | None = None,
    token: Token | None = None,
    timeout: float = 60.0,
    ca_file: Path | None = None,
) -> Relay:
    """A relay from its URL. Raises `ValueError` that says how to write it."""
    parts, port_named = _split(url)
    forms = {
        "smtp": ("starttls", SUBMISSION),
        "smtps": ("tls", SMTPS),
        "smtp+plain": ("none", PLAIN),
    }
    if parts.scheme not in forms or not parts.hostname:
        raise ValueError("write it like smtp://user@host:587, smtps://… or smtp+plain://…")
    security, port = forms[parts.scheme]
    if security == "none" and parts.username and not _is_loopback(parts.hostname):
        raise ValueError("smtp+plain:// would send the password in the clear: write smtp://…")
    return Relay(
        host=parts.hostname,
        port=port_named or port,
        security=security,
        user=unquote(parts.username or ""),
        password=password if password is not None else unquote(parts.password or ""),
        token=token,
        timeout=timeout,
        ca_file=ca_file,
    )


def _split(url: str) -> tuple[SplitResult, int | None]:
    """A URL and its port. Raises `ValueError` that holds nothing of the URL: there is a password.

    What stands behind a bare `#`, `/` or `?` of a password is no part of the host any more.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError(UNREADABLE) from None
    if parts.query or parts.fragment or parts.path.strip("/"):
        raise ValueError(UNREADABLE)
    return parts, port


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
