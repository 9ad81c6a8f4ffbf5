"""A delivery report finds the ticket of the mail it is about and tells the engineer (rule M2)."""

from gateway.desk.decision import FileMessage, MessageKind
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.mail.message import FailedRecipient, Mail


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
    if report.recipients and not failed:
        draft.because("only delayed: nobody is told")
        return
    letter = facts.replied.letter if facts.replied else ""
    address = ", ".join(one.recipient for one in failed) or (
        facts.replied.to if facts.replied else ticket.requester
    )
    if draft.policy.staff.person(address):
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
    )


def _reason(failed: list[FailedRecipient]) -> str:
    return "; ".join(
        " ".join(part for part in (one.status, one.diagnostic) if part) for one in failed
    )
