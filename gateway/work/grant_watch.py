"""Tell the operator in time that access by OAuth2 ends, where no mailbox watches over it."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from gateway import journal
from gateway.work.mailbox import Tells

LOOK_SECONDS: Final = 3600.0
"""How often the end of a grant is looked at."""


class GrantWatch:
    """Watches one grant."""

    def __init__(
        self,
        warnings: Callable[[datetime], Mapping[str, str]],
        clock: Callable[[], datetime],
        tells: Tells,
    ) -> None:
        self._warnings = warnings
        self._clock = clock
        self._tells = tells
        self._told: set[str] = set()
        self._stopping = asyncio.Event()

    def stop(self) -> None:
        """Watch no more."""
        self._stopping.set()

    async def run(self) -> None:
        """Look now and every hour until told to stop."""
        while not self._stopping.is_set():
            await self.look()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._stopping.wait()
            except TimeoutError:
                pass

    async def look(self) -> None:
        """Tell what has to be told, each once; what could not be told comes again."""
        try:
            found = await asyncio.to_thread(self._warnings, self._clock())
        except OSError as error:
            journal.warn("grant_unreadable", error=type(error).__name__)
            return
        for event, reason in found.items():
            if event not in self._told and await self._tells.tell(event, reason):
                journal.warn("grant_ends")
                self._told.add(event)
