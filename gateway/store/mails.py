"""The journal of mails taken in: one row each, repeats included, and the raw bytes untouched."""

import zlib
from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, insert, select

from gateway.desk.decision import Decision, Disposition
from gateway.mail.address import normalised_address
from gateway.mail.message import Mail
from gateway.store import files, pictures
from gateway.store.facts import dedupe_key
from gateway.store.mail_tables import mails, raws
from gateway.store.prepared import Prepared

PACK_FROM: Final = 1_024
PACK_UP_TO: Final = 65_536
"""Larger mails are mostly attachments, which cost time to pack and do not shrink."""
LEVEL: Final = 1
SUBJECT_MAX: Final = 500
ASKED_MAX: Final = 500
# Statements of every mail are built once: building them costs as much as running them.
_RECORD: Final = Prepared(insert(mails))
_KEEP: Final = Prepared(insert(raws))


def record(
    connection: Connection,
    mail: Mail,
    raw: bytes,
    decision: Decision,
    *,
    ticket: int | None,
    now: datetime,
) -> None:
    """Write the mail into the journal; its key makes every later copy a duplicate (rule M1)."""
    repeats = decision.disposition is Disposition.DUPLICATE
    _RECORD.run(
        connection,
        {
            "queue_id": mail.envelope.queue_id,
            "message_id": mail.message_id or "",
            "digest": mail.digest,
            "sender": normalised_address(mail.originator.address),
            "subject": mail.subject[:SUBJECT_MAX],
            "source": mail.envelope.source,
            "received_at": mail.envelope.received_at,
            "taken_in_at": now,
            "disposition": str(decision.disposition),
            "reasons": list(decision.reasons),
            "alarms": list(decision.alarms),
            "ticket": ticket,
            "account": decision.account,
            "dedupe_key": None if repeats else dedupe_key(mail),
        },
    )
    if not repeats:
        pictures.remember(connection, mail, now)
        content, packing = _pack(connection, mail.envelope.queue_id, raw, now)
        _KEEP.run(
            connection,
            {
                "queue_id": mail.envelope.queue_id,
                "content": content,
                "packing": packing,
                "size": len(raw),
            },
        )


def taken_in(connection: Connection, queue_ids: Sequence[str]) -> set[str]:
    """Those of some mails that have their row."""
    found: set[str] = set()
    for begin in range(0, len(queue_ids), ASKED_MAX):
        asked = queue_ids[begin : begin + ASKED_MAX]
        rows = connection.execute(select(mails.c.queue_id).where(mails.c.queue_id.in_(asked)))
        found.update(rows.scalars())
    return found


def raw_of(connection: Connection, queue_id: str) -> bytes | None:
    """The raw bytes of a mail, as they came."""
    row = connection.execute(
        select(raws.c.content, raws.c.packing).where(raws.c.queue_id == queue_id)
    ).first()
    if row is None:
        return None
    if row.packing == files.PACKING:
        return files.put_together(connection, row.content)
    return zlib.decompress(row.content) if row.packing == "zlib" else bytes(row.content)


def _pack(connection: Connection, queue_id: str, raw: bytes, now: datetime) -> tuple[bytes, str]:
    """Keep large files once; compress only what shrinks.

    Performance: zlib costs more than all else on large mails, and attachments do not shrink.
    """
    recipe = files.put_away(connection, raw, files.mail_holder(queue_id), now)
    if recipe is not None:
        return recipe, files.PACKING
    if PACK_FROM <= len(raw) <= PACK_UP_TO:
        packed = zlib.compress(raw, LEVEL)
        if len(packed) < len(raw):
            return packed, "zlib"
    return raw, ""
