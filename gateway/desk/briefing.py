"""Answer what staff ask by mail: `#queue`, `#status`, `#history`, `#search`, `#balance`, `#help`.

Each works in a ticket and at the person's own desk address (policy 5.5); nothing changes by asking.
"""

from collections.abc import Iterable
from typing import Final

from gateway.desk.control import FORMS, Refusal, StaffCommand
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.desk.model import Account, LetterValue, Ticket
from gateway.desk.people import Person

EXCERPT_MAX: Final = 600
"""Characters of a message that a history shows."""


def inform(draft: Draft, facts: Facts, person: Person, command: StaffCommand) -> Refusal | None:
    """Answer one question of a member of staff; a refusal says what is missing."""
    about = facts.named.get(command.number) if command.number else facts.ticket
    if command.number and about is None:
        return Refusal(command.line, "there is no such ticket", "#queue")
    if command.verb == "history" and about is None:
        return Refusal(command.line, "this address belongs to no ticket", "#history T-1001")
    account = _account(facts, command)
    if command.verb == "balance" and account is None:
        reason = f"there is no account {command.who}" if command.who else "which account?"
        return Refusal(command.line, reason, "#balance ACCOUNT")
    draft.because(f"#{command.verb} answered")
    draft.to_staff(
        "engineer_info",
        (person.address,),
        about,
        thread="mail",
        topic=command.verb,
        usages=tuple(usage for _, usage in FORMS.values()),
        words=command.reason,
        tickets=_listed(facts, command),
        count=facts.briefing.queue_count,
        said=_history(facts) if command.verb == "history" else (),
        said_count=facts.briefing.history_count,
        book=_credits(account) if account and command.verb == "balance" else None,
        entries=_entries(facts) if command.verb == "balance" else (),
    )
    return None


def _account(facts: Facts, command: StaffCommand) -> Account | None:
    return facts.briefing.account if command.who else facts.ticket_account


def _listed(facts: Facts, command: StaffCommand) -> tuple[LetterValue, ...]:
    """The tickets that an answer lists; a status without a ticket lists the person's own."""
    lists = {
        "search": facts.briefing.found,
        "queue": facts.briefing.queue,
        "status": () if command.number or facts.ticket else facts.briefing.own,
    }
    return _rows(lists.get(command.verb, ()))


def _rows(tickets: Iterable[Ticket]) -> tuple[LetterValue, ...]:
    return tuple(
        {
            "ticket": one.number,
            "subject": one.subject,
            "status": str(one.status).replace("_", " "),
            "urgent": one.is_urgent,
            "account": one.account,
            "assignee": one.assignee or "",
            "due_at": min((clock.due_at for clock in one.clocks), default=None),
        }
        for one in tickets
    )


def _history(facts: Facts) -> tuple[LetterValue, ...]:
    return tuple(
        {
            "at": one.at,
            "author": one.author,
            "kind": one.kind,
            "text": one.text if len(one.text) <= EXCERPT_MAX else one.text[:EXCERPT_MAX] + " …",
        }
        for one in facts.briefing.history
    )


def _credits(account: Account) -> LetterValue:
    return {
        "name": account.name or account.id,
        "balance": account.balance.balance,
        "held": account.balance.held,
        "available": account.balance.available,
        "withdrawals": len(account.withdrawals),
    }


def _entries(facts: Facts) -> tuple[LetterValue, ...]:
    return tuple(
        {
            "at": one.at,
            "kind": str(one.kind),
            "amount": one.amount,
            "held": one.held,
            "ticket": one.ticket,
            "ref": one.ref,
            "reason": one.reason,
        }
        for one in facts.briefing.entries
    )
