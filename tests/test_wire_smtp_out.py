"""Handing letters over: what the server says becomes delivered, deferred or failed."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from servers.smarthost import Smarthost

from gateway.wire.relay import read_relay
from gateway.wire.smtp_out import SmarthostCarrier

LETTER = b"Subject: x\r\n\r\n.leading dot\r\nbody\r\n"


@pytest_asyncio.fixture
async def smarthost() -> AsyncIterator[Smarthost]:
    double = Smarthost()
    await double.up()
    yield double
    await double.down()


@pytest_asyncio.fixture
async def carrier(smarthost: Smarthost) -> AsyncIterator[SmarthostCarrier]:
    made = SmarthostCarrier(read_relay(smarthost.url, timeout=5), hostname="desk.example")
    yield made
    await made.close()


async def test_a_letter_arrives_byte_for_byte(
    smarthost: Smarthost, carrier: SmarthostCarrier
) -> None:
    delivery = await carrier.carry("bounce@desk.example", "ann@acme.example", LETTER)

    assert delivery.outcome == "delivered"
    (taken,) = smarthost.taken
    assert (taken.reverse_path, taken.recipient) == ("bounce@desk.example", "ann@acme.example")
    assert taken.content == LETTER


@pytest.mark.parametrize(
    ("reply", "outcome"),
    [
        ("450 4.2.1 Greylisted", "deferred"),
        ("451 4.3.0 Later", "deferred"),
        ("550 5.1.1 No such user", "failed"),
        ("552 5.3.4 Too large", "failed"),
    ],
)
async def test_the_code_decides(
    smarthost: Smarthost, carrier: SmarthostCarrier, reply: str, outcome: str
) -> None:
    smarthost.at_rcpt = lambda _: reply
    at_rcpt = await carrier.carry("b@desk.example", "ann@acme.example", LETTER)
    smarthost.at_rcpt, smarthost.at_data = lambda _: "", lambda _: reply
    at_data = await carrier.carry("b@desk.example", "ann@acme.example", LETTER)

    assert (at_rcpt.outcome, at_rcpt.code) == (outcome, int(reply[:3]))
    assert (at_data.outcome, at_data.code) == (outcome, int(reply[:3]))


async def test_one_connection_serves_many_letters_even_refused_ones(
    smarthost: Smarthost, carrier: SmarthostCarrier
) -> None:
    smarthost.at_rcpt = lambda address: "550 5.1.1 No" if address.startswith("bad") else ""

    outcomes = [
        (await carrier.carry("b@desk.example", to, LETTER)).outcome
        for to in ("a@x.example", "bad@x.example", "c@x.example")
    ]

    assert outcomes == ["delivered", "failed", "delivered"]


async def test_a_server_that_is_away_defers(
    smarthost: Smarthost, carrier: SmarthostCarrier
) -> None:
    await smarthost.down()

    delivery = await carrier.carry("b@desk.example", "ann@acme.example", LETTER)

    assert (delivery.outcome, delivery.code) == ("deferred", 0)


async def test_a_connection_that_ended_meanwhile_is_opened_anew(
    smarthost: Smarthost, carrier: SmarthostCarrier
) -> None:
    await carrier.carry("b@desk.example", "ann@acme.example", LETTER)
    smarthost.drop_connections()

    delivery = await carrier.carry("b@desk.example", "ann@acme.example", LETTER)

    assert delivery.outcome == "delivered"
    assert len(smarthost.taken) == 2


@pytest.mark.parametrize(
    ("url", "relay"),
    [
        ("smtp://mail.example", ("mail.example", 587, "starttls", "")),
        ("smtps://u%40x:p@mail.example", ("mail.example", 465, "tls", "u@x")),
        ("smtp+plain://127.0.0.1:2525", ("127.0.0.1", 2525, "none", "")),
    ],
)
def test_a_url_says_where_and_how(url: str, relay: tuple[str, int, str, str]) -> None:
    read = read_relay(url)

    assert (read.host, read.port, read.security, read.user) == relay
    assert "p@" not in repr(read)


@pytest.mark.parametrize("url", ["mail.example", "http://mail.example", "smtp://"])
def test_another_url_is_refused_with_an_example(url: str) -> None:
    with pytest.raises(ValueError, match="smtp://user@host:587"):
        read_relay(url)


@pytest.mark.parametrize("mark", ["#", "/", "?", "[", "\N{CARE OF}"])
@pytest.mark.parametrize("begin", ["S3cret", "587"])
def test_a_password_that_cuts_the_url_is_refused_and_never_repeated(mark: str, begin: str) -> None:
    with pytest.raises(ValueError, match="use password_file") as refused:
        read_relay(f"smtp://bot:{begin}{mark}tail@mail.example")

    told = str(refused.value).replace("host:587", "")
    assert begin not in told
    assert "tail" not in told
