"""`gateway check` and the start: what is wrong is a line that names the key, no traceback."""

import asyncio
from pathlib import Path

import pytest
from acting.operator import run_gateway, run_process
from desks import change, write_desk
from servers.smarthost import Smarthost

NOBODY = "postgresql://nobody@127.0.0.1:1/none"


def with_database(folder: Path, url: str) -> Path:
    path = write_desk(folder)
    change(path, '# url = "postgresql:///gateway"', f'url = "{url}"')
    return path


@pytest.mark.parametrize(
    "url",
    [
        pytest.param("mysql://x", id="another database"),
        pytest.param("junk", id="no URL"),
        pytest.param("postgresql://h:port/x", id="no port"),
        pytest.param("sqlite://", id="gone with the process"),
    ],
)
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_database_that_cannot_be_is_told_in_one_line(
    tmp_path: Path, url: str, command: str
) -> None:
    ran = run_gateway(command, config=with_database(tmp_path, url))

    assert ran.code == 78
    (line,) = ran.errors.splitlines()
    assert line.startswith("gateway.toml: database.url: write it like postgresql://")


def test_a_database_out_of_reach_is_a_line_and_the_check_goes_on(tmp_path: Path) -> None:
    ran = run_gateway("check", "--connect", config=with_database(tmp_path, NOBODY))

    assert ran.code == 1
    words = {line.split()[1]: line.split()[0] for line in ran.output.splitlines()}
    assert (words["database"], words["clock"]) == ("FAIL", "FAIL")
    assert (words["smarthost"], words["doors"]) == ("note", "ok")


async def test_a_maildir_beside_a_smarthost_is_told_to_be_unused(tmp_path: Path) -> None:
    smarthost = Smarthost()
    await smarthost.up()
    path = write_desk(tmp_path, smarthost=smarthost.url)
    change(path, '# maildir = "letters"', 'maildir = "elsewhere"')

    ran = await asyncio.to_thread(run_process, "check", config=path)
    await smarthost.down()

    (line,) = [line for line in ran.output.splitlines() if " smarthost " in line]
    assert line.startswith("note")
    assert line.endswith("letters go there, outbox.maildir is not used")


def test_a_start_without_its_database_ends_with_75_in_one_line(tmp_path: Path) -> None:
    ran = run_process("run", config=with_database(tmp_path, NOBODY))

    assert ran.code == 75
    assert "Traceback" not in ran.errors
    assert ran.errors.splitlines()[-1].startswith("the database cannot be reached: ")


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        pytest.param(
            '# url = "smtp://desk@mail.example:587"',
            'url = "smtp://desk@mail.example:587"\npassword_file = "gone"',
            "smarthost.password_file",
            id="password",
        ),
        pytest.param(
            '# url = "smtp://desk@mail.example:587"',
            'url = "smtp://mail.example:587"\nca_file = "gone"',
            "smarthost.ca_file",
            id="authority",
        ),
        pytest.param(
            "# token_keys_file", 'token_keys_file = "gone" # ', "secrets.token_keys_file", id="keys"
        ),
    ],
)
@pytest.mark.parametrize("command", ["run", "check"])
def test_a_file_that_is_missing_is_told_by_its_key(
    tmp_path: Path, command: str, old: str, new: str, key: str
) -> None:
    path = write_desk(tmp_path)
    change(path, old, new)

    ran = run_gateway(command, config=path)

    assert ran.code == 78
    assert ran.errors.splitlines() == [f"gateway.toml: {key}: gone: No such file or directory"]


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        pytest.param("", "", "there is no such folder", id="no folder"),
        pytest.param(
            "en/ticket_received.md",
            "---\nsubject: Hello\n---\n{{ tikcet.label }} {{ ticket.label }}\n",
            "'tikcet' is undefined",
            id="a name that nobody sets",
        ),
        pytest.param(
            "en/ticket_received.md", "---\nsubject: x\n---\n{% if %}\n", "line 4", id="syntax"
        ),
    ],
)
def test_an_own_letter_that_cannot_be_sent_is_told_beforehand(
    tmp_path: Path, file: str, text: str, problem: str
) -> None:
    path = write_desk(tmp_path)
    change(path, '# dir = "letters"', 'dir = "own"')
    if file:
        own = tmp_path / "own" / file
        own.parent.mkdir(parents=True)
        own.write_text(text, encoding="utf-8")

    ran = run_gateway("check", config=path)

    (line,) = [one for one in ran.output.splitlines() if one.split()[1] == "templates"]
    assert ran.code == 1
    assert line.startswith("FAIL")
    assert problem in line


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        pytest.param(
            '# password_file = "/run/credentials/gateway.service/smarthost"',
            'password_file = "secret"',
            "smarthost: password_file would have no effect: set url",
            id="a password for nobody",
        ),
        pytest.param(
            '# url = "smtp://desk@mail.example:587"',
            'url = "smtp://mail.example"\npassword_file = "secret"',
            "smarthost: password_file would have no effect: url names no user",
            id="a password without a user",
        ),
        pytest.param(
            '# url = "smtp://desk@mail.example:587"',
            'url = "smtp+plain://127.0.0.1:25"\nca_file = "ca.pem"',
            "smarthost: ca_file would have no effect: smtp+plain:// is without TLS",
            id="an authority without TLS",
        ),
        pytest.param(
            '# url = "smtp://desk@mail.example:587"',
            'url = "http://mail.example"',
            "smarthost.url: write it like smtp://",
            id="another scheme",
        ),
        pytest.param(
            '# selector = "gateway"',
            'selector = "gateway"',
            "dkim: selector would have no effect: set domain and key_file",
            id="a selector without a key",
        ),
        pytest.param(
            "# [imap.support]",
            '[imap.support]\nhost = "h.example"\nuser = "u"\npassword = "p"\nmove_to = "Old"',
            "imap.support: move_to would have no effect: then is flag",
            id="a folder for nothing",
        ),
    ],
)
def test_a_setting_without_effect_is_refused(tmp_path: Path, old: str, new: str, said: str) -> None:
    path = write_desk(tmp_path)
    change(path, old, new)

    ran = run_gateway("check", config=path)

    assert ran.code == 78
    (line,) = ran.errors.splitlines()
    assert line.startswith(f"gateway.toml: {said}")
