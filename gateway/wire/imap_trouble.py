"""What can be wrong with a mailbox, as one word the operator can act on, and the reason."""

import re
import socket
import ssl
from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

REASON_MAX: Final = 200


class Trouble(StrEnum):
    """The kinds of trouble; the word says who has to do something."""

    UNREACHABLE = "unreachable"
    """No connection, or one that was cut: network or server."""
    TLS = "tls"
    """No connection that can be trusted: certificate expired, of another name, unknown."""
    LOGIN = "login"
    """User or password are refused."""
    TOKEN = "token"  # noqa: S105 - the name of a state
    """There is no OAuth2 token, or the server refuses it."""
    FOLDER = "folder"
    """The folder is not there, or not for us."""
    QUOTA = "quota"
    """The mailbox is full: mails come in, but cannot be filed."""
    REFUSED = "refused"
    """The server says NO, BAD or BYE to something that should work."""
    SPOOL = "spool"
    """Our own disk: mails stay in the mailbox."""
    FAULT = "fault"
    """Ours: something nobody foresaw; the diary has the place."""


BY_CODE: Final[Mapping[str, Trouble]] = MappingProxyType(
    {
        "UNAVAILABLE": Trouble.UNREACHABLE,
        "INUSE": Trouble.UNREACHABLE,
        "LIMIT": Trouble.UNREACHABLE,
        "SERVERBUG": Trouble.UNREACHABLE,
        "AUTHENTICATIONFAILED": Trouble.LOGIN,
        "AUTHORIZATIONFAILED": Trouble.LOGIN,
        "EXPIRED": Trouble.LOGIN,
        "CONTACTADMIN": Trouble.LOGIN,
        "PRIVACYREQUIRED": Trouble.TLS,
        "NONEXISTENT": Trouble.FOLDER,
        "TRYCREATE": Trouble.FOLDER,
        "OVERQUOTA": Trouble.QUOTA,
    }
)
"""Response codes (RFC 3501 section 7.1, RFC 5530) that say more than NO does."""


class MailboxTrouble(Exception):
    """A mailbox cannot be served now; `reason` is fit for the diary and for a letter."""

    def __init__(self, kind: Trouble, reason: str) -> None:
        self.kind = kind
        self.reason = tidy(reason)
        super().__init__(f"{kind}: {self.reason}")


def tidy(text: str) -> str:
    """A server's words on one short line, without control characters."""
    return re.sub(r"[^\x20-\x7e\xa0-\uffff]+", " ", text).strip()[:REASON_MAX]


def why_not_connected(error: OSError) -> MailboxTrouble:
    """What went wrong before there was a connection."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return MailboxTrouble(Trouble.TLS, f"the certificate is not good: {error.verify_message}")
    if isinstance(error, ssl.SSLError):
        return MailboxTrouble(Trouble.TLS, f"no TLS: {error.reason or error}")
    if isinstance(error, socket.gaierror):
        return MailboxTrouble(Trouble.UNREACHABLE, "the name of the host is not found")
    if isinstance(error, TimeoutError):
        return MailboxTrouble(Trouble.UNREACHABLE, "the server does not answer")
    return MailboxTrouble(Trouble.UNREACHABLE, error.strerror or str(error) or type(error).__name__)
