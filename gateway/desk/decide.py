"""A mail, facts, the policy and an instant make a decision: the one entrance to the rules."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.desk import account, budget, flood, inquiry, language, repeats, request
from gateway.desk.alarms import Outcome, alarms
from gateway.desk.bounce import take_report
from gateway.desk.commands import Verb
from gateway.desk.customer import take_reply
from gateway.desk.decision import Decision, Disposition
from gateway.desk.draft import Draft
from gateway.desk.engineer import take_control
from gateway.desk.facts import Facts
from gateway.desk.pause import ResumeLetters
from gateway.desk.policy import Policy
from gateway.desk.triage import Case, triage
from gateway.desk.trust import Proof, prove
from gateway.mail.message import Mail

OF_PEOPLE: Final = frozenset(
    {Disposition.FOLLOW_UP, Disposition.INQUIRY, Disposition.REQUEST},
)
"""Mails from which we learn what language a customer reads."""


def decide(mail: Mail, facts: Facts, policy: Policy, now: datetime) -> Decision:
    """What follows from a mail. Pure: the same arguments give the same decision."""
    proof = prove(mail, facts, policy)
    disposition, reason = triage(Case(mail=mail, facts=facts, proof=proof, policy=policy))
    in_ticket = disposition in (Disposition.FOLLOW_UP, Disposition.CONTROL, Disposition.BOUNCE)
    draft = Draft(
        policy=policy,
        at=min(_happened_at(mail, policy), now),
        event=mail.envelope.queue_id,
        actor=facts.clues.sender,
        account=(facts.ticket_account if in_ticket else None) or facts.account,
        tickets=(one for one in (facts.ticket if in_ticket else None, *facts.others) if one),
    )
    draft.written = language.written_in(mail, facts.clues.sender)
    draft.because(reason)
    if disposition in OF_PEOPLE and proof.is_contact:
        draft.record(*language.learned(draft.written, facts.contact))
    if in_ticket and facts.found_by:
        draft.because(_key(facts))
    _wake_up(draft, facts, proof, disposition)
    decision = _take(draft, mail, facts, proof, disposition)
    thinned = repeats.thin_out(decision, facts, policy, draft.at)
    kept = budget.keep_within(thinned, facts, policy, draft.at)
    outcome = Outcome(mail=mail, facts=facts, proof=proof, decision=kept, staff=policy.staff)
    return replace(kept, alarms=alarms(outcome))


def _key(facts: Facts) -> str:
    """What led to the ticket (rule M3); never the token itself, which is a secret."""
    clues = facts.clues
    if facts.found_by == "token":
        return "key: the token in the address it was sent to"
    if facts.found_by == "subject":
        return f"key: the number {clues.tags.ticket} in the subject"
    if facts.replied:
        how = "a report on" if facts.replied.by_report else "a reply to"
        return f"key: {how} {facts.replied.letter}"
    named = clues.references[0].partition(".t.")[0] if clues.references else "the same Message-ID"
    return f"key: {named}"


def _wake_up(draft: Draft, facts: Facts, proof: Proof, disposition: Disposition) -> None:
    """Whoever writes to us has a mailbox: a pause after bounces ends."""
    pause = facts.spent.pauses.get(("address", facts.clues.sender))
    people = (Disposition.FOLLOW_UP, Disposition.REQUEST, Disposition.INQUIRY)
    if pause and disposition in people and not proof.verdict.is_fail:
        draft.record(ResumeLetters(scope="address", key=facts.clues.sender))
        draft.because("letters to this address are resumed: it writes to us")


def _take(
    draft: Draft, mail: Mail, facts: Facts, proof: Proof, disposition: Disposition
) -> Decision:
    """Hand the mail to the rules of its disposition."""
    number = facts.ticket.number if facts.ticket else None
    match disposition:
        case Disposition.BOUNCE:
            take_report(draft, mail, facts)
        case Disposition.HELD:
            return _hold(draft, mail, facts)
        case Disposition.CONTROL if proof.person:
            return take_control(draft, mail, facts, proof.person, draft.policy)
        case Disposition.FOLLOW_UP if facts.ticket:
            number = take_reply(draft, mail, facts, proof, facts.ticket)
        case Disposition.REFUSED:
            number = None
            draft.to_customer("sender_refused", facts.clues.sender, None)
        case Disposition.INQUIRY:
            number = None
            inquiry.take_inquiry(draft, facts, proof)
        case Disposition.REQUEST if facts.spent.newest_ticket:
            number = flood.join(draft, mail, facts, facts.spent.newest_ticket)
        case Disposition.REQUEST:
            number = _open(draft, mail, facts, proof)
        case _:
            number = None
    return draft.finish(disposition, ticket=number)


def _happened_at(mail: Mail, policy: Policy) -> datetime:
    """When the mail counts as written (rule M18): never later than we received it."""
    received_at = mail.envelope.received_at
    if policy.clock.source == "date_header" and mail.date is not None:
        return min(mail.date, received_at)
    return received_at


def _open(draft: Draft, mail: Mail, facts: Facts, proof: Proof) -> int:
    """A first mail; commands that need no ticket are answered beside the new one."""
    if draft.account is None:
        request.open_account(draft, facts, mail)
    for command in facts.clues.commands.commands:
        if command.verb is Verb.BALANCE and proof.is_contact:
            account.state_balance(draft, facts.clues.sender, facts.entries)
        elif command.verb is Verb.BUY and proof.is_contact:
            account.order(draft, facts.clues.sender, command.credits or 0)
    return request.open_first(draft, mail, facts, proof, old=None)


def _hold(draft: Draft, mail: Mail, facts: Facts) -> Decision:
    """Nothing is executed; the operator is told and may release the mail (rule M4)."""
    reason = draft.reasons[-1]
    draft.to_operator(
        "operator_alert",
        what="held",
        reason=reason,
        sender=facts.clues.sender,
        queue_id=mail.envelope.queue_id,
    )
    return draft.finish(Disposition.HELD, hold_reason=reason)
