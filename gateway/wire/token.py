"""OAuth2 access tokens, as whoever logs in with them sees them: one, or the reason why not."""

from typing import Protocol


class NoToken(Exception):
    """There is no access token now; `reason` is fit for the diary and for a letter."""

    def __init__(self, reason: str, *, is_transient: bool = False) -> None:
        self.reason = reason
        self.is_transient = is_transient
        """Whether trying again may help without anybody doing something."""
        super().__init__(reason)


class Token(Protocol):
    """Whoever has OAuth2 access tokens."""

    async def __call__(self, user: str, *, fresh: bool = False) -> str:
        """A token for a user; a fresh one where the last was refused. Raises `NoToken`."""
