"""What was said in a ticket: its first text and its latest ones, oldest first."""

from datetime import timedelta

import pytest
from acting.stage import NOW
from sqlalchemy import Engine, insert

from gateway.store.examples import said
from gateway.store.mail_tables import messages
from gateway.store.tables import accounts, tickets


@pytest.mark.parametrize(
    ("most", "until", "texts"),
    [
        pytest.param(9, None, "1234567", id="room for more"),
        pytest.param(8, None, "1234567", id="room for one more"),
        pytest.param(7, None, "1234567", id="just all"),
        pytest.param(6, None, "134567", id="one too many"),
        pytest.param(3, None, "167", id="first and latest"),
        pytest.param(1, None, "1", id="the first alone"),
        pytest.param(9, 4, "123", id="before an instant"),
        pytest.param(3, 4, "123", id="all before an instant"),
        pytest.param(2, 4, "13", id="first and latest before an instant"),
        pytest.param(9, 0, "", id="nothing before it"),
    ],
)
def test_the_first_and_the_latest_texts_are_found(
    engine: Engine, most: int, until: int | None, texts: str
) -> None:
    with engine.begin() as connection:
        # Given a ticket of seven texts, an hour apart, and one that was only filed
        connection.execute(insert(accounts), {"id": "acme", "opened_at": NOW})
        ticket = {"number": 1001, "account": "acme", "requester": "ann@acme.example"}
        ticket |= {"department": "general", "subject": "Tax", "status": "submitted", "thread": []}
        ticket |= {"waiting_on": "staff", "hotrush": "none", "payment": "none", "received_at": NOW}
        connection.execute(insert(tickets), ticket)
        written = {"ticket": 1001, "author": "ann@acme.example", "at": NOW}
        connection.execute(insert(messages), {**written, "kind": "filed", "text": "0"})
        for number in range(1, 8):
            at = NOW + timedelta(hours=number)
            connection.execute(
                insert(messages), {**written, "kind": "mail", "text": str(number), "at": at}
            )

        # When they are asked for, at most so many
        before = None if until is None else NOW + timedelta(hours=until)
        found = said(connection, 1001, before=before, most=most)

        # Then the first and the latest come, oldest first
        assert "".join(found) == texts
