"""A customer's credits by mail: statement, orders, and what follows when credits arrive."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.desk import assessment
from gateway.desk.decision import PlaceOrder, SettleOrder
from gateway.desk.draft import Draft
from gateway.desk.model import Order, OrderStatus, Status, Verdict
from gateway.ledger.entry import Entry, Kind

ADDED_MAX: Final = 1_000_000
"""Credits that one grant or adjustment may move: more is a slip of the finger."""
NEW_ORDER: Final = -1
"""Stand-in for the number of an order until the store draws one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """Credits that come into an account, and why."""

    kind: Kind
    count: int
    reason: str
    why: str
    """What the letter calls it: `purchase`, `website`, `goodwill`."""
    ref: str = ""
    cause: str = ""
    """Names the sale or payment, so that it counts once whoever records it again."""


def state_balance(draft: Draft, writer: str, entries: Iterable[Entry]) -> None:
    """`balance`: the statement, with the last entries (rule A3)."""
    draft.because("balance asked for")
    draft.to_customer(
        "balance_statement",
        writer,
        None,
        entries=tuple(
            {
                "at": one.at,
                "kind": str(one.kind),
                "amount": one.amount,
                "held": one.held,
                "ticket": one.ticket,
                "ref": one.ref,
                "reason": one.reason,
            }
            for one in entries
        ),
    )


def order(draft: Draft, writer: str, size: int) -> None:
    """`buy N`: an order and its invoice; credits come with the payment (rule A29)."""
    cents = draft.policy.credits.packages.get(size)
    if cents is None or draft.account is None:
        draft.because(f"no package of {size} credits (A29)")
        list_prices(draft, writer, asked=size)
        return
    draft.because(f"{size} credits ordered (A29)")
    placed = Order(
        number=NEW_ORDER,
        account=draft.account.id,
        ordered_by=writer,
        credits=size,
        price_cents=cents,
        currency=draft.policy.credits.currency,
        status=OrderStatus.PENDING,
        ordered_at=draft.at,
    )
    draft.record(PlaceOrder(order=placed))
    draft.to_customer("purchase_invoice", writer, None, order=placed)
    draft.to_staff(
        "engineer_purchase_request",
        draft.with_role("billing"),
        None,
        thread="new",
        order=placed,
    )


def list_prices(draft: Draft, to: str, *, asked: int | None, stranger: bool = False) -> None:
    """The price list, where a size is not sold or nobody knows the sender."""
    draft.to_customer("price_list", to, None, asked=asked, stranger=stranger)


def pay(draft: Draft, paid: Order) -> bool:
    """Record a payment; false where it changes nothing because it is recorded already."""
    if paid.status is OrderStatus.PAID:
        return False
    draft.record(SettleOrder(number=paid.number, status=OrderStatus.PAID, at=draft.at))
    credit = Credit(
        kind=Kind.PURCHASE,
        count=paid.credits,
        reason=f"order {paid.label}",
        why="purchase",
        ref=paid.label,
        cause=f"order:{paid.label}",
    )
    add(draft, credit, to=paid.ordered_by)
    return True


def cancel(draft: Draft, cancelled: Order) -> bool:
    """Cancel an order that is not paid; false where it is cancelled already."""
    if cancelled.status is not OrderStatus.PENDING:
        return False
    draft.record(SettleOrder(number=cancelled.number, status=OrderStatus.CANCELLED, at=draft.at))
    return True


def add(draft: Draft, credit: Credit, *, to: str) -> None:
    """Book credits, go on with what waited for them, tell the customer (policy 4.3)."""
    waiting = _waiting(draft)
    draft.book(
        credit.kind,
        amount=credit.count,
        ref=credit.ref,
        reason=credit.reason,
        cause=credit.cause,
    )
    assessment.fund_waiting(draft)
    gone_on = tuple(
        number for number in waiting if draft.ticket(number).status is not Status.AWAITING
    )
    draft.to_customer(
        "credits_added",
        to,
        None,
        thread="new",
        count=credit.count,
        why=credit.why,
        reason=credit.reason,
        ref=credit.ref,
        tickets=gone_on,
    )


def _waiting(draft: Draft) -> tuple[int, ...]:
    """Tickets whose confirmed price waits for credits."""
    return tuple(
        number
        for number, ticket in draft.tickets.items()
        if ticket.status is Status.AWAITING
        and (present := ticket.present) is not None
        and present.verdict is Verdict.CONFIRMED
    )
