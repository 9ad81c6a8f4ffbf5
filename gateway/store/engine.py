"""Open the main database: SQLite with the settings that keep promises, or PostgreSQL as it is.

SQLite: WAL, `synchronous=FULL`, every transaction begins as a writer (`BEGIN IMMEDIATE`), so that
nothing is read that another writer changes before it is written (reliability 7.4).
"""

import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, Connection, Engine, Insert, Table, create_engine, event, make_url, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import NullPool, QueuePool

IDLE_IN_TRANSACTION_MS: Final = 60_000
BUSY_TIMEOUT_MS: Final = 15_000
CONNECT_SECONDS: Final = 10
SERVERS: Final = ("postgresql", "postgres", "postgresql+psycopg")
"""Schemes of URLs that mean PostgreSQL."""


_SEVERAL_HOSTS: Final = re.compile(
    r"(?P<before>postgresql(?:\+\w+)?://(?:[^/?@]*@)?)"
    r"(?P<hosts>[^/?@]+,[^/?@]+)(?P<name>/[^?]*)?(?:\?(?P<query>.*))?"
)


class UnsafeDatabase(RuntimeError):
    """The database is set up so that a commit might be lost; the text says what to change."""


def open_engine(url: str, *, connections: int = 4) -> Engine:
    """An engine for a database URL; the file's folder is made where it is missing."""
    parsed = read_url(url)
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, poolclass=NullPool, hide_parameters=True)
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_immediate)
        return engine
    bounded = {"connect_timeout": str(CONNECT_SECONDS), **parsed.query}
    engine = create_engine(
        parsed.set(drivername="postgresql+psycopg", query=bounded),
        poolclass=QueuePool,
        pool_size=connections,
        max_overflow=0,
        pool_pre_ping=True,
        # Customer text never reaches an exception (promise P16).
        hide_parameters=True,
    )
    event.listen(engine, "connect", _set_up_postgres)
    return engine


def is_database(url: str) -> bool:
    """Whether a URL names a database that we know, and one that outlives the process."""
    try:
        parsed = read_url(url)
    except (ArgumentError, ValueError):
        return False
    if parsed.drivername == "sqlite":
        return parsed.database not in (None, "", ":memory:")
    return parsed.drivername in SERVERS


def is_server(url: str) -> bool:
    """Whether a URL that `is_database` names PostgreSQL: several may write at the same time."""
    return read_url(url).drivername in SERVERS


def read_url(url: str) -> URL:
    """A database URL, also with several hosts as libpq writes them: `a:5432,b:5432`.

    Of several hosts the one that may be written to is used (libpq's `target_session_attrs`), so
    that money is read and written on the primary only.
    """
    several = _SEVERAL_HOSTS.fullmatch(url)
    if several:
        hosts = "&".join(f"host={one}" for one in several["hosts"].split(","))
        query = "&".join(filter(None, (hosts, several["query"])))
        url = f"{several['before']}{several['name'] or '/'}?{query}"
    parsed = make_url(url)
    if isinstance(parsed.query.get("host"), tuple) and "target_session_attrs" not in parsed.query:
        return parsed.update_query_dict({"target_session_attrs": "read-write"})
    return parsed


def is_sqlite(connection: Connection) -> bool:
    """Whether this is the embedded database."""
    return connection.dialect.name == "sqlite"


def insert_new(table: Table, *key: str) -> Mapping[str, Insert]:
    """Statements by the name of the dialect that leave a row alone whose key is there already."""
    return {
        "sqlite": sqlite.insert(table).on_conflict_do_nothing(index_elements=key or None),
        "postgresql": postgresql.insert(table).on_conflict_do_nothing(index_elements=key or None),
    }


def check_durable(engine: Engine) -> None:
    """Refuse a PostgreSQL that answers before it has written (fault F10)."""
    if engine.dialect.name == "sqlite":
        return
    with engine.connect() as connection:
        setting = connection.execute(text("SHOW synchronous_commit")).scalar_one()
    if setting == "off":
        raise UnsafeDatabase(
            "PostgreSQL runs with synchronous_commit=off: a commit could be lost after a mail was "
            "accepted; set it to on (or local, remote_write, remote_apply)"
        )


def _set_up_sqlite(connection: sqlite3.Connection, record: Any) -> None:
    del record
    # Python's own transaction handling would begin late and as a reader.
    connection.isolation_level = None
    # SQLite's own knows only ASCII; people search for words with accents.
    connection.create_function("lower", 1, _lower, deterministic=True)
    for setting in (
        "journal_mode=WAL",
        "synchronous=FULL",
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "foreign_keys=ON",
        "temp_store=MEMORY",
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {setting}")


def _set_up_postgres(connection: Any, record: Any) -> None:
    del record
    # A node that is stopped in the middle of a transaction must not hold up the others (F30).
    connection.execute(f"SET idle_in_transaction_session_timeout = {IDLE_IN_TRANSACTION_MS}")
    connection.commit()


def _lower(text: Any) -> Any:
    return text.lower() if isinstance(text, str) else text


def _begin_immediate(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
