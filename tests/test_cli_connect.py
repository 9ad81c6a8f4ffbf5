"""`gateway check --connect` and `--roundtrip`: what they find, and what they advise."""

import asyncio
import socket
from datetime import timedelta
from pathlib import Path

import pytest
from acting.operator import Ran, run_gateway, run_process
from desks import change, write_desk
from servers.certificates import Authority
from servers.gateway import Gateway
from servers.scripted import scripted


def words(ran: Ran) -> dict[str, tuple[str, str]]:
    """Word and text of each line, by what it is about."""
    split = [line.split(None, 2) for line in ran.output.splitlines()]
    return {about: (word, text) for word, about, text in split}


def with_certificate(path: Path, authority: Authority, ends_in: timedelta) -> None:
    identity = authority.identity(ends_in=ends_in)
    change(
        path,
        '# tls_listen = "0.0.0.0:465"',
        f'certificate_file = "{identity.certificate}"\nkey_file = "{identity.key}"',
    )


def test_a_desk_without_anything_is_told_what_it_lacks(tmp_path: Path) -> None:
    ran = run_gateway("check", "--connect", config=write_desk(tmp_path))

    found = words(ran)
    assert ran.code == 0
    assert found["doors"] == ("ok", "free to listen")
    for about in ("names", "certificate", "dkim", "clock"):
        assert found[about][0] == "note"


@pytest.mark.parametrize(
    ("ends_in", "word"),
    [(timedelta(days=90), "ok"), (timedelta(days=3), "note"), (timedelta(days=-1), "FAIL")],
)
def test_our_certificate_is_told_by_its_end(tmp_path: Path, ends_in: timedelta, word: str) -> None:
    path = write_desk(tmp_path)
    with_certificate(path, Authority(tmp_path), ends_in)

    ran = run_gateway("check", "--connect", config=path)

    assert words(ran)["certificate"][0] == word
    assert ran.code == (word == "FAIL")


def test_a_door_in_use_and_one_that_cannot_be_are_told_apart(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        change(path, 'listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{taken.getsockname()[1]}"')
        in_use = words(run_gateway("check", "--connect", config=path))["doors"]
    change(path, '# listen = "127.0.0.1:8026"', 'listen = "192.0.2.1:8026"')
    impossible = words(run_gateway("check", "--connect", config=path))["doors"]

    assert in_use[0] == "note"
    assert "in use" in in_use[1]
    assert impossible[0] == "FAIL"
    assert "health 192.0.2.1:8026" in impossible[1]


def test_a_smarthost_without_a_name_fails(tmp_path: Path) -> None:
    path = write_desk(tmp_path, smarthost="smtps://nowhere.invalid")

    ran = run_gateway("check", "--connect", config=path)

    assert ran.code == 1
    assert words(ran)["names"][0] == "FAIL"


async def test_the_certificate_of_the_smarthost_is_told_by_its_end(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    identity = authority.identity(ends_in=timedelta(days=5))
    async with scripted(tls=identity.server_context()) as server:
        path = write_desk(tmp_path, smarthost=f"smtps://localhost:{server.port}")
        change(
            path,
            '# ca_file = "/etc/ssl/our-own-authority.pem"',
            f'ca_file = "{authority.file}"',
        )
        ran = await asyncio.to_thread(run_gateway, "check", "--connect", config=path)

    found = words(ran)
    assert found["smarthost"][0] == "ok"
    assert found["relay-tls"][0] == "note"
    assert "TLSv1.3, certificate until" in found["relay-tls"][1]
    assert found["sender"] == ("ok", "may send as support+{token}@desk.example")
    (sender,) = [one for one in server.commands if one.startswith("MAIL")]
    assert sender.startswith("MAIL FROM:<support+b")
    assert "RSET" in server.commands
    assert not any(one.startswith(("RCPT", "DATA")) for one in server.commands), "nothing is sent"


async def test_a_sender_that_the_smarthost_refuses_is_told_before_any_letter(
    tmp_path: Path,
) -> None:
    async with scripted({"MAIL": b"550 5.7.60 Not allowed to send as this\r\n"}) as server:
        path = write_desk(tmp_path, smarthost=f"smtp+plain://127.0.0.1:{server.port}")

        ran = await asyncio.to_thread(run_gateway, "check", "--connect", config=path)

    assert ran.code == 1
    word, text = words(ran)["sender"]
    assert word == "FAIL"
    assert "550 5.7.60 Not allowed to send as this: let us send as support+{token}@" in text


async def test_a_round_trip_goes_out_and_comes_back_and_opens_no_ticket(tmp_path: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    # Our own door is the smarthost: the shortest way there and back.
    path = write_desk(tmp_path, smarthost=f"smtp+plain://127.0.0.1:{port}")
    change(path, 'listen = "127.0.0.1:0"', f'listen = "127.0.0.1:{port}"')
    gateway = Gateway(path)
    await gateway.start()
    try:
        ran = await asyncio.to_thread(run_process, "check", "--roundtrip", config=path)
        tickets = await asyncio.to_thread(run_process, "tickets", "list", "--json", config=path)
    finally:
        await gateway.stop()

    found = words(ran)
    assert ran.code == 0, ran.output
    assert found["inbox"][0] == found["replies"][0] == "ok"
    assert "support+d" in found["replies"][1]
    assert tickets.rows() == []
    assert [one["letters"] for one in gateway.diary if one["event"] == "taken_in"] == [0, 0]


def test_a_round_trip_without_a_smarthost_cannot_be(tmp_path: Path) -> None:
    ran = run_gateway("check", "--roundtrip", config=write_desk(tmp_path))

    assert ran.code == 1
    assert words(ran)["inbox"][0] == "FAIL"
