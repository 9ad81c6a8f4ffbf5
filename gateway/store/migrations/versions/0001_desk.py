"""The desk: accounts, tickets, assessments, the book, clocks and timers."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
additive = False

COUNTERS = {"round": 0}
LAST_NUMBERS = {"ticket": 1000, "order": 0}


def upgrade() -> None:
    """Make the tables, parents first, and the first numbers."""
    _accounts()
    _counters()
    _learned()
    _marks()
    _nodes()
    _contacts()
    _orders()
    _tickets()
    _assessments()
    _clocks()
    _entries()
    _split_examples()
    _steps()
    _timers()
    _withdrawals()
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.BigInteger))
    # A counting row would be locked until the commit: where nodes write side by side, a sequence.
    counted = COUNTERS
    if op.get_bind().dialect.name == "sqlite":
        counted = {**COUNTERS, **LAST_NUMBERS}
    else:
        for name, last in LAST_NUMBERS.items():
            op.execute(f"CREATE SEQUENCE {name}_numbers START {last + 1}")
    op.bulk_insert(counters, [{"name": name, "value": value} for name, value in counted.items()])


def _accounts() -> None:
    op.create_table(
        "accounts",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=True),
        sa.Column("opened_at", sa.BigInteger(), nullable=False),
        sa.Column("balance", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("held", sa.BigInteger(), server_default="0", nullable=False),
        sa.CheckConstraint("held >= 0", name=op.f("ck_accounts_held")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_accounts")),
    )


def _counters() -> None:
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )


def _learned() -> None:
    op.create_table(
        "learned",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("learned_at", sa.BigInteger(), nullable=False),
        sa.Column("last_message", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.CheckConstraint("name IN ('background', 'meaning')", name=op.f("ck_learned_name")),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_learned")),
    )


def _marks() -> None:
    op.create_table(
        "marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )


def _nodes() -> None:
    op.create_table(
        "nodes",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("pid", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("accepted", sa.BigInteger(), nullable=False),
        sa.Column("waiting", sa.BigInteger(), nullable=False),
        sa.Column("parked", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_nodes")),
    )


def _contacts() -> None:
    op.create_table(
        "contacts",
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("zone", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_contacts_account")),
        sa.PrimaryKeyConstraint("address", name=op.f("pk_contacts")),
    )
    op.create_index(op.f("ix_contacts_account"), "contacts", ["account"], unique=False)


def _orders() -> None:
    op.create_table(
        "orders",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ordered_by", sa.Text(), nullable=False),
        sa.Column("credits", sa.BigInteger(), nullable=False),
        sa.Column("price_cents", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("ordered_at", sa.BigInteger(), nullable=False),
        sa.Column("settled_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'paid', 'cancelled')", name=op.f("ck_orders_status")
        ),
        sa.CheckConstraint("credits > 0", name=op.f("ck_orders_credits")),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_orders_account")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_orders")),
    )


def _tickets() -> None:
    op.create_table(
        "tickets",
        sa.Column("number", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("requester", sa.Text(), nullable=False),
        sa.Column("department", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("previous_status", sa.Text(), nullable=True),
        sa.Column("waiting_on", sa.Text(), nullable=False),
        sa.Column("hotrush", sa.Text(), nullable=False),
        sa.Column("hotrush_reason", sa.Text(), nullable=False),
        sa.Column("payment", sa.Text(), nullable=False),
        sa.Column("agreed_up_to", sa.BigInteger(), nullable=True),
        sa.Column("category", sa.Integer(), nullable=True),
        sa.Column("free", sa.Text(), nullable=False),
        sa.Column("kept", sa.BigInteger(), nullable=False),
        sa.Column("charged", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reserved", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("ceiling", sa.BigInteger(), nullable=False),
        sa.Column("assignee", sa.Text(), nullable=True),
        sa.Column("parent", sa.BigInteger(), nullable=True),
        sa.Column("merged_into", sa.BigInteger(), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("first_response_at", sa.BigInteger(), nullable=True),
        sa.Column("answered_at", sa.BigInteger(), nullable=True),
        sa.Column("closed_at", sa.BigInteger(), nullable=True),
        sa.Column("close_reason", sa.Text(), nullable=False),
        sa.Column("breached", sa.Boolean(), nullable=False),
        sa.Column("nosplit", sa.Boolean(), nullable=False),
        sa.Column("asked_last", sa.Boolean(), nullable=False),
        sa.Column("time_left", sa.BigInteger(), nullable=True),
        sa.Column("last_text", sa.Text(), nullable=False),
        sa.Column("last_mail_at", sa.BigInteger(), nullable=True),
        sa.Column("last_mail_id", sa.Text(), nullable=False),
        sa.Column("thread", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(status = 'closed') = (closed_at IS NOT NULL)", name=op.f("ck_tickets_closed_at")
        ),
        sa.CheckConstraint(
            "hotrush IN ('none', 'refused', 'active', 'unset', 'withdrawn', 'removed')",
            name=op.f("ck_tickets_hotrush"),
        ),
        sa.CheckConstraint(
            "payment IN ('ask_first', 'pre_agreed', 'none')", name=op.f("ck_tickets_payment")
        ),
        sa.CheckConstraint(
            "status <> 'closed' OR reserved = 0", name=op.f("ck_tickets_closed_reserves_nothing")
        ),
        sa.CheckConstraint(
            "status IN ('submitted', 'assigned', 'awaiting_confirmation', 'in_progress', 'closed')",
            name=op.f("ck_tickets_status"),
        ),
        sa.CheckConstraint(
            "waiting_on IN ('staff', 'customer')", name=op.f("ck_tickets_waiting_on")
        ),
        sa.CheckConstraint("charged + reserved <= ceiling", name=op.f("ck_tickets_ceiling")),
        sa.CheckConstraint(
            "charged = 0 OR reserved = 0", name=op.f("ck_tickets_charged_or_reserved")
        ),
        sa.CheckConstraint(
            "charged >= 0 AND reserved >= 0", name=op.f("ck_tickets_no_negative_sums")
        ),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_tickets_account")),
        sa.ForeignKeyConstraint(
            ["merged_into"], ["tickets.number"], name=op.f("fk_tickets_merged_into")
        ),
        sa.ForeignKeyConstraint(["parent"], ["tickets.number"], name=op.f("fk_tickets_parent")),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_tickets")),
    )
    op.create_index(op.f("ix_tickets_account"), "tickets", ["account"], unique=False)
    op.create_index("ix_tickets_lately", "tickets", ["requester", "received_at"], unique=False)
    op.create_index(
        "ix_tickets_open",
        "tickets",
        ["status"],
        unique=False,
        sqlite_where=sa.text("status <> 'closed'"),
        postgresql_where=sa.text("status <> 'closed'"),
    )


def _assessments() -> None:
    op.create_table(
        "assessments",
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("category", sa.Integer(), nullable=False),
        sa.Column("base", sa.BigInteger(), nullable=False),
        sa.Column("multiplier", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("funded", sa.Boolean(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("proposed_at", sa.BigInteger(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "verdict IN ('open', 'confirmed', 'declined', 'superseded', 'expired')",
            name=op.f("ck_assessments_verdict"),
        ),
        sa.CheckConstraint("base >= 0 AND multiplier >= 1", name=op.f("ck_assessments_price")),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_assessments_ticket")),
        sa.PrimaryKeyConstraint("ticket", "number", name=op.f("pk_assessments")),
    )
    op.create_index(
        "uq_assessments_open",
        "assessments",
        ["ticket"],
        unique=True,
        sqlite_where=sa.text("verdict = 'open'"),
        postgresql_where=sa.text("verdict = 'open'"),
    )


def _clocks() -> None:
    op.create_table(
        "clocks",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("stopped_at", sa.BigInteger(), nullable=True),
        sa.Column("met", sa.Boolean(), nullable=True),
        sa.Column("breached", sa.Boolean(), nullable=False),
        sa.Column("rest", sa.BigInteger(), nullable=True),
        sa.Column("escalated", sa.Integer(), nullable=False),
        sa.Column("held", sa.Integer(), nullable=False),
        sa.Column("promised_at", sa.BigInteger(), nullable=True),
        sa.Column("promised_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('first_response', 'answer', 'next_response')", name=op.f("ck_clocks_kind")
        ),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_clocks_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_clocks")),
    )
    op.create_index(op.f("ix_clocks_ticket"), "clocks", ["ticket"], unique=False)
    op.create_index(
        "uq_clocks_running",
        "clocks",
        ["ticket", "kind"],
        unique=True,
        sqlite_where=sa.text("stopped_at IS NULL"),
        postgresql_where=sa.text("stopped_at IS NULL"),
    )


def _entries() -> None:
    op.create_table(
        "entries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("held", sa.BigInteger(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=True),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("cause", sa.Text(), nullable=False),
        sa.Column("overdraft", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "(kind IN ('grant', 'purchase', 'refund') AND amount > 0 AND held = 0) OR (kind = 'charge' AND amount < 0 AND held <= 0 AND held >= amount) OR (kind = 'hold' AND amount = 0 AND held > 0) OR (kind = 'release' AND amount = 0 AND held < 0) OR (kind = 'adjust' AND amount <> 0 AND held = 0)",
            name=op.f("ck_entries_signs"),
        ),
        sa.CheckConstraint(
            "kind IN ('grant', 'purchase', 'charge', 'refund', 'adjust', 'hold', 'release')",
            name=op.f("ck_entries_kind"),
        ),
        sa.CheckConstraint("overdraft >= 0", name=op.f("ck_entries_overdraft")),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_entries_account")),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_entries_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_entries")),
        sa.UniqueConstraint("cause", name=op.f("uq_entries_cause")),
    )
    op.create_index(op.f("ix_entries_account_id"), "entries", ["account", "id"], unique=False)
    op.create_index(op.f("ix_entries_ticket"), "entries", ["ticket"], unique=False)


def _split_examples() -> None:
    op.create_table(
        "split_examples",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("moved_to", sa.BigInteger(), nullable=True),
        sa.Column("how", sa.Text(), nullable=False),
        sa.Column("mail_at", sa.BigInteger(), nullable=False),
        sa.Column("passage", sa.Text(), nullable=False),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=True),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("off_topic", sa.Boolean(), nullable=True),
        sa.Column("labelled_at", sa.BigInteger(), nullable=True),
        sa.Column("labelled_by", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "how IN ('auto', 'suggested', 'staff', 'customer')", name=op.f("ck_split_examples_how")
        ),
        sa.CheckConstraint(
            "(off_topic IS NULL) = (labelled_at IS NULL)",
            name=op.f("ck_split_examples_labelled_at"),
        ),
        sa.ForeignKeyConstraint(
            ["moved_to"], ["tickets.number"], name=op.f("fk_split_examples_moved_to")
        ),
        sa.ForeignKeyConstraint(
            ["ticket"], ["tickets.number"], name=op.f("fk_split_examples_ticket")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_split_examples")),
    )
    op.create_index(
        op.f("ix_split_examples_moved_to"), "split_examples", ["moved_to"], unique=False
    )
    op.create_index(op.f("ix_split_examples_ticket"), "split_examples", ["ticket"], unique=False)


def _steps() -> None:
    op.create_table(
        "steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.BigInteger(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_steps_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
        sa.UniqueConstraint(
            "ticket",
            "clock",
            "step",
            "due_at",
            "slot",
            name=op.f("uq_steps_ticket_clock_step_due_at_slot"),
        ),
    )


def _timers() -> None:
    op.create_table(
        "timers",
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("armed_at", sa.BigInteger(), nullable=True),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("parked_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_timers_ticket")),
        sa.PrimaryKeyConstraint("ticket", "clock", "step", name=op.f("pk_timers")),
    )
    op.create_index(
        "ix_timers_parked",
        "timers",
        ["parked_at"],
        unique=False,
        sqlite_where=sa.text("parked_at IS NOT NULL"),
        postgresql_where=sa.text("parked_at IS NOT NULL"),
    )
    op.create_index(
        "ix_timers_waiting",
        "timers",
        ["not_before"],
        unique=False,
        sqlite_where=sa.text("parked_at IS NULL"),
        postgresql_where=sa.text("parked_at IS NULL"),
    )


def _withdrawals() -> None:
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_withdrawals_account")),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_withdrawals_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
    )
    op.create_index(op.f("ix_withdrawals_account"), "withdrawals", ["account"], unique=False)
