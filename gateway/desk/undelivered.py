"""A letter that the smarthost will never take: whoever must reach the reader otherwise is told."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.desk.bounce import UNKNOWN, strike
from gateway.desk.decision import Audience, Decision, Disposition
from gateway.desk.draft import Draft
from gateway.desk.model import Ticket
from gateway.desk.pause import Pause
from gateway.desk.policy import Policy

COURIER: Final = "courier"


@dataclass(frozen=True, slots=True, kw_only=True)
class FailedLetter:
    """A letter of ours that failed for good."""

    row: int
    tries: int
    letter: str
    to: str
    audience: Audience
    reason: str
    """What the server said, one printable line."""
    refuses_recipient: bool = False
    """The server refused the recipient's address for good, not the letter."""
    earlier: Pause | None = None
    """What is known of failures of that address."""


def report_failure(
    policy: Policy, at: datetime, failed: FailedLetter, ticket: Ticket | None
) -> Decision:
    """Who hears of it (policy 4.12): on a ticket its engineer, else who runs the desk.

    A letter to the operator tells nobody: the next would fail as well, and the diary has it. An
    address that is refused counts as a hard bounce (reliability 5).
    """
    draft = Draft(
        policy=policy,
        at=at,
        event=f"undelivered:{failed.row}:{failed.tries}",
        actor=COURIER,
        tickets=(ticket,) if ticket else (),
    )
    until = None
    if failed.refuses_recipient and failed.audience is Audience.CUSTOMER:
        until = strike(
            draft,
            failed.to,
            failed.earlier,
            is_unknown=f" {UNKNOWN}" in failed.reason,
            reason=failed.reason,
        )
    if failed.audience is Audience.OPERATOR or failed.to in policy.staff.operator:
        draft.because("a letter to the operator failed: only the diary tells")
    elif failed.audience is Audience.STAFF:
        draft.to_operator(
            "operator_alert", what="staff_bounce", reason=failed.reason, sender=failed.to
        )
    elif ticket is None:
        draft.to_operator(
            "operator_alert",
            what="undelivered",
            reason=failed.reason,
            sender=failed.to,
            which=failed.letter,
        )
    else:
        draft.to_staff(
            "engineer_delivery_failed",
            draft.on_the_ticket(ticket),
            ticket,
            which=failed.letter,
            address=failed.to,
            reason=failed.reason,
            until=until,
        )
    return draft.finish(Disposition.OPERATOR, ticket=ticket.number if ticket else None)
