"""PROXY headers, version 1 and 2: read to the last octet and not one further."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.proxy_header import V2_MARK, BadProxyHeader, ProxyHeader

BEHIND = b"\x16\x03\x01 what follows"


def v2(command: int, family: int, body: bytes, length: int | None = None) -> bytes:
    size = len(body) if length is None else length
    return V2_MARK + struct.pack("!BBH", 0x20 | command, family << 4 | 1, size) + body


INET = bytes([192, 0, 2, 7]) + bytes([192, 0, 2, 1]) + b"\x10\x00\x00\x19"
INET6 = bytes.fromhex("20010db8" + "00" * 11 + "07") + bytes(16) + b"\x10\x00\x00\x19"

MAPPED = bytes.fromhex("00" * 10 + "ffff" + "c0000207") + bytes(16) + b"\x10\x00\x00\x19"


def read(wire: bytes) -> tuple[str | None, bytes]:
    header, at = ProxyHeader(), 0
    while header.wanted:
        piece = wire[at : at + header.wanted]
        if not piece:
            raise BadProxyHeader("cut off")
        header.feed(piece)
        at += len(piece)
    return header.source, wire[at:]


@pytest.mark.parametrize(
    ("wire", "source"),
    [
        pytest.param(b"PROXY TCP4 192.0.2.7 192.0.2.1 4096 25\r\n", "192.0.2.7", id="v1 IPv4"),
        pytest.param(b"PROXY TCP6 2001:db8::7 ::1 4096 25\r\n", "2001:db8::7", id="v1 IPv6"),
        pytest.param(
            b"PROXY TCP6 ::ffff:192.0.2.7 ::1 4096 25\r\n", "192.0.2.7", id="v1 IPv4 in IPv6"
        ),
        pytest.param(b"PROXY UNKNOWN\r\n", None, id="v1 unknown"),
        pytest.param(b"PROXY UNKNOWN a b 1 2\r\n", None, id="v1 unknown with more"),
        pytest.param(v2(1, 1, INET), "192.0.2.7", id="v2 IPv4"),
        pytest.param(v2(1, 2, INET6), "2001:db8::7", id="v2 IPv6"),
        pytest.param(v2(1, 2, MAPPED), "192.0.2.7", id="v2 IPv4 in IPv6"),
        pytest.param(v2(1, 1, INET + b"\x03\x00\x04abcd"), "192.0.2.7", id="v2 with options"),
        pytest.param(v2(1, 3, bytes(216)), "", id="v2 Unix socket"),
        pytest.param(v2(0, 0, b""), None, id="v2 the proxy itself"),
        pytest.param(v2(1, 0, b"x"), None, id="v2 unspecified"),
    ],
)
def test_a_header_names_who_connected(wire: bytes, source: str | None) -> None:
    assert read(wire + BEHIND) == (source, BEHIND)


@pytest.mark.parametrize(
    "wire",
    [
        pytest.param(b"EHLO client.example\r\n", id="SMTP"),
        pytest.param(b"PROXYTCP4 192.0.2.7 192.0.2.1 4096 25\r\n", id="no space"),
        pytest.param(b"PROXY TCP4 192.0.2.7 192.0.2.1 4096\r\n", id="a port is missing"),
        pytest.param(b"PROXY TCP4 192.0.2.7 192.0.2.1 4096 65536\r\n", id="a port too high"),
        pytest.param(b"PROXY TCP4 2001:db8::7 ::1 4096 25\r\n", id="the other family"),
        pytest.param(b"PROXY TCP4 host.example 192.0.2.1 4096 25\r\n", id="a name"),
        pytest.param(b"PROXY TCP4 192.0.2.7 192.0.2.1 4096 25\n", id="a bare LF"),
        pytest.param(b"PROXY " + b"x" * 200, id="no end"),
        pytest.param(v2(2, 1, INET), id="v2 unknown command"),
        pytest.param(v2(1, 1, INET[:5]), id="v2 truncated addresses"),
        pytest.param(v2(1, 1, b"", 60_000), id="v2 endless"),
        pytest.param(V2_MARK + b"\x31\x11\x00\x00", id="v3"),
    ],
)
def test_anything_else_is_refused(wire: bytes) -> None:
    with pytest.raises(BadProxyHeader):
        read(wire)


@given(st.binary(max_size=300))
def test_no_octets_do_any_harm(wire: bytes) -> None:
    try:
        source, behind = read(wire)
    except BadProxyHeader:
        return

    assert source is None or isinstance(source, str)
    assert wire.endswith(behind)
