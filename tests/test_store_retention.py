"""Old bytes go after their time, in pieces; rows, tickets and the book stay."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from desks import change, write_desk
from sqlalchemy import Connection, Engine, func, insert, select

from gateway.settings.load import load_settings
from gateway.store.mail_tables import mails, outbox, raws
from gateway.store.retention import PIECE, Retention, database_octets, kept_octets, let_go
from gateway.store.tables import accounts, tickets

NOW = datetime(2026, 7, 6, 10, tzinfo=UTC)
DAY = timedelta(days=1)
LARGE = 70_000


def ticket(number: int, *, closed: bool) -> dict[str, Any]:
    return {
        "number": number,
        "account": "acme",
        "requester": "ann@acme.example",
        "department": "support",
        "subject": "Tax",
        "status": "closed" if closed else "submitted",
        "closed_at": NOW if closed else None,
        "waiting_on": "staff",
        "hotrush": "none",
        "payment": "none",
        "received_at": NOW,
        "thread": [],
    }


def fill(connection: Connection) -> None:
    """Mails of all ages, of no ticket, of an open and of a closed one; small and large."""
    connection.execute(insert(accounts).values(id="acme", opened_at=NOW))
    connection.execute(insert(tickets), [ticket(1, closed=False), ticket(2, closed=True)])
    for name, number, days, size in (
        ("new", None, 1, 10),
        ("old", None, 9, 10),
        ("open", 1, 9, 10),
        ("closed", 2, 9, 10),
        ("large", None, 9, LARGE),
    ):
        add_mail(connection, name, number, NOW - days * DAY, size)
    for number, state in enumerate(("sent", "failed", "queued")):
        add_letter(connection, number, state)


def add_mail(
    connection: Connection, name: str, number: int | None, at: datetime, size: int
) -> None:
    values = {"reasons": [], "alarms": [], "disposition": "request", "digest": name}
    row = {"queue_id": name, "received_at": at, "taken_in_at": at, "ticket": number, **values}
    connection.execute(insert(mails).values(row))
    connection.execute(insert(raws).values(queue_id=name, content=b"x" * size, size=size))


def add_letter(connection: Connection, number: int, state: str) -> None:
    connection.execute(
        insert(outbox).values(
            event=f"e{number}",
            letter="answer",
            recipient="ann@acme.example",
            audience="customer",
            message_id=f"m{number}",
            content=b"letter",
            state=state,
            priority=3,
            created_at=NOW - 9 * DAY,
            not_before=NOW - 9 * DAY,
            sent_at=NOW - 9 * DAY if state == "sent" else None,
        )
    )


@pytest.mark.parametrize(
    ("kept", "stays", "letters"),
    [
        pytest.param(Retention(), "new old open closed large", 3, id="off"),
        pytest.param(Retention(raw_mails=5 * DAY), "new open", 3, id="raw mails"),
        pytest.param(Retention(attachments=5 * DAY), "new old open closed", 3, id="attachments"),
        pytest.param(Retention(sent_letters=5 * DAY), "new old open closed large", 2, id="letters"),
        pytest.param(
            Retention(raw_mails=9 * DAY, attachments=9 * DAY, sent_letters=9 * DAY),
            "new old open closed large",
            3,
            id="not a moment too early",
        ),
    ],
)
def test_what_is_older_than_it_is_kept_goes(
    engine: Engine, kept: Retention, stays: str, letters: int
) -> None:
    with engine.begin() as connection:
        fill(connection)

        while let_go(connection, kept, NOW):
            pass

        left = set(connection.execute(select(raws.c.queue_id)).scalars())
        full = select(func.count()).where(outbox.c.content != b"")
        assert left == set(stays.split())
        assert connection.execute(full).scalar_one() == letters
        assert connection.execute(select(func.count()).select_from(mails)).scalar_one() == 5
        assert connection.execute(select(func.count()).select_from(outbox)).scalar_one() == 3


def test_it_goes_in_pieces(engine: Engine) -> None:
    with engine.begin() as connection:
        for number in range(PIECE + 1):
            add_mail(connection, f"q{number}", None, NOW - 9 * DAY, 1)

        pieces = [let_go(connection, Retention(raw_mails=DAY), NOW) for _ in range(3)]

    assert pieces == [PIECE, 1, 0]


def test_the_operator_sees_how_much_is_kept(engine: Engine) -> None:
    with engine.begin() as connection:
        fill(connection)

        assert kept_octets(connection) == {
            "raw mails": (5, LARGE + 40),
            "sent letters": (1, 6),
            "large files": (0, 0),
        }
        assert database_octets(connection) > LARGE


@pytest.mark.parametrize(
    ("text", "expected"),
    [pytest.param("30d", 30 * DAY, id="a time"), pytest.param("off", None, id="off")],
)
def test_retention_is_set_by_periods(tmp_path: Path, text: str, expected: timedelta | None) -> None:
    desk = write_desk(tmp_path)
    change(desk, '# raw_mails = "180d"', f'raw_mails = "{text}"')

    assert load_settings(desk, {}).gateway.retention.raw_mails == expected
