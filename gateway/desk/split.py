"""A reply that asks something else becomes a ticket of its own, and back again (policy 4.7)."""

import re
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from gateway.desk import clocks, closing, price, request
from gateway.desk.control import Refusal, StaffCommand
from gateway.desk.decision import FileMessage, LinkTickets, MessageKind, PriceTicket
from gateway.desk.draft import Draft
from gateway.desk.facts import Facts
from gateway.desk.likeness import THRESHOLD, shares_no_words, topic_of, unlikeness
from gateway.desk.model import ASK_FIRST, NO_SUBJECT, LetterValue, Ticket, Waiting
from gateway.desk.phrases import CONFIRM_STEMS, MARKER
from gateway.desk.thanks import is_thanks
from gateway.desk.words import significant, stem_of, words
from gateway.mail.message import Mail

_ITEM: Final = re.compile(r"\s*(?:\d{1,2}[.)]|[-*•])\s")


@dataclass(frozen=True, slots=True, kw_only=True)
class Suggestion:
    """What the engineer is told where one sign alone speaks for another topic."""

    passage: str
    reasons: tuple[str, ...]
    command: str

    def as_value(self) -> LetterValue:
        """As a letter prints it."""
        return {"passage": self.passage, "reasons": self.reasons, "command": self.command}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Which part of a text moves to a new ticket, and which stays. Together they are the text."""

    moves: str = ""
    stays: str = ""
    subject: str = ""
    score: int = 0
    reasons: tuple[str, ...] = ()
    suggestion: Suggestion | None = None


def explicit(text: str, subject: str) -> Plan:
    """Somebody asked for the new ticket in so many words."""
    return Plan(moves=text, subject=subject or first_words(text), reasons=("asked for",))


def consider(draft: Draft, mail: Mail, facts: Facts, ticket: Ticket, text: str) -> Plan:
    """Whether a text, or its end, is about something else than its ticket (policy 4.7)."""
    rules = draft.policy.split
    stays = Plan(stays=text)
    if rules.mode == "off" or ticket.nosplit or not text.strip() or is_thanks(text):
        return stays
    parts = paragraphs(text)
    marked = next((at for at, part in enumerate(parts) if MARKER.match(part)), None)
    first = marked or 0
    passage = "\n\n".join(parts[first:])
    signs = _signs(draft, mail, facts, ticket, passage, marked=marked is not None)
    score = sum(points for points, _ in signs)
    reasons = tuple(reason for _, reason in signs)
    for reason in reasons:
        draft.because(f"split sign: {reason}")
    subject = facts.clues.tags.subject
    if not _is_replaced(mail, facts, ticket):
        subject = first_words(_without_marker(passage))
    if rules.mode == "auto" and score >= rules.auto_score:
        return Plan(
            moves=passage,
            stays="\n\n".join(parts[:first]),
            subject=subject,
            score=score,
            reasons=reasons,
        )
    if score < rules.suggest_score:
        return stays
    command = f"#split {first + 1} {subject}" if first else f"#split {subject}"
    return replace(
        stays,
        score=score,
        reasons=reasons,
        suggestion=Suggestion(passage=passage, reasons=reasons, command=command),
    )


def _signs(
    draft: Draft, mail: Mail, facts: Facts, ticket: Ticket, passage: str, *, marked: bool
) -> tuple[tuple[int, str], ...]:
    """Points and words of every sign that speaks for or against another topic."""
    signs: list[tuple[int, str]] = []
    if _is_replaced(mail, facts, ticket):
        signs.append((2, "the subject was replaced by another one"))
    if marked:
        signs.append((1, "it begins like another question"))
    if unlike := _unlike(draft, facts, passage):
        signs.append((1, unlike))
    if signs and ticket.asked_last:
        signs.append((-1, "it answers a question of ours"))
    return tuple(signs)


def _unlike(draft: Draft, facts: Facts, passage: str) -> str:
    """The word sign: the model at its strict threshold, or no word in common at all."""
    rules = draft.policy.split
    if CONFIRM_STEMS.search(passage.casefold()):
        return ""
    topic = topic_of(facts.topic[0] if facts.topic else "", facts.topic[1:])
    if shares_no_words(topic, passage, min_words=rules.min_words, below=rules.similarity_below):
        return "it shares no word with the ticket"
    likeness = unlikeness(topic, passage, background=facts.background)
    threshold = THRESHOLD if rules.threshold is None else rules.threshold
    if likeness.score < threshold:
        return ""
    return "its words are unlike the ticket: " + ", ".join(likeness.words_for[:3])


def _is_replaced(mail: Mail, facts: Facts, ticket: Ticket) -> bool:
    """A reply by its headers, with a subject that has nothing of the ticket's."""
    tags = facts.clues.tags
    if not (mail.in_reply_to or mail.references) or tags.ticket is not None:
        return False
    if tags.subject == NO_SUBJECT:
        return False
    theirs = {stem_of(word) for word in significant(words(tags.subject))}
    ours = {stem_of(word) for word in significant(words(ticket.subject))}
    return bool(theirs) and bool(ours) and not theirs & ours


def _without_marker(passage: str) -> str:
    rest = MARKER.sub("", passage, count=1).lstrip(" .,:;-–—\n")
    return rest or passage


def carry_out(draft: Draft, mail: Mail, facts: Facts, ticket: Ticket, plan: Plan) -> str:
    """Open the new ticket of a customer's mail; returns the text that stays behind."""
    del facts
    draft.because(f"split: {', '.join(plan.reasons)} (A19)")
    number = _open(draft, ticket, plan.moves, plan.subject, ticket.department, draft.at)
    request.file_first(draft, number, mail, plan.moves)
    _announce(draft, number, ticket, plan.moves, with_attachments=bool(mail.attachments))
    return plan.stays


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
        FileMessage(
            ticket=new,
            kind=MessageKind.MAIL,
            author=ticket.requester,
            text=moved,
            at=asked_at,
            waiting=Waiting.STAFF,
        )
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
    join(draft, younger, older)
    return None


def join(draft: Draft, younger: int, older: int) -> None:
    """One issue, one charge: what the younger ticket cost is returned (rule A17)."""
    leaving = draft.ticket(younger)
    draft.because(f"merged {younger} into {older}")
    draft.record(PriceTicket(ticket=younger, category=leaving.category, free="merged"))
    if leaving.is_open:
        closing.close(draft, younger, "merged")
    else:
        price.settle(draft, younger)
    draft.record(LinkTickets(ticket=younger, into=older))
    staying = draft.ticket(older)
    if leaving.is_open and leaving.waiting_on is Waiting.STAFF and staying.is_open:
        draft.record(
            FileMessage(
                ticket=older,
                kind=MessageKind.MAIL,
                author=leaving.requester,
                text=leaving.last_text,
                at=leaving.last_mail_at or draft.at,
                waiting=Waiting.STAFF,
            )
        )
        clocks.wait_for_staff(draft, older)
    left = draft.ticket(younger)
    draft.to_requester(
        "ticket_merged",
        draft.ticket(older),
        thread="ticket",
        old_ticket=younger,
        returned=leaving.charged - left.charged,
        released=leaving.reserved - left.reserved,
    )


def undo_by_customer(draft: Draft, facts: Facts, number: int, writer: str) -> None:
    """The customer says that a split-off ticket belongs to its parent: staff merges it."""
    del facts
    ticket = draft.ticket(number)
    draft.to_staff(
        "engineer_customer_reply",
        draft.on_the_ticket(ticket),
        ticket,
        text=ticket.last_text,
        writer=writer,
        flags=("same_topic",),
        suggestion=None,
    )


def paragraphs(text: str) -> list[str]:
    """Blocks between blank lines; items of a list count each."""
    parts: list[str] = []
    fresh = True
    for line in text.split("\n"):
        if not line.strip():
            fresh = True
        elif fresh or _ITEM.match(line):
            parts.append(line)
            fresh = False
        else:
            parts[-1] += "\n" + line
    return parts


def first_words(text: str, count: int = 8) -> str:
    """A subject made of the beginning of a text."""
    words = text.split()
    return " ".join(words[:count]) + ("…" if len(words) > count else "")
