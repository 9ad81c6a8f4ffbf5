"""One commit for many steps: as if none could fail, and where one does, each in its own savepoint.

What becomes of each is an answer for whoever handed it in; nothing here wakes anybody.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Generic, Self, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gateway.store.engine import is_sqlite

Result = TypeVar("Result")
Step = Callable[[Connection], Result]

SHARED_SECONDS: Final = 0.02
"""A commit waits no longer for more of its steps: letters and short steps are served in between."""
FIRST, IN_TURN, AT_THE_END = range(3)
ATTEMPTS_MAX: Final = 5
RETRY_STATES: Final = frozenset({"40001", "40P01"})


class Conflict(Exception):
    """Somebody changed the row since it was read: the step is run again."""


Turn = tuple[int, int]


@dataclass(slots=True, eq=False)
class Job(Generic[Result]):
    """A step, who waits for it and when its turn is."""

    step: Step[Result]
    future: "asyncio.Future[Result]"
    turn: Turn
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


Answers = list[tuple[Job[Any], Outcome]]


def commit_together(
    connection: Connection,
    jobs: Sequence[Job[Any]],
    seeking: Sequence[Job[Any]],
    answers: Answers,
) -> int:
    """Run jobs in one transaction without savepoints, as many as there is time for.

    Behind them those look that seek something. Returns how many jobs it was; none where one failed:
    then nothing happened.
    """
    done: Answers = []
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
            if any(job.turn[0] == IN_TURN for job, _ in done):
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
            if job not in jobs:
                answers.append((job, failed(ran.failure)))
            return 0
    # Those who seek are told first: somebody waits for what they have found.
    answers += sorted(done, key=lambda one: not one[0].seeks)
    return count


def commit_apart(
    connection: Connection,
    jobs: list[Job[Any]],
    seeking: Sequence[Job[Any]],
    answers: Answers,
) -> list[Job[Any]]:
    """The same with a savepoint a job: one that fails undoes only itself.

    Returns the jobs that must run once more.
    """
    done: Answers = []
    again: list[Job[Any]] = []
    with connection.begin() as transaction:
        for index, job in enumerate((*jobs, *seeking)):
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
            if index >= len(jobs) and failure is None and not outcome.result:
                break  # Where one finds nothing, those behind him would not.
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
    jobs: list[Job[Any]], culprit: Job[Any], error: DBAPIError, answers: Answers
) -> list[Job[Any]]:
    if error.connection_invalidated:
        raise error
    culprit.attempts += 1
    if culprit.attempts > ATTEMPTS_MAX:
        answers.append((culprit, failed(error)))
        return [job for job in jobs if job is not culprit]
    return jobs


def failed(error: Exception) -> Outcome:
    """What is told to whom it went wrong for."""
    outcome = Outcome()
    outcome.failure = error
    return outcome


def _returned(result: Any) -> Outcome:
    outcome = Outcome()
    outcome.result = result
    return outcome
