"""Address fields and the comparison of addresses."""

import pytest

from gateway.mail.address import domain_of, normalised_address, read_addresses, same_address
from gateway.mail.message import Mailbox


@pytest.mark.parametrize(
    ("field", "expected"),
    [
        pytest.param("ann@x.example", [("", "ann@x.example")], id="bare"),
        pytest.param("Ann <ann@x.example>", [("Ann", "ann@x.example")], id="name"),
        pytest.param('"Miller, Ann" <a@x.example>', [("Miller, Ann", "a@x.example")], id="quoted"),
        pytest.param("Miller, Ann <a@x.example>", [("Miller, Ann", "a@x.example")], id="comma"),
        pytest.param("a@x.example (Ann)", [("Ann", "a@x.example")], id="comment"),
        pytest.param("a@x.example, b@x.test", [("", "a@x.example"), ("", "b@x.test")], id="two"),
        pytest.param("a@x.example;b@x.example", [("", "a@x.example"), ("", "b@x.example")], id=";"),
        pytest.param("Staff: a@x.example, B <b@y.example>;",
                     [("", "a@x.example"), ("B", "b@y.example")], id="group"),
        pytest.param("undisclosed-recipients:;", [], id="empty group"),
        pytest.param("=?utf-8?q?J=C3=BCr?= <j@x.example>", [("Jür", "j@x.example")], id="word"),
        pytest.param('"=?utf-8?q?J=C3=BCr?=" <j@x.example>', [("Jür", "j@x.example")], id="wq"),
        pytest.param("Ann <a@x.example", [("Ann", "a@x.example")], id="open bracket"),
        pytest.param("MAILER-DAEMON (Mail System)", [("Mail System", "MAILER-DAEMON")], id="local"),
        pytest.param("<@route.example:a@x.example>", [("", "a@x.example")], id="route"),
        pytest.param("a@x   . example", [("", "a@x.example")], id="obsolete spaces"),
        pytest.param('"<eve@evil.example>" <a@x.example>',
                     [("<eve@evil.example>", "a@x.example")], id="address in the name"),
        pytest.param("Ann <>", [("Ann", "")], id="empty angle"),
        pytest.param(", a@x.example,,", [("", "a@x.example")], id="empty places"),
        pytest.param("Max | [x.example] <m@x.example>", [("Max | [x.example]", "m@x.example")],
                     id="brackets"),
        pytest.param("Miller, Ann, Dr <a@x.example>", [("Miller, Ann, Dr", "a@x.example")], id="3"),
        pytest.param("root, b@x.example", [("", "root"), ("", "b@x.example")], id="no domain"),
        pytest.param("Ann Miller", [("Ann Miller", "")], id="only a name"),
        pytest.param('a@x.example, "open\\', [("", "a@x.example"), ("", "open\\")], id="escape"),
        pytest.param("'Ann' <'a@x.example'>", [("Ann", "a@x.example")], id="apostrophes"),
        pytest.param("@x.example, (a@y.example)", [("", "@x.example"), ("", "a@y.example")],
                     id="odd"),
        pytest.param("mailto:a@x.example", [("", "a@x.example")], id="mailto"),
        pytest.param("<mailto:a@x.example>", [("", "a@x.example")], id="mailto in brackets"),
        pytest.param("<a@x.example> <b@x.example>", [("", "a@x.example"), ("", "b@x.example")],
                     id="no comma"),
        pytest.param("=?utf-8?q?J=C3=BCr_=3Cj=40x=2Eexample=3E?=", [("Jür", "j@x.example")],
                     id="all in a word"),
        pytest.param("a(b(c)\\)d)@x.example", [("b(c))d", "a@x.example")], id="nested comment"),
    ],
)  # fmt: skip
def test_address_fields_are_read(field, expected):
    found = read_addresses(field.encode()).mailboxes

    assert [(each.name, each.address) for each in found] == expected


def test_an_encoded_word_never_contributes_structure():
    field = b"=?utf-8?q?eve=40evil.example=2C_x?= <ann@x.example>"

    assert read_addresses(field).mailboxes == (Mailbox("eve@evil.example, x", "ann@x.example"),)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("Ann@X.example", "ann@x.EXAMPLE.", True),
        ("ann@bücher.example", "ann@xn--bcher-kva.example", True),
        ("ann@straße.example", "ann@strasse.example", False),
        ("ann@x.example", "ann@x.example.evil", False),
        ("ann@pаypal.example", "ann@paypal.example", False),
        ("ann+a@x.example", "ann@x.example", False),
        ("ann", "ann", False),
        ("", "", False),
        ("ann@", "ann@", False),
        ("ann@x..example", "ann@x..example", False),
    ],
)
def test_addresses_are_compared_as_mailboxes(one, other, same):
    assert same_address(one, other) is same


def test_a_normalised_address_is_lower_case_with_a_labels():
    assert normalised_address(" Ann@BÜCHER.example. ") == "ann@xn--bcher-kva.example"
    assert domain_of("ann@X.example.") == "x.example"
    assert normalised_address("no address") == ""
