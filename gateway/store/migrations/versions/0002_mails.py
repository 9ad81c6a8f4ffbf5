"""What came in, what was said, what goes out, who did what; and the guards of the book."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
additive = False

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


def upgrade() -> None:
    """Make the tables, and the triggers that count the book and keep it as it is."""
    _audit()
    _files()
    _pauses()
    _pictures()
    _file_uses()
    _mails()
    _outbox()
    _messages()
    _raws()
    sqlite = op.get_bind().dialect.name == "sqlite"
    for trigger in SQLITE_TRIGGERS if sqlite else POSTGRES_TRIGGERS:
        op.execute(trigger)


def _audit() -> None:
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


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name=op.f("pk_files")),
    )


def _pauses() -> None:
    op.create_table(
        "pauses",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("since_at", sa.BigInteger(), nullable=False),
        sa.Column("until_at", sa.BigInteger(), nullable=False),
        sa.Column("strikes", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "scope IN ('address', 'writer', 'ticket', 'domain', 'desk')",
            name=op.f("ck_pauses_scope"),
        ),
        sa.PrimaryKeyConstraint("key", "scope", name=op.f("pk_pauses")),
    )


def _pictures() -> None:
    op.create_table(
        "pictures",
        sa.Column("domain", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("mails", sa.Integer(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("domain", "digest", name=op.f("pk_pictures")),
    )
    op.create_index(op.f("ix_pictures_seen_at"), "pictures", ["seen_at"], unique=False)


def _file_uses() -> None:
    op.create_table(
        "file_uses",
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["files.digest"], name=op.f("fk_file_uses_digest")),
        sa.PrimaryKeyConstraint("holder", "digest", name=op.f("pk_file_uses")),
    )
    op.create_index(op.f("ix_file_uses_digest"), "file_uses", ["digest"], unique=False)


def _mails() -> None:
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
        sa.Column("alarms", sa.Text(), nullable=False),
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


def _outbox() -> None:
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
        sa.Column("packing", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("not_before", sa.BigInteger(), nullable=False),
        sa.Column("lease_until", sa.BigInteger(), nullable=True),
        sa.Column("holder", sa.Text(), nullable=False),
        sa.Column("sent_at", sa.BigInteger(), nullable=True),
        sa.Column("failure", sa.Text(), nullable=False),
        sa.Column("domain", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "audience IN ('customer', 'staff', 'operator')", name=op.f("ck_outbox_audience")
        ),
        sa.CheckConstraint("packing IN ('', 'files')", name=op.f("ck_outbox_packing")),
        sa.CheckConstraint(
            "state IN ('queued', 'sending', 'sent', 'failed', 'withheld')",
            name=op.f("ck_outbox_state"),
        ),
        sa.ForeignKeyConstraint(["ticket"], ["tickets.number"], name=op.f("fk_outbox_ticket")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("message_id", name=op.f("uq_outbox_message_id")),
    )
    op.create_index(
        "ix_outbox_counted",
        "outbox",
        ["domain", "created_at"],
        unique=False,
        sqlite_where=sa.text("domain != ''"),
        postgresql_where=sa.text("domain != ''"),
    )
    op.create_index("ix_outbox_help", "outbox", ["recipient", "letter", "created_at"], unique=False)
    op.create_index(
        "ix_outbox_lately",
        "outbox",
        ["created_at"],
        unique=False,
        sqlite_where=sa.text("domain != ''"),
        postgresql_where=sa.text("domain != ''"),
    )
    op.create_index(op.f("ix_outbox_ticket"), "outbox", ["ticket"], unique=False)
    op.create_index(
        "ix_outbox_waiting",
        "outbox",
        ["priority", "not_before"],
        unique=False,
        sqlite_where=sa.text("state IN ('queued', 'sending')"),
        postgresql_where=sa.text("state IN ('queued', 'sending')"),
    )


def _messages() -> None:
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
    op.create_index(op.f("ix_messages_queue_id"), "messages", ["queue_id"], unique=False)
    op.create_index(op.f("ix_messages_ticket_id"), "messages", ["ticket", "id"], unique=False)


def _raws() -> None:
    op.create_table(
        "raws",
        sa.Column("queue_id", sa.Text(), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.Column("packing", sa.Text(), nullable=False),
        sa.Column("size", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("packing IN ('', 'zlib', 'files')", name=op.f("ck_raws_packing")),
        sa.ForeignKeyConstraint(["queue_id"], ["mails.queue_id"], name=op.f("fk_raws_queue_id")),
        sa.PrimaryKeyConstraint("queue_id", name=op.f("pk_raws")),
    )
