"""Close tickets and open them again (rules A17, M16)."""

from gateway.desk import clocks, lifecycle, price
from gateway.desk.clock_change import (
    ArmStep,
)
from gateway.desk.decision import (
    MoveTicket,
    SettleAssessment,
)
from gateway.desk.draft import Draft
from gateway.desk.lifecycle import Event
from gateway.desk.model import Status, Verdict, Waiting
from gateway.desk.step import AUTOCLOSE, TICKET, Step


def close(draft: Draft, number: int, reason: str) -> None:
    """End a ticket: no clock runs on, nothing stays reserved (invariant 26). Letters apart."""
    price.supersede_present(draft, number)
    ticket = draft.ticket(number)
    if ticket.answered_at is None and ticket.settled:
        # What was confirmed and never answered is given back, and must be confirmed anew.
        draft.record(
            SettleAssessment(
                ticket=number,
                number=ticket.settled.number,
                verdict=Verdict.SUPERSEDED,
                funded=False,
                at=draft.at,
                by=draft.actor,
            )
        )
    price.settle(draft, number)
    clocks.stop(draft, number, met=False)
    draft.record(
        MoveTicket(
            ticket=number, event=Event.CLOSE, to=Status.CLOSED, at=draft.at, close_reason=reason
        )
    )


def arm_autoclose(draft: Draft, number: int) -> None:
    """Option `close.autoclose`: from the last letter of staff on, silence closes the ticket."""
    wait = draft.policy.close.autoclose
    if wait is not None:
        step = Step(AUTOCLOSE, draft.at + wait)
        draft.record(ArmStep(ticket=number, clock=TICKET, step=step, due_at=step.at))


def tell_closed(draft: Draft, number: int, *, writer: str = "") -> None:
    """The requester hears what it cost and until when a reply opens it again."""
    ticket, before = draft.ticket(number), draft.before.get(number)
    draft.to_requester(
        "ticket_closed",
        ticket,
        writer=writer,
        thread="ticket",
        released=before.reserved if before and not ticket.charged else 0,
        reopen_until=draft.at + draft.policy.close.reopen_window,
    )


def reopen(draft: Draft, number: int, *, writer: str = "", text: str = "", by: str) -> None:
    """Open a closed ticket again, free of charge; the next response is promised."""
    ticket = draft.ticket(number)
    event = lifecycle.reopening(ticket)
    to = lifecycle.LIFE[Status.CLOSED][event]
    draft.record(MoveTicket(ticket=number, event=event, to=to, at=draft.at, waiting=Waiting.STAFF))
    clocks.wait_for_staff(draft, number)
    after = draft.ticket(number)
    draft.to_requester(
        "ticket_reopened", after, writer=writer, thread="mail" if by == "customer" else "ticket"
    )
    if by == "customer":
        draft.to_staff(
            "engineer_status_changed",
            draft.on_the_ticket(after),
            after,
            what="reopened",
            text=text,
        )
