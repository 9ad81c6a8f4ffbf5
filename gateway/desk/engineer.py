"""A mail of staff: all of its commands or none, then the text (policy 5.5, rule M15).

A text that may not leave because the price is not settled comes back to its writer; the commands
before it keep their effect. Anything else that cannot be done undoes the whole mail.
"""

from dataclasses import replace
from typing import Final, Literal

from gateway.desk import assessment, clocks, closing, hotrush, merging, price
from gateway.desk.briefing import inform
from gateway.desk.control import FORMS, INFO_VERBS, TEXT_VERBS, ControlBlock, Refusal, StaffCommand
from gateway.desk.decision import (
    Decision,
    Disposition,
    FileMessage,
    MessageKind,
    MoveTicket,
    SendLetter,
    SettleAssessment,
)
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.desk.lifecycle import Event
from gateway.desk.model import ClockKind, LetterValue, Status, Waiting
from gateway.desk.people import Person
from gateway.desk.policy import Policy
from gateway.desk.staff_commands import RUN, Desk, take
from gateway.desk.token import Purpose
from gateway.mail.address import same_address
from gateway.mail.message import Mail

Act = Literal["reply", "ask", "note"]

NEEDS_NO_TICKET: Final = frozenset({"paid", *INFO_VERBS})
ANSWERS: Final = frozenset({"engineer_command_error", "engineer_credits_blocked"})
"""Letters to the writer that say already what became of the mail."""
LAST: Final = frozenset({"close"})
"""Verbs that take effect after the text of the same mail."""


def take_control(
    draft: Draft, mail: Mail, facts: Facts, person: Person, policy: Policy
) -> Decision:
    """Carry out a mail of staff, or answer why not."""
    fresh = Draft(
        policy=policy,
        at=draft.at,
        event=draft.event,
        actor=draft.actor,
        account=draft.account,
        tickets=draft.tickets.values(),
    )
    number = facts.ticket.number if facts.ticket else None
    refusal = _carry_out(draft, mail, facts, person, number)
    if refusal:
        fresh.because(f"refused: {_unquoted(refusal)} (M15)")
        _return_mail(fresh, mail, facts, person, (refusal, *facts.clues.control.refusals[1:]))
        return fresh.finish(Disposition.CONTROL, ticket=number)
    assessment.fund_freed(draft)
    if policy.engineer.receipts == "all":
        _acknowledge(draft, facts, person)
    return draft.finish(Disposition.CONTROL, ticket=number)


def _carry_out(
    draft: Draft, mail: Mail, facts: Facts, person: Person, number: int | None
) -> Refusal | None:
    block = facts.clues.control
    if block.refusals:
        return block.refusals[0]
    act, block = _act(draft.policy, facts, block)
    if isinstance(act, Refusal):
        return act
    if number is None:
        return _without_ticket(draft, mail, facts, person, block)
    desk = Desk(
        draft=draft,
        mail=mail,
        facts=facts,
        person=person,
        number=number,
        text=block.text,
        answers=act == "reply" and bool(block.text or mail.attachments),
    )
    for command in block.commands:
        if command.verb not in LAST and (refusal := _run(desk, command)):
            return refusal
    if refusal := _take_text(desk, act, block):
        return refusal
    if desk.answers and not _was_answered(draft):
        # What was to end with the answer waits for it.
        return None
    for command in block.commands:
        if command.verb in LAST and (refusal := _run(desk, command)):
            return refusal
    return None


def _run(desk: Desk, command: StaffCommand) -> Refusal | None:
    if command.verb in INFO_VERBS:
        return inform(desk.draft, desk.facts, desk.person, command)
    if command.verb in TEXT_VERBS:
        return None
    desk.draft.because(f"#{command.verb}")
    return RUN[command.verb](desk, command)


def _unquoted(refusal: Refusal) -> str:
    """What is refused, for the diary: no word that somebody typed (promise P16)."""
    if not refusal.line:
        return refusal.reason
    verb = refusal.line[1:].partition(" ")[0].rstrip(":").casefold()
    return f"#{verb}" if verb in FORMS else "no such command"


def _act(policy: Policy, facts: Facts, block: ControlBlock) -> tuple[Act | Refusal, ControlBlock]:
    """What the text is: answer, question or note; words on the command's own line belong to it."""
    said = [one for one in block.commands if one.verb in TEXT_VERBS]
    if len({one.verb for one in said}) > 1:
        return Refusal(said[1].line, f"the text is #{said[0].verb} already"), block
    if not said:
        return _act_of_address(policy, facts), block
    own = "\n".join(one.reason for one in said if one.reason)
    text = "\n\n".join(part for part in (own, block.text) if part)
    if not text and said[0].verb != "reply":
        return Refusal(said[0].line, f"#{said[0].verb} needs a text", FORMS[said[0].verb][1]), block
    act: Act = "ask" if said[0].verb == "ask" else "note" if said[0].verb == "note" else "reply"
    return act, replace(block, text=text)


def _act_of_address(policy: Policy, facts: Facts) -> Act:
    """What a text without a command is: what its address says, else what the policy says."""
    token = facts.clues.token
    if token is not None and token.purpose is Purpose.NOTE:
        return "note"
    if token is not None and token.is_done:
        return "reply"
    return policy.engineer.default_action


def _take_text(desk: Desk, act: Act, block: ControlBlock) -> Refusal | None:
    if not (block.text or desk.mail.attachments):
        return None if block.commands else Refusal("", "the mail has no text and no command")
    if act == "note":
        _file(desk, MessageKind.NOTE)
        return None
    if not desk.ticket.is_open:
        return Refusal("", "the ticket is closed; write #reopen on the first line", "#reopen")
    if act == "ask":
        _ask(desk)
        return None
    _answer(desk)
    return None


def _file(desk: Desk, kind: MessageKind, waiting: Waiting | None = None) -> None:
    desk.draft.record(
        FileMessage(
            ticket=desk.number,
            kind=kind,
            author=desk.person.address,
            text=desk.text,
            at=desk.draft.at,
            message_id=desk.mail.message_id or "",
            waiting=waiting,
        )
    )


def _ask(desk: Desk) -> None:
    """A question to the customer needs no price (rule A12)."""
    draft, number = desk.draft, desk.number
    take(draft, number, desk.person)
    clocks.stop(draft, number, ClockKind.FIRST_RESPONSE, ClockKind.NEXT_RESPONSE, met=True)
    _file(desk, MessageKind.QUESTION, Waiting.CUSTOMER)
    closing.arm_autoclose(draft, number)
    _send(desk, "clarification", charged=0)


def _answer(desk: Desk) -> None:
    """An answer leaves when its price is settled, and is charged with it (A6, A11, A13)."""
    draft, number = desk.draft, desk.number
    if not price.is_settled(draft.policy, desk.ticket):
        _hold_back(desk)
        return
    take(draft, number, desk.person)
    hotrush.refund_breach(draft, number)
    before = desk.ticket
    if not price.settle(draft, number, answering=True):
        _block(desk)
        return
    clocks.stop(draft, number, met=True)
    if desk.ticket.status is Status.ASSIGNED:
        draft.record(
            MoveTicket(ticket=number, event=Event.START, to=Status.IN_PROGRESS, at=draft.at)
        )
    _file(desk, MessageKind.ANSWER, Waiting.CUSTOMER)
    merging.confirm_split(draft, number)
    closing.arm_autoclose(draft, number)
    _send(desk, "answer", charged=desk.ticket.charged - before.charged)


def _send(desk: Desk, letter: str, *, charged: int) -> None:
    desk.draft.to_customer(
        letter,
        desk.ticket.requester,
        desk.ticket,
        thread="ticket",
        with_attachments=bool(desk.mail.attachments),
        text=desk.text,
        by=desk.person.name,
        charged_now=charged,
    )


def _hold_back(desk: Desk) -> None:
    """The text comes back; where credits are missing the letter about them carries it (5.5)."""
    present = desk.ticket.present
    if present is not None and present.decided_at is not None:
        told = (one for one in _letters(desk.draft) if one.letter == "engineer_credits_blocked")
        if not any(same_address(one.to, desk.person.address) for one in told):
            _tell_blocked(desk)
        return
    desk.draft.because("answer held back: the price is not settled (A6, A13)")
    reason = "not confirmed" if present else "no price"
    refusal = Refusal("", reason, "#assess N, #ask or #free")
    _return_mail(desk.draft, desk.mail, desk.facts, desk.person, (refusal,), text=desk.text)


def _block(desk: Desk) -> None:
    in_force = desk.ticket.settled
    if in_force is None:
        raise AssertionError("only a priced answer can lack credits")
    draft = desk.draft
    draft.because("answer held back: credits are missing (A3)")
    draft.record(
        SettleAssessment(
            ticket=desk.number,
            number=in_force.number,
            verdict=in_force.verdict,
            funded=False,
            at=in_force.decided_at or draft.at,
            by=in_force.decided_by,
        )
    )
    assessment.block(draft, desk.number, in_force, unsent=desk.text)
    if not any(same_address(one, desk.person.address) for one in draft.on_the_ticket(desk.ticket)):
        _tell_blocked(desk)


def _tell_blocked(desk: Desk) -> None:
    named = desk.ticket.present or desk.ticket.settled
    if named is None:
        return
    desk.draft.to_staff(
        "engineer_credits_blocked",
        (desk.person.address,),
        desk.ticket,
        thread="mail",
        missing=price.missing_for(desk.draft, desk.ticket, named),
        unsent=desk.text,
        assessment_label=named.label,
        price=named.price,
    )


def _was_answered(draft: Draft) -> bool:
    return any(
        isinstance(change, FileMessage) and change.kind is MessageKind.ANSWER
        for change in draft.changes
    )


def _letters(draft: Draft) -> list[SendLetter]:
    return [change for change in draft.changes if isinstance(change, SendLetter)]


def _without_ticket(
    draft: Draft, mail: Mail, facts: Facts, person: Person, block: ControlBlock
) -> Refusal | None:
    """A mail to an order's or to the person's own desk address."""
    if block.text and not block.commands:
        return Refusal("", "this address belongs to no ticket: reply to a ticket's letter", "#help")
    if not block.commands:
        return Refusal("", "the mail has no command", "#help")
    desk = Desk(
        draft=draft, mail=mail, facts=facts, person=person, number=0, text="", answers=False
    )
    for command in block.commands:
        if command.verb not in NEEDS_NO_TICKET:
            reason = "this command needs a ticket: write it in reply to one of its letters"
            return Refusal(command.line, reason, "#help")
        if refusal := _run(desk, command):
            return refusal
    return None


def _return_mail(
    draft: Draft,
    mail: Mail,
    facts: Facts,
    person: Person,
    refusals: tuple[Refusal, ...],
    *,
    text: str = "",
) -> None:
    """Why it was not done, the nearest valid command, the whole text back.

    A mail of commands alone has no text; where it was more than the line at fault, all its lines
    come back to be corrected and sent again.
    """
    block = facts.clues.control
    lines = () if text else tuple(line for line in mail.new_text.split("\n") if line.strip())
    is_text = bool(text or block.text)
    complaints: tuple[LetterValue, ...] = tuple(
        {"line": one.line, "reason": one.reason, "instead": one.instead} for one in refusals
    )
    draft.to_staff(
        "engineer_command_error",
        (person.address,),
        facts.ticket,
        thread="mail",
        refusals=complaints,
        unsent=text or (mail.new_text if is_text else ""),
        commands=lines if not is_text and len(lines) > 1 else (),
        partly=bool(text) and bool(block.commands),
        waits=tuple(one.line for one in block.commands if one.verb in LAST) if text else (),
    )


def _acknowledge(draft: Draft, facts: Facts, person: Person) -> None:
    """`engineer.receipts = "all"`: say what was carried out, where no other letter says it."""
    told = {one.letter for one in _letters(draft) if same_address(one.to, person.address)}
    lines: tuple[LetterValue, ...] = tuple(
        one.line for one in facts.clues.control.commands if one.verb not in INFO_VERBS
    )
    if not lines or told & ANSWERS:
        return
    draft.to_staff(
        "engineer_ack", (person.address,), facts.ticket, thread="mail", what="done", lines=lines
    )
