"""Make the raw mails of a case: headers as given, tokens and Message-IDs of letters it answers."""

from collections.abc import Mapping
from datetime import datetime
from email.header import Header
from email.utils import format_datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from acting.given import check_keys, number_of
from acting.stage import AUTHSERV_ID, Stage, instant
from gateway.desk.token import Purpose
from gateway.store.mail_tables import outbox
from gateway.store.tables import assessments, tickets

MAIL_KEYS = frozenset({"from", "to", "subject", "text", "html", "headers", "in_reply_to", "auth"})


class Postman:
    """Writes the mails of one case."""

    def __init__(self, stage: Stage, now: datetime) -> None:
        self._stage = stage
        self._date = now
        self._count = 0

    async def deliver(self, table: Mapping[str, Any], at: datetime) -> None:
        """Bring one mail of a case."""
        check_keys("mail", table, MAIL_KEYS)
        self._count += 1
        headers = self._headers(table)
        given = table.get("headers", {})
        received_at = instant(given["X-Test-Received"]) if "X-Test-Received" in given else at
        reverse_path = str(given.get("Return-Path", table["from"])).strip("<>")
        recipients = tuple(one.strip() for one in headers["To"].split(","))
        await self._stage.receive(
            _raw(headers, table), received_at, reverse_path=reverse_path, forward_paths=recipients
        )

    def _headers(self, table: Mapping[str, Any]) -> dict[str, str]:
        sender = table["from"]
        headers = {
            "From": sender,
            "To": table["to"],
            "Subject": table["subject"],
            "Date": format_datetime(self._date),
            "Message-ID": f"<play-{self._count}@{sender.partition('@')[2]}>",
        }
        if "auth" not in table:
            domain = sender.partition("@")[2]
            headers = {
                "Authentication-Results": f"{AUTHSERV_ID}; dmarc=pass header.from={domain}",
                **headers,
            }
        elif table["auth"] == "reply-token":
            headers["To"] = self._staff_address(sender, table)
        if "in_reply_to" in table:
            message_id, address = self._answered(table)
            headers["To"] = address
            headers["In-Reply-To"] = headers["References"] = f"<{message_id}>"
        for name, value in table.get("headers", {}).items():
            if value is None:
                headers.pop(name, None)
            else:
                headers[name] = str(value)
        return headers

    def _staff_address(self, person: str, table: Mapping[str, Any]) -> str:
        """The person's own reply address of a ticket or of an order."""
        about = table["to"].partition("+")[2].partition("@")[0]
        if about.startswith("T-"):
            return self._address(Purpose.STAFF, str(number_of(about)), person)
        return self._address(Purpose.DESK, "0", person)

    def _address(self, purpose: Purpose, subject: str, recipient: str) -> str:
        plan = self._stage.parts.plan
        token = plan.keys.make(purpose, subject, recipient)
        return plan.policy.addresses.reply_address(token)

    def _answered(self, table: Mapping[str, Any]) -> tuple[str, str]:
        """Message-ID and reply address of the letter a mail answers."""
        named = table["in_reply_to"]
        number = None
        if named.startswith("T-"):
            first, _, named = named.partition("/")
            number = number_of(first)
        letter, _, label = named.partition("/")
        step = self._stage.query
        number = number or step(lambda c: _ticket_of_subject(c, table["subject"]))
        found = step(lambda c: _find_letter(c, letter, label, number))
        if found is None:
            found = step(lambda c: self._make_up(c, letter, label, number))
        message_id, recipient, ticket = found
        return message_id, self._address(Purpose.REPLY, str(ticket), recipient)

    def _make_up(
        self, connection: Connection, letter: str, label: str, number: int
    ) -> tuple[str, str, int]:
        """A letter that was sent before the case began."""
        recipient = connection.execute(
            select(tickets.c.requester).where(tickets.c.number == number)
        ).scalar_one()
        token = self._stage.parts.plan.keys.make(Purpose.REPLY, str(number), recipient)
        message_id = f"{letter}.given{label or 0}.t.{token}@desk.example"
        assessment = int(label[1:]) if label.startswith("A") else None
        connection.execute(
            insert(outbox).values(
                event=f"given/{letter}/{label}",
                letter=letter,
                recipient=recipient,
                audience="customer",
                ticket=number,
                assessment=assessment,
                copy_of="",
                message_id=message_id,
                content=b"",
                state="sent",
                priority=3,
                created_at=instant("2026-01-01T00:00:00Z"),
                not_before=instant("2026-01-01T00:00:00Z"),
            )
        )
        return message_id, recipient, number


def _ticket_of_subject(connection: Connection, subject: str) -> int:
    known = set(connection.execute(select(tickets.c.number)).scalars())
    named = [number for number in known if f"T-{number}" in subject]
    return named[0] if named else min(known)


def _find_letter(
    connection: Connection, letter: str, label: str, number: int
) -> tuple[str, str, int] | None:
    """A letter of this case: by assessment label, by its number in order, else the last one."""
    query = (
        select(outbox.c.message_id, outbox.c.recipient, outbox.c.ticket, outbox.c.assessment)
        .where(outbox.c.letter == letter, outbox.c.ticket == number, outbox.c.copy_of == "")
        .order_by(outbox.c.id)
    )
    found = connection.execute(query).all()
    if label.startswith("A"):
        known = connection.execute(
            select(assessments.c.number).where(assessments.c.ticket == number)
        ).scalars()
        assert int(label[1:]) in set(known), f"{label} was never proposed"
        found = [row for row in found if row.assessment == int(label[1:])]
    if not found:
        return None
    row = found[int(label) - 1] if label.isdigit() and int(label) <= len(found) else found[-1]
    return row.message_id, row.recipient, row.ticket


def _raw(headers: Mapping[str, str], table: Mapping[str, Any]) -> bytes:
    """RFC 5322 bytes with CRLF line ends."""
    kind, body = ("html", table["html"]) if "html" in table else ("plain", table.get("text", ""))
    lines = [f"{name}: {_encoded(value)}" for name, value in headers.items()]
    lines.append("MIME-Version: 1.0")
    if "Content-Type" not in headers:
        lines += [
            f"Content-Type: text/{kind}; charset=utf-8",
            "Content-Transfer-Encoding: 8bit",
        ]
    content = str(body).replace("\r\n", "\n").replace("\n", "\r\n")
    return ("\r\n".join(lines) + "\r\n\r\n" + content + "\r\n").encode("utf-8")


def _encoded(value: str) -> str:
    return value if value.isascii() else Header(value, "utf-8").encode(linesep="\r\n")
