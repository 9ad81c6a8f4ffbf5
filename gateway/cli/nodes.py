"""`gateway nodes`: which nodes serve this desk, and what each holds."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.operator import Config, Json, operator_of, print_rows, refuse

if TYPE_CHECKING:
    from gateway.store.nodes import Node


def add_to(app: typer.Typer) -> None:
    """Put the command into the tree."""
    app.command()(nodes)
    app.command()(storage)


def nodes(
    context: typer.Context,
    forget: Annotated[
        str, typer.Option(metavar="NODE", help="Drop a node from the list that is gone for good.")
    ] = "",
    config: Config = None,
    json: Json = False,
) -> None:
    """List the nodes of this desk: who is alive, and what each holds.

    A node is one `gateway run`. It reports every 15 seconds; `stale` has been silent for a minute,
    `stopped` ended in good order. Letters it has claimed go out by another node when their lease
    ends. Mails that wait or are parked lie in the spool of that node: start it again there, and
    they are taken in. Exit code 1 where a node is stale.
    """
    from gateway.store.nodes import all_nodes
    from gateway.store.nodes import forget as drop
    from gateway.store.transaction import run_once

    operator = operator_of(context)
    with operator.desk(config) as (engine, _):
        now = operator.clock()
        if forget:
            if not run_once(engine, lambda c: drop(c, forget, now)):
                refuse(f"{forget}: unknown, alive, or mails wait in its spool; see gateway nodes")
            print(f"{forget}: forgotten")
            return
        listed = run_once(engine, lambda c: all_nodes(c, now))
    print_rows((_row(one, in_full=json) for one in listed), as_lines=json)
    if any(one.state == "stale" for one in listed):
        raise typer.Exit(1)


def storage(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """Show how much is kept: the database, raw mails, sent letters, large files, this node's spool.

    `[retention]` in gateway.toml lets raw mails and letters go after a time. A database reuses the
    room of what went; its file does not shrink by itself.
    """
    from gateway.store.retention import database_octets, kept_octets
    from gateway.store.transaction import run_once

    operator = operator_of(context)
    with operator.desk(config) as (engine, _):
        whole = run_once(engine, database_octets)
        kept = run_once(engine, kept_octets)
    with operator.spool(config) as spool:
        counts, octets = spool.counts(), spool.octets()
    rows = [{"what": "database", "count": None, "octets": whole}]
    rows += [{"what": what, "count": count, "octets": size} for what, (count, size) in kept.items()]
    rows.append({"what": "spool", "count": counts.waiting + counts.parked, "octets": octets})
    print_rows(rows, as_lines=json)


def _row(one: "Node", *, in_full: bool) -> dict[str, Any]:
    beat = one.beat
    row: dict[str, Any] = {
        "node": beat.name,
        "state": one.state,
        "version": beat.version,
        "started_at": beat.started_at,
        "seen_at": one.seen_at,
        "letters": one.letters,
        "lease_until": one.lease_until,
        "waiting": beat.waiting,
        "parked": beat.parked,
    }
    more = {"host": beat.host, "pid": beat.pid, "accepted": beat.accepted}
    return row | more if in_full else row
