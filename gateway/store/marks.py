"""Small facts about the desk itself, such as the calendar that its clocks were counted with."""

from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection, insert, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import audit
from gateway.store.tables import marks

CALENDAR: Final = "calendar"
"""Fingerprint of the calendar and the service levels that due times were counted with."""


def read_mark(connection: Connection, name: str) -> str | None:
    """The value of a mark, if it was ever set."""
    return connection.execute(
        select(marks.c.value).where(marks.c.name == name)
    ).scalar_one_or_none()


def set_mark(
    connection: Connection, name: str, value: str, *, at: datetime, details: dict[str, Any]
) -> None:
    """Set a mark, and remember that and why."""
    dialect = sqlite if is_sqlite(connection) else postgresql
    statement = dialect.insert(marks).values(name=name, value=value)
    connection.execute(
        statement.on_conflict_do_update(index_elements=["name"], set_={"value": value})
    )
    connection.execute(
        insert(audit),
        {
            "at": at,
            "event": f"mark:{name}:{value[:16]}",
            "what": f"{name} set",
            "details": details,
        },
    )
