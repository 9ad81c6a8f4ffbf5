"""Certificates for servers of the tests: good ones, expired ones, and for another name."""

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import IPv4Address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

YEAR = timedelta(days=365)
_SIGNS = x509.KeyUsage(
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    key_cert_sign=True,
    crl_sign=True,
    encipher_only=False,
    decipher_only=False,
)


@dataclass(frozen=True)
class Identity:
    """A certificate and its key, as files."""

    certificate: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """For a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.certificate, self.key)
        return context


class Authority:
    """Signs certificates; `file` is what clients may trust."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("Authority of the tests")
        self.file = folder / "authority.pem"
        made = self._sign(self._name, self._key, datetime.now(UTC) + YEAR, ca=True)
        self.file.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def identity(self, name: str = "localhost", *, ends_in: timedelta = YEAR) -> Identity:
        """A certificate for a name (`127.0.0.1` comes with `localhost`)."""
        key = ec.generate_private_key(ec.SECP256R1())
        ends_at = datetime.now(UTC) + ends_in
        made = self._sign(_name(name), key, ends_at, name=name)
        place = self._folder / f"{name}-{ends_at:%Y%m%d}"
        identity = Identity(place.with_suffix(".pem"), place.with_suffix(".key"))
        identity.certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        identity.key.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
        )
        return identity

    def _sign(
        self,
        subject: x509.Name,
        key: ec.EllipticCurvePrivateKey,
        ends_at: datetime,
        *,
        name: str = "",
        ca: bool = False,
    ) -> x509.Certificate:
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(ends_at - 2 * YEAR)
            .not_valid_after(ends_at)
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            # Python 3.13 asks for what RFC 5280 does: key identifiers, and what a key is for.
            .add_extension(
                x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
            )
            .add_extension(
                x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()),
                critical=False,
            )
        )
        if ca:
            builder = builder.add_extension(_SIGNS, critical=True)
        if name:
            names: list[x509.GeneralName] = [x509.DNSName(name)]
            if name == "localhost":
                names.append(x509.IPAddress(IPv4Address("127.0.0.1")))
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
