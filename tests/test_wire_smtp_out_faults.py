"""A smarthost that misbehaves at every step (faults F13, F14, F15): what becomes of the letter."""

import ssl
from datetime import timedelta
from pathlib import Path

import pytest
from servers.certificates import Authority
from servers.scripted import CLOSE, HANG, Scripted, scripted

from gateway.wire.relay import read_relay
from gateway.wire.smtp_out import SmarthostCarrier

LETTER = b"Subject: x\r\nMessage-ID: <1@desk.example>\r\n\r\nbody\r\n"


def carrier(
    server: Scripted, url: str = "smtp+plain://127.0.0.1", **options: object
) -> SmarthostCarrier:
    relay = read_relay(f"{url}:{server.port}", **{"timeout": 5, **options})  # type: ignore[arg-type]  # options of a test
    return SmarthostCarrier(relay, hostname="desk.example")


async def carried(by: SmarthostCarrier, to: str = "ann@acme.example") -> tuple[str, int, bool]:
    delivery = await by.carry("bounce@desk.example", to, LETTER)
    return delivery.outcome, delivery.code, delivery.about_connection


@pytest.mark.parametrize(
    ("replies", "expected"),
    [
        pytest.param({"greeting": b"421 Busy\r\n"}, ("deferred", 421, True), id="421 as greeting"),
        pytest.param({"greeting": b"554 No\r\n"}, ("deferred", 554, True), id="554 as greeting"),
        pytest.param(
            {"EHLO": b"550 No\r\n", "HELO": b"550 No\r\n"},
            ("deferred", 550, True),
            id="550 to EHLO",
        ),
        pytest.param({"EHLO": b"502 What\r\n"}, ("delivered", 0, False), id="no EHLO, but HELO"),
        pytest.param({"MAIL": b"451 Later\r\n"}, ("deferred", 451, False), id="451 to MAIL"),
        pytest.param({"MAIL": b"421 Bye\r\n"}, ("deferred", 421, True), id="421 to MAIL"),
        pytest.param({"MAIL": b"530 Log in\r\n"}, ("deferred", 530, True), id="530 to MAIL"),
        pytest.param({"MAIL": b"550 Not you\r\n"}, ("deferred", 550, True), id="550 to MAIL"),
        pytest.param({"MAIL": b"552 Too large\r\n"}, ("failed", 552, False), id="552 to MAIL"),
        pytest.param({"RCPT": b"450 Later\r\n"}, ("deferred", 450, False), id="450 to RCPT"),
        pytest.param({"RCPT": b"550 Unknown\r\n"}, ("failed", 550, False), id="550 to RCPT"),
        pytest.param({"RCPT": b"501 Syntax\r\n"}, ("failed", 501, False), id="501 to RCPT"),
        pytest.param({"DATA": b"451 Later\r\n"}, ("deferred", 451, False), id="451 to DATA"),
        pytest.param({".": b"451 Later\r\n"}, ("deferred", 451, False), id="451 after the data"),
        pytest.param({".": b"500 5.3.3 Line\r\n"}, ("failed", 500, False), id="500 after the data"),
        pytest.param({".": b"554 Spam\r\n"}, ("failed", 554, False), id="554 after the data"),
        pytest.param({"MAIL": b"hello there\r\n"}, ("deferred", 0, True), id="garbage to MAIL"),
        pytest.param({".": b"\xff\xfe\x00\r\n"}, ("deferred", 0, False), id="garbage after data"),
        pytest.param({"MAIL": b"250 " + b"x" * 9999 + b"\r\n"}, ("deferred", 0, True), id="long"),
        pytest.param(
            {"RCPT": b"250-x\r\n" * 10_000 + b"250 x\r\n"}, ("deferred", 0, True), id="10,000 lines"
        ),
        pytest.param({".": b"99 what\r\n"}, ("deferred", 99, False), id="a code that is none"),
    ],
)
async def test_f13_what_a_reply_means(
    replies: dict[str, bytes], expected: tuple[str, int, bool]
) -> None:
    async with scripted(replies) as server:
        by = carrier(server)

        assert await carried(by) == expected

        await by.close()


async def test_f13_a_reply_in_single_octets_is_read() -> None:
    async with scripted({"EHLO": b"250-double\r\n250 SIZE\r\n"}, octet_by_octet=True) as server:
        by = carrier(server)

        assert (await carried(by))[0] == "delivered"

        await by.close()


async def test_f13_one_bad_letter_of_many_leaves_the_connection_to_the_others() -> None:
    async with scripted({"RCPT": b"550 Unknown\r\n"}) as server:
        by = carrier(server)
        first = await carried(by)
        server.replies["RCPT"] = b"250 OK\r\n"
        second = await carried(by)
        await by.close()

    assert (first[0], second[0]) == ("failed", "delivered")
    assert server.visits == 1


@pytest.mark.parametrize("step", ["greeting", "EHLO", "MAIL", "RCPT", "DATA", "."])
@pytest.mark.parametrize(
    "trouble", [pytest.param(HANG, id="silence"), pytest.param(CLOSE, id="a cut")]
)
async def test_f14_a_server_that_falls_silent_or_hangs_up_defers(
    step: str, trouble: bytes | None
) -> None:
    async with scripted({step: trouble}) as server:
        by = carrier(server, timeout=0.1)

        outcome, code, about_connection = await carried(by)

        assert (outcome, code) == ("deferred", 0)
        assert about_connection is (step not in ("DATA", "."))
        await by.close()


async def test_f14_a_letter_whose_reply_was_lost_is_sent_again_later_and_not_at_once() -> None:
    async with scripted() as server:
        by = carrier(server)
        await carried(by)
        server.replies["."] = CLOSE
        lost = await carried(by)
        server.replies["."] = b"250 OK\r\n"
        again = await carried(by)
        await by.close()

    assert (lost[0], again[0]) == ("deferred", "delivered")
    assert server.taken == [LETTER] * 3, "one duplicate, and it is the same to the last octet"


async def test_a_reason_is_one_short_printable_line() -> None:
    reply = b"550-5.1.1 No\x1b[31m such\r\n550 user " + b"x" * 400 + b"\r\n"
    async with scripted({"RCPT": reply}) as server:
        by = carrier(server)
        delivery = await by.carry("b@desk.example", "ann@acme.example", LETTER)
        await by.close()

    assert delivery.reason.isprintable()
    assert delivery.reason.startswith("recipient refused: 5.1.1 No [31m such user xxx")
    assert len(delivery.reason) < 250


# Addresses of other alphabets


async def test_an_address_with_other_letters_needs_a_server_that_takes_them() -> None:
    async with scripted() as server:
        by = carrier(server)
        refused = await carried(by, "jörg@acme.example")
        await by.close()
    async with scripted({"EHLO": b"250-double\r\n250 SMTPUTF8\r\n"}) as server:
        by = carrier(server)
        taken = await carried(by, "jörg@acme.example")
        await by.close()

    assert (refused[0], taken[0]) == ("failed", "delivered")
    assert "MAIL FROM:<bounce@desk.example> SMTPUTF8" in server.commands
    assert "RCPT TO:<jörg@acme.example>" in server.commands


async def test_an_address_that_breaks_the_line_never_reaches_the_wire() -> None:
    async with scripted() as server:
        by = carrier(server)

        outcome = await carried(by, "ann@acme.example>\r\nRCPT TO:<eve@x.example")

        assert outcome[0] == "failed"
        assert not any("eve" in one for one in server.commands)
        await by.close()


# TLS


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


async def test_tls_with_an_authority_of_our_own(authority: Authority) -> None:
    async with scripted(tls=authority.identity().server_context()) as server:
        by = carrier(server, "smtps://localhost", ca_file=authority.file, timeout=5)

        assert (await carried(by))[0] == "delivered"

        await by.close()


@pytest.mark.parametrize(
    ("name", "ends_in", "trusted", "reason"),
    [
        pytest.param("localhost", timedelta(days=-1), True, "expired", id="expired"),
        pytest.param("elsewhere.example", timedelta(days=9), True, "not valid for", id="name"),
        pytest.param("localhost", timedelta(days=9), False, "local issuer", id="unknown authority"),
    ],
)
async def test_f15_a_certificate_that_is_not_good_defers_and_nothing_is_said(
    authority: Authority, name: str, ends_in: timedelta, trusted: bool, reason: str
) -> None:
    identity = authority.identity(name, ends_in=ends_in)
    async with scripted(tls=identity.server_context()) as server:
        ca_file = authority.file if trusted else None
        by = carrier(server, "smtps://desk:secret@localhost", ca_file=ca_file, timeout=5)

        delivery = await by.carry("b@desk.example", "ann@acme.example", LETTER)
        await by.close()

    assert (delivery.outcome, delivery.about_connection) == ("deferred", True)
    assert delivery.needs_operator
    assert reason in delivery.reason
    assert server.commands == []


async def test_f15_where_starttls_is_not_offered_nothing_is_sent_in_the_clear() -> None:
    async with scripted() as server:
        by = carrier(server, "smtp://desk:secret@127.0.0.1")

        delivery = await by.carry("b@desk.example", "ann@acme.example", LETTER)
        await by.close()

    assert (delivery.outcome, delivery.about_connection) == ("deferred", True)
    assert delivery.needs_operator
    assert "STARTTLS" in delivery.reason
    assert {one.split()[0] for one in server.commands} <= {"EHLO", "STARTTLS", "QUIT"}


async def test_a_server_that_is_away_needs_no_operator() -> None:
    async with scripted() as server:
        by = carrier(server)
    delivery = await by.carry("b@desk.example", "ann@acme.example", LETTER)

    assert (delivery.outcome, delivery.about_connection) == ("deferred", True)
    assert not delivery.needs_operator


async def test_a_wrong_password_defers(authority: Authority, tmp_path: Path) -> None:
    replies = {"EHLO": b"250-double\r\n250 AUTH PLAIN\r\n", "AUTH": b"535 5.7.8 No\r\n"}
    async with scripted(replies, tls=authority.identity().server_context()) as server:
        by = carrier(server, "smtps://desk:secret@localhost", ca_file=authority.file, timeout=5)

        outcome = await carried(by)
        await by.close()

    assert outcome == ("deferred", 535, True)


def test_a_password_is_not_sent_in_the_clear_to_another_host() -> None:
    with pytest.raises(ValueError, match="in the clear"):
        read_relay("smtp+plain://desk:secret@mail.example:25")


def test_tls_always_asks_for_a_name_and_a_certificate() -> None:
    from gateway.wire.smtp_out import _verifying  # noqa: PLC0415 - the only test of it

    context = _verifying(None)

    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
