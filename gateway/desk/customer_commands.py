"""What each command of a customer does in a ticket; `RUN` says which function carries it out."""

from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from gateway.desk import (
    account,
    closing,
    confirmation,
    hotrush,
    merging,
    price,
    request,
    split,
    split_acts,
)
from gateway.desk.commands import Command, Verb
from gateway.desk.decision import SetPayment
from gateway.desk.model import Verdict
from gateway.desk.reply import Reply, tell_foreign_confirm
from gateway.desk.trust import is_proved, may_confirm


def _confirm(reply: Reply, command: Command) -> None:
    if not may_confirm(reply.proof, reply.facts, reply.draft.policy):
        _refuse_confirming(reply)
        return
    present = reply.ticket.present
    if reply.ticket.awaits_consent and not is_proved(reply.proof, reply.draft.policy):
        reply.draft.because("confirmation without proof: the contact is asked (M4)")
        reply.draft.to_customer(
            "confirm_challenge",
            reply.writer,
            reply.ticket,
            assessment=present.number if present else None,
        )
        return
    reply.settled = True
    confirmation.confirm(reply.draft, reply.number, command, reply.facts.replied, reply.writer)


def _refuse_confirming(reply: Reply) -> None:
    """The option `assessment.confirm_from` lets somebody else agree to prices (rule M10)."""
    reply.draft.because("this contact may not confirm (M10)")
    who = reply.draft.policy.assessment.confirm_from
    reply.flags.add(f"only_{who}")
    tell_foreign_confirm(reply, why=who)
    reply.text = reply.mail.new_text


def _decline(reply: Reply, command: Command) -> None:
    del command
    objection = confirmation.decline(reply.draft, reply.number, reply.writer, reply.text)
    if objection:
        reply.text = reply.mail.new_text
    else:
        reply.told = True


def _hotrush_off(reply: Reply, command: Command) -> None:
    del command
    hotrush.turn_off(reply.draft, reply.number, reply.writer)


def _hotrush_on(reply: Reply, command: Command) -> None:
    del command
    hotrush.turn_on(reply.draft, reply.number, reply.writer)


def _balance(reply: Reply, command: Command) -> None:
    del command
    account.state_balance(reply.draft, reply.writer, reply.facts.entries)


def _buy(reply: Reply, command: Command) -> None:
    account.order(reply.draft, reply.writer, command.credits or 0)


def _help(reply: Reply, command: Command) -> None:
    del command
    reply.draft.to_customer("command_help", reply.writer, reply.ticket, unknown="")


def _close(reply: Reply, command: Command) -> None:
    del command
    draft = reply.draft
    if not reply.ticket.is_open:
        draft.because("already closed")
        return
    draft.because("closed by the customer")
    closing.close(draft, reply.number, "customer")
    closing.tell_closed(draft, reply.number, writer=reply.writer)
    ticket = reply.ticket
    draft.to_staff(
        "engineer_status_changed",
        draft.on_the_ticket(ticket),
        ticket,
        what="closed",
        text=reply.text,
    )
    reply.told = True


def _reopen(reply: Reply, command: Command) -> None:
    del command
    draft = reply.draft
    if reply.ticket.is_open:
        draft.because("already open")
        return
    if not confirmation.is_reopenable(draft, reply.ticket):
        draft.because("closed too long ago: a ticket of its own (M16)")
        reply.number = request.open_first(
            draft, reply.mail, reply.facts, reply.proof, old=reply.ticket
        )
    else:
        draft.because("reopened by the customer")
        closing.reopen(draft, reply.number, writer=reply.writer, text=reply.text, by="customer")
    reply.told = True


def _new_ticket(reply: Reply, command: Command) -> None:
    """Asked for in so many words: the whole text becomes the new ticket (rule A19)."""
    if not (reply.has_content or command.subject):
        return
    reply.draft.because("new ticket asked for (A19)")
    plan = split.explicit(reply.text or command.subject, command.subject)
    reply.text = split_acts.carry_out(reply.draft, reply.mail, reply.ticket, plan)
    reply.is_filed = True


def _same_topic(reply: Reply, command: Command) -> None:
    del command
    merging.same_topic(reply)


def _agree(reply: Reply, command: Command) -> None:
    payment = request.payment_of(command)
    ticket = reply.ticket
    if payment is None or not ticket.is_priced or not ticket.is_open:
        return
    if not is_proved(reply.proof, reply.draft.policy) and command.verb is Verb.AGREE:
        reply.draft.because("agreement without proof does not count (M4)")
        reply.flags.add("unproved")
        reply.text = reply.mail.new_text
        return
    if command.verb is Verb.AGREE and not may_confirm(reply.proof, reply.facts, reply.draft.policy):
        _refuse_confirming(reply)
        return
    reply.draft.because("payment agreement changed (A10)")
    reply.draft.record(SetPayment(ticket=reply.number, payment=payment))
    present = reply.ticket.present
    agreed = price.consent(reply.ticket)
    if (
        present is not None
        and present.verdict is Verdict.OPEN
        and (agreed is None or present.price <= agreed)
    ):
        named = Command(verb=Verb.CONFIRM, label=present.number)
        confirmation.confirm(reply.draft, reply.number, named, None, reply.writer)


RUN: Final = MappingProxyType[Verb, Callable[[Reply, Command], None]](
    {
        Verb.CONFIRM: _confirm,
        Verb.DECLINE: _decline,
        Verb.HOTRUSH_OFF: _hotrush_off,
        Verb.HOTRUSH_ON: _hotrush_on,
        Verb.BALANCE: _balance,
        Verb.BUY: _buy,
        Verb.CLOSE: _close,
        Verb.REOPEN: _reopen,
        Verb.NEW_TICKET: _new_ticket,
        Verb.SAME_TOPIC: _same_topic,
        Verb.AGREE: _agree,
        Verb.ASK_FIRST: _agree,
        Verb.HELP: _help,
    }
)
