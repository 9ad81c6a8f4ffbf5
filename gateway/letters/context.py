"""What a letter may say: the ticket, the account and the rest, in the words letters print."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Final

from gateway.desk.model import Account, Assessment, Order, PaymentMode, Ticket
from gateway.desk.plain_reply import plain_reply
from gateway.desk.policy import CATEGORY_TEXTS, Policy
from gateway.letters.marks import STAY, Figure, spaced
from gateway.letters.tongue import ENGLISH, Tongue

REPLY_LINE: Final = "##- Reply above this line -##"
_IN_ENGLISH: Final = Tongue(ENGLISH, ())
LINK_SUBJECT_MAX: Final = 100
"""Characters of a subject that a prepared reply repeats: links of mail programs have limits."""


@dataclass(frozen=True, slots=True)
class Words:
    """Turns values of the core into the words of letters."""

    policy: Policy
    tongue: Tongue
    labels: Mapping[int, str] = field(default_factory=dict)
    """Labels of tickets that had no number while the decision was made."""
    own_zone: tzinfo | None = None
    """The reader's own zone, where it is known."""

    def instant(self, at: datetime) -> str:
        """An instant in the desk's zone, in UTC, and in the reader's own zone."""
        return self.tongue.instant(at, self.policy.calendar.zone, self.own_zone)

    def label(self, number: int) -> str:
        """`T-1001`."""
        return self.labels.get(number) or f"{self.policy.mail.ticket_prefix}{number}"

    def department(self, code: str) -> str:
        """A department's name."""
        return self.tongue.word("departments", code)

    def category_text(self, category: int) -> str:
        """What a category covers: the operator's own text, else ours in the language."""
        text = self.policy.credits.category_texts.get(category, "")
        if text and text == CATEGORY_TEXTS.get(category):
            return self.tongue.word("categories", str(category))
        return text

    def assessment(self, one: Assessment) -> dict[str, Any]:
        """An assessment: label, category, price and how it comes about."""
        return {
            "label": one.label,
            "number": one.number,
            "category": one.category,
            "category_text": self.category_text(one.category),
            "price": one.price,
            "base": one.base,
            "multiplier": one.multiplier,
            "calculation": _calculation(one),
            "note": one.note,
            "proposed_at": one.proposed_at,
            "expires_at": one.proposed_at + self.policy.assessment.expire_after,
        }

    def ticket(self, one: Ticket) -> dict[str, Any]:
        """A ticket: what customers and staff are told of it."""
        clock = min(one.clocks, key=lambda clock: clock.due_at, default=None)
        in_force = one.settled
        return {
            "label": self.label(one.number),
            "subject": one.subject,
            "status": self.tongue.word("statuses", str(one.status)),
            "is_open": one.is_open,
            "department": self.department(one.department),
            "priced": one.is_priced,
            "requester": one.requester,
            "account": one.account,
            "urgent": one.is_urgent,
            "hotrush": str(one.hotrush),
            "payment": str(one.payment.mode),
            "pre_agreed": one.payment.mode is PaymentMode.PRE_AGREED,
            "agreed_up_to": one.payment.up_to,
            "category": one.category,
            "free": one.free,
            "charged": one.charged,
            "reserved": one.reserved,
            "price": one.charged + one.reserved,
            "in_force": self.assessment(in_force) if in_force and not one.free else None,
            "assignee": one.assignee,
            "received_at": one.received_at,
            "due_at": clock.due_at if clock else None,
            "last_text": one.last_text,
            "plain_reply": plain_reply(self.policy, one),
            "close_reason": one.close_reason,
        }

    def account(self, one: Account) -> dict[str, Any]:
        """An account: name and credits."""
        return {
            "id": one.id,
            "name": one.name or one.id,
            "balance": one.balance.balance,
            "held": one.balance.held,
            "available": one.balance.available,
        }

    def order(self, one: Order, number: int) -> dict[str, Any]:
        """An order of credits."""
        return {
            "label": f"P-{number}",
            "credits": one.credits,
            "price": self.tongue.money(one.price_cents, one.currency),
            "ordered_by": one.ordered_by,
        }

    def day(self, at: datetime) -> str:
        """The day of an instant in the desk's zone, short enough for a table."""
        return self.tongue.day(at, self.policy.calendar.zone)

    def money(self, cents: int) -> str:
        """Money in the currency of the desk."""
        return self.tongue.money(cents, self.policy.credits.currency)


def _calculation(one: Assessment) -> Figure | str:
    """`5 × 2` where a price is multiplied, else nothing."""
    return Figure(f"{one.base}{STAY}×{STAY}{one.multiplier}") if one.multiplier > 1 else ""


def instant(at: datetime, zone: tzinfo) -> str:
    """An instant as English letters and commands say it: desk's zone, then UTC (policy 4.12)."""
    return spaced(_IN_ENGLISH.instant(at, zone))


def money(cents: int, currency: str) -> str:
    """Money as English letters and commands say it."""
    return _IN_ENGLISH.money(cents, currency)
