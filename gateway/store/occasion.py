"""What a decision is carried out for, and what carrying it out has drawn so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from gateway.desk.decision import SendLetter
from gateway.letters.writer import Frame, Written
from gateway.mail.compose import Enclosure

Write = Callable[[SendLetter, Frame], Written]


@dataclass(frozen=True, slots=True, kw_only=True)
class Occasion:
    """What a decision is carried out for."""

    event: str
    at: datetime
    write: Write
    overdraft: int = 0
    queue_id: str | None = None
    message_id: str = ""
    references: tuple[str, ...] = ()
    enclosures: tuple[Enclosure, ...] = ()
    html: str = ""
    """The HTML part, where it was made elsewhere and not from the template."""
    too_large: tuple[str, ...] = ()


@dataclass(slots=True)
class Applied:
    """What came of it: numbers that were drawn, and templates that were broken."""

    numbers: dict[int, int] = field(default_factory=dict)
    orders: dict[int, int] = field(default_factory=dict)
    letters: int = 0
    broken: list[str] = field(default_factory=list)
    threads: dict[int, list[str]] = field(default_factory=dict)

    def ticket(self, number: int | None) -> int | None:
        """The number in the store of a ticket of the decision."""
        return None if number is None else self.numbers.get(number, number)
