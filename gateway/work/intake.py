"""Take mails in: from the spool through reading, facts and decision into one transaction each.

Mails keep the order in which they came. While one is committed the next are read; commits that meet
share one sync. A mail leaves the spool only after its decision is durable; a crash in between makes
it a duplicate, which is harmless.
"""

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from gateway import journal
from gateway.desk.clues import find_clues
from gateway.desk.decide import decide
from gateway.desk.decision import Decision
from gateway.desk.learned import Learned
from gateway.desk.policy import Policy
from gateway.desk.token import Keys
from gateway.letters.writer import Writer
from gateway.spool import Spool, Spooled, SpoolFailure, SpoolFull, SyncFailed
from gateway.store import pictures
from gateway.store.apply import apply
from gateway.store.facts import gather
from gateway.store.mails import record
from gateway.store.occasion import Applied, Occasion
from gateway.store.reach import OUT_OF_REACH, DatabaseAway, Refused
from gateway.store.shared_commit import Conflict
from gateway.store.transaction import Transactions
from gateway.work.reader import Read, Reader, TookTooLong, UnreadableMail
from gateway.work.restored import held_back

BATCH: Final = 32
RESTS: Final = (timedelta(seconds=2), timedelta(seconds=30))
"""How long a mail rests after its first and its second try."""
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


Tell = Callable[[str, str], Awaitable[bool]]
"""Writes to the operator: the name of an event, which is told once, and what to say of it."""


class Pass:
    """One way through what waits: behind a mail that the database lost, none is taken in.

    Else a customer's "decline" could pass the "confirm" before it, which comes again later.
    """

    def __init__(self) -> None:
        self._is_lost = False

    def lose(self) -> None:
        """The database is away for one of its mails."""
        self._is_lost = True

    def go_on(self) -> None:
        """Raises `DatabaseAway` where a mail before this one was lost."""
        if self._is_lost:
            raise DatabaseAway("behind one that waits for the database")


class Intake:
    """The loop that takes mails in."""

    def __init__(
        self,
        spool: Spool,
        transactions: Transactions,
        reader: Reader,
        desk: Desk,
        committed: asyncio.Event,
        tell: Tell,
    ) -> None:
        self._spool = spool
        self._transactions = transactions
        self._reader = reader
        self._desk = desk
        self._committed = committed
        self._tell = tell
        self._stopping = False
        self._since = desk.clock()
        self._told_broken = False

    def stop(self) -> None:
        """Finish the mails in hand and take no more."""
        self._stopping = True
        self._spool.arrived.set()

    async def run(self) -> None:
        """Take mails in until told to stop."""
        pause = PAUSE_SECONDS
        while not self._stopping:
            outcome = await self.take_waiting()
            if self._spool.broken:
                await self._tell_broken(self._spool.broken)
            if outcome == "down":
                # Database or spool are away: mail stays in the spool, and we ask less and less.
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
        """Take in everything that waits now: a batch is read while the one before is committed."""
        self._spool.arrived.clear()
        position = 0
        pass_ = Pass()
        before: asyncio.Task[bool] | None = None
        is_well = True
        while is_well and not self._stopping:
            try:
                now = self._desk.clock()
                batch = await asyncio.to_thread(self._spool.take, BATCH, position, now)
            except (sqlite3.Error, OSError) as error:
                journal.fail("spool_failure", loop="intake", error=type(error).__name__)
                is_well = False
                break
            if not batch:
                break
            mails = [spooled for _, spooled in batch]
            commits = await self._hand_in(mails, pass_)
            is_well = before is None or await before
            before = asyncio.create_task(self._finish(mails, commits))
            position = batch[-1][0]
        is_well = (before is None or await before) and is_well
        return "done" if is_well else "down"

    async def _hand_in(self, batch: Sequence[Spooled], pass_: Pass) -> list[asyncio.Task[Outcome]]:
        """Read in order and hand in in order; what became of each comes with its commit."""
        loop = asyncio.get_running_loop()
        commits: list[asyncio.Task[Outcome]] = []
        async with asyncio.TaskGroup() as reading:
            # All are asked for at once: the reading process need not wait for us in between.
            reads = [reading.create_task(self._read(spooled)) for spooled in batch]
            for spooled, reads_on in zip(batch, reads, strict=True):
                began = loop.time()
                read = await reads_on
                took = loop.time() - began
                commits.append(loop.create_task(self._take_in(spooled, read, took, pass_)))
                await asyncio.sleep(0)  # Lets the step into the queue before the next mail's.
        return commits

    async def _finish(
        self, batch: Sequence[Spooled], commits: Sequence[asyncio.Task[Outcome]]
    ) -> bool:
        """Wait for the commits, then let the spool forget what is done; false where one is away."""
        outcomes = await asyncio.gather(*commits)
        self._committed.set()
        taken_in = [
            spooled.envelope.queue_id
            for spooled, outcome in zip(batch, outcomes, strict=True)
            if outcome == "done"
        ]
        try:
            await self._spool.done(taken_in)
        except (SpoolFull, SpoolFailure) as error:
            # They come again later and are known then.
            journal.fail("spool_failure", loop="intake", error=type(error).__name__)
            return False
        return "down" not in outcomes

    async def _read(self, spooled: Spooled) -> Read | Outcome:
        queue_id = spooled.envelope.queue_id
        try:
            return await self._reader.read(spooled.raw, spooled.envelope)
        except TookTooLong as error:
            journal.fail("parse_timeout", queue_id=queue_id)
            return await self._parked(queue_id, str(error))
        except UnreadableMail as error:
            return await self._failed(spooled, str(error))

    async def _take_in(
        self, spooled: Spooled, read: Read | Outcome, read_in: float, pass_: Pass
    ) -> Outcome:
        """One mail: decide and commit; the spool forgets it afterwards."""
        if isinstance(read, str):
            return read
        queue_id = spooled.envelope.queue_id
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            decision, applied = await self._transactions(
                lambda c: self._step(c, spooled, read, pass_), lost=pass_.lose
            )
        except OUT_OF_REACH as error:
            journal.warn("database_down", queue_id=queue_id, error=type(error).__name__)
            return "down"
        except Exception as error:  # noqa: BLE001 - one mail must never stop the others
            return await self._failed(spooled, describe_failure(error))
        committed_in = loop.time() - began
        if decision is None:
            return "done"
        for broken in applied.broken:
            journal.warn("template_broken", queue_id=queue_id, template=broken)
        for alarm in decision.alarms:
            journal.warn(alarm, queue_id=queue_id, ticket=applied.ticket(decision.ticket))
        if decision.hold_reason:
            return await self._parked(queue_id, decision.hold_reason, event="held")
        journal.note(
            "taken_in",
            queue_id=queue_id,
            disposition=str(decision.disposition),
            ticket=applied.ticket(decision.ticket),
            letters=applied.letters,
            reasons=decision.reasons,
            read_in=round(read_in, 4),
            committed_in=round(committed_in, 4),
            after=(self._desk.clock() - spooled.envelope.received_at).total_seconds(),
        )
        return "done"

    def _step(
        self, connection: Connection, spooled: Spooled, read: Read, pass_: Pass
    ) -> tuple[Decision | None, Applied]:
        """Facts, decision and every change of one mail, in the transaction at hand."""
        pass_.go_on()
        desk, mail = self._desk, pictures.without_signatures(connection, read.mail)
        now = desk.clock()
        clues = find_clues(mail, desk.policy, desk.keys)
        facts = gather(connection, mail, clues, desk.policy, desk.learned())
        if facts.seen and facts.seen.queue_id == spooled.envelope.queue_id:
            # It has its row already: a crash fell between its commit and the spool's mark.
            return None, Applied()
        decision = held_back(connection, decide(mail, facts, desk.policy, now))
        gone = pictures.left_out(read.mail, mail)
        decision = pictures.told(decision, gone)
        occasion = Occasion(
            event=mail.envelope.queue_id,
            at=now,
            write=desk.writer.write,
            overdraft=desk.policy.credits.overdraft,
            queue_id=mail.envelope.queue_id,
            message_id=mail.message_id or "",
            references=mail.references,
            enclosures=pictures.travelling(read.enclosures, gone, mail.attachments),
            too_large=read.too_large,
        )
        applied = apply(connection, decision, occasion)
        if not decision.hold_reason:
            ticket = applied.ticket(decision.ticket)
            record(connection, read.mail, spooled.raw, decision, ticket=ticket, now=now)
        return decision, applied

    async def _failed(self, spooled: Spooled, reason: str) -> Outcome:
        """The unknown is transient three times, then parked and told (architecture 7)."""
        queue_id = spooled.envelope.queue_id
        rest = RESTS[min(spooled.tries, len(RESTS) - 1)]
        try:
            parked = await self._spool.fail(queue_id, reason, self._desk.clock() + rest)
        except (SpoolFull, SpoolFailure) as error:
            return self._spool_away(queue_id, error)
        event = "parked" if parked else "try_failed"
        journal.fail(event, queue_id=queue_id, reason=reason)
        if parked:
            await self._tell_parked(queue_id, reason)
        return "parked" if parked else "later"

    # A spool that cannot be written to keeps the mail, which comes again later and is known then.

    async def _parked(self, queue_id: str, reason: str, *, event: str = "parked") -> Outcome:
        try:
            await self._spool.park(queue_id, reason)
        except (SpoolFull, SpoolFailure) as error:
            return self._spool_away(queue_id, error)
        journal.fail(event, queue_id=queue_id, reason=reason)
        if event == "parked":
            await self._tell_parked(queue_id, reason)
        return "parked"

    async def _tell_parked(self, queue_id: str, reason: str) -> None:
        """A mail that was set aside is told to the operator (4.11); held ones are told before."""
        await self._tell(
            f"parked:{queue_id}",
            f"A mail could not be taken in and was set aside: {reason}. "
            f"To look at it: gateway mail show {queue_id}. "
            f"To try again: gateway mail release {queue_id}.",
        )

    async def _tell_broken(self, failure: SyncFailed) -> None:
        """Once in the life of a process: the operator must look after the disk (fault F06)."""
        if not self._told_broken:
            text = f"No mail is accepted any more: {failure}. Senders keep theirs and try again."
            self._told_broken = await self._tell(f"spool_broken:{self._since.isoformat()}", text)

    @staticmethod
    def _spool_away(queue_id: str, error: Exception) -> Outcome:
        journal.fail("spool_failure", queue_id=queue_id, error=type(error).__name__)
        return "down"


def describe_failure(error: Exception) -> str:
    """The kind of an error and where it rose; never its text, which may quote the mail (P16)."""
    if isinstance(error, IntegrityError | Conflict):
        return type(error).__name__
    if isinstance(error, Refused):
        return f"refused by the database: {error}"
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"
