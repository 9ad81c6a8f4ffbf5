"""`gateway orders`: credits that customers want to buy."""

import re
from typing import Annotated

import typer
from sqlalchemy import Connection

from gateway.cli.operator import Config, Json, operator_of, print_rows, refuse, tell
from gateway.desk import operator
from gateway.desk.decision import Decision
from gateway.desk.model import Account, Order
from gateway.letters.context import money
from gateway.store.desk_rows import load_account
from gateway.store.facts import waiting_tickets
from gateway.store.listing import all_orders, order_numbered
from gateway.store.transaction import run_once
from gateway.work.acts import act

app = typer.Typer(
    help="Orders of credits: list them, record payments, cancel.", no_args_is_help=True
)
Label = Annotated[str, typer.Argument(help="The order, such as P-17.", metavar="ORDER")]


@app.command("list")
def list_orders(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """List orders, latest first."""
    with operator_of(context).desk(config) as (engine, _):
        listed = run_once(engine, all_orders)
    print_rows(
        (
            {
                "id": one.label,
                "account": one.account,
                "credits": one.credits,
                "price": money(one.price_cents, one.currency),
                "status": str(one.status),
                "ordered_at": one.ordered_at,
            }
            for one in listed
        ),
        as_lines=json,
    )


@app.command()
def paid(context: typer.Context, order: Label, config: Config = None, json: Json = False) -> None:
    """Record the payment of an order: its credits are added, once."""
    with operator_of(context).desk(config) as (engine, desk):

        def decide(connection: Connection) -> Decision:
            found, account = _load(connection, order)
            waiting = waiting_tickets(connection, account.id)
            return operator.pay_order(desk.policy, desk.clock(), account, waiting, found)

        decision, _ = act(engine, desk, decide)
    added = bool(decision.changes)
    done = f"{order}: paid" if added else f"{order}: was recorded as paid already, nothing changed"
    tell({"id": order, "status": "paid", "changed": added}, done, as_line=json)


@app.command()
def cancel(context: typer.Context, order: Label, config: Config = None, json: Json = False) -> None:
    """Cancel an order that was not paid."""
    with operator_of(context).desk(config) as (engine, desk):

        def decide(connection: Connection) -> Decision:
            found, account = _load(connection, order)
            return operator.cancel_order(desk.policy, desk.clock(), account, found)

        decision, _ = act(engine, desk, decide)
    row = {"id": order, "status": "cancelled", "changed": bool(decision.changes)}
    tell(row, f"{order}: cancelled", as_line=json)


def _load(connection: Connection, label: str) -> tuple[Order, Account]:
    found = re.fullmatch(r"[Pp]-?(\d{1,9})", label)
    order = order_numbered(connection, int(found[1])) if found else None
    account = load_account(connection, order.account) if order else None
    if order is None or account is None:
        refuse(f"there is no order {label}; see gateway orders list")
    return order, account
