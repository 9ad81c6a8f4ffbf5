"""Tell the operator by letter: through the outbox, in a transaction like everything else."""

import asyncio

from sqlalchemy import Connection

from gateway import journal
from gateway.desk.operator import alert
from gateway.store.apply import apply
from gateway.store.occasion import Occasion
from gateway.store.reach import OUT_OF_REACH
from gateway.store.transaction import Transactions
from gateway.work.intake import Desk


class OperatorLetters:
    """Writes `operator_alert` letters."""

    def __init__(self, transactions: Transactions, desk: Desk) -> None:
        self._transactions = transactions
        self._desk = desk

    async def tell(self, event: str, reason: str) -> bool:
        """Queue a letter; the same event is told once, over restarts and by all nodes.

        False where the database is away or wants none of it: tell again later. Never raises.
        """

        def step(connection: Connection) -> None:
            now = self._desk.clock()
            decision = alert(self._desk.policy, now, event=event, reason=reason)
            apply(
                connection,
                decision,
                Occasion(
                    event=decision.event,
                    at=now,
                    write=self._desk.writer.write,
                    overdraft=self._desk.policy.credits.overdraft,
                ),
            )

        (failure,) = await asyncio.gather(self._transactions(step), return_exceptions=True)
        if isinstance(failure, BaseException):
            event = "database_down" if isinstance(failure, OUT_OF_REACH) else "alert_failed"
            journal.warn(event, loop="operator_letters", error=type(failure).__name__)
            return False
        return True
