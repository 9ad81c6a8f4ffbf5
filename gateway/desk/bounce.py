"""A delivery report finds the ticket of the mail it is about and tells the engineer (rule M2)."""

from datetime import datetime
from typing import Final

from gateway.desk.decision import FileMessage, MessageKind
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.desk.pause import Pause, PauseLetters
from gateway.mail.message import DeliveryReport, FailedRecipient, Mail

UNKNOWN: Final = "5.1."
"""Status codes of addresses that do not exist (RFC 3463 section 3.2)."""
STRIKES: Final = 3


def take_report(draft: Draft, mail: Mail, facts: Facts) -> None:
    """File the report; tell whoever has the ticket when a letter of ours failed for good."""
    report = mail.report
    if report is None or facts.ticket is None:
        draft.because("report on no mail of ours")
        return
    ticket = facts.ticket
    draft.record(
        FileMessage(
            ticket=ticket.number,
            kind=MessageKind.FILED,
            author=facts.clues.sender,
            text=mail.new_text,
            at=draft.at,
            message_id=mail.message_id or "",
            verified=False,
        )
    )
    failed = [one for one in report.recipients if one.action == "failed"]
    until = _pause(draft, report, facts)
    if report.recipients and not failed:
        draft.because("only delayed: nobody is told")
        return
    letter = facts.replied.letter if facts.replied else ""
    address = ", ".join(one.recipient for one in failed) or (
        facts.replied.to if facts.replied else ticket.requester
    )
    # A list of staff has no engineer to tell: telling the list would bounce again.
    if draft.policy.staff.person(address) or (facts.replied and facts.replied.to_staff):
        draft.to_operator(
            "operator_alert",
            what="staff_bounce",
            reason=_reason(failed),
            sender=address,
            queue_id=mail.envelope.queue_id,
        )
        return
    draft.to_staff(
        "engineer_delivery_failed",
        draft.on_the_ticket(ticket),
        ticket,
        which=letter,
        address=address,
        reason=_reason(failed),
        until=until,
    )


def _pause(draft: Draft, report: DeliveryReport, facts: Facts) -> datetime | None:
    """Pause an address that fails for good, if the report is on a letter of ours beyond doubt.

    Only the signed address that a letter left from is believed (attack A75): an unknown mailbox
    pauses at once, any other failure on its third day.
    """
    letter = facts.replied
    hard = [one for one in report.recipients if one.is_permanent]
    if letter is None or letter.to_staff or not letter.by_report or not hard:
        return None
    return strike(
        draft,
        letter.to,
        facts.spent.pauses.get(("address", letter.to)),
        is_unknown=any(one.status.startswith(UNKNOWN) for one in hard),
        reason=_reason(hard),
    )


def strike(
    draft: Draft, address: str, earlier: Pause | None, *, is_unknown: bool, reason: str
) -> datetime | None:
    """Count one failure for good against an address; until when it is paused, if it is.

    An unknown mailbox is paused at once, any other on its third day (reliability 5). Failures of
    one day count once.
    """
    strikes = earlier.strikes if earlier else 0
    if earlier is None or earlier.since.date() != draft.at.date():
        strikes += 1
    pauses = strikes >= STRIKES or is_unknown
    until = draft.at + draft.policy.budget.bounce_pause if pauses else draft.at
    draft.record(
        PauseLetters(
            scope="address",
            key=address,
            since=draft.at,
            until=until,
            strikes=strikes,
            reason=reason[:200] or "delivery failed",
        )
    )
    draft.because(f"hard bounce {strikes}" + (": address paused" if pauses else ""))
    return until if pauses else None


def _reason(failed: list[FailedRecipient]) -> str:
    return "; ".join(
        " ".join(part for part in (one.status, one.diagnostic) if part) for one in failed
    )
