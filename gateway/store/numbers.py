"""Numbers of tickets and orders: drawn one after the other, and never drawn again.

SQLite has one writer, so a row that counts is enough. On PostgreSQL such a row would be locked from
the first number until the commit, and nodes would take mail in one after the other instead of side
by side: there it is a sequence. A transaction that is undone leaves a gap then, which is harmless.
"""

from typing import Final, Literal

from sqlalchemy import Connection, bindparam, func, select, text, update

from gateway.store.engine import is_sqlite
from gateway.store.prepared import Prepared
from gateway.store.tables import counters

Counter = Literal["ticket", "order"]

_COUNT: Final = Prepared(
    update(counters)
    .where(counters.c.name == bindparam("of_counter"))
    .values(value=counters.c.value + 1)
    .returning(counters.c.value)
)
_DRAW: Final = Prepared(select(func.nextval(bindparam("sequence")).label("value")))
_SEQUENCES: Final = {"ticket": "ticket_numbers", "order": "order_numbers"}


def draw(connection: Connection, counter: Counter) -> int:
    """The next number of a counter, never drawn again (invariant 37)."""
    if is_sqlite(connection):
        drawn = _COUNT.first(connection, {"of_counter": counter})
    else:
        drawn = _DRAW.first(connection, {"sequence": _SEQUENCES[counter]})
    return int(drawn.value)


def next_number(connection: Connection, counter: Counter) -> int:
    """The number that would be drawn next; nothing is drawn."""
    if is_sqlite(connection):
        query = select(counters.c.value + 1).where(counters.c.name == counter)
        return int(connection.execute(query).scalar_one())
    sequence = _SEQUENCES[counter]
    following = f"SELECT last_value + is_called::int FROM {sequence}"  # noqa: S608 - a name of ours
    return int(connection.execute(text(following)).scalar_one())
