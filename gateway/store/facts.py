"""Look up what a mail points at: clues in, facts out, both values."""

import hashlib
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, and_, bindparam, func, or_, select

from gateway.desk.clues import Clues
from gateway.desk.commands import Verb
from gateway.desk.facts import Facts, FoundBy, RepliedTo, Seen, Spent, SplitOff
from gateway.desk.learned import Learned
from gateway.desk.model import Account, Contact, Order, Ticket
from gateway.desk.policy import Policy
from gateway.desk.repeats import HELP_LETTERS
from gateway.desk.request import NOBODY
from gateway.desk.token import Purpose
from gateway.ledger.entry import Entry
from gateway.mail.message import Mail
from gateway.store import examples, rows
from gateway.store.briefing import ENTRIES_SHOWN, brief, last_entries
from gateway.store.desk_rows import (
    load_account,
    load_account_of,
    load_contact,
    load_ticket,
    load_tickets,
)
from gateway.store.mail_tables import mails, messages, outbox
from gateway.store.prepared import Prepared
from gateway.store.shared_commit import Conflict
from gateway.store.spent import load_spent
from gateway.store.tables import assessments, orders, tickets

TOPIC_MAX: Final = 20
NOTHING_LEARNED: Final = Learned()

# Statements of every mail are built once: building them costs more than running them.
_ITSELF: Final = mails.c.queue_id == bindparam("of_queue")
_SEEN: Final = Prepared(
    select(mails.c.queue_id, mails.c.digest, mails.c.ticket)
    .where(
        or_(
            _ITSELF,
            mails.c.dedupe_key.in_((bindparam("of_key"), bindparam("of_erased"))),
            and_(mails.c.message_id == bindparam("of_message"), mails.c.message_id != ""),
        )
    )
    .order_by(_ITSELF.desc(), mails.c.received_at)
    .limit(5)
)
_REPLIED: Final = Prepared(
    select(
        outbox.c.message_id,
        outbox.c.letter,
        outbox.c.ticket,
        outbox.c.assessment,
        outbox.c.recipient,
        outbox.c.audience,
    ).where(outbox.c.message_id.in_(bindparam("these", expanding=True)))
)
_OF_MAILS: Final = Prepared(
    select(messages.c.message_id, messages.c.ticket).where(
        messages.c.message_id.in_(bindparam("these", expanding=True)), messages.c.verified
    )
)


def dedupe_key(mail: Mail) -> str:
    """What makes two mails the same one: Message-ID and content, or the content alone (M1)."""
    return f"{mail.message_id or ''}/{mail.digest}"


def erased_key(key: str) -> str:
    """The key of a mail whose sender was erased: the mail is known again, its name is not."""
    return f"erased/{hashlib.sha256(key.encode()).hexdigest()}"


def gather(
    connection: Connection,
    mail: Mail,
    clues: Clues,
    policy: Policy,
    learned: Learned = NOTHING_LEARNED,
) -> Facts:
    """Everything `decide` may know. Reads only, apart from the lock on the account.

    Raises `Conflict` where an account was given up while we waited for that lock.
    """
    seen, seen_ticket = _seen(connection, mail)
    if seen and seen.same_content:
        return Facts(clues=clues, seen=seen)
    replied = _replied(connection, clues)
    ticket, found_by = _find_ticket(connection, clues, replied, seen_ticket)
    contact, account = _writer(connection, clues)
    paid = _orders(connection, clues)
    owner = ticket.account if ticket else next((one.account for one in paid.values()), None)
    is_own = owner == (account.id if account else None)
    ticket_account = account if is_own else load_account(connection, owner)
    if owner and ticket_account is None:
        raise Conflict("whose mail it is changed meanwhile")
    named = load_tickets(connection, clues.tickets)
    return Facts(
        clues=clues,
        seen=seen,
        contact=contact,
        account=account,
        ticket=ticket,
        found_by=found_by,
        replied=replied,
        ticket_account=ticket_account,
        others=_others(connection, ticket_account or account, ticket, clues),
        named=named,
        orders=paid,
        entries=_entries(connection, account, clues),
        spent=_spent(connection, mail, clues, ticket, replied, policy),
        letters_sent=_letters_sent(connection, clues, ticket, policy, mail.envelope.received_at),
        topic=_topic(connection, ticket),
        learned=learned,
        split_off=_split_off(connection, ticket, clues),
        briefing=brief(connection, clues.control, clues.sender, ticket_account, ticket),
    )


def _writer(connection: Connection, clues: Clues) -> tuple[Contact | None, Account | None]:
    """Who wrote, and their account, locked; a stranger has none."""
    if not clues.sender:
        return None, load_account(connection, NOBODY)
    account = load_account_of(connection, clues.sender)
    if account is None:
        contact = load_contact(connection, clues.sender)
    else:
        contact = next((one for one in account.contacts if one.address == clues.sender), None)
    if (contact is None) != (account is None):
        raise Conflict("whose mail it is changed meanwhile")
    return contact, account


def _spent(
    connection: Connection,
    mail: Mail,
    clues: Clues,
    ticket: Ticket | None,
    replied: RepliedTo | None,
    policy: Policy,
) -> Spent:
    """Budgets; machine mail is never answered, whatever they say."""
    if mail.automatic and not mail.report:
        return Spent()
    people = {clues.sender, ticket.requester if ticket else "", replied.to if replied else ""}
    at = mail.envelope.received_at
    return load_spent(connection, clues, ticket, policy, at, people=people - {""})


def _seen(connection: Connection, mail: Mail) -> tuple[Seen | None, int | None]:
    """The row of the mail itself, an earlier one with the same content, or the same Message-ID."""
    key = dedupe_key(mail)
    sought = {
        "of_queue": mail.envelope.queue_id,
        "of_key": key,
        "of_erased": erased_key(key),
        "of_message": mail.message_id or "",
    }
    earlier = _SEEN.all(connection, sought)
    for row in earlier:
        if row.digest == mail.digest or row.queue_id == mail.envelope.queue_id:
            return Seen(queue_id=row.queue_id, same_content=True), row.ticket
    if earlier:
        return Seen(queue_id=earlier[0].queue_id, same_content=False), earlier[0].ticket
    return None, None


def _replied(connection: Connection, clues: Clues) -> RepliedTo | None:
    """The letter a report is on, else the nearest among the Message-IDs a mail answers."""
    if clues.token and clues.token.purpose is Purpose.BOUNCE and clues.token.subject.isdigit():
        row = connection.execute(
            select(outbox).where(outbox.c.id == int(clues.token.subject))
        ).first()
        if row is not None:
            return RepliedTo(
                letter=row.letter,
                ticket=row.ticket,
                assessment=row.assessment,
                to=row.recipient,
                to_staff=row.audience != "customer",
                by_report=True,
            )
    if not clues.references:
        return None
    answered = _REPLIED.all(connection, {"these": clues.references})
    found = {row.message_id: row for row in answered}
    nearest = next((found[one] for one in clues.references if one in found), None)
    if nearest is None:
        return None
    return RepliedTo(
        letter=nearest.letter,
        ticket=nearest.ticket,
        assessment=nearest.assessment,
        to=nearest.recipient,
        to_staff=nearest.audience != "customer",
    )


def _find_ticket(
    connection: Connection, clues: Clues, replied: RepliedTo | None, seen_ticket: int | None
) -> tuple[Ticket | None, FoundBy]:
    """Token in the address, then references, then the number in the subject (rule M3)."""
    if clues.token and (ticket := load_ticket(connection, clues.token.ticket)):
        return ticket, "token"
    for token in clues.reference_tokens:
        if ticket := load_ticket(connection, token.ticket):
            return ticket, "reference"
    if replied and (ticket := load_ticket(connection, replied.ticket)):
        return ticket, "reference"
    by_mail = _ticket_of_mails(connection, clues.references) or seen_ticket
    if ticket := load_ticket(connection, by_mail):
        return ticket, "reference"
    if ticket := load_ticket(connection, clues.tags.ticket):
        return ticket, "subject"
    return None, ""


def _ticket_of_mails(connection: Connection, references: tuple[str, ...]) -> int | None:
    """The ticket of a mail that was taken in before and is answered now."""
    if not references:
        return None
    answered = _OF_MAILS.all(connection, {"these": references})
    found = {row.message_id: row.ticket for row in answered}
    return next((found[one] for one in references if one in found), None)


def _orders(connection: Connection, clues: Clues) -> dict[int, Order]:
    if not clues.orders:
        return {}
    found = connection.execute(select(orders).where(orders.c.number.in_(clues.orders)))
    return {row.number: rows.order_of(row) for row in found}


def _others(
    connection: Connection, account: Account | None, ticket: Ticket | None, clues: Clues
) -> tuple[Ticket, ...]:
    """Other tickets of the account that wait for a confirmation or for credits."""
    asks = clues.control.commands or clues.commands.commands
    if account is None or not asks:
        return ()
    waiting = connection.execute(
        select(tickets.c.number)
        .where(tickets.c.account == account.id, tickets.c.status == "awaiting_confirmation")
        .order_by(tickets.c.number)
    ).scalars()
    numbers = [one for one in waiting if ticket is None or one != ticket.number]
    return tuple(load_tickets(connection, numbers).values())


def waiting_tickets(connection: Connection, account: str) -> tuple[Ticket, ...]:
    """Tickets of an account whose price waits: tried again whenever credits are added (4.3)."""
    numbers = connection.execute(
        select(assessments.c.ticket)
        .join(tickets, tickets.c.number == assessments.c.ticket)
        .where(
            tickets.c.account == account,
            tickets.c.status == "awaiting_confirmation",
            assessments.c.verdict == "confirmed",
            assessments.c.funded.is_(False),
        )
    ).scalars()
    return tuple(load_tickets(connection, numbers).values())


def _entries(connection: Connection, account: Account | None, clues: Clues) -> tuple[Entry, ...]:
    if account is None or clues.commands.find(Verb.BALANCE) is None:
        return ()
    return last_entries(connection, account.id, ENTRIES_SHOWN)


def _letters_sent(
    connection: Connection,
    clues: Clues,
    ticket: Ticket | None,
    policy: Policy,
    at: datetime,
) -> dict[tuple[str, str, int | None], datetime]:
    """When help letters last went to the people this mail could cause one for."""
    limit = policy.mail.repeat_limit
    if limit is None or not (clues.commands.commands or clues.commands.is_unclear):
        return {}
    people = {clues.sender, ticket.requester if ticket else clues.sender}
    found = connection.execute(
        select(
            outbox.c.letter,
            outbox.c.recipient,
            outbox.c.ticket,
            func.max(outbox.c.created_at).label("at"),
        )
        .where(
            outbox.c.recipient.in_(people),
            outbox.c.letter.in_(HELP_LETTERS),
            outbox.c.created_at > at - limit,
        )
        .group_by(outbox.c.letter, outbox.c.recipient, outbox.c.ticket)
    )
    return {(row.letter, row.recipient, row.ticket): row.at for row in found}


def _topic(connection: Connection, ticket: Ticket | None) -> tuple[str, ...]:
    """What the ticket has been about: its subject, its first text and its latest ones."""
    if ticket is None:
        return ()
    return (ticket.subject, *examples.said(connection, ticket.number, most=TOPIC_MAX))


def _split_off(connection: Connection, ticket: Ticket | None, clues: Clues) -> SplitOff | None:
    """The split that somebody speaks of: the ticket's own, else the last one out of it."""
    asked = clues.commands.find(Verb.SAME_TOPIC) or clues.control.find("nosplit")
    if ticket is None or asked is None:
        return None
    found = examples.split_of(connection, ticket.number)
    if found is None:
        return None
    parent = load_ticket(connection, found.ticket)
    moved = load_tickets(connection, (found.moved_to,)).get(found.moved_to)
    if parent is None or moved is None or moved.merged_into is not None:
        return None
    return SplitOff(ticket=moved, parent=parent, by_itself=found.by_itself)
