"""What must be true of every ticket and account at every moment (policy 4.10), as one table.

`gateway credits verify` proves it over the whole book, the tests after every step of random
stories. Nothing here repairs: a flaw is named with its number, where it is and what it is.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.desk import lifecycle, price
from gateway.desk.model import Account, HotRush, Status, Ticket, Verdict
from gateway.desk.policy import Policy


@dataclass(frozen=True, slots=True)
class Flaw:
    """Something that must not be."""

    invariant: int
    """Number in policy 4.10."""
    where: str
    what: str


Check = Callable[[Policy, Ticket], str]
"""What is wrong with a ticket, or nothing."""


def flaws_of(policy: Policy, ticket: Ticket) -> Iterator[Flaw]:
    """Every invariant of policy 4.10 that a ticket breaks."""
    where = f"{policy.mail.ticket_prefix}{ticket.number}"
    for number, check in CHECKS:
        if what := check(policy, ticket):
            yield Flaw(number, where, what)


def flaws_of_account(policy: Policy, account: Account) -> Iterator[Flaw]:
    """The invariants of an account's sums and withdrawals."""
    balance = account.balance
    if balance.held < 0:
        yield Flaw(3, account.id, f"{balance.held} credits reserved")
    limit = policy.hotrush.max_withdrawals
    if policy.hotrush.withdraw_scope == "account" and len(account.withdrawals) > limit:
        yield Flaw(16, account.id, f"{len(account.withdrawals)} of {limit} withdrawals used")


def flaws_between(policy: Policy, before: Ticket, after: Ticket) -> Iterator[Flaw]:
    """What one decision may never do to a ticket."""
    where = str(after.number)
    if after.status not in _REACHABLE[before.status]:
        yield Flaw(20, where, f"{before.status} became {after.status}")
    urgency = {before.hotrush} | _urgency_after(policy, before.hotrush)
    if after.hotrush not in urgency:
        yield Flaw(18, where, f"HotRush {before.hotrush} became {after.hotrush}")
    kept = after.assessments[: len(before.assessments)]
    for old, new in zip(before.assessments, kept, strict=False):
        if (old.category, old.base, old.multiplier) != (new.category, new.base, new.multiplier):
            yield Flaw(22, where, f"{old.label} changed its price")
        if old.verdict in _ENDED and new.verdict is Verdict.CONFIRMED:
            yield Flaw(23, where, f"{old.label} was {old.verdict} and became confirmed")
    if len(after.assessments) < len(before.assessments):
        yield Flaw(22, where, "an assessment is gone")


def _sums(_: Policy, ticket: Ticket) -> str:
    wrong = min(ticket.charged, ticket.reserved) < 0 or (ticket.charged and ticket.reserved)
    return f"charged {ticket.charged} and reserved {ticket.reserved}" if wrong else ""


def _on_target(policy: Policy, ticket: Ticket) -> str:
    if ticket.present is not None:
        return ""
    target, got = price.target(policy, ticket), ticket.charged + ticket.reserved
    return "" if got == target else f"charged and reserved are {got} instead of {target}"


def _known_price(_: Policy, ticket: Ticket) -> str:
    named = {one.base * factor for one in ticket.assessments for factor in (1, one.multiplier)}
    allowed = {0, ticket.kept, *named, *(one + ticket.kept for one in named)}
    return "" if ticket.charged in allowed else f"charged {ticket.charged}, which nobody named"


def _consented(policy: Policy, ticket: Ticket) -> str:
    agreed = ticket.payment.covers
    needs_none = policy.recategorise.raise_price == "auto" or policy.assessment.auto_categories
    if agreed is None or needs_none:
        return ""
    confirmed = (one.price for one in ticket.assessments if one.verdict is Verdict.CONFIRMED)
    limit = max((agreed, *confirmed))
    return f"charged {ticket.charged}, agreed to {limit}" if ticket.charged > limit else ""


def _free(_: Policy, ticket: Ticket) -> str:
    wrong = ticket.free and ticket.charged > ticket.kept
    return f"free, and {ticket.charged} credits charged" if wrong else ""


def _urgent_department(policy: Policy, ticket: Ticket) -> str:
    wrong = ticket.is_urgent and ticket.department not in policy.hotrush.departments
    return f"HotRush in {ticket.department}" if wrong else ""


def _multiplied(policy: Policy, ticket: Ticket) -> str:
    latest = ticket.present or ticket.settled
    if latest is None or ticket.free or not ticket.is_open:
        return ""
    allowed = (1, policy.hotrush.multiplier) if ticket.is_urgent else (1,)
    wrong = ticket.present is latest and latest.multiplier not in allowed
    return f"{latest.label} is multiplied by {latest.multiplier}" if wrong else ""


def _labels(_: Policy, ticket: Ticket) -> str:
    numbers = [one.number for one in ticket.assessments]
    if numbers != list(range(1, len(numbers) + 1)):
        return f"labels {numbers} are not consecutive"
    waiting = [one.label for one in ticket.assessments if one.is_present]
    return f"{' and '.join(waiting)} wait at once" if len(waiting) > 1 else ""


def _at_rest(_: Policy, ticket: Ticket) -> str:
    if ticket.is_open:
        return ""
    if ticket.reserved:
        return f"closed with {ticket.reserved} credits reserved"
    return "closed, and a clock runs" if ticket.clocks else ""


def _awaiting(_: Policy, ticket: Ticket) -> str:
    if ticket.status is not Status.AWAITING:
        return "an assessment waits, the ticket does not" if ticket.present else ""
    if ticket.clocks:
        return "a staff clock runs while a confirmation is awaited"
    return "" if ticket.present else "awaits a confirmation of nothing"


CHECKS: Final[tuple[tuple[int, Check], ...]] = (
    (5, _sums),
    (6, _on_target),
    (7, _known_price),
    (8, _consented),
    (9, _free),
    (14, _urgent_department),
    (17, _multiplied),
    (22, _labels),
    (26, _at_rest),
    (27, _awaiting),
)

_ENDED: Final = (Verdict.SUPERSEDED, Verdict.DECLINED)


def _reachable(start: Status) -> frozenset[Status]:
    """Statuses that some events of one decision lead to: an answer may assign, start and close."""
    found, waiting = {start}, [start]
    while waiting:
        for status in set(lifecycle.LIFE[waiting.pop()].values()) - found:
            found.add(status)
            if status is not Status.CLOSED:
                waiting.append(status)
    return frozenset(found)


_REACHABLE: Final = MappingProxyType({status: _reachable(status) for status in Status})
_ENDS_OF_URGENCY: Final = frozenset({HotRush.UNSET, HotRush.WITHDRAWN, HotRush.REMOVED})


def _urgency_after(policy: Policy, state: HotRush) -> frozenset[HotRush]:
    """What a state of HotRush may become (policy 4.4)."""
    rules = policy.hotrush
    if state is HotRush.ACTIVE:
        at_charge = {HotRush.REFUSED} if rules.gate_at == "charge" else set()
        return _ENDS_OF_URGENCY | at_charge
    may_return = state is HotRush.NONE or rules.late_request != "refuse"
    return frozenset({HotRush.ACTIVE} if may_return else ())
