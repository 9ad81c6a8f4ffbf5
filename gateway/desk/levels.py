"""Service levels as frozen values: what is promised, and what happens around a promise.

Durations are clock time unless a sentence says working time (policy 4.8, rules H1 and H5 to H7).
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """One step of an escalation: when it is due and who hears of it."""

    at: str = "due"
    """`due`, `due+30m` (any duration) or `next opening after due`."""
    to: Literal["lead", "manager"] = "lead"
    """The role that is told; the step before it gets a copy."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NormalLevel:
    """The service level of ordinary tickets (rule H1)."""

    working_days: int = 1
    """Working days until the promised answer."""
    mode: Literal["same_time", "end_of_day"] = "same_time"
    """Due at the same local time on that day (within its hours), or at its closing."""
    weekdays: Literal["any", "mon-fri"] = "any"
    """Which days with working hours count as working days."""
    warn_before: timedelta = timedelta(hours=2)
    """Warning this much working time before the due time."""
    ack_holds: timedelta = timedelta(hours=2)
    """`#ack` without a time holds the next escalation step this much working time, once."""
    escalate: tuple[Escalation, ...] = (
        Escalation(at="due", to="lead"),
        Escalation(at="next opening after due", to="manager"),
    )
    """Steps after a missed promise, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HotRushLevel:
    """The service level of HotRush tickets (rules H5 to H7)."""

    target: timedelta = timedelta(minutes=60)
    """Time until the promised response, from the mail or from the next opening."""
    mode: Literal["elapsed", "working"] = "elapsed"
    """The hour runs through closing, or counts working time only."""
    grace: timedelta = timedelta(0)
    """Moves escalations, not the time told to the customer."""
    warn_before: timedelta = timedelta(minutes=30)
    """Warning this long before the due time."""
    ack_holds: timedelta = timedelta(minutes=30)
    """`#ack` without a time holds the next escalation step this long, once."""
    escalate: tuple[Escalation, ...] = (
        Escalation(at="due", to="lead"),
        Escalation(at="due+30m", to="manager"),
    )
    """Steps after a missed promise, in order."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceLevels:
    """What is promised, and what happens before and after a promise breaks (policy 4.8)."""

    normal: NormalLevel = NormalLevel()
    hotrush: HotRushLevel = HotRushLevel()
    followups: Literal["same", "normal", "off"] = "same"
    """Level of later mails in an answered HotRush ticket; `off`: none after an answer."""
    after_confirm: Literal["restart", "resume"] = "restart"
    """After a confirmation the clock starts anew, or only the rest of the time is left."""
