"""Bring about what a case says is given, through the store's own tables."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, select, update

from acting.stage import Stage, instant
from gateway.desk import sla
from gateway.desk.invariants import Flaw
from gateway.desk.model import (
    Assessment,
    Clock,
    ClockKind,
    HotRush,
    Payment,
    PaymentMode,
    Status,
    Ticket,
    Verdict,
    Waiting,
)
from gateway.desk.step import EXPIRY, REMINDER, WARNING, Step
from gateway.store import rows
from gateway.store.engine import is_sqlite
from gateway.store.mail_tables import messages
from gateway.store.tables import (
    accounts,
    assessments,
    clocks,
    contacts,
    counters,
    entries,
    orders,
    tickets,
    timers,
    withdrawals,
)

HOUR = timedelta(hours=1)
NO_ACCOUNT = ("none", "else", "newco")
TICKET_KEYS = frozenset(
    {"id", "status", "department", "hotrush", "payment", "category", "charged", "hold", "free"}
    | {"assignee", "requester", "cc", "topic", "parent", "received_at", "closed_at"}
    | {"close_reason", "waiting_on", "warned", "reminded", "first_response_due"}
    | {"next_response_due", "last_message", "last_message_at", "assessments"}
)
ASSESSMENT_KEYS = frozenset({"label", "category", "cost", "status", "funded", "proposed_at"})
GIVEN_KEYS = frozenset(
    {"now", "now_local", "account", "ticket", "tickets", "order", "grants", "last_entry_at"}
    | {"last_run"}
)


class UnknownKey(Exception):
    """The schema has no such key: an error, never skipped."""


def check_keys(what: str, table: Mapping[str, Any], known: frozenset[str]) -> None:
    """Refuse keys nobody reads."""
    unknown = set(table) - known
    if unknown:
        raise UnknownKey(f"{what}: unknown keys {sorted(unknown)}")


@dataclass
class Given:
    """What was written, for comparing later."""

    account: str = "acme"
    last_ticket: int = 1000
    last_entry: int = 0
    tickets: dict[int, Ticket] = field(default_factory=dict)
    flaws: list[Flaw] = field(default_factory=list)
    """Invariants that the case itself begins with broken."""


def write_given(stage: Stage, table: Mapping[str, Any]) -> Given:
    """Write accounts, tickets, orders and the book of a case."""
    check_keys("given", table, GIVEN_KEYS)
    given = Given()
    now = instant(table["now"])
    account = table.get("account") or {"id": "acme", "balance": 40, "held": 0}
    check_keys("given.account", account, frozenset({"id", "balance", "held", "withdrawals_used"}))
    given.account = account["id"]
    own = {} if account["id"] in NO_ACCOUNT else account
    wanted = [*([table["ticket"]] if "ticket" in table else []), *table.get("tickets", [])]
    asleep_from = instant(table["last_run"]) if "last_run" in table else now

    def write(connection: Connection) -> None:
        _write_account(connection, stage, now, own)
        for one in wanted:
            made = make_ticket(stage, one, now)
            given.tickets[made.number] = made
            given.last_ticket = max(given.last_ticket, made.number)
            _write_ticket(connection, stage, made, one, asleep_from)
        go_on_after(connection, "ticket", given.last_ticket)
        _write_book(connection, table, own, list(given.tickets.values()), now)
        if "order" in table:
            _write_order(connection, table["order"], now)

    stage.query(write)
    given.last_entry = stage.query(
        lambda c: c.exec_driver_sql("SELECT coalesce(max(id), 0) FROM entries").scalar_one()
    )
    given.flaws = stage.flaws()
    return given


def _write_account(
    connection: Connection, stage: Stage, now: datetime, account: Mapping[str, Any]
) -> None:
    people = stage.meta["people"]["customers"]
    connection.execute(
        insert(accounts).values(id="acme", name="acme", opened_at=now - timedelta(days=365))
    )
    for name in ("ann", "bob"):
        connection.execute(
            insert(contacts).values(
                address=people[name],
                account="acme",
                name=name.title(),
                is_primary=name == "ann",
                language="",
                zone="",
            )
        )
    for _ in range(account.get("withdrawals_used", 0)):
        connection.execute(insert(withdrawals).values(account="acme", ticket=None, at=now - HOUR))


def make_ticket(stage: Stage, table: Mapping[str, Any], now: datetime) -> Ticket:
    """The ticket a case describes, with its assessments."""
    check_keys("ticket", table, TICKET_KEYS)
    people = stage.meta["people"]
    department = table.get("department", "support")
    status = Status(table["status"])
    charged, reserved = table.get("charged", 0) or 0, table.get("hold", 0) or 0
    named = _assessments(stage, table, now)
    received_at = instant(table["received_at"]) if "received_at" in table else now - 2 * HOUR
    closed_at = instant(table["closed_at"]) if "closed_at" in table else now - HOUR
    category = table.get("category")
    if category is None and named and not table.get("free"):
        category = named[0].category
    worked_on = status is Status.IN_PROGRESS and not reserved
    assignee = table.get("assignee")
    return Ticket(
        number=number_of(table["id"]),
        account="acme",
        requester=people["customers"].get(
            table.get("requester", "ann"), table.get("requester", people["customers"]["ann"])
        ),
        department=department,
        subject=table.get("topic")
        or ("Tax settings" if table.get("hotrush", "none") == "none" else "Shop is down"),
        received_at=received_at,
        status=status,
        waiting_on=_waiting(table, status),
        hotrush=HotRush(table.get("hotrush", "none")),
        payment=payment_of(table.get("payment", "ask_first"), department),
        category=category,
        free=table.get("free") or "",
        charged=charged,
        reserved=reserved,
        assignee=_address(stage, assignee) if assignee else None,
        parent=number_of(table["parent"]) if table.get("parent") else None,
        answered_at=now - HOUR if charged or worked_on else None,
        closed_at=closed_at if status is Status.CLOSED else None,
        close_reason=table.get("close_reason") or "",
        assessments=named,
        asked_last=status is Status.ASSIGNED and table.get("waiting_on") == "customer",
        last_text=table.get("last_message") or table.get("topic") or "",
        last_mail_at=instant(table["last_message_at"])
        if "last_message_at" in table
        else received_at,
    )


def _address(stage: Stage, name: str) -> str:
    for addresses in stage.meta["people"]["staff"].values():
        for one in [addresses] if isinstance(addresses, str) else addresses:
            if name in (one, one.partition("@")[0]):
                return str(one)
    raise UnknownKey(f"nobody of the staff is called {name!r}")


def _waiting(table: Mapping[str, Any], status: Status) -> Waiting:
    if table.get("waiting_on"):
        return Waiting(table["waiting_on"])
    if status in (Status.SUBMITTED, Status.ASSIGNED) or table.get("next_response_due"):
        return Waiting.STAFF
    return Waiting.CUSTOMER


def payment_of(value: Any, department: str = "support") -> Payment:
    """`ask_first`, `pre_agreed`, `none` or `{pre_agreed_up_to: N}`."""
    if isinstance(value, Mapping):
        return Payment(PaymentMode.PRE_AGREED, value["pre_agreed_up_to"])
    return Payment(PaymentMode(value if department == "support" else "none"))


def _assessments(stage: Stage, table: Mapping[str, Any], now: datetime) -> tuple[Assessment, ...]:
    policy = stage.settings.policy
    doubled = policy.hotrush.multiplier if table.get("hotrush") == "active" else 1
    named = table.get("assessments")
    if named is None:
        category, paid = (
            table.get("category"),
            (table.get("charged") or 0) + (table.get("hold") or 0),
        )
        if category is None or table.get("free"):
            return ()
        base = paid // doubled if paid else policy.credits.prices[category]
        one = Assessment(
            number=1,
            category=category,
            base=base,
            multiplier=doubled,
            verdict=Verdict.CONFIRMED,
            funded=True,
            proposed_at=now - HOUR,
            decided_at=now - HOUR,
            decided_by="given",
        )
        return (one,)
    return tuple(_assessment(one, doubled, now) for one in named)


def _assessment(table: Mapping[str, Any], doubled: int, now: datetime) -> Assessment:
    check_keys("assessment", table, ASSESSMENT_KEYS)
    cost = table["cost"]
    factor = doubled if cost % doubled == 0 else 1
    verdict = Verdict(table["status"])
    decided = verdict is not Verdict.OPEN
    proposed_at = instant(table["proposed_at"]) if "proposed_at" in table else now - HOUR
    return Assessment(
        number=int(table["label"].removeprefix("A")),
        category=table["category"],
        base=cost // factor,
        multiplier=factor,
        verdict=verdict,
        funded=bool(table.get("funded", verdict is Verdict.CONFIRMED)),
        proposed_at=proposed_at,
        decided_at=proposed_at if decided else None,
        decided_by="given" if decided else "",
    )


def _write_ticket(
    connection: Connection,
    stage: Stage,
    ticket: Ticket,
    table: Mapping[str, Any],
    asleep_from: datetime,
) -> None:
    running = _clocks(stage, ticket, table)
    left = _time_left(stage, ticket)
    connection.execute(
        insert(tickets).values(
            number=ticket.number,
            **rows.ticket_columns(replace(ticket, time_left=left)),
            ceiling=ticket.charged + ticket.reserved,
            thread=[f"given-{ticket.number}@acme.example"],
            version=1,
        )
    )
    for one in ticket.assessments:
        connection.execute(
            insert(assessments).values(ticket=ticket.number, **rows.assessment_columns(one))
        )
    for clock in running:
        connection.execute(
            insert(clocks).values(
                ticket=ticket.number,
                kind=str(clock.kind),
                started_at=clock.started_at,
                due_at=clock.due_at,
                urgent=clock.urgent,
            )
        )
        for step in _steps(stage, clock, table, asleep_from):
            _write_timer(connection, ticket.number, str(clock.kind), step, clock.due_at)
    present = ticket.present
    if present and present.verdict is Verdict.OPEN:
        steps = sla.confirmation_steps(stage.settings.policy, present.proposed_at)
        for step in steps:
            if step.at >= asleep_from or step.name == EXPIRY:
                _write_timer(connection, ticket.number, present.label, step, steps[-1].at)
    connection.execute(
        insert(messages).values(
            ticket=ticket.number,
            queue_id=None,
            kind="mail",
            author=ticket.requester,
            text=ticket.last_text,
            at=ticket.received_at,
            message_id=f"given-{ticket.number}@acme.example",
            verified=True,
        )
    )


def _time_left(stage: Stage, ticket: Ticket) -> timedelta | None:
    """What was left of the first promise when the assessment was sent."""
    if ticket.status is not Status.AWAITING or not ticket.assessments:
        return None
    policy = stage.settings.policy
    clock = sla.start_clock(
        policy, ClockKind.FIRST_RESPONSE, ticket.received_at, urgent=ticket.is_urgent
    )
    return sla.time_left(policy, clock, ticket.assessments[-1].proposed_at)


def _clocks(stage: Stage, ticket: Ticket, table: Mapping[str, Any]) -> tuple[Clock, ...]:
    """The promise that runs, as the case states it or as the ticket's state implies it."""
    policy = stage.settings.policy
    if ticket.status in (Status.AWAITING, Status.CLOSED):
        return ()
    for key, kind in (
        ("first_response_due", ClockKind.FIRST_RESPONSE),
        ("next_response_due", ClockKind.NEXT_RESPONSE),
    ):
        if table.get(key):
            started_at = (
                ticket.received_at
                if kind is ClockKind.FIRST_RESPONSE
                else ticket.last_mail_at or ticket.received_at
            )
            return (
                Clock(
                    kind=kind,
                    started_at=started_at,
                    due_at=instant(table[key]),
                    urgent=ticket.is_urgent,
                ),
            )
    if ticket.waiting_on is Waiting.CUSTOMER or ticket.status is Status.IN_PROGRESS:
        return ()
    kind = ClockKind.ANSWER if ticket.settled else ClockKind.FIRST_RESPONSE
    return (sla.start_clock(policy, kind, ticket.received_at, urgent=ticket.is_urgent),)


def _steps(
    stage: Stage, clock: Clock, table: Mapping[str, Any], asleep_from: datetime
) -> list[Step]:
    """Steps that have not happened yet."""
    policy = stage.settings.policy
    steps = []
    for step in sla.steps(policy, clock):
        if step.name == WARNING and (table.get("warned") or step.at < asleep_from):
            continue
        if step.name == REMINDER and (table.get("reminded") or step.at < asleep_from):
            steps.append(Step(REMINDER, sla.reminder_after(policy, asleep_from)))
        elif step.at >= asleep_from:
            steps.append(step)
    return steps


def _write_timer(
    connection: Connection, ticket: int, clock: str, step: Step, due_at: datetime
) -> None:
    connection.execute(
        insert(timers).values(ticket=ticket, clock=clock, step=step.name, at=step.at, due_at=due_at)
    )


def _write_book(
    connection: Connection,
    table: Mapping[str, Any],
    account: Mapping[str, Any],
    given: list[Ticket],
    now: datetime,
) -> None:
    """Entries that make the sums the case states."""
    at = instant(table["last_entry_at"]) if "last_entry_at" in table else now - 2 * HOUR
    charged = sum(ticket.charged for ticket in given)
    reserved = sum(ticket.reserved for ticket in given)
    grants = [(ref, 40) for ref in table.get("grants", [])]
    rest = account.get("balance", 0) + charged - sum(amount for _, amount in grants)
    made: list[dict[str, Any]] = [
        {"kind": "grant", "amount": amount, "held": 0, "ref": ref, "cause": f"website:{ref}"}
        for ref, amount in grants
    ]
    if rest:
        kind = "grant" if rest > 0 else "adjust"
        made.append({"kind": kind, "amount": rest, "held": 0, "cause": "given"})
    for ticket in given:
        if ticket.charged:
            made.append({"kind": "charge", "amount": -ticket.charged, "held": 0, "of": ticket})
        if ticket.reserved:
            made.append({"kind": "hold", "amount": 0, "held": ticket.reserved, "of": ticket})
    extra = account.get("held", 0) - reserved
    if extra:
        made.append({"kind": "hold", "amount": 0, "held": extra, "cause": "given hold"})
    for number, one in enumerate(made):
        ticket = one.pop("of", None)
        connection.execute(
            insert(entries).values(
                account="acme",
                ticket=ticket.number if ticket else None,
                at=at,
                actor="given",
                ref=one.pop("ref", ""),
                cause=one.pop("cause", f"given/{number}"),
                overdraft=1_000_000,
                reason="",
                **one,
            )
        )


def _write_order(connection: Connection, table: Mapping[str, Any], now: datetime) -> None:
    check_keys("order", table, frozenset({"id", "credits", "price_cents", "status", "currency"}))
    number = int(table["id"].removeprefix("P-"))
    connection.execute(
        insert(orders).values(
            number=number,
            account="acme",
            ordered_by="ann@acme.example",
            credits=table["credits"],
            price_cents=table["price_cents"],
            currency=table.get("currency", "USD"),
            status=table["status"],
            ordered_at=now - HOUR,
        )
    )
    go_on_after(connection, "order", number)


def go_on_after(connection: Connection, counter: str, number: int) -> None:
    """The next ticket or order has the number behind this."""
    if is_sqlite(connection):
        connection.execute(update(counters).where(counters.c.name == counter).values(value=number))
    else:
        connection.execute(select(func.setval(f"{counter}_numbers", number)))


def number_of(label: str) -> int:
    """1001 of `T-1001`."""
    return int(label.removeprefix("T-"))
