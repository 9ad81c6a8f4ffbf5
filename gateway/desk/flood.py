"""Too many first mails of one address: they join the last ticket it opened (reliability 5).

Nothing is lost and nobody is answered; whoever looks at the ticket finds them all.
"""

from datetime import timedelta
from typing import Final

from gateway.desk.budget import base_of
from gateway.desk.decision import FileMessage, MessageKind
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.desk.model import Ticket
from gateway.desk.pause import PauseLetters
from gateway.mail.message import Mail

PAUSE: Final = timedelta(hours=1)


def join(draft: Draft, mail: Mail, facts: Facts, ticket: Ticket) -> int:
    """File a first mail in a ticket of its writer; one alert for the whole flood."""
    sender = facts.clues.sender
    reason = f"{facts.spent.tickets_hour} tickets of {sender} within an hour"
    draft.because(f"flood: {reason}; filed in the last one")
    draft.record(
        FileMessage(
            ticket=ticket.number,
            kind=MessageKind.FILED,
            author=sender,
            text=mail.new_text,
            at=draft.at,
            message_id=mail.message_id or "",
            verified=False,
        )
    )
    pause = facts.spent.pauses.get(("writer", base_of(sender)))
    if pause is None or pause.until <= draft.at or pause.reason != reason:
        until = draft.at + PAUSE
        draft.record(
            PauseLetters(
                scope="writer",
                key=base_of(sender),
                since=draft.at,
                until=until,
                reason=reason,
            )
        )
        draft.to_operator("operator_alert", what="paused", reason=reason, until=until)
    return ticket.number
