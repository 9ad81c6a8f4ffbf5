"""Erase one person: what `gateway customers erase ADDRESS` asks, refuses and tells."""

from datetime import datetime
from typing import TYPE_CHECKING, Final

import typer

from gateway.cli.operator import refuse

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.desk.people import Staff
    from gateway.spool import Spool

HEAD_MAX: Final = 65_536
"""Octets of a mail in which its header is looked for."""
KEPT: Final = """Kept: numbers of tickets and the credits of their account.
Not touched: backups, the diary, mailboxes, spools of other nodes."""


def describe(engine: "Engine", spool: "Spool", staff: "Staff", address: str) -> None:
    """Tell what is known; ends the command where it is nothing, or must not be erased now."""
    from gateway.store.erasure import known
    from gateway.store.transaction import run_once

    if staff.person(address):
        refuse(f"{address} is staff: take them out of staff.toml instead")
    refuse_while_waiting(spool, address)
    found = run_once(engine, lambda c: known(c, address))
    if not found:
        refuse(f"nothing is known about {address}")
    print(f"{address}: {told(found)}")


def carry_out(engine: "Engine", address: str, at: datetime) -> None:
    """Erase, and tell what went."""
    from gateway.store.erasure import erase
    from gateway.store.transaction import run_once

    erased = run_once(engine, lambda c: erase(c, address, at=at))
    print(f"Erased: {told(erased.counts)}. In their place stands {erased.stand_in}.")
    print(KEPT)


def told(counts: dict[str, int]) -> str:
    """`1 contact, 3 tickets`."""
    named = (
        f"{count} {what.removesuffix('s') if count == 1 else what}"
        for what, count in counts.items()
        if count
    )
    return ", ".join(named) or "nothing"


def refuse_while_waiting(spool: "Spool", address: str) -> None:
    """A mail that is not taken in yet would bring the person back."""
    waiting = _mentioning(spool, address)
    if waiting:
        ids = ", ".join(waiting[:5])
        refuse(f"{len(waiting)} mails of {address} wait or are set aside: {ids}; see gateway mail")


def _mentioning(spool: "Spool", address: str) -> list[str]:
    """Queue ids of mails, waiting or set aside, whose envelope or header names an address."""
    with spool.read() as connection:
        rows = connection.execute(
            "SELECT queue_id, envelope, substr(raw, 1, ?) FROM spool ORDER BY seq", (HEAD_MAX,)
        ).fetchall()
    return [
        queue_id
        for queue_id, envelope, raw in rows
        if address in envelope.casefold()
        or address in _head(bytes(raw)).decode("utf-8", "replace").casefold()
    ]


def _head(raw: bytes) -> bytes:
    """The header fields of a mail."""
    return raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0]


def ask(address: str) -> None:
    """A question on the terminal; anything but yes ends the command."""
    if not typer.confirm(f"Erase {address}? This cannot be undone"):
        refuse("nothing was erased")
