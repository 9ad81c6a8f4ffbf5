"""A mailbox as the settings describe it: where it is, how to log in, what to do with its mails."""

import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from gateway.wire.imap_client import PATIENCE_SECONDS
from gateway.wire.imap_reply import MONTHS
from gateway.wire.token import Token

Password = Callable[[], str]
"""Reads the password when it is needed: a new one counts from the next try on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One folder of one user on one server."""

    name: str
    """What the settings call it."""
    host: str
    port: int
    user: str
    password: Password | None = None
    token: Token | None = None
    stamp: Callable[[], object] = lambda: None
    """Something that changes when password or token were changed: the next try comes at once."""
    warnings: Callable[[datetime], Mapping[str, str]] = lambda _: {}
    """What the operator must hear before access ends: texts by event. Reads files."""
    tls: bool = True
    """Off only on loopback; there is no STARTTLS and no way back (attack A78)."""
    ca_file: Path | None = None
    folder: str = "INBOX"
    address: str = ""
    """The address it stands for: decides the department where the header names none of ours."""
    then: Literal["flag", "move", "leave"] = "flag"
    """What happens to a mail in the mailbox once it is in the spool."""
    flag: str = "\\Seen"
    move_to: str = "Archive"
    since: date | None = None
    """Mails that the server received before this day are none of ours."""
    size_limit: int = 35 * 1024 * 1024

    @property
    def place(self) -> str:
        """What its UIDs belong to."""
        return f"{self.user}@{self.host}:{self.port}/{self.folder}"

    def tls_context(self) -> ssl.SSLContext | None:
        """How the server's certificate is checked. Raises `OSError` where `ca_file` is no good."""
        return ssl.create_default_context(cafile=self.ca_file) if self.tls else None

    def criteria(self, first: int) -> tuple[str, ...]:
        """What to search for: mails from a UID on (RFC 3501 section 6.4.4)."""
        wanted = (f"UID {first}:*",)
        if self.since is None:
            return wanted
        month = MONTHS[self.since.month - 1].title()
        return (*wanted, f"SINCE {self.since.day}-{month}-{self.since.year}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """How long things take at most, in seconds."""

    renew: float = 300.0
    """IDLE is begun anew: servers and routers drop what is silent for longer."""
    poll: float = 60.0
    """A server without IDLE is asked."""
    patience: float = PATIENCE_SECONDS
    """A server may be silent while we wait for an answer."""
    rescan: float = 3600.0
    """The whole folder is compared with the journal."""
    settle_again: float = 300.0
    """Flagging or moving is tried again where it failed."""
    look: float = 5.0
    """How soon a new password is noticed and the operator told."""
    warn: float = 3600.0
    """How often the end of access is looked at."""
    proof: float = 30.0
    """A mailbox that was in trouble works again once it has stayed open for so long."""
    retry: float = 1.0
    """Factor on the pauses between tries."""
