"""Message data: what arrives in any pieces is one mail, and octets that could be two are none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.limits import FIELD_BYTES_MAX, FIELD_COUNT_MAX, HEADER_BYTES_MAX
from gateway.wire.smtp_data import (
    COPIED_MAX,
    HEADER_TOO_LARGE,
    HOPS_MAX,
    STRAY_LINE_END,
    TOO_MANY_HOPS,
    Content,
    find_fault,
    has_only_crlf,
)

lines = st.lists(st.sampled_from([b"", b".", b"..", b"a", b".a", b"b" * 70]), max_size=6)


def stuffed(mail: bytes) -> bytes:
    """As a client sends it."""
    dotted = b"." + mail if mail.startswith(b".") else mail
    return dotted.replace(b"\r\n.", b"\r\n..") + b".\r\n"


def collect(pieces: list[bytes]) -> tuple[bytes, bytes]:
    content, behind = Content(1000), b""
    for piece in pieces:
        if content.is_whole:
            behind += piece
        else:
            behind = content.feed(piece)
    assert content.is_whole
    return content.take(), behind


@given(lines, st.integers(1, 9), st.sampled_from([b"", b"QUIT\r\n", b"\r\n.\r\n"]))
def test_a_mail_comes_whole_out_of_any_pieces(parts: list[bytes], size: int, behind: bytes) -> None:
    mail = b"".join(part + b"\r\n" for part in parts)
    wire = stuffed(mail) + behind

    pieces = [wire[at : at + size] for at in range(0, len(wire), size)]

    assert collect(pieces) == (mail, behind)
    assert collect([wire]) == (mail, behind)


def test_octets_are_counted_and_the_limit_is_seen() -> None:
    content = Content(10)

    content.feed(b"x" * 15)
    before = content.is_too_large
    content.feed(b"x")

    assert (before, content.is_too_large, content.size) == (False, True, 16)


@pytest.mark.parametrize(
    ("content", "clean"),
    [(b"", True), (b"a\r\nb\r\n", True), (b"a\rb", False), (b"a\nb", False), (b"a\n\rb", False)],
)
def test_line_ends_are_whole_or_not(content: bytes, clean: bool) -> None:
    assert has_only_crlf(content) is clean
    assert has_only_crlf(b"x" * COPIED_MAX + b"\r\n" + content) is clean


MANY = b"".join(b"X-%d: a\r\n" % number for number in range(FIELD_COUNT_MAX))


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        pytest.param(b"Subject: x\r\n\r\nbody\r\n", None, id="a mail"),
        pytest.param(b"", None, id="nothing"),
        pytest.param(b"\r\nbody only\r\n", None, id="no header"),
        pytest.param(b"w " * 90_000 + b"\r\n\r\nmore\r\n", None, id="a long first line, no field"),
        pytest.param(b"Subject: x\r\n\r\n" + b"y" * 200_000 + b"\r\n", None, id="a long line"),
        pytest.param(MANY + b"\r\n", None, id="1,000 fields"),
        pytest.param(MANY + b"One-More: x\r\n\r\n", HEADER_TOO_LARGE, id="A57: 1,001 fields"),
        pytest.param(
            b"To: a\r\n" + b" ,b@c.example\r\n" * 500 + b"\r\n", None, id="many folded recipients"
        ),
        pytest.param(
            b"To: " + b'"' * FIELD_BYTES_MAX + b"\r\n\r\n", HEADER_TOO_LARGE, id="A56: a field"
        ),
        pytest.param(
            b"To: a\r\n" + b" ,b@c.example\r\n" * 700 + b"\r\n", HEADER_TOO_LARGE, id="A56: folded"
        ),
        pytest.param(
            (b"X-A: " + b"a" * 4000 + b"\r\n") * 40 + b"\r\n", HEADER_TOO_LARGE, id="A56: a block"
        ),
        pytest.param(
            b"X: y\r\n" * (HEADER_BYTES_MAX // 3), HEADER_TOO_LARGE, id="F38: a header without end"
        ),
        pytest.param(b"Received: x\r\n" * HOPS_MAX + b"\r\n", None, id="50 hops"),
        pytest.param(b"received: x\r\n" * (HOPS_MAX + 1) + b"\r\n", TOO_MANY_HOPS, id="51 hops"),
        pytest.param(b"Subject: a\rFrom: b@bank.example\r\n\r\n", STRAY_LINE_END, id="A10"),
    ],
)
def test_octets_that_nobody_should_read_are_refused(content: bytes, fault: object) -> None:
    assert find_fault(content) == fault
