"""From a mailbox into the spool: every mail once, and the mailbox as the operator wants it."""

import asyncio
import re
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from pathlib import Path

import pytest
import pytest_asyncio
from servers.imap_double import ImapDouble, Session, usual

from gateway.mail.message import Envelope
from gateway.spool import Spool, Spooled
from gateway.wire.imap_account import Account, Pace
from gateway.wire.imap_fetch import BATCH_MAX, BEGINNING_OCTETS, PIECE_OCTETS
from gateway.wire.imap_in import Mailbox
from gateway.wire.imap_journal import Entry, Fate, UidJournal
from gateway.wire.imap_trouble import MailboxTrouble, Trouble

NOW = datetime(2026, 7, 8, 9, tzinfo=UTC)
RECEIVED = datetime(2026, 7, 8, 8, tzinfo=UTC)


@dataclass
class Ear:
    """Hears how a mailbox is doing."""

    entries: list[Entry] = field(default_factory=list)
    limps: list[MailboxTrouble] = field(default_factory=list)
    passed: list[int] = field(default_factory=list)
    is_watching: asyncio.Event = field(default_factory=asyncio.Event)

    def connecting(self) -> None:
        self.is_watching.clear()

    def taking(self, waiting: int) -> None:
        assert waiting > 0

    def took(self, entries: Sequence[Entry]) -> None:
        self.entries += entries

    def passed_over(self, uid: int, reason: str) -> None:
        assert reason
        self.passed.append(uid)

    def watching(self) -> None:
        self.is_watching.set()

    def limping(self, trouble: MailboxTrouble) -> None:
        self.limps.append(trouble)
        self.is_watching.set()


@dataclass
class Desk:
    """A mailbox on the double and the spool behind it."""

    double: ImapDouble
    spool: Spool
    account: Account
    ear: Ear = field(default_factory=Ear)

    def __post_init__(self) -> None:
        self.use()

    def use(self, **changes: object) -> None:
        """Begin anew, with other settings."""
        self.account = replace(self.account, **changes)
        self.mailbox = Mailbox(
            self.account,
            UidJournal(self.spool, self.account.place),
            lambda: NOW,
            self.ear,
            Pace(patience=1),
        )

    async def take(self) -> int:
        """Everything that is there now, over a connection of its own."""
        connection = await self.mailbox.connect()
        try:
            return await self.mailbox.catch_up(connection, is_full=True)
        finally:
            connection.close()

    def spooled(self) -> Iterator[Spooled]:
        """Every mail that waits, in order; the spool gives them in bounded bites."""
        position = 0
        while bite := self.spool.take(10_000, position):
            position = bite[-1][0]
            yield from (one for _, one in bite)

    @property
    def raws(self) -> list[bytes]:
        return [one.raw for one in self.spooled()]

    @property
    def envelopes(self) -> list[Envelope]:
        return [one.envelope for one in self.spooled()]


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    made = Spool(tmp_path / "spool.db")
    yield made
    made.close()


@pytest_asyncio.fixture
async def desk(spool: Spool) -> AsyncIterator[Desk]:
    double = ImapDouble(mails={uid: b"Subject: %d\r\n\r\nx\r\n" % uid for uid in (1, 2, 5)})
    await double.up()
    account = Account(
        name="support",
        host="127.0.0.1",
        port=double.port,
        tls=False,
        user="ann",
        password=lambda: "secret",
    )
    yield Desk(double, spool, account)
    await double.down()


async def test_every_mail_is_in_the_spool_in_order_and_once(desk: Desk) -> None:
    assert await desk.take() == 3
    assert await desk.take() == 0
    assert desk.raws == [
        b"Subject: 1\r\n\r\nx\r\n",
        b"Subject: 2\r\n\r\nx\r\n",
        desk.double.mails[5],
    ]


async def test_the_envelope_says_when_and_where_the_mail_came(desk: Desk) -> None:
    desk.use(address="help@desk.example")

    await desk.take()

    envelope = desk.envelopes[0]
    assert envelope.received_at == RECEIVED
    assert envelope.source == "imap:support"
    assert envelope.forward_paths == ("help@desk.example",)
    assert envelope.reverse_path is None


async def test_a_mail_from_the_future_came_now(desk: Desk) -> None:
    desk.double.answers["FETCH"] = lambda session, tag, arguments: (
        session.say(
            f'* 1 FETCH (UID 1 RFC822.SIZE 9 INTERNALDATE "08-Jul-2036 08:00:00 +0000")\n{tag} OK x'
        )
        if "SIZE" in arguments
        else usual(session, "FETCH", tag, arguments)
    )

    await desk.take()

    assert [one.received_at for one in desk.envelopes] == [NOW]


@pytest.mark.parametrize(
    ("then", "touches"),
    [
        ("flag", [r"UID STORE 1:2,5 +FLAGS.SILENT (\Seen)"]),
        ("move", ['UID MOVE 1:2,5 "Archive"']),
        ("leave", []),
    ],
)
async def test_the_mailbox_is_touched_as_the_settings_ask(
    desk: Desk, then: str, touches: list[str]
) -> None:
    desk.use(then=then)

    await desk.take()
    await desk.take()

    asked = [line.partition(" ")[2] for line in desk.double.heard]
    assert [one for one in asked if re.match(r"(UID )?(STORE|MOVE|COPY|EXPUNGE|CLOSE)", one)] == (
        touches
    )
    assert not any("Deleted" in one or "EXPUNGE" in one for one in asked)


async def test_a_body_is_only_peeked_at_and_seen_is_never_asked_for(desk: Desk) -> None:
    await desk.take()

    asked = " ".join(desk.double.commands("FETCH") + desk.double.commands("SEARCH"))
    assert "BODY.PEEK[]" in asked
    assert "BODY[]" not in asked
    assert "SEEN" not in asked.upper()


async def test_a_mail_is_touched_only_after_it_is_in_the_spool(desk: Desk) -> None:
    kept: list[int] = []

    def store(session: Session, tag: str, arguments: str) -> None:
        kept.append(desk.spool.counts().accepted)
        usual(session, "STORE", tag, arguments)

    desk.double.answers["STORE"] = store

    await desk.take()

    assert kept == [3]


async def test_a_mail_that_was_taken_and_not_yet_moved_is_moved_later(desk: Desk) -> None:
    """Fault F01: killed between the spool and the mailbox."""
    desk.use(then="move")
    desk.double.answers["MOVE"] = lambda session, _, __: session.hang_up()
    with pytest.raises(MailboxTrouble):
        await desk.take()
    del desk.double.answers["MOVE"]

    assert await desk.take() == 0
    assert desk.double.mails == {}
    assert len(desk.raws) == 3


async def test_the_folder_to_move_to_is_made(desk: Desk) -> None:
    made: list[str] = []
    desk.double.answers["CREATE"] = lambda session, tag, arguments: (
        made.append(arguments),
        session.say(f"{tag} OK done"),
        None,
    )[-1]
    desk.double.answers["MOVE"] = lambda session, tag, arguments: (
        usual(session, "MOVE", tag, arguments)
        if made
        else session.say(f"{tag} NO [TRYCREATE] no such folder")
    )
    desk.use(then="move", move_to="Taken in")

    await desk.take()

    assert made == ['"Taken in"']
    assert desk.double.mails == {}


@pytest.mark.parametrize(
    ("then", "command", "answer", "kind"),
    [
        ("move", "MOVE", "NO [OVERQUOTA] full", Trouble.QUOTA),
        ("flag", "STORE", "NO read-only", Trouble.REFUSED),
        ("flag", "STORE", "BAD what", Trouble.REFUSED),
    ],
)
async def test_mails_come_in_also_where_they_can_not_be_touched(
    desk: Desk, then: str, command: str, answer: str, kind: Trouble
) -> None:
    """Fault F23: quota, and a folder that keeps no flags."""
    desk.use(then=then)
    desk.double.answers[command] = lambda session, tag, _: session.say(f"{tag} {answer}")
    serving = asyncio.ensure_future(desk.mailbox.serve())

    async with asyncio.timeout(5):
        await desk.ear.is_watching.wait()
    serving.cancel()

    assert [one.kind for one in desk.ear.limps] == [kind]
    assert len(desk.raws) == 3
    assert len(desk.double.commands(command)) == 1


async def test_a_flag_that_does_not_stay_is_told_and_not_set(desk: Desk) -> None:
    desk.use(flag="$Taken")
    desk.double.answers["SELECT"] = lambda session, tag, _: session.say(
        f"* OK [PERMANENTFLAGS (\\Seen)] x\n* OK [UIDVALIDITY 1] x\n{tag} OK [READ-WRITE] x"
    )
    serving = asyncio.ensure_future(desk.mailbox.serve())

    async with asyncio.timeout(5):
        await desk.ear.is_watching.wait()
    serving.cancel()

    assert "leave" in desk.ear.limps[0].reason
    assert desk.double.commands("STORE") == []
    assert len(desk.raws) == 3


async def test_other_uids_for_the_same_mails_double_nothing(desk: Desk) -> None:
    """Fault F19: UIDVALIDITY changes; a mail that came meanwhile is taken."""
    await desk.take()
    desk.double.mails = {
        uid + 10: raw for uid, raw in enumerate([*desk.double.mails.values(), b"New: 1\r\n\r\n"])
    }
    desk.double.uidvalidity = 2

    await desk.take()

    assert len(desk.raws) == 4
    assert [one.fate for one in desk.ear.entries[3:]] == [Fate.REPEAT] * 3 + [Fate.TAKEN]


async def test_a_mail_that_goes_away_meanwhile_is_no_error(desk: Desk) -> None:
    """Fault F22: deleted by a person between SEARCH and FETCH."""

    def fetch(session: Session, tag: str, arguments: str) -> None:
        desk.double.mails.pop(2 if "SIZE" in arguments else 5, None)
        usual(session, "FETCH", tag, arguments)

    desk.double.answers["FETCH"] = fetch

    assert await desk.take() == 1
    assert desk.raws == [desk.double.mails[1]]


async def test_a_mail_that_was_copied_is_taken_once(desk: Desk) -> None:
    """Fault F22: a person copied a mail, twice."""
    desk.double.mails |= {6: desk.double.mails[1], 7: desk.double.mails[1]}

    await desk.take()

    assert len(desk.raws) == 3


async def test_mails_of_before_the_day_are_none_of_ours(desk: Desk) -> None:
    desk.use(since=date(2026, 7, 1))

    await desk.take()

    assert desk.double.commands("SEARCH") == ["UID SEARCH UID 1:* SINCE 1-Jul-2026"]


async def test_where_the_spool_is_full_the_mailbox_is_left_alone(desk: Desk) -> None:
    pages = await desk.spool.write(lambda c: c.execute("PRAGMA page_count").fetchone()[0])
    await desk.spool.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 4}").fetchone())
    desk.double.mails[9] = b"x" * 1_000_000

    with pytest.raises(MailboxTrouble) as caught:
        await desk.take()

    assert caught.value.kind is Trouble.SPOOL
    assert desk.double.commands("STORE") == []


# Sizes


async def test_commands_name_two_hundred_mails_at_most(desk: Desk) -> None:
    """Fault F21: a mailbox with many mails at the first start."""
    desk.double.mails = {uid: b"Subject: %d\r\n\r\nx\r\n" % uid for uid in range(1, 1001)}

    assert await desk.take() == 1000

    sets = [line.split()[2] for name in ("FETCH", "STORE") for line in desk.double.commands(name)]
    assert max(_count(one) for one in sets) == BATCH_MAX
    assert len(desk.raws) == 1000


def _count(uids: str) -> int:
    ends = [part.split(":") for part in uids.split(",")]
    return sum(int(one[-1]) - int(one[0]) + 1 for one in ends)


async def test_a_large_mail_comes_in_pieces(desk: Desk) -> None:
    raw = bytes(range(256)) * ((PIECE_OCTETS * 2 + 1000) // 256)
    desk.double.mails[9] = raw

    await desk.take()

    asked = [one for one in desk.double.commands("FETCH") if "UID FETCH 9 (UID BODY" in one]
    assert len(asked) == 3
    assert desk.raws[-1] == raw


@pytest.mark.parametrize("announced", ["the truth", "a lie", "a lie in company"])
async def test_a_mail_that_is_too_large_is_parked_with_its_beginning(
    desk: Desk, announced: str
) -> None:
    raw = b"Subject: big\r\n\r\n" + b"x" * (BEGINNING_OCTETS * 5)
    desk.double.mails = {9: raw, 10: b"Subject: small\r\n\r\n"}
    desk.use(size_limit=BEGINNING_OCTETS * 4)
    if announced != "the truth":
        other = "\n* 2 FETCH (UID 10 RFC822.SIZE 10)" if "company" in announced else ""
        desk.double.answers["FETCH"] = lambda session, tag, arguments: (
            session.say(f"* 1 FETCH (UID 9 RFC822.SIZE 10){other}\n{tag} OK x")
            if "SIZE" in arguments
            else usual(session, "FETCH", tag, arguments)
        )

    await desk.take()
    await desk.take()

    (parked,) = desk.spool.listing("parked")
    found = desk.spool.find(parked.envelope.queue_id)
    assert found is not None
    assert found.raw == raw[:BEGINNING_OCTETS]
    assert "larger than 1.0 MiB" in parked.reason
    assert "UID 9" in parked.reason
    assert not any("9" in line.split()[2].split(",") for line in desk.double.commands("STORE"))
    counts = desk.spool.counts()
    assert counts.accepted == counts.waiting + counts.parked


async def test_a_server_that_sends_more_than_a_piece_is_left(desk: Desk) -> None:
    desk.double.mails = {9: b"x" * 100}
    desk.double.answers["FETCH"] = lambda session, tag, arguments: (
        usual(session, "FETCH", tag, arguments)
        if "SIZE" in arguments
        else session.send(
            b"* 1 FETCH (UID 9 BODY[] {%d}\r\n" % (PIECE_OCTETS + 1)
            + b"x" * (PIECE_OCTETS + 1)
            + f")\r\n{tag} OK x\r\n".encode()
        )
    )

    with pytest.raises(MailboxTrouble, match="more than"):
        await desk.take()


# A mail the server chokes on


def chokes_on(uid: int) -> Callable[[Session, str, str], None]:
    def fetch(session: Session, tag: str, arguments: str) -> None:
        asked = arguments.split(maxsplit=1)[0]
        if "BODY" in arguments and any(
            int(part.split(":")[0]) <= uid <= int(part.split(":")[-1]) for part in asked.split(",")
        ):
            session.hang_up()
        else:
            usual(session, "FETCH", tag, arguments)

    return fetch


async def test_a_mail_the_server_chokes_on_does_not_keep_the_others_out(desk: Desk) -> None:
    desk.double.mails = {uid: b"Subject: %d\r\n\r\nx\r\n" % uid for uid in range(1, 41)}
    desk.double.answers["FETCH"] = chokes_on(17)
    tries = 0

    while len(desk.raws) < 39 and tries < 30:
        tries += 1
        try:
            await desk.take()
        except MailboxTrouble as trouble:
            assert trouble.kind is Trouble.UNREACHABLE  # noqa: PT017 - each try ends in one of two ways

    assert len(desk.raws) == 39
    assert desk.ear.passed == [17]
    assert tries <= 12


async def test_a_mail_that_was_passed_over_is_tried_again(desk: Desk) -> None:
    desk.double.answers["FETCH"] = chokes_on(2)
    while not desk.ear.passed:
        with pytest.raises(MailboxTrouble):
            await desk.take()
    await desk.take()
    del desk.double.answers["FETCH"]
    desk.use()

    await desk.take()

    assert len(desk.raws) == 3


# What is missing


async def test_what_the_journal_does_not_know_is_missing(desk: Desk) -> None:
    await desk.take()
    desk.double.mails[6] = b"Subject: 6\r\n\r\n"

    connection = await desk.mailbox.connect()

    found = await desk.mailbox.compare(connection)
    assert [uid for uid, entry in found.items() if entry is None] == [6]
    connection.close()
