"""The rows of each change of a decision, besides those of the ticket itself."""

from dataclasses import replace
from datetime import datetime
from typing import assert_never

from sqlalchemy import Connection, delete, insert, update

from gateway.desk.decision import (
    ArmStep,
    AssignTicket,
    Book,
    Change,
    CountWithdrawal,
    EndSuggestions,
    FileMessage,
    LinkTickets,
    MoveDepartment,
    MoveTicket,
    OpenAccount,
    OpenTicket,
    PlaceOrder,
    PriceTicket,
    ProposeAssessment,
    RecordStep,
    SendLetter,
    SetHotRush,
    SetPayment,
    SettleAssessment,
    SettleOrder,
    StartClock,
    StopClock,
)
from gateway.desk.pause import PauseLetters, ResumeLetters
from gateway.store import rows, spent
from gateway.store.mail_tables import messages
from gateway.store.occasion import Applied, Occasion, draw
from gateway.store.tables import assessments, clocks, entries, orders, steps, timers, withdrawals


def carry_out(  # noqa: C901, PLR0912 - one line a change
    connection: Connection, change: Change, occasion: Occasion, applied: Applied
) -> None:
    """The rows of one change, besides those of the ticket itself."""
    match change:
        case ProposeAssessment():
            connection.execute(
                insert(assessments).values(
                    ticket=applied.ticket(change.ticket),
                    **rows.assessment_columns(change.assessment),
                )
            )
        case SettleAssessment():
            _settle_assessment(connection, change)
        case Book(entry=entry):
            ticket = applied.ticket(entry.ticket)
            columns = rows.entry_columns(replace(entry, ticket=ticket))
            connection.execute(insert(entries).values(**columns, overdraft=occasion.overdraft))
        case CountWithdrawal(account=account, withdrawal=one):
            ticket = applied.ticket(one.ticket)
            connection.execute(
                insert(withdrawals).values(account=account, ticket=ticket, at=one.at)
            )
        case StartClock():
            _start_clock(connection, change, applied)
        case StopClock():
            _stop_clock(connection, change, applied)
        case FileMessage():
            _file_message(connection, change, occasion, applied)
        case PlaceOrder(order=order):
            applied.orders[order.number] = draw(connection, "order")
            connection.execute(
                insert(orders).values(
                    number=applied.orders[order.number],
                    account=order.account,
                    ordered_by=order.ordered_by,
                    credits=order.credits,
                    price_cents=order.price_cents,
                    currency=order.currency,
                    status=str(order.status),
                    ordered_at=order.ordered_at,
                )
            )
        case SettleOrder():
            connection.execute(
                update(orders)
                .where(orders.c.number == change.number)
                .values(status=str(change.status), settled_at=change.at)
            )
        case ArmStep():
            _arm(connection, change, applied)
        case RecordStep():
            _record_step(connection, change, occasion)
        case PauseLetters() | ResumeLetters():
            spent.carry_out(connection, change)
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
    _disarm(connection, change.ticket, f"A{change.number}")


def _start_clock(connection: Connection, change: StartClock, applied: Applied) -> None:
    ticket, clock = applied.ticket(change.ticket), change.clock
    if change.ticket not in applied.numbers:
        _end_clock(connection, ticket, str(clock.kind), clock.started_at, met=None)
    connection.execute(
        insert(clocks).values(
            ticket=ticket,
            kind=str(clock.kind),
            started_at=clock.started_at,
            due_at=clock.due_at,
            urgent=clock.urgent,
        )
    )
    if change.steps:
        connection.execute(
            insert(timers),
            [
                {
                    "ticket": ticket,
                    "clock": str(clock.kind),
                    "step": step.name,
                    "at": step.at,
                    "due_at": clock.due_at,
                }
                for step in change.steps
            ],
        )


def _stop_clock(connection: Connection, change: StopClock, applied: Applied) -> None:
    ticket = applied.ticket(change.ticket)
    _end_clock(connection, ticket, str(change.kind), change.at, met=change.met)


def _end_clock(
    connection: Connection, ticket: int | None, kind: str, at: datetime, *, met: bool | None
) -> None:
    connection.execute(
        update(clocks)
        .where(clocks.c.ticket == ticket, clocks.c.kind == kind, clocks.c.stopped_at.is_(None))
        .values(stopped_at=at, met=met)
    )
    _disarm(connection, ticket, kind)


def _disarm(connection: Connection, ticket: int | None, clock: str) -> None:
    connection.execute(delete(timers).where(timers.c.ticket == ticket, timers.c.clock == clock))


def _arm(connection: Connection, change: ArmStep, applied: Applied) -> None:
    ticket = applied.ticket(change.ticket)
    connection.execute(
        delete(timers).where(
            timers.c.ticket == ticket,
            timers.c.clock == change.clock,
            timers.c.step == change.step.name,
        )
    )
    connection.execute(
        insert(timers).values(
            ticket=ticket,
            clock=change.clock,
            step=change.step.name,
            at=change.step.at,
            due_at=change.due_at,
        )
    )


def _record_step(connection: Connection, change: RecordStep, occasion: Occasion) -> None:
    """Once for each due time: a second record is refused by the database."""
    connection.execute(
        insert(steps).values(
            ticket=change.ticket,
            clock=change.clock,
            step=change.step,
            at=change.at,
            due_at=change.due_at,
            fired_at=occasion.at,
            sent=change.sent,
        )
    )
    connection.execute(
        delete(timers).where(
            timers.c.ticket == change.ticket,
            timers.c.clock == change.clock,
            timers.c.step == change.step,
            timers.c.at == change.at,
        )
    )
    if change.breach:
        connection.execute(
            update(clocks)
            .where(
                clocks.c.ticket == change.ticket,
                clocks.c.kind == change.clock,
                clocks.c.stopped_at.is_(None),
            )
            .values(breached=True)
        )


def _file_message(
    connection: Connection, change: FileMessage, occasion: Occasion, applied: Applied
) -> None:
    connection.execute(
        insert(messages).values(
            ticket=applied.ticket(change.ticket),
            queue_id=occasion.queue_id,
            kind=str(change.kind),
            author=change.author,
            text=change.text,
            at=change.at,
            message_id=change.message_id,
            verified=change.verified,
        )
    )
