"""`gateway tickets`: what the desk works on."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from datetime import datetime, tzinfo
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from gateway.cli.operator import (
    Config,
    Json,
    as_json,
    operator_of,
    print_rows,
    printable,
    refuse,
    title,
)
from gateway.desk.model import Ticket, Verdict
from gateway.desk.queue import queue_order
from gateway.letters.context import instant
from gateway.store.desk_rows import load_tickets
from gateway.store.listing import Said, all_tickets, said_in
from gateway.store.transaction import run_once

app = typer.Typer(help="Tickets: the queue, and one ticket in full.", no_args_is_help=True)


def row_of(one: Ticket, prefix: str) -> dict[str, Any]:
    """A ticket as the command line names its fields."""
    clock = min(one.clocks, key=lambda clock: clock.due_at, default=None)
    return {
        "id": f"{prefix}{one.number}",
        "status": str(one.status),
        "hotrush": str(one.hotrush),
        "department": one.department,
        "account": one.account,
        "requester": one.requester,
        "assignee": one.assignee,
        "due": clock.due_at if clock else None,
        "subject": one.subject,
    }


@app.command("list")
def list_tickets(
    context: typer.Context,
    everything: Annotated[bool, typer.Option("--all", help="Closed tickets too.")] = False,
    config: Config = None,
    json: Json = False,
) -> None:
    """List open tickets in queue order: HotRush first, then by due time (rule H4)."""
    with operator_of(context).desk(config) as (engine, desk):
        listed = queue_order(run_once(engine, lambda c: all_tickets(c, closed=everything)))
        prefix = desk.policy.mail.ticket_prefix
    zone = desk.policy.calendar.zone
    print_rows((row_of(one, prefix) for one in listed), as_lines=json, zone=zone)


@app.command()
def show(
    context: typer.Context,
    ticket: Annotated[str, typer.Argument(help="The ticket, such as T-1001.")],
    config: Config = None,
    json: Json = False,
) -> None:
    """Show one ticket: state, price, promises and what was said."""
    found = re.fullmatch(r"[A-Za-z]{0,8}-?(\d{1,9})", ticket)
    if not found:
        refuse(f"{ticket!r} is no ticket; write it like T-1001", 2)
    number = int(found[1])
    with operator_of(context).desk(config) as (engine, desk):

        def read(connection: Connection) -> tuple[Ticket | None, list[Said]]:
            return load_tickets(connection, [number]).get(number), said_in(connection, number)

        one, said = run_once(engine, read)
        prefix = desk.policy.mail.ticket_prefix
    if one is None:
        refuse(f"there is no ticket {ticket}; see gateway tickets list")
    row = full_row(one, prefix)
    if json:
        print(as_json({**row, "messages": [asdict(one) for one in said]}))
        return
    zone = desk.policy.calendar.zone
    for key, value in row.items():
        for number, line in enumerate(_lines(value, zone)):
            name = "" if number else title(key) + ":"
            print(printable(f"{name:18} {line}"))
    for message in said:
        warning = "" if message.verified else ", not verified"
        at = instant(message.at, zone)
        print()
        print(printable(f"{message.kind} of {message.author}, {at}{warning}"))
        for line in message.text.split("\n"):
            print(printable(f"  {line}"))


def _lines(value: Any, zone: tzinfo) -> Iterable[str]:
    """A value as people read it, a line for each of several; nothing for an empty one."""
    if value is None or value in ("", [], {}, False):
        return
    if isinstance(value, datetime):
        yield instant(value, zone)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            yield f"{name.replace('_', ' ')} {' '.join(_lines(one, zone))}"
    elif isinstance(value, list):
        for each in value:
            yield _assessment(each, zone)
    else:
        yield "yes" if value is True else str(value)


def _assessment(each: Mapping[str, Any], zone: tzinfo) -> str:
    """`A1: category 2, 10 credits, open, proposed Wed 8 Jul 2026 12:00 …`."""
    waits = each["status"] == Verdict.CONFIRMED and not each["funded"]
    return (
        f"{each['label']}: category {each['category']}, {each['cost']} credits, {each['status']}"
        f"{', waits for credits' if waits else ''}, proposed {instant(each['proposed_at'], zone)}"
    )


def full_row(one: Ticket, prefix: str) -> dict[str, Any]:
    """A ticket with price, promises and relations; fields named as in acceptance cases."""
    payment: Any = str(one.payment.mode)
    if one.payment.up_to is not None:
        payment = {"pre_agreed_up_to": one.payment.up_to}
    return {
        **row_of(one, prefix),
        "waiting_on": str(one.waiting_on),
        "hotrush_reason": one.hotrush_reason,
        "payment": payment,
        "category": one.category,
        "free": one.free or None,
        "charged": one.charged,
        "hold": one.reserved,
        "parent": f"{prefix}{one.parent}" if one.parent else None,
        "merged_into": f"{prefix}{one.merged_into}" if one.merged_into else None,
        "received_at": one.received_at,
        "closed_at": one.closed_at,
        "close_reason": one.close_reason,
        "breached": one.breached,
        "timers": {f"{clock.kind}_due": clock.due_at for clock in one.clocks},
        "assessments": [
            {
                "label": each.label,
                "category": each.category,
                "cost": each.price,
                "status": str(each.verdict),
                "funded": each.funded,
                "proposed_at": each.proposed_at,
            }
            for each in one.assessments
        ],
    }
