"""What the operator is told when time itself makes trouble: steps set aside, clocks that jump."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from gateway.desk.decision import Decision, Disposition
from gateway.desk.draft import Draft
from gateway.desk.policy import Policy
from gateway.desk.reminder import Timer


def set_aside(policy: Policy, now: datetime, failed: Sequence[Timer], reason: str) -> Decision:
    """Steps of a ticket failed again and again: nobody is reminded of it unless told so."""
    first = failed[0]
    names = ", ".join(dict.fromkeys(timer.step for timer in failed))
    draft = _draft(policy, now, f"parked:{first.ticket}:{first.step}:{first.at.isoformat()}")
    draft.because(f"{names} of ticket {first.ticket} set aside: {reason}")
    draft.to_operator(
        "operator_alert",
        what="step",
        reason=reason,
        late_ticket=first.ticket,
        step=names,
        due_at=first.due_at,
    )
    return draft.finish(Disposition.ROUND)


def clock_jumped(policy: Policy, now: datetime, by: timedelta) -> Decision:
    """The clock of this machine was set by more than a minute (fault F25)."""
    draft = _draft(policy, now, f"clock:{now.isoformat()}")
    draft.because(f"the clock jumped by {by}")
    draft.to_operator(
        "operator_alert",
        what="clock",
        reason="",
        forward=by > timedelta(0),
        by=abs(by),
    )
    return draft.finish(Disposition.ROUND)


def _draft(policy: Policy, now: datetime, event: str) -> Draft:
    return Draft(policy=policy, at=now, event=event, actor="time")
