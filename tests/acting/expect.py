"""Compare what followed with what a case says must follow; every difference is one line."""

import re
from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from acting.given import Given, UnknownKey, check_keys, number_of, payment_of
from acting.stage import Stage, instant
from gateway.desk import sla
from gateway.desk.model import Clock, ClockKind, Ticket, Verdict
from gateway.desk.step import EXPIRY, REMINDER
from gateway.store import rows
from gateway.store.desk_rows import load_account, load_contact, load_tickets
from gateway.store.mail_tables import outbox
from gateway.store.tables import entries, orders, tickets

THEN_KEYS = frozenset(
    {"ticket", "tickets", "tickets_created", "account", "ledger", "order", "timers", "mails"}
    | {"mail_contains", "headers", "cli_exit", "cli_output_order", "events"}
)
CLOCKS = {
    "first_response_due": ClockKind.FIRST_RESPONSE,
    "answer_due": ClockKind.ANSWER,
    "next_response_due": ClockKind.NEXT_RESPONSE,
}


def differences(
    stage: Stage, given: Given, then: Mapping[str, Any], cli: list[tuple[int, str]]
) -> list[str]:
    """Every difference between the stage and `then`."""
    check_keys("then", then, THEN_KEYS)
    found: list[str] = []
    found += _tickets(stage, given, then)
    found += _account(stage, given, then)
    found += _ledger(stage, given, then)
    found += _order(stage, then)
    found += _timers(stage, then)
    found += _mails(stage, then)
    found += _flaws(stage, given)
    if "cli_exit" in then and [code for code, _ in cli] != then["cli_exit"]:
        found.append(f"cli_exit: {cli} instead of {then['cli_exit']}")
    if "cli_output_order" in then:
        found += _in_order("".join(output for _, output in cli), then["cli_output_order"])
    return found


def _flaws(stage: Stage, given: Given) -> list[str]:
    """Whatever a case wants, it breaks no invariant that held before (policy 4.10)."""
    flaws = [one for one in stage.flaws() if one not in given.flaws]
    return [f"invariant {one.invariant}: {one.where}: {one.what}" for one in flaws]


def _in_order(output: str, wanted: list[str]) -> list[str]:
    position = 0
    for text in wanted:
        at = output.find(str(text), position)
        if at < 0:
            return [f"cli_output_order: {text!r} does not follow in {output!r}"]
        position = at + len(str(text))
    return []


def _load(stage: Stage) -> dict[int, Ticket]:
    return stage.query(
        lambda c: load_tickets(c, c.execute(select(tickets.c.number)).scalars().all())
    )


def _tickets(stage: Stage, given: Given, then: Mapping[str, Any]) -> list[str]:
    found: list[str] = []
    known = _load(stage)
    created = {n: t for n, t in known.items() if n > given.last_ticket}
    if "tickets_created" in then and len(created) != then["tickets_created"]:
        found.append(f"tickets_created: {len(created)} instead of {then['tickets_created']}")
    if "ticket" in then:
        table = then["ticket"]
        if "all" in table:
            check_keys("then.ticket", table, frozenset({"all"}))
            for ticket in created.values():
                found += _ticket(stage, ticket, table["all"])
        else:
            number = number_of(table.get("id", "T-1001"))
            found += _ticket(stage, known.get(number), table)
    for label, table in then.get("tickets", {}).items():
        found += _ticket(stage, known.get(number_of(label)), table)
    return found


FIELDS: dict[str, Callable[[Ticket], Any]] = {
    "id": lambda one: f"T-{one.number}",
    "status": lambda one: str(one.status),
    "department": lambda one: one.department,
    "hotrush": lambda one: str(one.hotrush),
    "hotrush_reason": lambda one: one.hotrush_reason,
    "category": lambda one: one.category,
    "charged": lambda one: one.charged,
    "hold": lambda one: one.reserved,
    "free": lambda one: one.free or None,
    "requester": lambda one: one.requester,
    "parent": lambda one: one.parent and f"T-{one.parent}",
    "merged_into": lambda one: one.merged_into and f"T-{one.merged_into}",
    "subject": lambda one: one.subject,
    "close_reason": lambda one: one.close_reason,
    "waiting_on": lambda one: str(one.waiting_on),
    "breached": lambda one: one.breached,
    "new_sender": lambda one: one.account == one.requester,
}


def _ticket(stage: Stage, ticket: Ticket | None, table: Mapping[str, Any]) -> list[str]:
    if ticket is None:
        return [f"no ticket for {table}"]
    found = []
    for key, value in table.items():
        wanted = value
        if key == "assessments":
            found += _assessments(ticket, wanted)
            continue
        if key == "payment":
            got, wanted = ticket.payment, payment_of(value, ticket.department)
        elif key == "assignee":
            got = ticket.assignee.partition("@")[0] if ticket.assignee else None
        elif key in FIELDS:
            got = FIELDS[key](ticket)
        else:
            raise UnknownKey(f"then.ticket: {key}")
        if got != wanted:
            found.append(f"T-{ticket.number}.{key}: {got!r} instead of {wanted!r}")
    return found


def _assessments(ticket: Ticket, wanted: list[Mapping[str, Any]]) -> list[str]:
    found = []
    for table in wanted:
        one = ticket.assessment(int(table["label"].removeprefix("A")))
        got = one and {
            "label": one.label,
            "category": one.category,
            "cost": one.price,
            "status": str(one.verdict),
            "funded": one.funded,
            "proposed_at": one.proposed_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        }
        if got is None or any(got[key] != value for key, value in table.items()):
            found.append(f"T-{ticket.number} {table['label']}: {got} instead of {table}")
    return found


def _account(stage: Stage, given: Given, then: Mapping[str, Any]) -> list[str]:
    if "account" not in then:
        return []
    keys = frozenset({"balance", "held", "available", "withdrawals_used"})
    check_keys("then.account", then["account"], keys)

    def read(connection: Connection) -> dict[str, int]:
        name: str | None = given.account
        if name != "acme":
            people = stage.meta["people"]["customers"]
            address = people.get({"else": "stranger"}.get(name or "", name), "")
            contact = load_contact(connection, address)
            name = contact.account if contact else None
        account = load_account(connection, name)
        if account is None:
            return dict.fromkeys(keys, 0)
        return {
            "balance": account.balance.balance,
            "held": account.balance.held,
            "available": account.balance.available,
            "withdrawals_used": len(account.withdrawals),
        }

    got = stage.query(read)
    return [
        f"account.{key}: {got[key]} instead of {wanted}"
        for key, wanted in then["account"].items()
        if got[key] != wanted
    ]


def _ledger(stage: Stage, given: Given, then: Mapping[str, Any]) -> list[str]:
    def read(connection: Connection) -> list[dict[str, Any]]:
        found = connection.execute(
            select(entries).where(entries.c.id > given.last_entry).order_by(entries.c.id)
        )
        return [
            {
                "kind": row.kind,
                "amount": row.amount,
                "held": row.held,
                "ticket": row.ticket and f"T-{row.ticket}",
                "ref": row.ref or None,
            }
            for row in found
        ]

    wanted = then.get("ledger", [])
    for one in wanted:
        check_keys("then.ledger", one, frozenset({"kind", "amount", "held", "ticket", "ref"}))
    got = stage.query(read)
    same = len(got) == len(wanted) and all(
        all(have[key] == value for key, value in {"held": 0, **want}.items())
        for have, want in zip(got, wanted, strict=True)
    )
    return [] if same else [f"ledger: {got} instead of {wanted}"]


def _order(stage: Stage, then: Mapping[str, Any]) -> list[str]:
    if "order" not in then:
        return []
    row = stage.query(lambda c: c.execute(select(orders).order_by(orders.c.number.desc())).first())
    if row is None:
        return ["no order"]
    order = rows.order_of(row)
    got = {
        "id": order.label,
        "credits": order.credits,
        "price_cents": order.price_cents,
        "currency": order.currency,
        "status": str(order.status),
    }
    return [
        f"order.{key}: {got[key]} instead of {value}"
        for key, value in then["order"].items()
        if got[key] != value
    ]


def _timers(stage: Stage, then: Mapping[str, Any]) -> list[str]:
    found = []
    known = _load(stage)
    for key, text in then.get("timers", {}).items():
        label, _, name = key.rpartition(".")
        ticket = known.get(number_of(label or "T-1001"))
        got = None if ticket is None else _timer(stage, ticket, name)
        wanted = None if text is None else instant(text)
        if got != wanted:
            found.append(f"timers.{key}: {got} instead of {wanted}")
    return found


def _timer(stage: Stage, ticket: Ticket, name: str) -> datetime | None:
    policy = stage.settings.policy
    if name in CLOCKS:
        clock = ticket.clock(CLOCKS[name])
        return clock.due_at if clock else None
    if name == "reopen_until":
        return ticket.closed_at and ticket.closed_at + policy.close.reopen_window
    if name.startswith("confirm_"):
        present = ticket.present
        if present is None or present.verdict is not Verdict.OPEN:
            return None
        step = {"confirm_reminder_at": REMINDER, "confirm_expires_at": EXPIRY}[name]
        steps = sla.confirmation_steps(policy, present.proposed_at)
        return next(one.at for one in steps if one.name == step)
    clock = next(iter(ticket.clocks), None)
    return _step(stage, clock, name) if clock else None


def _step(stage: Stage, clock: Clock, name: str) -> datetime:
    policy = stage.settings.policy
    steps = sla.escalations(policy, urgent=clock.urgent)
    made = {
        "reminder_at": lambda: sla.reminder_after(policy, clock.started_at),
        "warn_at": lambda: sla.warning_at(policy, clock),
        "escalate_1_at": lambda: sla.escalation_at(policy, clock, steps[0]),
        "escalate_2_at": lambda: sla.escalation_at(policy, clock, steps[1]),
    }
    if name not in made:
        raise UnknownKey(f"then.timers: {name}")
    return made[name]()


def _mails(stage: Stage, then: Mapping[str, Any]) -> list[str]:
    found = []
    copies = stage.query(
        lambda c: set(
            c.execute(select(outbox.c.message_id).where(outbox.c.copy_of != "")).scalars()
        )
    )
    letters = [
        one
        for one in stage.smarthost.taken
        if str(one.mail["Message-ID"]).strip("<> ") not in copies
    ]
    if "mails" in then:
        got = Counter((one.event, one.recipient) for one in letters)
        wanted = Counter((one["template"], one["to"]) for one in then["mails"])
        found += [f"letter not expected: {key} × {n}" for key, n in (got - wanted).items()]
        found += [f"letter missing: {key} × {n}" for key, n in (wanted - got).items()]
    for template, texts in then.get("mail_contains", {}).items():
        have = [folded(one.text) for one in letters if one.event == template]
        missing = [text for text in texts if not any(folded(text) in one for one in have)]
        if missing:
            found.append(f"{template} lacks {missing}; it says {have}")
    for template, headers in then.get("headers", {}).items():
        mails = [one.mail for one in letters if one.event == template]
        for name, value in headers.items():
            values = [" ".join(str(mail[name]).split()) for mail in mails]
            if value not in values:
                found.append(f"{template}: {name} is {values} instead of {value!r}")
    waiting = stage.query(
        lambda c: c.execute(
            select(func.count()).select_from(outbox).where(outbox.c.state == "failed")
        ).scalar_one()
    )
    return found + ([f"{waiting} letters failed"] if waiting else [])


def folded(text: object) -> str:
    """Case, white space and `: , ; ( )` folded."""
    return " ".join(re.sub(r"[\s:,;()]+", " ", str(text)).casefold().split())
