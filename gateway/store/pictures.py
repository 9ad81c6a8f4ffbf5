"""Pictures that come again and again in mails of one domain: signatures, not documents.

A small picture within a mail is counted by its digest and the sender's domain. From the third mail
on it is left out of what is passed on; the raw mail keeps it.
"""

import hashlib
from dataclasses import replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, delete, select
from sqlalchemy.dialects import postgresql, sqlite

from gateway.desk.decision import Decision
from gateway.mail.address import domain_of
from gateway.mail.compose import Enclosure
from gateway.mail.message import Attachment, Mail
from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import pictures

OCTETS_MAX: Final = 64 * 1024
"""Larger pictures show something: a screen, a photograph."""
MAILS_MIN: Final = 2
"""Mails in which a picture was seen before: twice may be an answer that quotes its question."""


def without_signatures(connection: Connection, mail: Mail) -> Mail:
    """The mail without the pictures that its domain sends again and again."""
    small = {one.digest for one in mail.attachments if _may_be_signature(one)}
    if not small:
        return mail
    often = set(
        connection.execute(
            select(pictures.c.digest).where(
                pictures.c.domain == domain_of(mail.originator.address),
                pictures.c.digest.in_(small),
                pictures.c.mails >= MAILS_MIN,
            )
        ).scalars()
    )
    if not often:
        return mail
    kept = [one for one in mail.attachments if not (one.digest in often and _may_be_signature(one))]
    return replace(mail, attachments=tuple(kept))


def left_out(whole: Mail, passed_on: Mail) -> tuple[Attachment, ...]:
    """What `without_signatures` took away."""
    if whole is passed_on:
        return ()
    kept = {one.part for one in passed_on.attachments}
    return tuple(one for one in whole.attachments if one.part not in kept)


def travelling(
    enclosures: tuple[Enclosure, ...],
    gone: tuple[Attachment, ...],
    kept: tuple[Attachment, ...],
) -> tuple[Enclosure, ...]:
    """The files of a mail that still travel on.

    The same picture may also be attached on purpose: what was `kept` by its name and bytes travels.
    """
    left = {(one.filename, one.digest) for one in gone}
    left -= {(one.filename, one.digest) for one in kept}
    if not left:
        return enclosures
    return tuple(
        one
        for one in enclosures
        if (one.filename, hashlib.sha256(one.content).hexdigest()) not in left
    )


def told(decision: Decision, gone: tuple[Attachment, ...]) -> Decision:
    """The decision, which says how much was left out; names of files are the writer's words."""
    if not gone:
        return decision
    what = "1 picture" if len(gone) == 1 else f"{len(gone)} pictures"
    return replace(decision, reasons=(*decision.reasons, f"{what} left out as a signature"))


def remember(connection: Connection, mail: Mail, now: datetime) -> None:
    """Count the small pictures of a mail that was taken in."""
    domain = domain_of(mail.originator.address)
    digests = sorted({one.digest for one in mail.attachments if _may_be_signature(one)})
    if not domain or not digests:
        return
    statement = (sqlite if is_sqlite(connection) else postgresql).insert(pictures)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=["domain", "digest"],
            set_={"mails": pictures.c.mails + 1, "seen_at": statement.excluded.seen_at},
        ),
        [{"domain": domain, "digest": one, "mails": 1, "seen_at": now} for one in digests],
    )


def forget(connection: Connection, before: datetime) -> None:
    """Drop what was not seen since."""
    connection.execute(delete(pictures).where(pictures.c.seen_at < before))


def _may_be_signature(one: Attachment) -> bool:
    return one.inline and one.content_type.startswith("image/") and one.size <= OCTETS_MAX
