"""One person's data is exported whole: no table that names them is left out."""

import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from acting.operator import run_gateway
from small_desk import SmallDesk, text_of
from sqlalchemy import select

from gateway.store.mail_tables import mails
from gateway.work.reader import Reader

pytestmark = pytest.mark.asyncio(loop_scope="module")

ANN = "ann@acme.example"
BOB = "bob@acme.example"
EVA = "eva@desk.example"
DESK = "support@desk.example"
IN_FILES = {"raws": "mails/", "outbox": "letters/"}
"""Tables whose bytes are files of the ZIP."""


async def a_desk_with_ann(folder: Path, reader: Reader) -> SmallDesk:
    """Ann asked, confirmed and ordered; Bob of the same account asked too."""
    desk = SmallDesk(folder, f"sqlite:///{folder}/state/gateway.db", reader, "2026-07-06T08:00")
    desk.run("customers", "add", "acme", "--contact", ANN, "--contact", BOB)
    desk.run("customers", "website", "acme", "--order", "W-7")
    desk.open()
    await desk.begin()
    await desk.receive(ANN, DESK, "Tax", "Set up VAT for Latvia.", "2026-07-06T08:00")
    told = desk.last("engineer_new_ticket", "dispatch@desk.example")
    await desk.receive(
        EVA, told["Reply-To"], f"Re: {told['Subject']}", "#assess 1", "2026-07-06T08:05"
    )
    asked = desk.last("assessment_request", ANN)
    await desk.receive(ANN, asked["Reply-To"], "Re: Tax", "confirm", "2026-07-06T08:10")
    await desk.receive(ANN, DESK, "#buy 10", "#buy 10", "2026-07-06T08:15")
    await desk.receive(BOB, DESK, "Tolls", "Another matter of Bob's.", "2026-07-06T08:20")
    return desk


def mentions(desk: SmallDesk, text: str) -> set[str]:
    """Tables of which a row names a text anywhere."""
    return {
        table.name
        for table in mails.metadata.sorted_tables
        for row in desk.rows(select(table))
        if any(text in str(value) for value in row)
    }


async def test_every_table_that_names_a_person_is_in_their_export(
    tmp_path: Path, reader: Reader
) -> None:
    desk = await a_desk_with_ann(tmp_path / "desk", reader)

    ran = run_gateway(
        "customers",
        "export",
        "Ann@ACME.example",
        "--file",
        str(tmp_path / "a.zip"),
        config=desk.path,
    )

    assert ran.code == 0, ran.errors
    with zipfile.ZipFile(tmp_path / "a.zip") as archive:
        data: dict[str, list[dict[str, Any]]] = json.loads(archive.read("data.json"))
        names = archive.namelist()
        mailed = b"".join(archive.read(one) for one in names if one.startswith("mails/"))
    assert mentions(desk, ANN) - set(IN_FILES) <= data.keys()
    assert {"tickets", "entries", "messages", "audit", "orders"} <= data.keys()
    for start in IN_FILES.values():
        assert any(one.startswith(start) for one in names)
    assert b"Latvia" in mailed
    assert "Bob's" not in json.dumps(data)
    assert b"Bob's" not in mailed
    assert (tmp_path / "a.zip").stat().st_mode & 0o077 == 0
    await desk.close()


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        pytest.param(["no@body.example", "--file", "{}/n.zip"], 1, "nothing is known", id="nobody"),
        pytest.param([ANN, "--file", "{}/there"], 1, "File exists", id="no overwriting"),
        pytest.param([ANN], 2, "--file", id="no file"),
    ],
)
async def test_an_export_says_what_is_wrong(
    tmp_path: Path, reader: Reader, words: list[str], code: int, told: str
) -> None:
    desk = await a_desk_with_ann(tmp_path / "desk", reader)
    (tmp_path / "there").write_text("mine", encoding="utf-8")

    line = [word.format(tmp_path) for word in words]
    ran = run_gateway("customers", "export", *line, config=desk.path)

    assert (ran.code, told in ran.errors) == (code, True)
    assert (tmp_path / "there").read_text(encoding="utf-8") == "mine"
    await desk.close()


# How one person reads letters


async def test_a_zone_of_their_own_is_set_and_said(tmp_path: Path, reader: Reader) -> None:
    desk = await a_desk_with_ann(tmp_path / "desk", reader)

    desk.run("customers", "set", ANN, "--zone", "Asia/Tokyo")

    await desk.receive(ANN, DESK, "Prices", "How do I show prices?", "2026-07-06T09:00")
    letter = text_of(desk.last("ticket_received", ANN))
    # Tuesday 13:00 at the desk, 18:00 in Tokyo.
    assert "(UTC+9)" in letter
    shown = run_gateway("customers", "show", "acme", config=desk.path).output
    assert f"{ANN} Asia/Tokyo" in shown
    assert "Asia/Tokyo" in run_gateway("customers", "export", config=desk.path).output
    desk.run("customers", "set", "acme", "--zone", "Europe/Paris")
    assert "Europe/Paris\n" in run_gateway("customers", "show", "acme", config=desk.path).output
    await desk.close()


async def test_a_zone_nobody_knows_is_refused(tmp_path: Path, reader: Reader) -> None:
    desk = await a_desk_with_ann(tmp_path / "desk", reader)

    ran = run_gateway("customers", "set", "acme", "--zone", "Asia/Tokio", config=desk.path)

    assert (ran.code, "Asia/Tokyo" in ran.errors) == (2, True)
    await desk.close()


async def test_a_ticket_is_shown_in_the_time_of_the_desk(tmp_path: Path, reader: Reader) -> None:
    desk = await a_desk_with_ann(tmp_path / "desk", reader)

    shown = run_gateway("tickets", "show", "T-1001", config=desk.path).output
    asked = run_gateway("tickets", "show", "T-1001", "--json", config=desk.path).output
    listed = run_gateway("tickets", "list", config=desk.path).output

    assert "due:               Tue 7 Jul 2026 12:10 (UTC+4), 2026-07-07 08:10 UTC\n" in shown
    assert "answer due Tue 7 Jul 2026 12:10 (UTC+4)" in shown
    assert "A1: category 1, 5 credits, confirmed, proposed Mon 6 Jul 2026 12:05 (UTC+4)" in shown
    assert "datetime" not in shown
    assert json.loads(asked)["timers"] == {"answer_due": "2026-07-07T08:10:00Z"}
    assert "2026-07-07 12:10" in listed
    await desk.close()
