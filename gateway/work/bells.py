"""Bells between the loops: something was committed, so letters or due times may be waiting."""

import asyncio


class Bells:
    """One bell a loop; ringing twice before somebody listens is ringing once."""

    def __init__(self) -> None:
        self.outbox = asyncio.Event()
        self.timers = asyncio.Event()

    def rang(self) -> None:
        """A commit: couriers and rounds look again."""
        self.outbox.set()
        self.timers.set()
