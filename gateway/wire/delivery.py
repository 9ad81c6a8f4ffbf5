"""What became of handing over one letter: delivered, deferred or failed, as a value."""

from dataclasses import dataclass
from typing import Literal, Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """The outcome of one attempt for one recipient."""

    outcome: Literal["delivered", "deferred", "failed"]
    code: int = 0
    """Reply code of the server, 0 where it gave none."""
    reason: str = ""
    """For the diary, the operator and the engineer, never for a customer: one printable line."""
    about_recipient: bool = False
    """Whether it was the recipient's address that was refused for good, not the letter."""
    about_connection: bool = False
    """Whether the next letter would fare the same: the server is away, or wants none of us."""
    needs_operator: bool = False
    """Whether that ends only when somebody does something."""

    @property
    def said(self) -> str:
        """What the server said: its code, where it gave one, and the reason."""
        return f"{self.code or ''} {self.reason}".strip()


DELIVERED = Delivery("delivered")


class Carrier(Protocol):
    """Whoever takes letters: a smarthost, or a Maildir where there is none."""

    async def carry(self, reverse_path: str, recipient: str, content: bytes) -> Delivery:
        """Hand over one letter; never raises for what the other side does."""

    async def close(self) -> None:
        """End the connection, if there is one."""
