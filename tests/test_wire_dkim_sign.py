"""Signatures under our letters: good ones, and what a change of the letter does to them."""

from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from servers.smarthost import Smarthost

from gateway.wire.dkim_sign import CannotSign, Signer, SigningCarrier, read_signer
from gateway.wire.relay import read_relay
from gateway.wire.smtp_out import SmarthostCarrier

dkim = pytest.importorskip("dkim")

LETTER = (
    b"From: support@desk.example\r\nTo: ann@acme.example\r\nSubject: [T-1] Tax\r\n"
    b"Date: Wed, 08 Jul 2026 08:00:00 +0000\r\nMessage-ID: <1@desk.example>\r\n\r\nHello\r\n"
)


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def key_file(key: rsa.RSAPrivateKey, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("key") / "dkim.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return path


@pytest.fixture
def signer(key_file: Path) -> Signer:
    return read_signer("desk.example", "gateway", key_file)


def is_good(content: bytes, key: rsa.RSAPrivateKey) -> bool:
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    record = b"v=DKIM1; k=rsa; p=" + b"".join(public.splitlines()[1:-1])

    def answer(name: bytes, timeout: int = 5) -> bytes:
        return record if name == b"gateway._domainkey.desk.example." else b""

    return bool(dkim.verify(content, dnsfunc=answer))


def test_a_signature_is_good_and_the_letter_unchanged(
    signer: Signer, key: rsa.RSAPrivateKey
) -> None:
    signed = signer.sign(LETTER)

    assert signed.endswith(LETTER)
    assert signed.startswith(b"DKIM-Signature: ")
    assert b"\n" not in signed.replace(b"\r\n", b"")
    assert is_good(signed, key)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        pytest.param(b"Hello", b"Hullo", id="the text"),
        pytest.param(b"\r\nSubject: [T-1] Tax", b"\r\nSubject: confirm", id="the subject"),
        pytest.param(b"\r\nFrom: ", b"\r\nFrom: eve@x.example\r\nFrom: ", id="a second From"),
        pytest.param(b"\r\nTo: ", b"\r\nReply-To: eve@x.example\r\nTo: ", id="a Reply-To"),
    ],
)
def test_a_changed_letter_is_found_out(
    signer: Signer, key: rsa.RSAPrivateKey, old: bytes, new: bytes
) -> None:
    signed = signer.sign(LETTER)
    assert old in signed

    assert not is_good(signed.replace(old, new, 1), key)


async def test_letters_are_signed_on_their_way(signer: Signer, key: rsa.RSAPrivateKey) -> None:
    smarthost = Smarthost()
    await smarthost.up()
    carrier = SigningCarrier(
        signer, SmarthostCarrier(read_relay(smarthost.url), hostname="desk.example")
    )

    delivery = await carrier.carry("b@desk.example", "ann@acme.example", LETTER)
    await carrier.close()
    await smarthost.down()

    assert delivery.outcome == "delivered"
    (taken,) = smarthost.taken
    assert is_good(taken.content, key)


@pytest.mark.parametrize("text", [b"no key", b""])
def test_a_file_without_a_key_is_refused_at_once(tmp_path: Path, text: bytes) -> None:
    path = tmp_path / "key"
    path.write_bytes(text)

    with pytest.raises(CannotSign, match="no RSA key"):
        read_signer("desk.example", "gateway", path)


def test_a_missing_key_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotSign, match="nowhere"):
        read_signer("desk.example", "gateway", tmp_path / "nowhere")
