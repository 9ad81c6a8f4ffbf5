"""Keep letters that only explain something from piling up (policy 4.12, `mail.repeat_limit`)."""

from dataclasses import replace
from datetime import datetime
from typing import Final

from gateway.desk.decision import Change, Decision, SendLetter
from gateway.desk.facts import Facts
from gateway.desk.policy import Policy

HELP_LETTERS: Final = frozenset(
    {
        "assessment_not_open",
        "assessment_outdated",
        "command_help",
        "confirm_foreign",
        "confirm_unclear",
        "hotrush_late_refused",
        "hotrush_withdraw_refused",
        "price_list",
        "sender_refused",
    }
)
"""Letters that go to one recipient for one ticket at most once in the limit."""


def thin_out(decision: Decision, facts: Facts, policy: Policy, at: datetime) -> Decision:
    """The decision without help letters that the recipient had a short while ago."""
    limit = policy.mail.repeat_limit
    if limit is None or not facts.letters_sent:
        return decision

    def had_it(change: Change) -> bool:
        if not isinstance(change, SendLetter) or change.letter not in HELP_LETTERS:
            return False
        number = change.ticket.number if change.ticket else None
        sent_at = facts.letters_sent.get((change.letter, change.to, number))
        return sent_at is not None and at - sent_at < limit

    kept = tuple(change for change in decision.changes if not had_it(change))
    if len(kept) == len(decision.changes):
        return decision
    return replace(
        decision,
        changes=kept,
        reasons=(*decision.reasons, "a letter that was sent within the limit is left out"),
    )
