"""One listening address: its protocol, its TLS and its users, and the peers that are inside."""

import asyncio
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal, Protocol

from gateway import journal
from gateway.wire import smtp_reply
from gateway.wire.reception import Reception
from gateway.wire.smtp_users import BadUsersFile, Users

SWEEP_SECONDS: Final = 1.0
REFRESH_SECONDS: Final = 60.0


class Guest(Protocol):
    """A connection as its door sees it."""

    def overdue(self, now: float) -> str:
        """Why its time is up, or empty."""

    def is_at_rest(self) -> bool:
        """Whether it has no mail on its way."""

    def dismiss(self, reply: str) -> None:
        """Say goodbye and close."""


class Certificate:
    """Our certificate for TLS, loaded again when its file is renewed."""

    def __init__(self, chain: Path, key: Path) -> None:
        self._chain, self._key = chain, key
        self._loaded_at = self._changed_at()
        self.context = self._load()

    def refresh(self) -> None:
        """Load the certificate if it is another one; new connections show it.

        Raises `OSError`, of which `ssl.SSLError` is one kind: then the old one goes on.
        """
        changed_at = self._changed_at()
        if changed_at != self._loaded_at:
            self.context = self._load()
            self._loaded_at = changed_at

    def _changed_at(self) -> int:
        return self._chain.stat().st_mtime_ns

    def _load(self) -> ssl.SSLContext:
        # A context keeps the chain even where the key does not fit: never load into one in use.
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self._chain, self._key)
        return context


@dataclass(eq=False)
class Door:
    """A listening address and who is inside."""

    reception: Reception
    protocol: Literal["smtp", "lmtp"] = "smtp"
    certificate: Certificate | None = None
    tls_at_once: bool = False
    """TLS from the first octet instead of STARTTLS."""
    users: Users | None = None
    require_auth: bool = False

    def __post_init__(self) -> None:
        self.guests: set[Guest] = set()
        self.is_closing = False
        self._refresh_at = 0.0

    async def keep_order(self) -> None:
        """Send away whose time is up, for as long as the door is open."""
        loop = asyncio.get_running_loop()
        rules = self.reception.rules
        pause = max(0.01, min(SWEEP_SECONDS, rules.idle / 4, rules.session / 4))
        self._refresh_at = loop.time() + REFRESH_SECONDS
        while True:
            await asyncio.sleep(pause)
            self.sweep(loop.time())

    def sweep(self, now: float) -> None:
        """Look once at everybody inside, and now and then at files that may have changed."""
        for guest in tuple(self.guests):
            if reason := guest.overdue(now):
                journal.note("timed_out", source=self.protocol, reason=reason)
                guest.dismiss(smtp_reply.TIMED_OUT)
        self.reception.crowd.tell(now)
        if now >= self._refresh_at:
            self._refresh_at = now + REFRESH_SECONDS
            self._refresh()

    def _refresh(self) -> None:
        for part in (self.certificate, self.users):
            try:
                if part is not None:
                    part.refresh()
            except (OSError, BadUsersFile) as error:
                # The old one goes on: better than nobody being let in.
                journal.fail("renewal_failed", part=type(part).__name__.lower(), error=str(error))

    async def close(self, patience: float) -> None:
        """Let mails on their way arrive for a while, then send everybody away with 421."""
        self.is_closing = True
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        while self.guests:
            for guest in tuple(self.guests):
                if guest.is_at_rest() or loop.time() >= until:
                    guest.dismiss(smtp_reply.GOING_DOWN)
            if loop.time() >= until + 1:
                break
            await asyncio.sleep(0.02)
        await self.reception.settle()
