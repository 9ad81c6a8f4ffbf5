"""What a mail is: one ordered table of rules, the first hit wins.

A rule is a question about the mail, the facts and the proof of its sender; it answers with the
reason, or with silence. The order is the policy: nothing below a rule may undo it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.desk.commands import NEEDS_NO_TICKET, PAYMENT_VERBS, Verb
from gateway.desk.decision import Disposition
from gateway.desk.facts import Facts
from gateway.desk.policy import Policy
from gateway.desk.trust import Proof, Standing
from gateway.mail.defect import Defect
from gateway.mail.message import Mail

HOPS_MAX: Final = 50
"""Received fields of a mail that goes round in circles (RFC 5321 section 6.3)."""

PARKING: Final = {
    Defect.LIMIT_DEPTH: "mime_depth: parts within parts within parts",
    Defect.LIMIT_PARTS: "mime_parts: too many parts",
    Defect.LIMIT_FIELD_COUNT: "header_limit: too many header fields",
    Defect.LIMIT_HEADER_BYTES: "header_limit: too much header",
}
"""Limits beyond which nobody knows what a mail says, and the event that tells of it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Everything a rule may look at."""

    mail: Mail
    facts: Facts
    proof: Proof
    policy: Policy


Rule = Callable[[Case], str | None]


def already_taken_in(case: Case) -> str | None:
    """The same mail once more (rule M1)."""
    seen = case.facts.seen
    return f"repeats {seen.queue_id} (M1)" if seen and seen.same_content else None


def written_by_us(case: Case) -> str | None:
    """Our own mail came back, or one that runs in a circle."""
    if case.facts.clues.loop_stamp:
        return "carries our own loop stamp"
    if case.mail.hops > HOPS_MAX:
        return f"went through {case.mail.hops} servers"
    if case.policy.addresses.is_inbox(case.facts.clues.sender):
        return "comes from one of our own addresses"
    return None


def beyond_limits(case: Case) -> str | None:
    """More than we read of any mail (attacks A55 to A58): set aside until the operator has looked.

    A long field alone holds nothing: servers on the way write them.
    """
    if case.mail.envelope.released:
        return None
    return next((why for limit, why in PARKING.items() if limit in case.mail.defects), None)


def delivery_report(case: Case) -> str | None:
    """A report on a mail of ours (RFC 3464); never answered (RFC 5321 section 4.5.5)."""
    return "delivery report (M2)" if case.mail.report else None


def automatic_response(case: Case) -> str | None:
    """A machine wrote it (RFC 3834, rule M2): never answered, never a command."""
    return f"automatic: {case.mail.automatic} (M2)" if case.mail.automatic else None


def staff_without_token(case: Case) -> str | None:
    """An address of staff that proves nothing (rule M4): a verdict never replaces the token."""
    if case.proof.standing is Standing.STAFF and not case.proof.has_token:
        return "from a staff address without its token (M4)"
    return None


def staff_mail(case: Case) -> str | None:
    """Staff answers or commands."""
    return "staff, with token" if case.proof.standing is Standing.STAFF else None


def points_at_ticket(case: Case) -> str | None:
    """A reply in a ticket of whoever may write there (rule M3)."""
    facts = case.facts
    if facts.ticket is None:
        return None
    if facts.found_by in ("token", "reference"):
        return f"joins a ticket by {facts.found_by} (M3)"
    if case.proof.is_contact or case.proof.claims_contact:
        return "joins a ticket by the number in its subject (M3)"
    if _only_commands(case):
        return "a stranger's command with a ticket number: filed (M4)"
    return None


def unknown_and_refused(case: Case) -> str | None:
    """Strangers are refused where the option says so (decision 14)."""
    if case.policy.customers.unknown_sender == "refuse" and case.facts.contact is None:
        return "unknown sender refused"
    return None


def commands_without_ticket(case: Case) -> str | None:
    """A mail that consists of commands and belongs to no ticket (policy 5.4)."""
    block = case.facts.clues.commands
    verbs = {one.verb for one in block.commands if not one.is_synonym}
    if not verbs - PAYMENT_VERBS - {Verb.HOTRUSH_ON, Verb.NEW_TICKET}:
        return None
    if block.rest and verbs <= NEEDS_NO_TICKET | PAYMENT_VERBS:
        return None
    return "commands without a ticket (5.4)"


def anything(case: Case) -> str | None:
    """What is left is a request."""
    del case
    return "a request"


TRIAGE: Final[tuple[tuple[Rule, Disposition], ...]] = (
    # Repeats and echoes first: nothing below may answer them.
    (already_taken_in, Disposition.DUPLICATE),
    (written_by_us, Disposition.LOOP),
    (beyond_limits, Disposition.HELD),
    (delivery_report, Disposition.BOUNCE),
    (automatic_response, Disposition.AUTOMATIC),
    # Staff before customers: their address never becomes a customer's.
    (staff_without_token, Disposition.HELD),
    (staff_mail, Disposition.CONTROL),
    # Customers.
    (points_at_ticket, Disposition.FOLLOW_UP),
    (unknown_and_refused, Disposition.REFUSED),
    (commands_without_ticket, Disposition.INQUIRY),
    (anything, Disposition.REQUEST),
)


def triage(case: Case) -> tuple[Disposition, str]:
    """The disposition of a mail and the reason."""
    for rule, disposition in TRIAGE:
        if reason := rule(case):
            return disposition, reason
    raise AssertionError("the last rule of the table always speaks")


def _only_commands(case: Case) -> bool:
    block = case.facts.clues.commands
    return bool(block.commands) and not block.rest
