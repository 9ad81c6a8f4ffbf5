"""What the operator does at the command line, decided by the same rules as what comes by mail."""

from datetime import datetime
from typing import Final

from gateway.desk import account
from gateway.desk.account import Credit
from gateway.desk.decision import Decision, Disposition
from gateway.desk.draft import Draft
from gateway.desk.model import Account, Order, OrderStatus, Ticket
from gateway.desk.pause import Pause, ResumeLetters
from gateway.desk.policy import Policy
from gateway.ledger.entry import Entry, Kind

OPERATOR: Final = "operator"


class NotPossible(ValueError):
    """The act is refused; the text says why."""


def _draft(
    policy: Policy, at: datetime, event: str, who: Account, waiting: tuple[Ticket, ...]
) -> Draft:
    return Draft(policy=policy, at=at, event=event, actor=OPERATOR, account=who, tickets=waiting)


def end_pauses(policy: Policy, at: datetime, pauses: tuple[Pause, ...]) -> Decision:
    """Automatic mail goes out again before its time."""
    draft = Draft(policy=policy, at=at, event=f"resume:{at.isoformat()}", actor=OPERATOR)
    draft.because("pauses ended by the operator")
    draft.record(*(ResumeLetters(scope=one.scope, key=one.key) for one in pauses))
    return draft.finish(Disposition.OPERATOR)


def sell_website(
    policy: Policy,
    at: datetime,
    who: Account,
    waiting: tuple[Ticket, ...],
    *,
    order: str,
    earlier: tuple[Entry, ...],
) -> Decision:
    """A sold website brings free credits, once for its order number (rule A1)."""
    if not order.strip():
        raise NotPossible("give the number of the website's order: it brings its credits once")
    cause = f"website:{order}"
    draft = _draft(policy, at, cause, who, waiting)
    websites = [entry for entry in earlier if entry.cause.startswith("website:")]
    known = any(entry.cause == cause for entry in websites)
    once = policy.credits.website_grant_per == "account" and any(
        entry.account == who.id for entry in websites
    )
    if known or once:
        draft.because(f"website {order} brings no further credits (A1)")
        return draft.finish(Disposition.OPERATOR)
    credit = Credit(
        kind=Kind.GRANT,
        count=policy.credits.website_grant,
        reason=f"order {order}",
        why="website",
        ref=order,
        cause=cause,
    )
    account.add(draft, credit, to=who.primary or "")
    return draft.finish(Disposition.OPERATOR)


def pay_order(
    policy: Policy, at: datetime, who: Account, waiting: tuple[Ticket, ...], order: Order
) -> Decision:
    """The payment of an order is recorded, once (rule A29)."""
    if order.status is OrderStatus.CANCELLED:
        raise NotPossible(f"order {order.label} is cancelled")
    draft = _draft(policy, at, f"order:{order.label}", who, waiting)
    if not account.pay(draft, order):
        draft.because(f"order {order.label} is recorded as paid already")
    return draft.finish(Disposition.OPERATOR)


def cancel_order(policy: Policy, at: datetime, who: Account, order: Order) -> Decision:
    """An order that was not paid is cancelled."""
    if order.status is OrderStatus.PAID:
        raise NotPossible(f"order {order.label} is paid: correct it with credits adjust")
    draft = _draft(policy, at, f"cancel:{order.label}", who, ())
    if not account.cancel(draft, order):
        draft.because(f"order {order.label} is cancelled already")
    return draft.finish(Disposition.OPERATOR)


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise NotPossible("give a reason: the customer reads it in the statement")


def grant(
    policy: Policy,
    at: datetime,
    who: Account,
    waiting: tuple[Ticket, ...],
    *,
    count: int,
    reason: str,
) -> Decision:
    """Goodwill credits."""
    if not 0 < count <= account.ADDED_MAX:
        raise NotPossible(
            f"{count} credits cannot be granted: write a whole number above 0 and up to "
            f"{account.ADDED_MAX}; gateway credits adjust takes credits away"
        )
    _check_reason(reason)
    draft = _draft(policy, at, f"grant:{who.id}:{at.isoformat()}", who, waiting)
    credit = Credit(kind=Kind.GRANT, count=count, reason=reason, why="goodwill")
    account.add(draft, credit, to=who.primary or "")
    return draft.finish(Disposition.OPERATOR)


def adjust(
    policy: Policy,
    at: datetime,
    who: Account,
    waiting: tuple[Ticket, ...],
    *,
    count: int,
    reason: str,
) -> Decision:
    """A correction, up or down; the only entry that may lead below zero (policy 4.5)."""
    if not 0 < abs(count) <= account.ADDED_MAX:
        raise NotPossible(
            f"an adjustment by {count} credits is none: write a whole number above or below 0, "
            f"by at most {account.ADDED_MAX}"
        )
    _check_reason(reason)
    draft = _draft(policy, at, f"adjust:{who.id}:{at.isoformat()}", who, waiting)
    if count > 0:
        credit = Credit(kind=Kind.ADJUST, count=count, reason=reason, why="correction")
        account.add(draft, credit, to=who.primary or "")
    else:
        draft.book(Kind.ADJUST, amount=count, reason=reason)
    return draft.finish(Disposition.OPERATOR)


def alert(policy: Policy, at: datetime, *, event: str, reason: str) -> Decision:
    """Something the operator must look at; one letter for an event, however often it is told."""
    draft = Draft(policy=policy, at=at, event=event, actor=OPERATOR)
    draft.to_operator("operator_alert", what="part", reason=reason)
    return draft.finish(Disposition.OPERATOR)
