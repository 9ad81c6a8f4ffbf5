"""The JSON object of `gateway parse --json`."""

import json

from mail_builders import raw_mail, read

from gateway.mail.describe import describe


def test_a_mail_is_described_with_every_key():
    described = describe(read(raw_mail("Yes\n\n> No", Cc="bob@x.example", In_Reply_To="<a@x>")))

    assert described == {
        "from_addr": "ann@customer.example",
        "from_name": "Ann Miller",
        "to": ["support@desk.example"],
        "cc": ["bob@x.example"],
        "subject": "Shop is down",
        "message_id": "m1@customer.example",
        "in_reply_to": "a@x",
        "references": [],
        "text": "Yes\n\n> No",
        "reply_text": "Yes",
        "attachments": [],
        "auto_reply": False,
        "no_ack": False,
        "bounce": False,
        "bounced": [],
        "defects": [],
    }
    assert json.loads(json.dumps(described)) == described


def test_a_mail_without_from_shows_who_sent_it():
    described = describe(read(raw_mail(From="", Sender="Bob <bob@x.example>")))

    assert (described["from_addr"], described["from_name"]) == ("bob@x.example", "Bob")


def test_a_report_is_no_answer_and_a_forward_is_none():
    bounce = raw_mail("<bob@x.example>: user unknown", From="MAILER-DAEMON@x.example",
                      Subject="failure notice")  # fmt: skip
    forward = raw_mail(**{"Auto-Submitted": "auto-forwarded"})
    suppressed = raw_mail(**{"X-Auto-Response-Suppress": "All"})

    assert describe(read(bounce))["bounced"] == [
        {"recipient": "bob@x.example", "status": "", "action": "failed"}
    ]
    assert [describe(read(raw))["bounce"] for raw in (bounce, forward)] == [True, False]
    assert [describe(read(raw))["auto_reply"] for raw in (bounce, forward)] == [False, False]
    assert [describe(read(raw))["no_ack"] for raw in (bounce, forward, suppressed)] == [True] * 3
