"""Couriers: carry letters from the outbox to the smarthost, each on a kept connection of its own.

Claim in the transaction that wrote the letter, or in one of its own; send outside of any; settle in
one while the next letter leaves. A crash in between sends those letters again with the same
Message-ID (promise P7). Deferred letters come back later and later; one that failed for good is
settled together with the letter that tells of it.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from gateway import journal
from gateway.desk.decision import Audience
from gateway.desk.token import Keys, Purpose
from gateway.desk.undelivered import FailedLetter, report_failure
from gateway.store import outbox
from gateway.store.apply import apply
from gateway.store.desk_rows import load_ticket
from gateway.store.occasion import Occasion
from gateway.store.outbox import Claimed, Sent
from gateway.store.reach import OUT_OF_REACH
from gateway.store.shared_commit import Step
from gateway.store.spent import pauses_of
from gateway.store.transaction import Transactions
from gateway.wire.delivery import Carrier, Delivery
from gateway.work.intake import Desk, describe_failure
from gateway.work.operator_letters import OperatorLetters
from gateway.work.settling import Settling

CLAIM: Final = 8
"""Letters that a courier has in hand at once: so many at most leave again after a crash."""
POLL_SECONDS: Final = 15.0
PAUSE_SECONDS: Final = 1.0
"""First pause where the smarthost or the database is away; doubled up to the longest."""
PAUSE_SECONDS_MAX: Final = 60.0
FRESH: Final = outbox.LEASE / 10
"""A claim older than this is given back: its lease must outlast the longest attempt."""
SETTLED_WITHIN: Final = timedelta(seconds=2 * PAUSE_SECONDS_MAX)
"""After an outage of the database: whoever lives settles within this what they have sent."""
BACKOFF: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60))
"""Time to the next try by number of tries; the last one goes on for ever (fault F13)."""
JITTER: Final = 0.1
"""Perturbed, so that all queued letters are not tried at the same time."""


def retry_at(tries: int, now: datetime, *, spread: float) -> datetime:
    """When to try again after so many tries; `spread` from -1 to 1 perturbs the delay."""
    delay = BACKOFF[min(tries, len(BACKOFF)) - 1]
    return now + delay * (1 + JITTER * spread)


class Courier:
    """One courier: one connection, one letter after the other."""

    def __init__(  # noqa: PLR0913 - a courier knows these
        self,
        name: str,
        transactions: Transactions,
        settling: Settling,
        carrier: Carrier,
        desk: Desk,
        *,
        reverse_path: Callable[[Claimed], str],
        give_up_after: timedelta,
    ) -> None:
        self._name = name
        self._transactions = transactions
        self._settling = settling
        self._carrier = carrier
        self._desk = desk
        self._clock = desk.clock
        self._reverse_path = reverse_path
        self._give_up_after = give_up_after
        self._stopping = asyncio.Event()
        self._letters = OperatorLetters(transactions, desk)
        self._look_every = POLL_SECONDS
        self._seeking: asyncio.Future[Sequence[Claimed]] | None = None
        self._pause = 0.0
        """How long to leave the smarthost alone; 0 where it is well."""
        self._away_at: datetime | None = None
        """When the database was away the last time that we asked."""

    def stop(self) -> None:
        """Finish the letter in hand and take no more."""
        self._stopping.set()
        if self._seeking:
            self._seeking.cancel()

    async def run(self) -> None:
        """Carry letters until told to stop."""
        away = 0.0
        while not self._stopping.is_set():
            claimed = await self._claim(self._letters_to_come)
            away = 0.0 if claimed is not None else _longer(away, POLL_SECONDS)
            await self._carry_all(claimed or ())
            if rest := max(away, self._pause):
                await _wait(self._stopping, rest)
        await self._carrier.close()

    async def carry_waiting(self) -> int:
        """Carry what may leave now; returns how many letters were tried."""
        tried = 0
        while claimed := await self._claim(lambda: self._transactions(self._take, first=True)):
            tried += await self._carry_all(claimed)
            if self._pause or self._stopping.is_set():
                break
        return tried

    async def _carry_all(self, claimed: Sequence[Claimed]) -> int:
        """Where the smarthost is away one letter finds out, and the others wait for its return.

        The next letter leaves while the one before is settled; at the end all are, for whoever
        claims must have nothing in hand.
        """
        tried = 0
        is_away = False
        async with asyncio.TaskGroup() as settling:
            for position, one in enumerate(claimed):
                is_late = self._clock() - one.claimed_at > FRESH
                if is_away or is_late or self._stopping.is_set():
                    settling.create_task(self._give_back(claimed[position:]))
                    break
                delivery = await self._carry(one)
                settling.create_task(self._settle(one, delivery))
                is_away = delivery.about_connection
                tried += 1
        return tried

    async def _claim(
        self, ask: Callable[[], Awaitable[Sequence[Claimed]]]
    ) -> Sequence[Claimed] | None:
        """What is found by asking; nothing at all where the database does not answer."""
        try:
            return await ask()
        except OUT_OF_REACH as error:
            self._database_away(error)
        except Exception as error:  # noqa: BLE001 - whatever it is, the desk goes on without us
            journal.fail("claim_failed", courier=self._name, reason=describe_failure(error))
        return None

    async def _letters_to_come(self) -> Sequence[Claimed]:
        """Letters as soon as there are any; none where we are told to stop.

        Now and then we look for what nobody here hears of: letters of others, leases that ended. We
        stay in line for that: who leaves it does not hear that the database went away meanwhile.
        """
        self._seeking = seeking = self._transactions.until_found(self._take)
        try:
            while not (await asyncio.wait([seeking], timeout=self._look_every))[0]:
                self._transactions.look_again()
        finally:
            seeking.cancel()
        return () if seeking.cancelled() else seeking.result()

    def _take(self, connection: Connection) -> Sequence[Claimed]:
        now = self._clock()
        return outbox.claim(connection, self._name, now, CLAIM, from_others=self._takes_over(now))

    def _database_away(self, error: Exception) -> None:
        journal.warn("database_down", courier=self._name, error=type(error).__name__)
        self._away_at = self._clock()

    def _takes_over(self, now: datetime) -> bool:
        """Whether a lease that ended is another's.

        One that ended while the database was away says nothing: its holder may live, and could not
        settle what it had sent. It does so before long, and those who are gone do not (promise P7).
        """
        return self._away_at is None or now - self._away_at >= SETTLED_WITHIN

    async def _give_back(self, claimed: Sequence[Claimed]) -> None:
        if claimed:
            until = self._clock() + outbox.LEASE
            await self._firmly(lambda c: outbox.give_back(c, claimed, self._name), until)

    async def _carry(self, one: Claimed) -> Delivery:
        """Send one letter; what became of it."""
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            delivery = await self._carrier.carry(
                self._reverse_path(one), one.recipient, one.content
            )
        except Exception as error:  # noqa: BLE001 - one letter must never stop the others
            delivery = Delivery("deferred", reason=type(error).__name__)
        journal.see("carried", carried_in=loop.time() - began)
        self._judge(delivery)
        return delivery

    def _judge(self, delivery: Delivery) -> None:
        """Remember whether the smarthost is well; tell when that changes."""
        if delivery.about_connection:
            if not self._pause:
                journal.fail("smarthost_away", courier=self._name, reason=delivery.said)
            self._pause = _longer(self._pause, PAUSE_SECONDS_MAX)
        elif self._pause:
            journal.note("smarthost_back", courier=self._name)
            self._pause = 0.0

    async def _tell(self, delivery: Delivery) -> None:
        """The smarthost wants none of us: that ends only when somebody does something."""
        event = f"smarthost:{delivery.code}:{self._clock():%Y%m%d}"
        await self._letters.tell(
            event,
            f"No letter leaves through the smarthost: {delivery.said}.\n\nLetters wait and are "
            "tried again; none has failed for that. Correct [smarthost] in gateway.toml, or what "
            "the smarthost allows us; gateway check --connect tries it. You hear of this once a "
            "day.",
        )

    async def _settle(self, one: Claimed, delivery: Delivery) -> None:
        now = self._clock()
        until = now + outbox.LEASE
        # Tried at least twice, however long it waited while we were away.
        gives_up = now - one.created_at >= self._give_up_after and one.tries > 1
        told = {"letter": one.letter, "to": one.recipient, "row": one.id, "ticket": one.ticket}
        if delivery.outcome == "delivered":
            journal.note("sent", after=(now - one.created_at).total_seconds(), **told)
            sent = Sent(one.id, self._name, now)
            # With others, then alone: a row that is refused must not hold up the others.
            together = iter((True,))
            await self._until_done(
                lambda: self._settling.sent(sent, together=next(together, False)), until
            )
        elif delivery.outcome == "failed" or gives_up:
            journal.fail("letter_failed", reason=delivery.said, **told)
            await self._settle_failed(one, delivery, now)
        else:
            spread = random.uniform(-1, 1)  # noqa: S311 - jitter, no secret
            later = retry_at(one.tries, now, spread=spread)
            journal.warn("letter_deferred", reason=delivery.said, **told)
            await self._firmly(
                lambda c: outbox.settle_later(c, one, self._name, later, delivery.said), until
            )
        if delivery.needs_operator:
            await self._tell(delivery)

    async def _settle_failed(self, one: Claimed, delivery: Delivery, now: datetime) -> None:
        # A letter that cannot be told of must still end: one try, then without the telling. That
        # may be one of a later version, for an audience that we do not know.
        def fail(connection: Connection) -> bool:
            failed = FailedLetter(
                row=one.id,
                tries=one.tries,
                letter=one.letter,
                to=one.recipient,
                audience=Audience(one.audience),
                reason=delivery.said,
                refuses_recipient=delivery.about_recipient,
            )
            return self._fail(connection, one, failed, now)

        # In turn: those who seek letters find what is written here.
        if not await self._until_done(lambda: self._transactions(fail), now):
            journal.fail("failure_untold", row=one.id)
            await self._firmly(
                lambda c: outbox.settle_failed(c, one, self._name, delivery.said),
                now + outbox.LEASE,
            )

    def _fail(
        self, connection: Connection, one: Claimed, failed: FailedLetter, now: datetime
    ) -> bool:
        """Settle a letter that will never leave, and tell of it, in one transaction."""
        if not outbox.settle_failed(connection, one, self._name, failed.reason):
            return False
        earlier = pauses_of(connection, {failed.to}).get(failed.to)
        ticket = load_ticket(connection, one.ticket)
        decision = report_failure(self._desk.policy, now, replace(failed, earlier=earlier), ticket)
        occasion = Occasion(
            event=decision.event,
            at=now,
            write=self._desk.writer.write,
            overdraft=self._desk.policy.credits.overdraft,
        )
        apply(connection, decision, occasion)
        return True

    async def _firmly(self, step: Step[object], until: datetime) -> bool:
        """Settle by a step of its own."""
        return await self._until_done(
            lambda: self._transactions(step, first=True, patient=True), until
        )

    async def _until_done(self, settle: Callable[[], Awaitable[object]], until: datetime) -> bool:
        """Settle, however long the database is away; whether it came to that.

        Until then this courier takes nothing else: what it has sent and cannot settle would be sent
        once more by another (promise P7). What the database refuses, for whatever reason, is tried
        until the lease ends; then, and at a stop, the lease settles it.
        """
        pause = PAUSE_SECONDS
        while True:
            try:
                await settle()
            except OUT_OF_REACH as error:
                self._database_away(error)
            except Exception as error:  # noqa: BLE001 - a letter must never stop the desk
                journal.fail("settle_failed", courier=self._name, reason=describe_failure(error))
                if self._clock() >= until:
                    return False
            else:
                return True
            if self._stopping.is_set():
                return True
            await _wait(self._stopping, pause)
            pause = _longer(pause, PAUSE_SECONDS_MAX)


def _longer(pause: float, longest: float) -> float:
    return min(max(PAUSE_SECONDS, 2 * pause), longest)


async def _wait(bell: asyncio.Event, seconds: float) -> bool:
    """Wait for a bell, but not for ever; whether it rang."""
    try:
        async with asyncio.timeout(seconds):
            return await bell.wait()
    except TimeoutError:
        return False


def bounce_address(keys: Keys, address: Callable[[str], str]) -> Callable[[Claimed], str]:
    """Envelope senders that lead a delivery report back to its letter (policy 4.13)."""

    def reverse_path(one: Claimed) -> str:
        return address(keys.make(Purpose.BOUNCE, str(one.id), one.recipient))

    return reverse_path
