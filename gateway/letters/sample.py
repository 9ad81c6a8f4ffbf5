"""Letters as examples: realistic values for every letter and every branch worth seeing.

`gateway templates preview` shows them, `gateway templates check` tries templates with them, and
the tests keep what they look like. The same desk stands behind all of them: one Wednesday in July,
a shop called Acme, two contacts, one ticket after another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from gateway.desk.decision import Audience, SendLetter, Thread
from gateway.desk.draft import AUTO_GENERATED, AUTO_REPLIED, automatic
from gateway.desk.model import (
    PRE_AGREED,
    Account,
    Assessment,
    Clock,
    ClockKind,
    Contact,
    HotRush,
    LetterValue,
    Order,
    OrderStatus,
    Payment,
    PaymentMode,
    Status,
    Ticket,
    Verdict,
    Withdrawal,
)
from gateway.ledger.balance import Balance
from gateway.letters.heading import Frame

NOON: Final = datetime(2026, 7, 8, 8, tzinfo=UTC)
"""Wednesday, 8 July 2026, 12:00 in the desk's zone."""
TOMORROW: Final = NOON + timedelta(days=1)
ANN: Final = "ann@acme.example"
BOB: Final = "bob@acme.example"
MAX: Final = "max@desk.example"
ANSWER: Final = """\
Hello Ann,

the tax is set under Settings > Taxes. Please

  1. choose the zone "EU",
  2. set the rate to 20 %,
  3. press "Save" and clear the cache.

Prices in the shop then include the tax."""
QUESTION: Final = "Hello Ann,\n\nwhich version do you use, and since when do you see this?"
REQUEST: Final = """\
Hello,

since this morning the shop shows prices without tax.
We changed nothing. Can you help?

Ann Miller"""


@dataclass(frozen=True, slots=True)
class Sample:
    """One letter as it could be."""

    branch: str
    """What is special about it; empty for the usual case."""
    letter: SendLetter
    frame: Frame

    @property
    def name(self) -> str:
        """`assessment_request`, `assessment_request-raised`."""
        return f"{self.letter.letter}-{self.branch}" if self.branch else self.letter.letter


def clock(due_at: datetime = TOMORROW, *, urgent: bool = False) -> tuple[Clock, ...]:
    """A promise that runs."""
    return (Clock(kind=ClockKind.FIRST_RESPONSE, started_at=NOON, due_at=due_at, urgent=urgent),)


URGENT_CLOCK: Final = clock(NOON + timedelta(hours=1), urgent=True)


def assessment(
    number: int = 1,
    category: int = 2,
    *,
    multiplier: int = 1,
    verdict: Verdict = Verdict.OPEN,
    funded: bool = False,
    note: str = "",
) -> Assessment:
    """A price that was named at noon."""
    return Assessment(
        number=number,
        category=category,
        base={1: 5, 2: 10, 3: 20}[category],
        multiplier=multiplier,
        verdict=verdict,
        funded=funded,
        proposed_at=NOON,
        note=note,
    )


AGREED: Final = assessment(verdict=Verdict.CONFIRMED, funded=True)
AGREED_URGENT: Final = assessment(multiplier=2, verdict=Verdict.CONFIRMED, funded=True)
NEW: Final = Ticket(
    number=1001,
    account="acme",
    requester=ANN,
    department="support",
    subject="Prices without tax",
    received_at=NOON,
    clocks=clock(),
    last_text=REQUEST,
    last_mail_at=NOON,
    last_mail_id="request.1@acme.example",
)
URGENT: Final = replace(NEW, subject="Shop is down", hotrush=HotRush.ACTIVE, clocks=URGENT_CLOCK)
ASKED: Final = replace(
    NEW,
    status=Status.AWAITING,
    category=2,
    assignee=MAX,
    assessments=(assessment(),),
    clocks=(),
)
ASKED_URGENT: Final = replace(
    ASKED,
    subject="Shop is down",
    hotrush=HotRush.ACTIVE,
    assessments=(assessment(multiplier=2),),
)
RESERVED: Final = replace(
    ASKED, status=Status.ASSIGNED, assessments=(AGREED,), reserved=10, clocks=clock()
)
ANSWERED: Final = replace(
    RESERVED, status=Status.IN_PROGRESS, reserved=0, charged=10, clocks=(), answered_at=NOON
)
RAISED: Final = replace(
    RESERVED,
    status=Status.AWAITING,
    clocks=(),
    reserved=5,
    category=1,
    assessments=(
        assessment(1, 1, verdict=Verdict.CONFIRMED, funded=True),
        assessment(2, 3, note="modified core files found"),
    ),
)
CLOSED: Final = replace(
    ANSWERED, status=Status.CLOSED, closed_at=NOON, close_reason="customer", assignee=MAX
)
ELSEWHERE: Final = replace(
    NEW,
    department="sales",
    subject="Licence for a second shop",
    payment=Payment(PaymentMode.NONE),
)
PRE: Final = replace(NEW, payment=PRE_AGREED)
PRE_UP_TO: Final = replace(NEW, payment=Payment(PaymentMode.PRE_AGREED, up_to=10))
ORDER: Final = Order(
    number=17,
    account="acme",
    ordered_by=ANN,
    credits=50,
    price_cents=23000,
    currency="USD",
    status=OrderStatus.PENDING,
    ordered_at=NOON,
)


def account(balance: int = 40, held: int = 0, *, withdrawals: int = 0) -> Account:
    """The account of the shop."""
    return Account(
        id="acme",
        name="Acme Shop",
        balance=Balance(balance, held),
        contacts=(
            Contact(address=ANN, account="acme", name="Ann Miller", is_primary=True),
            Contact(address=BOB, account="acme", name="Bob Brown"),
        ),
        withdrawals=tuple(Withdrawal(ticket=900 + n, at=NOON) for n in range(withdrawals)),
    )


FULL: Final = account()
FRAME: Final = Frame(
    event="sample",
    at=NOON,
    answered="reply.2@acme.example",
    thread=("request.1@acme.example", "ticket_received.0@desk.example"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """A letter's values in one branch, before it has a name."""

    ticket: Ticket | None = NEW
    account: Account | None = FULL
    to: str = ""
    assessment: int | None = None
    order: Order | None = None
    values: Mapping[str, LetterValue]


def case(
    ticket: Ticket | None = NEW,
    account: Account | None = FULL,
    *,
    to: str = "",
    assessment: int | None = None,
    order: Order | None = None,
    usual: Mapping[str, LetterValue] | None = None,
    **values: LetterValue,
) -> Case:
    """A case whose further names are the letter's own values, put over the usual ones."""
    return Case(
        ticket=ticket,
        account=account,
        to=to,
        assessment=assessment,
        order=order,
        values={**(usual or {}), **values},
    )


Cases = Mapping[str, Case]
Build = Callable[[str, Cases], tuple[Sample, ...]]


def to_customers(thread: Thread) -> Build:
    """Makes samples of a letter to a customer."""

    def build(name: str, cases: Cases) -> tuple[Sample, ...]:
        return tuple(
            Sample(
                branch,
                SendLetter(
                    letter=name,
                    to=one.to or ANN,
                    audience=Audience.CUSTOMER,
                    thread=thread,
                    automatic=automatic(name, thread),
                    ticket=one.ticket,
                    account=one.account,
                    order=one.order,
                    assessment=one.assessment,
                    values=one.values,
                ),
                FRAME,
            )
            for branch, one in cases.items()
        )

    return build


def to_staff(thread: Thread, to: str = "dispatch@desk.example") -> Build:
    """Makes samples of a letter to staff."""

    def build(name: str, cases: Cases) -> tuple[Sample, ...]:
        return tuple(
            Sample(
                branch,
                SendLetter(
                    letter=name,
                    to=one.to or to,
                    audience=Audience.STAFF,
                    thread=thread,
                    automatic=AUTO_REPLIED if thread == "mail" else AUTO_GENERATED,
                    ticket=one.ticket,
                    account=one.account,
                    order=one.order,
                    values=one.values,
                ),
                FRAME,
            )
            for branch, one in cases.items()
        )

    return build


def to_operators(name: str, cases: Cases) -> tuple[Sample, ...]:
    """Samples of a letter to whoever runs the desk."""
    return tuple(
        Sample(
            branch,
            SendLetter(
                letter=name,
                to="postmaster@desk.example",
                audience=Audience.OPERATOR,
                thread="new",
                automatic=AUTO_GENERATED,
                values=one.values,
            ),
            FRAME,
        )
        for branch, one in cases.items()
    )
