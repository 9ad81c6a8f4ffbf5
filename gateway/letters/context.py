"""What a letter may say: the ticket, the account and the rest, in the words letters print."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from typing import Any, Final

from gateway.desk.decision import SendLetter
from gateway.desk.hotrush import withdrawals_counted
from gateway.desk.model import Account, Assessment, Order, PaymentMode, Status, Ticket
from gateway.desk.people import DEPARTMENT_NAMES
from gateway.desk.policy import Policy

REPLY_LINE: Final = "##- Reply above this line -##"
STATUS_WORDS: Final = {
    Status.SUBMITTED: "submitted",
    Status.ASSIGNED: "assigned",
    Status.AWAITING: "awaiting confirmation",
    Status.IN_PROGRESS: "in progress",
    Status.CLOSED: "closed",
}
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)


def instant(at: datetime, zone: tzinfo) -> str:
    """`Sat 11 Jul 2026 00:40 (UTC+4), 2026-07-10 20:40 UTC` (policy 4.12)."""
    local = at.astimezone(zone)
    offset = local.utcoffset() or timedelta(0)
    hours, rest = divmod(abs(offset) // timedelta(minutes=1), 60)
    sign = "-" if offset < timedelta(0) else "+"
    name = f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")
    utc = at.strftime("%Y-%m-%d %H:%M UTC")
    day = f"{WEEKDAYS[local.weekday()]} {local.day} {MONTHS[local.month - 1]} {local.year}"
    return f"{day} {local:%H:%M} ({name}), {utc}"


def span(duration: timedelta) -> str:
    """`1 h 20 min`, `45 min`, `2 days 3 h`: to the minute, for people."""
    minutes = max(0, int(duration.total_seconds() // 60))
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [
        f"{days} day{'' if days == 1 else 's'}" if days else "",
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes or not (days or hours) else "",
    ]
    return " ".join(part for part in parts if part)


def money(cents: int, currency: str) -> str:
    """`$50`, `$12.50`; other currencies by their code."""
    whole, rest = divmod(cents, 100)
    amount = f"{whole}.{rest:02}" if rest else str(whole)
    return f"${amount}" if currency == "USD" else f"{amount} {currency}"


@dataclass(frozen=True, slots=True)
class Words:
    """Turns values of the core into the words of letters."""

    policy: Policy
    labels: Mapping[int, str]
    """Labels of tickets that had no number while the decision was made."""

    def label(self, number: int) -> str:
        """`T-1001`."""
        return self.labels.get(number) or f"{self.policy.mail.ticket_prefix}{number}"

    def assessment(self, one: Assessment) -> dict[str, Any]:
        """An assessment: label, category, price and how it comes about."""
        texts = self.policy.credits.category_texts
        return {
            "label": one.label,
            "number": one.number,
            "category": one.category,
            "category_text": texts.get(one.category, ""),
            "price": one.price,
            "base": one.base,
            "multiplier": one.multiplier,
            "calculation": f"{one.base} × {one.multiplier}" if one.multiplier > 1 else "",
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
            "status": STATUS_WORDS[one.status],
            "is_open": one.is_open,
            "department": DEPARTMENT_NAMES.get(one.department, one.department),
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
            "price": money(one.price_cents, one.currency),
            "ordered_by": one.ordered_by,
        }


def values_of(
    letter: SendLetter,
    words: Words,
    *,
    now: datetime,
    order_number: int | None = None,
    desk_address: str = "",
) -> dict[str, Any]:
    """Everything a template may use, for one letter."""
    policy = words.policy
    zone = policy.calendar.zone
    ticket, account = letter.ticket, letter.account
    used = 0
    if ticket and account:
        year = policy.calendar.local(now).year
        used = withdrawals_counted(policy, account, ticket, year)
    named = ticket.assessment(letter.assessment) if ticket and letter.assessment else None
    prices = policy.credits.prices
    return {
        **letter.values,
        "ticket": words.ticket(ticket) if ticket else None,
        "account": words.account(account) if account else None,
        "order": words.order(letter.order, order_number or letter.order.number)
        if letter.order
        else None,
        "assessment": words.assessment(named) if named else None,
        "now": now,
        "recipient": letter.to,
        "t": lambda at: instant(at, zone),
        "span": span,
        "label": words.label,
        "money": lambda cents: money(cents, policy.credits.currency),
        "operator": policy.operator,
        "reply_line": REPLY_LINE,
        "prices": dict(sorted(prices.items())),
        "lowest_price": min(prices.values()),
        "packages": [
            {"credits": size, "cents": cents}
            for size, cents in sorted(policy.credits.packages.items())
        ],
        "payment_means": policy.credits.payment_means,
        "multiplier": policy.hotrush.multiplier,
        "withdrawals": {"used": used, "limit": policy.hotrush.max_withdrawals},
        "desk_address": desk_address,
        "support_address": policy.addresses.inbox_of("support"),
    }
