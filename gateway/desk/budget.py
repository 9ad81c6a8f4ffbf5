"""Budgets of automatic mail: a desk that cannot be made to flood anybody (reliability 5).

Rules for this file:
1. Counted are receipts, notices and help to customers. Never staff letters, prices, answers or
   what was booked: those are owed whatever happened before.
2. A budget that is spent becomes a pause with an end: one notice to the operator, then silence,
   then everything is as before. Nobody has to undo anything.
3. The decision itself stands: the mail is filed, only the letter about it is left out.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from gateway.desk.decision import (
    Audience,
    Change,
    Decision,
    SendLetter,
)
from gateway.desk.facts import Facts, LetterSent, Spent
from gateway.desk.pause import PauseLetters, PauseScope
from gateway.desk.policy import Policy
from gateway.desk.repeats import HELP_LETTERS

TEN_MINUTES: Final = timedelta(minutes=10)
HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)
DESK_FACTOR: Final = 10
"""An hour with ten times the letters of an ordinary one is no ordinary hour."""

RECEIPTS: Final = frozenset(
    {"ticket_received", "ticket_received_hotrush", "hotrush_refused", "followup_created"}
)
CHALLENGES: Final = frozenset({"confirm_challenge"})
NOTICES: Final = frozenset(
    {
        "assessment_outdated",
        "department_moved",
        "hotrush_late_refused",
        "hotrush_removed",
        "hotrush_unset",
        "hotrush_withdrawn",
        "ticket_closed",
        "ticket_merged",
        "ticket_reopened",
        "ticket_split",
    }
)
COUNTED: Final = RECEIPTS | CHALLENGES | NOTICES | HELP_LETTERS
"""Letters that somebody else's robot could make us send."""
ALERT: Final = "operator_alert"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Exhausted:
    """A budget without room for one letter."""

    scope: PauseScope
    key: str
    until: datetime
    what: str
    pauses: bool = True
    """Whether all letters there stop; else only this one does, or a forger could silence us."""


def keep_within(decision: Decision, facts: Facts, policy: Policy, at: datetime) -> Decision:
    """The decision without letters that exceed a budget, and with the pauses that follow."""
    if not any(is_counted(change) or _is_alert(change) for change in decision.changes):
        return decision
    keeper = _Keeper(facts, policy, at)
    kept = tuple(one for change in decision.changes for one in keeper.judged(change))
    if kept == decision.changes:
        return decision
    return replace(decision, changes=kept, reasons=(*decision.reasons, *keeper.reasons))


def is_counted(change: Change) -> bool:
    """Whether a change is a letter that draws on the budgets."""
    return (
        isinstance(change, SendLetter)
        and change.audience is Audience.CUSTOMER
        and change.letter in COUNTED
    )


def _is_alert(change: Change) -> bool:
    return isinstance(change, SendLetter) and change.letter == ALERT


class _Keeper:
    """Goes through the changes of one decision and counts along."""

    def __init__(self, facts: Facts, policy: Policy, at: datetime) -> None:
        self._facts = facts
        self._policy = policy
        self._at = at
        self._sent = list(facts.spent.letters)
        self._paused: set[tuple[str, str]] = set()
        self._alerts = facts.spent.alerts_hour
        self.reasons: list[str] = []

    def judged(self, change: Change) -> Iterable[Change]:
        """What becomes of one change."""
        if isinstance(change, SendLetter) and _is_alert(change):
            return self._alert(change)
        if not isinstance(change, SendLetter) or not is_counted(change):
            return (change,)
        number = change.ticket.number if change.ticket else None
        if scope := self._pause_over(change, number):
            self.reasons.append(f"{change.letter} is left out: letters are paused ({scope})")
            return ()
        spent = next(self._exhausted(change, number), None)
        if spent is None:
            self._sent.append(LetterSent(change.letter, change.to, number, self._at))
            return (change,)
        self.reasons.append(f"{change.letter} is left out: {spent.what}")
        return (self._pause(spent), *self._notice(spent)) if spent.pauses else ()

    def _alert(self, change: SendLetter) -> Iterable[Change]:
        limit = self._policy.budget.alerts_hour
        if 0 < limit <= self._alerts:
            self.reasons.append("the operator has had enough alerts for an hour")
            return ()
        self._alerts += 1
        return (change,)

    def _pause_over(self, letter: SendLetter, number: int | None) -> str:
        for scope, key in scopes(letter.to, number):
            pause = self._facts.spent.pauses.get((scope, key))
            exempt = scope == "desk" and self._is_exempt(letter)
            if (scope, key) in self._paused or (pause and pause.until > self._at and not exempt):
                return scope
        return ""

    def _is_exempt(self, letter: SendLetter) -> bool:
        rules = self._policy.budget
        room = _desk_limit(self._policy, self._facts.spent) + rules.desk_exempt
        return letter.letter in RECEIPTS | CHALLENGES and self._facts.spent.desk_hour < room

    def _exhausted(self, letter: SendLetter, number: int | None) -> Iterator[_Exhausted]:
        """The table of budgets, as far as they have no room for one letter."""
        rules, spent = self._policy.budget, self._facts.spent
        yield from self._of_address(letter)
        if number is not None:
            yield from self._of_ticket(number)
        domain = domain_of(letter.to)
        of_sender = domain == domain_of(self._facts.clues.sender)
        if of_sender and 0 < rules.domain_hour <= spent.domain_hour:
            yield _Exhausted(
                scope="domain",
                key=domain,
                until=self._at + HOUR,
                what=f"{spent.domain_hour} letters to {domain} within an hour",
            )
        if 0 < _desk_limit(self._policy, spent) <= spent.desk_hour and not self._is_exempt(letter):
            yield _Exhausted(
                scope="desk",
                key="",
                until=self._at + HOUR,
                what=f"{spent.desk_hour} letters from this desk within an hour",
            )

    def _of_address(self, letter: SendLetter) -> Iterator[_Exhausted]:
        rules = self._policy.budget
        known = _is_customer(self._facts)
        windows = [
            (HOUR, rules.address_hour if known else rules.stranger_hour, COUNTED),
            (DAY, rules.address_day if known else rules.stranger_day, COUNTED),
        ]
        if letter.letter in CHALLENGES:
            windows.append((DAY, rules.challenges_day, CHALLENGES))
        writer = base_of(letter.to)
        to_writer = [one for one in self._sent if base_of(one.to) == writer]
        for window, limit, letters in windows:
            sent = self._within(window, (one for one in to_writer if one.letter in letters))
            if 0 < limit <= len(sent):
                yield _Exhausted(
                    scope="writer",
                    key=writer,
                    until=sent[-limit] + window,
                    what=_said(len(sent), f"writer {writer}", window),
                    pauses=letters is COUNTED,
                )

    def _of_ticket(self, number: int) -> Iterator[_Exhausted]:
        rules = self._policy.budget
        about_it = [one for one in self._sent if one.ticket == number]
        for window, limit in (
            (TEN_MINUTES, rules.ticket_burst),
            (HOUR, rules.ticket_hour),
            (DAY, rules.ticket_day),
        ):
            sent = self._within(window, about_it)
            if 0 < limit <= len(sent):
                yield _Exhausted(
                    scope="ticket",
                    key=str(number),
                    until=self._at + rules.ticket_pause,
                    what=_said(len(sent), f"ticket {number}", window),
                )

    def _within(self, window: timedelta, letters: Iterable[LetterSent]) -> list[datetime]:
        """When the letters of a window were sent, oldest first."""
        return sorted(one.at for one in letters if one.at > self._at - window)

    def _pause(self, spent: _Exhausted) -> PauseLetters:
        self._paused.add((spent.scope, spent.key))
        return PauseLetters(
            scope=spent.scope,
            key=spent.key,
            since=self._at,
            until=spent.until,
            reason=spent.what,
        )

    def _notice(self, spent: _Exhausted) -> Iterable[Change]:
        """One notice a pause: whoever runs the desk learns that something goes round."""
        for address in self._policy.staff.operator:
            yield from self._alert(
                SendLetter(
                    letter=ALERT,
                    to=address,
                    audience=Audience.OPERATOR,
                    thread="new",
                    automatic="auto-generated",
                    values={"what": "paused", "reason": spent.what, "until": spent.until},
                )
            )


def _said(count: int, whose: str, window: timedelta) -> str:
    return f"{count} letters to {whose} within {window / HOUR:.2g} h"


def scopes(address: str, ticket: int | None) -> Iterable[tuple[PauseScope, str]]:
    """Everything a letter may be paused by."""
    yield "writer", base_of(address)
    if ticket is not None:
        yield "ticket", str(ticket)
    yield "domain", domain_of(address)
    yield "desk", ""


def base_of(address: str) -> str:
    """An address without its sub-address: who changes that is the same writer (RFC 5233)."""
    local, at, domain = address.rpartition("@")
    return local.partition("+")[0] + at + domain


def domain_of(address: str) -> str:
    """The domain of a normalised address; empty where it has none."""
    return address.rpartition("@")[2] if "@" in address else ""


def _desk_limit(policy: Policy, spent: Spent) -> int:
    base = policy.budget.desk_hour
    return max(base, DESK_FACTOR * spent.desk_usual) if base else 0


def _is_customer(facts: Facts) -> bool:
    """Whether more is known of the sender than an address that wrote once."""
    account = facts.account
    if account is None:
        return False
    return account.id != facts.clues.sender or bool(account.balance.balance)
