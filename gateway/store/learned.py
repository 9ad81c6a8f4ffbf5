"""What the desk's mails taught about words, kept for every node, for restarts and for `explain`."""

import json
import zlib
from array import array
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, func, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.desk.learned import Learned
from gateway.desk.meaning import Meaning
from gateway.desk.words import READ_AT_MOST, Background
from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import messages
from gateway.store.tables import learned

STEP_MAILS: Final = 200
"""Mails read in one transaction: others wait only a moment."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """When something was learned, and up to which message."""

    learned_at: datetime
    last_message: int


def last_lesson(connection: Connection) -> Lesson | None:
    """The last time that any node learned."""
    row = connection.execute(
        select(learned.c.learned_at, learned.c.last_message).where(learned.c.name == "background")
    ).first()
    return Lesson(row.learned_at, row.last_message) if row else None


def load(connection: Connection) -> Learned:
    """What is known; a desk that has learned nothing knows nothing."""
    found = {row.name: row.content for row in connection.execute(select(learned))}
    background, meaning = found.get("background"), found.get("meaning")
    return Learned(
        background=_read_background(background) if background else Background(),
        meaning=_read_meaning(meaning) if meaning else None,
    )


def save(connection: Connection, taught: Learned, lesson: Lesson) -> None:
    """Keep what was learned in place of what was known."""
    dialect = sqlite if is_sqlite(connection) else postgresql
    contents = {"background": _write_background(taught.background)}
    if taught.meaning:
        contents["meaning"] = _write_meaning(taught.meaning)
    connection.execute(learned.delete().where(learned.c.name.not_in(contents)))
    for name, content in contents.items():
        values = {
            "learned_at": lesson.learned_at,
            "last_message": lesson.last_message,
            "content": content,
        }
        connection.execute(
            dialect.insert(learned)
            .values(name=name, **values)
            .on_conflict_do_update(index_elements=["name"], set_=values)
        )


def newest_message(connection: Connection) -> int:
    """Number of the newest message, 0 where there is none."""
    newest: int | None = connection.execute(select(func.max(messages.c.id))).scalar_one()
    return newest or 0


def mails_before(connection: Connection, message: int) -> Sequence[tuple[int, str]]:
    """Numbers and texts of some customers' mails up to a message, newest first, cut short."""
    found = connection.execute(
        select(messages.c.id, func.substr(messages.c.text, 1, READ_AT_MOST).label("text"))
        .where(messages.c.kind == "mail", messages.c.id <= message)
        .order_by(messages.c.id.desc())
        .limit(STEP_MAILS)
    )
    return [(row.id, row.text) for row in found]


def _write_background(background: Background) -> bytes:
    table = {"mails": background.document_count, "words": dict(background.word_documents)}
    return zlib.compress(json.dumps(table, ensure_ascii=False, sort_keys=True).encode())


def _read_background(content: bytes) -> Background:
    table = json.loads(zlib.decompress(content))
    return Background(document_count=table["mails"], word_documents=table["words"])


def _write_meaning(meaning: Meaning) -> bytes:
    names = sorted(meaning.vectors)
    numbers = array("f", (number for name in names for number in meaning.vectors[name]))
    head = json.dumps(names, ensure_ascii=False).encode()
    return zlib.compress(len(head).to_bytes(4, "big") + head + numbers.tobytes())


def _read_meaning(content: bytes) -> Meaning:
    whole = zlib.decompress(content)
    size = int.from_bytes(whole[:4], "big")
    names = json.loads(whole[4 : 4 + size])
    numbers = array("f")
    numbers.frombytes(whole[4 + size :])
    length = len(numbers) // max(1, len(names))
    return Meaning(
        vectors={name: numbers[at * length : (at + 1) * length] for at, name in enumerate(names)}
    )
