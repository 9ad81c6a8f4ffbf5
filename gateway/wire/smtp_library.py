"""Where aiosmtpd's habits end: stand-ins for its timer, its way with faults and with logins."""

from typing import Any, Final, Self

from aiosmtpd.smtp import AuthResult, LoginPassword


class Unwound:
    """Stands where aiosmtpd keeps its timer: the door keeps time for all its guests."""

    @staticmethod
    def cancel() -> None:
        """Nothing is wound up."""


UNWOUND: Final[Any] = Unwound()


class Mishap:
    """Keeps a fault of ours for the reply; a lost connection and the end of the task pass."""

    def __init__(self) -> None:
        self.error: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        if isinstance(error, Exception) and not isinstance(error, ConnectionError):
            self.error = error
        return self.error is not None


def as_claimed(*found: Any) -> AuthResult:
    """What aiosmtpd has read of a login; whether it is true is asked afterwards, in a thread."""
    claimed = found[-1]
    return AuthResult(success=isinstance(claimed, LoginPassword), auth_data=claimed)
