"""Letters are withheld while their recipient is paused, and only what may wait."""

from datetime import timedelta

import pytest
from acting.stage import NOW
from sqlalchemy import Engine, select

from gateway.desk.pause import PauseLetters, PauseScope
from gateway.store import spent
from gateway.store.mail_tables import outbox
from gateway.store.outbox import enqueue_all

KIM, ANN = "kim@newco.example", "ann@acme.example"


def letter(to: str, name: str, audience: str) -> dict[str, object]:
    return {
        "event": "q1",
        "letter": name,
        "recipient": to,
        "audience": audience,
        "ticket": None,
        "order_number": None,
        "assessment": None,
        "copy_of": "",
        "content": b"x",
        "message_id": f"{name}-{to}",
        "domain": "",
        "priority": 3,
        "created_at": NOW,
        "not_before": NOW,
    }


@pytest.mark.parametrize(
    ("name", "audience", "scope", "until", "withheld"),
    [
        pytest.param("ticket_closed", "customer", "address", 1, [KIM], id="paused"),
        pytest.param("ticket_closed", "customer", "address", 0, [], id="the pause is over"),
        pytest.param("ticket_closed", "customer", "writer", 1, [], id="another kind of pause"),
        pytest.param("answer", "customer", "address", 1, [], id="a person wrote it"),
        pytest.param("desk_report", "staff", "address", 1, [], id="to staff"),
    ],
)
def test_what_may_wait_is_withheld_while_its_recipient_is_paused(
    engine: Engine, name: str, audience: str, scope: PauseScope, until: int, withheld: list[str]
) -> None:
    with engine.begin() as connection:
        # Given a pause over one of two addresses, begun in this transaction
        ends = NOW + timedelta(hours=until)
        spent.carry_out(
            connection, PauseLetters(scope=scope, key=KIM, since=NOW, until=ends, reason="550 gone")
        )

        # When a letter to each is put into the outbox
        enqueue_all(connection, [letter(to, name, audience) for to in (KIM, ANN)])

        # Then only that one is withheld, and says why
        found = connection.execute(select(outbox)).all()
    assert [row.recipient for row in found if row.state == "withheld"] == withheld
    assert [row.failure for row in found if row.failure] == ["paused: 550 gone"] * len(withheld)
    assert {row.state for row in found} <= {"withheld", "queued"}


def test_the_same_letter_stays_the_one_it_was(engine: Engine) -> None:
    with engine.begin() as connection:
        # Given a letter that waits, and a pause that begins afterwards
        enqueue_all(connection, [letter(KIM, "ticket_closed", "customer")])
        ends = NOW + timedelta(hours=1)
        spent.carry_out(
            connection, PauseLetters(scope="address", key=KIM, since=NOW, until=ends, reason="gone")
        )

        # When the same event writes it once more
        enqueue_all(connection, [letter(KIM, "ticket_closed", "customer")])

        # Then it waits as before
        assert connection.execute(select(outbox.c.state)).scalars().all() == ["queued"]
