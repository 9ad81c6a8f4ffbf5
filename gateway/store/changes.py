"""The rows of each change of a decision, besides those of the ticket itself."""

from dataclasses import replace
from typing import Final, assert_never

from sqlalchemy import Connection, func, insert, select, update

from gateway.desk.clock_change import (
    ArmStep,
    HoldStep,
    RecordStep,
    RecountClock,
    StartClock,
    StopClock,
)
from gateway.desk.decision import (
    AssignTicket,
    Book,
    Change,
    CountWithdrawal,
    FileMessage,
    LinkTickets,
    MoveDepartment,
    MoveTicket,
    OpenAccount,
    OpenTicket,
    PlaceOrder,
    PriceTicket,
    ProposeAssessment,
    SendLetter,
    SetHotRush,
    SetPayment,
    SettleAssessment,
    SettleOrder,
)
from gateway.desk.language import LearnLanguage
from gateway.desk.model import Order
from gateway.desk.pause import PauseLetters, ResumeLetters
from gateway.desk.split_changes import EndSuggestions, LabelSplit, RecordSplit, TrimMessage
from gateway.store import examples, rows, spent
from gateway.store.mail_tables import messages
from gateway.store.occasion import Applied, Occasion
from gateway.store.prepared import Prepared
from gateway.store.promises import (
    deal_with_steps,
    disarm,
    hold_step,
    recount_clock,
    start_clock,
    stop_clock,
)
from gateway.store.tables import assessments, contacts, entries, orders, withdrawals

# Statements of many mails are built once: building them costs as much as running them.
_BOOK: Final = Prepared(insert(entries))
_FILE: Final = Prepared(insert(messages))


def carry_out(  # noqa: C901, PLR0912 - one line a change
    connection: Connection, change: Change, occasion: Occasion, applied: Applied
) -> None:
    """The rows of one change, besides those of the ticket itself."""
    match change:
        case ProposeAssessment():
            _propose(connection, change, applied)
        case SettleAssessment():
            _settle_assessment(connection, change)
        case Book(entry=entry):
            columns = rows.entry_columns(replace(entry, ticket=applied.ticket(entry.ticket)))
            _BOOK.run(connection, columns | {"overdraft": occasion.overdraft})
        case CountWithdrawal(account=account, withdrawal=one):
            row = {"account": account, "ticket": applied.ticket(one.ticket), "at": one.at}
            connection.execute(insert(withdrawals), row)
        case StartClock():
            start_clock(connection, change, occasion, applied)
        case RecountClock():
            recount_clock(connection, change, occasion)
        case HoldStep():
            hold_step(connection, change)
        case StopClock():
            stop_clock(connection, change, applied)
        case FileMessage():
            _file_message(connection, change, occasion, applied)
        case TrimMessage():
            _trim_message(connection, change)
        case PlaceOrder(order=order):
            _place_order(connection, order, applied)
        case SettleOrder():
            connection.execute(
                update(orders)
                .where(orders.c.number == change.number)
                .values(status=str(change.status), settled_at=change.at)
            )
        case PauseLetters() | ResumeLetters():
            spent.carry_out(connection, change)
        case RecordSplit():
            examples.record(connection, change, applied, occasion.at)
        case LabelSplit():
            examples.label(connection, change, applied)
        case ArmStep() | RecordStep():
            own = replace(change, ticket=applied.ticket(change.ticket) or change.ticket)
            deal_with_steps(connection, [own], at=occasion.at)
        case LearnLanguage():
            _learn_language(connection, change)
        case OpenAccount() | OpenTicket() | SendLetter():
            pass  # Written before and after.
        case (
            MoveTicket()
            | AssignTicket()
            | SetHotRush()
            | SetPayment()
            | PriceTicket()
            | MoveDepartment()
            | LinkTickets()
            | EndSuggestions()
        ):
            pass  # Part of the ticket as it is at the end.
        case _:
            assert_never(change)


def _place_order(connection: Connection, order: Order, applied: Applied) -> None:
    connection.execute(
        insert(orders),
        {
            "number": applied.orders[order.number],
            "account": order.account,
            "ordered_by": order.ordered_by,
            "credits": order.credits,
            "price_cents": order.price_cents,
            "currency": order.currency,
            "status": str(order.status),
            "ordered_at": order.ordered_at,
        },
    )


def _learn_language(connection: Connection, change: LearnLanguage) -> None:
    """Whatever the operator has set meanwhile stays."""
    unknown = (contacts.c.address == change.address) & (contacts.c.language == "")
    connection.execute(update(contacts).where(unknown).values(language=change.language))


def _propose(connection: Connection, change: ProposeAssessment, applied: Applied) -> None:
    columns = rows.assessment_columns(change.assessment)
    connection.execute(insert(assessments), {"ticket": applied.ticket(change.ticket), **columns})


def _settle_assessment(connection: Connection, change: SettleAssessment) -> None:
    connection.execute(
        update(assessments)
        .where(assessments.c.ticket == change.ticket, assessments.c.number == change.number)
        .values(
            verdict=str(change.verdict),
            funded=change.funded,
            decided_at=change.at,
            decided_by=change.by,
        )
    )
    disarm(connection, change.ticket, f"A{change.number}")


def _file_message(
    connection: Connection, change: FileMessage, occasion: Occasion, applied: Applied
) -> None:
    _FILE.run(
        connection,
        {
            "ticket": applied.ticket(change.ticket),
            "queue_id": occasion.queue_id,
            "kind": str(change.kind),
            "author": change.author,
            "text": change.text,
            "at": change.at,
            "message_id": change.message_id,
            "verified": change.verified,
        },
    )


def _trim_message(connection: Connection, change: TrimMessage) -> None:
    """The last mail of that instant keeps what stayed; the raw mail is kept whole elsewhere."""
    last = (
        select(func.max(messages.c.id))
        .where(
            messages.c.ticket == change.ticket,
            messages.c.kind == "mail",
            messages.c.at == change.mail_at,
        )
        .scalar_subquery()
    )
    kind = "mail" if change.keeps else "filed"
    connection.execute(
        update(messages).where(messages.c.id == last).values(text=change.keeps, kind=kind)
    )
