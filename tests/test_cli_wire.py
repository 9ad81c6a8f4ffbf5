"""What an operator sets up once for the wires: users, and doors as the settings name them."""

import ssl
import stat
from pathlib import Path

import aiosmtplib
import pytest
from acting.operator import run_gateway
from desks import change, write_desk
from servers.certificates import Authority
from servers.gateway import Gateway

from gateway.wire.smtp_users import matches, read_users

MAIL = b"From: kim@newco.example\r\nSubject: Tax\r\nMessage-ID: <m%d@x>\r\n\r\nHow?\r\n"


def is_socket(path: Path) -> bool:
    return path.exists() and stat.S_ISSOCK(path.stat().st_mode)


def test_a_users_line_is_what_the_file_of_users_reads() -> None:
    ran = run_gateway("smtp-user", "desk", stdin=b"correct horse\n")

    assert ran.code == 0
    assert "correct" not in ran.output
    assert matches(b"correct horse", read_users(ran.output)["desk"])


@pytest.mark.parametrize(
    ("name", "stdin"), [("a:b", b"x\n"), ("#a", b"x\n"), ("a\nb", b"x\n"), ("a", b"\n")]
)
def test_a_user_that_no_line_can_hold_is_refused(name: str, stdin: bytes) -> None:
    ran = run_gateway("smtp-user", name, stdin=stdin)

    assert ran.code == 1
    assert ran.output == ""
    assert len(ran.errors.splitlines()) == 1


async def test_every_door_of_the_settings_takes_mail(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    identity = authority.identity()
    trusting = ssl.create_default_context(cafile=str(authority.file))
    path = write_desk(tmp_path / "desk")
    users = path.parent / "users"
    users.write_text(run_gateway("smtp-user", "desk", stdin=b"secret\n").output, encoding="utf-8")
    change(
        path,
        '# tls_listen = "0.0.0.0:465"',
        f'tls_listen = "127.0.0.1:0"\nusers_file = "users"\n'
        f'certificate_file = "{identity.certificate}"\nkey_file = "{identity.key}"',
    )
    change(path, '# listen = "127.0.0.1:8024"', f'listen = "unix:{tmp_path}/run/lmtp"')
    gateway = Gateway(path)
    await gateway.start()
    ports = {name: gateway.addresses[name].rpartition(":")[2] for name in ("smtp", "smtps")}

    for number, options in enumerate(
        (
            {"port": int(ports["smtp"]), "start_tls": False},
            {"port": int(ports["smtp"]), "start_tls": True, "tls_context": trusting},
            {"port": int(ports["smtps"]), "use_tls": True, "tls_context": trusting},
        )
    ):
        login = {"username": "desk", "password": "secret"} if number else {}
        async with aiosmtplib.SMTP(hostname="localhost", **options, **login) as client:
            await client.sendmail("kim@newco.example", "support@desk.example", MAIL % number)
    await gateway.heard("accepted", 3)
    socket = Path(gateway.addresses["lmtp"].removeprefix("unix:"))
    was_there = is_socket(socket)
    await gateway.stop()

    assert [one.get("user") for one in gateway.diary if one["event"] == "accepted"] == [
        None,
        "desk",
        "desk",
    ]
    assert was_there
    assert not is_socket(socket)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        pytest.param('certificate_file = "none.pem"\nkey_file = "none.key"', "none.pem", id="file"),
        pytest.param(
            'certificate_file = "c.pem"\nkey_file = "c.key"\nusers_file = "users"',
            "line 1 is no user",
            id="users",
        ),
    ],
)
def test_a_door_that_cannot_open_is_told_in_one_line(tmp_path: Path, line: str, text: str) -> None:
    path = write_desk(tmp_path)
    identity = Authority(tmp_path).identity()
    identity.certificate.rename(tmp_path / "c.pem")
    identity.key.rename(tmp_path / "c.key")
    (tmp_path / "users").write_text("desk:secret\n", encoding="utf-8")
    change(path, '# tls_listen = "0.0.0.0:465"', line)

    ran = run_gateway("run", config=path)

    assert ran.code == 1
    assert text in ran.errors.splitlines()[-1]
    assert "secret" not in ran.errors
