"""Delivery reports: the standard form, servers' prose, and people who quote either."""

import json

import pytest
from mail_builders import multipart, raw_mail, read

from gateway.mail.message import FailedRecipient

ORIGINAL = (
    "From: Desk <desk@desk.example>\nMessage-ID: <out1@desk.example>\nSubject: Answer\n\nHello"
)
STATUS = (
    "Reporting-MTA: dns; mx.example\n\n"
    "Original-Recipient: rfc822;bob@x.example\n"
    "Final-Recipient: rfc822; bob@x.example\n"
    "Action: failed\nStatus: 5.1.1\n"
    "Diagnostic-Code: smtp; 550 5.1.1 <bob@x.example>:\n Recipient address rejected\n"
)
DAEMON = {"From": "Mail Delivery System <MAILER-DAEMON@mx.example>", "To": "desk@desk.example",
          "Subject": "Undelivered Mail Returned to Sender", "Return-Path": "<>"}  # fmt: skip


def standard(status: str = STATUS, **fields: str) -> bytes:
    body = multipart(
        ("Content-Type: text/plain", "I could not deliver your mail."),
        ("Content-Type: message/delivery-status", status),
        ("Content-Type: message/rfc822", ORIGINAL),
    )
    kind = "multipart/report; report-type=delivery-status; boundary=b1"
    return raw_mail(body, **{**DAEMON, "Content-Type": kind, **fields})


def test_a_standard_report_is_read_field_by_field():
    report = read(standard()).report

    assert report is not None
    assert report.original_message_id == "out1@desk.example"
    assert report.recipients == (
        FailedRecipient(
            recipient="bob@x.example",
            status="5.1.1",
            action="failed",
            diagnostic="smtp; 550 5.1.1 <bob@x.example>: Recipient address rejected",
        ),
    )
    assert report.recipients[0].is_permanent


def test_recipients_are_told_apart_even_without_blank_lines():
    status = (
        "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822;a@x.example\nAction: delayed\n"
        "Status: 4.4.1\nFinal-Recipient: rfc822;b@x.example\nAction: delivered\nStatus: 2.0.0\n"
    )

    report = read(standard(status)).report

    assert report is not None
    assert [(each.recipient, each.action) for each in report.recipients] == [
        ("a@x.example", "delayed"),
        ("b@x.example", "delivered"),
    ]
    assert not report.recipients[0].is_permanent


PROSE = [
    pytest.param(
        "Hi. This is the qmail-send program at mx.example.\nI'm afraid I wasn't able to deliver"
        " your message to the following addresses.\n\n<bob@x.example>:\n192.0.2.1 does not like"
        " recipient.\nRemote host said: 550 5.1.1 unknown\n\n--- Below this line is a copy of the"
        " message.\n\n" + ORIGINAL, "failed", "5.1.1", id="qmail",
    ),
    pytest.param(
        "This message was created automatically by mail delivery software.\n\nA message that you"
        " sent could not be delivered to one or more of its recipients.\n\n  bob@x.example\n    "
        "SMTP error from remote mail server after RCPT TO:<bob@x.example>:\n    550 Unknown user"
        "\n\n"
        "------ This is a copy of the message, including all the headers. ------\n\n" + ORIGINAL,
        "failed", "5.0.0", id="Exim",
    ),
    pytest.param(
        "This is the Postfix program at host mx.example.\n\nI'm sorry to have to inform you that"
        " the message returned below could not be delivered.\n\n<bob@x.example>: host mx.x said:"
        " 552 5.2.2 Mailbox full\n\n-------- original message\n" + ORIGINAL,
        "failed", "5.2.2", id="Postfix",
    ),
    pytest.param(
        "   ----- The following addresses had permanent fatal errors -----\n<bob@x.example>\n\n"
        "   ----- Transcript of session follows -----\n550 5.7.1 rejected\n\n"
        "   ----- Unsent message follows -----\n" + ORIGINAL, "failed", "5.7.1", id="sendmail",
    ),
    pytest.param(
        "Delivery to the following recipient has been delayed:\n\n     bob@x.example\n\nMessage"
        " will be retried for 2 more day(s)\n\n----- Original message -----\n\n" + ORIGINAL,
        "delayed", "", id="Gmail, delayed",
    ),
    pytest.param(
        "Your message\n\n  Subject: Answer\n\nwas not delivered to:\n\n  bob@x.example\n\nbecause:"
        "\n\n  User bob not listed in Domino Directory\n", "failed", "", id="Domino",
    ),
    pytest.param(
        "Diese Nachricht konnte nicht zugestellt werden:\n\n<bob@x.example>: 550 5.1.1 unbekannt\n",
        "failed", "5.1.1", id="German",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("text", "action", "status"), PROSE)
def test_a_servers_prose_is_read(text, action, status):
    report = read(raw_mail(text, **DAEMON)).report

    assert report is not None
    assert [(each.recipient, each.action, each.status) for each in report.recipients] == [
        ("bob@x.example", action, status)
    ]
    if ORIGINAL in text:
        assert report.original_message_id == "out1@desk.example"


@pytest.mark.parametrize(("text", "action", "status"), PROSE)
def test_a_person_who_quotes_a_bounce_did_not_send_one(text, action, status):
    quoted = "\n".join("> " + line for line in text.split("\n"))

    for body in (f"What does this mean?\n\n{quoted}", f"I got this:\n\n{text}", text):
        mail = read(raw_mail(body, Subject="Fwd: Undelivered Mail Returned to Sender"))

        assert mail.report is None
        assert mail.automatic == ""


def test_a_person_who_attaches_a_bounce_did_not_send_one():
    enclosed = standard().decode().replace("\r\n", "\n").replace("b1", "b2")
    body = multipart(
        ("Content-Type: text/plain", "What does this mean?"),
        ("Content-Type: message/rfc822", enclosed),
        ("Content-Type: message/delivery-status", STATUS),
    )

    mail = read(raw_mail(body, Content_Type="multipart/mixed; boundary=b1"))

    assert mail.report is None


def test_a_postmaster_may_be_a_person():
    mail = read(raw_mail("Is our mail delivered now?", From="postmaster@customer.example",
                         Subject="Mail delivery failed yesterday"))  # fmt: skip

    assert mail.report is None


def test_an_absent_persons_robot_with_a_null_path_is_no_report():
    mail = read(raw_mail("I am away. Mail ann@x.example. Your message has not been forwarded.",
                         Subject="Automatic reply: Undeliverable", Return_Path="<>"))  # fmt: skip

    assert mail.report is None
    assert mail.automatic


def test_failed_recipients_in_the_header_count():
    raw = raw_mail("A message that you sent failed:\n\n  pipe to |/bin/x\n    550 no",
                   **DAEMON, **{"X-Failed-Recipients": "bob@x.example, eve@y.example"})  # fmt: skip

    report = read(raw).report

    assert report is not None
    assert [each.recipient for each in report.recipients] == ["bob@x.example", "eve@y.example"]


def test_a_sending_services_notification_in_json_is_read():
    bounce = {
        "notificationType": "Bounce",
        "bounce": {"bouncedRecipients": [{"emailAddress": "bob@x.example", "status": "5.1.1"}]},
        "mail": {"messageId": "0100"},
    }
    text = json.dumps({"Type": "Notification", "Message": json.dumps(bounce)})

    report = read(raw_mail(text, From="no-reply@notify.example")).report

    assert report is not None
    assert report.recipients[0].recipient == "bob@x.example"
    assert report.original_message_id == "0100"
    assert read(raw_mail(text)).report is None


@pytest.mark.parametrize(
    ("fields", "body", "action"),
    [
        pytest.param({"From": "<>"}, "<bob@x.example>: user unknown", "failed", id="From <>"),
        pytest.param({"Return-Path": "<MAILER-DAEMON>"}, "bob@x.example: user unknown", "failed",
                     id="path of the daemon"),
        pytest.param({"From": "postmaster@mx.example", "Return-Path": "<>",
                      "Subject": "Unzustellbar"},
                     "bob@x.example", "failed", id="postmaster, null path"),
        pytest.param({"From": "a@mx.example", "Return-Path": "<>", "Subject": "Undeliverable"},
                     "bob@x.example", "failed", id="anybody, null path"),
        pytest.param({"From": "list-admin@mx.example"},
                     "You are not a member of this mailing list <bob@x.example>", "failed",
                     id="list manager"),
        pytest.param({"From": "MAILER-DAEMON@mx.example"},
                     "Your message was successfully delivered to <bob@x.example>", "delivered",
                     id="delivered"),
        pytest.param({"Content-Type": "message/delivery-status"}, STATUS, "failed", id="status"),
        pytest.param({"From": "MAILER-DAEMON@mx.example"}, "report:\n" + STATUS, "failed",
                     id="fields in the text"),
    ],
)  # fmt: skip
def test_other_senders_of_reports(fields, body, action):
    report = read(raw_mail(body, **fields)).report

    assert report is not None
    assert [(each.recipient, each.action) for each in report.recipients] == [
        ("bob@x.example", action)
    ]


def test_the_original_is_found_in_returned_headers_or_by_the_reply_field():
    body = multipart(
        ("Content-Type: message/delivery-status", STATUS),
        ("Content-Type: text/rfc822-headers", ORIGINAL),
    )
    kind = "multipart/report; report-type=delivery-status; boundary=b1"
    replied = raw_mail("<bob@x.example>: user unknown", In_Reply_To="<out2@desk.example>", **DAEMON)

    first = read(raw_mail(body, **{**DAEMON, "Content-Type": kind})).report
    second = read(replied).report

    assert first is not None
    assert first.original_message_id == "out1@desk.example"
    assert second is not None
    assert second.original_message_id == "out2@desk.example"


@pytest.mark.parametrize(
    "text", ['{"Bounce', '{"a": "Bounce"}', '{"Message": "{\\"Bounce\\": 1}"}']
)
def test_json_that_is_no_notification_is_no_report(text):
    assert read(raw_mail(text, From="no-reply@notify.example")).report is None


def test_a_status_without_an_action_speaks_for_itself():
    status = (
        "Reporting-MTA: dns; mx\n\nFinal-Recipient: rfc822;a@x.example\nStatus: 4.4.1\n\n"
        "Final-Recipient: rfc822;b@x.example\nStatus: 2.1.5\n\n"
        "Final-Recipient: local; ann\nAction: expanded\n"
    )

    report = read(standard(status)).report

    assert report is not None
    assert [each.action for each in report.recipients] == ["delayed", "delivered", "expanded"]


def test_a_no_reply_address_without_json_sends_no_report():
    assert read(raw_mail("Your order is here", From="no-reply@shop.example")).report is None


def test_very_many_recipients_are_cut():
    lines = "".join(f"<bob{number}@x.example>: user unknown\n" for number in range(500))

    report = read(raw_mail(lines + "\nReceived: from a by b\nTo: eve@y.example", **DAEMON)).report

    assert report is not None
    assert len(report.recipients) == 200
    assert all(each.recipient.startswith("bob") for each in report.recipients)


def test_a_report_whose_writer_has_no_address_is_known_by_its_name():
    text = (
        "This is a delivery status notification from mx.example,\nrunning the Courier mail server."
        "\n\nYour message to the following recipients cannot be delivered:\n\n<bob@x.example>:\n"
        ">>> RCPT TO:<bob@x.example>\n<<< 550 5.1.1 <bob@x.example>... User unknown\n"
    )
    named = {"From": '"Courier mail server at mx.example" <>', "Return-Path": ""}
    subject = "NOTICE: mail delivery status."

    report = read(raw_mail(text, **{**DAEMON, **named, "Subject": subject})).report

    assert report is not None
    assert [(one.recipient, one.status) for one in report.recipients] == [
        ("bob@x.example", "5.1.1")
    ]
