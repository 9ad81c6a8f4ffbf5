"""Bring a database to the tables of this version: older ones are led there, newer ones refused."""

from pathlib import Path
from typing import Final, Literal

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine, text

from gateway.store.engine import is_sqlite

MIGRATIONS: Final = Path(__file__).parent / "migrations"
ADVISORY_LOCK: Final = 7_351_024
"""Any number: nodes that start together upgrade one after another."""


Standing = Literal["empty", "older", "current", "newer"]


class NewerDatabase(RuntimeError):
    """The database was upgraded by a later version; going back would lose what it added."""


def upgrade(engine: Engine) -> None:
    """Run every migration that is missing, in one transaction."""
    with engine.connect() as connection:
        if is_sqlite(connection):
            # Alembic rebuilds SQLite tables; with foreign keys on, that deletes their children.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.rollback()
        with connection.begin():
            changed = _run(connection)
        if changed and is_sqlite(connection):
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise RuntimeError(f"the upgrade left rows without their parents: {broken[:3]}")


def standing(connection: Connection) -> Standing:
    """How the tables of a database compare with this version's; changes nothing."""
    at = MigrationContext.configure(connection).get_current_revision()
    if at is None:
        return "empty"
    script = ScriptDirectory.from_config(_config(connection))
    if at == script.get_current_head():
        return "current"
    return "older" if at in {one.revision for one in script.walk_revisions()} else "newer"


def _run(connection: Connection) -> bool:
    """Migrate; false where there was nothing to do, so that a start costs the same at any size."""
    if not is_sqlite(connection):
        connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
    config = _config(connection)
    at = MigrationContext.configure(connection).get_current_revision()
    head = ScriptDirectory.from_config(config).get_current_head()
    if at == head:
        return False
    try:
        command.upgrade(config, "head")
    except CommandError as error:
        raise NewerDatabase(
            f"the database is at revision {at}, which this version does not know: install the "
            "version that upgraded it, or restore a backup made before"
        ) from error
    return True


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
