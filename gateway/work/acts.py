"""Carry out what the operator decides at the command line, in one transaction like any mail."""

from collections.abc import Callable

from sqlalchemy import Connection, Engine

from gateway.desk.decision import Decision
from gateway.store.apply import apply
from gateway.store.occasion import Applied, Occasion
from gateway.store.transaction import run_once
from gateway.work.intake import Desk


def act(
    engine: Engine, desk: Desk, decide: Callable[[Connection], Decision]
) -> tuple[Decision, Applied]:
    """Look up, decide and write; letters wait in the outbox for the daemon."""
    now = desk.clock()

    def step(connection: Connection) -> tuple[Decision, Applied]:
        decision = decide(connection)
        occasion = Occasion(
            event=decision.event,
            at=now,
            write=desk.writer.write,
            overdraft=desk.policy.credits.overdraft,
        )
        return decision, apply(connection, decision, occasion)

    return run_once(engine, step)
