"""Mailboxes at the command line: `gateway mail reconcile`, and lines of `gateway check`."""

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.operator import Config, Json, Operator, Quiet, operator_of, print_rows, refuse
from gateway.cli.progress import progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from contextlib import AbstractContextManager

    from sqlalchemy import Engine

    from gateway.wire.imap_account import Account
    from gateway.work.comparison import Comparison
    from gateway.work.intake import Desk

    Opened = Callable[[Path | None], AbstractContextManager[tuple[Engine, Desk]]]

SHOWN = 8


def reconcile(
    context: typer.Context,
    name: Annotated[str, typer.Argument(help="A mailbox of the settings; all without.")] = "",
    again: Annotated[bool, typer.Option("--again", help="Take lost mails in again.")] = False,
    config: Config = None,
    quiet: Quiet = False,
    json: Json = False,
) -> None:
    """Count mailboxes against the journal, and name what differs.

    `waiting` are UIDs that were not taken in yet; `lost` are mails that were taken in and are not
    here any more, as after a restored backup. Exit code 1 where there is either.

    On a restored desk, mails that move money were held; they are listed and go on, unless a mailbox
    could not be counted or holds lost mails that are not taken in again.
    """
    operator = operator_of(context)
    has_mailbox = bool(operator.settings(config).gateway.imap)
    restored = _is_restored(operator, config)
    accounts = list(chosen(operator, config, name)) if has_mailbox or not restored else []
    rows = []
    with progress("reconcile", len(accounts), quiet=quiet or json) as step:
        for account in accounts:
            rows.append(_row(operator, config, account, again=again, in_full=json))
            step(account.name)
    if not quiet:
        print_rows(rows, as_lines=json)
    if restored and any(row["trouble"] or (row["lost"] and not again) for row in rows):
        refuse("mails that move money stay held: see above, and use --again for what was lost")
    if restored:
        _let_money_move(operator, config, json=json)
    if any(row["waiting"] or row["lost"] or row["trouble"] for row in rows):
        raise typer.Exit(1)


def _is_restored(operator: Operator, config: Path | None) -> bool:
    """Whether money is held, or mails that were held still lie in this node's spool."""
    from gateway.store.transaction import run_once
    from gateway.work.restored import held_mails, restored_at

    with operator.spool(config) as spool, operator.desk(config) as (engine, _):
        return bool(run_once(engine, restored_at) or held_mails(spool))


def _let_money_move(operator: Operator, config: Path | None, *, json: bool) -> None:
    from gateway.store.transaction import run_once
    from gateway.work.restored import end_hold, held_mails

    with operator.spool(config) as spool, operator.desk(config) as (engine, _):
        ended = run_once(engine, lambda c: end_hold(c, operator.clock()))
        released = []
        # In pieces, because a listing is bounded.
        while held := held_mails(spool):
            released += [one.envelope for one in held if spool.release(one.envelope.queue_id)]
    print_rows(
        (
            {
                "released": one.queue_id,
                "received_at": one.received_at,
                "sender": one.reverse_path,
            }
            for one in released
        ),
        as_lines=json,
    )
    if ended and not json:
        print("money moves again; what was held is taken in by a running gateway")


def chosen(operator: Operator, config: Path | None, name: str) -> "list[Account]":
    """One mailbox of the settings, or all of them; ends the command where there is none."""
    from gateway.settings.mailboxes import accounts

    found = accounts(operator.settings(config))
    if not found:
        refuse("the settings name no mailbox: see [imap.support] in gateway.toml")
    if name and name not in found:
        refuse(f"there is no mailbox {name}; there are {', '.join(found)}", 2)
    return [found[name]] if name else list(found.values())


def _row(
    operator: Operator, config: Path | None, account: "Account", *, again: bool, in_full: bool
) -> dict[str, Any]:
    from gateway.wire.imap_trouble import MailboxTrouble
    from gateway.work.comparison import take_again

    names = ("mails", "taken", "repeats", "too_large", "unsettled", "waiting", "lost")
    try:
        found = _compared(operator, config, account, operator.desk)
    except MailboxTrouble as trouble:
        return {"mailbox": account.name, **dict.fromkeys(names), "trouble": str(trouble)}
    if again and found.lost:
        with operator.spool(config) as spool:
            asyncio.run(take_again(account, spool, found.lost))
    row = {one: getattr(found, one) for one in names}
    for one in ("waiting", "lost"):
        row[one] = list(row[one]) if in_full else _few(row[one])
    return {"mailbox": account.name, **row, "trouble": None}


def _few(found: tuple[object, ...]) -> str | None:
    more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
    return f"{', '.join(map(str, found[:SHOWN]))}{more}" if found else None


def _compared(
    operator: Operator, config: Path | None, account: "Account", opened: "Opened"
) -> "Comparison":
    from gateway.store.mails import taken_in
    from gateway.store.transaction import run_once
    from gateway.work.comparison import compare

    with operator.spool(config) as spool, opened(config) as (engine, _):
        return asyncio.run(
            compare(
                account,
                spool,
                operator.clock,
                lambda ids: run_once(engine, lambda c: taken_in(c, ids)),
            )
        )


def probe(operator: Operator, config: Path | None, name: str) -> tuple[str, str]:
    """A line of `gateway check`: connect, log in, open the folder; changes nothing there."""
    from gateway.wire.imap_trouble import MailboxTrouble
    from gateway.work.mailbox import ADVICE

    (account,) = chosen(operator, config, name)
    try:
        found = _compared(operator, config, account, operator.opened)
        if found.doubt is not None:
            raise found.doubt
    except MailboxTrouble as trouble:
        advice = ADVICE[trouble.kind].format(name=name)
        return "FAIL", f"{account.place}: {trouble.reason} ({trouble.kind}). {advice}"
    return "ok", f"{account.place}: {found.mails} mails, {len(found.waiting)} not taken in yet"
