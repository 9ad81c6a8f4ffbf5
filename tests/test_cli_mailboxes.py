"""Mailboxes at the command line, against a real IMAP server: what differs is named."""

import asyncio
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest
from acting.operator import run_gateway
from desks import write_desk
from servers.dovecot import PASSWORD, Dovecot

from gateway.settings.load import load_settings
from gateway.settings.mailboxes import accounts
from gateway.spool import Spool
from gateway.wire.imap_in import Mailbox
from gateway.wire.imap_journal import UidJournal
from gateway.work.comparison import Unheard


def mails(count: int) -> list[bytes]:
    return [b"From: kim@newco.example\r\nSubject: %d\r\n\r\nHi\r\n" % n for n in range(count)]


@pytest.fixture
def user(imap_server: Dovecot) -> str:
    return imap_server.new_user()


@pytest.fixture
def desk(tmp_path: Path, imap_server: Dovecot, user: str) -> Path:
    path = write_desk(tmp_path)
    section = (
        f'[imap.support]\nhost = "127.0.0.1"\nport = {imap_server.port}\ntls = false\n'
        f'user = "{user}"\npassword = "{PASSWORD}"\n'
    )
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{section}", encoding="utf-8")
    return path


async def take(desk: Path) -> None:
    """Take everything of the mailbox into the spool."""
    settings = load_settings(desk, {})
    account = accounts(settings)["support"]
    spool = Spool(settings.state_dir / "spool.db")
    journal = UidJournal(spool, account.place)
    mailbox = Mailbox(account, journal, lambda: datetime.now(UTC), Unheard())
    connection = await mailbox.connect()
    await mailbox.catch_up(connection, is_full=True)
    connection.close()
    spool.close()


def test_a_mailbox_that_was_taken_in_agrees(desk: Path, imap_server: Dovecot, user: str) -> None:
    imap_server.deliver(user, [*mails(3), mails(1)[0]])
    asyncio.run(take(desk))

    ran = run_gateway("mail", "reconcile", "--json", config=desk)

    assert ran.code == 0
    row = ran.json()
    assert (row["mails"], row["taken"], row["repeats"], row["unsettled"]) == (4, 3, 1, 0)
    assert row["waiting"] == row["lost"] == []


def test_mails_that_were_not_taken_in_yet_are_named(
    desk: Path, imap_server: Dovecot, user: str
) -> None:
    imap_server.deliver(user, mails(2))

    ran = run_gateway("mail", "reconcile", "support", "--json", config=desk)

    assert ran.code == 1
    assert ran.json()["waiting"] == [1, 2]
    assert "1, 2" in run_gateway("mail", "reconcile", config=desk).output


def test_mails_that_are_gone_from_the_desk_are_named_and_taken_again(
    desk: Path, imap_server: Dovecot, user: str
) -> None:
    """Fault F46: the backup of yesterday was restored, the mailbox is of today."""
    imap_server.deliver(user, mails(3))
    asyncio.run(take(desk))
    with closing(sqlite3.connect(desk.parent / "state" / "spool.db")) as spool:
        (queue_id,) = spool.execute("SELECT queue_id FROM spool ORDER BY seq").fetchone()
        spool.execute("DELETE FROM spool WHERE queue_id = ?", (queue_id,))
        spool.commit()

    found = run_gateway("mail", "reconcile", "--again", "--json", config=desk)
    asyncio.run(take(desk))
    after = run_gateway("mail", "reconcile", "--json", config=desk)

    assert found.code == 1
    assert found.json()["lost"] == [queue_id]
    assert after.code == 0
    assert after.json()["taken"] == 3


def test_a_mailbox_that_is_not_there_is_named(desk: Path) -> None:
    ran = run_gateway("mail", "reconcile", "sales", config=desk)

    assert ran.code == 2
    assert "there is no mailbox sales; there are support" in ran.errors


def test_check_says_how_many_mails_wait(desk: Path, imap_server: Dovecot, user: str) -> None:
    imap_server.deliver(user, mails(2))

    ran = run_gateway("check", config=desk)

    (line,) = [line for line in ran.output.splitlines() if "imap.support" in line]
    assert line.startswith("ok")
    assert line.endswith("2 mails, 2 not taken in yet")
    assert ran.code == 0
    assert imap_server.flags(user) in ([], [""] * 2), "looking changes nothing"


@pytest.mark.parametrize(
    ("key", "value", "reason", "advice"),
    [
        pytest.param("PASSWORD", "wrong", "(login)", "Check user and password", id="password"),
        pytest.param("FOLDER", "Nowhere", "(folder)", "Check folder", id="folder"),
        pytest.param("PORT", "1", "(unreachable)", "host and port", id="port"),
    ],
)
def test_check_says_what_to_do(
    desk: Path, monkeypatch: pytest.MonkeyPatch, key: str, value: str, reason: str, advice: str
) -> None:
    monkeypatch.setenv(f"GATEWAY_IMAP__SUPPORT__{key}", value)

    ran = run_gateway("check", config=desk)

    (line,) = [line for line in ran.output.splitlines() if "imap.support" in line]
    assert line.startswith("FAIL")
    assert reason in line
    assert advice in line
    assert ran.code == 1
    assert PASSWORD not in ran.output
