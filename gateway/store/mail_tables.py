"""The tables of what came in, what was said, what goes out, and who did what.

They refer to the tables of the desk; together both files are the whole database.
"""

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from gateway.store.schema import Id, metadata, one_of
from gateway.store.types import Instant, JsonText

# Conditions of partial indexes: such an index is used where a query says the same in its text, and
# nowhere where it is said with parameters.
WAITING: Final = text("state IN ('queued', 'sending')")
"""Letters that have not left."""
COUNTED: Final = text("domain != ''")
"""Letters that count against the budgets."""

mails = Table(
    "mails",
    metadata,
    Column("queue_id", Text, primary_key=True),
    Column("message_id", Text, nullable=False, default=""),
    Column("digest", Text, nullable=False),
    Column("sender", Text, nullable=False, default=""),
    Column("subject", Text, nullable=False, default=""),
    Column("source", Text, nullable=False, default=""),
    Column("received_at", Instant, nullable=False),
    Column("taken_in_at", Instant, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("reasons", JsonText, nullable=False),
    Column("alarms", JsonText, nullable=False),
    Column("ticket", BigInteger, ForeignKey("tickets.number")),
    Column("account", Text),
    # Repeats keep their own row but not the key: the first mail of a kind owns it (rule M1).
    Column("dedupe_key", Text, unique=True),
    Index(None, "message_id"),
    Index(None, "ticket"),
    Index(None, "received_at"),
)

raws = Table(
    "raws",
    metadata,
    Column("queue_id", Text, ForeignKey("mails.queue_id"), primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("packing", Text, nullable=False, default=""),
    Column("size", BigInteger, nullable=False),
    one_of("packing", "", "zlib", "files"),
)

# Large files that mails and letters bear, each once (gateway.store.files).
files = Table(
    "files",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("size", BigInteger, nullable=False),
    Column("used_at", Instant, nullable=False),
    Column("content", LargeBinary, nullable=False),
)

file_uses = Table(
    "file_uses",
    metadata,
    Column("holder", Text, primary_key=True),
    Column("digest", Text, ForeignKey("files.digest"), primary_key=True),
    Index(None, "digest"),
)

# Small pictures within mails, by the domain they come from: what comes again is a signature.
pictures = Table(
    "pictures",
    metadata,
    Column("domain", Text, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("mails", Integer, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Index(None, "seen_at"),
)

messages = Table(
    "messages",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ticket", BigInteger, ForeignKey("tickets.number"), nullable=False),
    # Deferred: the message is filed before the journal knows which ticket its mail went to.
    Column(
        "queue_id",
        Text,
        ForeignKey("mails.queue_id", deferrable=True, initially="DEFERRED"),
    ),
    Column("kind", Text, nullable=False),
    Column("author", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("message_id", Text, nullable=False, default=""),
    Column("verified", Boolean, nullable=False, default=True),
    one_of("kind", "mail", "answer", "question", "note", "filed"),
    Index(None, "ticket", "id"),
    Index(None, "message_id"),
    # Without it each new mail, and each that is let go, looks through all messages for its own.
    Index(None, "queue_id"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", Id, primary_key=True),
    Column("event", Text, nullable=False),
    Column("letter", Text, nullable=False),
    Column("recipient", Text, nullable=False),
    Column("audience", Text, nullable=False),
    Column("ticket", BigInteger, ForeignKey("tickets.number")),
    Column("order_number", BigInteger),
    Column("assessment", Integer),
    Column("copy_of", Text, nullable=False, default=""),
    # Made of event, letter, recipient and ticket: one letter of a kind for each (rule M17).
    Column("message_id", Text, nullable=False, unique=True),
    Column("content", LargeBinary, nullable=False),
    Column("packing", Text, nullable=False, default=""),
    Column("state", Text, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("tries", Integer, nullable=False, default=0),
    Column("created_at", Instant, nullable=False),
    Column("not_before", Instant, nullable=False),
    Column("lease_until", Instant),
    Column("holder", Text, nullable=False, default=""),
    Column("sent_at", Instant),
    Column("failure", Text, nullable=False, default=""),
    # Domain of the recipient of a letter that counts against the budgets; else empty.
    Column("domain", Text, nullable=False, default=""),
    one_of("packing", "", "files"),
    one_of("state", "queued", "sending", "sent", "failed", "withheld"),
    one_of("audience", "customer", "staff", "operator"),
    Index(
        "ix_outbox_waiting",
        "priority",
        "not_before",
        sqlite_where=WAITING,
        postgresql_where=WAITING,
    ),
    Index(None, "ticket"),
    Index("ix_outbox_help", "recipient", "letter", "created_at"),
    Index(
        "ix_outbox_counted",
        "domain",
        "created_at",
        sqlite_where=COUNTED,
        postgresql_where=COUNTED,
    ),
    Index(
        "ix_outbox_lately",
        "created_at",
        sqlite_where=COUNTED,
        postgresql_where=COUNTED,
    ),
)

pauses = Table(
    "pauses",
    metadata,
    Column("key", Text, primary_key=True),
    Column("scope", Text, primary_key=True),
    Column("since_at", Instant, nullable=False),
    Column("until_at", Instant, nullable=False),
    Column("strikes", Integer, nullable=False, default=1),
    Column("reason", Text, nullable=False, default=""),
    one_of("scope", "address", "writer", "ticket", "domain", "desk"),
)

audit = Table(
    "audit",
    metadata,
    Column("id", Id, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("event", Text, nullable=False),
    Column("actor", Text, nullable=False, default=""),
    Column("ticket", BigInteger),
    Column("account", Text),
    Column("what", Text, nullable=False),
    Column("details", JsonText, nullable=False),
    Index(None, "ticket"),
)
