"""Carry out splits: a part of a ticket becomes a ticket of its own (policy 4.7, rule A19)."""

from datetime import datetime

from gateway.desk import clocks, request
from gateway.desk.control import Refusal, StaffCommand
from gateway.desk.decision import FileMessage, MessageKind
from gateway.desk.draft import Draft
from gateway.desk.model import ASK_FIRST, NO_SUBJECT, Ticket, Waiting
from gateway.desk.split import Plan
from gateway.desk.split_changes import RecordSplit, SplitHow, TrimMessage
from gateway.desk.weighing import first_words, paragraphs
from gateway.desk.words import READ_AT_MOST
from gateway.mail.message import Mail


def carry_out(draft: Draft, mail: Mail, ticket: Ticket, plan: Plan) -> str:
    """Open the new ticket of a customer's mail; returns the text that stays behind."""
    draft.because(f"split: {', '.join(plan.reasons)} (A19)")
    number = _open(draft, ticket, plan.moves, plan.subject, ticket.department, draft.at)
    remember(draft, ticket, plan, "auto" if plan.weighed else "customer", into=number)
    request.file_first(draft, number, mail, plan.moves)
    _announce(draft, number, ticket, plan.moves, with_attachments=bool(mail.attachments))
    return plan.stays


def remember(
    draft: Draft, ticket: Ticket, plan: Plan, how: SplitHow, *, into: int | None = None
) -> None:
    """Keep a split or a suggestion as an example; what people make of it becomes its label."""
    weighed = plan.weighed
    asked = how in ("customer", "staff")
    draft.record(
        RecordSplit(
            ticket=ticket.number,
            how=how,
            passage=(weighed.passage if weighed else plan.moves)[:READ_AT_MOST],
            mail_at=draft.at,
            into=into,
            points=weighed.points if weighed else 0,
            score=weighed.likeness.score if weighed else None,
            reasons=plan.reasons,
            off_topic=True if asked else None,
            by=draft.actor if asked else "",
        )
    )


def by_staff(draft: Draft, number: int, command: StaffCommand) -> Refusal | None:
    """`#split [k] [to D] [subject]`: from paragraph k of the customer's last mail on."""
    ticket = draft.ticket(number)
    parts = paragraphs(ticket.last_text)
    first = max(command.number, 1)
    if first > len(parts):
        return Refusal(command.line, f"the customer's last mail has {len(parts)} paragraphs")
    moved = "\n\n".join(parts[first - 1 :])
    asked_at = ticket.last_mail_at or draft.at
    new = _open(draft, ticket, moved, command.reason, command.what or ticket.department, asked_at)
    draft.record(
        RecordSplit(
            ticket=number,
            how="staff",
            passage=moved[:READ_AT_MOST],
            mail_at=asked_at,
            into=new,
            reasons=("asked for",),
            off_topic=True,
            by=draft.actor,
        ),
        FileMessage(
            ticket=new,
            kind=MessageKind.MAIL,
            author=ticket.requester,
            text=moved,
            at=asked_at,
            waiting=Waiting.STAFF,
        ),
        TrimMessage(ticket=number, mail_at=asked_at, keeps="\n\n".join(parts[: first - 1])),
    )
    if first == 1:
        _let_go(draft, ticket, asked_at)
    _announce(draft, new, ticket, moved)
    return None


def _let_go(draft: Draft, ticket: Ticket, asked_at: datetime) -> None:
    """The whole last mail left: the clock that it started in the old ticket stops (4.7)."""
    for clock in ticket.clocks:
        if clock.started_at == asked_at:
            clocks.stop(draft, ticket.number, clock.kind, met=False)


def _open(
    draft: Draft, ticket: Ticket, text: str, subject: str, department: str, at: datetime
) -> int:
    return request.open_ticket(
        draft,
        request.Opening(
            requester=ticket.requester,
            subject=subject or first_words(text) or NO_SUBJECT,
            text=text,
            department=department,
            payment=ASK_FIRST,
            parent=ticket.number,
            received_at=at,
        ),
    )


def _announce(
    draft: Draft, number: int, old: Ticket, text: str, *, with_attachments: bool = False
) -> None:
    draft.to_requester(
        "ticket_split",
        draft.ticket(number),
        thread="split",
        old_ticket=old.number,
        passage=text,
    )
    request.tell_staff(draft, number, with_attachments=with_attachments)
