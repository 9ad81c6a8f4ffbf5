"""Read a PROXY header: who really connected, as told by a proxy in front of us.

Both forms of the protocol as haproxy's `proxy-protocol.txt` defines them: version 1, one line of
text, and version 2, binary. The reader says how many octets to read next and never asks for one
that belongs to what follows the header, because that may be the first octet of a TLS handshake.
"""

import struct
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Final

V1_MARK: Final = b"PROXY"
V2_MARK: Final = b"\r\n\r\n\x00\r\nQUIT\n"
V1_LENGTH_MIN: Final = len(b"PROXY UNKNOWN\r\n")
V1_LENGTH_MAX: Final = 107
V2_HEAD: Final = struct.Struct("!12sBBH")
V2_BODY_MAX: Final = 2048
"""Addresses take 216 octets at most; the rest are options that we do not need."""

_VERSION_2: Final = 2
_LOCAL, _PROXIED = 0, 1
_INET, _INET6, _UNIX = 1, 2, 3


class BadProxyHeader(ValueError):
    """This is no PROXY header."""


class ProxyHeader:
    """A header as it comes in, piece by piece."""

    def __init__(self) -> None:
        self._seen = b""
        self.wanted = V1_LENGTH_MIN
        """Octets that may be read next; 0 where the header is whole."""
        self.source: str | None = None
        """Address of who connected to the proxy; `None` where the proxy speaks for itself."""

    def feed(self, data: bytes) -> None:
        """Take up to `wanted` octets. Raises `BadProxyHeader`."""
        self._seen += data
        if self._seen.startswith(V1_MARK):
            self._feed_text()
        elif V2_MARK.startswith(self._seen[: len(V2_MARK)]):
            self._feed_binary()
        elif not V1_MARK.startswith(self._seen[: len(V1_MARK)]):
            raise BadProxyHeader("neither form of the PROXY header")
        else:
            self.wanted = V1_LENGTH_MIN - len(self._seen)

    def _feed_text(self) -> None:
        if self._seen.endswith(b"\r\n"):
            self.source = _read_text(self._seen[:-2])
            self.wanted = 0
        elif len(self._seen) >= V1_LENGTH_MAX or b"\n" in self._seen:
            raise BadProxyHeader("the line does not end")
        else:
            self.wanted = max(1, V1_LENGTH_MIN - len(self._seen))

    def _feed_binary(self) -> None:
        if len(self._seen) < V2_HEAD.size:
            self.wanted = V2_HEAD.size - len(self._seen)
            return
        _, version, family, length = V2_HEAD.unpack_from(self._seen)
        if version >> 4 != _VERSION_2 or version & 15 > _PROXIED or length > V2_BODY_MAX:
            raise BadProxyHeader("a version or command that nobody knows")
        self.wanted = V2_HEAD.size + length - len(self._seen)
        if self.wanted == 0 and version & 15 == _PROXIED:
            self.source = _read_binary(family >> 4, self._seen[V2_HEAD.size :])


def _read_text(line: bytes) -> str | None:
    """`PROXY TCP4 source destination port port`, or `PROXY UNKNOWN` and anything."""
    fields = line.decode("latin-1").split(" ")
    if fields[1:2] == ["UNKNOWN"]:
        return None
    kinds = {"TCP4": 4, "TCP6": 6}
    if len(fields) != 6 or fields[0] != "PROXY" or fields[1] not in kinds:
        raise BadProxyHeader("fields are missing")
    try:
        source, destination = map(ip_address, fields[2:4])
    except ValueError as error:
        raise BadProxyHeader("an address that is none") from error
    if {source.version, destination.version} != {kinds[fields[1]]}:
        raise BadProxyHeader("an address of the other family")
    for port in fields[4:]:
        if not (port.isdecimal() and port.isascii() and int(port) < 65536):
            raise BadProxyHeader("a port that is none")
    return _written(source)


def _read_binary(family: int, body: bytes) -> str | None:
    sizes = {_INET: (4, 12), _INET6: (16, 36), _UNIX: (0, 216)}
    if family not in sizes:
        return None
    octets, needed = sizes[family]
    if len(body) < needed:
        raise BadProxyHeader("addresses are missing")
    return _written(ip_address(body[:octets])) if octets else ""


def _written(source: IPv4Address | IPv6Address) -> str:
    """An address as peers are known by: IPv4 in IPv6 is IPv4 (RFC 4291 section 2.5.5.2)."""
    mapped = source.ipv4_mapped if isinstance(source, IPv6Address) else None
    return str(mapped or source)
