"""Migrations lead to exactly the tables of the code, on both databases."""

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, text

from gateway.store.mail_tables import mails
from gateway.store.tables import tickets
from gateway.store.upgrade import NewerDatabase, standing, upgrade


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


def test_a_database_of_a_later_version_is_refused_with_words(engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))

    with pytest.raises(NewerDatabase, match="9999"):
        upgrade(engine)


def test_a_database_says_how_it_stands(engine: Engine) -> None:
    with engine.begin() as connection:
        assert standing(connection) == "current"
        for revision, found in (("0001", "older"), ("9999", "newer")):
            connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
            assert standing(connection) == found
        connection.execute(text("DELETE FROM alembic_version"))
        assert standing(connection) == "empty"
