"""First tables: accounts, tickets, the book, clocks, mails and letters; and what guards them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

SQLITE_TRIGGERS = (
    """
    CREATE TRIGGER entries_count AFTER INSERT ON entries BEGIN
        UPDATE accounts SET balance = balance + NEW.amount, held = held + NEW.held
         WHERE id = NEW.account;
        SELECT RAISE(ABORT, 'the account is overspent') FROM accounts
         WHERE id = NEW.account AND NEW.kind <> 'adjust' AND NEW.amount - NEW.held < 0
           AND balance - held < -NEW.overdraft;
        UPDATE tickets
           SET charged = charged - CASE WHEN NEW.kind IN ('charge', 'refund')
                                        THEN NEW.amount ELSE 0 END,
               reserved = reserved + NEW.held
         WHERE number = NEW.ticket;
    END
    """,
    *(
        f"""
        CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} BEGIN
            SELECT RAISE(ABORT, '{table} are never changed');
        END
        """
        for table in ("entries", "audit")
        for verb in ("UPDATE", "DELETE")
    ),
)
POSTGRES_TRIGGERS = (
    """
    CREATE FUNCTION entries_count() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE left_over bigint;
    BEGIN
        UPDATE accounts SET balance = balance + NEW.amount, held = held + NEW.held
         WHERE id = NEW.account RETURNING balance - held INTO left_over;
        IF NEW.kind <> 'adjust' AND NEW.amount - NEW.held < 0
           AND left_over < -NEW.overdraft THEN
            RAISE EXCEPTION 'the account is overspent' USING ERRCODE = 'check_violation';
        END IF;
        UPDATE tickets
           SET charged = charged - CASE WHEN NEW.kind IN ('charge', 'refund')
                                        THEN NEW.amount ELSE 0 END,
               reserved = reserved + NEW.held
         WHERE number = NEW.ticket;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER entries_count AFTER INSERT ON entries
        FOR EACH ROW EXECUTE FUNCTION entries_count()
    """,
    """
    CREATE FUNCTION never_changed() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% are never changed', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END $$
    """,
    *(
        f"""
        CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
            FOR EACH ROW EXECUTE FUNCTION never_changed()
        """
        for table in ("entries", "audit")
    ),
)
FIRST_NUMBERS = (("ticket", 1000), ("order", 0), ("round", 0))


def upgrade() -> None:
    """Make every table, its triggers and the first numbers."""
    _make_tables()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for trigger in SQLITE_TRIGGERS if sqlite else POSTGRES_TRIGGERS:
        op.execute(trigger)
    counters = sa.table("counters", sa.column("name", sa.Text), sa.column("value", sa.BigInteger))
    op.bulk_insert(counters, [{"name": name, "value": value} for name, value in FIRST_NUMBERS])


def _make_tables() -> None:
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
    op.create_table(
        "audit",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("details", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit")),
    )
    op.create_index(op.f("ix_audit_ticket"), "audit", ["ticket"], unique=False)
    op.create_table(
        "counters",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_counters")),
    )
    op.create_table(
        "marks",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_marks")),
    )
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
    op.create_index(
        "ix_tickets_open",
        "tickets",
        ["status"],
        unique=False,
        sqlite_where=sa.text("status <> 'closed'"),
        postgresql_where=sa.text("status <> 'closed'"),
    )
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
    op.create_table(
        "mails",
        sa.Column("queue_id", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("received_at", sa.BigInteger(), nullable=False),
        sa.Column("taken_in_at", sa.BigInteger(), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("reasons", sa.Text(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=True),
        sa.Column("account", sa.Text(), nullable=True),
        sa.Column("dedupe_key", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_mails_ticket")),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_mails")),
        sa.UniqueConstraint("dedupe_key", name=op.f("uq_mails_dedupe_key")),
    )
    op.create_index(op.f("ix_mails_message_id"), "mails", ["message_id"], unique=False)
    op.create_index(op.f("ix_mails_received_at"), "mails", ["received_at"], unique=False)
    op.create_index(op.f("ix_mails_ticket"), "mails", ["ticket"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("event", sa.Text(), nullable=False),
        sa.Column("letter", sa.Text(), nullable=False),
        sa.Column("recipient", sa.Text(), nullable=False),
        sa.Column("audience", sa.Text(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=True),
        sa.Column("order_number", sa.BigInteger(), nullable=True),
        sa.Column("assessment", sa.Integer(), nullable=True),
        sa.Column("copy_of", sa.Text(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "audience IN ('customer', 'staff', 'operator')", name=op.f("ck_outbox_audience")
        ),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed', 'withheld')",
            name=op.f("ck_outbox_state"),
        ),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_outbox_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    op.create_index("ix_outbox_help", "outbox", ["recipient", "letter", "created_at"], unique=False)
    op.create_index(op.f("ix_outbox_ticket"), "outbox", ["ticket"], unique=False)
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["priority", "not_before"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )
    op.create_table(
        "steps",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.Column("fired_at", sa.BigInteger(), nullable=False),
        sa.Column("sent", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_steps_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_steps")),
        sa.UniqueConstraint(
            "ticket",
            "clock",
            "step",
            "at",
            "due_at",
            name=op.f("uq_steps_ticket_clock_step_at_due_at"),
        ),
    )
    op.create_table(
        "timers",
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("clock", sa.Text(), nullable=False),
        sa.Column("step", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("due_at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_timers_ticket")),
        sa.PrimaryKeyConstraint("ticket", "clock", "step", name=op.f("pk_timers")),
    )
    op.create_index(op.f("ix_timers_at"), "timers", ["at"], unique=False)
    op.create_table(
        "withdrawals",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("account", sa.Text(), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["account"], ["accounts.id"], name=op.f("fk_withdrawals_account")),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_withdrawals_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_withdrawals")),
        sa.UniqueConstraint("ticket", name=op.f("uq_withdrawals_ticket")),
    )
    op.create_index(op.f("ix_withdrawals_account"), "withdrawals", ["account"], unique=False)
    op.create_table(
        "messages",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("ticket", sa.BigInteger(), nullable=False),
        sa.Column("queue_id", sa.Text(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("author", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("verified", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('mail', 'answer', 'question', 'note', 'filed')", name=op.f("ck_messages_kind")
        ),
        sa.ForeignKeyConstraint(
            ["queue_id"],
            ["mails.queue_id"],
            name=op.f("fk_messages_queue_id"),
            initially="DEFERRED",
            deferrable=True,
        ),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_messages_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_messages")),
    )
    op.create_index(op.f("ix_messages_message_id"), "messages", ["message_id"], unique=False)
    op.create_index(op.f("ix_messages_ticket_id"), "messages", ["ticket", "id"], unique=False)
    op.create_table(
        "raws",
        sa.Column("queue_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("packing", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("packing IN ('', 'zlib')", name=op.f("ck_raws_packing")),
        sa.ForeignKeyConstraint(["queue_id"], ["mails.queue_id"], name=op.f("fk_raws_queue_id")),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_raws")),
    )
