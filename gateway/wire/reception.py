"""Behind every door: who may be written to, how much is taken, and the spool that keeps it.

A mail is ours once the spool has synced it, and nobody hears 250 before (promise P1). Whatever goes
wrong on our side is temporary and says nothing of itself (P9, P16).
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from gateway import journal
from gateway.mail.message import Envelope
from gateway.spool import Spool, SpoolFailure, SpoolFull, new_queue_id
from gateway.wire import smtp_reply
from gateway.wire.crowd import Crowd, Networks
from gateway.wire.rules import Rules
from gateway.wire.smtp_data import Fault, find_fault

Standing = Literal["ours", "unknown", "foreign", "forged"]
"""What an address is to us.

`foreign` lies in no domain of ours; `forged` has the form of a reply address and no good token.
"""

HANDOVER_SECONDS: Final = 20.0
"""Longest wait for the spool; the mail may still be kept, and its repeat will be recognised."""
RECEIVING_MIN: Final = 256 * 1024 * 1024
"""Octets of mails on their way in, all together, that are always allowed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Who brings a mail, and through which door."""

    source: str
    peer: str
    user: str = ""


class Reception:
    """What all doors of a node share."""

    def __init__(
        self,
        spool: Spool,
        standing: Callable[[str], Standing],
        clock: Callable[[], datetime],
        rules: Rules,
    ) -> None:
        self._spool = spool
        self._clock = clock
        self._keeping: set[asyncio.Task[str]] = set()
        self._receiving_max = max(RECEIVING_MIN, 4 * rules.size_max)
        self.standing = standing
        self.rules = rules
        self.relays = Networks(rules.relays)
        self.proxies = Networks(rules.proxies)
        self.crowd = Crowd(rules.connections_max, rules.connections_of_one_max, self.relays)
        self.receiving = 0
        """Octets of mails that are on their way in now."""

    @property
    def is_full(self) -> bool:
        """Whether so much is on its way in that no further mail may begin."""
        return self.receiving >= self._receiving_max

    @property
    def is_overrun(self) -> bool:
        """Whether even mails that have begun must be sent back."""
        return self.receiving >= 2 * self._receiving_max

    async def take(self, visit: Visit, reverse_path: str, to: list[str], content: bytes) -> str:
        """Keep a mail; the reply says whether it is ours now.

        A peer that hangs up cancels its own waiting, never the keeping (attack A51).
        """
        if fault := find_fault(content):
            await self.refuse(fault, visit)
            return fault.reply
        now = self._clock()
        envelope = Envelope(
            queue_id=new_queue_id(now),
            received_at=now,
            reverse_path=reverse_path,
            forward_paths=tuple(to),
            source=visit.source,
            peer=visit.peer,
        )
        keeping = asyncio.ensure_future(self._keep(envelope, content, visit))
        self._keeping.add(keeping)
        keeping.add_done_callback(self._keeping.discard)
        try:
            async with asyncio.timeout(HANDOVER_SECONDS):
                return await asyncio.shield(keeping)
        except TimeoutError:
            journal.fail("spool_slow", queue_id=envelope.queue_id)
            return smtp_reply.OUR_FAULT

    async def _keep(self, envelope: Envelope, content: bytes, visit: Visit) -> str:
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            await self._spool.put(envelope, content)
        except SpoolFull:
            journal.fail("spool_full", queue_id=envelope.queue_id)
            return smtp_reply.NO_ROOM
        except SpoolFailure as error:
            journal.fail("spool_failure", queue_id=envelope.queue_id, error=str(error))
            return smtp_reply.OUR_FAULT
        told = {"user": visit.user} if visit.user else {}
        journal.note(
            "accepted",
            queue_id=envelope.queue_id,
            source=visit.source,
            size=len(content),
            peer=visit.peer,
            kept_in=round(loop.time() - began, 4),
            **told,
        )
        return f"250 2.0.0 OK, queued as {envelope.queue_id}"

    async def refuse(self, fault: Fault, visit: Visit) -> None:
        """Count and tell a mail that was refused after its data."""
        journal.warn(fault.event, source=visit.source, peer=visit.peer)
        try:
            await self._spool.refuse()
        except (SpoolFull, SpoolFailure) as error:
            journal.fail("spool_failure", error=str(error))

    async def settle(self) -> None:
        """Wait until every mail that was handed to the spool is kept or refused."""
        while self._keeping:
            await asyncio.wait(tuple(self._keeping))
