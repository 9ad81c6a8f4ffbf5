"""Let go of old bytes, a piece at a time, as the operator's settings for retention say."""

import asyncio
from collections.abc import Callable
from datetime import datetime
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from gateway import journal
from gateway.store.retention import Retention, let_go
from gateway.store.transaction import Transactions

EVERY_SECONDS: Final = 3_600.0
BREATH_SECONDS: Final = 0.2
"""Between two pieces: mail comes first."""
PIECES_MAX: Final = 500
"""In one go; the rest goes an hour later."""


class Keeping:
    """The loop that lets old bytes go."""

    def __init__(
        self, transactions: Transactions, kept: Retention, clock: Callable[[], datetime]
    ) -> None:
        self._transactions = transactions
        self._kept = kept
        self._clock = clock
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Finish the piece in hand and end."""
        self._stopping.set()

    async def run(self) -> None:
        """Look every hour until told to stop."""
        while not self._stopping.is_set():
            await self.let_go()
            await self._rest(EVERY_SECONDS)

    async def let_go(self) -> int:
        """Let go of what is old now; how many mails and letters that was."""
        if not self._kept.is_on:
            return 0
        total = 0
        for _ in range(PIECES_MAX):
            try:
                gone = await self._transactions(lambda c: let_go(c, self._kept, self._clock()))
            except (SQLAlchemyError, OSError) as error:
                journal.warn("database_down", loop="keeping", error=type(error).__name__)
                break
            total += gone
            if not gone or self._stopping.is_set():
                break
            await self._rest(BREATH_SECONDS)
        if total:
            journal.note("let_go", count=total)
        return total

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            pass
