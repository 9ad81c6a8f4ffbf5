"""Migrations lead to exactly the tables of the code, and versions meet on one database."""

import ast
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from next_version import REVISION, next_migrations
from sqlalchemy import Engine, text

from gateway.store.mail_tables import mails
from gateway.store.revision import MIGRATIONS, NewerDatabase, standing
from gateway.store.tables import tickets
from gateway.store.upgrade import upgrade

ADDS = frozenset({"create_table", "create_index", "add_column"})


def test_the_migrated_schema_is_the_one_of_the_code(engine: Engine) -> None:
    assert mails.metadata is tickets.metadata
    with engine.connect() as connection:
        context = MigrationContext.configure(connection)
        differences = compare_metadata(context, tickets.metadata)

    assert differences == []


def test_upgrading_again_changes_nothing(engine: Engine) -> None:
    upgrade(engine)
    upgrade(engine)

    with engine.connect() as connection:
        counted = text("SELECT count(*) FROM counters WHERE name = 'round'")
        assert connection.execute(counted).scalar_one() == 1


def test_a_database_says_how_it_stands(engine: Engine) -> None:
    with engine.begin() as connection:
        assert standing(connection) == "current"
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
        assert standing(connection) == "older"
        connection.execute(text("DELETE FROM alembic_version"))
        assert standing(connection) == "empty"


def test_a_database_that_a_later_version_only_added_to_is_served(
    engine: Engine, tmp_path: Path
) -> None:
    upgrade(engine, next_migrations(tmp_path, additive=True))

    upgrade(engine)

    with engine.connect() as connection:
        found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
        assert (found, standing(connection)) == (REVISION, "current")


def test_a_database_that_a_later_version_changed_is_refused(engine: Engine, tmp_path: Path) -> None:
    upgrade(engine, next_migrations(tmp_path, additive=False))

    with pytest.raises(NewerDatabase, match=f"revision {REVISION}.*cannot serve"):
        upgrade(engine)
    with engine.connect() as connection:
        assert standing(connection) == "newer"


def faults(source: str) -> list[str]:
    """What a revision does that older versions might not survive, though it says it only adds."""
    tree = ast.parse(source)
    says = [
        one.value
        for one in tree.body
        if isinstance(one, ast.Assign) and ast.unparse(one.targets[0]) == "additive"
    ]
    if [ast.unparse(one) for one in says] != ["True"]:
        return []
    calls = [one for one in ast.walk(tree) if isinstance(one, ast.Call)]
    of_op = [one for one in calls if ast.unparse(one.func).startswith("op.")]
    return [
        ast.unparse(one)
        for one in of_op
        if one.func.attr not in ADDS  # type: ignore[attr-defined]  # `op.` stands before it
        or (ast.unparse(one.func) == "op.add_column" and not fills_itself(one))
    ]


def fills_itself(added: ast.Call) -> bool:
    """Whether a row may be written without the column."""
    words = {one.arg: ast.unparse(one.value) for one in added.args[1].keywords}  # type: ignore[attr-defined]  # sa.Column
    return words.get("nullable") == "True" or "server_default" in words


@pytest.mark.parametrize(
    "path", sorted((MIGRATIONS / "versions").glob("*.py")), ids=lambda path: path.stem
)
def test_a_revision_that_says_it_only_adds_only_adds(path: Path) -> None:
    source = path.read_text(encoding="utf-8")

    assert "\nadditive = " in source, "say whether older versions can serve what it leaves"
    assert faults(source) == []


@pytest.mark.parametrize(
    ("step", "is_fine"),
    [
        pytest.param('op.create_table("a", sa.Column("b", sa.Text()))', True, id="a table"),
        pytest.param('op.create_index("a_b", "a", ["b"])', True, id="an index"),
        pytest.param(
            'op.add_column("a", sa.Column("b", sa.Text(), nullable=True))', True, id="may be empty"
        ),
        pytest.param(
            'op.add_column("a", sa.Column("b", sa.Text(), server_default="", nullable=False))',
            True,
            id="fills itself",
        ),
        pytest.param(
            'op.add_column("a", sa.Column("b", sa.Text(), nullable=False))', False, id="must be set"
        ),
        pytest.param('op.drop_column("a", "b")', False, id="a column less"),
        pytest.param('op.execute("UPDATE a SET b = 1")', False, id="anything else"),
    ],
)
def test_what_only_adds_is_told_from_what_does_not(step: str, is_fine: bool) -> None:
    assert (faults(f"additive = True\n{step}\n") == []) == is_fine
