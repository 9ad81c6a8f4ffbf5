"""End the loops of a process in good order, within the time that there is."""

import asyncio
from typing import Final, Protocol

from sqlalchemy.exc import SQLAlchemyError

from gateway import journal
from gateway.store import outbox
from gateway.work.assembly import Parts

DRAIN_SECONDS: Final = 10.0
"""From the signal to the end of everything; what is not done then is left to the next start."""
RELEASE_SECONDS: Final = 2.0


class Loop(Protocol):
    """One of the loops of a process."""

    async def run(self) -> None:
        """Work until told to stop."""

    def stop(self) -> None:
        """Finish what is in hand and begin nothing more."""


async def end_all(tasks: "list[asyncio.Task[None]]", until: float) -> None:
    """Let loops come to their end; who waits for a silent peer is not waited for."""
    left = max(0.0, until - asyncio.get_running_loop().time())
    _, late = await asyncio.wait(tasks, timeout=left)
    for task in late:
        journal.warn("not_drained", loop=task.get_name())
        task.cancel()


async def release(parts: Parts, holder: str = "") -> None:
    """Give back letters that were still in hand: this node or another sends them again."""
    node, now = holder or parts.plan.node, parts.clock()
    try:
        async with asyncio.timeout(RELEASE_SECONDS):
            await parts.transactions(lambda c: outbox.release(c, node, now))
    except (SQLAlchemyError, OSError) as error:
        journal.warn("database_down", loop="drain", error=type(error).__name__)


def causes(error: Exception) -> list[Exception]:
    """The errors of a group, however deep."""
    if isinstance(error, ExceptionGroup):
        return [leaf for one in error.exceptions for leaf in causes(one)]
    return [error]
