"""The operator's commands: their exit codes, what they print, and that looking changes nothing."""

import json
import mailbox
from collections.abc import Callable
from pathlib import Path

import pytest
from acting.operator import run_gateway, run_process
from desks import change, write_desk

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
        ran = run_gateway("import", "--quiet", str(tmp_path / source), config=desk)
        assert (ran.code, ran.output.split()[0]) == (0, "3")

    assert run_gateway("mail", "count", "--json", config=desk).json()["waiting"] == 6


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


def test_the_demo_tells_its_story_and_ends_by_itself() -> None:
    ran = run_process("demo", "--fast")

    assert ran.code == 0, ran.errors
    for word in ("HotRush", "ticket_received", "T-1001", "T-1002", "0 waiting"):
        assert word in ran.output
    assert json.dumps("Traceback") not in ran.errors
