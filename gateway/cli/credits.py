"""`gateway credits`: the book of credits."""

from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from gateway.cli.customers import AccountName
from gateway.cli.operator import Config, Json, operator_of, print_rows, tell
from gateway.desk import operator
from gateway.desk.decision import Decision
from gateway.desk.model import Account
from gateway.store import book, proof
from gateway.store.facts import waiting_tickets
from gateway.store.register import account_named
from gateway.store.transaction import run_once
from gateway.work.acts import act

app = typer.Typer(help="The book of credits: balances, entries, proof.", no_args_is_help=True)
Reason = Annotated[str, typer.Argument(help="Why; the customer reads it in the statement.")]


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r} is no whole number; write it in digits, such as 5"
        ) from None


def _balance_of(account: Account) -> dict[str, Any]:
    return {
        "account": account.id,
        "balance": account.balance.balance,
        "held": account.balance.held,
        "available": account.balance.available,
    }


@app.command()
def balance(
    context: typer.Context, account: AccountName, config: Config = None, json: Json = False
) -> None:
    """Show what an account has: balance, reserved and available credits."""
    with operator_of(context).desk(config) as (engine, _):
        found = run_once(engine, lambda c: account_named(c, account))
    print_rows([_balance_of(found) | {"withdrawals_used": len(found.withdrawals)}], as_lines=json)


@app.command()
def statement(
    context: typer.Context, account: AccountName, config: Config = None, json: Json = False
) -> None:
    """List every entry of an account, oldest first."""
    with operator_of(context).desk(config) as (engine, desk):
        found = run_once(engine, lambda c: list(book.statement(c, account_named(c, account).id)))
        prefix = desk.policy.mail.ticket_prefix
    print_rows(
        (
            {
                "at": one.at,
                "kind": str(one.kind),
                "amount": one.amount,
                "held": one.held,
                "ticket": f"{prefix}{one.ticket}" if one.ticket else None,
                "ref": one.ref or None,
                "reason": one.reason or None,
                "actor": one.actor or None,
            }
            for one in found
        ),
        as_lines=json,
    )


@app.command(context_settings={"ignore_unknown_options": True})
def grant(
    context: typer.Context,
    account: AccountName,
    count: Annotated[
        int, typer.Argument(help="Credits to add, a whole number above 0.", parser=_whole)
    ],
    reason: Reason,
    config: Config = None,
    json: Json = False,
) -> None:
    """Add goodwill credits to an account; what waits for credits goes on."""
    with operator_of(context).desk(config) as (engine, desk):

        def decide(connection: Connection) -> Decision:
            found = account_named(connection, account)
            waiting = waiting_tickets(connection, found.id)
            return operator.grant(
                desk.policy, desk.clock(), found, waiting, count=count, reason=reason
            )

        act(engine, desk, decide)
        found = run_once(engine, lambda c: account_named(c, account))
    row = _balance_of(found) | {"granted": count}
    tell(row, f"{account}: {count} credits granted", as_line=json)


@app.command(context_settings={"ignore_unknown_options": True})
def adjust(
    context: typer.Context,
    account: AccountName,
    count: Annotated[
        int, typer.Argument(help="Credits to add or, below 0, to take away.", parser=_whole)
    ],
    reason: Reason,
    config: Config = None,
    json: Json = False,
) -> None:
    """Correct the book by an entry of its own; nothing that is written is ever changed."""
    with operator_of(context).desk(config) as (engine, desk):

        def decide(connection: Connection) -> Decision:
            found = account_named(connection, account)
            waiting = waiting_tickets(connection, found.id)
            return operator.adjust(
                desk.policy, desk.clock(), found, waiting, count=count, reason=reason
            )

        act(engine, desk, decide)
        found = run_once(engine, lambda c: account_named(c, account))
    row = _balance_of(found) | {"adjusted": count}
    tell(row, f"{account}: adjusted by {count:+d}", as_line=json)


@app.command()
def verify(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """Prove the whole book: every invariant of the policy, over every entry and ticket.

    Exit code 0 where all of them hold, 1 where one does not; each flaw is named.
    """
    with operator_of(context).desk(config) as (engine, desk):
        flaws = run_once(engine, lambda c: list(proof.prove(c, desk.policy)))
    print_rows(
        ({"invariant": one.invariant, "where": one.where, "what": one.what} for one in flaws),
        as_lines=json,
    )
    if flaws:
        raise typer.Exit(1)
    if not json:
        print("the book adds up")
