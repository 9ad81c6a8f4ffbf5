"""A grant as the settings describe it: who asks which server for access to a mailbox, and how."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from gateway.wire.oauth_file import TokenFile


class Way(StrEnum):
    """How access is granted; the words are those of RFC 6749, 8628 and 7523."""

    CLIENT_CREDENTIALS = "client_credentials"
    """The program itself has access, by its secret; nobody logs in."""
    DEVICE_CODE = "device_code"
    """A person logs in on any device, once."""
    AUTHORIZATION_CODE = "authorization_code"
    """A person logs in with a browser, once."""
    SERVICE_ACCOUNT = "service_account"
    """The program signs its requests with a key; nobody logs in."""

    @property
    def needs_login(self) -> bool:
        """Whether a person grants the access, which leaves a refresh token here."""
        return self in {Way.DEVICE_CODE, Way.AUTHORIZATION_CODE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Everything needed to get access tokens for one mailbox."""

    holder: str
    """What the settings call the mailbox; `smarthost` for sending."""
    way: Way
    token_url: str
    scope: str
    file: TokenFile
    """Where the refresh token is kept."""
    client_id: str = ""
    secret: Callable[[], str] | None = None
    """Reads the client's secret when it is needed. May raise `OSError`."""
    secret_ends_on: date | None = None
    """Known to the operator only: no server tells it beforehand."""
    secret_in_body: bool = False
    """How the secret is sent: as RFC 6749 section 2.3.1 prefers, or as large providers document."""
    device_url: str = ""
    authorize_url: str = ""
    authorize_more: Mapping[str, str] = field(default_factory=dict)
    """What a provider wants besides, so that it hands out a refresh token."""
    account_file: Path | None = None
    """Key of a service account, as Google hands it out."""
