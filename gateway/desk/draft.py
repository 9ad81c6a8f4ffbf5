"""A decision in the making: changes are recorded and folded at once, so rules see their effect.

The draft is the only mutable thing of the core; it lives inside one call of `decide` or `due` and
ends as a frozen `Decision`.
"""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from gateway.desk.auto_submitted import AUTO_GENERATED, AUTO_REPLIED, automatic
from gateway.desk.decision import (
    Audience,
    Book,
    Change,
    Decision,
    Disposition,
    OpenAccount,
    OpenTicket,
    SendLetter,
    Thread,
)
from gateway.desk.evolve import evolve, evolve_account
from gateway.desk.language import Written, reads
from gateway.desk.model import Account, LetterValue, Order, Status, Ticket, TicketState
from gateway.desk.people import SUPPORT, Role
from gateway.desk.policy import Policy
from gateway.desk.weighing import Weighed
from gateway.ledger.balance import Movement
from gateway.ledger.entry import Entry, Kind


class Draft:
    """The state of the desk as far as one decision sees it, and what it has decided so far."""

    def __init__(
        self,
        *,
        policy: Policy,
        at: datetime,
        event: str,
        actor: str,
        account: Account | None = None,
        tickets: Iterable[Ticket] = (),
    ) -> None:
        self.policy = policy
        self.at = at
        """When the event happened: the receive time of a mail, the ring of a round."""
        self.event = event
        """Name of the event: what makes causes of entries and keys of letters unique."""
        self.actor = actor
        self.account = account
        self._had = account.balance.balance if account else None
        self._available = account.balance.available if account else 0
        self.written = Written()
        """The language of the mail at hand."""
        self.tickets = {ticket.number: ticket for ticket in tickets}
        self.before = dict(self.tickets)
        self.changes: list[Change] = []
        self.reasons: list[str] = []
        self.weighed: Weighed | None = None
        """What spoke for and against another topic, once a text was weighed."""
        self._entry_count = 0

    # Recording

    def record(self, *changes: Change) -> None:
        """Add changes in order and fold them into the tickets and the account."""
        for change in changes:
            self.changes.append(change)
            match change:
                case OpenAccount(account=account):
                    self.account = account
                case OpenTicket(ticket=ticket):
                    self.tickets[ticket.number] = ticket
                case Book(entry=entry):
                    self._fold(entry.ticket, change)
                case _:
                    self._fold(getattr(change, "ticket", None), change)
            if self.account:
                self.account = evolve_account(self.account, change)

    def _fold(self, number: int | None, change: Change) -> None:
        if isinstance(number, int) and number in self.tickets:
            self.tickets[number] = evolve(self.tickets[number], change)

    def because(self, reason: str) -> None:
        """Note a rule that spoke."""
        self.reasons.append(reason)

    # Credits

    def book(  # noqa: PLR0913 - an entry is these
        self,
        kind: Kind,
        *,
        amount: int = 0,
        held: int = 0,
        ticket: int | None = None,
        ref: str = "",
        reason: str = "",
        cause: str = "",
    ) -> None:
        """Append one entry to the account's book."""
        if self.account is None:
            raise AssertionError("a book needs an account")
        self._entry_count += 1
        self.record(
            Book(
                entry=Entry(
                    account=self.account.id,
                    kind=kind,
                    amount=amount,
                    held=held,
                    ticket=ticket,
                    ref=ref,
                    at=self.at,
                    actor=self.actor,
                    reason=reason,
                    cause=cause or f"{self.event}/{self._entry_count}",
                )
            )
        )

    def carry_out(self, ticket: int, steps: Iterable[Movement], reason: str = "") -> None:
        """Book the movements that bring a ticket to its price."""
        for step in steps:
            self.book(step.kind, amount=step.amount, held=step.held, ticket=ticket, reason=reason)

    @property
    def has_freed_credits(self) -> bool:
        """More credits are available than before: what waits for some may go on."""
        return bool(self.account and self.account.balance.available > self._available)

    # Letters

    def to_customer(  # noqa: PLR0913 - a letter is these
        self,
        letter: str,
        to: str,
        ticket: Ticket | None,
        *,
        thread: Thread = "mail",
        order: Order | None = None,
        assessment: int | None = None,
        copy_of: str = "",
        with_attachments: bool = False,
        **values: LetterValue,
    ) -> None:
        """A letter to a customer: automatic replies answer the mail at hand."""
        if "@" not in to:
            self.because(f"{letter} has no address to go to")
            return
        self.record(
            SendLetter(
                letter=letter,
                to=to,
                audience=Audience.CUSTOMER,
                thread=thread,
                automatic=automatic(letter, thread),
                ticket=ticket,
                order=order,
                assessment=assessment,
                values=values,
                copy_of=copy_of,
                with_attachments=with_attachments,
            )
        )

    def to_requester(
        self,
        letter: str,
        ticket: Ticket,
        *,
        writer: str = "",
        thread: Thread = "mail",
        assessment: int | None = None,
        **values: LetterValue,
    ) -> None:
        """A letter to the requester, and a copy to the contact who wrote, where that is another."""
        for address in dict.fromkeys((ticket.requester, writer or ticket.requester)):
            self.to_customer(
                letter,
                address,
                ticket,
                thread=thread,
                order=None,
                assessment=assessment,
                copy_of="" if address == ticket.requester else ticket.requester,
                with_attachments=False,
                **values,
            )

    def to_staff(  # noqa: PLR0913 - a letter is these
        self,
        letter: str,
        to: Iterable[str],
        ticket: Ticket | None,
        *,
        thread: Thread = "ticket",
        order: Order | None = None,
        copy_of: str = "",
        with_attachments: bool = False,
        **values: LetterValue,
    ) -> None:
        """The same letter to each of some staff addresses, or to those who stand in for them.

        An answer to the mail at hand goes to its writer, who is evidently there.
        """
        department = ticket.department if ticket else SUPPORT
        told = dict.fromkeys(to) if thread == "mail" else self.reach(to, department=department)
        for address in told:
            self.record(
                SendLetter(
                    letter=letter,
                    to=address,
                    audience=Audience.STAFF,
                    thread=thread,
                    automatic=AUTO_REPLIED if thread == "mail" else AUTO_GENERATED,
                    ticket=ticket,
                    order=order,
                    values=values,
                    copy_of=copy_of,
                    with_attachments=with_attachments,
                )
            )

    def to_operator(self, letter: str, **values: LetterValue) -> None:
        """A letter to everyone who runs the desk."""
        staff = self.policy.staff
        here = staff.present(staff.operator, self.policy.calendar.day_of(self.at))
        for address in here or staff.operator:
            self.record(
                SendLetter(
                    letter=letter,
                    to=address,
                    audience=Audience.OPERATOR,
                    thread="new",
                    automatic=AUTO_GENERATED,
                    values=values,
                )
            )

    # The end

    def finish(
        self, disposition: Disposition, *, ticket: int | None = None, hold_reason: str = ""
    ) -> Decision:
        """The frozen decision; every letter speaks of the state at its end."""
        self._warn_of_low_balance()
        return Decision(
            disposition=disposition,
            event=self.event,
            reasons=tuple(self.reasons),
            changes=tuple(self._with_final_state(change) for change in self._last_words()),
            ticket=ticket,
            account=self.account.id if self.account else None,
            hold_reason=hold_reason,
            states=tuple(
                TicketState(self.before.get(number), after)
                for number, after in self.tickets.items()
                if self.before.get(number) != after
            ),
            weighed=self.weighed,
        )

    def _warn_of_low_balance(self) -> None:
        """Option `credits.low_balance`: one letter whenever the balance falls below the number."""
        limit, account = self.policy.credits.low_balance, self.account
        if limit is None or account is None or self._had is None:
            return
        if self._had >= limit > account.balance.balance:
            self.because(f"the balance fell below {limit}")
            self.to_customer("credits_low", account.primary or "", None, thread="new")

    def _last_words(self) -> list[Change]:
        """Of the same letter to the same person about the same ticket only the last is sent."""
        last = {_about(one): one for one in self.changes if isinstance(one, SendLetter)}
        sent = {id(one) for one in last.values()}
        return [one for one in self.changes if not isinstance(one, SendLetter) or id(one) in sent]

    def _with_final_state(self, change: Change) -> Change:
        if not isinstance(change, SendLetter):
            return change
        ticket = change.ticket and self.tickets.get(change.ticket.number, change.ticket)
        is_customers = change.audience is Audience.CUSTOMER
        language = reads(change.to, self.account, self.written) if is_customers else ""
        return replace(change, ticket=ticket, account=self.account, language=language)

    # What rules ask

    def ticket(self, number: int) -> Ticket:
        """A ticket as it stands after the changes so far."""
        return self.tickets[number]

    def join(self, ticket: Ticket) -> None:
        """Take one more ticket of the account into the decision."""
        if ticket.number not in self.tickets:
            self.tickets[ticket.number] = self.before[ticket.number] = ticket

    def on_the_ticket(self, ticket: Ticket) -> tuple[str, ...]:
        """Who hears of a ticket: its assignee, else duty (HotRush) or dispatchers (policy 4.8)."""
        if ticket.assignee and ticket.status is not Status.SUBMITTED:
            return self.reach((ticket.assignee,), department=ticket.department)
        return self.watchers(ticket)

    def watchers(self, ticket: Ticket) -> tuple[str, ...]:
        """The duty list for HotRush, else the dispatchers of the department."""
        staff = self.policy.staff
        if ticket.is_urgent and staff.duty:
            return self.reach(staff.duty, department=ticket.department)
        return self.reach(staff.dispatchers_of(ticket.department), department=ticket.department)

    def with_role(self, role: Role) -> tuple[str, ...]:
        """Everyone with a role, or who stands in for them; nobody where nobody has it."""
        staff = self.policy.staff
        # Only leads may settle orders besides billing.
        first = staff.with_role("lead") if role == "billing" else ()
        return self.reach(staff.with_role(role), first=first)

    def reach(
        self, addresses: Iterable[str], *, department: str = SUPPORT, first: Iterable[str] = ()
    ) -> tuple[str, ...]:
        """Those of some staff addresses who are here; where all are away, who stands in for them.

        The duty list (after `first`), then the dispatchers, leads and managers; if everybody is
        away the letter goes to those it is for, so that somebody is told.
        """
        wanted = tuple(dict.fromkeys(addresses))
        day = self.policy.calendar.day_of(self.at)
        staff = self.policy.staff
        here = staff.present(wanted, day)
        if here or not wanted:
            return here
        for others in (
            first,
            staff.duty,
            staff.dispatchers_of(department),
            staff.with_role("lead"),
            staff.with_role("manager"),
        ):
            if stand_ins := staff.present(others, day):
                return stand_ins
        return wanted


def _about(letter: SendLetter) -> tuple[str, str, int | None]:
    return letter.letter, letter.to, letter.ticket.number if letter.ticket else None
