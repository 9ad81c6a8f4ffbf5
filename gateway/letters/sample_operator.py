"""Examples of letters to whoever runs the desk."""

from datetime import timedelta
from typing import Final

from gateway.letters.sample import (
    ANN,
    MAX,
    NOON,
    TOMORROW,
    Build,
    Cases,
    case,
    to_operators,
)

OPERATOR: Final[dict[str, tuple[Build, Cases]]] = {
    "operator_alert": (
        to_operators,
        {
            "held": case(
                what="held",
                reason="staff address without a token",
                sender=MAX,
                queue_id="0sq8z2k1-7f3a",
            ),
            "bounce": case(
                what="staff_bounce", reason="5.1.1 no such mailbox", sender=MAX, queue_id="0sq8"
            ),
            "template": case(
                what="template",
                reason="en/answer.md: line 7: 'tikcet' is undefined",
                sender="",
                queue_id="",
            ),
            "staff-letter": case(what="staff_bounce", reason="5.1.1 no such mailbox", sender=MAX),
            "paused": case(
                what="paused",
                reason="60 letters to newco.example within a day",
                until=TOMORROW,
            ),
            "undelivered": case(
                what="undelivered",
                reason="5.1.1 no such mailbox",
                sender=ANN,
                which="balance_statement",
            ),
            "step": case(
                what="step",
                reason="KeyError at due:96",
                late_ticket=1001,
                step="escalation 1",
                due_at=NOON,
            ),
            "clock": case(what="clock", reason="", forward=True, by=timedelta(hours=1)),
            "part": case(what="part", reason="The disk is full."),
        },
    ),
}
