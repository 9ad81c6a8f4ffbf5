"""What `gateway check --connect` and `--roundtrip` look at: the world around the gateway.

Each probe returns a word (`ok`, `note` or `FAIL`) and what to do where it is not well.
"""

import asyncio
import errno
import socket
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

from gateway.cli.operator import Operator, first_line

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from gateway.settings.load import Settings

Probe = Callable[[Operator, Path | None], tuple[str, str]]

SOON: Final = timedelta(days=14)
ROUND_TRIP_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 0.25
DRIFT_MAX: Final = timedelta(minutes=2)


def _names(operator: Operator, config: Path | None) -> tuple[str, str]:
    """Whether the smarthost's name resolves, and how fast."""
    from gateway.daemon import relay_of

    try:
        relay = relay_of(operator.settings(config))
    except (OSError, ValueError) as error:
        return "FAIL", str(error)
    if relay is None:
        return "note", "no smarthost is set: nothing to look up"
    began = time.monotonic()
    try:
        found = socket.getaddrinfo(relay.host, relay.port, type=socket.SOCK_STREAM)
    except OSError as error:
        return "FAIL", f"{relay.host}: {error.strerror}: correct smarthost.url, or the resolver"
    took = time.monotonic() - began
    addresses = ", ".join(dict.fromkeys(str(one[4][0]) for one in found))
    word = "ok" if took < 1 else "note"
    return word, f"{relay.host} is {addresses} ({took * 1000:.0f} ms)"


def _smarthost_tls(operator: Operator, config: Path | None) -> tuple[str, str]:
    """What the smarthost shows of itself once we have logged in."""
    import aiosmtplib

    from gateway.daemon import relay_of
    from gateway.wire.smtp_out import SmarthostCarrier
    from gateway.wire.token import NoToken

    settings = operator.settings(config)
    try:
        relay = relay_of(settings)
        if relay is None:
            return "note", "no smarthost is set"
        carrier = SmarthostCarrier(relay, hostname=settings.gateway.smtp.hostname)
        greeting = asyncio.run(carrier.greet())
    except (aiosmtplib.SMTPException, OSError, ValueError, NoToken) as error:
        return "FAIL", f"{error}: see the line of the smarthost above"
    if not greeting.tls:
        return "note", "letters go in the clear: fine on this host only"
    ends_at = _openssl_instant(greeting.certificate_until)
    word, text = _remaining(ends_at, operator.clock(), "ask its operator to renew it")
    return word, f"{greeting.tls}, {text}"


def _sender(operator: Operator, config: Path | None) -> tuple[str, str]:
    """Whether the smarthost lets us send as our bounce address: MAIL, then RSET."""
    import aiosmtplib

    from gateway.daemon import plan_of, relay_of
    from gateway.desk.token import Purpose
    from gateway.wire.smtp_out import SmarthostCarrier
    from gateway.wire.token import NoToken

    settings = operator.settings(config)
    plan = plan_of(settings, looks_only=True)
    sender = plan.policy.addresses.reply_address(plan.keys.make(Purpose.BOUNCE, "0", "check"))
    try:
        relay = relay_of(settings)
        if relay is None:
            return "note", "no smarthost is set"
        carrier = SmarthostCarrier(relay, hostname=settings.gateway.smtp.hostname)
        asyncio.run(carrier.greet(sender))
    except aiosmtplib.SMTPSenderRefused as error:
        shown = "".join(char if char.isprintable() else " " for char in error.message)
        return "FAIL", f"{error.code} {shown}: let us send as {plan.policy.addresses.reply_pattern}"
    except (aiosmtplib.SMTPException, OSError, ValueError, NoToken) as error:
        return "FAIL", f"{error}: see the line of the smarthost above"
    return "ok", f"may send as {plan.policy.addresses.reply_pattern}"


def _certificate(operator: Operator, config: Path | None) -> tuple[str, str]:
    """Our own certificate: readable, with its key, and for how long."""
    from cryptography import x509

    from gateway.settings.doors import certificate_of

    settings = operator.settings(config)
    path = settings.gateway.smtp.certificate_file
    if path is None:
        return "note", "none is set: peers cannot use TLS (smtp.certificate_file)"
    try:
        certificate_of(settings)
        shown = x509.load_pem_x509_certificate(settings.resolve(path).read_bytes())
    except (OSError, ValueError) as error:
        return "FAIL", f"{path}: {error}: write certificate and chain into it, and its key beside"
    return _remaining(shown.not_valid_after_utc, operator.clock(), "renew it")


def _remaining(ends_at: datetime, now: datetime, remedy: str) -> tuple[str, str]:
    text = f"certificate until {ends_at:%Y-%m-%d}"
    if ends_at <= now:
        return "FAIL", f"{text}: {remedy}"
    return ("note", f"{text}: {remedy} soon") if ends_at - now < SOON else ("ok", text)


def _openssl_instant(text: str) -> datetime:
    import ssl

    return datetime.fromtimestamp(ssl.cert_time_to_seconds(text), UTC)


def _doors(operator: Operator, config: Path | None) -> tuple[str, str]:
    """Whether we could listen where the settings say."""
    taken, wrong = [], []
    for name, address in _addresses(operator.settings(config)):
        problem = _cannot_bind(address)
        if problem == errno.EADDRINUSE:
            taken.append(name)
        elif problem:
            wrong.append(f"{name} {address}: {errno.errorcode.get(problem, problem)}")
    if wrong:
        return "FAIL", "; ".join(wrong) + ": choose an address of this host and a port above 1023"
    if taken:
        return "note", f"{', '.join(taken)} in use: by a gateway that runs?"
    return "ok", "free to listen"


def _addresses(settings: "Settings") -> Iterator[tuple[str, str]]:
    gateway = settings.gateway
    for name, address in (
        ("smtp", gateway.smtp.listen),
        ("smtps", gateway.smtp.tls_listen),
        ("lmtp", gateway.lmtp.listen),
        ("health", gateway.health.listen),
    ):
        if address and not address.startswith("unix:"):
            yield name, address


def _cannot_bind(address: str) -> int:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, int(port)))
        except OSError as error:
            return error.errno or errno.EINVAL
    return 0


def _dkim(operator: Operator, config: Path | None) -> tuple[str, str]:
    """Whether the key signs, and what should stand in the DNS."""
    from gateway.daemon import signer_of
    from gateway.wire.dkim_sign import CannotSign

    settings = operator.settings(config)
    try:
        signer = signer_of(settings)
    except CannotSign as error:
        return "FAIL", str(error)
    if signer is None:
        return "note", "letters are not signed by us: the smarthost should (or set [dkim])"
    dkim = settings.gateway.dkim
    name = f"{dkim.selector}._domainkey.{dkim.domain}"
    return "ok", f"signs; the DNS must have a TXT record {name} with its public half"


def _clock(operator: Operator, config: Path | None) -> tuple[str, str]:
    """Our clock against that of the database: promises and certificates hang on it."""
    from sqlalchemy import func, select
    from sqlalchemy.exc import SQLAlchemyError

    from gateway.store.engine import is_sqlite
    from gateway.store.transaction import run_once

    try:
        with operator.opened(config) as (engine, _):
            if run_once(engine, is_sqlite):
                return "note", f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC: is it? run NTP"
            theirs: datetime = run_once(
                engine, lambda c: c.execute(select(func.now())).scalar_one()
            )
    except (SQLAlchemyError, OSError) as error:
        return "FAIL", first_line(error)
    drift = abs(datetime.now(UTC) - theirs)
    text = f"{drift.total_seconds():.1f} s from the database's clock"
    return ("ok", text) if drift < DRIFT_MAX else ("FAIL", f"{text}: run NTP on both")


def _round_trip(operator: Operator, config: Path | None) -> tuple[str, str]:
    """A mail to an inbox of ours, through the smarthost and back."""
    address = next(iter(operator.settings(config).gateway.addresses.inboxes))
    return _send_and_wait(operator, config, address)


def _round_trip_of_replies(operator: Operator, config: Path | None) -> tuple[str, str]:
    """The same to a reply address: the mail server must know plus-addresses, or a catch-all."""
    from gateway.daemon import plan_of
    from gateway.desk.token import Purpose

    plan = plan_of(operator.settings(config))
    address = plan.policy.addresses.reply_address(plan.keys.make(Purpose.DESK, "", "check"))
    return _send_and_wait(operator, config, address)


def _send_and_wait(operator: Operator, config: Path | None, address: str) -> tuple[str, str]:
    from gateway.daemon import relay_of
    from gateway.wire.smtp_out import SmarthostCarrier

    settings = operator.settings(config)
    relay = relay_of(settings)
    if relay is None:
        return "FAIL", "no smarthost is set: nothing can come back"
    sender = next(iter(settings.gateway.addresses.inboxes))
    name = f"check.{time.time_ns():x}@{settings.gateway.addresses.domain}"
    carrier = SmarthostCarrier(relay, hostname=settings.gateway.smtp.hostname)

    async def send() -> str:
        delivery = await carrier.carry(sender, address, _letter(sender, address, name))
        await carrier.close()
        return "" if delivery.outcome == "delivered" else f"{delivery.code} {delivery.reason}"

    began = time.monotonic()
    if problem := asyncio.run(send()):
        return "FAIL", f"the smarthost took no mail to {address}: {problem}"
    with operator.desk(config) as (engine, _):
        while time.monotonic() - began < ROUND_TRIP_SECONDS:
            if _has_come(engine, name):
                return "ok", f"{address} in {time.monotonic() - began:.1f} s"
            time.sleep(LOOK_SECONDS)
    return "FAIL", (
        f"{address} has not come back within {ROUND_TRIP_SECONDS:.0f} s: does the daemon run, and "
        "does your mail server deliver this address to it?"
    )


def _letter(sender: str, address: str, name: str) -> bytes:
    """A mail that opens no ticket, because it says that a machine wrote it (RFC 3834)."""
    lines = (
        f"From: {sender}",
        f"To: {address}",
        "Subject: gateway check --roundtrip",
        f"Date: {datetime.now(UTC):%a, %d %b %Y %H:%M:%S +0000}",
        f"Message-ID: <{name}>",
        "Auto-Submitted: auto-generated",
        "",
        "A check of the way from the smarthost to the gateway. Nothing needs to be done.",
        "",
    )
    return "\r\n".join(lines).encode("ascii")


def _has_come(engine: "Engine", message_id: str) -> bool:
    from sqlalchemy import select

    from gateway.store.mail_tables import mails
    from gateway.store.transaction import run_once

    found = select(mails.c.queue_id).where(mails.c.message_id == message_id)
    return run_once(engine, lambda c: c.execute(found).first()) is not None


PROBES: Final[tuple[tuple[str, Probe], ...]] = (
    ("names", _names),
    ("relay-tls", _smarthost_tls),
    ("sender", _sender),
    ("certificate", _certificate),
    ("doors", _doors),
    ("dkim", _dkim),
    ("clock", _clock),
)
ROUND_TRIPS: Final[tuple[tuple[str, Probe], ...]] = (
    ("inbox", _round_trip),
    ("replies", _round_trip_of_replies),
)
