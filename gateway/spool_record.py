"""What a spool holds: mails with their state and tries, and how many there are of each."""

import random
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.mail.envelope import read_envelope
from gateway.mail.message import Envelope

State = Literal["waiting", "parked"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spooled:
    """A mail of the spool."""

    envelope: Envelope
    raw: bytes
    tries: int = 0
    state: State = "waiting"
    reason: str = ""
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many mails there were and are; accepted = waiting + done + parked."""

    accepted: int
    waiting: int
    done: int
    parked: int
    refused: int


def new_queue_id(now: datetime) -> str:
    """A name for one taken-in mail that sorts by time."""
    # A name, no secret: the system's own chance costs more.
    chance = random.getrandbits(32)
    return f"{int(now.timestamp() * 1000):011x}{chance:08x}"


def spooled_from(
    envelope: str, raw: bytes, tries: int, state: State, reason: str, size: int
) -> Spooled:
    """A mail from a row of the spool."""
    return Spooled(
        envelope=read_envelope(envelope),
        raw=raw,
        tries=tries,
        state=state,
        reason=reason,
        size=size,
    )
