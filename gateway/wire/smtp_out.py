"""Hand letters to the smarthost over a kept connection; its reply becomes a `Delivery`.

What the server says of a recipient or of the data decides by its code (4yz later, 5yz never). What
it says before, also of our sender, and everything that is no reply at all, is about the connection
or our settings: later.
"""

import asyncio
import contextlib
import ssl
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal

import aiosmtplib

from gateway.wire.delivery import DELIVERED, Delivery
from gateway.wire.relay import Relay
from gateway.wire.token import NoToken

CARRY_SECONDS_MAX: Final = 480.0
"""Longest time for one letter, below the lease of a courier: nobody else may have it meanwhile."""
RESET_SECONDS: Final = 10.0
PATIENCE_AFTER_DATA: Final = 5
"""Times the usual wait: who hangs up too early sends a letter twice (RFC 5321 4.5.3.2.6)."""
CLOSING: Final = 421
LOGIN_REFUSED: Final = 535
ABOUT_US: Final = frozenset({500, 502, 503, 530, 534, 535, 538})
"""Replies that are 5yz and yet no verdict on a letter: the session or our login is wrong."""
ABOUT_SYNTAX: Final = frozenset({500, 502, 503})
"""Of these, the ones that are about the letter once its data has left, such as a line too long."""
TOO_LARGE: Final = 552
"""The only 5yz to MAIL that is about the letter: it names the size (RFC 1870 section 6.1)."""
REASON_MAX: Final = 200

Step = Literal["connection", "sender", "recipient", "data"]


@dataclass(frozen=True, slots=True)
class Greeting:
    """What a server showed of itself."""

    tls: str
    """Version of TLS, or empty."""
    certificate_until: str
    """End of its certificate as OpenSSL writes it, or empty."""
    extensions: tuple[str, ...]


class SmarthostCarrier:
    """One connection to the smarthost, opened when needed and kept."""

    def __init__(self, relay: Relay, *, hostname: str) -> None:
        self._relay = relay
        self._hostname = hostname
        self._client: aiosmtplib.SMTP | None = None
        self._is_stale = False
        """Whether the last token was refused."""

    async def carry(self, reverse_path: str, recipient: str, content: bytes) -> Delivery:
        """Hand over one letter; a connection that the server closed meanwhile is opened anew."""
        kept = self._client is not None
        until = asyncio.get_running_loop().time() + CARRY_SECONDS_MAX
        delivery = await self._attempt(reverse_path, recipient, content, until)
        if kept and delivery.about_connection:
            delivery = await self._attempt(reverse_path, recipient, content, until)
        return delivery

    async def greet(self, reverse_path: str = "") -> Greeting:
        """Connect, log in, name a sender, take it back: for a check; raises what goes wrong."""
        try:
            client = await self._connected()
            if reverse_path:
                await client.mail(reverse_path)
                await client.rset()
            tls = client.get_transport_info("ssl_object")
            until = client.get_transport_info("peercert") or {}
            return Greeting(
                tls=tls.version() if tls else "",
                certificate_until=until.get("notAfter", ""),
                extensions=tuple(sorted(client.esmtp_extensions)),
            )
        finally:
            await self.close()

    async def _attempt(
        self, reverse_path: str, recipient: str, content: bytes, until: float
    ) -> Delivery:
        step: Step = "connection"
        try:
            async with asyncio.timeout_at(until):
                client = await self._connected()
                step = "sender"
                options, encoding = _options(client, recipient, content)
                await _say(client, "MAIL", f"FROM:<{reverse_path}>", *options, encoding=encoding)
                step = "recipient"
                await _say(client, "RCPT", f"TO:<{recipient}>", encoding=encoding)
                step = "data"
                await client.data(content, timeout=self._relay.timeout * PATIENCE_AFTER_DATA)
        except aiosmtplib.SMTPResponseException as error:
            return await self._answered(step, error.code, error.message)
        except NoToken as error:
            await self.close()
            stays = not error.is_transient
            return Delivery(
                "deferred", 0, error.reason, about_connection=True, needs_operator=stays
            )
        except _NeedsUtf8:
            return Delivery("failed", 0, "the server takes no address with such letters")
        except (aiosmtplib.SMTPException, ssl.SSLError, OSError, ValueError) as error:
            if step in ("sender", "recipient") and isinstance(error, ValueError):
                await self._reset()
                return Delivery("failed", 0, "an address that cannot be sent")
            await self.close()
            # Once data has left nobody knows: it may have been this letter that broke the line.
            return Delivery(
                "deferred",
                0,
                _kind(error),
                about_connection=step != "data",
                needs_operator=step == "connection" and _stays(error),
            )
        return DELIVERED

    async def _answered(self, step: Step, code: int, text: str) -> Delivery:
        """What a reply means for the letter, and for the connection."""
        said = f"{step} refused: {_one_line(text)}"
        is_reply = 400 <= code < 600
        about_us = Delivery(
            "deferred", max(code, 0), said, about_connection=True, needs_operator=500 <= code < 600
        )
        if step == "connection" or code == CLOSING or not is_reply:
            self._is_stale = code == LOGIN_REFUSED
            await self.close()
            return replace(about_us, about_connection=step != "data")
        await self._reset()
        about_letter = step == "data" and code in ABOUT_SYNTAX
        if (code in ABOUT_US and not about_letter) or (
            step == "sender" and code >= 500 and code != TOO_LARGE
        ):
            return about_us
        for_good = code >= 500
        return Delivery(
            "failed" if for_good else "deferred",
            code,
            said,
            # A refusal for policy (RFC 3463 section 3.8) says nothing about the mailbox.
            about_recipient=for_good and step == "recipient" and not text.startswith("5.7."),
        )

    async def _reset(self) -> None:
        """Forget the letter, keep the connection where that works."""
        try:
            if self._client is not None:
                await self._client.rset(timeout=RESET_SECONDS)
        except (aiosmtplib.SMTPException, OSError, ValueError):
            await self.close()

    async def _connected(self) -> aiosmtplib.SMTP:
        if self._client is not None and self._client.is_connected:
            return self._client
        relay = self._relay
        client = aiosmtplib.SMTP(
            hostname=relay.host,
            port=relay.port,
            use_tls=relay.security == "tls",
            start_tls=relay.security == "starttls",
            tls_context=None if relay.security == "none" else _verifying(relay.ca_file),
            username=relay.user or None,
            password=None if relay.token else relay.password or None,
            oauth_token_generator=self._token if relay.token else None,
            local_hostname=self._hostname,
            timeout=relay.timeout,
        )
        self._client = client
        await client.connect()
        if client.is_ehlo_or_helo_needed:
            try:
                await client.ehlo()
            except aiosmtplib.SMTPHeloError:
                await client.helo()
        return client

    async def _token(self) -> str:
        """An access token; a fresh one where the server wanted the last one no more."""
        if self._relay.token is None:
            raise NoToken("nobody grants access")
        token = await self._relay.token(self._relay.user, fresh=self._is_stale)
        self._is_stale = False
        return token

    async def close(self) -> None:
        """Say goodbye, and forget the connection whatever the answer."""
        client, self._client = self._client, None
        if client is None:
            return
        transport = client.transport
        with contextlib.suppress(aiosmtplib.SMTPException, OSError, ValueError):
            await client.quit(timeout=2)
        client.close()
        if transport is not None:
            # TLS would wait for the other side to say goodbye too.
            transport.abort()  # type: ignore[attr-defined]  # aiosmtplib says less than it has
            await asyncio.sleep(0)


async def _say(client: aiosmtplib.SMTP, *words: str, encoding: str) -> None:
    """A command with an address that needs no reading: the library's own way doubles its cost.

    Raises `SMTPResponseException` where the answer is no, `ValueError` for what cannot be said.
    """
    reply = await client.execute_command(*(word.encode(encoding) for word in words))
    if reply.code not in (aiosmtplib.SMTPStatus.completed, aiosmtplib.SMTPStatus.will_forward):
        raise aiosmtplib.SMTPResponseException(reply.code, reply.message)


class _NeedsUtf8(Exception):
    """The address has letters that this server cannot take."""


def _options(client: aiosmtplib.SMTP, recipient: str, content: bytes) -> tuple[list[str], str]:
    """ESMTP parameters of MAIL for a letter, and the encoding of its addresses."""
    if not recipient.isprintable() or "<" in recipient or ">" in recipient:
        raise ValueError("an address that another would follow")
    options = []
    if client.supports_extension("size"):
        options.append(f"SIZE={len(content)}")
    if not content.isascii() and client.supports_extension("8bitmime"):
        options.append("BODY=8BITMIME")
    if recipient.isascii():
        return options, "ascii"
    if not client.supports_extension("smtputf8"):
        raise _NeedsUtf8(recipient)
    return [*options, "SMTPUTF8"], "utf-8"


def _verifying(ca_file: Path | None) -> ssl.SSLContext:
    """TLS that checks certificate and name, whoever asks for less (fault F15, attack A78)."""
    context = ssl.create_default_context(cafile=str(ca_file) if ca_file else None)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


def _kind(error: Exception) -> str:
    """What went wrong without a reply; the reason of a certificate is worth telling."""
    if (doubt := _doubt(error)) is not None:
        return f"certificate: {_one_line(doubt.verify_message)}"
    if isinstance(error, aiosmtplib.SMTPNotSupported) or type(error) is aiosmtplib.SMTPException:
        return _one_line(str(error))
    return type(error).__name__


def _doubt(error: Exception) -> ssl.SSLCertVerificationError | None:
    """What is wrong with a certificate, where that is what went wrong."""
    for one in (error, error.__cause__):
        if isinstance(one, ssl.SSLCertVerificationError):
            return one
    return None


def _stays(error: Exception) -> bool:
    """Whether no later try gets further: a bad certificate, or a server that lacks what we need.

    That is said by the bare `SMTPException`; lines that broke have kinds of their own.
    """
    lacks = type(error) is aiosmtplib.SMTPException
    return lacks or isinstance(error, aiosmtplib.SMTPNotSupported) or _doubt(error) is not None


def _one_line(text: str) -> str:
    """What a server says, made fit for a line of ours: one line, printable, bounded."""
    words = "".join(char if char.isprintable() else " " for char in text).split()
    return " ".join(words)[:REASON_MAX]
