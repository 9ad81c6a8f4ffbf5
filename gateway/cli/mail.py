"""`gateway mail`: every mail that came in, what became of it, and the ones set aside."""

from functools import partial
from typing import Annotated, Any

import typer

from gateway.cli import mailboxes
from gateway.cli.operator import Config, Json, as_json, operator_of, print_rows, refuse, tell
from gateway.desk.operator import end_pauses
from gateway.store.listing import Story, TakenIn, latest_mails, stories
from gateway.store.mails import raw_of
from gateway.store.spent import all_pauses
from gateway.store.transaction import run_once
from gateway.work.acts import act

app = typer.Typer(
    help="Mails that came in: counted, listed, traced, released.", no_args_is_help=True
)
app.command()(mailboxes.reconcile)
QueueId = Annotated[str, typer.Argument(help="The queue id, as in the diary and in the 250 reply.")]


@app.command()
def count(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """Count mails: accepted = waiting + done + parked, always."""
    with operator_of(context).spool(config) as spool:
        counts = spool.counts()
    row = {
        "accepted": counts.accepted,
        "waiting": counts.waiting,
        "done": counts.done,
        "parked": counts.parked,
        "refused": counts.refused,
    }
    print_rows([row], as_lines=json)


@app.command("list")
def list_mails(
    context: typer.Context,
    state: Annotated[str, typer.Option(help="spooled, parked or done.")] = "parked",
    limit: Annotated[int, typer.Option(help="At most so many.")] = 100,
    config: Config = None,
    json: Json = False,
) -> None:
    """List mails that wait (spooled), were set aside (parked) or are taken in (done)."""
    if state not in ("spooled", "parked", "done"):
        refuse("--state is spooled, parked or done", 2)
    operator = operator_of(context)
    if state == "done":
        print_rows(_done(operator, config, limit), as_lines=json)
        return
    with operator.spool(config) as spool:
        listed = spool.listing("waiting" if state == "spooled" else "parked", limit)
    print_rows(
        (
            {
                "queue_id": one.envelope.queue_id,
                "received_at": one.envelope.received_at,
                "sender": one.envelope.reverse_path,
                "size": one.size,
                "tries": one.tries,
                "reason": one.reason,
            }
            for one in listed
        ),
        as_lines=json,
    )


def _done(operator: Any, config: Any, limit: int) -> list[dict[str, Any]]:
    with operator.desk(config) as (engine, desk):
        prefix = desk.policy.mail.ticket_prefix
        return [_row(one, prefix) for one in run_once(engine, lambda c: latest_mails(c, limit))]


def _row(one: TakenIn, prefix: str) -> dict[str, Any]:
    return {
        "queue_id": one.queue_id,
        "received_at": one.received_at,
        "sender": one.sender,
        "disposition": one.disposition,
        "ticket": f"{prefix}{one.ticket}" if one.ticket else None,
        "subject": one.subject,
    }


@app.command()
def show(context: typer.Context, queue_id: QueueId, config: Config = None) -> None:
    """Print the raw bytes of a mail, as it came."""
    import sys

    operator = operator_of(context)
    with operator.spool(config) as spool:
        spooled = spool.find(queue_id)
    raw = spooled.raw if spooled else None
    if raw is None:
        with operator.desk(config) as (engine, _):
            raw = run_once(engine, lambda c: raw_of(c, queue_id))
    if raw is None:
        refuse(f"there is no mail {queue_id}")
    sys.stdout.buffer.write(raw)


@app.command()
def release(
    context: typer.Context, queue_id: QueueId, config: Config = None, json: Json = False
) -> None:
    """Put a mail that was set aside back into the spool."""
    with operator_of(context).spool(config) as spool:
        if not spool.release(queue_id):
            refuse(f"no mail {queue_id} is parked; see gateway mail list --state parked")
    row = {"queue_id": queue_id, "state": "spooled"}
    tell(row, f"{queue_id}: released; a running gateway takes it in", as_line=json)


@app.command()
def pauses(context: typer.Context, config: Config = None, json: Json = False) -> None:
    """List what gets no automatic mail for a while: bounced addresses, spent budgets."""
    operator = operator_of(context)
    with operator.desk(config) as (engine, _):
        listed = run_once(engine, lambda c: all_pauses(c, operator.clock()))
    print_rows(
        (
            {
                "scope": one.scope,
                "key": one.key or None,
                "since": one.since,
                "until": one.until,
                "reason": one.reason,
            }
            for one in listed
        ),
        as_lines=json,
    )


@app.command()
def resume(
    context: typer.Context,
    key: Annotated[
        str, typer.Argument(help="Address, ticket or domain; nothing for the whole desk.")
    ] = "",
    config: Config = None,
    json: Json = False,
) -> None:
    """End a pause: automatic mail goes out again, what was withheld after a bounce included."""
    operator = operator_of(context)
    with operator.desk(config) as (engine, desk):
        wanted = key.lower().removeprefix(desk.policy.mail.ticket_prefix.lower())
        ended = [
            one
            for one in run_once(engine, lambda c: all_pauses(c, operator.clock()))
            if one.key == wanted
        ]
        if not ended:
            refuse("no such pause; see gateway mail pauses")
        act(engine, desk, lambda _: end_pauses(desk.policy, operator.clock(), tuple(ended)))
    for one in ended:
        row = {"scope": one.scope, "key": one.key or None}
        tell(row, f"{one.scope} {one.key}: resumed", as_line=json)


@app.command()
def trace(
    context: typer.Context, queue_id: QueueId, config: Config = None, json: Json = False
) -> None:
    """Tell a mail's story: rules that spoke, key, what was cut, where it went, what was sent.

    Takes a queue id or a Message-ID.
    """
    with operator_of(context).desk(config) as (engine, desk):
        prefix = desk.policy.mail.ticket_prefix
        found = run_once(engine, lambda c: stories(c, queue_id.strip("<>")))
        raws = {
            one.mail.queue_id: run_once(engine, partial(raw_of, queue_id=one.mail.queue_id))
            for one in found
        }
    if not found:
        refuse(f"no mail {queue_id} was taken in")
    for story in found:
        row = {**_story(story, prefix), "cut": _cuts(raws[story.mail.queue_id])}
        if json:
            print(as_json(row))
            continue
        for key, value in row.items():
            if isinstance(value, list):
                for one in value:
                    print(f"{key.replace('_', ' ') + ':':14} {one}")
            elif value is not None:
                print(f"{key.replace('_', ' ') + ':':14} {value}")
        print()


def _cuts(raw: bytes | None) -> list[str]:
    """What of a mail was no new text; its raw bytes are read once more."""
    from datetime import UTC, datetime

    from gateway.mail.cut import what_was_cut
    from gateway.mail.message import Envelope
    from gateway.mail.parse import read_mail

    if raw is None:
        return []
    mail = read_mail(raw, Envelope(queue_id="traced", received_at=datetime.now(UTC)))
    return [f"{one.kind}, {one.lines} lines: {one.first}" for one in what_was_cut(mail)]


def _story(story: Story, prefix: str) -> dict[str, Any]:
    mail = story.mail
    return {
        **_row(mail, prefix),
        "message_id": mail.message_id or None,
        "source": mail.source,
        "taken_in_at": mail.taken_in_at,
        "rules": list(mail.reasons),
        "events": list(mail.alarms),
        "filed": [f"{prefix}{ticket} as {kind}" for ticket, kind in story.filed],
        "letters": [f"{letter} to {to}: {state}" for letter, to, state in story.letters],
    }
