"""The desk's tables, and with them the promises the database keeps whatever the code does.

Unique keys make repeats harmless, CHECKs hold states and sums, triggers (in the migrations) keep
the book append-only and its totals true. Migrations must arrive at exactly these tables and those
of the mails: a test compares them.
"""

from datetime import datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    UniqueConstraint,
    text,
)
from sqlalchemy.engine.default import DefaultExecutionContext

from gateway.store.schema import Id, metadata, one_of
from gateway.store.types import Instant, JsonText


def _own_time(context: DefaultExecutionContext) -> datetime:
    """A timer waits for its own time unless told otherwise."""
    at: datetime = context.get_current_parameters()["at"]  # type: ignore[no-untyped-call]  # so
    return at


counters = Table(
    "counters",
    metadata,
    Column("name", Text, primary_key=True),
    Column("value", BigInteger, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    # Small facts about the desk itself, such as the calendar its clocks were counted with.
    Column("name", Text, primary_key=True),
    Column("value", Text, nullable=False),
)

nodes = Table(
    "nodes",
    metadata,
    # Who serves this desk, as each last reported; what matters is claimed by leases, not by these.
    Column("name", Text, primary_key=True),
    Column("host", Text, nullable=False),
    Column("pid", BigInteger, nullable=False),
    Column("version", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("seen_at", Instant, nullable=False),
    Column("stopped_at", Instant),
    *(Column(name, BigInteger, nullable=False) for name in ("accepted", "waiting", "parked")),
)

accounts = Table(
    "accounts",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False, default=""),
    Column("payment", Text),
    Column("opened_at", Instant, nullable=False),
    # Totals of the book, moved by a trigger with every entry; `gateway credits verify` proves them.
    Column("balance", BigInteger, nullable=False, server_default="0"),
    Column("held", BigInteger, nullable=False, server_default="0"),
    CheckConstraint("held >= 0", name="held"),
)

contacts = Table(
    "contacts",
    metadata,
    Column("address", Text, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("name", Text, nullable=False, default=""),
    Column("is_primary", Boolean, nullable=False, default=False),
    Column("language", Text, nullable=False, default=""),
    Column("zone", Text, nullable=False, default=""),
    Index(None, "account"),
)

tickets = Table(
    "tickets",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("requester", Text, nullable=False),
    Column("department", Text, nullable=False),
    Column("subject", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("previous_status", Text),
    Column("waiting_on", Text, nullable=False),
    Column("hotrush", Text, nullable=False),
    Column("hotrush_reason", Text, nullable=False, default=""),
    Column("payment", Text, nullable=False),
    Column("agreed_up_to", BigInteger),
    Column("category", Integer),
    Column("free", Text, nullable=False, default=""),
    Column("kept", BigInteger, nullable=False, default=0),
    # Sums of the ticket's entries, moved by the trigger; `ceiling` is what they may reach together.
    Column("charged", BigInteger, nullable=False, server_default="0"),
    Column("reserved", BigInteger, nullable=False, server_default="0"),
    Column("ceiling", BigInteger, nullable=False, default=0),
    Column("assignee", Text),
    Column("parent", BigInteger, ForeignKey("tickets.number")),
    Column("merged_into", BigInteger, ForeignKey("tickets.number")),
    Column("received_at", Instant, nullable=False),
    Column("first_response_at", Instant),
    Column("answered_at", Instant),
    Column("closed_at", Instant),
    Column("close_reason", Text, nullable=False, default=""),
    Column("breached", Boolean, nullable=False, default=False),
    Column("nosplit", Boolean, nullable=False, default=False),
    Column("asked_last", Boolean, nullable=False, default=False),
    Column("time_left", BigInteger),
    Column("last_text", Text, nullable=False, default=""),
    Column("last_mail_at", Instant),
    Column("last_mail_id", Text, nullable=False, default=""),
    Column("thread", JsonText, nullable=False),
    # Counts changes: a writer that read an older state touches no row (lost updates, fault F30).
    Column("version", BigInteger, nullable=False, default=1),
    one_of("status", "submitted", "assigned", "awaiting_confirmation", "in_progress", "closed"),
    one_of("waiting_on", "staff", "customer"),
    one_of("hotrush", "none", "refused", "active", "unset", "withdrawn", "removed"),
    one_of("payment", "ask_first", "pre_agreed", "none"),
    CheckConstraint("charged >= 0 AND reserved >= 0", name="no_negative_sums"),
    CheckConstraint("charged = 0 OR reserved = 0", name="charged_or_reserved"),
    CheckConstraint("charged + reserved <= ceiling", name="ceiling"),
    CheckConstraint("status <> 'closed' OR reserved = 0", name="closed_reserves_nothing"),
    CheckConstraint("(status = 'closed') = (closed_at IS NOT NULL)", name="closed_at"),
    Index(None, "account"),
    Index("ix_tickets_lately", "requester", "received_at"),
    Index(
        "ix_tickets_open",
        "status",
        sqlite_where=text("status <> 'closed'"),
        postgresql_where=text("status <> 'closed'"),
    ),
)

assessments = Table(
    "assessments",
    metadata,
    Column("ticket", BigInteger, ForeignKey("tickets.number"), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("category", Integer, nullable=False),
    Column("base", BigInteger, nullable=False),
    Column("multiplier", Integer, nullable=False),
    Column("verdict", Text, nullable=False),
    Column("funded", Boolean, nullable=False, default=False),
    Column("note", Text, nullable=False, default=""),
    Column("proposed_at", Instant, nullable=False),
    Column("decided_at", Instant),
    Column("decided_by", Text, nullable=False, default=""),
    one_of("verdict", "open", "confirmed", "declined", "superseded", "expired"),
    CheckConstraint("base >= 0 AND multiplier >= 1", name="price"),
    Index(
        "uq_assessments_open",
        "ticket",
        unique=True,
        sqlite_where=text("verdict = 'open'"),
        postgresql_where=text("verdict = 'open'"),
    ),
)

entries = Table(
    "entries",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("held", BigInteger, nullable=False),
    Column("ticket", BigInteger, ForeignKey("tickets.number")),
    Column("ref", Text, nullable=False, default=""),
    Column("at", Instant, nullable=False),
    Column("actor", Text, nullable=False, default=""),
    Column("reason", Text, nullable=False, default=""),
    Column("cause", Text, nullable=False, unique=True),
    Column("overdraft", BigInteger, nullable=False, default=0),
    one_of("kind", "grant", "purchase", "charge", "refund", "adjust", "hold", "release"),
    CheckConstraint(
        "(kind IN ('grant', 'purchase', 'refund') AND amount > 0 AND held = 0)"
        " OR (kind = 'charge' AND amount < 0 AND held <= 0 AND held >= amount)"
        " OR (kind = 'hold' AND amount = 0 AND held > 0)"
        " OR (kind = 'release' AND amount = 0 AND held < 0)"
        " OR (kind = 'adjust' AND amount <> 0 AND held = 0)",
        name="signs",
    ),
    CheckConstraint("overdraft >= 0", name="overdraft"),
    Index(None, "account", "id"),
    Index(None, "ticket"),
)

orders = Table(
    "orders",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("ordered_by", Text, nullable=False),
    Column("credits", BigInteger, nullable=False),
    Column("price_cents", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("ordered_at", Instant, nullable=False),
    Column("settled_at", Instant),
    one_of("status", "pending", "paid", "cancelled"),
    CheckConstraint("credits > 0", name="credits"),
)

withdrawals = Table(
    "withdrawals",
    metadata,
    Column("id", Id, primary_key=True),
    Column("account", Text, ForeignKey("accounts.id"), nullable=False),
    Column("ticket", BigInteger, ForeignKey("tickets.number")),
    Column("at", Instant, nullable=False),
    Index(None, "account"),
)

clocks = Table(
    "clocks",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ticket", BigInteger, ForeignKey("tickets.number"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("urgent", Boolean, nullable=False, default=False),
    Column("stopped_at", Instant),
    Column("met", Boolean),
    Column("breached", Boolean, nullable=False, default=False),
    # Microseconds left of an older promise, where this one is only its rest.
    Column("rest", BigInteger),
    Column("escalated", Integer, nullable=False, default=0),
    Column("held", Integer, nullable=False, default=0),
    Column("promised_at", Instant),
    Column("promised_by", Text, nullable=False, default=""),
    one_of("kind", "first_response", "answer", "next_response"),
    Index(
        "uq_clocks_running",
        "ticket",
        "kind",
        unique=True,
        sqlite_where=text("stopped_at IS NULL"),
        postgresql_where=text("stopped_at IS NULL"),
    ),
    Index(None, "ticket"),
)

timers = Table(
    "timers",
    metadata,
    Column("ticket", BigInteger, ForeignKey("tickets.number"), primary_key=True),
    Column("clock", Text, primary_key=True),
    Column("step", Text, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    # When it was written: what was overdue already then is not late (rule M19).
    Column("armed_at", Instant),
    # Its own time, or a later one after a try that failed.
    Column("not_before", Instant, nullable=False, default=_own_time),
    Column("tries", Integer, nullable=False, default=0),
    # Set aside after too many tries, until the gateway starts anew.
    Column("parked_at", Instant),
    Column("failure", Text, nullable=False, default=""),
    Index(
        "ix_timers_waiting",
        "not_before",
        sqlite_where=text("parked_at IS NULL"),
        postgresql_where=text("parked_at IS NULL"),
    ),
    # Every start looks for them: without it, through all timers there are.
    Index(
        "ix_timers_parked",
        "parked_at",
        sqlite_where=text("parked_at IS NOT NULL"),
        postgresql_where=text("parked_at IS NOT NULL"),
    ),
)

steps = Table(
    "steps",
    metadata,
    Column("id", Id, primary_key=True),
    Column("ticket", BigInteger, ForeignKey("tickets.number"), nullable=False),
    Column("clock", Text, nullable=False),
    Column("step", Text, nullable=False),
    Column("at", Instant, nullable=False),
    Column("due_at", Instant, nullable=False),
    # The opening of a reminder, which comes daily; the due time of any other step.
    Column("slot", Instant, nullable=False),
    Column("fired_at", Instant, nullable=False),
    Column("sent", Boolean, nullable=False),
    # Each step once for each due time, whatever happens to processes, clocks and nodes (38).
    UniqueConstraint("ticket", "clock", "step", "due_at", "slot"),
)

split_examples = Table(
    "split_examples",
    metadata,
    Column("id", Id, primary_key=True),
    # What was said in this ticket before `mail_at` is what the passage was compared with.
    Column("ticket", BigInteger, ForeignKey("tickets.number"), nullable=False),
    Column("moved_to", BigInteger, ForeignKey("tickets.number")),
    Column("how", Text, nullable=False),
    Column("mail_at", Instant, nullable=False),
    Column("passage", Text, nullable=False),
    Column("points", Integer, nullable=False, default=0),
    Column("score", Float),
    Column("reasons", JsonText, nullable=False),
    # About something else or not, as people showed; empty until they do.
    Column("off_topic", Boolean),
    Column("labelled_at", Instant),
    Column("labelled_by", Text, nullable=False, default=""),
    one_of("how", "auto", "suggested", "staff", "customer"),
    CheckConstraint("(off_topic IS NULL) = (labelled_at IS NULL)", name="labelled_at"),
    Index(None, "ticket"),
    Index(None, "moved_to"),
)

learned = Table(
    "learned",
    metadata,
    # What the desk's mails taught about words; made again from time to time, never missed.
    Column("name", Text, primary_key=True),
    Column("learned_at", Instant, nullable=False),
    Column("last_message", BigInteger, nullable=False),
    Column("content", LargeBinary, nullable=False),
    one_of("name", "background", "meaning"),
)
