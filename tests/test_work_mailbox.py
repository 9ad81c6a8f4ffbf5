"""The supervisor of a mailbox: it tries again, says how it is doing, and tells what lasts, once."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from servers.imap_double import ImapDouble

from gateway.spool import Spool
from gateway.wire.imap_account import Account, Pace
from gateway.wire.imap_journal import Incident, UidJournal
from gateway.wire.imap_trouble import Trouble
from gateway.work.mailbox import BACKOFF, MailboxState, Supervisor

PROMPT = 8.0
PACE = Pace(
    renew=0.2,
    poll=0.1,
    patience=0.3,
    rescan=60,
    settle_again=0.1,
    look=0.02,
    proof=0.1,
    retry=0.02,
)


@dataclass
class Letters:
    """Hears what the operator is told."""

    told: dict[str, str] = field(default_factory=dict)
    is_away: bool = False

    async def tell(self, event: str, reason: str) -> bool:
        if not self.is_away:
            assert event not in self.told
            self.told[event] = reason
        return not self.is_away


@dataclass
class Watched:
    """A supervisor at work on the double."""

    double: ImapDouble
    spool: Spool
    supervisor: Supervisor
    letters: Letters

    @property
    def state(self) -> MailboxState:
        return self.supervisor.state

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for something that must come."""
        async with asyncio.timeout(PROMPT):
            while not condition():  # noqa: ASYNC110 - it is watched from outside
                await asyncio.sleep(0.01)

    async def until_state(self, state: str) -> None:
        await self.until(lambda: self.state.state == state)


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool.db")
    yield made
    made.close()


@pytest_asyncio.fixture
async def double() -> AsyncIterator[ImapDouble]:
    made = ImapDouble(mails={1: b"Subject: 1\r\n\r\nx\r\n"})
    await made.up()
    yield made
    await made.down()


@asynccontextmanager
async def at_work(
    double: ImapDouble,
    spool: Spool,
    *,
    letters: Letters | None = None,
    alert_after: float = 0.1,
    pace: Pace = PACE,
    **changes: object,
) -> AsyncIterator[Watched]:
    settings: dict[str, object] = {
        "name": "support",
        "host": "127.0.0.1",
        "port": double.port,
        "tls": False,
        "user": "ann",
        "password": lambda: "secret",
    }
    account = Account(**{**settings, **changes})  # type: ignore[arg-type]  # a table of the test
    told = letters or Letters()
    supervisor = Supervisor(
        account,
        UidJournal(spool, account.place),
        lambda: datetime.now(UTC),
        told,
        alert_after=timedelta(seconds=alert_after),
        pace=pace,
    )
    running = asyncio.create_task(supervisor.run())
    try:
        yield Watched(double, spool, supervisor, told)
    finally:
        supervisor.stop()
        async with asyncio.timeout(PROMPT):
            await running
    assert supervisor.state.state == "stopped"


async def test_a_mailbox_that_works_is_watched(double: ImapDouble, spool: Spool) -> None:
    async with at_work(double, spool) as box:
        await box.until_state("watching")

        assert box.state.taken == 1
        assert box.state.last_mail_at is not None
        assert box.state.is_well
        assert box.letters.told == {}


@pytest.mark.parametrize(
    ("command", "answer", "state"),
    [
        ("LOGIN", "NO [AUTHENTICATIONFAILED] no", Trouble.LOGIN),
        ("SELECT", "NO [NONEXISTENT] no such folder", Trouble.FOLDER),
        ("SEARCH", "BAD what", Trouble.REFUSED),
        ("STORE", "NO [OVERQUOTA] full", Trouble.QUOTA),
    ],
)
async def test_trouble_is_a_state_then_one_letter_and_ends_by_itself(
    double: ImapDouble, spool: Spool, command: str, answer: str, state: Trouble
) -> None:
    """Fault F23: whatever the server refuses."""
    double.answers[command] = lambda session, tag, _: session.say(f"{tag} {answer}")
    async with at_work(double, spool) as box:
        await box.until_state(state)
        assert not box.state.is_well
        assert answer.partition("] ")[2] in box.state.last_error
        await box.until(lambda: box.letters.told)
        del double.answers[command]
        await box.until_state("watching")

        assert box.state.last_error == ""
        (letter,) = box.letters.told.values()
        assert "support" in letter
        assert str(state) in letter


async def test_a_server_that_is_away_is_found_again(double: ImapDouble, spool: Spool) -> None:
    """Fault F24: IMAP is down."""
    await double.down()
    async with at_work(double, spool) as box:
        await box.until_state(Trouble.UNREACHABLE)
        await box.until(lambda: box.letters.told)
        await double.up()

        await box.until_state("watching")


async def test_what_breaks_in_a_way_nobody_foresaw_is_trouble_of_this_mailbox_alone(
    double: ImapDouble, spool: Spool
) -> None:
    def broken() -> str:
        raise ZeroDivisionError

    async with (
        at_work(double, spool, name="broken", password=broken) as one,
        at_work(double, spool, name="other", folder="Other") as other,
    ):
        await one.until_state(Trouble.FAULT)
        await other.until_state("watching")

        assert one.state.last_error == "ZeroDivisionError"


async def test_a_new_password_is_tried_at_once(double: ImapDouble, spool: Spool) -> None:
    passwords = ["old"]
    double.answers["LOGIN"] = lambda session, tag, arguments: session.say(
        f"{tag} OK done" if "new" in arguments else f"{tag} NO no"
    )
    never = replace(PACE, retry=1000.0, patience=PROMPT)
    async with at_work(
        double, spool, pace=never, password=lambda: passwords[-1], stamp=lambda: len(passwords)
    ) as box:
        await box.until_state(Trouble.LOGIN)
        passwords.append("new")

        await box.until_state("watching")


async def test_a_wrong_password_is_not_tried_again_and_again(
    double: ImapDouble, spool: Spool
) -> None:
    """Servers lock accounts that try too often."""
    double.answers["LOGIN"] = lambda session, tag, _: session.say(f"{tag} NO no")
    async with at_work(double, spool) as box:
        await box.until_state(Trouble.LOGIN)
        await box.until(lambda: box.letters.told)
        await asyncio.sleep(0.5)

        assert len(double.commands("LOGIN")) == 1
    assert min(BACKOFF[Trouble.LOGIN]) >= 60


async def test_a_server_that_always_hangs_up_is_tried_less_and_less(
    double: ImapDouble, spool: Spool
) -> None:
    double.answers["SELECT"] = lambda session, _, __: session.hang_up()
    async with at_work(double, spool) as box:
        await box.until(lambda: len(double.commands("SELECT")) >= 4)
        await asyncio.sleep(0.4)

        assert len(double.commands("SELECT")) <= 10


async def test_a_server_that_hangs_up_on_whoever_waits_is_trouble_that_lasts(
    double: ImapDouble, spool: Spool
) -> None:
    double.mails.clear()
    double.answers["IDLE"] = lambda session, _, __: session.hang_up()
    async with at_work(double, spool, pace=replace(PACE, proof=1000.0)) as box:
        await box.until(lambda: len(double.commands("IDLE")) >= 3)
        await box.until(lambda: box.letters.told)

        assert box.state.state == Trouble.UNREACHABLE
        assert not box.state.is_well
        assert len(box.letters.told) == 1
        del double.answers["IDLE"]
        double.mails[1] = b"Subject: 1\r\n\r\nx\r\n"
        await box.until_state("watching")

        assert box.state.last_error == ""


def test_after_a_cut_the_server_is_found_within_a_minute() -> None:
    """Promise P14: reconnected within 60 s after the server is back."""
    assert max(BACKOFF[Trouble.UNREACHABLE]) * 1.2 + 10 < 60


async def test_the_letter_waits_for_the_database(double: ImapDouble, spool: Spool) -> None:
    """Fault F07: the main database is away, and so is the mailbox."""
    letters = Letters(is_away=True)
    double.answers["SELECT"] = lambda session, tag, _: session.say(f"{tag} NO no")
    async with at_work(double, spool, letters=letters) as box:
        await box.until_state(Trouble.FOLDER)
        await asyncio.sleep(0.2)
        letters.is_away = False

        await box.until(lambda: letters.told)


async def test_a_restart_makes_no_second_letter(double: ImapDouble, spool: Spool) -> None:
    double.answers["SELECT"] = lambda session, tag, _: session.say(f"{tag} NO no")
    journal = UidJournal(spool, f"ann@127.0.0.1:{double.port}/INBOX")
    async with at_work(double, spool) as box:
        await box.until(lambda: box.letters.told)
        await box.until(lambda: (journal.incident() or Incident(since=now(), told=False)).told)
    async with at_work(double, spool) as box:
        await box.until_state(Trouble.FOLDER)
        await asyncio.sleep(0.3)
        told_again = dict(box.letters.told)
        del double.answers["SELECT"]
        await box.until(lambda: journal.incident() is None)

    assert told_again == {}


def now() -> datetime:
    return datetime.now(UTC)


async def test_a_mail_that_is_too_large_is_told(double: ImapDouble, spool: Spool) -> None:
    double.mails[2] = b"x" * 50_000
    async with at_work(double, spool, size_limit=40_000) as box:
        await box.until(lambda: box.letters.told)

        (letter,) = box.letters.told.values()
        (parked,) = spool.listing("parked")
        assert f"gateway mail release {parked.envelope.queue_id}" in letter
        assert box.state.is_well


async def test_a_mail_that_can_not_be_fetched_is_told(double: ImapDouble, spool: Spool) -> None:
    double.answers["FETCH"] = lambda session, tag, _: session.say(f"{tag} NO [SERVERBUG] oops")
    async with at_work(double, spool) as box:
        await box.until(lambda: any("UID 1" in text for text in box.letters.told.values()))


async def test_a_stop_in_any_state_is_prompt(double: ImapDouble, spool: Spool) -> None:
    """Fault F42: SIGTERM while a mailbox waits, connects, or rests."""
    for answers in (
        {},
        {"LOGIN": lambda session, tag, _: None},
        {"LOGIN": lambda session, tag, _: session.say(f"{tag} NO no")},
    ):
        double.answers = dict(answers)
        async with at_work(double, spool):
            await asyncio.sleep(0.1)


async def test_access_that_ends_soon_is_told_once(double: ImapDouble, spool: Spool) -> None:
    def warnings(_: datetime) -> dict[str, str]:
        return {"oauth:support:soon": "Access to mailbox support ends soon."}

    async with at_work(double, spool, warnings=warnings) as box:
        await box.until(lambda: box.letters.told)
        await box.until_state("watching")

        assert box.letters.told == warnings(datetime.now(UTC))
