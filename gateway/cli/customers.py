"""`gateway customers`: accounts, their contacts and agreements."""

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from sqlalchemy import Connection

from gateway.cli.customer_list import bring_in, read_list, write_list
from gateway.cli.erase import ask, carry_out, describe
from gateway.cli.operator import (
    Config,
    Json,
    Operator,
    operator_of,
    print_rows,
    refuse,
    tell,
    title,
)
from gateway.cli.person import write_person
from gateway.desk import operator
from gateway.desk.decision import Decision
from gateway.desk.model import Account, Contact
from gateway.mail.address import normalised_address
from gateway.store import book, register
from gateway.store.desk_rows import load_account
from gateway.store.facts import waiting_tickets
from gateway.store.register import account_named
from gateway.store.transaction import run_once
from gateway.work.acts import act
from gateway.worktime.zone import UnknownZone
from gateway.worktime.zone import zone as zone_named

app = typer.Typer(help="Customers: accounts and who may write for them.", no_args_is_help=True)
AccountName = Annotated[
    str,
    typer.Argument(help="The account, or the address of one of its contacts.", metavar="ACCOUNT"),
]


@app.command()
def add(
    context: typer.Context,
    account: Annotated[str, typer.Argument(help="A short name, such as acme.")],
    contact: Annotated[
        list[str], typer.Option(help="Address that may write; the first is primary.")
    ],
    name: Annotated[str, typer.Option(help="The customer's full name.")] = "",
    config: Config = None,
    json: Json = False,
) -> None:
    """Open an account.

    An address that has written before has an account of its own: its tickets come along, unless
    that account has credits, orders or an agreement; then this is refused.
    """
    with operator_of(context).desk(config) as (engine, desk):
        at = desk.clock()
        adopted = run_once(
            engine, lambda c: register.open_account(c, account, contact, at=at, name=name)
        )
        opened = run_once(engine, lambda c: account_named(c, account))
    tell(_row(opened), f"{account}: opened with {', '.join(contact)}", as_line=json)
    if not json:
        _tell_adopted(account, adopted)


def _row(one: Account) -> dict[str, Any]:
    """An account as one line."""
    return {
        "account": one.id,
        "name": one.name,
        "balance": one.balance.balance,
        "held": one.balance.held,
        "available": one.balance.available,
        "contacts": ", ".join(contact.address for contact in one.contacts),
    }


def _tell_adopted(account: str, adopted: Mapping[str, int]) -> None:
    for address, tickets in adopted.items():
        what = {0: "no ticket came", 1: "1 ticket came"}.get(tickets, f"{tickets} tickets came")
        print(f"{address}: was a customer of its own; {what} along to {account}")


@app.command("list")
def list_accounts(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """List accounts and their credits."""
    with operator_of(context).desk(config) as (engine, _):
        listed = run_once(engine, register.all_accounts)
    print_rows(map(_row, listed), as_lines=json)


@app.command()
def show(
    context: typer.Context, account: AccountName, config: Config = None, json: Json = False
) -> None:
    """Show one account: credits, agreement, contacts."""
    with operator_of(context).desk(config) as (engine, _):
        found = run_once(engine, lambda c: account_named(c, account))
    row = {
        "account": found.id,
        "name": found.name,
        "payment": str(found.payment) if found.payment else None,
        "balance": found.balance.balance,
        "held": found.balance.held,
        "available": found.balance.available,
        "withdrawals_used": len(found.withdrawals),
        "contacts": ", ".join(one.address for one in found.contacts),
        "primary": found.primary,
        "language": _each(found.contacts, "language"),
        "zone": _each(found.contacts, "zone"),
    }
    if json:
        print_rows([row], as_lines=True)
        return
    for key, value in row.items():
        print(f"{title(key) + ':':18} {'-' if value is None else value}")


@app.command("set")
def set_account(
    context: typer.Context,
    account: AccountName,
    name: Annotated[str | None, typer.Option(help="The customer's full name.")] = None,
    payment: Annotated[
        str | None,
        typer.Option(help="Standing agreement: ask_first, pre_agreed, or default."),
    ] = None,
    add_contact: Annotated[list[str] | None, typer.Option(help="Address that may write.")] = None,
    remove_contact: Annotated[
        list[str] | None, typer.Option(help="Address that may write no longer.")
    ] = None,
    primary: Annotated[str | None, typer.Option(help="Address that hears of credits.")] = None,
    language: Annotated[str | None, typer.Option(help="Language of letters, such as de.")] = None,
    zone: Annotated[
        str | None,
        typer.Option(help="Time zone in which due times are said too, such as Asia/Tokyo; or ''."),
    ] = None,
    config: Config = None,
    json: Json = False,
) -> None:
    """Change an account; language and zone of all its contacts, or of the one you name."""
    if payment not in (None, "ask_first", "pre_agreed", "default"):
        refuse("--payment is ask_first, pre_agreed or default", 2)
    values: dict[str, str | None] = {}
    if name is not None:
        values["name"] = name
    if payment is not None:
        values["payment"] = None if payment == "default" else payment
    reading = _reading(operator_of(context), config, language, zone)
    only = normalised_address(account) if "@" in account else ""
    with operator_of(context).desk(config) as (engine, desk):
        at = desk.clock()

        def write(connection: Connection) -> tuple[Account, dict[str, int]]:
            found = account_named(connection, account)
            if values:
                register.change_account(connection, found.id, values, at=at)
            people = (
                Contact(address=address, account=found.id, is_primary=not found.contacts)
                for address in add_contact or ()
            )
            adopted = register.add_contacts(connection, people, at=at)
            for address in remove_contact or ():
                register.remove_contact(connection, found.id, address, at=at)
            if primary is not None:
                register.make_primary(connection, found.id, primary, at=at)
            if reading:
                register.set_reading(connection, found.id, reading, only=only, at=at)
            return load_account(connection, found.id) or found, adopted

        changed, adopted = run_once(engine, write)
    tell(_row(changed), f"{account}: changed", as_line=json)
    if not json:
        _tell_adopted(account, adopted)


def _need_language(asked: Operator, config: Path | None, language: str) -> None:
    """A language without letters is refused; `de-AT` reads those in `de`."""
    from gateway.daemon import plan_of
    from gateway.letters.proof import languages
    from gateway.letters.shelf import Shelf
    from gateway.letters.tongue import shorter

    plan = plan_of(asked.settings(config))
    known = languages(Shelf(plan.built_in_letters, plan.own_letters))
    if not set(shorter(language)) & set(known):
        refuse(f"no letters in {language!r}; there are: {', '.join(known)}", 2)


def _reading(
    asked: Operator, config: Path | None, language: str | None, zone: str | None
) -> dict[str, str]:
    """How contacts read their letters, as far as it was said; what nobody knows is refused."""
    if language:
        _need_language(asked, config, language)
    if zone:
        try:
            zone_named(zone)
        except UnknownZone as error:
            refuse(str(error), 2)
    given = {"language": language, "zone": zone}
    return {name: value for name, value in given.items() if value is not None}


@app.command()
def website(
    context: typer.Context,
    account: AccountName,
    order: Annotated[str, typer.Option(help="Order number of the sold website.")],
    config: Config = None,
    json: Json = False,
) -> None:
    """Record a sold website: its free credits are added, once for the order number."""
    with operator_of(context).desk(config) as (engine, desk):

        def decide(connection: Connection) -> Decision:
            found = account_named(connection, account)
            return operator.sell_website(
                desk.policy,
                desk.clock(),
                found,
                waiting_tickets(connection, found.id),
                order=order,
                earlier=book.website_entries(connection, found.id, order),
            )

        decision, _ = act(engine, desk, decide)
    count = desk.policy.credits.website_grant if decision.changes else 0
    done = f"{account}: {count} credits" if count else f"{account}: nothing changed"
    tell({"account": account, "granted": count}, done, as_line=json)


@app.command("export")
def export_accounts(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="One person, by their address.")] = "",
    file: Annotated[
        Path | None, typer.Option(help="The ZIP file to write about this person.")
    ] = None,
    config: Config = None,
) -> None:
    """Write all accounts and contacts as CSV; or all that is known about one person as ZIP.

    The ZIP holds rows of the database as JSON, their mails as they came, and letters to them. It
    names what is known by this address; a mail that still waits in a spool is not in it.
    """
    if bool(address) != bool(file):
        refuse("one person needs both: gateway customers export ADDRESS --file FILE", 2)
    if file is not None:
        with operator_of(context).desk(config) as (engine, _):
            known = normalised_address(address)
            count = run_once(engine, lambda c: write_person(c, known, file))
        print(f"{file}: {count} rows about {known}")
        return
    with operator_of(context).desk(config) as (engine, _):
        listed = run_once(engine, register.all_accounts)
    write_list(listed, sys.stdout)


@app.command()
def erase(
    context: typer.Context,
    address: Annotated[str, typer.Argument(help="One person, by their address.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    config: Config = None,
) -> None:
    """Erase one person: texts, mails, attachments, letters, name and address. The book stays.

    Refused while a mail of or to them waits, or a ticket of theirs is open.
    """
    operator, known = operator_of(context), normalised_address(address)
    with operator.desk(config) as (engine, desk), operator.spool(config) as spool:
        describe(engine, spool, desk.policy.staff, known)
        if not yes:
            ask(known)
        carry_out(engine, known, desk.clock())


@app.command("import")
def import_accounts(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(help="CSV with the columns of customers export.")],
    config: Config = None,
) -> None:
    """Add accounts and contacts from CSV; what exists is left as it is, wrong lines are named."""
    with file.open(encoding="utf-8-sig", newline="") as source:
        listed, problems = read_list(source)
    if problems:
        refuse("\n".join([*(f"{file}:{one}" for one in problems), "nothing was imported"]))
    with operator_of(context).desk(config) as (engine, desk):
        at = desk.clock()
        count = run_once(engine, lambda c: sum(bring_in(c, row, at) for row in listed))
    print(f"{count} contacts added")


def _each(people: Iterable[Contact], field: str) -> str | None:
    """What contacts have told or been given: once where all agree."""
    said = {one.address: getattr(one, field) for one in people}
    if len(set(said.values())) <= 1:
        return next(iter(said.values()), "") or None
    return ", ".join(f"{address} {value}" for address, value in said.items() if value)
