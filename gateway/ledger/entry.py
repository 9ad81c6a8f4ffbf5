"""Entries of the book of credits (policy 4.5): whole credits, appended, never changed."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Kind(StrEnum):
    """Why credits moved."""

    GRANT = "grant"
    PURCHASE = "purchase"
    CHARGE = "charge"
    REFUND = "refund"
    ADJUST = "adjust"
    HOLD = "hold"
    RELEASE = "release"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One movement: `amount` changes the balance, `held` changes what is reserved."""

    account: str
    kind: Kind
    amount: int = 0
    held: int = 0
    ticket: int | None = None
    ref: str = ""
    """Order or website sale that it belongs to."""
    at: datetime
    actor: str = ""
    reason: str = ""
    cause: str
    """The event that made it; the same cause never makes two entries (invariant 11)."""
