"""Column types that two databases must agree on: instants and JSON texts."""

import json
from datetime import UTC, datetime
from typing import Any, Final

from sqlalchemy import BigInteger, Text
from sqlalchemy.engine import Dialect
from sqlalchemy.types import TypeDecorator

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECONDS = 1_000_000
_TO_JSON: Final = json.JSONEncoder(ensure_ascii=False).encode


class Instant(TypeDecorator[datetime]):
    """An aware instant, kept as whole microseconds since 1970 in UTC.

    Numbers sort and compare alike in both databases and lose nothing; a naive datetime is refused
    because nobody could say which instant it means.
    """

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """To the database."""
        del dialect
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError(f"a naive datetime is no instant: {value}")
        elapsed = value - EPOCH
        return (elapsed.days * 86_400 + elapsed.seconds) * MICROSECONDS + elapsed.microseconds

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:
        """From the database."""
        del dialect
        if value is None:
            return None
        seconds, micros = divmod(int(value), MICROSECONDS)
        return datetime.fromtimestamp(seconds, UTC).replace(microsecond=micros)


class JsonText(TypeDecorator[Any]):
    """A small JSON value kept as text, readable with any tool."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any | None, dialect: Dialect) -> str | None:
        """To the database."""
        del dialect
        return None if value is None else _TO_JSON(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> Any | None:
        """From the database."""
        del dialect
        return None if value is None else json.loads(value)
