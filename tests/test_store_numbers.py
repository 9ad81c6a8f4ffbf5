"""Numbers of tickets and orders: each is drawn once, and nobody waits for anybody else's."""

from sqlalchemy import Engine, text

from gateway.store.engine import open_engine
from gateway.store.numbers import draw, next_number


def test_numbers_follow_one_another(engine: Engine) -> None:
    with engine.begin() as connection:
        assert next_number(connection, "ticket") == 1001
        assert [draw(connection, "ticket") for _ in range(3)] == [1001, 1002, 1003]
        assert [draw(connection, "order") for _ in range(2)] == [1, 2]
    with engine.connect() as connection:
        assert next_number(connection, "ticket") == 1004
        assert next_number(connection, "order") == 3


def test_a_node_draws_while_another_has_not_committed(postgres_url: str) -> None:
    engine = open_engine(postgres_url)
    with engine.begin() as first, engine.begin() as second:
        second.execute(text("SET LOCAL lock_timeout = '1s'"))

        drawn = [draw(one, "ticket") for one in (first, second, first)]

    assert drawn == [1001, 1002, 1003]
    engine.dispose()
