"""A customer writes in a ticket: commands first, then what is left as ordinary text (policy 5.4).

A command changes the desk at once, so that the next one, and the text, meet the state it left.
"""

from dataclasses import replace

from gateway.desk import closing, confirmation, request, split, split_acts
from gateway.desk.commands import Command, Verb
from gateway.desk.customer_commands import RUN
from gateway.desk.decision import MessageKind
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.desk.model import Ticket, Verdict, Waiting
from gateway.desk.reply import Reply, pass_on, tell_foreign_confirm, tell_staff
from gateway.desk.thanks import is_thanks
from gateway.desk.trust import Proof
from gateway.desk.weighing import Reading
from gateway.mail.message import Mail


def take_reply(draft: Draft, mail: Mail, facts: Facts, proof: Proof, ticket: Ticket) -> int:
    """Work through a mail that belongs to a ticket; returns the ticket it ended in."""
    block = facts.clues.commands
    open_one = ticket.present is not None and ticket.present.verdict is Verdict.OPEN
    if not open_one:
        block = block.without_synonyms()
    elif block.is_weak and draft.policy.assessment.weak_words == "accept":
        block = replace(block, commands=(Command(verb=Verb.CONFIRM),), rest="", is_unclear=False)
    text = block.rest if block.commands else mail.new_text
    reply = Reply(draft, mail, facts, proof, ticket.number, block, text)
    if not proof.is_contact:
        _take_foreign(reply)
        return reply.number
    if open_one and block.is_unclear:
        _ask_again(reply)
    for command in block.commands:
        RUN[command.verb](reply, command)
    _take_text(reply)
    return reply.number


def _take_text(reply: Reply) -> None:
    if reply.is_filed:
        return
    if not reply.has_content or reply.told:
        reply.file(MessageKind.FILED if not reply.has_content else MessageKind.MAIL)
        return
    if not reply.ticket.is_open:
        _take_text_of_closed(reply)
        return
    plan = _weigh(reply)
    if plan.moves:
        _carry_out(reply, plan)
        if not reply.text:
            return
    elif plan.suggestion:
        split_acts.remember(reply.draft, reply.ticket, plan, "suggested")
    pass_on(reply, suggestion=plan.suggestion)


def _weigh(reply: Reply) -> split.Plan:
    if reply.stays:
        return split.Plan(stays=reply.text)
    reading = Reading(
        mail=reply.mail,
        facts=reply.facts,
        ticket=reply.ticket,
        text=reply.text,
        settled=reply.settled,
    )
    return split.consider(reply.draft, reading)


def _carry_out(reply: Reply, plan: split.Plan) -> None:
    """What becomes a ticket of its own is no longer text of the reply."""
    reply.text = split_acts.carry_out(reply.draft, reply.mail, reply.ticket, plan)


def _take_text_of_closed(reply: Reply) -> None:
    """Rule M16: thanks are filed, another topic is split, the rest reopens or starts anew."""
    draft = reply.draft
    if _only_thanks(reply):
        return
    plan = _weigh(reply)
    reopens = confirmation.is_reopenable(draft, reply.ticket)
    if plan.moves and (reopens or not plan.stays):
        _carry_out(reply, plan)
        if not reply.text or _only_thanks(reply):
            return
    if not reopens:
        draft.because("closed too long ago: a ticket of its own (M16)")
        reply.number = request.open_first(
            draft, reply.mail, reply.facts, reply.proof, old=reply.ticket
        )
        return
    draft.because("reply reopens (M16)")
    reply.file(MessageKind.MAIL, Waiting.STAFF)
    closing.reopen(draft, reply.number, writer=reply.writer, text=reply.text, by="customer")


def _only_thanks(reply: Reply) -> bool:
    """Thanks in a closed ticket are filed: nothing opens again for them."""
    if not is_thanks(reply.text) or reply.mail.attachments:
        return False
    reply.draft.because("thanks in a closed ticket are filed (M16)")
    reply.file(MessageKind.FILED)
    return True


def _take_foreign(reply: Reply) -> None:
    """Somebody who is no contact: filed with a warning, no command counts (rules M4, M10)."""
    reply.draft.because("not from a contact of the account (M4)")
    reply.flags.add("foreign")
    reply.text = reply.mail.new_text
    if reply.block.find(Verb.CONFIRM) and reply.ticket.present:
        tell_foreign_confirm(reply)
    reply.file(MessageKind.FILED)
    tell_staff(reply)


def _ask_again(reply: Reply) -> None:
    """It may have been meant as a confirmation: say how one is written (rule M11)."""
    reply.draft.because("unclear whether it confirms (M11)")
    reply.flags.add("unclear")
    present = reply.ticket.present
    reply.draft.to_requester(
        "confirm_unclear",
        reply.ticket,
        writer=reply.writer,
        assessment=present.number if present else None,
        passed_on=reply.has_content,
        open=(),
    )
