"""Keep large files once: their bytes stand by digest, in whatever mails and letters they travel.

A mail of ten MiB comes in once and goes on to three people; without this it is there four times.
What is kept of each is a recipe, from which every byte is put together again as it was: a stretch
of base64 is taken out only if encoding its bytes gives the stretch back.

The content of a recipe: one line of JSON, whose numbers are octets of what stands behind the line
and whose lists are files (digest, columns, line end); then those octets.
"""

import binascii
import hashlib
import json
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, delete, exists, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import file_uses, files

PACKING: Final = "files"
OCTETS_MIN: Final = 16 * 1024
"""Base64 of a file that is worth a row of its own."""
AT_HAND: Final = timedelta(hours=1)
"""A file that was used so lately is not taken away: a mail that uses it may be on its way."""
_STRETCH: Final = re.compile(rb"[A-Za-z0-9+/=\r\n]{%d,}" % OCTETS_MIN)
_BLANK: Final = re.compile(rb"\n\r?\n")
_LINE: Final = re.compile(rb"([A-Za-z0-9+/]{40,1000})(\r?\n)")
_CONTENT: Final = select(files.c.content).where(files.c.digest == bindparam("of_digest"))


class _File(NamedTuple):
    """A stretch of base64 in a mail, and the bytes it stands for."""

    start: int
    end: int
    data: bytes
    columns: int
    line_end: str


def put_away(connection: Connection, content: bytes, holder: str, now: datetime) -> bytes | None:
    """Keep the large files of a mail or letter by digest; its recipe, or `None` where it has none.

    `holder` names who needs them (`mail_holder`, `letter_holder`).
    """
    found = list(_files_in(content))
    if not found:
        return None
    steps: list[int | tuple[str, int, str]] = []
    rest = bytearray()
    at = 0
    for one in found:
        digest = hashlib.sha256(one.data).hexdigest()
        _keep(connection, digest, one.data, holder, now)
        steps += [one.start - at, (digest, one.columns, one.line_end)]
        rest += content[at : one.start]
        at = one.end
    steps.append(len(content) - at)
    rest += content[at:]
    return json.dumps(steps).encode("ascii") + b"\n" + bytes(rest)


class FileMissing(Exception):
    """A file that a recipe names is not there: the database was damaged, or mended by hand."""


def put_together(connection: Connection, recipe: bytes) -> bytes:
    """The mail or letter of a recipe, byte for byte. Raises `FileMissing`."""
    head, _, rest = bytes(recipe).partition(b"\n")
    pieces: list[bytes] = []
    at = 0
    for step in json.loads(head):
        if isinstance(step, int):
            pieces.append(rest[at : at + step])
            at += step
        else:
            digest, columns, line_end = step
            data = connection.execute(_CONTENT, {"of_digest": digest}).scalar_one_or_none()
            if data is None:
                raise FileMissing("a file that belongs to it is missing in the database")
            pieces.append(_encoded(data, columns, line_end))
    return b"".join(pieces)


def mail_holder(queue_id: str) -> str:
    """How a raw mail is named among those who need files."""
    return f"mail {queue_id}"


def letter_holder(message_id: str) -> str:
    """How a letter is named among those who need files."""
    return f"letter {message_id}"


def let_go_of(connection: Connection, holders: list[str], now: datetime) -> None:
    """Some mails and letters need their files no more; what nobody needs is taken away."""
    if holders:
        connection.execute(delete(file_uses).where(file_uses.c.holder.in_(holders)))
    unused = ~exists().where(file_uses.c.digest == files.c.digest)
    connection.execute(delete(files).where(files.c.used_at < now - AT_HAND, unused))


def erase(connection: Connection, holders: list[str]) -> None:
    """The files of some mails and letters go at once, unless somebody else needs them."""
    held = select(file_uses.c.digest).where(file_uses.c.holder.in_(holders)).distinct()
    digests = connection.execute(held).scalars().all()
    # Whoever takes in a mail with the same file marks its row first: wait, and see that it is used.
    these = select(files.c.digest).where(files.c.digest.in_(digests))
    connection.execute(these.order_by(files.c.digest).with_for_update())
    connection.execute(delete(file_uses).where(file_uses.c.holder.in_(holders)))
    unused = ~exists().where(file_uses.c.digest == files.c.digest)
    connection.execute(delete(files).where(files.c.digest.in_(digests), unused))


def _keep(connection: Connection, digest: str, data: bytes, holder: str, now: datetime) -> None:
    dialect = sqlite if is_sqlite(connection) else postgresql
    known = connection.execute(
        update(files).where(files.c.digest == digest).values(used_at=now)
    ).rowcount
    if not known:
        # Another node may have been faster: the row it wrote is ours too.
        connection.execute(
            dialect.insert(files)
            .values(digest=digest, size=len(data), used_at=now, content=data)
            .on_conflict_do_update(index_elements=["digest"], set_={"used_at": now})
        )
    connection.execute(
        dialect.insert(file_uses).on_conflict_do_nothing(), {"holder": holder, "digest": digest}
    )


def _files_in(content: bytes) -> Iterator[_File]:
    """The large stretches of base64, as far as they can be put together again."""
    if len(content) < OCTETS_MIN:
        return
    for found in _STRETCH.finditer(content):
        start = _begin(content, found.start())
        line = _LINE.match(content, start, found.end())
        stretch = content[start : found.end()].rstrip(b"\r\n")
        if line is None or len(stretch) < OCTETS_MIN or len(line[1]) % 4:
            continue
        columns, line_end = len(line[1]), line[2].decode("ascii")
        try:
            data = binascii.a2b_base64(stretch)
        except binascii.Error:
            continue
        if _encoded(data, columns, line_end) == stretch:
            yield _File(start, start + len(stretch), data, columns, line_end)


def _begin(content: bytes, at: int) -> int:
    """Where the base64 begins in a stretch that may begin with the end of a header."""
    blank = _BLANK.search(content, at, at + 1000)
    return blank.end() if blank else content.find(b"\n", at, at + 1000) + 1 or at


def _encoded(data: bytes, columns: int, line_end: str) -> bytes:
    """Base64 in lines of so many columns, the last without its end (RFC 2045 section 6.8)."""
    whole = binascii.b2a_base64(data, newline=False)
    lines = [whole[at : at + columns] for at in range(0, len(whole), columns)]
    return line_end.encode("ascii").join(lines)
