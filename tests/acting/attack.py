"""Play an attack of the threat model: mails come in, and everything that follows is told."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml
from sqlalchemy import Connection, func, select

from acting.given import write_given
from acting.mail import Postman
from acting.stage import Stage, instant
from gateway.store.mail_tables import mails
from gateway.store.tables import entries, tickets
from gateway.work.reader import Reader

NOW: Final = instant("2026-07-08T08:00:00Z")
META: Final = yaml.load(
    (Path(__file__).parent.parent / "scenarios" / "scenarios.yaml").read_text(encoding="utf-8"),
    Loader=yaml.CSafeLoader,
)["meta"]
GIVEN: Final[Mapping[str, Any]] = {
    "now": "2026-07-08T08:00:00Z",
    "account": {"id": "acme", "balance": 40, "held": 0, "withdrawals_used": 0},
    "ticket": {
        "id": "T-1001",
        "status": "awaiting_confirmation",
        "department": "support",
        "hotrush": "none",
        "payment": "ask_first",
        "category": 2,
        "charged": 0,
        "hold": 0,
        "assignee": "eva",
        "assessments": [{"label": "A1", "category": 2, "cost": 10, "status": "open"}],
    },
}
"""Ann was asked to confirm ten credits; Eva has the ticket."""
DESK: Final = "support@desk.example"


OPENED: Final = ("engineer_new_ticket dispatch@desk.example", "ticket_received kim@newco.example")
FOREIGN: Final = ("confirm_foreign ann@acme.example", "engineer_customer_reply eva@desk.example")
CONFIRMED: Final = ("assessment_confirmed ann@acme.example", "engineer_confirmed eva@desk.example")
PASSED_ON: Final = ("engineer_customer_reply eva@desk.example",)
HELD: Final = ("operator_alert postmaster@desk.example",)
CHALLENGED: Final = ("confirm_challenge ann@acme.example",)
RESERVED: Final = (("hold", 0, 10),)


@dataclass(frozen=True, kw_only=True)
class Follows:
    """Everything that follows from an attack."""

    letters: Mapping[str, int]
    """How often `letter recipient` was sent."""
    events: frozenset[str]
    """What the diary tells the operator."""
    ledger: Sequence[tuple[str, int, int]]
    """Kind, amount and held of every entry booked."""
    tickets: int
    """Tickets of the desk, of which one was there before."""
    parked: Sequence[str]
    """Why mails were set aside: the event."""


@dataclass(frozen=True, kw_only=True)
class Attack:
    """Mails that come in, and what may follow."""

    mails: Sequence[Mapping[str, Any]]
    events: frozenset[str] = frozenset()
    letters: Sequence[str] = ()
    ledger: Sequence[tuple[str, int, int]] = ()
    tickets: int = 1
    parked: str = ""

    @property
    def follows(self) -> Follows:
        """What may follow, and nothing else."""
        return Follows(
            letters=Counter(self.letters),
            events=self.events,
            ledger=tuple(self.ledger),
            tickets=self.tickets,
            parked=(self.parked,) if self.parked else (),
        )


async def follow(attack: Attack, folder: Path, database_url: str, reader: Reader) -> Follows:
    """Bring the mails to a fresh desk and see what comes of it."""
    stage = Stage(folder, database_url, META, {}, NOW, reader)
    await stage.open()
    try:
        write_given(stage, GIVEN)
        postman = Postman(stage, NOW)
        for table in attack.mails:
            await bring(stage, postman, table)
        for one in stage.smarthost.taken:
            check_wire(one.content)
        return Follows(
            letters=Counter(f"{one.event} {one.recipient}" for one in stage.smarthost.taken),
            events=frozenset(name for names in stage.query(alarms) for name in names),
            ledger=tuple(stage.query(booked)),
            tickets=stage.query(_ticket_count),
            parked=tuple(
                one.reason.partition(":")[0] for one in stage.parts.spool.listing("parked")
            ),
        )
    finally:
        await stage.close()


def check_wire(content: bytes) -> None:
    """No attacker's text became a line, a field or a control sequence of a mail of ours."""
    head = content.partition(b"\r\n\r\n")[0].lower()
    assert content.count(b"\r") == content.count(b"\n") == content.count(b"\r\n")
    assert b"\nbcc:" not in head
    assert not any(octet in content for octet in (b"\x00", b"\x1b", b"\x0b", b"\x0c", b"<script"))


def alarms(connection: Connection) -> list[list[str]]:
    """What the diary told of every mail."""
    return list(connection.execute(select(mails.c.alarms)).scalars())


def booked(connection: Connection) -> list[tuple[str, int, int]]:
    """Kind, amount and held of every entry but the grants that were given."""
    found = connection.execute(
        select(entries.c.kind, entries.c.amount, entries.c.held)
        .where(entries.c.kind != "grant")
        .order_by(entries.c.id)
    )
    return [(row.kind, row.amount, row.held) for row in found]


def _ticket_count(connection: Connection) -> int:
    return int(connection.execute(select(func.count()).select_from(tickets)).scalar_one())


def mail(text: str = "confirm", sender: str = "ann@acme.example", **more: Any) -> dict[str, Any]:
    """A mail that names the ticket in its subject, without a verdict and without a token."""
    usual = {
        "from": sender,
        "to": DESK,
        "subject": "Re: [T-1001] Tax",
        "text": text,
        "auth": "none",
    }
    return usual | more


def reply(text: str = "confirm", sender: str = "ann@acme.example", **more: Any) -> dict[str, Any]:
    """The same, to the reply address of the request to confirm."""
    return mail(text, sender, in_reply_to="assessment_request/A1", **more)


def verdict(words: str, more: str = "") -> dict[str, str]:
    """The trusted server's field, and what stands below it."""
    return {"Authentication-Results": f"mx.desk.example; {words}", **({"X": more} if more else {})}


async def bring(stage: Stage, postman: Postman, table: Mapping[str, Any]) -> None:
    """One mail of a case, or raw bytes from somebody who writes no ordinary ones."""
    if "raw" in table:
        raw = table["raw"]
        await stage.receive(
            raw,
            NOW,
            reverse_path=table.get("reverse_path", "x@else.example"),
            forward_paths=(DESK,),
        )
    else:
        await postman.deliver(table, NOW)
    await stage.send()


def raw(head: str, body: str = "confirm\r\n") -> dict[str, Any]:
    """A mail by its own header lines."""
    return {"raw": (head.replace("\n", "\r\n") + "\r\n\r\n" + body).encode("latin-1")}


def stranger(head: str, body: str = "Hello\r\n") -> dict[str, Any]:
    """A first mail of somebody we do not know."""
    return raw(head, body)


def nested(depth: int) -> str:
    """The header of a mail of so many multiparts, each within the other."""
    levels = "".join(
        f'\nContent-Type: multipart/mixed; boundary="b{level}"\n\n--b{level}'
        for level in range(depth)
    )
    return levels + "\nContent-Type: text/plain\n\nhello"


EVAS: Final = "support+T-1001@desk.example"
STRANGER: Final = "From: kim@newco.example\nTo: support@desk.example\nSubject: Tax"
PASS: Final = "dmarc=pass header.from=acme.example"
ANN: Final = "From: ann@acme.example\nTo: support@desk.example\nSubject: [T-1001] x"
