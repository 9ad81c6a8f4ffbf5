"""Hand letters to the smarthost over a kept connection; its reply becomes a `Delivery`.

What the server says of a recipient or of the data decides by its code (4yz later, 5yz never). What
it says before, and everything that is no reply at all, is about the connection: later.
"""

import contextlib
import ssl
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import unquote, urlsplit

import aiosmtplib

from gateway.wire.delivery import DELIVERED, Delivery

SUBMISSION: Final = 587
SMTPS: Final = 465
PLAIN: Final = 25


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

    def __repr__(self) -> str:
        return f"Relay({self.host}:{self.port}, {self.security})"


def read_relay(url: str, *, password: str | None = None, timeout: float = 60.0) -> Relay:
    """A relay from its URL. Raises `ValueError` that says how to write it."""
    parts = urlsplit(url)
    forms = {
        "smtp": ("starttls", SUBMISSION),
        "smtps": ("tls", SMTPS),
        "smtp+plain": ("none", PLAIN),
    }
    if parts.scheme not in forms or not parts.hostname:
        raise ValueError("write it like smtp://user@host:587, smtps://… or smtp+plain://…")
    security, port = forms[parts.scheme]
    return Relay(
        host=parts.hostname,
        port=parts.port or port,
        security=security,
        user=unquote(parts.username or ""),
        password=password if password is not None else unquote(parts.password or ""),
        timeout=timeout,
    )


class SmarthostCarrier:
    """One connection to the smarthost, opened when needed and kept."""

    def __init__(self, relay: Relay, *, hostname: str) -> None:
        self._relay = relay
        self._hostname = hostname
        self._client: aiosmtplib.SMTP | None = None

    async def carry(self, reverse_path: str, recipient: str, content: bytes) -> Delivery:
        """Hand over one letter; a connection that the server closed meanwhile is opened anew."""
        kept = self._client is not None
        delivery = await self._attempt(reverse_path, recipient, content)
        if kept and delivery.outcome == "deferred" and delivery.code == 0:
            delivery = await self._attempt(reverse_path, recipient, content)
        return delivery

    async def greet(self) -> None:
        """Connect, log in and say goodbye, for a check; raises what goes wrong."""
        await self._connected()
        await self.close()

    async def _attempt(self, reverse_path: str, recipient: str, content: bytes) -> Delivery:
        try:
            client = await self._connected()
            await client.sendmail(reverse_path, [recipient], content)
        except aiosmtplib.SMTPRecipientsRefused as error:
            first = error.recipients[0]
            return _by_code(first.code, "recipient")
        except (aiosmtplib.SMTPSenderRefused, aiosmtplib.SMTPDataError) as error:
            if error.code == 421:
                await self.close()
            return _by_code(error.code, "sender" if hasattr(error, "sender") else "data")
        except aiosmtplib.SMTPResponseException as error:
            await self.close()
            return Delivery("deferred", error.code, type(error).__name__)
        except (aiosmtplib.SMTPException, ssl.SSLError, OSError, ValueError) as error:
            await self.close()
            return Delivery("deferred", 0, type(error).__name__)
        return DELIVERED

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        relay = self._relay
        client = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.security == "tls",
            start_tls=relay.security == "starttls",
            username=relay.user or None,
            password=relay.password or None,
            local_hostname=self._hostname,
            timeout=relay.timeout,
        )
        await client.connect()
        self._client = client
        return client

    async def close(self) -> None:
        """Say goodbye, and forget the connection whatever the answer."""
        client, self._client = self._client, None
        if client is not None:
            with contextlib.suppress(aiosmtplib.SMTPException, OSError, ValueError):
                await client.quit(timeout=2)
            client.close()


def _by_code(code: int, about: Any) -> Delivery:
    if 500 <= code < 600:
        return Delivery("failed", code, f"{about} refused")
    return Delivery("deferred", code, f"{about} deferred")
