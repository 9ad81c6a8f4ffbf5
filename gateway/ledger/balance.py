"""Sums over entries, and the steps that bring one ticket to its price. Nothing here is stored."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import reduce

from gateway.ledger.entry import Entry, Kind


@dataclass(frozen=True, slots=True)
class Balance:
    """What an account has: `balance` of all entries, of which `held` is reserved."""

    balance: int = 0
    held: int = 0

    @property
    def available(self) -> int:
        """Credits that can still be spent."""
        return self.balance - self.held

    def after(self, entry: Entry) -> "Balance":
        """The balance when one more entry is in the book."""
        return Balance(self.balance + entry.amount, self.held + entry.held)


def fold(entries: Iterable[Entry]) -> Balance:
    """The balance that entries make, in any order (invariant 1)."""
    return reduce(Balance.after, entries, Balance())


@dataclass(frozen=True, slots=True)
class Movement:
    """One step of a ticket towards its price, not yet tied to a cause."""

    kind: Kind
    amount: int = 0
    held: int = 0

    @property
    def needs(self) -> int:
        """How many available credits it takes; negative where it gives some back."""
        return self.held - self.amount


def towards_reserved(charged: int, reserved: int, target: int) -> tuple[Movement, ...]:
    """Before the first answer: bring the reservation to the target; a charge goes back."""
    steps = []
    if charged:
        steps.append(Movement(Kind.REFUND, amount=charged))
    if reserved < target:
        steps.append(Movement(Kind.HOLD, held=target - reserved))
    elif reserved > target:
        steps.append(Movement(Kind.RELEASE, held=target - reserved))
    return tuple(steps)


def towards_charged(charged: int, reserved: int, target: int) -> tuple[Movement, ...]:
    """From the first answer on: bring the charge to the target, using up the reservation."""
    steps = []
    owed = target - charged
    if reserved:
        used = min(reserved, max(owed, 0))
        if reserved > used:
            steps.append(Movement(Kind.RELEASE, held=used - reserved))
        if owed > 0:
            return (*steps, Movement(Kind.CHARGE, amount=-owed, held=-used))
    if owed > 0:
        steps.append(Movement(Kind.CHARGE, amount=-owed))
    elif owed < 0:
        steps.append(Movement(Kind.REFUND, amount=-owed))
    return tuple(steps)
