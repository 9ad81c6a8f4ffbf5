"""Settings of listeners and smarthost: what belongs together is asked for together."""

from pathlib import Path

import pytest

from gateway.settings.load import load_settings
from gateway.settings.problems import WrongSettings

NEEDED = """
[addresses]
reply_address = "support+{token}@desk.example"
domain = "desk.example"
[addresses.inboxes]
"support@desk.example" = "support"
"""


def load(folder: Path, text: str) -> None:
    path = folder / "gateway.toml"
    path.write_text(NEEDED + text, encoding="utf-8")
    load_settings(path, {})


@pytest.mark.parametrize(
    "text",
    [
        pytest.param('[smtp]\nlisten = ""', id="nowhere"),
        pytest.param('[smtp]\nlisten = "[::1]:0"', id="IPv6"),
        pytest.param('[lmtp]\nlisten = "unix:/run/gateway/lmtp"', id="a Unix socket"),
        pytest.param('[smtp]\nrelays = ["10.0.0.0/8", "::1"]', id="networks"),
        pytest.param(
            '[smtp]\ncertificate_file = "c"\nkey_file = "k"\nusers_file = "u"\n'
            'require_auth = true\ntls_listen = "0.0.0.0:465"',
            id="submission",
        ),
        pytest.param('[dkim]\ndomain = "desk.example"\nkey_file = "k"', id="signatures"),
    ],
)
def test_what_is_whole_is_taken(tmp_path: Path, text: str) -> None:
    load(tmp_path, text)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[smtp]\nlisten = "8025"', "smtp.listen: write it like 127.0.0.1:8025"),
        ('[lmtp]\nlisten = "host:99999"', "lmtp.listen: write it like 127.0.0.1:8025"),
        ('[smtp]\nrelays = ["10.0.0.1/8"]', "smtp.relays.[0]: '10.0.0.1/8' is no address"),
        ('[smtp]\nkey_file = "k"', "smtp: certificate_file and key_file belong together"),
        ('[smtp]\ntls_listen = "127.0.0.1:465"', "smtp: tls_listen needs TLS"),
        ('[smtp]\nusers_file = "u"', "smtp: users_file needs TLS"),
        ("[smtp]\nrequire_auth = true", "smtp: require_auth needs users_file"),
        ('[dkim]\nkey_file = "k"', "dkim: domain and key_file belong together"),
    ],
)
def test_what_is_missing_is_named(tmp_path: Path, text: str, problem: str) -> None:
    with pytest.raises(WrongSettings) as refused:
        load(tmp_path, text)

    assert problem in str(refused.value)
