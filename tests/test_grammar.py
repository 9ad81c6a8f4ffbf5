"""Reads every subject and body of the grammar cases, from raw mail to tags and commands."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import yaml
from acting.given import check_keys, payment_of

from gateway.desk.commands import Command, Verb, read_commands
from gateway.desk.control import read_control
from gateway.desk.tags import read_subject
from gateway.mail.message import Envelope, Mail
from gateway.mail.parse import read_mail
from gateway.mail.quote import command_text

OWN = Path(__file__).parent / "scenarios" / "grammar.yaml"
FILE_KEYS = frozenset({"about", "subjects", "customer_bodies", "staff_bodies"})
SUBJECT_KEYS = frozenset({"subject", "decoded", "parsed", "note"})
PARSED_KEYS = frozenset({"hotrush", "payment", "department", "ref", "subject"})
CUSTOMER_KEYS = frozenset({"body", "commands", "rest", "unclear_if_assessment_open", "note"})
STAFF_KEYS = frozenset({"body", "commands", "errors", "text", "note"})


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    path = metafunc.config.getoption("--grammar") or OWN
    file = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
    check_keys("grammar", file, FILE_KEYS)
    kind = metafunc.function.__name__.removeprefix("test_")
    cases = [
        pytest.param(case, id=str(case.get("subject", case.get("body")))[:40].replace("\n", "|"))
        for case in file.get(kind, [])
    ]
    metafunc.parametrize("case", cases)


def mail_of(subject: str = "", body: str = "") -> Mail:
    """A mail as it comes over the wire."""
    head = f"From: ann@acme.example\nSubject: {subject}\nContent-Type: text/plain; charset=utf-8"
    raw = f"{head}\nContent-Transfer-Encoding: 8bit\n\n{body}\n".replace("\n", "\r\n")
    return read_mail(raw.encode(), Envelope(queue_id="g", received_at=datetime.now(UTC)))


def test_subjects(case: dict[str, Any]) -> None:
    check_keys("subject", case, SUBJECT_KEYS)
    check_keys("parsed", case["parsed"], PARSED_KEYS)
    wanted = dict(case["parsed"])
    if wanted.get("payment"):
        wanted["payment"] = payment_of(wanted["payment"])

    mail = mail_of(case["subject"])
    tags = read_subject(mail.subject)

    assert mail.subject == case.get("decoded", mail.subject)
    got = {
        "hotrush": tags.hotrush,
        "payment": tags.payment,
        "department": tags.department,
        "ref": tags.ticket and f"T-{tags.ticket}",
        "subject": tags.subject,
    }
    assert got == wanted


def test_customer_bodies(case: dict[str, Any]) -> None:
    check_keys("customer_bodies", case, CUSTOMER_KEYS)

    block = read_commands(command_text(mail_of(body=case["body"]).new_text))

    assert [as_listed(one) for one in block.commands] == case["commands"]
    assert block.rest == case["rest"]
    assert block.is_unclear == case["unclear_if_assessment_open"]


def as_listed(one: Command) -> list[Any]:
    """A command as the cases write it."""
    if one.verb is Verb.CONFIRM:
        label = f"A{one.label}" if one.label else None
        return ["confirm", label, one.credits, "synonym" if one.is_synonym else "strict"]
    if one.verb in (Verb.BUY, Verb.AGREE):
        return [str(one.verb), one.credits]
    if one.verb is Verb.NEW_TICKET:
        return [str(one.verb), one.subject]
    return [str(one.verb)]


def test_staff_bodies(case: dict[str, Any]) -> None:
    check_keys("staff_bodies", case, STAFF_KEYS)

    block = read_control(mail_of(body=case["body"]).new_text)

    assert bool(block.refusals) == bool(case["errors"])
    got = [[one.verb, *([one.argument] if one.argument else [])] for one in block.commands]
    assert got == case["commands"]
    assert block.text == case["text"]
