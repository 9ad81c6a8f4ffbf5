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
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.store.engine import is_sqlite
from gateway.store.reach import OUT_OF_REACH, told_apart

Result = TypeVar("Result")
Step = Callable[[Connection], Result]

SHARED_MAX: Final = 64
"""Steps in one commit: bounds what a failed commit repeats."""
SHARED_SECONDS: Final = 0.05
"""A commit waits no longer for more of its steps: letters and short steps are served in between."""
GATHER_SECONDS: Final = 0.002
"""Patient steps wait so long for others: couriers go side by side, one sync serves all."""
_FIRST, _IN_TURN, _AT_THE_END = range(3)
ATTEMPTS_MAX: Final = 5
RETRY_STATES: Final = frozenset({"40001", "40P01"})


class Conflict(Exception):
    """Somebody changed the row since it was read: the step is run again."""


_Turn = tuple[int, int]


@dataclass(slots=True)
class _Job(Generic[Result]):
    step: Step[Result]
    future: "asyncio.Future[Result]"
    turn: _Turn
    patient: bool = False
    lost: Callable[[], None] | None = None
    seeks: bool = False
    """Whether it runs again and again until it finds something."""
    attempts: int = 0

    @property
    def is_left(self) -> bool:
        """Whether whoever sought has gone away; others wait for the end, come what may."""
        return self.seeks and self.future.cancelled()


class Outcome:
    """Carries what a step returned or raised to whoever asks for it; swallows nothing else."""

    def __init__(self) -> None:
        self.result: Any = None
        self.failure: Exception | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: object
    ) -> bool:
        self.failure = error if isinstance(error, Exception) else None
        return self.failure is not None


_Answers = list[tuple[_Job[Any], Outcome]]


class Transactions:
    """One thread and one connection through which steps pass in order."""

    def __init__(self, engine: Engine, name: str) -> None:
        self._engine = engine
        self._jobs: queue.PriorityQueue[tuple[_Turn, _Job[Any] | None]] = queue.PriorityQueue()
        self._number = itertools.count()
        self._seeking: list[_Job[Any]] = []
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
        turn = (_FIRST if first else _IN_TURN, next(self._number))
        self._jobs.put((turn, _Job(step, future, turn, patient, lost)))
        return await asyncio.shield(future)

    def until_found(self, step: Step[Result]) -> "asyncio.Future[Result]":
        """Run a step before others, and again behind the steps of others until it finds something.

        Its first result that is not empty, once committed, or its exception; where the database
        goes out of reach meanwhile, that. Whoever waits no longer cancels it: what it finds while
        it is being cancelled stays as the step left it.
        """
        future: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        turn = (_FIRST, next(self._number))
        self._jobs.put((turn, _Job(step, future, turn, seeks=True)))
        return future

    def look_again(self) -> None:
        """Something was written elsewhere that somebody here may seek."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        future.cancel()  # Nobody waits for it.
        turn = (_IN_TURN, next(self._number))
        self._jobs.put((turn, _Job(lambda _: None, future, turn)))

    def close(self) -> None:
        """Finish what was handed in and end the thread."""
        self._jobs.put(((_AT_THE_END, next(self._number)), None))
        self._thread.join()

    def _run(self) -> None:
        connection: Connection | None = None
        jobs: list[_Job[Any]] = []
        ends = False
        while not ends or jobs:
            ends = ends or self._collect(jobs)
            jobs = sorted((job for job in jobs if not job.is_left), key=lambda job: job.turn)
            self._seeking = [job for job in self._seeking if not job.is_left]
            if not jobs:
                continue
            answers: _Answers = []
            committed = Outcome()
            with committed:
                connection = connection or self._engine.connect()
                committed.result = self._commit(connection, jobs, answers)
            if committed.failure is not None:
                # Whatever broke the connection, this thread goes on: others wait for it.
                _drop(connection)
                connection = None
                jobs, self._seeking = [*jobs, *self._seeking], []
                answers += [(job, _failed(committed.failure)) for job in jobs]
            self._answer(answers)
            # What must run again goes first: steps about one ticket keep their order.
            jobs = committed.result or []
        _drop(connection)

    def _collect(self, jobs: list[_Job[Any]]) -> bool:
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
        self, connection: Connection, jobs: list[_Job[Any]], answers: _Answers
    ) -> list[_Job[Any]]:
        """Run jobs in one transaction; those that must run again are returned.

        A commit that broke half-way may have been carried out; steps are repeatable, so whoever
        handed them in may try again.
        """
        # A savepoint costs as much as three statements, and nearly no step ever fails.
        if not any(job.attempts for job in jobs):
            committed = _commit_together(connection, jobs, self._seeking, answers)
            if committed:
                return jobs[committed:]
        return _commit_apart(connection, jobs, answers)

    def _answer(self, answers: _Answers) -> None:
        """Say what became of each, in one go: waking the event loop costs more than that.

        Who seeks and has found nothing is not answered.
        """
        told: dict[asyncio.AbstractEventLoop, _Answers] = {}
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


def _tell(answers: _Answers) -> None:
    for job, outcome in answers:
        if job.future.done():
            continue
        if outcome.failure is not None:
            job.future.set_exception(outcome.failure)
        else:
            job.future.set_result(outcome.result)


def _commit_together(
    connection: Connection,
    jobs: Sequence[_Job[Any]],
    seeking: Sequence[_Job[Any]],
    answers: _Answers,
) -> int:
    """Run jobs in one transaction without savepoints, as many as there is time for.

    Behind them those look that seek something. Returns how many jobs it was; none where one failed:
    then nothing happened.
    """
    done: _Answers = []
    until = time.monotonic() + SHARED_SECONDS
    ran = Outcome()
    count = 0
    with connection.begin() as transaction:
        job = jobs[0]
        with ran:
            for job in jobs:
                done.append((job, _returned(job.step(connection))))
                count += 1
                if time.monotonic() > until:
                    break
            if any(job.turn[0] == _IN_TURN for job, _ in done):
                for job in seeking:
                    found = job.step(connection)
                    if not found:
                        break
                    done.append((job, _returned(found)))
        if ran.failure is not None:
            if isinstance(ran.failure, DBAPIError) and ran.failure.connection_invalidated:
                raise ran.failure
            transaction.rollback()
            job.attempts += isinstance(ran.failure, Conflict)
            if job.seeks:
                answers.append((job, _failed(ran.failure)))
            return 0
    # Those who seek are told first: somebody waits for what they have found.
    answers += sorted(done, key=lambda one: not one[0].seeks)
    return count


def _commit_apart(
    connection: Connection, jobs: list[_Job[Any]], answers: _Answers
) -> list[_Job[Any]]:
    """The same with a savepoint a job: one that fails undoes only itself."""
    done: _Answers = []
    again: list[_Job[Any]] = []
    with connection.begin() as transaction:
        for index, job in enumerate(jobs):
            outcome = Outcome()
            with outcome, connection.begin_nested():
                outcome.result = job.step(connection)
            failure = outcome.failure
            if failure is not None and _is_gone(connection):
                # What the steps before it wrote is gone as well: they run once more.
                answers.append((job, outcome))
                return [one for one in jobs if one is not job]
            if isinstance(failure, DBAPIError) and breaks_transaction(failure):
                transaction.rollback()
                return _after_break(jobs, job, failure, answers)
            if isinstance(failure, Conflict) and job.attempts < ATTEMPTS_MAX:
                job.attempts += 1
                again = jobs[index:]  # Nobody passes it: steps about one ticket keep order.
                break
            done.append((job, outcome))
    answers += done
    return again


def _is_gone(connection: Connection) -> bool:
    """Whether the database ended the whole transaction by itself, savepoints and all.

    SQLite does so where a disk is full or does not answer; what follows would be written without
    any transaction, and its commit would say yes to steps that never happened (promise P1).
    """
    return is_sqlite(connection) and not getattr(
        connection.connection.dbapi_connection, "in_transaction", True
    )


def breaks_transaction(error: DBAPIError) -> bool:
    """Lost connection, deadlock or serialization failure: the whole transaction is gone."""
    state = getattr(error.orig, "sqlstate", None)
    return error.connection_invalidated or state in RETRY_STATES


def _after_break(
    jobs: list[_Job[Any]], culprit: _Job[Any], error: DBAPIError, answers: _Answers
) -> list[_Job[Any]]:
    if error.connection_invalidated:
        raise error
    culprit.attempts += 1
    if culprit.attempts > ATTEMPTS_MAX:
        answers.append((culprit, _failed(error)))
        return [job for job in jobs if job is not culprit]
    return jobs


def _failed(error: Exception) -> Outcome:
    outcome = Outcome()
    outcome.failure = error
    return outcome


def _returned(result: Any) -> Outcome:
    outcome = Outcome()
    outcome.result = result
    return outcome


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
