"""Smallest valid values of a desk for tests of the core; keywords say what matters."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from calendars import calendar

from gateway.desk import sla
from gateway.desk.draft import Draft
from gateway.desk.model import Account, Clock, ClockKind, HotRush, Status, Ticket
from gateway.desk.people import Addresses, Person, Staff
from gateway.desk.policy import Policy

ONCALL = "oncall@desk.example"
DISPATCH = "dispatch@desk.example"
EVA = "eva@desk.example"
LEE = "lee@desk.example"
MIA = "mia@desk.example"
BILL = "bill@desk.example"
OPERATOR = "postmaster@desk.example"
ROLES: dict[str, Any] = {
    EVA: ("engineer",),
    LEE: ("engineer", "lead"),
    MIA: ("manager",),
    BILL: ("billing",),
}
ADDRESSES = Addresses(
    inboxes={"support@desk.example": "support"},
    reply_pattern="support+{token}@desk.example",
    domain="desk.example",
)


def utc(text: str) -> datetime:
    """`2026-07-08T08:00`, in UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def a_staff(away: dict[str, tuple[str, str]] | None = None, **lists: Any) -> Staff:
    """Eva, Lee the lead, Mia the manager and Bill; `away` has first and last day by address."""
    absent = {
        who: (tuple(date.fromisoformat(day) for day in days),) for who, days in (away or {}).items()
    }
    people = tuple(
        Person(
            name=address.partition("@")[0].title(),
            address=address,
            roles=frozenset(roles),
            away=absent.get(address, ()),  # type: ignore[arg-type]  # two days each
        )
        for address, roles in ROLES.items()
    )
    usual = {"dispatchers": {"support": (DISPATCH,)}, "duty": (ONCALL,), "operator": (OPERATOR,)}
    return Staff(people=people, **(usual | lists))


def a_policy(staff: Staff | None = None, desk: Any = None, **options: Any) -> Policy:
    """The default policy."""
    return Policy(
        calendar=desk or calendar(), staff=staff or a_staff(), addresses=ADDRESSES, **options
    )


def a_ticket(**values: Any) -> Ticket:
    """T-1001 of acme, received Wednesday noon."""
    usual: dict[str, Any] = {
        "number": 1001,
        "account": "acme",
        "requester": "ann@acme.example",
        "department": "support",
        "subject": "Tax settings",
        "received_at": utc("2026-07-08T08:00"),
        "last_text": "How do I set up VAT?",
    }
    return Ticket(**(usual | values))


def assigned(policy: Policy, at: str = "2026-07-08T08:00", **values: Any) -> Ticket:
    """A ticket of Eva's with a running first-response clock."""
    urgent = values.pop("urgent", False)
    clock = values.pop("clock", None) or a_clock(policy, at, urgent=urgent)
    return a_ticket(
        status=Status.ASSIGNED,
        assignee=EVA,
        hotrush=HotRush.ACTIVE if urgent else HotRush.NONE,
        clocks=(clock,),
        **values,
    )


def a_clock(policy: Policy, at: str = "2026-07-08T08:00", *, urgent: bool = False) -> Clock:
    """A first-response clock from an instant on."""
    return sla.start_clock(policy, ClockKind.FIRST_RESPONSE, utc(at), urgent=urgent)


def a_draft(policy: Policy, at: str, *tickets: Ticket) -> Draft:
    """A draft of a decision at an instant."""
    return Draft(
        policy=policy,
        at=utc(at),
        event="test",
        actor="test",
        account=Account(id="acme"),
        tickets=tickets,
    )


MINUTE = timedelta(minutes=1)
