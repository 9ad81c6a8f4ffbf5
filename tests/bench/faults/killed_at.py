"""Runs `gateway run` until it gets to a named point for the n-th time, and kills it there.

    python tests/bench/faults/killed_at.py "before commit" 3 run --config gateway.toml

The daemon is the real one; its functions are only watched. SIGKILL lets nothing be tidied up.
"""

import asyncio
import functools
import importlib
import os
import signal
import sys
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parents[3]))

POINTS = {
    "before the spool's commit": ("gateway.spool:commit", "before"),
    "after the spool's commit, before 250": ("gateway.spool:commit", "after"),
    "at MAIL, RCPT or DATA": (
        "gateway.wire.smtp_conversation:Conversation.data_received",
        "before",
    ),
    "before parse": ("gateway.work.reader:Reader.read", "before"),
    "after parse": ("gateway.work.reader:Reader.read", "after"),
    "before the effect": ("gateway.work.intake:Intake._step", "before"),
    "after the effect, before its commit": ("gateway.work.intake:Intake._step", "after"),
    "before a shared commit": ("gateway.store.transaction:Transactions._commit", "before"),
    "after a shared commit": ("gateway.store.transaction:Transactions._commit", "after"),
    "after the effect's commit, before the spool forgets": ("gateway.spool:Spool.done", "before"),
    "after the spool forgot": ("gateway.spool:Spool.done", "after"),
    "before an outbox claim": ("gateway.store.outbox:claim", "before"),
    "after an outbox claim": ("gateway.store.outbox:claim", "after"),
    "before a letter is handed over": ("gateway.wire.smtp_out:SmarthostCarrier.carry", "before"),
    "after the smarthost's 250": ("gateway.wire.smtp_out:SmarthostCarrier.carry", "after"),
    "before a letter is settled": ("gateway.store.outbox:settle_sent", "before"),
    "after a letter is settled": ("gateway.store.outbox:settle_sent", "after"),
    "in a reminder's claim": ("gateway.store.timers:claim_due", "after"),
    "before a reminder's letters": ("gateway.work.rounds:apply_round", "before"),
    "after a reminder's letters, before the commit": ("gateway.work.rounds:apply_round", "after"),
    "when letters are put into the outbox": ("gateway.store.outbox:enqueue_all", "after"),
    "before the migration": ("gateway.daemon:upgrade", "before"),
    "after the migration": ("gateway.daemon:upgrade", "after"),
    "when a start counts the promises anew": ("gateway.daemon:prepare_timers", "before"),
}


def die() -> None:
    """As if the power went."""
    os.kill(os.getpid(), signal.SIGKILL)


def watched(work: Callable[..., Any], when: str, at: int) -> Callable[..., Any]:
    """The same function; the n-th call ends the process before it begins or after it is done."""
    calls = count(1)

    def is_it() -> bool:
        return next(calls) == at

    @functools.wraps(work)
    def plain(*given: Any, **named: Any) -> Any:
        fatal = is_it()
        if fatal and when == "before":
            die()
        result = work(*given, **named)
        if fatal:
            die()
        return result

    @functools.wraps(work)
    async def waiting(*given: Any, **named: Any) -> Any:
        fatal = is_it()
        if fatal and when == "before":
            die()
        result = await work(*given, **named)
        if fatal:
            die()
        return result

    return waiting if asyncio.iscoroutinefunction(work) else plain


def watch(point: str, at: int) -> None:
    """Watch the function of a point."""
    place, when = POINTS[point]
    module, _, path = place.partition(":")
    owner: Any = importlib.import_module(module)
    *outer, name = path.split(".")
    for one in outer:
        owner = getattr(owner, one)
    setattr(owner, name, watched(getattr(owner, name), when, at))


def main() -> None:
    """Watch, then be the gateway."""
    from gateway.cli import main as gateway  # noqa: PLC0415 - after the path is set

    point, at = sys.argv[1:3]
    watch(point, int(at))
    sys.argv[1:] = sys.argv[3:]
    gateway()


if __name__ == "__main__":
    main()
