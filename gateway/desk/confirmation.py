"""A customer answers an assessment: which one is meant, whether it still holds, what follows.

Which (rule M13): the label or amount it names, else the mail it replies to, else the only one there
ever was. Words that name none count as one of the cheapest ever proposed. Money moves only towards
a price that the customer has seen and that is at least the present one.
"""

from enum import StrEnum

from gateway.desk import assessment, clocks, lifecycle, price
from gateway.desk.commands import Command
from gateway.desk.decision import MoveTicket, PriceTicket, SettleAssessment
from gateway.desk.draft import Draft
from gateway.desk.facts import RepliedTo
from gateway.desk.lifecycle import Event
from gateway.desk.model import Assessment, Status, Ticket, Verdict, Waiting


class NotOpen(StrEnum):
    """Why a confirmation or a decline changes nothing (rules M7 to M9)."""

    NOTHING = "nothing"
    CONFIRMED = "confirmed"
    WAITS_FOR_CREDITS = "waits_for_credits"
    ANSWERED = "answered"
    DECLINED = "declined"
    EXPIRED = "expired"


def confirm(
    draft: Draft, number: int, command: Command, replied: RepliedTo | None, writer: str
) -> None:
    """Carry out a confirmation that counts as far as its sender goes."""
    ticket = draft.ticket(number)
    present = ticket.present
    if present is None or present.verdict is not Verdict.OPEN:
        _confirm_without_open(draft, ticket, writer)
        return
    meant = _meant(ticket, command, replied)
    consented = _consented(ticket, command, meant)
    stale = meant is not None and meant.number != present.number
    asked_again = stale and draft.policy.assessment.stale_cheaper == "ask"
    if consented < present.price or asked_again or _names_unknown(ticket, command):
        draft.because("confirmation of an outdated price (M13)")
        draft.to_requester(
            "assessment_outdated",
            ticket,
            writer=writer,
            assessment=present.number,
            answered_label=meant.label if meant else "",
            answered_price=consented if meant or command.credits is not None else None,
        )
        return
    draft.because(f"{present.label} confirmed (A13)")
    _accept(draft, number, present, writer)


def _meant(ticket: Ticket, command: Command, replied: RepliedTo | None) -> Assessment | None:
    """The assessment a confirmation names or answers, or the only one there ever was."""
    if command.label is not None:
        return ticket.assessment(command.label)
    if command.credits is not None:
        priced = [one for one in ticket.assessments if one.price == command.credits]
        return next((one for one in priced if one.is_present), priced[-1] if priced else None)
    if replied and replied.ticket == ticket.number and replied.assessment is not None:
        return ticket.assessment(replied.assessment)
    return ticket.assessments[0] if len(ticket.assessments) == 1 else None


def _consented(ticket: Ticket, command: Command, meant: Assessment | None) -> int:
    """The price a confirmation agrees to: the cheapest ever proposed where it names none."""
    if command.credits is not None:
        return command.credits
    return meant.price if meant else min(one.price for one in ticket.assessments)


def _names_unknown(ticket: Ticket, command: Command) -> bool:
    return command.label is not None and ticket.assessment(command.label) is None


def _accept(draft: Draft, number: int, present: Assessment, writer: str) -> None:
    draft.record(
        SettleAssessment(
            ticket=number,
            number=present.number,
            verdict=Verdict.CONFIRMED,
            funded=False,
            at=draft.at,
            by=writer,
        )
    )
    if not assessment.fund(draft, number, writer=writer):
        assessment.block(draft, number, present)


def _confirm_without_open(draft: Draft, ticket: Ticket, writer: str) -> None:
    """There is nothing open to confirm: say why, and bring a late one back to the engineer."""
    last = ticket.assessments[-1] if ticket.assessments else None
    if last is not None and last.verdict is Verdict.EXPIRED:
        _confirm_late(draft, ticket, last, writer)
        return
    why = why_not_open(ticket)
    draft.because(f"confirmation without an open assessment: {why} (M9)")
    draft.to_requester("assessment_not_open", ticket, writer=writer, why=str(why))


def why_not_open(ticket: Ticket) -> NotOpen:
    """The reason to give where no assessment is open."""
    last = ticket.assessments[-1] if ticket.assessments else None
    if last is None:
        return NotOpen.NOTHING
    if ticket.answered_at is not None and last.verdict is Verdict.CONFIRMED and last.funded:
        return NotOpen.ANSWERED
    if last.verdict is Verdict.CONFIRMED:
        return NotOpen.CONFIRMED if last.funded else NotOpen.WAITS_FOR_CREDITS
    by_verdict = {Verdict.DECLINED: NotOpen.DECLINED, Verdict.EXPIRED: NotOpen.EXPIRED}
    return by_verdict.get(last.verdict, NotOpen.NOTHING)


def _confirm_late(draft: Draft, ticket: Ticket, expired: Assessment, writer: str) -> None:
    """Rule M8: a fresh assessment is due, unless the option takes an unchanged price."""
    number = ticket.number
    in_time = is_reopenable(draft, ticket)
    draft.because("confirmation after expiry (M8)")
    if in_time and not ticket.is_open:
        event = lifecycle.reopening(ticket)
        to = lifecycle.LIFE[Status.CLOSED][event]
        draft.record(
            MoveTicket(ticket=number, event=event, to=to, at=draft.at, waiting=Waiting.STAFF)
        )
    same = expired.price == price.price(draft.policy, ticket, expired.category)
    if in_time and same and draft.policy.assessment.late_confirm == "accept":
        _revive(draft, number, expired, writer)
        return
    draft.to_requester("assessment_not_open", ticket, writer=writer, why=str(NotOpen.EXPIRED))
    if in_time:
        clocks.wait_for_staff(draft, number)
        after = draft.ticket(number)
        draft.to_staff(
            "engineer_status_changed",
            draft.on_the_ticket(after),
            after,
            what="late_confirm",
            text="",
        )


def _revive(draft: Draft, number: int, expired: Assessment, writer: str) -> None:
    """Take a late confirmation: the expired assessment counts as confirmed after all."""
    draft.record(
        SettleAssessment(
            ticket=number,
            number=expired.number,
            verdict=Verdict.CONFIRMED,
            funded=False,
            at=draft.at,
            by=writer,
        )
    )
    if not assessment.fund(draft, number, writer=writer):
        assessment.block(draft, number, expired)


def is_reopenable(draft: Draft, ticket: Ticket) -> bool:
    """Open, or closed within the window in which a mail opens it again (rule M16)."""
    if ticket.closed_at is None:
        return True
    return draft.at <= ticket.closed_at + draft.policy.close.reopen_window


def decline(draft: Draft, number: int, writer: str, text: str) -> bool:
    """Carry out a decline; true where the mail is to be passed on as an objection (M9)."""
    ticket = draft.ticket(number)
    present, last = ticket.present, ticket.assessments[-1] if ticket.assessments else None
    takes_back = ticket.answered_at is None and last is ticket.settled
    declined = present or (last if takes_back else None)
    if declined is None or not ticket.is_open:
        why = why_not_open(ticket)
        draft.because(f"decline without an open assessment: {why} (M9)")
        draft.to_requester("assessment_not_open", ticket, writer=writer, why=str(why))
        return why is NotOpen.ANSWERED
    draft.because(f"{declined.label} declined")
    draft.record(
        SettleAssessment(
            ticket=number,
            number=declined.number,
            verdict=Verdict.DECLINED,
            funded=False,
            at=draft.at,
            by=writer,
        )
    )
    give_up(draft, number, "declined", closes=draft.policy.assessment.on_decline == "close")
    after = draft.ticket(number)
    draft.to_requester(
        "assessment_declined",
        after,
        writer=writer,
        assessment=declined.number,
        closed=not after.is_open,
    )
    draft.to_staff("engineer_declined", draft.on_the_ticket(after), after, text=text)
    return False


def give_up(draft: Draft, number: int, reason: str, *, closes: bool) -> None:
    """An assessment ended without consent: the first one ends the ticket, a raise only itself."""
    ticket = draft.ticket(number)
    in_force = ticket.settled
    if in_force is not None and in_force.category != ticket.category:
        draft.record(PriceTicket(ticket=number, category=in_force.category, kept=ticket.kept))
    price.settle(draft, number)
    if in_force is None and not ticket.free and closes:
        clocks.stop(draft, number, met=False)
        draft.record(
            MoveTicket(
                ticket=number,
                event=Event.CLOSE,
                to=Status.CLOSED,
                at=draft.at,
                close_reason=reason,
            )
        )
        return
    staff_next = reason == "declined" or ticket.answered_at is None
    waiting = Waiting.STAFF if staff_next else None
    assessment.leave_awaiting(draft, number, waiting=waiting)


def expire(draft: Draft, number: int, label: int) -> None:
    """Nobody answered for so long (rule M14): nothing is charged, both sides are told."""
    expired = draft.ticket(number).assessment(label)
    if expired is None or expired.verdict is not Verdict.OPEN:
        return
    draft.record(
        SettleAssessment(
            ticket=number,
            number=label,
            verdict=Verdict.EXPIRED,
            funded=False,
            at=draft.at,
            by="",
        )
    )
    give_up(draft, number, "expired", closes=True)
    after = draft.ticket(number)
    draft.to_requester(
        "assessment_expired",
        after,
        thread="ticket",
        assessment=label,
        closed=not after.is_open,
    )
    draft.to_staff("engineer_assessment_expired", draft.on_the_ticket(after), after)
