"""Run steps on the database: plain functions of a connection, start to end in a worker thread.

Steps that wait at the same time share one commit, in the order in which they were handed in, and
nobody hears of a result before the commit is durable. They run as if none could fail; where one
does, all of it is undone and they run once more, each in its own savepoint, so that what fails
undoes only itself. Retrying is safe because a step holds a pure decision and no wire.

Who looks for something looks once, and again in every commit of others until it is there: what a
step wrote is found in the commit that writes it, and nobody need be told to look.
"""

import asyncio
import contextlib
import itertools
import queue
import threading
from collections.abc import Callable
from typing import Any, Final

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.store.reach import OUT_OF_REACH, told_apart
from gateway.store.shared_commit import (
    AT_THE_END,
    ATTEMPTS_MAX,
    FIRST,
    IN_TURN,
    RETRY_STATES,
    Answers,
    Conflict,
    Job,
    Outcome,
    Result,
    Step,
    Turn,
    commit_apart,
    commit_together,
    failed,
)

SHARED_MAX: Final = 64
"""Steps in one commit: bounds what a failed commit repeats."""
GATHER_SECONDS: Final = 0.002
"""Patient steps wait so long for others: couriers go side by side, one sync serves all."""


class Transactions:
    """One thread and one connection through which steps pass in order."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._jobs: queue.PriorityQueue[tuple[Turn, Job[Any] | None]] = queue.PriorityQueue()
        self._number = itertools.count()
        self._seeking: list[Job[Any]] = []
        """Who has found nothing yet, in the order of their first look."""
        self._thread = threading.Thread(target=self._run, name=f"store-{name}", daemon=True)
        self._thread.start()

    async def __call__(
        self,
        step: Step[Result],
        *,
        first: bool = False,
        patient: bool = False,
        lost: Callable[[], None] | None = None,
    ) -> Result:
        """Run a step in a transaction; its result, once committed, or its exception.

        Steps keep their order; those that come `first` are short, and go before the others. Those
        that are `patient` are in no hurry: they look for company before they are committed. Where
        the database is out of reach, `lost` is called before the next step is begun: whoever must
        not be passed by those behind him tells them so.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        turn = (FIRST if first else IN_TURN, next(self._number))
        self._jobs.put((turn, Job(step, future, turn, patient, lost)))
        return await asyncio.shield(future)

    def until_found(self, step: Step[Result]) -> "asyncio.Future[Result]":
        """Run a step before others, and again behind the steps of others until it finds something.

        Its first result that is not empty, once committed, or its exception, or that of the
        database where it goes out of reach for anybody here. Whoever gives up cancels it: what it
        finds just then stays as the step left it, and nobody hears of it.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        turn = (FIRST, next(self._number))
        self._jobs.put((turn, Job(step, future, turn, seeks=True)))
        return future

    def look_again(self) -> None:
        """Something was written elsewhere that somebody here may seek."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()  # Nobody waits for it.
        turn = (IN_TURN, next(self._number))
        self._jobs.put((turn, Job(lambda _: None, future, turn)))

    def close(self) -> None:
        """Finish what was handed in and end the thread."""
        self._jobs.put(((AT_THE_END, next(self._number)), None))
        self._thread.join()

    def _run(self) -> None:
        connection: Connection | None = None
        jobs: list[Job[Any]] = []
        ends = False
        while not ends or jobs:
            ends = ends or self._collect(jobs)
            jobs = sorted((job for job in jobs if not job.is_left), key=lambda job: job.turn)
            self._seeking = [job for job in self._seeking if not job.is_left]
            if not jobs:
                continue
            answers: Answers = []
            committed = Outcome()
            with committed:
                connection = connection or self._engine.connect()
                committed.result = self._commit(connection, jobs, answers)
            if committed.failure is not None:
                # Whatever broke the connection, this thread goes on: others wait for it.
                _drop(connection)
                connection = None
                jobs, self._seeking = [*jobs, *self._seeking], []
                answers += [(job, failed(committed.failure)) for job in jobs]
            self._answer(answers)
            # What must run again goes first: steps about one ticket keep their order.
            jobs = committed.result or []
        _drop(connection)

    def _collect(self, jobs: list[Job[Any]]) -> bool:
        """Add what waits, and wait where there is nothing at all; true where the end was called."""
        with contextlib.suppress(queue.Empty):
            while len(jobs) < SHARED_MAX:
                can_wait = all(one.patient for one in jobs)
                _, job = self._jobs.get(can_wait, GATHER_SECONDS if jobs else None)
                if job is None:
                    return True
                jobs.append(job)
        return False

    def _commit(
        self, connection: Connection, jobs: list[Job[Any]], answers: Answers
    ) -> list[Job[Any]]:
        """Run jobs in one transaction; those that must run again are returned.

        A commit that broke half-way may have been carried out; steps are repeatable, so whoever
        handed them in may try again.
        """
        # A savepoint costs as much as three statements, and nearly no step ever fails.
        if not any(job.attempts for job in jobs):
            committed = commit_together(connection, jobs, self._seeking, answers)
            if committed:
                return jobs[committed:]
        told = [job for job, _ in answers]
        seeking = [job for job in self._seeking if job not in told]
        return commit_apart(connection, jobs, seeking, answers)

    def _answer(self, answers: Answers) -> None:
        """Say what became of each, in one go: waking the event loop costs more than that.

        Who seeks and has found nothing is not answered.
        """
        told: dict[asyncio.AbstractEventLoop, Answers] = {}
        for job, outcome in answers:
            if outcome.failure is not None:
                outcome.failure = told_apart(outcome.failure)
                if job.lost and isinstance(outcome.failure, OUT_OF_REACH):
                    job.lost()
            elif job.seeks and not outcome.result:
                self._seeking.append(job)
                continue
            self._seeking = [one for one in self._seeking if one is not job]
            told.setdefault(job.future.get_loop(), []).append((job, outcome))
        for loop, its in told.items():
            with contextlib.suppress(RuntimeError):  # It is closed: nobody waits any more.
                loop.call_soon_threadsafe(_tell, its)


def _tell(answers: Answers) -> None:
    for job, outcome in answers:
        if job.future.done():
            continue
        if outcome.failure is not None:
            job.future.set_exception(outcome.failure)
        else:
            job.future.set_result(outcome.result)


def _drop(connection: Connection | None) -> None:
    if connection is not None:
        with contextlib.suppress(SQLAlchemyError, OSError):
            connection.invalidate()
            connection.close()


def run_once(engine: Engine, step: Step[Result]) -> Result:
    """Run a step in a transaction of its own, in this thread: for commands of the operator."""
    for _ in range(ATTEMPTS_MAX):
        try:
            with engine.begin() as connection:
                return step(connection)
        except Conflict:
            continue
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in RETRY_STATES:
                raise
    raise Conflict(f"still in conflict after {ATTEMPTS_MAX} attempts")
