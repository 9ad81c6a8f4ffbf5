"""Several nodes take the same money matters in at once: charged once (invariants 7, 11)."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from acting.given import write_given
from acting.stage import NOW, Stage
from sqlalchemy import select

from gateway.desk.token import Purpose
from gateway.mail.message import Envelope
from gateway.spool import new_queue_id
from gateway.store.mail_tables import outbox
from gateway.store.tables import entries
from gateway.wire.relay import read_relay
from gateway.wire.smtp_out import SmarthostCarrier
from gateway.work.assembly import Parts
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")

NODES = 8
AWAITING = {
    "id": "T-1001",
    "status": "awaiting_confirmation",
    "assignee": "eva",
    "assessments": [{"label": "A1", "category": 2, "cost": 10, "status": "open"}],
}
CONFIRMED = {
    "id": "T-1001",
    "status": "assigned",
    "category": 2,
    "hold": 10,
    "assignee": "eva",
    "payment": "pre_agreed",
}


def a_node(stage: Stage, folder: Path, reader: Reader) -> Parts:
    """One more node on the same database, with a spool of its own."""
    relay = read_relay(stage.smarthost.url, timeout=5)
    plan = replace(stage.parts.plan, state_dir=folder, node=folder.name)
    folder.mkdir()
    return Parts(
        plan, stage.clock, lambda: SmarthostCarrier(relay, hostname="desk.example"), reader
    )


async def all_at_once(stage: Stage, folder: Path, reader: Reader, who: str, text: str) -> None:
    """The same words in eight mails, each taken in by a node of its own."""
    keys, addresses = stage.parts.plan.keys, stage.parts.plan.policy.addresses
    purpose = Purpose.REPLY if "acme" in who else Purpose.STAFF
    address = addresses.reply_address(keys.make(purpose, "1001", who))
    nodes = [a_node(stage, folder / f"node{number}", reader) for number in range(NODES)]
    for number, node in enumerate(nodes):
        raw = f"From: {who}\r\nTo: {address}\r\nSubject: Re: [T-1001]\r\n"
        raw += f"Message-ID: <m{number}@acme.example>\r\n\r\n{text}\r\n"
        envelope = Envelope(
            queue_id=new_queue_id(NOW),
            received_at=NOW,
            reverse_path=who,
            forward_paths=(address,),
            source="smtp",
        )
        await node.spool.put(envelope, raw.encode())
    # One writer at a time: the others ask again after a rest, as a daemon does.
    while any(node.spool.counts().waiting for node in nodes):
        await asyncio.gather(*(node.intake.take_waiting() for node in nodes))
        stage.clock.at += timedelta(minutes=1)
    assert not any(node.spool.counts().parked for node in nodes)
    for node in nodes:
        await node.close()


def movements(stage: Stage) -> list[tuple[str, int, int]]:
    """What was booked, without what was given."""
    found = stage.query(
        lambda c: c.execute(
            select(entries.c.kind, entries.c.amount, entries.c.held, entries.c.actor)
            .where(entries.c.actor != "given")
            .order_by(entries.c.id)
        ).all()
    )
    return [(kind, amount, held) for kind, amount, held, _ in found]


def letters(stage: Stage, name: str) -> int:
    """How often a letter was written."""
    rows: list[Any] = stage.query(
        lambda c: c.execute(select(outbox.c.id).where(outbox.c.letter == name)).all()
    )
    return len(rows)


async def test_eight_confirmations_at_once_reserve_once(
    stage: Stage, tmp_path: Path, reader: Reader
) -> None:
    write_given(
        stage,
        {
            "now": NOW.isoformat(),
            "account": {"id": "acme", "balance": 40, "held": 0},
            "ticket": AWAITING,
        },
    )

    await all_at_once(stage, tmp_path, reader, "ann@acme.example", "I confirm.")

    assert movements(stage) == [("hold", 0, 10)]
    assert letters(stage, "assessment_confirmed") == 1
    assert stage.flaws() == []


async def test_eight_answers_at_once_charge_once(
    stage: Stage, tmp_path: Path, reader: Reader
) -> None:
    write_given(
        stage,
        {
            "now": NOW.isoformat(),
            "account": {"id": "acme", "balance": 40, "held": 10},
            "ticket": CONFIRMED,
        },
    )

    await all_at_once(stage, tmp_path, reader, "eva@desk.example", "Please clear the cache.")

    assert movements(stage) == [("charge", -10, -10)]
    assert letters(stage, "answer") == NODES
    assert stage.flaws() == []
