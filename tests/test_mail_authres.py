"""Verdicts of trusted servers about the sender."""

import pytest
from mail_builders import raw_mail, read

from gateway.mail.authres import (
    GOOGLE,
    MICROSOFT365,
    NOBODY,
    Profile,
    Weakness,
    profile_named,
    read_results,
    verdict,
)
from gateway.mail.message import Mail

OURS = Profile(authserv_ids=frozenset({"mx.desk.example"}))
SIGNATURE = "DKIM-Signature: v=1; d=customer.example; h=From:To:Subject:Date; bh=x; b=y"
PASS = (
    "mx.desk.example; dkim=pass header.d=customer.example; dmarc=pass header.from=customer.example"
)


def mail_with(*trace: str, **fields: str) -> Mail:
    return read("".join(f"{line}\r\n" for line in trace).encode() + raw_mail(**fields))


def results(value: str) -> str:
    return "Authentication-Results: " + value


def test_google_writes_results_with_comments():
    found = read_results(
        "mx.google.com;       dkim=pass header.i=@x.example header.b=a/b;\r\n       spf=pass"
        " (google.com: domain of a@x.example; designates 192.0.2.1) smtp.mailfrom=a@x.example;"
        " dmarc=pass (p=NONE sp=NONE dis=NONE) header.from=x.example"
    )

    assert found.authserv_id == "mx.google.com"
    assert [(each.method, each.result) for each in found.methods] == [
        ("dkim", "pass"),
        ("spf", "pass"),
        ("dmarc", "pass"),
    ]
    assert found.methods[2].value("header.from") == "x.example"


def test_microsoft_writes_no_authserv_id():
    found = read_results(
        "spf=pass (sender IP is 192.0.2.1) smtp.mailfrom=x.example; dkim=pass (signature was"
        " verified) header.d=x.example;dmarc=bestguesspass action=none header.from=x.example"
    )

    assert found.authserv_id == ""
    assert found.methods[1].value("header.d") == "x.example"
    assert found.methods[2].result == "bestguesspass"


@pytest.mark.parametrize(
    ("value", "authserv_id", "methods"),
    [
        ("mx.example; none", "mx.example", []),
        ("mx.example 1; dkim=fail (a (nested) b)", "mx.example", [("dkim", "fail")]),
        ("i=1; mx.example; arc=pass", "mx.example", [("arc", "pass")]),
        ("mx.example; dkim = pass header.d = x.example", "mx.example", [("dkim", "pass")]),
        ('mx.example; spf=fail reason="a; dmarc=pass"', "mx.example", [("spf", "fail")]),
        ("mx.example; spf=fail (dmarc=pass) dkim=none", "mx.example",
         [("spf", "fail"), ("dkim", "none")]),
        ("", "", []),
        (";;;((((", "", []),
    ],
)  # fmt: skip
def test_other_forms_are_read_tolerantly(value, authserv_id, methods):
    found = read_results(value)

    assert found.authserv_id == authserv_id
    assert [(each.method, each.result) for each in found.methods] == methods


def test_a_signed_pass_of_our_server_is_strong():
    found = verdict(mail_with(results(PASS), SIGNATURE), OURS)

    assert (found.dmarc, found.dkim_aligned, found.weak) == ("pass", True, ())
    assert found.is_strong


def test_filters_of_one_server_write_a_field_each():
    mail = mail_with(
        results("mx.desk.example; dmarc=pass header.from=customer.example"),
        results("mx.desk.example; dkim=pass header.d=customer.example"),
        "Received: from a by mx.desk.example",
        SIGNATURE,
    )

    assert verdict(mail, OURS).dkim_aligned
    assert verdict(mail, OURS).is_strong


@pytest.mark.parametrize(
    "trace",
    [
        pytest.param([], id="nothing"),
        pytest.param([results(PASS.replace("mx.desk", "mx.evil"))], id="another server"),
        pytest.param([results("mx.desk.example; dkim=fail"), "Received: from a by b",
                      results(PASS)], id="below a hop"),
        pytest.param(["ARC-" + results("i=1; " + PASS)], id="ARC"),
    ],
)  # fmt: skip
def test_what_our_server_did_not_say_counts_for_nothing(trace):
    assert not verdict(mail_with(*trace, SIGNATURE), OURS).is_pass


@pytest.mark.parametrize(
    ("trace", "fields", "weakness"),
    [
        pytest.param([results("mx.desk.example; spf=pass; dmarc=pass")],
                     {}, Weakness.SPF_ONLY, id="SPF only"),
        pytest.param([results(PASS), SIGNATURE.replace("bh=x", "l=10; bh=x")], {},
                     Weakness.DKIM_LENGTH, id="length"),
        pytest.param([results(PASS), SIGNATURE.replace(":Subject", "")], {},
                     Weakness.DKIM_UNSIGNED, id="unsigned subject"),
    ],
)  # fmt: skip
def test_a_weak_pass_says_why(trace, fields, weakness):
    found = verdict(mail_with(*trace, **fields), OURS)

    assert found.weak == (weakness,)
    assert found.is_pass
    assert not found.is_strong


@pytest.mark.parametrize(
    ("fields", "weakness"),
    [
        pytest.param({"From": "ceo@bank.example"}, Weakness.FROM_MISMATCH, id="another From"),
        pytest.param({"From": "ann@customer.example, eve@evil.example"}, Weakness.FROM_NOT_CLEAN,
                     id="two mailboxes"),
        pytest.param({"Subject": "a\rFrom: ceo@bank.example"}, Weakness.STRAY_CR_LF, id="stray CR"),
    ],
)  # fmt: skip
def test_a_pass_about_a_doubtful_from_is_none(fields, weakness):
    found = verdict(mail_with(results(PASS), SIGNATURE, **fields), OURS)

    assert weakness in found.weak
    assert not found.is_pass


def test_a_failure_stays_one_whatever_else_is_said():
    failed = "mx.desk.example; dkim=pass header.d=customer.example; dmarc=fail header.from="
    mail = mail_with(results(failed + "customer.example"), SIGNATURE)

    assert verdict(mail, OURS).is_fail
    assert not verdict(mail, OURS).is_pass


@pytest.mark.parametrize(
    ("signer", "aligned"),
    [
        ("customer.example", True),
        ("CUSTOMER.example.", True),
        ("mail.customer.example", False),
        ("example", False),
        ("other.example", False),
        ("", False),
    ],
)
def test_a_signature_speaks_for_its_own_domain(signer, aligned):
    mail = mail_with(results(f"mx.desk.example; dkim=pass header.d={signer}"))

    assert verdict(mail, OURS).dkim_aligned is aligned


def test_a_parent_domain_signs_for_its_child():
    signed = results("mx.desk.example; dkim=pass header.d=customer.example")
    mail = mail_with(signed, From="ann@shop.customer.example")

    assert verdict(mail, OURS).dkim_aligned


def test_profiles_have_names():
    google = mail_with(results(PASS.replace("mx.desk.example", "mx.google.com")), SIGNATURE)
    microsoft = mail_with(results(PASS.partition("; ")[2]), SIGNATURE)

    assert verdict(google, profile_named("google")).is_strong
    assert verdict(microsoft, profile_named("microsoft365")).is_strong
    assert not verdict(microsoft, GOOGLE).is_pass
    assert not verdict(google, MICROSOFT365).is_pass
    assert not verdict(google, NOBODY).is_pass
    assert profile_named("authserv-id", "MX.desk.example.") == OURS
    with pytest.raises(ValueError, match="no trust profile"):
        profile_named("authserv-id")
