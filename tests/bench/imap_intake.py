"""Takes a whole mailbox in, against mbsync writing the same mails to a Maildir: a ratio in one run.

    python tests/bench/imap_intake.py [--mails 5000] [--size 3000] [--rounds 5]

A private Dovecot on loopback holds the mails; both programs make every mail durable before they go
on. They take turns, so that other load on the machine falls on both; the medians are compared.
"""

import argparse
import asyncio
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from servers.certificates import Authority
from servers.dovecot import PASSWORD, Dovecot, dovecot

from gateway import journal
from gateway.spool import Spool
from gateway.wire.imap_account import Account
from gateway.wire.imap_in import Mailbox
from gateway.wire.imap_journal import UidJournal
from gateway.work.comparison import Unheard

MBSYNC = """
IMAPAccount server
Host 127.0.0.1
Port {port}
User {user}
Pass {password}
SSLType None
AuthMechs LOGIN

IMAPStore far
Account server

MaildirStore near
Path {folder}/
Inbox {folder}/INBOX

Channel all
Far :far:
Near :near:
Sync Pull
Create Near
SyncState *
"""


def mails(count: int, size: int) -> list[bytes]:
    """Mails that differ, as a customer might send them."""
    body = b"The printer on our second floor is offline again.\r\n" * (size // 51)
    return [
        b"From: ann@acme.example\r\nTo: support@desk.example\r\nSubject: Case %d\r\n"
        b"Message-ID: <case-%d@acme.example>\r\n\r\n%s" % (number, number, body)
        for number in range(count)
    ]


def by_gateway(server: Dovecot, user: str, then: str, folder: Path) -> int:
    """Into the spool; returns how many mails lie there."""

    async def take() -> int:
        spool = Spool(folder / "spool.db")
        account = Account(
            name="bench",
            host="127.0.0.1",
            port=server.port,
            tls=False,
            user=user,
            password=lambda: PASSWORD,
            then=then,  # type: ignore[arg-type]  # one of the table below
            flag="Taken",
        )
        uids = UidJournal(spool, account.place)
        mailbox = Mailbox(account, uids, lambda: datetime.now(UTC), Unheard())
        connection = await mailbox.connect()
        await mailbox.catch_up(connection, is_full=True)
        await connection.logout()
        spool.close()
        return spool.counts().accepted

    return asyncio.run(take())


def by_mbsync(server: Dovecot, user: str, folder: Path) -> int:
    """Into a Maildir; returns how many mails lie there."""
    settings = folder / "mbsyncrc"
    settings.write_text(
        MBSYNC.format(port=server.port, user=user, password=PASSWORD, folder=folder)
    )
    subprocess.run(["mbsync", "-q", "-c", str(settings), "all"], check=True)
    return sum(1 for name in ("new", "cur") for _ in (folder / "INBOX" / name).iterdir())


def timed(take: Callable[[Path], int], count: int) -> float:
    """Mails a second."""
    with tempfile.TemporaryDirectory() as folder:
        began_at = time.perf_counter()
        taken = take(Path(folder))
        seconds = time.perf_counter() - began_at
    if taken != count:
        sys.exit(f"{taken} mails of {count}")
    return count / seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=5_000)
    parser.add_argument("--size", type=int, default=3_000)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    journal.silent()
    with tempfile.TemporaryDirectory() as place:
        identity = Authority(Path(place)).identity()
        with dovecot(identity.certificate, identity.key) as server:
            user = server.new_user()
            server.deliver(user, mails(asked.mails, asked.size))
            ways: dict[str, Callable[[Path], int]] = {
                "mbsync": lambda folder: by_mbsync(server, user, folder),
                "gateway": lambda folder: by_gateway(server, user, "leave", folder),
                "gateway, flagging": lambda folder: by_gateway(server, user, "flag", folder),
            }
            rates: dict[str, list[float]] = {name: [] for name in ways}
            for _ in range(asked.rounds):
                for name, take in ways.items():
                    rates[name].append(timed(take, asked.mails))
    base = statistics.median(rates["mbsync"])
    for name, found in rates.items():
        middle = statistics.median(found)
        print(f"{name:18} {middle:8.0f} mails/s  {middle / base:5.2f} × mbsync")


if __name__ == "__main__":
    main()
