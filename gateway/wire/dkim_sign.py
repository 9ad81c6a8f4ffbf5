"""Sign letters with DKIM (RFC 6376) on their way out, where the smarthost does not."""

import asyncio
from pathlib import Path
from typing import Final

from gateway.wire.delivery import Carrier, Delivery

CANONICAL: Final = (b"relaxed", b"relaxed")
"""Survives relays that fold header fields again; body lines keep their words."""
SIGNED: Final = (
    *(b"from", b"from", b"to", b"to", b"subject", b"subject", b"date", b"date"),
    *(b"reply-to", b"reply-to", b"cc", b"cc", b"message-id", b"in-reply-to", b"references"),
    *(b"mime-version", b"content-type", b"content-transfer-encoding", b"auto-submitted"),
)
"""Named twice where nobody may add another (RFC 6376 section 8.15)."""


class CannotSign(ValueError):
    """There is no key, no library, or no such key; the text says what to do."""


class Signer:
    """Signs with one key."""

    def __init__(self, domain: str, selector: str, key: bytes) -> None:
        try:
            import dkim  # noqa: PLC0415 - an extra: only who signs needs it
        except ImportError as error:
            raise CannotSign("dkim needs the extra: pip install 'ticket-gateway[dkim]'") from error
        self._library = dkim
        self._domain = domain.encode("idna")
        self._selector = selector.encode("ascii")
        self._key = key
        try:
            self.sign(b"From: postmaster@" + self._domain + b"\r\n\r\n")
        except dkim.DKIMException as error:
            raise CannotSign(f"dkim.key_file is no RSA key in PEM: {error}") from error

    def sign(self, content: bytes) -> bytes:
        """A letter with its signature in front."""
        signature: bytes = self._library.DKIM(content, linesep=b"\r\n").sign(
            self._selector,
            self._domain,
            self._key,
            canonicalize=CANONICAL,
            include_headers=SIGNED,
        )
        return signature + content


def read_signer(domain: str, selector: str, key_file: Path) -> Signer:
    """A signer with the key of a file. Raises `CannotSign`."""
    try:
        key = key_file.read_bytes()
    except OSError as error:
        raise CannotSign(f"dkim.key_file: {error}") from error
    return Signer(domain, selector, key)


class SigningCarrier:
    """Signs each letter and gives it to another carrier."""

    def __init__(self, signer: Signer, carrier: Carrier) -> None:
        self._signer = signer
        self._carrier = carrier

    async def carry(self, reverse_path: str, recipient: str, content: bytes) -> Delivery:
        """Sign in a thread, for that takes milliseconds, and hand over."""
        signed = await asyncio.to_thread(self._signer.sign, content)
        return await self._carrier.carry(reverse_path, recipient, signed)

    async def close(self) -> None:
        """End the connection."""
        await self._carrier.close()
