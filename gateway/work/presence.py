"""Tell the other nodes and the operator that this one is alive, and what lies in its spool."""

import asyncio
import os
import socket
import sqlite3
from collections.abc import Callable
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version

from sqlalchemy.exc import SQLAlchemyError

from gateway import journal
from gateway.spool import Spool
from gateway.store.nodes import BEAT, Beat, report
from gateway.store.transaction import Transactions


class Presence:
    """The heart of one node; where it stops, mail and letters go on."""

    def __init__(
        self, node: str, transactions: Transactions, spool: Spool, clock: Callable[[], datetime]
    ) -> None:
        self._node = node
        self._transactions = transactions
        self._spool = spool
        self._clock = clock
        self._started_at = clock()
        self._version = _version()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Say goodbye and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Beat until told to stop."""
        while not self._stopping.is_set():
            await self.beat()
            try:
                async with asyncio.timeout(BEAT.total_seconds()):
                    await self._stopping.wait()
            except TimeoutError:
                pass
        await self.beat(stops=True)

    async def beat(self, *, stops: bool = False) -> None:
        """Report once; a database or a spool out of reach hears of us later."""
        try:
            counts = await asyncio.to_thread(self._spool.counts)
            beat = Beat(
                name=self._node,
                host=socket.gethostname(),
                pid=os.getpid(),
                version=self._version,
                started_at=self._started_at,
                accepted=counts.accepted,
                waiting=counts.waiting,
                parked=counts.parked,
            )
            await self._transactions(lambda c: report(c, beat, self._clock(), stops=stops))
        except (SQLAlchemyError, sqlite3.Error, OSError) as error:
            journal.warn("not_reported", error=type(error).__name__)


def _version() -> str:
    try:
        return version("ticket-gateway")
    except PackageNotFoundError:
        return "unknown"
