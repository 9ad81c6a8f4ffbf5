"""The version after this one: the same program with one revision more."""

import shutil
from pathlib import Path

from gateway.store.revision import MIGRATIONS

TOP = Path(__file__).parent.parent
REVISION = "next"
_SOURCE = '''"""What the next version adds."""

import sqlalchemy as sa
from alembic import op

revision = "{revision}"
down_revision = "{before}"
additive = {additive}


def upgrade() -> None:
    """A table, columns that may stay empty or fill themselves, an index."""
    op.create_table("moods", sa.Column("name", sa.Text(), primary_key=True))
    op.add_column("tickets", sa.Column("mood", sa.Text(), nullable=True))
    op.add_column("outbox", sa.Column("weight", sa.Integer(), server_default="1", nullable=False))
    op.create_index("outbox_weight", "outbox", ["weight"])
'''


def next_migrations(folder: Path, *, additive: bool) -> Path:
    """Its migrations, in a folder of their own."""
    made = folder / "migrations"
    shutil.copytree(MIGRATIONS, made, ignore=shutil.ignore_patterns("__pycache__"))
    before = max(path.name.partition("_")[0] for path in (made / "versions").glob("0*.py"))
    text = _SOURCE.format(revision=REVISION, before=before, additive=additive)
    (made / "versions" / "next.py").write_text(text, encoding="utf-8")
    return made


def next_program(folder: Path) -> Path:
    """The whole program of the next version; to be put first into PYTHONPATH."""
    made = folder / "next"
    shutil.copytree(TOP / "gateway", made / "gateway", ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("templates", "config"):
        (made / name).symlink_to(TOP / name)
    migrations = made / "gateway" / MIGRATIONS.relative_to(TOP / "gateway")
    shutil.rmtree(migrations)
    shutil.move(next_migrations(folder, additive=True), migrations)
    return made
