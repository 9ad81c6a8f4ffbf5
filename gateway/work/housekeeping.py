"""Look after what nobody asks for: promises that no timer watches, statistics of the database."""

from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from gateway import journal
from gateway.store import timers
from gateway.store.engine import is_sqlite
from gateway.work.intake import Desk
from gateway.work.recount import recount_tickets

REPAIRED_MAX: Final = 200


def tidy(connection: Connection, desk: Desk, now: datetime) -> int:
    """Arm again what must have been armed (promise P6); returns how many tickets that was."""
    numbers = timers.forgotten_tickets(connection, count=REPAIRED_MAX)
    repaired = recount_tickets(connection, desk, numbers, now) if numbers else 0
    if repaired:
        journal.fail("timers_were_missing", tickets=list(numbers)[:10], count=repaired)
    if is_sqlite(connection):
        connection.exec_driver_sql("PRAGMA optimize")
    return repaired
