"""One customer mail in a ticket while it is worked through, and how it reaches the engineers."""

from dataclasses import dataclass, field

from gateway.desk import clocks, split
from gateway.desk.commands import CommandBlock
from gateway.desk.decision import FileMessage, MessageKind
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.desk.model import Ticket, Waiting
from gateway.desk.trust import Proof
from gateway.mail.message import Mail


@dataclass(slots=True)
class Reply:
    """One customer mail in a ticket while it is worked through."""

    draft: Draft
    mail: Mail
    facts: Facts
    proof: Proof
    number: int
    """The ticket; another one once the mail has moved there."""
    block: CommandBlock
    text: str
    """What is left for the engineer to read."""
    flags: set[str] = field(default_factory=set)
    """What the engineer is warned of: `unclear`, `foreign`, `unproved`, `only_token`."""
    told: bool = False
    """Staff has had the text in another letter already."""
    is_filed: bool = False
    """The text is a message of its ticket already."""
    stays: bool = False
    """The writer says where the text belongs: it is not weighed."""
    settled: bool = False
    """A command said all there was to say in the ticket: the rest may be another matter."""

    @property
    def ticket(self) -> Ticket:
        """The ticket as it stands now."""
        return self.draft.ticket(self.number)

    @property
    def writer(self) -> str:
        """Who wrote."""
        return self.facts.clues.sender

    @property
    def has_content(self) -> bool:
        """There is something to read or to open."""
        return bool(self.text.strip() or self.mail.attachments)

    def file(self, kind: MessageKind, waiting: Waiting | None = None) -> None:
        """Keep the text as a message of the ticket."""
        self.draft.record(
            FileMessage(
                ticket=self.number,
                kind=kind,
                author=self.writer,
                text=self.text or self.mail.new_text,
                at=self.draft.at,
                message_id=self.mail.message_id or "",
                verified=self.proof.is_contact,
                waiting=waiting,
            )
        )


def pass_on(reply: Reply, *, suggestion: split.Suggestion | None = None) -> None:
    """The text goes to whoever has the ticket; an answered ticket gets its next promise."""
    reply.file(MessageKind.MAIL, Waiting.STAFF)
    clocks.wait_for_staff(reply.draft, reply.number)
    tell_staff(reply, suggestion=suggestion)


def tell_staff(reply: Reply, *, suggestion: split.Suggestion | None = None) -> None:
    """The text as staff reads it, with what it is warned of."""
    ticket = reply.ticket
    reply.draft.to_staff(
        "engineer_customer_reply",
        reply.draft.on_the_ticket(ticket),
        ticket,
        with_attachments=bool(reply.mail.attachments),
        text=reply.text,
        writer=reply.writer,
        flags=tuple(sorted(reply.flags)),
        suggestion=suggestion.as_value() if suggestion else None,
    )


def tell_foreign_confirm(reply: Reply, why: str = "stranger") -> None:
    """Somebody who may not has confirmed: the requester hears of it (rule M10).

    A contact of the account hears too what `assessment.confirm_from` asks for; a stranger nothing.
    """
    ticket = reply.ticket
    reply.draft.to_requester(
        "confirm_foreign",
        ticket,
        writer=reply.writer if reply.proof.is_contact else "",
        thread="ticket",
        assessment=ticket.present.number if ticket.awaits_consent and ticket.present else None,
        foreign=reply.writer,
        why=why,
    )
