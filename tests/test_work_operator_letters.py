"""Letters to the operator: one for an event, however often and by however many it is told."""

from datetime import UTC, datetime
from pathlib import Path

from desks import write_desk
from sqlalchemy import select

from gateway.daemon import plan_of
from gateway.settings.load import load_settings
from gateway.store.mail_tables import outbox
from gateway.store.transaction import run_once
from gateway.store.upgrade import upgrade
from gateway.wire.maildir import MaildirCarrier
from gateway.work.assembly import Parts
from gateway.work.operator_letters import OperatorLetters


def parts_of(tmp_path: Path) -> Parts:
    plan = plan_of(load_settings(write_desk(tmp_path), {}))
    return Parts(plan, lambda: datetime.now(UTC), lambda: MaildirCarrier(tmp_path / "letters"))


async def test_an_event_is_told_once(tmp_path: Path) -> None:
    parts = parts_of(tmp_path)
    upgrade(parts.engine)
    alarm = OperatorLetters(parts.transactions, parts.desk)

    first = await alarm.tell("mailbox:a", "The mailbox does not work.")
    again = await alarm.tell("mailbox:a", "The mailbox does not work.")
    other = await alarm.tell("mailbox:b", "Another one does not work.")

    rows = run_once(parts.engine, lambda c: c.execute(select(outbox)).all())
    await parts.close()
    assert (first, again, other) == (True, True, True)
    assert [row.letter for row in rows] == ["operator_alert"] * 2
    assert b"The mailbox does not work." in rows[0].content


async def test_without_a_database_it_is_told_later(tmp_path: Path) -> None:
    parts = parts_of(tmp_path)

    told = await OperatorLetters(parts.transactions, parts.desk).tell("mailbox:a", "Down.")

    await parts.close()
    assert not told
