"""Say what becomes of a reply of staff that has no command, as the rules of answers have it."""

from typing import Literal

from gateway.desk import price
from gateway.desk.model import Ticket
from gateway.desk.policy import Policy

PlainReply = Literal["answer", "note", "unpriced", "waits", "closed"]
"""It leaves; it stays inside; it comes back for want of a price, of consent, of an open ticket."""


def plain_reply(policy: Policy, ticket: Ticket) -> PlainReply:
    """What a text alone would do in a ticket as it is (policy 5.5, rules A6, A13)."""
    if policy.engineer.default_action == "note":
        return "note"
    if not ticket.is_open:
        return "closed"
    if price.is_settled(policy, ticket):
        return "answer"
    return "waits" if ticket.present else "unpriced"
