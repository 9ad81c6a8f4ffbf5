"""Paths of MAIL and RCPT: real senders are understood, tricks are not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.wire.smtp_path import read_parameters, read_path


@pytest.mark.parametrize(
    ("text", "address", "rest"),
    [
        pytest.param("<ann@acme.example>", "ann@acme.example", "", id="plain"),
        pytest.param("<>", "<>", "", id="null"),
        pytest.param("<> SIZE=10", "<>", "SIZE=10", id="null with a parameter"),
        pytest.param("<a@x.example> SIZE=1 BODY=8BITMIME", "a@x.example", "SIZE=1 BODY=8BITMIME"),
        pytest.param("ann@acme.example", "ann@acme.example", "", id="no angle brackets"),
        pytest.param("<@a.example,@b.example:ann@c.example>", "ann@c.example", "", id="a route"),
        pytest.param('<"ann"@acme.example>', "ann@acme.example", "", id="needless quotes"),
        pytest.param('<"a b"@acme.example>', '"a b"@acme.example', "", id="quotes"),
        pytest.param("<ann@[192.0.2.1]>", "ann@[192.0.2.1]", "", id="a literal"),
        pytest.param("<a..b.@mobile.example>", "a..b.@mobile.example", "", id="odd dots"),
        pytest.param("<postmaster>", "postmaster", "", id="postmaster"),
        pytest.param("<зоя@пример.example>", "зоя@пример.example", "", id="letters of others"),
        pytest.param(
            "<" + "b" * 150 + "@list.example>", "b" * 150 + "@list.example", "", id="long"
        ),
    ],
)
def test_a_path_is_read(text: str, address: str, rest: str) -> None:
    assert read_path(text) == (address, rest)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("<ann@acme.example", id="no end"),
        pytest.param("ann@acme.example>", id="no beginning"),
        pytest.param("<<ann@acme.example>>", id="twice"),
        pytest.param("<ann@acme.example><eve@evil.example>", id="two"),
        pytest.param("<ann@acme.example>SIZE=1", id="no space"),
        pytest.param("<>x", id="null and more"),
        pytest.param("<a b@acme.example>", id="a space"),
        pytest.param("<a@b@c.example>", id="two at signs"),
        pytest.param("<a\x00b@acme.example>", id="NUL"),
        pytest.param("<a\x07b@acme.example>", id="a control character"),
        pytest.param("<a\udc80b@acme.example>", id="a lone surrogate"),
        pytest.param("<" + "a" * 300 + "@acme.example>", id="a local part of 300"),
        pytest.param("<a@" + "d" * 400 + ">", id="a domain of 400"),
        pytest.param('<"a\r\nb"@acme.example>', id="a line end in quotes"),
    ],
)
def test_what_is_no_path_is_refused(text: str) -> None:
    assert read_path(text) is None


@given(st.text(max_size=400))
def test_no_text_does_any_harm(text: str) -> None:
    path = read_path(text)

    assert path is None or path.address.isprintable()


def test_parameters_are_read_by_name() -> None:
    assert read_parameters("size=10 BODY=8BITMIME smtputf8") == {
        "SIZE": "10",
        "BODY": "8BITMIME",
        "SMTPUTF8": None,
    }


@pytest.mark.parametrize("text", ["=", "SIZE=", "SIZE=1 size=2", "A=b=c", "ä=1"])
def test_malformed_parameters_are_refused(text: str) -> None:
    assert read_parameters(text) is None
