"""${message}."""

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
additive = False


def upgrade() -> None:
    """${message}."""
