"""Take mails in: from the spool through reading, facts and decision into one transaction each.

Mails keep the order in which they came. While one is committed the next are read; commits that meet
share one sync. A mail leaves the spool only after its decision is durable; a crash in between makes
it a duplicate, which is harmless.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, InterfaceError, OperationalError

from gateway import journal
from gateway.desk.clues import find_clues
from gateway.desk.decide import decide
from gateway.desk.decision import Decision
from gateway.desk.learned import Learned
from gateway.desk.policy import Policy
from gateway.desk.token import Keys
from gateway.letters.writer import Writer
from gateway.spool import Spool, Spooled
from gateway.store.apply import apply
from gateway.store.facts import gather
from gateway.store.mails import is_taken_in, record
from gateway.store.occasion import Applied, Occasion
from gateway.store.transaction import Conflict, Transactions
from gateway.work.bells import Bells
from gateway.work.reader import Read, Reader, TookTooLong, UnreadableMail
from gateway.work.restored import held_back

BATCH: Final = 32
POLL_SECONDS: Final = 5.0
"""Safety net: mails another process released, or a bell nobody rang."""
PAUSE_SECONDS: Final = 1.0
PAUSE_SECONDS_MAX: Final = 30.0

Outcome = Literal["done", "parked", "later", "down"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What intake, rounds and couriers share: the rules, the keys and the words of one desk."""

    policy: Policy
    keys: Keys
    writer: Writer
    clock: Callable[[], datetime]
    learned: Callable[[], Learned] = Learned
    """What the desk's mails have taught so far."""


class Intake:
    """The loop that takes mails in."""

    def __init__(
        self, spool: Spool, transactions: Transactions, reader: Reader, desk: Desk, bells: Bells
    ) -> None:
        self._spool = spool
        self._transactions = transactions
        self._reader = reader
        self._desk = desk
        self._bells = bells
        self._stopping = False

    def stop(self) -> None:
        """Finish the mails in hand and take no more."""
        self._stopping = True
        self._spool.arrived.set()

    async def run(self) -> None:
        """Take mails in until told to stop."""
        pause = PAUSE_SECONDS
        while not self._stopping:
            outcome = await self.take_waiting()
            if outcome == "down":
                # The main database is away: mail stays in the spool, and we ask less and less.
                await self._rest(pause)
                pause = min(pause * 2, PAUSE_SECONDS_MAX)
                continue
            pause = PAUSE_SECONDS
            await self._rest(POLL_SECONDS)

    async def _rest(self, seconds: float) -> None:
        if self._stopping:
            return
        try:
            async with asyncio.timeout(seconds):
                await self._spool.arrived.wait()
        except TimeoutError:
            pass

    async def take_waiting(self) -> Outcome:
        """Take in everything that waits now."""
        self._spool.arrived.clear()
        position = 0
        while not self._stopping:
            batch = await asyncio.to_thread(self._spool.take, BATCH, position)
            if not batch:
                return "done"
            outcomes = await self._take_batch([spooled for _, spooled in batch])
            if "down" in outcomes:
                return "down"
            position = batch[-1][0]
            self._bells.rang()
        return "done"

    async def _take_batch(self, batch: Sequence[Spooled]) -> list[Outcome]:
        """Read in order, hand in in order, and wait for the shared commits at the end."""
        commits: list[asyncio.Task[Outcome]] = []
        for spooled in batch:
            read = await self._read(spooled)
            if read is not None:
                commits.append(asyncio.create_task(self._take_in(spooled, read)))
                await asyncio.sleep(0)  # Lets the step into the queue before the next mail's.
        return list(await asyncio.gather(*commits))

    async def _read(self, spooled: Spooled) -> Read | None:
        queue_id = spooled.envelope.queue_id
        try:
            return await self._reader.read(spooled.raw, spooled.envelope)
        except TookTooLong as error:
            await self._spool.park(queue_id, str(error))
            journal.fail("parse_timeout", queue_id=queue_id)
            journal.fail("parked", queue_id=queue_id, reason=str(error))
        except UnreadableMail as error:
            await self._failed(queue_id, str(error))
        return None

    async def _take_in(self, spooled: Spooled, read: Read) -> Outcome:
        """One mail: decide and commit, then let the spool forget it."""
        queue_id = spooled.envelope.queue_id
        try:
            decision, applied = await self._transactions(lambda c: self._step(c, spooled, read))
        except (OperationalError, InterfaceError, OSError) as error:
            journal.warn("database_down", queue_id=queue_id, error=type(error).__name__)
            return "down"
        except Exception as error:  # noqa: BLE001 - one mail must never stop the others
            return await self._failed(queue_id, describe_failure(error))
        if decision is None:
            await self._spool.done([queue_id])
            return "done"
        for broken in applied.broken:
            journal.warn("template_broken", queue_id=queue_id, template=broken)
        for alarm in decision.alarms:
            journal.warn(alarm, queue_id=queue_id, ticket=applied.ticket(decision.ticket))
        if decision.hold_reason:
            await self._spool.park(queue_id, decision.hold_reason)
            journal.warn("held", queue_id=queue_id, reason=decision.hold_reason)
            return "parked"
        await self._spool.done([queue_id])
        journal.note(
            "taken_in",
            queue_id=queue_id,
            disposition=str(decision.disposition),
            ticket=applied.ticket(decision.ticket),
            letters=applied.letters,
            reasons=decision.reasons,
            after=(self._desk.clock() - spooled.envelope.received_at).total_seconds(),
        )
        return "done"

    def _step(
        self, connection: Connection, spooled: Spooled, read: Read
    ) -> tuple[Decision | None, Applied]:
        """Facts, decision and every change of one mail, in the transaction at hand."""
        if is_taken_in(connection, spooled.envelope.queue_id):
            return None, Applied()
        desk, mail = self._desk, read.mail
        now = desk.clock()
        clues = find_clues(mail, desk.policy, desk.keys)
        facts = gather(connection, mail, clues, desk.policy, desk.learned())
        decision = held_back(connection, decide(mail, facts, desk.policy, now))
        occasion = Occasion(
            event=mail.envelope.queue_id,
            at=now,
            write=desk.writer.write,
            overdraft=desk.policy.credits.overdraft,
            queue_id=mail.envelope.queue_id,
            message_id=mail.message_id or "",
            references=mail.references,
            enclosures=read.enclosures,
            too_large=read.too_large,
        )
        applied = apply(connection, decision, occasion)
        if not decision.hold_reason:
            ticket = applied.ticket(decision.ticket)
            record(connection, mail, spooled.raw, decision, ticket=ticket, now=now)
        return decision, applied

    async def _failed(self, queue_id: str, reason: str) -> Outcome:
        """The unknown is transient three times, then parked and told (architecture 7)."""
        parked = await self._spool.fail(queue_id, reason)
        event = "parked" if parked else "try_failed"
        journal.fail(event, queue_id=queue_id, reason=reason)
        if not parked:
            self._spool.arrived.set()
        return "parked" if parked else "later"


def describe_failure(error: Exception) -> str:
    """The kind of an error and where it rose; never its text, which may quote the mail (P16)."""
    if isinstance(error, IntegrityError | Conflict):
        return type(error).__name__
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"
