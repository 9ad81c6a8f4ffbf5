"""Signs that a machine wrote a mail, and what is none."""

import pytest
from mail_builders import multipart, raw_mail, read


@pytest.mark.parametrize(
    ("fields", "sign"),
    [
        ({"Auto-Submitted": "auto-replied"}, "auto-submitted: auto-replied"),
        ({"Auto-Submitted": "Auto-Generated (reason)"}, "auto-submitted: auto-generated"),
        ({"Auto-Submitted": 'auto-replied; owner-email="a@x.example"'}, "auto-submitted"),
        ({"Auto-Submitted": "auto-forwarded"}, "auto-submitted: auto-forwarded"),
        ({"X-Autoreply": "yes"}, "x-autoreply"),
        ({"X-Autorespond": ""}, ""),
        ({"X-Autorespond": "away"}, "x-autorespond"),
        ({"Precedence": "Bulk"}, "precedence: bulk"),
        ({"Precedence": "auto_reply"}, "precedence"),
        ({"List-Id": "<users.lists.example>"}, "list-id"),
        ({"Return-Path": "<>"}, "null reverse-path"),
        ({"X-Loop": "yes"}, "x-loop"),
        ({"X-Apple-Action": "VACATION"}, "x-apple-action"),
        ({"From": "MAILER-DAEMON@mx.example"}, "from: mailer-daemon"),
        ({"From": "Boxbe <x@boxbe.com>"}, "challenge-response"),
        ({"X-Auto-Response-Suppress": "All", "X-MS-Exchange-Inbox-Rules-Loop": "a@x.example"},
         "x-ms-exchange-inbox-rules-loop"),
        ({"Content-Type": "message/disposition-notification"}, "report: disposition-notification"),
        ({"Subject": "Automatic reply: your ticket"}, "subject"),
        ({"Subject": "Out of Office: your ticket"}, "subject"),
        ({"Subject": "Abwesenheitsnotiz: Ihr Ticket"}, "subject"),
        ({"Subject": "Réponse automatique : votre ticket"}, "subject"),
        ({"Subject": "Respuesta automática: su ticket"}, "subject"),
        ({"Subject": "Автоответ: ваш запрос"}, "subject"),
        ({"Subject": "自动回复: 您的请求"}, "subject"),
    ],
)  # fmt: skip
def test_a_machines_mail_shows_a_sign(fields, sign):
    found = read(raw_mail(**fields)).automatic.lower()

    assert found.startswith(sign)
    assert bool(found) is bool(sign)


@pytest.mark.parametrize(
    "fields",
    [
        {"Auto-Submitted": "no"},
        {"Auto-Submitted": "No (really)"},
        {"X-Auto-Response-Suppress": "All"},
        {"X-Autoreply": "no"},
        {"X-Loop": "ann@customer.example"},
        {"Precedence": "first-class"},
        {"Return-Path": "<ann@customer.example>"},
        {"Subject": "Re: Automatic reply: your ticket"},
        {"Subject": "Out of office calendar is broken"},
        {"Subject": "Please switch off the automatic reply"},
        {"From": "Postmaster <postmaster@customer.example>"},
        {"List-Unsubscribe": "<mailto:x@y.example>"},
    ],
    ids=str,
)
def test_a_persons_mail_shows_none(fields):
    assert read(raw_mail(**fields)).automatic == ""


def test_the_envelope_is_believed_before_the_return_path():
    raw = raw_mail(Return_Path="<>")

    assert read(raw, reverse_path="ann@customer.example").automatic == ""
    assert read(raw_mail(), reverse_path="").automatic == "null reverse-path"


def test_a_wish_for_no_response_is_kept_apart_from_signs():
    mail = read(raw_mail(**{"X-Auto-Response-Suppress": "DR, OOF, AutoReply"}))

    assert mail.response_suppressed
    assert not read(raw_mail(**{"X-Auto-Response-Suppress": "None"})).response_suppressed
    assert mail.automatic == ""


def test_a_read_receipt_is_automatic_and_no_delivery_report():
    body = multipart(
        ("Content-Type: text/plain", "Your message was read"),
        ("Content-Type: message/disposition-notification", "Disposition: manual; displayed"),
    )
    kind = "multipart/report; report-type=disposition-notification; boundary=b1"

    mail = read(raw_mail(body, Content_Type=kind))

    assert mail.automatic
    assert mail.report is None
