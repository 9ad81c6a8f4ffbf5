"""Steps of a promise: what is to happen, and when."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

REMINDER: Final = "reminder"
WARNING: Final = "warning"
ESCALATION: Final = "escalation"
BREACH: Final = "breach"
"""The due time of a HotRush, where a missed hour returns the doubling by itself."""
EXPIRY: Final = "expiry"
AUTOCLOSE: Final = "autoclose"
TICKET: Final = "ticket"
"""The clock of steps that belong to no promise."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that is to happen: `reminder`, `warning`, `escalation 1` or `expiry`."""

    name: str
    at: datetime


def escalation(number: int) -> str:
    """The name of an escalation step, counted from 1."""
    return f"{ESCALATION} {number}"


def escalation_number(name: str) -> int:
    """Which escalation a step is; 0 for any other step."""
    return int(name.removeprefix(ESCALATION)) if name.startswith(ESCALATION) else 0
