"""The operator's commands: their exit codes, what they print, and that looking changes nothing."""

import json
import mailbox
import os
import re
import signal
import smtplib
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from acting.operator import run_gateway, run_process
from desks import change, write_desk
from sqlalchemy import create_engine, text

from gateway.cli.app import COMMANDS
from gateway.cli.demo import cut

MAIL = b"""From: Kim <kim@newco.example>
To: support@desk.example
Subject: Tax settings
Message-ID: <m1@newco.example>

How do I set up VAT?
""".replace(b"\n", b"\r\n")


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    return write_desk(tmp_path)


def test_help_is_readable_and_names_the_commands() -> None:
    ran = run_process("--help")

    assert ran.code == 0
    assert max(map(len, ran.output.splitlines())) <= 80
    for command in ("demo", "run", "check", "explain", "tickets", "credits", "customers", "mail"):
        assert command in ran.output
    assert "..." not in ran.output.partition("Commands:")[2], "no sentence is cut off"


def test_settings_are_listed_by_word(desk: Path) -> None:
    every = run_gateway("settings", "--json").rows()
    about = run_gateway("settings", "hotrush", "refund", "--json").rows()
    none = run_gateway("settings", "teapot")

    assert {one["file"] for one in every} == {"gateway.toml", "policy.toml", "staff.toml"}
    assert {one["key"] for one in about} >= {"hotrush.refund_on_withdraw"}
    assert len(about) < 5
    assert (none.code, "teapot" in none.errors) == (1, True)


def test_check_speaks_json(desk: Path) -> None:
    ran = run_gateway("check", "--json", config=desk)

    assert {one["part"]: one["state"] for one in ran.rows()}["database"] == "ok"


def test_check_says_what_works(desk: Path) -> None:
    ran = run_gateway("check", config=desk)

    assert ran.code == 0
    words = {line.split()[1]: line.split()[0] for line in ran.output.splitlines()}
    assert words["settings"] == words["templates"] == words["database"] == "ok"
    assert words["smarthost"] == "note"


def test_check_ends_with_78_and_one_line_a_key(desk: Path) -> None:
    change(desk, 'domain = "desk.example"', "domain = 5")
    change(desk.parent / "policy.toml", "overdraft = 0", 'overdraft = "x"')

    ran = run_gateway("check", config=desk)

    assert ran.code == 78
    assert ran.output == ""
    assert len(ran.errors.splitlines()) == 2


@pytest.mark.parametrize("command", ["run", "check", "tickets list", "mail count", "explain x"])
def test_a_missing_settings_file_is_named(tmp_path: Path, command: str) -> None:
    (tmp_path / "x").write_bytes(MAIL)
    words = [str(tmp_path / "x") if word == "x" else word for word in command.split()]

    ran = run_gateway(*words, config=tmp_path / "nowhere.toml")

    assert ran.code == 78
    assert "nowhere.toml: there is no such settings file" in ran.errors


def test_check_names_a_smarthost_that_does_not_answer(tmp_path: Path) -> None:
    ran = run_gateway("check", config=write_desk(tmp_path, smarthost="smtp+plain://127.0.0.1:1"))

    assert ran.code == 1
    (line,) = [line for line in ran.output.splitlines() if line.startswith("FAIL")]
    assert "127.0.0.1:1" in line


def test_check_names_a_broken_template(desk: Path) -> None:
    change(desk, '# dir = "letters"', 'dir = "own"')
    (desk.parent / "own/en").mkdir(parents=True)
    (desk.parent / "own/en/ticket_received.md").write_text("--- subject: Hi ---\n{% if %}")

    ran = run_gateway("check", config=desk)

    assert ran.code == 1
    (line,) = [line for line in ran.output.splitlines() if line.startswith("FAIL")]
    assert "ticket_received" in line


def test_explain_tells_the_decision_and_writes_nothing(desk: Path) -> None:
    file = desk.parent / "mail.eml"
    file.write_bytes(MAIL)

    ran = run_gateway("explain", str(file), "--json", config=desk)

    told = ran.json()
    assert told["disposition"] == "request"
    assert told["reasons"]
    assert [one["letter"] for one in told["letters"]] == ["ticket_received", "engineer_new_ticket"]
    assert "T-1001" in told["letters"][0]["subject"]
    assert not (desk.parent / "state/gateway.db").exists()


def test_explain_and_trace_tell_what_was_cut_and_what_was_noticed(desk: Path) -> None:
    file = desk.parent / "mail.eml"
    quote = b"On 7 Jul 2026 at 10:00, Desk <d@x.example> wrote:\r\n> old\r\n"
    file.write_bytes(b"X-Gateway-Loop: made.up\r\n" + MAIL + quote)

    told = run_gateway("explain", str(file), "--json", config=desk).json()

    assert told["cut"] == ["quoted, 2 lines: On 7 Jul 2026 at 10:00, Desk <d@x.example> wrote:"]
    assert told["events"] == ["bad_stamp"]


@pytest.mark.parametrize(
    ("revision", "advice"),
    [
        pytest.param("0001", "gateway mail count brings it up to date", id="older"),
        pytest.param("9999", "the program that upgraded it", id="newer"),
    ],
)
def test_explain_on_a_database_of_another_version_says_what_to_do(
    tmp_path: Path, database_url: str, revision: str, advice: str
) -> None:
    desk = write_desk(tmp_path / "desk")
    change(desk, '# url = "postgresql:///gateway"', f'url = "{database_url}"')
    file = tmp_path / "mail.eml"
    file.write_bytes(MAIL)
    assert run_gateway("explain", str(file), config=desk).code == 0, "an empty database"
    assert run_gateway("mail", "count", config=desk).code == 0
    engine = create_engine(database_url)
    with engine.begin() as connection:
        connection.execute(text(f"UPDATE alembic_version SET version_num = '{revision}'"))
        connection.execute(
            text(f"UPDATE marks SET value = '{revision}' WHERE name = 'served_from'")
        )
        connection.execute(text("ALTER TABLE tickets RENAME TO tickets_as_they_were"))
    engine.dispose()

    ran = run_gateway("explain", str(file), config=desk)

    assert ran.code == 1
    assert ran.output == ""
    (line,) = ran.errors.splitlines()
    assert advice in line


def test_explain_looks_at_the_desk_as_it_is(desk: Path) -> None:
    file = desk.parent / "mail.eml"
    file.write_bytes(MAIL)
    run_gateway("customers", "add", "newco", "--contact", "kim@newco.example", config=desk)
    before = (desk.parent / "state/gateway.db").read_bytes()

    first, second = (run_gateway("explain", str(file), "--json", config=desk) for _ in range(2))

    assert "OpenAccount" not in first.output
    assert first.json()["letters"][0]["subject"] == second.json()["letters"][0]["subject"]
    assert (desk.parent / "state/gateway.db").read_bytes() == before


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\x00\xff\xfe" * 100, id="no text"),
        pytest.param(b"Subject: =?utf-8?q?=ed=a0=80?=\n\nx", id="a lone surrogate"),
        pytest.param(b"Content-Type: multipart/mixed; boundary=x\n\n--x\n", id="an open multipart"),
    ],
)
def test_parse_never_fails_on_a_mail(tmp_path: Path, raw: bytes) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(raw)

    ran = run_gateway("parse", "--json", str(file))

    assert ran.code == 0
    assert ran.json()["file"] == str(file)


def test_parse_names_a_file_it_cannot_read_and_goes_on(tmp_path: Path) -> None:
    (tmp_path / "mail.eml").write_bytes(MAIL)

    ran = run_gateway("parse", "--json", str(tmp_path / "none.eml"), str(tmp_path / "mail.eml"))

    assert ran.code == 1
    assert "none.eml: No such file" in ran.errors
    assert ran.json()["subject"] == "Tax settings"


def test_deliver_keeps_a_mail_from_a_pipe(desk: Path) -> None:
    ran = run_gateway(
        "deliver", "-f", "kim@newco.example", "support@desk.example", config=desk, stdin=MAIL
    )

    assert (ran.code, ran.errors) == (0, "")
    (row,) = run_gateway("mail", "list", "--state", "spooled", "--json", config=desk).rows()
    assert row["sender"] == "kim@newco.example"
    shown = run_gateway("mail", "show", row["queue_id"], config=desk)
    assert shown.octets == MAIL


def test_deliver_asks_to_try_again_where_the_mail_cannot_be_kept(desk: Path) -> None:
    (desk.parent / "state").write_text("in the way")

    ran = run_gateway("deliver", config=desk, stdin=MAIL)

    assert ran.code == 75
    assert "cannot keep the mail" in ran.errors
    assert "Traceback" not in ran.errors


def test_deliver_asks_to_try_again_while_the_settings_are_wrong(desk: Path) -> None:
    change(desk, 'domain = "desk.example"', "domain = 5")

    ran = run_gateway("deliver", config=desk, stdin=MAIL)

    assert ran.code == 75, "a mail server bounces for good on any other code"
    assert "addresses.domain" in ran.errors


def test_deliver_refuses_a_mail_to_nobody_here(desk: Path) -> None:
    ran = run_gateway("deliver", "nobody@desk.example", config=desk, stdin=MAIL)

    assert (ran.code, ran.errors) == (67, "nobody@desk.example: no address of this desk\n")
    assert run_gateway("mail", "count", "--json", config=desk).json()["waiting"] == 0


@pytest.mark.parametrize(
    ("spoil", "code", "said"),
    [
        pytest.param(lambda desk: None, 66, "no Maildir", id="a folder of something else"),
        pytest.param(
            lambda desk: change(desk, 'domain = "desk.example"', "domain = 5"),
            78,
            "addresses.domain",
            id="wrong settings",
        ),
    ],
)
def test_import_says_what_is_wrong(
    desk: Path, tmp_path: Path, spoil: Callable[[Path], None], code: int, said: str
) -> None:
    spoil(desk)
    source = tmp_path / "other"
    (source / "cur" if code == 78 else source).mkdir(parents=True)

    ran = run_gateway("import", "--quiet", str(source), config=desk)

    assert (ran.code, said in ran.errors) == (code, True)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        pytest.param(b"root:x:0:0:root:/root:/bin/sh\n", 66, id="a table"),
        pytest.param(b"Hello,\n\nSubject: of a talk\n", 66, id="a text"),
        pytest.param(b"", 66, id="nothing"),
        pytest.param(MAIL, 0, id="a mail"),
        pytest.param(b"X-Old: 1\nsubject:tax\n\nHello", 0, id="a mail with little"),
    ],
)
def test_import_takes_mails_alone(desk: Path, tmp_path: Path, content: bytes, code: int) -> None:
    source = tmp_path / "source"
    source.write_bytes(content)

    ran = run_gateway("import", "--quiet", str(source), config=desk)

    assert (ran.code, "neither mbox nor mail" in ran.errors) == (code, code == 66)
    waiting = run_gateway("mail", "count", "--json", config=desk).json()["waiting"]
    assert waiting == (0 if code else 1)


def test_explaining_a_mail_leaves_nothing_behind(desk: Path, tmp_path: Path) -> None:
    (tmp_path / "mail.eml").write_bytes(MAIL)

    ran = run_gateway("explain", str(tmp_path / "mail.eml"), config=desk)

    assert ran.code == 0
    assert not (desk.parent / "state").exists()


def test_import_takes_an_mbox_and_a_maildir(desk: Path, tmp_path: Path) -> None:
    box = mailbox.mbox(tmp_path / "old.mbox")
    folder = mailbox.Maildir(tmp_path / "Maildir")
    for number in range(3):
        box.add(MAIL.replace(b"m1", b"b%d" % number))
        folder.add(MAIL.replace(b"m1", b"d%d" % number))
    box.close()

    for source in ("old.mbox", "Maildir"):
        ran = run_gateway("import", str(tmp_path / source), config=desk)
        assert (ran.code, ran.output.split()[0]) == (0, "3")

    again = run_gateway("import", "--quiet", str(tmp_path / "Maildir"), config=desk)
    assert (again.code, again.output, again.errors) == (0, "", "")
    assert run_gateway("mail", "count", "--json", config=desk).json()["waiting"] == 9


def test_an_unknown_ticket_or_mail_is_an_error_that_says_where_to_look(desk: Path) -> None:
    for words, hint in (
        (("tickets", "show", "T-9"), "gateway tickets list"),
        (("mail", "release", "none"), "gateway mail list --state parked"),
        (("customers", "show", "none"), "gateway customers list"),
        (("orders", "paid", "P-9"), "gateway orders list"),
        (("credits", "balance", "none"), "gateway customers list"),
    ):
        ran = run_gateway(*words, config=desk)
        assert (ran.code, hint in ran.errors) == (1, True), words
        assert "Traceback" not in ran.errors


def test_a_customer_is_kept_from_add_to_export(desk: Path) -> None:
    run_gateway("customers", "add", "acme", "--contact", "ann@acme.example", config=desk)
    run_gateway("customers", "set", "acme", "--add-contact", "bob@acme.example", config=desk)
    run_gateway("customers", "website", "acme", "--order", "W-7", config=desk)
    again = run_gateway("customers", "website", "acme", "--order", "W-7", config=desk)
    shown = run_gateway("customers", "show", "bob@acme.example", "--json", config=desk).json()
    exported = run_gateway("customers", "export", config=desk)
    (desk.parent / "list.csv").write_text(exported.output)
    imported = run_gateway("customers", "import", str(desk.parent / "list.csv"), config=desk)

    assert shown["balance"] == shown["available"] == 40
    assert shown["primary"] == "ann@acme.example"
    assert "nothing changed" in again.output
    assert len(exported.output.splitlines()) == 3
    assert imported.output == "0 contacts added\n"


def test_wrong_lines_of_an_import_are_all_named_and_nothing_is_imported(desk: Path) -> None:
    file = desk.parent / "list.csv"
    file.write_text("account,address,payment\na,a@a.example,\n,b@b.example,\nc,none,later\n")

    ran = run_gateway("customers", "import", str(file), config=desk)

    assert ran.code == 1
    assert [line.split(":")[1] for line in ran.errors.splitlines()[:-1]] == ["3", "4"]
    assert run_gateway("customers", "list", "--json", config=desk).rows() == []


def test_the_book_is_kept_and_proved(desk: Path) -> None:
    run_gateway("customers", "add", "acme", "--contact", "ann@acme.example", config=desk)
    granted = run_gateway("credits", "grant", "acme", "15", "goodwill", config=desk)
    wrong = run_gateway("credits", "grant", "acme", "0", "nothing", config=desk)
    adjusted = run_gateway("credits", "adjust", "acme", "-5", "a typing error", config=desk)
    statement = run_gateway("credits", "statement", "acme", "--json", config=desk).rows()
    proved = run_gateway("credits", "verify", config=desk)

    assert (granted.code, wrong.code, adjusted.code) == (0, 1, 0)
    assert "above 0" in wrong.errors
    assert [(one["kind"], one["amount"]) for one in statement] == [("grant", 15), ("adjust", -5)]
    assert (proved.code, proved.output) == (0, "the book adds up\n")


@pytest.mark.slow
def test_the_demo_tells_its_story_and_ends_by_itself(tmp_path: Path) -> None:
    ran = run_process("demo", "--fast", "--folder", str(tmp_path / "demo"))

    assert ran.code == 0, ran.errors
    assert ran.errors == ""
    told = " ".join(ran.output.split())
    for words in (
        "16/16",
        "assessment_confirmed to ann@acme.example",
        "credits 40, 10 of them reserved",
        "HotRush active",
        "hotrush_withdrawn to ann@acme.example",
        "ticket_split to ann@acme.example",
        "Wed 12:00 engineer_escalation to lee@desk.example",
        "Thu 09:00 engineer_escalation to mia@desk.example",
        "14 taken in, 0 waiting, 0 set aside",
        "4 kept, 1 missed",
        "30 charged, 20 returned",
        (tmp_path / "demo/report.html").as_uri(),
    ):
        assert words in told, words
    assert "\x1b" not in ran.output, "no colours without a terminal"
    assert (tmp_path / "demo/report.html").read_text().startswith("<!DOCTYPE html>")
    letters = {one["X-Ticket-Event"] for one in mailbox.Maildir(tmp_path / "demo/letters")}
    assert {"assessment_request", "bug_confirmed", "engineer_escalation"} <= letters
    proved = run_process("credits", "verify", config=tmp_path / "demo/gateway.toml")
    assert proved.code == 0, proved.output


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        pytest.param("    Order:  P-1", "    Order:  P-1", id="it fits"),
        pytest.param("> another question about", "> another question …", id="behind a word"),
        pytest.param("    Balance:    30 credits", "    Balance:    30 …", id="in a table"),
        pytest.param("x" * 40, "x" * 18 + " …", id="one long word"),
    ],
)
def test_the_demo_cuts_lines_behind_a_word(text: str, shown: str) -> None:
    assert cut(text, 20) == shown


def test_the_demo_leaves_a_folder_with_something_in_it_alone(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("mine")

    ran = run_gateway("demo", "--fast", "--folder", str(tmp_path))

    assert (ran.code, "is not empty" in ran.errors) == (1, True)
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


@pytest.mark.slow
def test_a_demo_that_is_kept_takes_mails_until_it_is_stopped(tmp_path: Path) -> None:
    line = [sys.executable, "-m", "gateway", "demo", "--fast", "--keep", "--folder", str(tmp_path)]
    # A shell without job control starts what goes on in its background so.
    deaf = ["sh", "-c", "trap '' INT; exec \"$@\"", "sh", *line]
    with subprocess.Popen(deaf, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        invited = next(one for one in process.stdout if "takes mail at" in one)
        host, port = re.findall(r"at ([\d.]+):(\d+);", invited)[0]
        with smtplib.SMTP(host, int(port)) as client:
            client.sendmail("kim@newco.example", ["support@desk.example"], MAIL)
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()

    assert process.returncode == 0
    assert "swaks" in rest
    counts = run_process("mail", "count", "--json", config=tmp_path / "gateway.toml").json()
    assert counts["accepted"] == counts["done"] + counts["waiting"] == 15


def test_the_report_prints_a_table_and_writes_files(desk: Path) -> None:
    html, csv = desk.parent / "report.html", desk.parent / "report.csv"

    shown = run_gateway("report", config=desk)
    told = run_gateway(
        "report", "--json", "--since", "2026-07-01", "--until", "2026-07-07", config=desk
    )
    written = run_gateway("report", "--html", str(html), "--csv", str(csv), config=desk)
    quiet = run_gateway("report", "--quiet", "--html", str(html), config=desk)

    assert "First response in time" in shown.output
    assert [one["day"] for one in told.json()["days"]][0::6] == ["2026-07-01", "2026-07-07"]
    assert str(html) in written.output
    assert html.read_text().startswith("<!DOCTYPE html>")
    assert len(csv.read_text().splitlines()) == 29
    assert (quiet.code, quiet.output, quiet.errors) == (0, "", "")


@pytest.mark.parametrize(
    ("setting", "line"),
    [
        pytest.param("smtp.listen", 'listen = "127.0.0.1:0"', id="smtp"),
        pytest.param("health.listen", '# listen = "127.0.0.1:8026"', id="health"),
    ],
)
def test_a_port_that_another_program_has_is_named(desk: Path, setting: str, line: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        change(desk, line, f'listen = "127.0.0.1:{port}"')
        ran = run_process("run", "--config", str(desk))

    assert ran.code == 1
    assert f"127.0.0.1:{port} ({setting}) is taken by another program" in ran.errors


def test_an_address_that_is_not_of_this_host_is_named(desk: Path) -> None:
    change(desk, '# listen = "127.0.0.1:8026"', 'listen = "192.0.2.1:8026"')

    ran = run_process("run", "--config", str(desk))

    assert ran.code == 1
    assert "192.0.2.1:8026 (health.listen) cannot be listened at" in ran.errors


@pytest.mark.parametrize(
    ("act", "count", "hint"),
    [
        pytest.param("grant", "five", "'five' is no whole number; write it in digits", id="word"),
        pytest.param("grant", "-5", "-5 credits cannot be granted: write", id="below 0"),
        pytest.param("grant", "-5", "gateway credits adjust takes credits away", id="what to do"),
        pytest.param(
            "adjust", "five", "'five' is no whole number; write it in digits", id="adjust"
        ),
        pytest.param("adjust", "0", "an adjustment by 0 credits is none", id="adjust by 0"),
    ],
)
def test_credits_that_cannot_be_booked_are_named(
    desk: Path, act: str, count: str, hint: str
) -> None:
    run_gateway("customers", "add", "acme", "--contact", "ann@acme.example", config=desk)

    ran = run_gateway("credits", act, "acme", count, "Hello", config=desk)

    assert ran.code in (1, 2)
    assert hint in " ".join(ran.errors.split())
    assert run_gateway("credits", "statement", "acme", "--json", config=desk).rows() == []


def test_people_read_the_word_of_letters_and_programs_that_of_the_cases(desk: Path) -> None:
    run_gateway("customers", "add", "acme", "--contact", "ann@acme.example", config=desk)

    for words in (
        ("credits", "balance", "acme"),
        ("customers", "list"),
        ("customers", "show", "acme"),
    ):
        shown = run_gateway(*words, config=desk).output
        told = run_gateway(*words, "--json", config=desk).json()

        assert ("reserved" in shown, "held" in shown) == (True, False)
        assert told["held"] == 0


def test_what_is_done_is_told_to_programs_too(desk: Path) -> None:
    acme = {"account": "acme", "balance": 0, "held": 0, "available": 0}
    added = run_gateway(
        "customers", "add", "acme", "--contact", "ann@acme.example", "--json", config=desk
    )
    named = run_gateway("customers", "set", "acme", "--name", "Acme", "--json", config=desk)
    granted = run_gateway("credits", "grant", "acme", "5", "Hello", "--json", config=desk)
    taken = run_gateway("credits", "adjust", "acme", "-2", "Slip", "--json", config=desk)
    sold = run_gateway("customers", "website", "acme", "--order", "W-1", "--json", config=desk)
    again = run_gateway("customers", "website", "acme", "--order", "W-1", "--json", config=desk)
    held = run_gateway("outbox", "withhold", "1", "999", "--json", config=desk)
    retried = run_gateway("outbox", "retry", "1", "--json", config=desk)

    assert added.json() == acme | {"name": "", "contacts": "ann@acme.example"}
    assert named.json()["name"] == "Acme"
    assert granted.json() == acme | {"balance": 5, "available": 5, "granted": 5}
    assert taken.json() == acme | {"balance": 3, "available": 3, "adjusted": -2}
    assert (sold.json()["granted"], again.json()["granted"]) == (40, 0)
    assert held.rows() == [{"id": 1, "changed": True}, {"id": 999, "changed": False}]
    assert (held.code, "999 was sent" in held.errors) == (1, True)
    assert retried.json() == {"id": 1, "changed": True}


@pytest.mark.parametrize("words", [("orders", "list"), ("mail", "list")])
def test_an_empty_list_says_so_and_stays_empty_for_programs(
    desk: Path, words: tuple[str, ...]
) -> None:
    shown = run_gateway(*words, config=desk)
    rows = run_gateway(*words, "--json", config=desk)

    assert (shown.code, shown.output, shown.errors) == (0, "", "none\n")
    assert (rows.code, rows.output, rows.errors) == (0, "", "")


def test_the_days_of_a_report_go_into_a_pipe(desk: Path) -> None:
    ran = run_gateway("report", "--csv", "-", config=desk)

    assert ran.code == 0
    assert ran.output.startswith("day,")
    assert len(ran.output.splitlines()) == 29
    assert not Path("-").exists()


@pytest.mark.parametrize(
    ("language", "code"),
    [
        pytest.param("xx", 2, id="none"),
        pytest.param("de", 0, id="ours"),
        pytest.param("de-AT", 0, id="a form of ours"),
        pytest.param("", 0, id="what they write in"),
    ],
)
def test_a_customer_reads_a_language_there_is(desk: Path, language: str, code: int) -> None:
    run_gateway("customers", "add", "acme", "--contact", "ann@acme.example", config=desk)

    ran = run_gateway("customers", "set", "acme", "--language", language, config=desk)

    assert ran.code == code
    assert ("there are: en, de, es, fr, ru" in ran.errors) == (code == 2)


def test_an_address_that_is_taken_says_what_to_do(desk: Path) -> None:
    add = ("customers", "add")
    run_gateway(*add, "other", "--contact", "ann@acme.example", config=desk)

    ran = run_gateway(*add, "acme", "--contact", "ann@acme.example", config=desk)

    assert ran.code == 1
    words = re.search(r"gateway (customers set \S+ --remove-contact [^;]+);", ran.errors)[1].split()
    assert run_gateway(*words, config=desk).code == 0
    assert run_gateway(*add, "acme", "--contact", "ann@acme.example", config=desk).code == 0


@pytest.mark.parametrize(
    ("words", "code", "hint"),
    [
        pytest.param(("--since", "yesterday"), 2, "write it like 2026-07-01", id="no day"),
        pytest.param(
            ("--since", "2026-07-02", "--until", "2026-07-01"), 2, "before", id="reversed"
        ),
        pytest.param(("--until", "9999-12-31"), 2, "no day of a desk", id="the last day of all"),
        pytest.param(("--since", "0001-01-01"), 2, "no day of a desk", id="the first day of all"),
        pytest.param(("--html", "/nowhere/at/all.html"), 1, "/nowhere/at/all.html", id="no folder"),
    ],
)
def test_a_report_that_cannot_be_made_says_why(
    desk: Path, words: tuple[str, ...], code: int, hint: str
) -> None:
    ran = run_gateway("report", *words, config=desk)

    assert (ran.code, hint in ran.errors) == (code, True)
    assert "Traceback" not in ran.errors


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_where_the_tree_says_and_teaches(name: str) -> None:
    ran = run_gateway(name, "--help")

    assert ran.code == 0
    assert ran.output.startswith("Usage: ")
    assert max(map(len, ran.output.splitlines())) <= 80


def test_the_tree_is_listed_without_what_its_commands_import() -> None:
    heavy = "import sys, gateway.cli.app; print('sqlalchemy' in sys.modules)"

    ran = subprocess.run([sys.executable, "-c", heavy], capture_output=True, text=True, check=True)

    assert ran.stdout == "False\n"


@pytest.mark.parametrize("encoding", ["ascii", "latin-1"])
def test_a_terminal_that_lacks_letters_gets_what_it_has(desk: Path, encoding: str) -> None:
    run_gateway(
        "customers", "add", "zoo", "--contact", "z@zoo.example", "--name", "Зоо", config=desk
    )
    line = [sys.executable, "-m", "gateway", "customers", "list", "--config", str(desk)]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}

    shown = subprocess.run(line, env=environment, capture_output=True, check=True, timeout=60)
    rows = subprocess.run(
        [*line, "--json"], env=environment, capture_output=True, check=True, timeout=60
    )

    assert b"z@zoo.example" in shown.stdout
    assert shown.stderr == b""
    assert "Зоо" in {json.loads(one)["name"] for one in rows.stdout.splitlines()}
