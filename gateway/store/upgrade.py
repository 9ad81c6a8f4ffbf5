"""Bring a database to the tables of this version; newer ones are served where they only added.

Nearly every start finds the tables as they should be. What runs the revisions is loaded where it is
needed only: Alembic takes half a second of processor time and ten megabytes.
"""

from pathlib import Path

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gateway.store.revision import MIGRATIONS, standing
from gateway.store.shared_commit import ATTEMPTS_MAX, RETRY_STATES


def upgrade(engine: Engine, migrations: Path = MIGRATIONS) -> None:
    """Run every migration that is missing, in one transaction. Raises `NewerDatabase`.

    Other nodes may be at work: where they and the migration wait for each other, it tries again.
    """
    with engine.connect() as connection:
        found = standing(connection, migrations)
    if found == "current":
        return
    from gateway.store.migrate import migrate  # noqa: PLC0415 - see above

    for attempt in range(ATTEMPTS_MAX):
        try:
            migrate(engine, migrations)
        except DBAPIError as error:
            state = getattr(error.orig, "sqlstate", None)
            if state not in RETRY_STATES or attempt + 1 == ATTEMPTS_MAX:
                raise
        else:
            return
