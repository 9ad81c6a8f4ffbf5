"""Couriers: carry letters from the outbox to the smarthost, each on a kept connection of its own.

Claim in a transaction, send outside of any, settle in a transaction. A crash in between sends the
letter again with the same Message-ID (promise P7). Deferred letters come back later and later.
"""

import asyncio
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy.exc import InterfaceError, OperationalError

from gateway import journal
from gateway.desk.token import Keys, Purpose
from gateway.store import outbox
from gateway.store.outbox import Claimed
from gateway.store.transaction import Transactions
from gateway.wire.delivery import Carrier, Delivery
from gateway.work.bells import Bells

CLAIM: Final = 8
POLL_SECONDS: Final = 15.0
BACKOFF: Final = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60))
"""Time to the next try by number of tries; the last one goes on for ever (fault F13)."""
JITTER: Final = 0.1
"""Perturbed, so that all queued letters are not tried at the same time."""


def retry_at(tries: int, now: datetime, *, spread: float) -> datetime:
    """When to try again after so many tries; `spread` from -1 to 1 perturbs the delay."""
    delay = BACKOFF[min(tries, len(BACKOFF)) - 1]
    return now + delay * (1 + JITTER * spread)


class Courier:
    """One courier: one connection, one letter at a time."""

    def __init__(  # noqa: PLR0913 - a courier knows these
        self,
        name: str,
        transactions: Transactions,
        carrier: Carrier,
        bells: Bells,
        *,
        clock: Callable[[], datetime],
        reverse_path: Callable[[Claimed], str],
        give_up_after: timedelta,
    ) -> None:
        self._name = name
        self._transactions = transactions
        self._carrier = carrier
        self._bells = bells
        self._clock = clock
        self._reverse_path = reverse_path
        self._give_up_after = give_up_after
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Finish the letter in hand and take no more."""
        self._stopping.set()
        self._bells.outbox.set()

    async def run(self) -> None:
        """Carry letters until told to stop."""
        while not self._stopping.is_set():
            self._bells.outbox.clear()
            if not await self.carry_waiting():
                try:
                    async with asyncio.timeout(POLL_SECONDS):
                        await self._bells.outbox.wait()
                except TimeoutError:
                    pass
        await self._carrier.close()

    async def carry_waiting(self) -> int:
        """Carry what may leave now; returns how many letters were tried."""
        tried = 0
        while not self._stopping.is_set():
            claimed = await self._claim()
            for position, one in enumerate(claimed):
                if self._stopping.is_set():
                    await self._give_back(claimed[position:])
                    break
                await self._carry(one)
                tried += 1
            if not claimed:
                break
        return tried

    async def _claim(self) -> Sequence[Claimed]:
        now = self._clock()
        try:
            return await self._transactions(lambda c: outbox.claim(c, self._name, now, CLAIM))
        except (OperationalError, InterfaceError, OSError) as error:
            journal.warn("database_down", courier=self._name, error=type(error).__name__)
            return ()

    async def _give_back(self, claimed: Sequence[Claimed]) -> None:
        if claimed:
            await self._transactions(lambda c: outbox.release(c, self._name))

    async def _carry(self, one: Claimed) -> None:
        """Send one letter and settle it."""
        try:
            delivery = await self._carrier.carry(
                self._reverse_path(one), one.recipient, one.content
            )
        except Exception as error:  # noqa: BLE001 - one letter must never stop the others
            delivery = Delivery("deferred", reason=type(error).__name__)
        await self._settle(one, delivery)

    async def _settle(self, one: Claimed, delivery: Delivery) -> None:
        now = self._clock()
        gives_up = now - one.created_at >= self._give_up_after
        failure = f"{delivery.code} {delivery.reason}".strip()
        told = {"letter": one.letter, "to": one.recipient, "row": one.id, "ticket": one.ticket}
        if delivery.outcome == "delivered":
            journal.note("sent", **told)
            await self._transactions(lambda c: outbox.settle_sent(c, one, self._name, now))
        elif delivery.outcome == "failed" or gives_up:
            journal.fail("letter_failed", reason=failure, **told)
            await self._transactions(lambda c: outbox.settle_failed(c, one, self._name, failure))
        else:
            spread = random.uniform(-1, 1)  # noqa: S311 - jitter, no secret
            later = retry_at(one.tries, now, spread=spread)
            journal.warn("letter_deferred", reason=failure, **told)
            await self._transactions(
                lambda c: outbox.settle_later(c, one, self._name, later, failure)
            )


def bounce_address(keys: Keys, address: Callable[[str], str]) -> Callable[[Claimed], str]:
    """Envelope senders that lead a delivery report back to its letter (policy 4.13)."""

    def reverse_path(one: Claimed) -> str:
        return address(keys.make(Purpose.BOUNCE, str(one.id), one.recipient))

    return reverse_path
