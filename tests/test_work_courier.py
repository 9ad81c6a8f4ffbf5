"""Couriers: what becomes of letters when the smarthost refuses, is away, or the database is."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from acting.operator import run_gateway
from desks import write_desk
from servers.scripted import CLOSE, Scripted, scripted
from servers.smarthost import Smarthost
from sqlalchemy import select, text, update
from sqlalchemy.exc import OperationalError, ProgrammingError

from gateway import journal
from gateway.daemon import plan_of
from gateway.desk.decision import Audience
from gateway.desk.undelivered import FailedLetter
from gateway.mail.message import Envelope
from gateway.settings.load import load_settings
from gateway.spool import new_queue_id
from gateway.store import outbox as store
from gateway.store.mail_tables import outbox
from gateway.store.spent import pauses_of
from gateway.store.transaction import Transactions, run_once
from gateway.store.upgrade import upgrade
from gateway.wire.relay import read_relay
from gateway.wire.smtp_out import CARRY_SECONDS_MAX, RESET_SECONDS, SmarthostCarrier
from gateway.work.assembly import Parts
from gateway.work.courier import BACKOFF, FRESH, SETTLED_WITHIN, Courier, retry_at
from gateway.work.figures import Figures
from gateway.work.settling import Settling

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)
REFUSED = "550 5.1.1 No such user here"


class Clock:
    """Says what it was told."""

    at = AT

    def __call__(self) -> datetime:
        return self.at


class Desk:
    """A desk without loops, whose letters go to a double."""

    def __init__(self, folder: Path, url: str, clock: Callable[[], datetime]) -> None:
        self.path = write_desk(folder, smarthost=url)
        relay = read_relay(url, timeout=2)
        self.parts = Parts(
            plan_of(load_settings(self.path, {})),
            clock,
            lambda: SmarthostCarrier(relay, hostname="desk.example"),
        )
        upgrade(self.parts.engine)

    @property
    def courier(self) -> Courier:
        return self.parts.couriers[0]

    async def ask(self, number: int = 1, sender: str = "kim@newco.example") -> None:
        """A customer asks; letters wait."""
        raw = (
            f"From: Kim <{sender}>\r\nTo: support@desk.example\r\n"
            f"Subject: Question {number}\r\nMessage-ID: <m{number}@newco.example>\r\n\r\nHow?\r\n"
        )
        envelope = Envelope(
            queue_id=new_queue_id(AT),
            received_at=AT,
            reverse_path=sender,
            forward_paths=("support@desk.example",),
            source="smtp",
        )
        await self.parts.spool.put(envelope, raw.encode())
        await self.parts.intake.take_waiting()

    def letters(self, **where: Any) -> list[Any]:
        """Rows of the outbox."""
        wanted = select(outbox).order_by(outbox.c.id)
        for name, value in where.items():
            wanted = wanted.where(outbox.c[name] == value)
        return list(run_once(self.parts.engine, lambda c: c.execute(wanted).all()))

    async def close(self) -> None:
        for courier in self.parts.couriers:
            await courier._carrier.close()
        await self.parts.reader.close()
        await self.parts.close()


def send_through(courier: Courier, transactions: Transactions) -> None:
    """Let a courier work with another way to the database."""
    courier._transactions, courier._settling = transactions, Settling(transactions)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest_asyncio.fixture
async def smarthost() -> AsyncIterator[Smarthost]:
    made = Smarthost()
    await made.up()
    yield made
    await made.down()


@pytest_asyncio.fixture
async def desk(tmp_path: Path, smarthost: Smarthost, clock: Clock) -> AsyncIterator[Desk]:
    made = Desk(tmp_path, smarthost.url, clock)
    yield made
    await made.close()


@pytest.fixture
def events() -> Any:
    told: list[str] = []
    leave = journal.follow(lambda event, _: told.append(event))
    yield told
    leave()


# Letters that fail for good


async def test_a_letter_that_failed_for_good_is_told_to_the_engineers(
    desk: Desk, smarthost: Smarthost
) -> None:
    smarthost.at_rcpt = lambda to: REFUSED if to.startswith("kim") else ""
    await desk.ask()

    await desk.courier.carry_waiting()

    (failed,) = desk.letters(state="failed")
    assert (failed.letter, failed.recipient) == ("ticket_received", "kim@newco.example")
    assert failed.failure == "550 recipient refused: 5.1.1 No such user here"
    (told,) = [one for one in smarthost.taken if one.event == "engineer_delivery_failed"]
    text = " ".join(told.text.split())
    assert "T-1001 (ticket received) could not be delivered" in text
    assert "Address: kim@newco.example" in text
    assert "No such user here" in text


@pytest.mark.parametrize(
    ("answer", "strikes", "is_paused"),
    [
        pytest.param("550 5.1.1 No such user here", 1, True, id="unknown"),
        pytest.param("550 No such user here", 1, False, id="550 without a reason"),
        pytest.param("552 5.2.2 Mailbox full", 1, False, id="full"),
        pytest.param("550 5.7.1 Refused by policy", 0, False, id="policy"),
    ],
)
async def test_an_address_that_the_smarthost_refuses_is_paused_as_after_a_bounce(
    desk: Desk, smarthost: Smarthost, answer: str, strikes: int, *, is_paused: bool
) -> None:
    smarthost.at_rcpt = lambda to: answer if to.startswith("kim") else ""
    await desk.ask()

    await desk.courier.carry_waiting()

    found = await desk.parts.transactions(lambda c: pauses_of(c, {"kim@newco.example"}))
    assert [one.strikes for one in found.values()] == [1] * strikes
    assert [one.until > AT for one in found.values()] == [is_paused] * strikes
    (told,) = [one for one in smarthost.taken if one.event == "engineer_delivery_failed"]
    assert ("gateway mail resume kim@newco.example" in told.text) is is_paused


async def test_a_letter_that_is_refused_says_nothing_about_its_address(
    desk: Desk, smarthost: Smarthost
) -> None:
    smarthost.at_data = lambda _: "554 5.6.0 I dislike the text"
    await desk.ask()

    await desk.courier.carry_waiting()

    assert desk.letters(state="failed")
    assert await desk.parts.transactions(lambda c: pauses_of(c, {"kim@newco.example"})) == {}


async def test_a_failure_and_the_letter_about_it_are_one_transaction(
    desk: Desk, smarthost: Smarthost
) -> None:
    smarthost.at_rcpt = lambda to: REFUSED if to.startswith("kim") else ""
    await desk.ask()
    (one,) = await desk.parts.transactions(
        lambda c: [x for x in store.claim(c, "n/0", AT, 9) if x.recipient.startswith("kim")]
    )

    class PowerCut(Exception):
        pass

    def cut(connection: Any) -> None:
        courier = Courier.__new__(Courier)
        courier._name, courier._desk = "n/0", desk.parts.desk
        failed = FailedLetter(
            row=one.id,
            tries=1,
            letter=one.letter,
            to=one.recipient,
            audience=Audience.CUSTOMER,
            reason="550 no",
        )
        assert courier._fail(connection, one, failed, AT)
        raise PowerCut

    with pytest.raises(PowerCut):
        await desk.parts.transactions(cut)

    assert desk.letters(state="failed") == []
    assert desk.letters(letter="engineer_delivery_failed") == []


async def test_a_staff_letter_that_failed_is_told_to_the_operator_and_his_to_nobody(
    desk: Desk, smarthost: Smarthost
) -> None:
    smarthost.at_rcpt = lambda to: "" if to.startswith("kim") else REFUSED
    await desk.ask()

    for _ in range(4):
        await desk.courier.carry_waiting()

    assert {one.letter for one in desk.letters(state="failed")} == {
        "engineer_new_ticket",
        "operator_alert",
    }
    assert desk.letters(state="queued") == []
    (alert,) = desk.letters(letter="operator_alert")
    assert b"who is staff" in alert.content


async def test_a_letter_for_whom_we_do_not_know_ends_as_well(
    desk: Desk, smarthost: Smarthost, events: list[str]
) -> None:
    # Given a letter that a node of a later version wrote, whose tables allow more
    await desk.ask()
    newer = update(outbox).where(outbox.c.letter == "ticket_received").values(audience="auditor")
    with desk.parts.engine.begin() as connection:
        connection.execute(text("PRAGMA ignore_check_constraints = ON"))
        connection.execute(newer)
        connection.execute(text("PRAGMA ignore_check_constraints = OFF"))
    smarthost.at_rcpt = lambda to: REFUSED if to.startswith("kim") else ""

    await desk.courier.carry_waiting()

    assert {one.letter: one.state for one in desk.letters()} == {
        "ticket_received": "failed",
        "engineer_new_ticket": "sent",
    }
    assert "failure_untold" in events


async def test_a_letter_is_given_up_after_five_days_and_told(
    desk: Desk, smarthost: Smarthost, clock: Clock
) -> None:
    smarthost.at_rcpt = lambda to: "450 4.2.1 Later" if to.startswith("kim") else ""
    await desk.ask()
    tries = 0
    while not desk.letters(state="failed"):
        await desk.courier.carry_waiting()
        clock.at += timedelta(hours=1, minutes=10)
        tries += 1

    (failed,) = desk.letters(state="failed")
    assert timedelta(days=5) <= clock.at - AT < timedelta(days=5, hours=3)
    assert failed.tries == tries
    await desk.courier.carry_waiting()
    assert [one.letter for one in desk.letters(letter="engineer_delivery_failed")]


async def test_a_letter_that_waited_while_we_were_away_is_tried_twice_at_least(
    desk: Desk, smarthost: Smarthost, clock: Clock
) -> None:
    smarthost.at_rcpt = lambda _: "450 4.2.1 Later"
    await desk.ask()
    clock.at += timedelta(days=6)

    await desk.courier.carry_waiting()
    first = desk.letters(state="failed")
    clock.at += timedelta(hours=2)
    await desk.courier.carry_waiting()

    assert first == []
    assert len(desk.letters(state="failed")) == 2


@pytest.mark.parametrize("tries", range(1, 9))
@pytest.mark.parametrize("spread", [-1.0, 0.0, 1.0])
def test_f13_tries_follow_each_other_later_and_later(tries: int, spread: float) -> None:
    delay = retry_at(tries, AT, spread=spread) - AT

    assert delay == BACKOFF[min(tries, 5) - 1] * (1 + 0.1 * spread)


# Trouble


async def test_where_the_smarthost_is_away_one_letter_finds_out_and_the_rest_waits(
    desk: Desk, smarthost: Smarthost, clock: Clock, events: list[str]
) -> None:
    for number in range(4):
        await desk.ask(number)
    await smarthost.down()

    tried = await desk.courier.carry_waiting()
    tries = [one.tries for one in desk.letters()]
    await smarthost.up()
    clock.at += timedelta(minutes=2)
    await desk.courier.carry_waiting()

    assert tried == 1
    assert sorted(tries) == [0] * 7 + [1]
    assert len(desk.letters(state="sent")) == 8
    assert events.count("smarthost_away") == events.count("smarthost_back") == 1


async def test_where_letters_leave_the_smarthost_is_up_whichever_courier_saw_it_away(
    desk: Desk, smarthost: Smarthost
) -> None:
    figures = Figures(desk.parts)
    up = b'gateway_up{part="smarthost"} '
    first, second = desk.parts.couriers[:2]
    await desk.ask()
    before = await figures.text()
    await smarthost.down()
    await first.carry_waiting()
    away = await figures.text()
    await smarthost.up()
    await desk.ask(2)
    await second.carry_waiting()
    after = await figures.text()
    figures.close()

    assert desk.letters(state="sent")
    assert up + b"1.0" in before
    assert up + b"0.0" in away
    assert up + b"1.0" in after


async def test_f14_a_lost_reply_costs_one_duplicate_with_the_same_message_id(
    tmp_path: Path, clock: Clock
) -> None:
    async with scripted() as server:
        desk = Desk(tmp_path, f"smtp+plain://127.0.0.1:{server.port}", clock)
        await desk.ask()
        server.replies["."] = CLOSE
        await desk.courier.carry_waiting()
        server.replies["."] = b"250 OK\r\n"
        for _ in range(3):
            clock.at += timedelta(minutes=10)
            await desk.courier.carry_waiting()
        await desk.close()

    assert sorted(_message_ids(server)) == sorted(2 * [*set(_message_ids(server))])


def _message_ids(server: Scripted) -> list[bytes]:
    return [
        line
        for content in server.taken
        for line in content.split(b"\r\n")
        if line.lower().startswith(b"message-id:")
    ]


async def test_a_letter_is_settled_once_however_often_the_database_goes_away(
    desk: Desk, smarthost: Smarthost, events: list[str]
) -> None:
    await desk.ask()

    class Away(Transactions):
        """A database that is away each second time."""

        calls = 0

        async def __call__(self, step: Any, **how: Any) -> Any:
            self.calls += 1
            if self.calls % 2 == 0:
                raise OperationalError("", {}, OSError())
            return await super().__call__(step, **how)

    away = Away(desk.parts.engine, "away")
    send_through(desk.courier, away)
    desk.courier._stopping = Impatient()
    await desk.courier.carry_waiting()
    away.close()

    assert len(desk.letters(state="sent")) == len(smarthost.taken) == 2
    assert "database_down" in events


async def test_a_letter_that_left_is_settled_whatever_the_database_says(
    desk: Desk, smarthost: Smarthost, clock: Clock, events: list[str]
) -> None:
    await desk.ask()

    class Odd(Transactions):
        """A database that refuses what nobody foresaw, each second time."""

        calls = 0

        async def __call__(self, step: Any, **how: Any) -> Any:
            self.calls += 1
            if self.calls % 2 == 0:
                raise ProgrammingError("", {}, ValueError())
            return await super().__call__(step, **how)

    odd = Odd(desk.parts.engine, "odd")
    send_through(desk.courier, odd)
    desk.courier._stopping = Impatient()
    await desk.courier.carry_waiting()
    odd.close()

    assert len(desk.letters(state="sent")) == len(smarthost.taken) == 2
    assert "settle_failed" in events


async def test_a_database_that_never_takes_a_settlement_costs_the_lease_and_no_more(
    desk: Desk, clock: Clock, events: list[str]
) -> None:
    await desk.ask()

    class Broken(Transactions):
        """Claims work, settling never does, and each try takes a quarter of a lease."""

        async def __call__(self, step: Any, **how: Any) -> Any:
            if "claim" in step.__code__.co_names:
                return await super().__call__(step, **how)
            clock.at += store.LEASE / 4
            raise ProgrammingError("", {}, ValueError())

    broken = Broken(desk.parts.engine, "broken")
    send_through(desk.courier, broken)
    desk.courier._stopping = Impatient()

    (one, *_) = await broken(desk.courier._take, first=True)
    await desk.courier._settle(one, await desk.courier._carry(one))
    broken.close()

    assert events.count("settle_failed") == 4
    assert desk.letters(state="sending"), "the lease settles it"


async def test_the_next_letter_leaves_while_the_one_before_is_settled(
    desk: Desk, smarthost: Smarthost
) -> None:
    await desk.ask()

    both_are_out = asyncio.Event()

    def count(_: list[str]) -> str:
        if smarthost.taken:
            both_are_out.set()
        return ""

    smarthost.at_data = count

    class Slow(Transactions):
        """Settles nothing until both letters are out."""

        async def __call__(self, step: Any, **how: Any) -> Any:
            if "claim" not in step.__code__.co_names:
                await both_are_out.wait()
            return await super().__call__(step, **how)

    slow = Slow(desk.parts.engine, "slow")
    send_through(desk.courier, slow)
    async with asyncio.timeout(20):
        await desk.courier.carry_waiting()
    slow.close()

    assert len(desk.letters(state="sent")) == len(smarthost.taken) == 2


async def test_letters_whose_claim_was_committed_and_never_answered_do_not_wait_for_the_lease(
    desk: Desk, smarthost: Smarthost, events: list[str]
) -> None:
    await desk.ask()

    class Cut(Transactions):
        """A database that goes away the first time, after it has committed."""

        is_cut = False

        async def __call__(self, step: Any, **how: Any) -> Any:
            answer = await super().__call__(step, **how)
            if not self.is_cut:
                self.is_cut = True
                raise OperationalError("", {}, OSError())
            return answer

    cut = Cut(desk.parts.engine, "cut")
    send_through(desk.courier, cut)

    await desk.courier.carry_waiting()
    assert events.count("database_down") == 1
    assert len(desk.letters(state="sending")) == 2
    await desk.courier.carry_waiting()
    cut.close()

    assert len(desk.letters(state="sent")) == len(smarthost.taken) == 2


class Away(Transactions):
    """A database that is away while it is told so."""

    is_away = False

    async def __call__(self, step: Any, **how: Any) -> Any:
        if self.is_away:
            raise OperationalError("", {}, OSError())
        return await super().__call__(step, **how)


async def test_after_an_outage_longer_than_a_lease_letters_are_settled_and_not_sent_again(
    desk: Desk, smarthost: Smarthost, clock: Clock
) -> None:
    # Given a courier that sent letters and could not settle them for longer than a lease
    await desk.ask()
    first, second, *_ = desk.parts.couriers
    database = Away(desk.parts.engine, "away")
    for courier in (first, second):
        send_through(courier, database)
    claimed = await database(first._take, first=True)
    carried = [(one, await first._carry(one)) for one in claimed]
    database.is_away = True
    clock.at += store.LEASE + timedelta(minutes=1)
    await second.carry_waiting()

    # When the database is back, and another courier looks first
    database.is_away = False
    await second.carry_waiting()
    for one, delivery in carried:
        await first._settle(one, delivery)
    database.close()

    assert len(desk.letters(state="sent")) == len(smarthost.taken) == 2


async def test_who_waits_for_letters_hears_of_an_outage_however_long_a_look_takes(
    desk: Desk, smarthost: Smarthost, clock: Clock, events: list[str]
) -> None:
    # Given a courier that looks often, and letters that another one has sent and not settled yet
    await desk.ask()
    database = Transactions(desk.parts.engine, "slow")
    courier = desk.courier
    send_through(courier, database)
    courier._look_every = 0.02
    await database(lambda c: store.claim(c, "other/0", AT, 8))
    running = asyncio.create_task(courier.run())
    await database(lambda _: None)

    # When the database stands still for many looks and longer than a lease, and is away then
    goes_on = threading.Event()

    def stand_still(_: Any) -> None:
        goes_on.wait()
        raise OperationalError("", {}, OSError(), connection_invalidated=True)

    stuck = asyncio.ensure_future(database(stand_still))
    clock.at += store.LEASE + timedelta(minutes=1)
    asyncio.get_running_loop().call_later(0.3, goes_on.set)
    with pytest.raises(OperationalError):
        await stuck
    async with asyncio.timeout(20):
        while courier._seeking is None or courier._seeking.done():  # noqa: ASYNC110 - no bell
            await asyncio.sleep(0.01)
        for _ in range(3):
            await database(lambda _: None)

    # Then it has heard of that, and leaves them to the other
    courier.stop()
    await running
    database.close()
    assert "database_down" in events
    assert smarthost.taken == []


async def test_after_an_outage_letters_of_one_who_is_gone_leave_a_little_later(
    desk: Desk, smarthost: Smarthost, clock: Clock
) -> None:
    await desk.ask()
    await desk.parts.transactions(lambda c: store.claim(c, "gone/0", AT, 8))
    database = Away(desk.parts.engine, "away")
    send_through(desk.courier, database)
    database.is_away = True
    clock.at += store.LEASE + timedelta(minutes=1)
    await desk.courier.carry_waiting()
    database.is_away = False

    clock.at += SETTLED_WITHIN
    await desk.courier.carry_waiting()
    database.close()

    assert len(desk.letters(state="sent")) == len(smarthost.taken) == 2


def test_a_lease_outlasts_the_longest_attempt() -> None:
    assert FRESH + timedelta(seconds=CARRY_SECONDS_MAX + RESET_SECONDS) < store.LEASE


async def test_a_sender_that_is_refused_fails_no_letter_and_is_told_to_the_operator(
    tmp_path: Path, clock: Clock, events: list[str]
) -> None:
    async with scripted({"MAIL": b"550 5.7.60 Not allowed to send as this\r\n"}) as server:
        desk = Desk(tmp_path, f"smtp+plain://127.0.0.1:{server.port}", clock)
        await desk.ask()
        for _ in range(3):
            await desk.courier.carry_waiting()
            clock.at += timedelta(hours=1)

        assert desk.letters(state="failed") == []
        (alert,) = desk.letters(letter="operator_alert")
        assert b"550 sender refused: 5.7.60 Not" in b" ".join(alert.content.split())
        server.replies["MAIL"] = b"250 OK\r\n"
        await desk.courier.carry_waiting()

        assert {one.state for one in desk.letters()} == {"sent"}
        await desk.close()
    assert "smarthost_away" in events
    assert "smarthost_back" in events


class Impatient(asyncio.Event):
    """A bell for which nobody waits long."""

    async def wait(self) -> Any:
        raise TimeoutError


async def test_f16_a_receipt_overtakes_reminders_that_wait(
    desk: Desk, smarthost: Smarthost
) -> None:
    for number in range(12):
        await desk.ask(number, f"kim{number}@newco.example")
    bulk = update(outbox).where(outbox.c.letter == "engineer_new_ticket").values(priority=5)
    run_once(desk.parts.engine, lambda c: c.execute(bulk))

    await desk.courier.carry_waiting()

    order = [one.event for one in smarthost.taken]
    assert order == ["ticket_received"] * 12 + ["engineer_new_ticket"] * 12


async def test_a_node_frees_its_own_letters_and_nobody_elses(desk: Desk) -> None:
    await desk.ask()
    await desk.parts.transactions(lambda c: store.claim(c, "node1/0", AT, 1))
    await desk.parts.transactions(lambda c: store.claim(c, "node10/0", AT, 1))

    freed = await desk.parts.transactions(lambda c: store.release(c, "node1", AT))

    assert freed == 1
    assert [one.holder for one in desk.letters(state="sending")] == ["node10/0"]


async def test_a_node_that_frees_late_leaves_what_was_claimed_since_where_it_is(
    desk: Desk,
) -> None:
    # Given a worker that died with a letter, and the one after it has claimed the other
    await desk.ask()
    await desk.parts.transactions(lambda c: store.claim(c, "node1/worker1/0", AT, 1))
    later = AT + timedelta(seconds=3)
    await desk.parts.transactions(lambda c: store.claim(c, "node1/worker1/1", later, 1))

    # When what the first one held is freed only now
    freed = await desk.parts.transactions(lambda c: store.release(c, "node1/worker1", AT))

    assert freed == 1
    assert [one.holder for one in desk.letters(state="sending")] == ["node1/worker1/1"]


# The operator


async def test_the_operator_lists_shows_holds_back_and_sends_again(
    desk: Desk, smarthost: Smarthost, clock: Clock
) -> None:
    smarthost.at_rcpt = lambda to: REFUSED if to.startswith("kim") else ""
    await desk.ask()
    await desk.courier.carry_waiting()
    run = lambda *words: run_gateway("outbox", *words, config=desk.path)  # noqa: E731 - short

    (failed,) = (await asyncio.to_thread(run, "list", "--state", "failed", "--json")).rows()
    number = str(failed["id"])
    shown = await asyncio.to_thread(run, "show", number)
    held = await asyncio.to_thread(run, "withhold", number)
    again = await asyncio.to_thread(run, "retry", number)
    smarthost.at_rcpt = lambda _: ""
    clock.at = datetime.now(UTC)  # Commands live in the real time.
    await desk.courier.carry_waiting()
    late = await asyncio.to_thread(run, "retry", number)

    assert failed["to"] == "kim@newco.example"
    assert "No such user" in failed["failure"]
    assert shown.octets.startswith(b"From: ") or b"\r\nFrom: " in shown.octets
    assert (held.code, again.code, late.code) == (0, 0, 1)
    assert "was sent" in late.errors
    assert any(one.recipient == "kim@newco.example" for one in smarthost.taken)


@pytest.mark.parametrize(
    ("words", "code"),
    [("list", 0), ("list --state lost", 2), ("show 99", 1), ("retry 99", 1), ("withhold 99", 1)],
)
def test_what_is_not_there_is_told(tmp_path: Path, words: str, code: int) -> None:
    ran = run_gateway("outbox", *words.split(), config=write_desk(tmp_path))

    assert ran.code == code
    assert (ran.errors == "none\n") is (code == 0)
    assert ran.errors
