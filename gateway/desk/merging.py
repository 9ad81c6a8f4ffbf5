"""Put two tickets together: a split that was wrong is taken back, and charged once (rule A17)."""

from gateway.desk import clocks, closing, confirmation, price
from gateway.desk.control import Refusal, StaffCommand
from gateway.desk.decision import FileMessage, LinkTickets, MessageKind, PriceTicket
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts, SplitOff
from gateway.desk.model import Ticket, Waiting
from gateway.desk.reply import Reply
from gateway.desk.split_changes import EndSuggestions, LabelSplit
from gateway.mail.address import same_address


def merge(draft: Draft, facts: Facts, number: int, command: StaffCommand) -> Refusal | None:
    """`#merge T-n`: the younger of the two tickets goes into the older one."""
    here, other = draft.ticket(number), facts.named.get(command.number)
    if other is None or other.number == number:
        return Refusal(command.line, "there is no such other ticket", "#merge T-1002")
    if other.account != here.account:
        return Refusal(command.line, "the two tickets belong to different customers")
    draft.join(other)
    older, younger = sorted((number, other.number))
    if draft.ticket(younger).merged_into is not None or draft.ticket(older).merged_into is not None:
        return Refusal(command.line, "one of the two was merged already")
    text = join(draft, younger, older)
    _tell_the_others(draft, older, text)
    return None


def end_suggestions(draft: Draft, facts: Facts, number: int) -> None:
    """`#nosplit`: no more suggestions; a ticket that split off by itself goes back as well."""
    draft.record(
        EndSuggestions(ticket=number),
        LabelSplit(ticket=number, of="suggestion", off_topic=False, at=draft.at, by=draft.actor),
    )
    split = facts.split_off
    if split is None or split.ticket.number != number or not _may_go_back(draft, split):
        return
    draft.join(split.parent)
    text = join(draft, number, split.parent.number)
    draft.record(EndSuggestions(ticket=split.parent.number))
    _tell_the_others(draft, split.parent.number, text)


def confirm_split(draft: Draft, number: int) -> None:
    """Staff works on a ticket that was split off: the split was right."""
    if draft.ticket(number).parent is not None:
        draft.record(
            LabelSplit(ticket=number, of="split", off_topic=True, at=draft.at, by=draft.actor)
        )


def same_topic(reply: Reply) -> None:
    """The customer says that a split was wrong: what split by itself goes back at once.

    A ticket that staff has begun to work on, or that somebody asked for, goes back only by
    `#merge`; its engineer gets a note.
    """
    draft, split = reply.draft, reply.facts.split_off
    draft.because("the customer says it is the same topic")
    reply.stays = True
    if split is None or not _may_go_back(draft, split):
        reply.flags.add("same_topic")
        if not reply.has_content:
            _note(reply, reply.ticket.last_text)
        return
    draft.join(split.ticket)
    draft.join(split.parent)
    text = join(draft, split.ticket.number, split.parent.number, writer=reply.writer)
    reply.number, reply.is_filed = split.parent.number, True
    if reply.has_content:
        reply.file(MessageKind.MAIL, Waiting.STAFF)
    else:
        reply.file(MessageKind.FILED)
    reply.flags.add("put_back")
    _note(reply, "\n\n".join(one for one in (text, reply.text) if one))


def join(draft: Draft, younger: int, older: int, *, writer: str = "") -> str:
    """One issue, one charge: what the younger ticket cost is returned.

    Returns the text that waits for an answer and moved along, or nothing.
    """
    leaving = draft.ticket(younger)
    draft.because(f"merged {younger} into {older}")
    draft.record(PriceTicket(ticket=younger, category=leaving.category, free="merged"))
    if leaving.is_open:
        closing.close(draft, younger, "merged")
    else:
        price.settle(draft, younger)
    draft.record(
        LinkTickets(ticket=younger, into=older),
        LabelSplit(ticket=younger, of="split", off_topic=False, at=draft.at, by=draft.actor),
    )
    text = ""
    if leaving.is_open and leaving.waiting_on is Waiting.STAFF:
        text = leaving.last_text
        _hand_over(draft, leaving, older)
    draft.to_requester(
        "ticket_merged",
        draft.ticket(older),
        writer=writer,
        thread="ticket",
        old_ticket=younger,
        returned=leaving.charged - draft.ticket(younger).charged,
        released=leaving.reserved - draft.ticket(younger).reserved,
    )
    return text


def _hand_over(draft: Draft, leaving: Ticket, older: int) -> None:
    """What waits for an answer waits for it in the older ticket, which opens again for it."""
    draft.record(
        FileMessage(
            ticket=older,
            kind=MessageKind.MAIL,
            author=leaving.requester,
            text=leaving.last_text,
            at=leaving.last_mail_at or draft.at,
            message_id=leaving.last_mail_id,
            waiting=Waiting.STAFF,
        )
    )
    if draft.ticket(older).is_open:
        clocks.wait_for_staff(draft, older)
    else:
        closing.reopen(draft, older, by="staff")


def _may_go_back(draft: Draft, split: SplitOff) -> bool:
    """Split by the signs alone, not worked on yet, and its parent can take it."""
    ticket = split.ticket
    untouched = ticket.is_open and not ticket.assessments and ticket.answered_at is None
    waits = ticket.waiting_on is Waiting.STAFF
    return (
        split.by_itself and untouched and waits and confirmation.is_reopenable(draft, split.parent)
    )


def _tell_the_others(draft: Draft, number: int, text: str) -> None:
    """Whoever has the older ticket hears of the text that came to it, unless they did it."""
    ticket = draft.ticket(number)
    watching = draft.on_the_ticket(ticket)
    if not text or ticket.assignee is None:
        return
    others = [one for one in watching if not same_address(one, draft.actor)]
    draft.to_staff(
        "engineer_customer_reply",
        others,
        ticket,
        text=text,
        writer=ticket.requester,
        flags=("put_back",),
        suggestion=None,
    )


def _note(reply: Reply, text: str) -> None:
    ticket = reply.ticket
    reply.draft.to_staff(
        "engineer_customer_reply",
        reply.draft.on_the_ticket(ticket),
        ticket,
        text=text,
        writer=reply.writer,
        flags=tuple(sorted(reply.flags)),
        suggestion=None,
    )
