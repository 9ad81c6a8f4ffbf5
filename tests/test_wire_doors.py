"""Doors of every kind: LMTP, Unix sockets, STARTTLS, TLS at once, logins and PROXY headers."""

import asyncio
import base64
import os
import ssl
import struct
from datetime import timedelta
from pathlib import Path

import pytest
from doors import FROM_ANN, PATIENCE_SECONDS, TO_US, Talk, hall
from servers.certificates import Authority

from gateway.wire.door import Certificate
from gateway.wire.rules import Rules
from gateway.wire.smtp_users import Users, hash_password

RULES = Rules(hostname="desk.example")
LHLO = b"LHLO client.example\r\n"
PASSWORD = b"correct horse"
MAIL = b"Subject: x\r\n\r\nHello\r\n.\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def certificate(authority: Authority) -> Certificate:
    identity = authority.identity()
    return Certificate(identity.certificate, identity.key)


@pytest.fixture
def trusting(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(authority.file))


@pytest.fixture
def users(tmp_path: Path) -> Users:
    path = tmp_path / "users"
    path.write_text(f"desk:{hash_password(PASSWORD)}\n", encoding="utf-8")
    return Users(path)


def plain(name: bytes = b"desk", password: bytes = PASSWORD) -> bytes:
    return b"AUTH PLAIN " + base64.b64encode(b"\0" + name + b"\0" + password) + b"\r\n"


# LMTP


async def test_lmtp_answers_for_each_recipient_it_took(tmp_path: Path) -> None:
    async with hall(tmp_path, RULES, protocol="lmtp") as door:
        talk = await door.knock()
        others = b"RCPT TO:<nobody@else.example>\r\n", b"RCPT TO:<sales@desk.example>\r\n"
        await talk.begin(TO_US, *others, greeting=LHLO)

        first = await talk.say(MAIL)
        second = await talk.hear()
        after = await talk.say(b"QUIT\r\n")

        assert first == second
        assert first.startswith("250 2.0.0 OK, queued as ")
        assert after.startswith("221")
        ((_, kept),) = door.spool.take(10)
        assert kept.envelope.forward_paths == ("support@desk.example", "sales@desk.example")
        assert kept.envelope.source == "lmtp"


async def test_lmtp_says_for_each_recipient_what_it_refuses(tmp_path: Path) -> None:
    async with hall(tmp_path, RULES, protocol="lmtp") as door:
        talk = await door.knock()
        await talk.begin(TO_US, TO_US, greeting=LHLO)

        replies = [await talk.say(b"a\nb\r\n.\r\n"), await talk.hear()]

        assert replies == ["550 5.5.2 Bare CR or LF in the message"] * 2
        assert (await talk.say(b"NOOP\r\n")).startswith("250")


async def test_lmtp_answers_for_all_recipients_of_a_mail_it_refuses(tmp_path: Path) -> None:
    async with hall(tmp_path, RULES, protocol="lmtp") as door:
        count = RULES.errors_max + 10
        talk = await door.knock()
        await talk.begin(*[TO_US] * count, greeting=LHLO)
        talk.send(b"Subject: x\r\n\r\nbare\nline end\r\n.\r\nQUIT\r\n")
        replies = (await talk.rest()).splitlines()

        assert [one[:3] for one in replies] == [b"550"] * count + [b"221"]


async def test_a_mail_that_is_taken_makes_good_for_errors(tmp_path: Path) -> None:
    rules = Rules(hostname="desk.example", errors_max=2)
    async with hall(tmp_path, rules, protocol="lmtp") as door:
        talk = await door.knock()
        await talk.hello(LHLO)
        for _ in range(3):
            await talk.say(FROM_ANN)
            await talk.say(TO_US)
            for _ in range(2):
                assert (await talk.say(b"RCPT TO:<x@else.example>\r\n")).startswith("550")
            await talk.say(b"DATA\r\n")

            assert (await talk.say(MAIL)).startswith("250")


@pytest.mark.parametrize(
    ("protocol", "wrong"), [("lmtp", b"EHLO x\r\n"), ("lmtp", b"HELO x\r\n"), ("smtp", LHLO)]
)
async def test_the_other_protocols_hello_is_refused(
    tmp_path: Path, protocol: str, wrong: bytes
) -> None:
    async with hall(tmp_path, RULES, protocol=protocol) as door:
        talk = await door.knock()
        await talk.hear()

        assert (await talk.say(wrong)).startswith("500")


async def test_lmtp_over_a_unix_socket_that_an_earlier_run_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "run" / "lmtp"
    address = f"unix:{path}"
    async with hall(tmp_path, RULES, protocol="lmtp", address=address):
        os.link(path, tmp_path / "left behind")
    (tmp_path / "left behind").rename(path)

    async with hall(tmp_path, RULES, protocol="lmtp", address=address) as door:
        talk = await door.knock()
        await talk.begin(greeting=LHLO)
        reply = await talk.say(MAIL)

        assert reply.startswith("250")
        assert path.stat().st_mode & 0o777 == 0o666
        assert door.listener.address == address
    assert not path.exists()


# TLS


async def test_starttls_begins_tls_once_and_only_after_it_logins_are_offered(
    tmp_path: Path, certificate: Certificate, trusting: ssl.SSLContext, users: Users
) -> None:
    async with hall(tmp_path, RULES, certificate=certificate, users=users) as door:
        talk = await door.knock()
        before = await talk.hello()
        await talk.say(b"STARTTLS\r\n")
        await talk.secure(trusting)
        talk.send(b"EHLO client.example\r\n")
        after = [line[4:] for line in await talk.hear_all()]

        assert "STARTTLS" in before
        assert "AUTH LOGIN PLAIN" not in before
        assert "STARTTLS" not in after
        assert "AUTH LOGIN PLAIN" in after
        assert (await talk.say(b"STARTTLS\r\n")).startswith("503")
        await talk.say(FROM_ANN)
        await talk.say(TO_US)
        await talk.say(b"DATA\r\n")
        assert (await talk.say(MAIL)).startswith("250")


async def test_a42_what_was_said_behind_starttls_in_the_clear_is_not_heard(
    tmp_path: Path, certificate: Certificate, trusting: ssl.SSLContext
) -> None:
    async with hall(tmp_path, RULES, certificate=certificate) as door:
        talk = await door.knock()
        await talk.hello()
        injected = b"STARTTLS\r\nEHLO evil.example\r\n" + FROM_ANN + TO_US
        assert (await talk.say(injected)).startswith("220")
        await talk.secure(trusting)

        assert (await talk.say(TO_US)).startswith("503")
        talk.send(b"EHLO client.example\r\n")
        assert (await talk.hear_all())[0] == "250-desk.example"


async def test_tls_from_the_first_octet(
    tmp_path: Path, certificate: Certificate, trusting: ssl.SSLContext
) -> None:
    async with hall(tmp_path, RULES, certificate=certificate, tls_at_once=True) as door:
        talk = await door.knock(ssl=trusting, server_hostname="localhost")
        await talk.begin()

        assert (await talk.say(MAIL)).startswith("250")


async def test_a_failed_handshake_leaves_no_guest(tmp_path: Path, certificate: Certificate) -> None:
    async with hall(tmp_path, RULES, certificate=certificate, tls_at_once=True) as door:
        talk = await door.knock()
        talk.send(b"EHLO client.example\r\n")
        await talk.rest()

        assert door.reception.crowd.count == 0
        assert [one["reason"] for one in door.told("refused")] == ["TLS handshake"]


@pytest.mark.parametrize(
    "said", [pytest.param(b"no TLS\r\n", id="junk"), pytest.param(b"", id="hang-up")]
)
async def test_a_failed_starttls_gives_its_place_back(
    tmp_path: Path, certificate: Certificate, said: bytes
) -> None:
    async with hall(tmp_path, RULES, certificate=certificate) as door:
        talk = await door.knock()
        await talk.hello()
        await talk.say(b"STARTTLS\r\n")
        talk.send(said)
        talk.close()
        async with asyncio.timeout(PATIENCE_SECONDS):
            await door.emptied()

        assert door.reception.crowd.count == 0


async def test_where_tls_is_a_must_no_mail_is_taken_without_it(
    tmp_path: Path, certificate: Certificate
) -> None:
    rules = Rules(hostname="desk.example", require_tls=True)
    async with hall(tmp_path, rules, certificate=certificate) as door:
        talk = await door.knock()
        await talk.hello()

        assert (await talk.say(FROM_ANN)).startswith("530 5.7.0")
        assert (await talk.say(b"NOOP\r\n")).startswith("250")


async def test_a_renewed_certificate_is_shown_to_the_next_peer(
    tmp_path: Path, authority: Authority, trusting: ssl.SSLContext
) -> None:
    old = authority.identity(ends_in=timedelta(days=30))
    new = authority.identity(ends_in=timedelta(days=90))
    loaded = Certificate(old.certificate, old.key)
    async with hall(tmp_path, RULES, certificate=loaded, tls_at_once=True) as door:
        first = await door.knock(ssl=trusting, server_hostname="localhost")
        new.key.replace(old.key)
        new.certificate.replace(old.certificate)
        os.utime(old.certificate, ns=(1, 1))
        door.listener.door.sweep(asyncio.get_running_loop().time() + 120)
        second = await door.knock(ssl=trusting, server_hostname="localhost")

        dates = [
            talk.writer.get_extra_info("ssl_object").getpeercert()["notAfter"]
            for talk in (first, second)
        ]
        assert dates[0] != dates[1]


async def test_a_renewed_chain_waits_for_its_key(
    tmp_path: Path, authority: Authority, trusting: ssl.SSLContext
) -> None:
    old = authority.identity(ends_in=timedelta(days=40))
    new = authority.identity(ends_in=timedelta(days=80))
    loaded = Certificate(old.certificate, old.key)
    async with hall(tmp_path, RULES, certificate=loaded, tls_at_once=True) as door:
        new.certificate.replace(old.certificate)
        os.utime(old.certificate, ns=(1, 1))
        door.listener.door.sweep(asyncio.get_running_loop().time() + 120)
        before = await door.knock(ssl=trusting, server_hostname="localhost")
        new.key.replace(old.key)
        door.listener.door.sweep(asyncio.get_running_loop().time() + 240)
        after = await door.knock(ssl=trusting, server_hostname="localhost")

        shown = [
            talk.writer.get_extra_info("ssl_object").getpeercert()["serialNumber"]
            for talk in (before, after)
        ]
        assert [one["part"] for one in door.told("renewal_failed")] == ["certificate"]
        assert shown[0] != shown[1]


# Logins


async def secured(talk: Talk, trusting: ssl.SSLContext) -> None:
    await talk.hello()
    await talk.say(b"STARTTLS\r\n")
    await talk.secure(trusting)
    talk.send(b"EHLO client.example\r\n")
    await talk.hear_all()


async def test_who_has_logged_in_may_hand_mail_over_to_us_and_nobody_else(
    tmp_path: Path, certificate: Certificate, trusting: ssl.SSLContext, users: Users
) -> None:
    async with hall(
        tmp_path, RULES, certificate=certificate, users=users, require_auth=True
    ) as door:
        talk = await door.knock()
        await secured(talk, trusting)

        assert (await talk.say(FROM_ANN)).startswith("530 5.7.0")
        assert (await talk.say(plain())).startswith("235")
        assert (await talk.say(FROM_ANN)).startswith("250")
        assert (await talk.say(b"RCPT TO:<x@else.example>\r\n")).startswith("550 5.7.1")
        await talk.say(TO_US)
        await talk.say(b"DATA\r\n")
        await talk.say(MAIL)
        assert [one["user"] for one in door.told("accepted")] == ["desk"]


@pytest.mark.parametrize(
    "login",
    [
        pytest.param(plain(password=b"wrong"), id="a wrong password"),
        pytest.param(plain(name=b"nobody"), id="a wrong name"),
    ],
)
async def test_a_wrong_login_is_refused_three_times_and_never_repeated(
    tmp_path: Path,
    certificate: Certificate,
    trusting: ssl.SSLContext,
    users: Users,
    login: bytes,
) -> None:
    async with hall(tmp_path, RULES, certificate=certificate, users=users) as door:
        talk = await door.knock()
        await secured(talk, trusting)

        replies = [await talk.say(login) for _ in range(3)]

        assert [one[:9] for one in replies] == ["535 5.7.8", "535 5.7.8", "421 4.7.0"]
        assert "wrong" not in str(door.events)


async def test_no_password_is_taken_in_the_clear(
    tmp_path: Path, certificate: Certificate, users: Users
) -> None:
    async with hall(tmp_path, RULES, certificate=certificate, users=users) as door:
        talk = await door.knock()
        await talk.hello()

        assert (await talk.say(plain()))[:3] in ("530", "538")


# PROXY headers

V2_LOCAL = b"\r\n\r\n\x00\r\nQUIT\n\x20\x00\x00\x00"
V2_INET = b"\r\n\r\n\x00\r\nQUIT\n" + struct.pack(
    "!BBH4s4sHH", 0x21, 0x11, 12, bytes((192, 0, 2, 7)), bytes((10, 0, 0, 2)), 4000, 25
)


@pytest.mark.parametrize(
    ("header", "peer"),
    [
        pytest.param(b"PROXY TCP4 192.0.2.7 10.0.0.2 4000 25\r\n", "192.0.2.7", id="version 1"),
        pytest.param(b"PROXY TCP6 2001:db8::7 ::1 4000 25\r\n", "2001:db8::7", id="IPv6"),
        pytest.param(b"PROXY UNKNOWN\r\n", "127.0.0.1", id="nobody"),
        pytest.param(V2_INET, "192.0.2.7", id="version 2"),
        pytest.param(V2_LOCAL, "127.0.0.1", id="the proxy itself"),
    ],
)
async def test_a_listed_proxy_says_who_the_peer_is(
    tmp_path: Path, header: bytes, peer: str
) -> None:
    rules = Rules(hostname="desk.example", proxies=("127.0.0.1",))
    async with hall(tmp_path, rules) as door:
        talk = await door.knock()
        talk.send(header)
        await talk.begin()
        await talk.say(MAIL)

        assert [one["peer"] for one in door.told("accepted")] == [peer]


async def test_a_proxy_in_front_of_tls(
    tmp_path: Path, certificate: Certificate, trusting: ssl.SSLContext
) -> None:
    rules = Rules(hostname="desk.example", proxies=("127.0.0.1",))
    async with hall(tmp_path, rules, certificate=certificate, tls_at_once=True) as door:
        talk = await door.knock()
        talk.send(b"PROXY TCP4 192.0.2.7 10.0.0.2 4000 25\r\n")
        await talk.secure(trusting)
        await talk.begin()
        await talk.say(MAIL)

        assert [one["peer"] for one in door.told("accepted")] == ["192.0.2.7"]


@pytest.mark.parametrize(
    "header",
    [b"EHLO client.example\r\n", b"PROXY TCP4 here there 1 2\r\n", b"\r\n\r\n\x00\r\nQUIT!"],
)
async def test_a_listed_proxy_without_its_header_is_cut_off(tmp_path: Path, header: bytes) -> None:
    rules = Rules(hostname="desk.example", proxies=("127.0.0.1",))
    async with hall(tmp_path, rules) as door:
        talk = await door.knock()
        talk.send(header)

        assert await talk.rest() == b""
        assert [one["reason"] for one in door.told("refused")] == ["bad PROXY header"]
