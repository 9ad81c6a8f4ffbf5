"""Run the revisions that a database lacks, and note which versions may serve it afterwards.

Rules for revisions:
1. Each says `additive`: true where it only adds tables, indexes, and columns that may stay empty or
   fill themselves. Then versions from before it go on, and start again, beside the new one.
2. Whoever migrates notes the oldest revision whose version still serves the database: the last one
   before nothing but additive ones. A version that does not know that revision is refused.
"""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, delete, insert, text

from gateway.store.engine import is_sqlite
from gateway.store.revision import SERVED_FROM, NewerDatabase, revision_of, standing
from gateway.store.tables import marks

ADVISORY_LOCK = 7_351_024
"""Any number: nodes that start together upgrade one after another."""


def migrate(engine: Engine, migrations: Path) -> None:
    """Run every migration that is missing, in one transaction. Raises `NewerDatabase`."""
    with engine.connect() as connection:
        if is_sqlite(connection):
            # Alembic rebuilds SQLite tables; with foreign keys on, that deletes their children.
            connection.exec_driver_sql("PRAGMA foreign_keys=OFF")
            connection.rollback()
        with connection.begin():
            changed = _run(connection, migrations)
        if changed and is_sqlite(connection):
            broken = connection.exec_driver_sql("PRAGMA foreign_key_check").all()
            if broken:
                raise RuntimeError(f"the upgrade left rows without their parents: {broken[:3]}")


def _run(connection: Connection, migrations: Path) -> bool:
    """Migrate; false where there was nothing to do, so that a start costs the same at any size."""
    if not is_sqlite(connection):
        connection.execute(text(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})"))
    found = standing(connection, migrations)
    if found == "newer":
        raise NewerDatabase(
            f"the database is at revision {revision_of(connection)}, which this version does not "
            "know and cannot serve: install the version that upgraded it, or restore a backup made "
            "before"
        )
    if found == "current":
        return False
    config = _config(connection, migrations)
    command.upgrade(config, "head")
    _note(connection, _served_from(ScriptDirectory.from_config(config)))
    return True


def _served_from(script: ScriptDirectory) -> str:
    """The oldest revision whose version serves a database with all of these."""
    for one in script.walk_revisions():
        if not one.module.additive:
            return one.revision
    raise AssertionError("the first revision adds to nothing")


def _note(connection: Connection, revision: str) -> None:
    connection.execute(delete(marks).where(marks.c.name == SERVED_FROM))
    connection.execute(insert(marks), {"name": SERVED_FROM, "value": revision})


def _config(connection: Connection, migrations: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
