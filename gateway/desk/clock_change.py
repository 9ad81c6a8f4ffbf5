"""Changes to promises: clocks start and stop, their steps are armed, dealt with and put off."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.desk.model import Clock, ClockKind
from gateway.desk.step import Step


@dataclass(frozen=True, slots=True, kw_only=True)
class StartClock:
    """A promise begins to count; a clock of the same kind that runs is replaced."""

    ticket: int
    clock: Clock
    steps: tuple[Step, ...] = ()
    """What happens to it until it stops."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopClock:
    """A promise is kept (`met`) or no longer asked for."""

    ticket: int
    kind: ClockKind
    at: datetime
    met: bool
    time_left: timedelta | None = None
    """What is left of the promise, where it goes on after a confirmation."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmStep:
    """Something is to happen to a ticket at an instant, unless the ticket moves on before."""

    ticket: int
    clock: str
    """A kind of clock, the label of an assessment, or `ticket`."""
    step: Step
    due_at: datetime
    """The due time of the promise that the step belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordStep:
    """A reminder, warning or escalation has been dealt with; never again for this due time."""

    ticket: int
    clock: str
    step: str
    at: datetime
    due_at: datetime
    sent: bool
    escalation: int = 0
    """Which escalation it is, counted from 1: the promise is broken; 0 for any other step."""
    known: bool = False
    """It was recorded for this due time before; only its timer goes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldStep:
    """Somebody took a missed promise on; the next escalation waits for the promised time, once."""

    ticket: int
    clock: ClockKind
    number: int
    """The escalation step that waits; 0 where none is left or it comes later anyway."""
    until: datetime
    by: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RecountClock:
    """The working calendar changed: a running clock gets the due time and steps it has now."""

    ticket: int
    clock: Clock
    steps: tuple[Step, ...] = ()
    """What is still to happen; steps that went out are not among them."""
