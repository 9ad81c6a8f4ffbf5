"""Reply tokens: what an address or a Message-ID of ours proves, checkable without a database.

A token is `<purpose><subject>-<tag><mac>`: the tag stands for the recipient (keyed, so nobody can
look for an address that fits), the MAC covers everything before it. All of it is lower case letters
and digits and survives servers that fold case (policy 4.13, architecture 6).
"""

import base64
import hmac
import re
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from typing import Final

from gateway.mail.address import normalised_address

TAG_LENGTH: Final = 8
MAC_LENGTH: Final = 26
"""130 bits: guessing at RCPT is hopeless (attack A18)."""

_FORM: Final = re.compile(
    rf"([a-z])([a-z0-9.]{{0,24}})-([a-z2-7]{{{TAG_LENGTH}}})([a-z2-7]{{{MAC_LENGTH}}})"
)


class Purpose(StrEnum):
    """What the bearer of a token was invited to do."""

    REPLY = "c"
    """A customer answers in a ticket."""
    ACCOUNT = "m"
    """A customer answers a letter about no ticket."""
    STAFF = "a"
    """A member of staff answers or commands in a ticket."""
    NOTE = "n"
    """The same; a text is an internal note."""
    ORDER = "o"
    """Billing settles an order."""
    DESK = "d"
    """A member of staff commands without a ticket."""
    CHALLENGE = "x"
    """A contact proves to have meant a confirmation: subject `<ticket>.<assessment>.<until>`."""
    BOUNCE = "b"
    """A delivery report finds its letter: subject is the letter's row."""


DONE: Final = "done"
"""Follows the ticket's number in a token of staff: whatever the mail says, the ticket is closed."""
STAFF_PURPOSES: Final = frozenset({Purpose.STAFF, Purpose.NOTE, Purpose.ORDER, Purpose.DESK})


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose MAC was good."""

    purpose: Purpose
    subject: str
    """Ticket number, order number, or what the purpose says; empty for none."""
    tag: str

    @property
    def ticket(self) -> int | None:
        """The ticket it leads to."""
        if self.purpose in (Purpose.REPLY, Purpose.STAFF, Purpose.NOTE, Purpose.CHALLENGE):
            number = self.subject.partition(".")[0]
            return int(number) if number.isdigit() else None
        return None

    @property
    def is_done(self) -> bool:
        """Whether it closes its ticket, as `#close` would."""
        return self.purpose is Purpose.STAFF and self.subject.endswith(f".{DONE}")


class Keys:
    """The secret keys: new tokens use the first, older ones stay valid (rotation)."""

    def __init__(self, *secrets: bytes) -> None:
        if not secrets or not all(len(secret) >= 16 for secret in secrets):
            raise ValueError("a token key has at least 16 bytes")
        self._secrets = secrets

    def __repr__(self) -> str:
        return f"Keys({len(self._secrets)} secrets)"

    def make(self, purpose: Purpose, subject: str, recipient: str) -> str:
        """The token for a letter to a recipient."""
        secret = self._secrets[0]
        body = f"{purpose}{subject}-{_tag(secret, recipient)}"
        return body + _mac(secret, body)

    def read(self, text: str) -> Token | None:
        """The token in a text, if its MAC was made with one of the keys."""
        found = _FORM.fullmatch(text.lower())
        if not found:
            return None
        purpose, subject, tag, mac = found.groups()
        body = f"{purpose}{subject}-{tag}"
        good = any(hmac.compare_digest(_mac(secret, body), mac) for secret in self._secrets)
        if not good or purpose not in set(Purpose):
            return None
        return Token(Purpose(purpose), subject, tag)

    def is_for(self, token: Token, address: str) -> bool:
        """Whether the token was sent to this address."""
        return any(
            hmac.compare_digest(_tag(secret, address), token.tag) for secret in self._secrets
        )

    def sign(self, text: str) -> str:
        """A MAC over any text, for loop stamps."""
        return _mac(self._secrets[0], text)

    def is_signed(self, text: str, mac: str) -> bool:
        """Whether `sign` made this MAC, now or with an older key."""
        return any(hmac.compare_digest(_mac(secret, text), mac) for secret in self._secrets)


def _digest(secret: bytes, text: str, length: int) -> str:
    """The first letters of a keyed digest; five octets make eight of them."""
    raw = hmac.digest(secret, text.encode("utf-8", "surrogatepass"), "sha256")
    return base64.b32encode(raw[: -(-length // 8) * 5]).decode("ascii").lower()[:length]


@lru_cache(maxsize=4096)  # A letter holds several tokens, all for its one reader.
def _tag(secret: bytes, recipient: str) -> str:
    return _digest(secret, "to:" + normalised_address(recipient), TAG_LENGTH)


def _mac(secret: bytes, body: str) -> str:
    return _digest(secret, "mac:" + body, MAC_LENGTH)
