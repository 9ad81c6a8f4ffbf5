"""What a decision is carried out for, and what carrying it out has drawn so far."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, bindparam, func, update

from gateway.desk.decision import SendLetter
from gateway.letters.writer import Frame, Written
from gateway.mail.compose import Enclosure
from gateway.store.engine import is_sqlite
from gateway.store.tables import counters

Write = Callable[[SendLetter, Frame], Written]

_DRAW: Final = (
    update(counters)
    .where(counters.c.name == bindparam("of_counter"))
    .values(value=counters.c.value + 1)
    .returning(counters.c.value)
)
# Not synced by itself: the commit of what bears the number comes later, and syncs both.
_DRAW_UNSYNCED: Final = _DRAW.returning(
    func.set_config("synchronous_commit", "off", bindparam("local", value=True))
)


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


def draw(connection: Connection, counter: str) -> int:
    """The next number of a counter, never drawn again (invariant 37).

    PostgreSQL draws it apart from the transaction at hand: else every other node and worker would
    wait for the end of that. What is undone leaves a number out.
    """
    drawn = {"of_counter": counter}
    if is_sqlite(connection):
        return int(connection.execute(_DRAW, drawn).scalar_one())
    with connection.engine.connect() as apart:
        apart.execution_options(isolation_level="AUTOCOMMIT")
        return int(apart.execute(_DRAW_UNSYNCED, drawn).one()[0])
