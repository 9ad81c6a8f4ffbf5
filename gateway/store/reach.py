"""Tell a database that is away from a statement that it refuses.

Drivers call both `OperationalError`. A database that is away is waited for without end (promise
P1); a statement that is refused would be refused for ever and keep everything behind it waiting,
so it is counted against its own mail or letter, which is set aside after three tries.
"""

from typing import Final

from sqlalchemy.exc import (
    DatabaseError,
    DisconnectionError,
    InterfaceError,
    OperationalError,
    PendingRollbackError,
    ResourceClosedError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

SQLITE_AWAY: Final = {
    5: "busy",
    6: "locked",
    7: "out of memory",
    8: "read only",
    9: "interrupted",
    10: "I/O error",
    11: "malformed",
    13: "full",
    14: "cannot be opened",
    15: "locking protocol",
    26: "not a database",
}
"""Primary result codes (the low byte) that speak of the file, not of the statement."""
POSTGRES_AWAY: Final = frozenset({"08", "25", "40", "53", "55", "57", "58", "XX"})
"""Classes of SQLSTATE: connection, node that may not write, rollback, resources, operator, disk.

A statement that took too long (57014) belongs to them: whoever waits for a lock hears that too."""
SCHEMA_MISSES: Final = frozenset({"42P01", "42703"})
"""No such table or column: whoever brings the schema up to date has not been here yet."""


class DatabaseAway(SQLAlchemyError):
    """The database cannot work at present, in its own words a fault of the whole file."""


class Refused(SQLAlchemyError):
    """The database refuses this one step; its text is the kind and code, never the statement."""


OUT_OF_REACH: Final = (
    DatabaseAway,
    OperationalError,
    InterfaceError,
    DisconnectionError,
    PendingRollbackError,
    ResourceClosedError,
    PoolTimeoutError,
    OSError,
)
"""The database is away or went away: nothing happened, or nobody knows; try again later."""


def told_apart(error: Exception) -> Exception:
    """The same error, or `DatabaseAway` or `Refused` where the driver's class says too little."""
    if not isinstance(error, DatabaseError) or error.connection_invalidated:
        return error
    code, away = _code(error.orig)
    if away and not isinstance(error, OperationalError):
        return _because(DatabaseAway(f"{type(error).__name__} {code}"), error)
    if isinstance(error, OperationalError) and code and not away:
        return _because(Refused(f"{type(error).__name__} {code}"), error)
    return error


def _code(driver: BaseException | None) -> tuple[str, bool]:
    """The driver's code, and whether it speaks of the database as a whole."""
    number = getattr(driver, "sqlite_errorcode", None)
    if number is not None:
        # "No such table", "no such savepoint" share their code with statements that are bad.
        return str(number), number & 0xFF in SQLITE_AWAY or str(driver).startswith("no such ")
    state = getattr(driver, "sqlstate", None) or ""
    return state, state[:2] in POSTGRES_AWAY or state in SCHEMA_MISSES


def _because(error: Exception, cause: Exception) -> Exception:
    error.__cause__ = cause
    return error
