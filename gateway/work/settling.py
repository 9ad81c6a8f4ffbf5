"""Settle letters that were sent, together: all that have gathered when the database gets to it.

Couriers go side by side; each would hand in a step of its own, and one statement does for all.
"""

import threading
from asyncio import create_task, shield

from sqlalchemy import Connection

from gateway.store import outbox
from gateway.store.outbox import Sent
from gateway.store.transaction import Transactions


class _Group:
    """Letters that one step settles; open until it runs, and the same ones where it runs again."""

    def __init__(self, transactions: Transactions, first: Sent) -> None:
        self._sent = [first]
        self._is_open = True
        # The step runs in the thread of the store.
        self._lock = threading.Lock()
        self.settled = create_task(self._hand_in(transactions))
        """Done where the step was, or could not be: nobody joins this group any more."""

    async def _hand_in(self, transactions: Transactions) -> None:
        await transactions(self._settle, first=True, patient=True)

    def take(self, one: Sent) -> bool:
        """Add a letter; false where the step has begun already."""
        with self._lock:
            if self._is_open:
                self._sent.append(one)
            return self._is_open

    def _settle(self, connection: Connection) -> None:
        """The step."""
        with self._lock:
            self._is_open = False
        outbox.settle_sent(connection, self._sent)


class Settling:
    """What the couriers of a process share to settle what they have sent."""

    def __init__(self, transactions: Transactions) -> None:
        self._transactions = transactions
        self._group: _Group | None = None

    async def sent(self, one: Sent, *, together: bool = True) -> None:
        """Settle a letter, together with others where wanted; returns once that is durable.

        Raises what the transaction raises.
        """
        if not together:
            await _Group(self._transactions, one).settled
            return
        group = self._group
        if group is None or group.settled.done() or not group.take(one):
            group = self._group = _Group(self._transactions, one)
        await shield(group.settled)
