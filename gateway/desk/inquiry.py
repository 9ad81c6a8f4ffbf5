"""Commands that come without a ticket: balance, orders, help, and the ones that need a ticket."""

from gateway.desk import account
from gateway.desk.commands import Verb
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.desk.model import LetterValue, Verdict
from gateway.desk.trust import Proof


def take_inquiry(draft: Draft, facts: Facts, proof: Proof) -> None:
    """Answer the commands of a mail that belongs to no ticket and opens none (policy 5.4)."""
    block = facts.clues.commands
    writer = facts.clues.sender
    known = facts.contact is not None and proof.is_contact
    for command in block.commands:
        if command.verb is Verb.BUY and not known:
            account.list_prices(draft, writer, asked=command.credits, stranger=True)
        elif command.verb is Verb.BUY:
            account.order(draft, writer, command.credits or 0)
        elif command.verb is Verb.BALANCE and known:
            account.state_balance(draft, writer, facts.entries)
        elif command.verb in (Verb.CONFIRM, Verb.DECLINE) and known:
            _ask_which(draft, facts, writer)
        else:
            draft.to_customer(
                "command_help", writer, None, unknown=str(command.verb).replace("_", " ")
            )
            return


def _ask_which(draft: Draft, facts: Facts, writer: str) -> None:
    """Asked, not guessed: the open assessments of the account (rule M13)."""
    waiting: tuple[LetterValue, ...] = tuple(
        {
            "ticket": ticket.number,
            "subject": ticket.subject,
            "label": present.label,
            "price": present.price,
        }
        for ticket in facts.others
        if (present := ticket.present) is not None and present.verdict is Verdict.OPEN
    )
    draft.because("a confirmation that names no ticket (M13)")
    draft.to_customer("confirm_unclear", writer, None, passed_on=False, open=waiting)
