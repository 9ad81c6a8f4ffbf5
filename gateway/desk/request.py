"""Open a ticket: the department, the urgency and the payment a first mail asks for.

The one way into the queue, for first mails, follow-ups of long closed tickets and split-off topics.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.desk import clocks, gate
from gateway.desk.commands import PAYMENT_VERBS, Command, CommandBlock, Verb
from gateway.desk.decision import FileMessage, MessageKind, OpenAccount, OpenTicket
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.desk.model import (
    ASK_FIRST,
    NO_PAYMENT,
    PRE_AGREED,
    Account,
    ClockKind,
    Contact,
    HotRush,
    Payment,
    PaymentMode,
    Ticket,
    Waiting,
)
from gateway.desk.people import SUPPORT
from gateway.desk.tags import Tags, agreed_up_to
from gateway.desk.trust import Proof, may_agree
from gateway.mail.address import normalised_address
from gateway.mail.message import Mail

FIRST_NEW: Final = -1
"""Stand-in for the number of the first ticket a decision opens; further ones count down."""


NOBODY: Final = "nobody"
"""Account of mails that name no sender at all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a new ticket starts with."""

    requester: str
    subject: str
    text: str
    department: str
    urgent: bool = False
    payment: Payment | None = None
    parent: int | None = None
    received_at: datetime | None = None
    """When the customer's mail came, where that is not the event at hand."""


def open_account(draft: Draft, facts: Facts, mail: Mail) -> None:
    """An unknown sender gets an account with 0 credits (decision 14)."""
    address = facts.clues.sender or NOBODY
    contact = Contact(
        address=address,
        account=address,
        name=mail.originator.name,
        is_primary=True,
        language=draft.written.words,
    )
    draft.because("unknown sender accepted")
    draft.record(
        OpenAccount(
            account=Account(id=address, name=contact.name, contacts=(contact,), is_new=True)
        )
    )


def open_first(draft: Draft, mail: Mail, facts: Facts, proof: Proof, *, old: Ticket | None) -> int:
    """Open a ticket for a first mail, or for a mail to a ticket closed too long ago (`old`)."""
    clues = facts.clues
    block = clues.commands
    department = clues.department if clues.department not in (None, SUPPORT) else None
    # The address decides if it is that of another department; else the tag does (policy 4.6).
    chosen = department or clues.tags.department or SUPPORT
    opening = Opening(
        requester=clues.sender,
        subject=clues.tags.subject,
        text=_text(block, mail),
        department=chosen,
        urgent=clues.tags.hotrush and old is None and not proof.claims_contact,
        payment=_payment(clues.tags, block) if may_agree(proof, draft.policy) else ASK_FIRST,
        parent=old.number if old else None,
    )
    number = open_ticket(draft, opening)
    file_first(draft, number, mail, opening.text)
    announce(draft, number, facts, mail, proof, old)
    return number


def open_ticket(draft: Draft, opening: Opening) -> int:
    """Record a new ticket with its clock; letters are the caller's. Returns its stand-in number."""
    number = min((FIRST_NEW, *(one - 1 for one in draft.tickets)))
    priced = opening.department == SUPPORT
    refused = opening.urgent and gate.refusal(draft.policy, draft.account, opening.department)
    state = HotRush.NONE
    if opening.urgent:
        state = HotRush.REFUSED if refused else HotRush.ACTIVE
        draft.because(f"HotRush {state}" + (f": {refused}" if refused else ""))
    received_at = opening.received_at or draft.at
    ticket = Ticket(
        number=number,
        account=draft.account.id if draft.account else opening.requester,
        requester=normalised_address(opening.requester),
        department=opening.department,
        subject=opening.subject,
        received_at=received_at,
        hotrush=state,
        hotrush_reason=str(refused or ""),
        payment=(opening.payment or _default_payment(draft)) if priced else NO_PAYMENT,
        parent=opening.parent,
        last_text=opening.text,
        last_mail_at=received_at,
    )
    draft.record(OpenTicket(ticket=ticket))
    clocks.start(draft, number, ClockKind.FIRST_RESPONSE, at=received_at)
    return number


def file_first(draft: Draft, number: int, mail: Mail, text: str) -> None:
    """The mail becomes the ticket's first message."""
    draft.record(
        FileMessage(
            ticket=number,
            kind=MessageKind.MAIL,
            author=normalised_address(mail.originator.address),
            text=text,
            at=draft.at,
            message_id=mail.message_id or "",
            waiting=Waiting.STAFF,
        )
    )


def announce(
    draft: Draft,
    number: int,
    facts: Facts,
    mail: Mail,
    proof: Proof,
    old: Ticket | None,
) -> None:
    """Tell the requester and the right list (policy 4.11)."""
    ticket = draft.ticket(number)
    letter = {
        HotRush.ACTIVE: "ticket_received_hotrush",
        HotRush.REFUSED: "hotrush_refused",
    }.get(ticket.hotrush, "followup_created" if old else "ticket_received")
    why = ticket.hotrush_reason
    if proof.verdict.is_fail:
        draft.because("no receipt: the sender's server says that it did not write this")
    else:
        _acknowledge(draft, letter, ticket, why, old)
    hint = facts.ticket if facts.ticket and facts.ticket.account != ticket.account else None
    tell_staff(
        draft,
        number,
        hint=hint,
        with_attachments=bool(mail.attachments),
        unverified=proof.claims_contact,
    )


def _acknowledge(draft: Draft, letter: str, ticket: Ticket, why: str, old: Ticket | None) -> None:
    draft.to_requester(
        letter,
        ticket,
        why=why,
        needed=draft.policy.hotrush.min_available,
        old_ticket=old.number if old else None,
        departments=tuple(draft.policy.hotrush.departments),
    )


def tell_staff(
    draft: Draft,
    number: int,
    *,
    hint: Ticket | None = None,
    with_attachments: bool = False,
    unverified: bool = False,
) -> None:
    """The duty list hears of HotRush at once, dispatchers of everything else."""
    ticket = draft.ticket(number)
    letter = "engineer_hotrush_alert" if ticket.is_urgent else "engineer_new_ticket"
    draft.to_staff(
        letter,
        draft.watchers(ticket),
        ticket,
        with_attachments=with_attachments,
        text=ticket.last_text,
        new_sender=bool(draft.account and draft.account.is_new),
        opens_at=None
        if draft.policy.calendar.is_open(draft.at)
        else draft.policy.calendar.start(draft.at),
        hint_ticket=hint.number if hint else None,
        unverified=unverified,
    )


def _text(block: CommandBlock, mail: Mail) -> str:
    return block.rest if block.commands else mail.new_text


def _payment(tags: Tags, block: CommandBlock) -> Payment | None:
    """Tags of the subject and lines at the top; the strictest wins (rule A10)."""
    said = [payment for payment in (tags.payment, *map(payment_of, block.commands)) if payment]
    if not said:
        return None
    return min(said, key=lambda one: (one.covers is None, one.covers or 0))


def payment_of(command: Command) -> Payment | None:
    """The payment agreement a command line states."""
    if command.verb not in PAYMENT_VERBS:
        return None
    if command.verb is Verb.ASK_FIRST:
        return ASK_FIRST
    return PRE_AGREED if command.credits is None else agreed_up_to(command.credits)


def _default_payment(draft: Draft) -> Payment:
    standing = draft.account.payment if draft.account else None
    mode = standing or PaymentMode(draft.policy.payment.default_mode)
    return PRE_AGREED if mode is PaymentMode.PRE_AGREED else ASK_FIRST
