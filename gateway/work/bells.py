"""Bells between the loops: something was committed, so letters or due times may be waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

Found = TypeVar("Found")


class OutboxBell(asyncio.Event):
    """The couriers' bell, and what one of them found out for all since it rang last.

    Where little waits, one of them asks: the others would each pay a statement to hear of nothing,
    and the first letter would wait for their commit. Where much waits, all ask at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._rings = 0
        self._emptied_at = -1
        """The ring after which somebody took all there was."""
        self._is_much = False
        self._one = asyncio.Lock()

    def set(self) -> None:
        """Letters may be waiting."""
        self._rings += 1
        super().set()

    def look_again(self) -> None:
        """Letters may be waiting that nobody rings for: given back, of other nodes, due by now."""
        self._emptied_at = -1

    async def ask(
        self, claim: Callable[[], Awaitable[Sequence[Found]]], most: int
    ) -> Sequence[Found]:
        """What a claim of at most so many finds; nothing where another has just found the end."""
        if self._is_much:
            return await self._ask(claim, most)
        async with self._one:
            return await self._ask(claim, most)

    async def _ask(
        self, claim: Callable[[], Awaitable[Sequence[Found]]], most: int
    ) -> Sequence[Found]:
        rings = self._rings
        if self._emptied_at == rings:
            return ()
        found = await claim()
        self._is_much = len(found) == most
        if not self._is_much:
            self._emptied_at = rings
        return found


class Bells:
    """One bell a loop; ringing twice before somebody listens is ringing once."""

    def __init__(self) -> None:
        self.outbox = OutboxBell()
        self.timers = asyncio.Event()

    def rang(self) -> None:
        """A commit: couriers and rounds look again."""
        self.outbox.set()
        self.timers.set()
