"""A real IMAP server that is cut, killed, renumbered and emptied: no mail missing, none double.

With `--long` the mailbox has 5,000 mails and loses its connection 200 times (promise P14).
"""

import asyncio
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import pytest_asyncio
from servers.certificates import Authority
from servers.dovecot import PASSWORD, Dovecot
from servers.proxy import Proxy, random_lifetimes

from gateway.spool import Spool
from gateway.wire.imap_account import Account, Pace
from gateway.wire.imap_journal import UidJournal
from gateway.work.mailbox import Supervisor

PATIENCE = 60.0
PACE = Pace(renew=2, patience=1, rescan=600, look=0.05, proof=0.5, retry=0.05)


def mails(count: int, size: int = 2_000) -> list[bytes]:
    """Mails that differ, as a customer might send them."""
    body = b"The printer on our second floor is offline again.\r\n" * (size // 51)
    return [
        b"From: ann@acme.example\r\nTo: support@desk.example\r\nSubject: Case %d\r\n"
        b"Message-ID: <case-%d@acme.example>\r\n\r\n%s" % (number, number, body)
        for number in range(count)
    ]


class Silent:
    """Tells nobody."""

    async def tell(self, event: str, reason: str) -> bool:
        return bool(event and reason)


@dataclass
class Box:
    """A mailbox of the real server, its proxy, and the spool behind it."""

    server: Dovecot
    proxy: Proxy
    spool: Spool
    user: str
    supervisors: list[Supervisor] = field(default_factory=list)

    @asynccontextmanager
    async def served(self, pace: Pace = PACE, **changes: object) -> AsyncIterator[Supervisor]:
        """Serve the mailbox through the proxy."""
        settings: dict[str, object] = {
            "name": "support",
            "host": "127.0.0.1",
            "port": self.proxy.port,
            "tls": False,
            "user": self.user,
            "password": lambda: PASSWORD,
        }
        account = Account(**{**settings, **changes})  # type: ignore[arg-type]  # a table of the test
        supervisor = Supervisor(
            account,
            UidJournal(self.spool, account.place),
            lambda: datetime.now(UTC),
            Silent(),
            alert_after=timedelta(hours=1),
            pace=pace,
        )
        running = asyncio.create_task(supervisor.run())
        try:
            yield supervisor
        finally:
            supervisor.stop()
            await running

    async def until(self, condition: Callable[[], object], seconds: float = PATIENCE) -> float:
        """Wait for something that must come; returns the seconds it took."""
        began_at = time.monotonic()
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - servers and threads are watched from outside
                await asyncio.sleep(0.01)
        return time.monotonic() - began_at

    async def until_taken(self, count: int, seconds: float = PATIENCE) -> float:
        """Wait until so many mails are in the spool."""
        return await self.until(lambda: self.spool.counts().accepted >= count, seconds)

    def doubt(self, expected: Iterable[bytes]) -> tuple[int, int]:
        """How many mails are missing, and how many are double."""
        taken = Counter(one.raw for one in self._spooled())
        wanted = Counter(expected)
        return sum((wanted - taken).values()), sum((taken - wanted).values())

    def _spooled(self) -> Iterator:
        position = 0
        while bite := self.spool.take(1_000, position):
            position = bite[-1][0]
            yield from (one for _, one in bite)


@pytest_asyncio.fixture
async def box(imap_server: Dovecot, tmp_path: Path) -> AsyncIterator[Box]:
    proxy = Proxy(imap_server.port)
    await proxy.up()
    spool = Spool(tmp_path / "spool.db")
    yield Box(imap_server, proxy, spool, imap_server.new_user())
    await proxy.down()
    spool.close()


async def test_a_mailbox_is_taken_over_many_cuts(box: Box, *, is_long: bool) -> None:
    """Promise P14: 5,000 mails, 200 random disconnects."""
    count, cuts = (5_000, 200) if is_long else (300, 12)
    sent = mails(count)
    box.server.deliver(box.user, sent)
    box.proxy.lifetime = random_lifetimes(7, cuts, sum(map(len, sent)) * 2 // cuts)
    async with box.served(Pace(proof=1) if is_long else PACE) as supervisor:
        took = await box.until_taken(count, 600 if is_long else PATIENCE)
        await box.until(lambda: supervisor.state.state == "watching")
        print(f"{count} mails over {box.proxy.cuts} cuts in {took:.1f} s")

    assert box.doubt(sent) == (0, 0)
    assert box.proxy.cuts >= cuts // 2
    assert box.server.flags(box.user) == ["S"] * count


async def test_a_new_mail_is_in_the_spool_within_two_seconds(box: Box) -> None:
    async with box.served(Pace(renew=300)) as supervisor:
        await box.until(lambda: supervisor.state.state == "watching")
        delays = []
        for number, raw in enumerate(mails(3), start=1):
            box.server.deliver(box.user, [raw])
            delays.append(await box.until_taken(number))
    print(f"seconds from delivery to spool: {', '.join(f'{one:.2f}' for one in delays)}")

    assert max(delays) < 2


async def test_a_session_that_is_killed_in_idle_is_replaced(box: Box) -> None:
    """Fault F17: the server's process is killed during IDLE."""
    first, second = mails(2)
    box.server.deliver(box.user, [first])
    async with box.served(Pace(renew=300, retry=0.2)) as supervisor:
        await box.until(lambda: supervisor.state.state == "watching")
        assert box.server.kill_sessions() == 1
        box.server.deliver(box.user, [second])
        took = await box.until_taken(2)
    print(f"back after {took:.2f} s")

    assert box.doubt([first, second]) == (0, 0)
    assert took < 10


async def test_a_session_that_is_killed_in_a_large_mail_is_begun_anew(box: Box) -> None:
    """Fault F17: killed in the middle of a FETCH of 50 MB."""
    (raw,) = mails(1, size=50_000_000)
    box.server.deliver(box.user, [raw])
    box.proxy.lifetime = random_lifetimes(1, 2, 40_000_000)
    async with box.served(size_limit=60_000_000) as supervisor:
        await box.until(lambda: supervisor.state.state == "taking")
        await box.until(box.server.sessions)
        box.server.kill_sessions()
        await box.until_taken(1)

    assert box.doubt([raw]) == (0, 0)
    assert box.proxy.connections >= 3


async def test_other_uids_double_nothing(box: Box) -> None:
    """Fault F19: the server lost its UIDs."""
    sent = mails(50)
    box.server.deliver(box.user, sent[:40])
    async with box.served():
        await box.until_taken(40)
    box.server.forget_uids(box.user)
    box.server.deliver(box.user, sent[40:])
    async with box.served() as supervisor:
        await box.until(lambda: supervisor.state.state == "watching")

    assert box.doubt(sent) == (0, 0)


async def test_uids_that_change_while_we_watch_double_nothing(box: Box) -> None:
    """Fault F19: the server lost its UIDs and said nothing."""
    sent = mails(20)
    box.server.deliver(box.user, sent[:10])
    async with box.served() as supervisor:
        await box.until(lambda: supervisor.state.state == "watching")
        box.server.forget_uids(box.user)
        box.server.deliver(box.user, sent[10:])
        await box.until_taken(20)

    assert box.doubt(sent) == (0, 0)


async def test_a_storm_of_expunges_is_survived(box: Box, *, is_long: bool) -> None:
    """Fault F20: another client deletes thousands of mails while we watch."""
    count = 5_000 if is_long else 1_500
    sent = mails(count, size=100)
    box.server.deliver(box.user, sent)
    async with box.served(Pace(renew=300, retry=0.1)) as supervisor:
        await box.until(lambda: supervisor.state.state == "watching", 120)
        connections = box.proxy.connections
        await asyncio.to_thread(
            box.server.doveadm, "expunge", "-u", box.user, "mailbox", "INBOX", "ALL"
        )
        late = mails(1, size=300)
        box.server.deliver(box.user, late)
        await box.until_taken(count + 1)

    assert box.doubt([*sent, *late]) == (0, 0)
    assert box.proxy.connections == connections


async def test_mails_that_vanish_while_they_are_fetched_are_no_error(box: Box) -> None:
    """Faults F20 and F22: deleted by a person while we fetch."""
    sent = mails(600)
    box.server.deliver(box.user, sent)
    async with box.served() as supervisor:
        await box.until_taken(1)
        await asyncio.to_thread(
            box.server.doveadm, "expunge", "-u", box.user, "mailbox", "INBOX", "ALL"
        )
        late = mails(1, size=300)
        box.server.deliver(box.user, late)
        await box.until(lambda: supervisor.state.state == "watching")
        await box.until(lambda: any(one.raw == late[0] for one in box._spooled()))

    assert box.doubt([*sent, *late])[1] == 0


@pytest.mark.parametrize("how", ["stopped process", "dropped packets"])
async def test_a_connection_that_is_half_open_is_noticed(box: Box, how: str) -> None:
    """Fault F18: nothing comes any more, and nothing ends; the renewal of IDLE notices it."""
    first, second = mails(2)
    box.server.deliver(box.user, [first])
    async with box.served(Pace(renew=0.4, patience=0.4, retry=0.1, look=0.05)) as supervisor:
        await box.until(lambda: supervisor.state.state == "watching")
        if how == "stopped process":
            box.server.kill_sessions(signal.SIGSTOP)
        else:
            box.proxy.flows.clear()
        await box.until(lambda: supervisor.state.state == "unreachable")
        box.server.deliver(box.user, [second])
        box.proxy.flows.set()
        await box.until_taken(2)
        box.server.kill_sessions(signal.SIGCONT)

    assert box.doubt([first, second]) == (0, 0)
    usual = Pace()
    assert usual.renew + usual.patience <= 6 * 60


async def test_a_server_that_was_away_is_found_within_a_minute(box: Box) -> None:
    """Fault F24: the IMAP server is down; reconnected within 60 s after it is back."""
    sent = mails(4)
    box.server.deliver(box.user, sent[:2])
    async with box.served() as supervisor:
        await box.until_taken(2)
        await box.proxy.down()
        await box.until(lambda: supervisor.state.state == "unreachable")
        box.server.deliver(box.user, sent[2:])
        await box.proxy.up()
        took = await box.until_taken(4)

    assert took < 60 * PACE.retry
    assert box.doubt(sent) == (0, 0)


async def test_taken_mails_are_moved_and_never_deleted(box: Box) -> None:
    sent = mails(250)
    box.server.deliver(box.user, sent)
    box.proxy.lifetime = random_lifetimes(3, 4, 200_000)
    async with box.served(then="move", move_to="Taken in/2026"):
        await box.until_taken(250)
        await box.until(lambda: box.server.count(box.user) == 0)

    assert box.doubt(sent) == (0, 0)
    assert box.server.count(box.user, "Taken in.2026") == 250


async def test_whether_somebody_has_read_a_mail_says_nothing(box: Box) -> None:
    sent = mails(3)
    box.server.deliver(box.user, sent)
    await asyncio.to_thread(
        box.server.doveadm, "flags", "add", "-u", box.user, "\\Seen", "mailbox", "INBOX", "ALL"
    )
    async with box.served(then="leave"):
        await box.until_taken(3)

    assert box.doubt(sent) == (0, 0)


async def test_two_mailboxes_and_one_of_them_broken(box: Box) -> None:
    sent = mails(5)
    box.server.deliver(box.user, sent)
    async with (
        box.served(name="broken", folder="No such folder") as broken,
        box.served() as works,
    ):
        await box.until(lambda: works.state.state == "watching")
        await box.until(lambda: broken.state.state == "folder")

    assert box.doubt(sent) == (0, 0)


async def test_a_wrong_password_is_a_state(box: Box) -> None:
    async with box.served(password=lambda: "wrong") as supervisor:
        await box.until(lambda: supervisor.state.state == "login")


async def test_mail_comes_over_tls_from_a_server_with_a_good_certificate(
    box: Box, authority: Authority
) -> None:
    sent = mails(3)
    box.server.deliver(box.user, sent)
    async with box.served(tls=True, port=box.server.tls_port, ca_file=authority.file):
        await box.until_taken(3)

    assert box.doubt(sent) == (0, 0)


async def test_mails_that_come_while_others_are_taken_are_not_missed(box: Box) -> None:
    sent = mails(400)
    box.server.deliver(box.user, sent[:200])
    async with box.served(Pace(renew=300)) as supervisor:
        for begin in range(200, 400, 20):
            box.server.deliver(box.user, sent[begin : begin + 20])
            await asyncio.sleep(0.01)
        await box.until_taken(400, 10)
        await box.until(lambda: supervisor.state.state == "watching")

    assert box.doubt(sent) == (0, 0)
