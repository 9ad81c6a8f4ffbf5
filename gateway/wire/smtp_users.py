"""Who may hand mail over by submission: names and hashed passwords from a file.

One `name:scrypt$N$r$p$salt$hash` a line, salt and hash in base64; lines that begin with `#` are
remarks. Logging in is leave to use the door and proves nothing about the sender of a mail: commands
and confirmations need the same proof as ever (architecture 6).
"""

import asyncio
import base64
import binascii
import hashlib
import hmac
import secrets
from pathlib import Path
from typing import Final

COST: Final = 2**14
BLOCK: Final = 8
PARALLEL: Final = 1
COST_MAX: Final = 2**17
SALT_BYTES: Final = 16
HASH_BYTES: Final = 32
MEMORY_MAX: Final = 256 * 1024 * 1024
AT_ONCE: Final = 2
"""Passwords checked at the same time: each costs memory and a core for a moment."""


class BadUsersFile(ValueError):
    """A line is no user; the text says which."""


def hash_password(password: bytes) -> str:
    """What stands behind the name in the file."""
    salt = secrets.token_bytes(SALT_BYTES)
    digest = _digest(password, salt, COST, BLOCK, PARALLEL)
    packed = "$".join(base64.b64encode(one).decode("ascii") for one in (salt, digest))
    return f"scrypt${COST}${BLOCK}${PARALLEL}${packed}"


def matches(password: bytes, hashed: str) -> bool:
    """Whether a password belongs to a hash."""
    cost, block, parallel, salt, digest = _fields(hashed)
    return hmac.compare_digest(_digest(password, salt, cost, block, parallel), digest)


class Users:
    """The users of one file, read again whenever it has changed."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at = -1
        self._hashes: dict[str, str] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)
        # Somebody unknown costs as much time as somebody known.
        self._nobody = hash_password(secrets.token_bytes(SALT_BYTES))
        self.refresh()

    def refresh(self) -> None:
        """Read the file if it is another one. Raises `BadUsersFile` or `OSError`."""
        changed_at = self._path.stat().st_mtime_ns
        if changed_at != self._read_at:
            self._hashes = read_users(self._path.read_text(encoding="utf-8"))
            self._read_at = changed_at

    async def knows(self, name: bytes, password: bytes) -> bool:
        """Whether somebody with this name and password may log in."""
        hashed = self._hashes.get(name.decode("utf-8", "replace"))
        async with self._turns:
            good = await asyncio.to_thread(matches, password, hashed or self._nobody)
        return good and hashed is not None


def read_users(text: str) -> dict[str, str]:
    """Hashes by name. Raises `BadUsersFile`."""
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.startswith("#"):
            continue
        name, _, hashed = line.strip().partition(":")
        try:
            _fields(hashed)
        except (ValueError, binascii.Error) as error:
            raise BadUsersFile(
                f"line {number} is no user: make one with gateway smtp-user NAME"
            ) from error
        found[name] = hashed
    return found


def _fields(hashed: str) -> tuple[int, int, int, bytes, bytes]:
    kind, cost, block, parallel, salt, digest = hashed.split("$")
    if kind != "scrypt" or int(cost) > COST_MAX:
        raise ValueError(kind)
    packed = (base64.b64decode(one, validate=True) for one in (salt, digest))
    return (int(cost), int(block), int(parallel), *packed)  # type: ignore[return-value]  # two of them


def _digest(password: bytes, salt: bytes, cost: int, block: int, parallel: int) -> bytes:
    return hashlib.scrypt(
        password, salt=salt, n=cost, r=block, p=parallel, maxmem=MEMORY_MAX, dklen=HASH_BYTES
    )
