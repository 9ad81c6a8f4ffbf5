"""Settings of mailboxes: what is unsafe or double is refused before anything starts."""

from pathlib import Path

import pytest
from desks import write_desk

from gateway.settings.load import load_settings
from gateway.settings.mailboxes import accounts
from gateway.settings.problems import WrongSettings
from gateway.wire.oauth import Tokens

USUAL = 'host = "imap.desk.example"\nuser = "support@desk.example"\npassword_file = "secret"\n'
WITHOUT = 'host = "imap.desk.example"\nuser = "support@desk.example"\n[imap.support.oauth]\n'
GOOGLE = WITHOUT + 'provider = "google"\n'
MICROSOFT = WITHOUT + 'provider = "microsoft365"\n'
OTHER = WITHOUT + 'provider = "other"\n'


def desk_with(tmp_path: Path, text: str) -> Path:
    path = write_desk(tmp_path)
    path.write_text(f"{path.read_text(encoding='utf-8')}\n{text}", encoding="utf-8")
    return path


WRONG = [
    pytest.param(
        'host = "imap.desk.example"\nuser = "ann"\n',
        "imap.support: name one of password_file, password and oauth",
        id="no way to log in",
    ),
    pytest.param(
        USUAL + 'password = "x"\n',
        "imap.support: name one of password_file, password and oauth",
        id="two ways to log in",
    ),
    pytest.param(
        USUAL + "tls = false\n",
        "imap.support: tls = false is possible on loopback only",
        id="a password in the clear",
    ),
    pytest.param(
        USUAL + 'folder = "INBOX\\r\\na1 DELETE INBOX"\n',
        "imap.support.folder: must be a text without control characters",
        id="a command in the name of a folder",
    ),
    pytest.param(
        USUAL + 'flag = "\\\\Deleted"\n',
        'imap.support.flag: must be a flag that keeps the mail, such as "\\\\Seen" or "Taken"',
        id="a flag that deletes",
    ),
    pytest.param(
        USUAL + 'then = "move"\nmove_to = "INBOX"\n',
        "imap.support: move_to must be another folder than folder",
        id="moved to where it was",
    ),
    pytest.param(
        USUAL + 'hots = "x"\n',
        "imap.support.hots: unknown key; did you mean imap.support.host?",
        id="a key with a typing error",
    ),
    pytest.param(
        USUAL + f"[imap.again]\n{USUAL}",
        "imap: two of them are the same folder of the same user",
        id="the same mailbox twice",
    ),
    pytest.param(
        GOOGLE + 'grant = "device_code"\nclient_id = "x"\n',
        "imap.support.oauth: grant of google must be authorization_code or service_account",
        id="a grant that a provider does not offer",
    ),
    pytest.param(
        MICROSOFT + 'grant = "client_credentials"\n',
        "imap.support.oauth: name client_id and tenant",
        id="an application without a name",
    ),
    pytest.param(
        MICROSOFT + 'grant = "client_credentials"\nclient_id = "x"\ntenant = "y"\n',
        "imap.support.oauth: name client_secret_file",
        id="an application without a secret",
    ),
    pytest.param(
        OTHER + 'grant = "device_code"\nclient_id = "x"\ntoken_url = "http://a.example/t"\n',
        "imap.support.oauth.token_url: must be an address that begins with https://",
        id="tokens in the clear",
    ),
]


@pytest.mark.parametrize(("section", "problem"), WRONG)
def test_a_mailbox_that_cannot_be_is_told(tmp_path: Path, section: str, problem: str) -> None:
    path = desk_with(tmp_path, f"[imap.support]\n{section}")

    with pytest.raises(WrongSettings) as caught:
        load_settings(path, {})

    assert [one.partition(" (it is")[0] for one in caught.value.problems] == [
        f"gateway.toml: {problem}"
    ]


def test_a_mailbox_stands_for_the_inbox_of_its_user(tmp_path: Path) -> None:
    path = desk_with(tmp_path, f"[imap.support]\n{USUAL}[imap.other]\n{USUAL}folder = 'Shop'\n")

    found = accounts(load_settings(path, {"GATEWAY_IMAP__OTHER__ADDRESS": "sales@desk.example"}))

    assert {name: one.address for name, one in found.items()} == {
        "support": "support@desk.example",
        "other": "sales@desk.example",
    }
    assert found["support"].then == "flag"
    assert found["support"].tls


def test_a_password_file_is_read_when_it_is_needed(tmp_path: Path) -> None:
    account = accounts(load_settings(desk_with(tmp_path, f"[imap.support]\n{USUAL}"), {}))[
        "support"
    ]
    assert account.password is not None
    before = account.stamp()

    (tmp_path / "secret").write_text("näxt\n", encoding="utf-8")

    assert account.password() == "näxt"
    assert account.stamp() != before


def test_addresses_and_scope_of_a_provider_are_known(tmp_path: Path) -> None:
    text = MICROSOFT + 'grant = "device_code"\nclient_id = "x"\ntenant = "desk.example"\n'

    token = accounts(load_settings(desk_with(tmp_path, f"[imap.support]\n{text}"), {}))[
        "support"
    ].token

    assert isinstance(token, Tokens)
    assert token.grant.device_url == (
        "https://login.microsoftonline.com/desk.example/oauth2/v2.0/devicecode"
    )
    assert "IMAP.AccessAsUser.All" in token.grant.scope
    assert token.grant.file.path == tmp_path / "state" / "tokens" / "support.json"
