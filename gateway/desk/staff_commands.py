"""What each command of staff does (policy 5.5): one small function a verb, and the table of them.

A function changes the draft or returns a refusal; the caller undoes the whole mail on a refusal.
"""

from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.desk import (
    account,
    acknowledge,
    assessment,
    closing,
    department,
    freeing,
    lifecycle,
    merging,
    price,
    split_acts,
)
from gateway.desk.account import Credit
from gateway.desk.control import Refusal, StaffCommand
from gateway.desk.decision import AssignTicket, MoveTicket
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.desk.lifecycle import Event
from gateway.desk.model import Status, Ticket
from gateway.desk.people import DEVELOPMENT, Person
from gateway.ledger.entry import Kind
from gateway.mail.address import same_address
from gateway.mail.message import Mail


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """One staff mail while it is carried out."""

    draft: Draft
    mail: Mail
    facts: Facts
    person: Person
    number: int
    text: str
    """The text that follows the commands."""
    answers: bool
    """That text is an answer to the customer."""

    @property
    def ticket(self) -> Ticket:
        """The ticket as it stands now."""
        return self.draft.ticket(self.number)


Done = Refusal | None


def take(draft: Draft, number: int, person: Person) -> None:
    """Whoever acts first has the ticket, if nobody has it (policy 4.2)."""
    ticket = draft.ticket(number)
    if ticket.assignee is None:
        draft.record(AssignTicket(ticket=number, assignee=person.address))
    if ticket.status is Status.SUBMITTED:
        draft.record(MoveTicket(ticket=number, event=Event.TAKE, to=Status.ASSIGNED, at=draft.at))


def _assign(desk: Desk, command: StaffCommand) -> Done:
    if command.who.casefold() == "none":
        return _put_back(desk, command)
    staff = desk.draft.policy.staff
    chosen = desk.person if command.who.casefold() == "me" else staff.person(command.who)
    if chosen is None:
        known = ", ".join(one.address for one in staff.people)
        return Refusal(command.line, f"{command.who} is nobody of the staff ({known})")
    to = lifecycle.after(desk.ticket.status, Event.TAKE)
    if to is None:
        return Refusal(command.line, "the ticket is closed", "#reopen")
    draft, number = desk.draft, desk.number
    draft.record(AssignTicket(ticket=number, assignee=chosen.address))
    draft.record(MoveTicket(ticket=number, event=Event.TAKE, to=to, at=draft.at))
    if not same_address(chosen.address, desk.person.address):
        ticket = desk.ticket
        draft.to_staff(
            "engineer_assigned",
            (chosen.address,),
            ticket,
            text=ticket.last_text,
            by=desk.person.name,
        )
    return None


def _put_back(desk: Desk, command: StaffCommand) -> Done:
    to = lifecycle.after(desk.ticket.status, Event.PUT_BACK)
    if to is None:
        return Refusal(command.line, f"a ticket that is {desk.ticket.status} stays as it is")
    desk.draft.record(
        AssignTicket(ticket=desk.number, assignee=None),
        MoveTicket(ticket=desk.number, event=Event.PUT_BACK, to=to, at=desk.draft.at),
    )
    return None


def _take(desk: Desk, command: StaffCommand) -> Done:
    """The ticket is mine; where it was escalated, that is acknowledged too."""
    if refusal := _assign(desk, StaffCommand(verb="assign", line=command.line, who="me")):
        return refusal
    if not acknowledge.is_escalated(desk.ticket):
        return None
    return _ack(desk, command)


def _ack(desk: Desk, command: StaffCommand) -> Done:
    """Seen; a promised time in the same mail says until when."""
    block = desk.facts.clues.control
    last = block.find("eta") or block.find("take") or block.find("ack")
    if last is not None and last != command:
        return None
    return acknowledge.acknowledge(desk.draft, desk.number, desk.person, command)


def _eta(desk: Desk, command: StaffCommand) -> Done:
    return acknowledge.acknowledge(desk.draft, desk.number, desk.person, command)


def _start(desk: Desk, command: StaffCommand) -> Done:
    draft, number = desk.draft, desk.number
    if not desk.ticket.is_open:
        return Refusal(command.line, "the ticket is closed", "#reopen")
    was_new = desk.ticket.status is Status.SUBMITTED
    take(draft, number, desk.person)
    if not price.is_settled(draft.policy, desk.ticket):
        if was_new:
            return None
        return Refusal(command.line, "the price is not settled yet", assessment.USAGE)
    if desk.ticket.status is Status.ASSIGNED:
        draft.record(
            MoveTicket(ticket=number, event=Event.START, to=Status.IN_PROGRESS, at=draft.at)
        )
    return None


def _assess(desk: Desk, command: StaffCommand) -> Done:
    draft, number = desk.draft, desk.number
    if desk.ticket.is_open and desk.ticket.is_priced:
        take(draft, number, desk.person)
    outcome = assessment.assess(
        draft,
        number,
        assessment.Proposal(
            category=command.number,
            note=command.reason,
            line=command.line,
            with_text=desk.answers,
            unsent=desk.text if desk.answers else "",
        ),
    )
    if isinstance(outcome, Refusal):
        return outcome
    merging.confirm_split(draft, number)
    if outcome == "unchanged" and not desk.text:
        return Refusal(command.line, f"the ticket has category {command.number} already")
    return None


def _free(desk: Desk, command: StaffCommand) -> Done:
    return freeing.free(desk.draft, desk.number, command)


def _bug(desk: Desk, command: StaffCommand) -> Done:
    return freeing.bug(desk.draft, desk.number, command)


def _development(desk: Desk, command: StaffCommand) -> Done:
    return department.move(desk.draft, desk.number, DEVELOPMENT, command)


def _department(desk: Desk, command: StaffCommand) -> Done:
    return department.move(desk.draft, desk.number, command.what, command)


def _not_hotrush(desk: Desk, command: StaffCommand) -> Done:
    return department.not_hotrush(desk.draft, desk.number, command)


def _close(desk: Desk, command: StaffCommand) -> Done:
    ticket = desk.ticket
    if not ticket.is_open:
        return Refusal(command.line, "the ticket is closed already", "#reopen")
    if ticket.reserved and not command.reason:
        reason = f"{ticket.reserved} credits are reserved: say why it closes without an answer"
        return Refusal(command.line, reason, "#close REASON")
    closing.close(desk.draft, desk.number, command.reason)
    closing.tell_closed(desk.draft, desk.number)
    return None


def _reopen(desk: Desk, command: StaffCommand) -> Done:
    if desk.ticket.is_open:
        return Refusal(command.line, "the ticket is open")
    if desk.ticket.merged_into is not None:
        return Refusal(command.line, "the ticket was merged into another one")
    closing.reopen(desk.draft, desk.number, by="staff")
    return None


def _split(desk: Desk, command: StaffCommand) -> Done:
    return split_acts.by_staff(desk.draft, desk.number, command)


def _nosplit(desk: Desk, command: StaffCommand) -> Done:
    del command
    merging.end_suggestions(desk.draft, desk.facts, desk.number)
    return None


def _merge(desk: Desk, command: StaffCommand) -> Done:
    return merging.merge(desk.draft, desk.facts, desk.number, command)


def _grant(desk: Desk, command: StaffCommand) -> Done:
    if refusal := _refuse_money(desk, command):
        return refusal
    if not 0 < command.number <= account.ADDED_MAX:
        reason = f"credits are whole numbers above 0 and up to {account.ADDED_MAX}"
        return Refusal(command.line, reason, "#grant N reason")
    credit = Credit(kind=Kind.GRANT, count=command.number, reason=command.reason, why="goodwill")
    account.add(desk.draft, credit, to=desk.ticket.requester)
    return None


def _adjust(desk: Desk, command: StaffCommand) -> Done:
    if refusal := _refuse_money(desk, command):
        return refusal
    if not 0 < abs(command.number) <= account.ADDED_MAX:
        reason = f"an adjustment is above or below 0, by at most {account.ADDED_MAX} credits"
        return Refusal(command.line, reason, "#adjust ±N reason")
    if command.number > 0:
        credit = Credit(
            kind=Kind.ADJUST, count=command.number, reason=command.reason, why="correction"
        )
        account.add(desk.draft, credit, to=desk.ticket.requester)
    else:
        desk.draft.book(Kind.ADJUST, amount=command.number, reason=command.reason)
    return None


def _paid(desk: Desk, command: StaffCommand) -> Done:
    if refusal := _refuse_money(desk, command):
        return refusal
    order = desk.facts.orders.get(command.number)
    if order is None:
        return Refusal(command.line, f"there is no order P-{command.number}", "#paid P-17")
    if desk.draft.account is None or order.account != desk.draft.account.id:
        return Refusal(command.line, f"{order.label} belongs to another customer")
    if order.status == "cancelled":
        return Refusal(command.line, f"order {order.label} is cancelled")
    if not account.pay(desk.draft, order):
        desk.draft.because(f"{order.label} is recorded as paid already (A29)")
    return None


def _refuse_money(desk: Desk, command: StaffCommand) -> Done:
    if desk.person.roles & {"lead", "billing"}:
        return None
    return Refusal(command.line, f"#{command.verb} needs the role lead or billing")


RUN: Final = MappingProxyType[str, Callable[[Desk, StaffCommand], Done]](
    {
        "assign": _assign,
        "take": _take,
        "ack": _ack,
        "eta": _eta,
        "start": _start,
        "assess": _assess,
        "category": _assess,
        "free": _free,
        "bug": _bug,
        "development": _development,
        "department": _department,
        "not-hotrush": _not_hotrush,
        "close": _close,
        "reopen": _reopen,
        "split": _split,
        "nosplit": _nosplit,
        "merge": _merge,
        "grant": _grant,
        "adjust": _adjust,
        "paid": _paid,
    }
)
