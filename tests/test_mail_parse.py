"""`read_mail`: whole mails, hostile ones, and what must hold for any bytes."""

import base64
import hashlib
import random
import time

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from mail_builders import an_envelope, multipart, raw_mail, read

from gateway.mail.defect import LIMITS, Defect
from gateway.mail.describe import describe
from gateway.mail.limits import DEPTH_MAX, FIELD_COUNT_MAX, PART_COUNT_MAX, SIZE_MAX
from gateway.mail.message import Mail, Mailbox
from gateway.mail.parse import attachment_bytes, read_mail


def test_a_plain_mail_becomes_a_value_with_its_envelope():
    raw = raw_mail("Hello\n\nthe shop is down", In_Reply_To="<a@x> <b@x>", References="<a@x>")

    mail = read_mail(raw, an_envelope("ann@customer.example"))

    assert mail.envelope.reverse_path == "ann@customer.example"
    assert mail.originators == (Mailbox("Ann Miller", "ann@customer.example"),)
    assert mail.from_is_clean
    assert mail.to == (Mailbox("", "support@desk.example"),)
    assert mail.subject == "Shop is down"
    assert mail.message_id == "m1@customer.example"
    assert mail.in_reply_to == ("a@x", "b@x")
    assert mail.date == an_envelope().received_at
    assert mail.text == "Hello\n\nthe shop is down"
    assert mail.defects == ()


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"\r\n\r\n", id="blank lines"),
        pytest.param(b"just words", id="body only"),
        pytest.param(b"\x00" * 50, id="NULs"),
        pytest.param(b"\xff\xfe" + "Subject: x\n\nhi".encode("utf-16-le"), id="UTF-16"),
        pytest.param(b"\xef\xbb\xbfSubject: x\n\nhi", id="byte order mark"),
        pytest.param(b"Subject: x\rFrom: a@b\r\rhi", id="CR only"),
        pytest.param(b"Subject x\nno colon\n\nhi", id="header without colon"),
        pytest.param(raw_mail()[:57], id="truncated in the header"),
        pytest.param(b"Message-ID: <<<<<\r\n\r\n", id="open brackets"),
        pytest.param(b"Message-ID: <>\r\nDate: 99\r\nTo: ((((\r\n\r\n", id="broken fields"),
        pytest.param(raw_mail(Content_Type="multipart/mixed"), id="no boundary"),
        pytest.param(raw_mail(Content_Type='multipart/mixed; boundary=""'), id="empty boundary"),
        pytest.param(raw_mail("--x\r\n", Content_Type="multipart/mixed; boundary=x"), id="cut"),
        pytest.param(raw_mail(Content_Type="text/plain; charset=idna"), id="charset idna"),
        pytest.param(raw_mail(Content_Transfer_Encoding="base64"), id="not base64"),
    ],
)
def test_a_malformed_mail_is_read_without_an_exception(raw):
    mail = read(raw)

    assert isinstance(mail, Mail)
    assert isinstance(describe(mail)["text"], str)


def test_text_of_a_mail_without_the_promised_boundary_is_still_read():
    mail = read(raw_mail("Hello there", Content_Type="multipart/mixed; boundary=b1"))

    assert mail.text == "Hello there"
    assert Defect.BOUNDARY_MISSING in mail.defects


@pytest.mark.parametrize("stray", ["\r", "\n"], ids=["CR", "LF"])
def test_a_stray_line_end_in_a_header_makes_no_new_field(stray):
    raw = raw_mail("x", Subject=f"hi{stray}From: ceo@bank.example{stray}X-A: b")

    mail = read(raw)

    assert mail.originator.address == "ann@customer.example"
    assert mail.subject == "hi From: ceo@bank.example X-A: b"
    assert Defect.STRAY_CR_LF in mail.defects
    assert not mail.from_is_clean


def test_a_stray_line_end_does_not_end_the_header_early():
    raw = raw_mail("real body", Subject="hi\n\nforged body")

    assert read(raw).text == "real body"


@pytest.mark.parametrize(
    ("fields", "defect"),
    [
        pytest.param({"From": "a@x.example, b@y.example"}, Defect.FROM_NOT_SINGLE, id="two"),
        pytest.param({"From": ""}, Defect.FROM_MISSING, id="none"),
        pytest.param({"From": "Staff: a@x.example;"}, Defect.FROM_MALFORMED, id="group"),
        pytest.param({"From": "a\x00@x.example"}, Defect.FROM_MALFORMED, id="NUL"),
        pytest.param({"From": '"a"@x.example'}, Defect.FROM_MALFORMED, id="quoted local part"),
        pytest.param({"From": "<a@x.example"}, Defect.FROM_MALFORMED, id="open bracket"),
        pytest.param({"From": "<<a@x.example>>"}, Defect.FROM_MALFORMED, id="nested brackets"),
        pytest.param({"From": "a(c)@x.example"}, Defect.FROM_MALFORMED, id="comment inside"),
        pytest.param({"From": "x <a@x.example> <b@y.example>"}, Defect.FROM_MALFORMED, id="twice"),
        pytest.param({"From": "=?utf-8?q?a=40x.example?="}, Defect.FROM_MALFORMED, id="encoded"),
        pytest.param({"From": "<=?utf-8?q?a?=@x.example>"}, Defect.FROM_MALFORMED, id="word"),
    ],
)
def test_a_doubtful_from_is_not_clean(fields, defect):
    mail = read(raw_mail(**fields))

    assert not mail.from_is_clean
    assert defect in mail.defects


@pytest.mark.parametrize(
    "raw",
    [
        pytest.param(raw_mail(From="a@x.example" + " " * 9000 + ", e@y.example"), id="long From"),
        pytest.param(raw_mail().replace(b"To:", b"junk line\r\nTo:"), id="junk line"),
        pytest.param(raw_mail().replace(b"To:", b"X: y\r\n" * 1000 + b"To:"), id="many fields"),
    ],
)  # fmt: skip
def test_a_header_that_hides_something_gives_no_clean_from(raw):
    mail = read(raw)

    assert len(mail.originators) == 1
    assert not mail.from_is_clean


def test_two_from_fields_are_both_read_and_not_clean():
    mail = read(b"From: eve@evil.example\r\n" + raw_mail())

    assert [each.address for each in mail.originators] == [
        "eve@evil.example",
        "ann@customer.example",
    ]
    assert not mail.from_is_clean
    assert Defect.FROM_REPEATED in mail.defects


@pytest.mark.parametrize(
    "address",
    ["ann@customer.example", "Ann <ann@customer.example>", '"Miller, Ann" <ann@customer.example>',
     "=?utf-8?q?J=C3=BCrgen?= <ann@customer.example>", "ann@customer.example (Ann)"],
)  # fmt: skip
def test_an_ordinary_from_is_clean(address):
    assert read(raw_mail(From=address)).from_is_clean


def nested(depth: int) -> bytes:
    heads = b"".join(
        b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d\r\n' % (level, level)
        for level in range(depth)
    )
    return b"Subject: deep\r\n" + heads + b"Content-Type: text/plain\r\n\r\nhello\r\n"


@pytest.mark.parametrize(
    ("raw", "defect"),
    [
        pytest.param(nested(1000), Defect.LIMIT_DEPTH, id="depth"),
        pytest.param(
            b"Content-Type: message/rfc822\r\n\r\n" * 3000, Defect.LIMIT_DEPTH, id="messages"
        ),
        pytest.param(
            b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 9000,
            Defect.LIMIT_PARTS,
            id="parts",
        ),
        pytest.param(
            raw_mail(
                multipart(
                    *[("Content-Type: text/plain", "x")] * (PART_COUNT_MAX - 2),
                    ("Content-Type: message/rfc822", "Subject: x\n\ny"),
                ),
                Content_Type="multipart/mixed; boundary=b1",
            ),
            Defect.LIMIT_PARTS,
            id="an enclosed mail too many",
        ),
        pytest.param(b"X: y\r\n" * 30_000 + b"\r\nx", Defect.LIMIT_HEADER_BYTES, id="header"),
        pytest.param(b"X: y\r\n" * 2000 + b"\r\nx", Defect.LIMIT_FIELD_COUNT, id="fields"),
        pytest.param(
            b"Subject: " + b"a" * 100_000 + b"\r\n\r\nx", Defect.LIMIT_FIELD_BYTES, id="field"
        ),
        pytest.param(raw_mail("word " * 300_000), Defect.LIMIT_TEXT, id="text"),
        pytest.param(
            raw_mail(b"\x00" * SIZE_MAX, Content_Type="application/zip"),
            Defect.LIMIT_SIZE,
            id="size",
        ),
    ],
)
def test_a_mail_over_a_limit_is_returned_with_the_limit_named(raw, defect):
    started = time.process_time()

    mail = read(raw)

    assert defect in mail.defects
    assert defect in LIMITS
    assert time.process_time() - started < 2


def test_a_mail_within_the_limits_names_none():
    parts = [("Content-Type: text/plain", "x")] * (PART_COUNT_MAX - 1)
    raw = raw_mail(multipart(*parts), Content_Type="multipart/mixed; boundary=b1")

    mail = read(b"X: y\r\n" * (FIELD_COUNT_MAX - 10) + raw)

    assert not LIMITS & set(mail.defects)
    assert not LIMITS & set(read(nested(DEPTH_MAX)).defects)
    assert read(nested(DEPTH_MAX)).text == "hello\n"


@pytest.mark.parametrize("piece", ['"', ";", "(", "<", "=?", ",", "=?utf-8?q?a?= ", "a@b,", "\\"])
def test_fields_full_of_syntax_cost_little(piece):
    stuffing = piece * (8000 // len(piece))
    raw = "".join(
        f"{name}: {stuffing}\r\n"
        for name in ("From", "To", "Cc", "Content-Type", "Content-Disposition", "Message-ID",
                     "References", "Date", "Subject", "Authentication-Results")
    ).encode() + b"\r\nx"  # fmt: skip
    started = time.process_time()

    read(raw)

    assert time.process_time() - started < 1


def test_a_part_with_too_much_header_does_not_spoil_the_mail():
    parts = (("Content-Type: text/plain", "hi"), ("X-A: y\n" * 30_000, "x"))
    mail = read(raw_mail(multipart(*parts), Content_Type="multipart/mixed; boundary=b1"))

    assert mail.text == "hi\n\nx"
    assert not LIMITS & set(mail.defects)


def test_a_line_belongs_to_the_innermost_multipart_that_uses_it():
    inner = 'Content-Type: multipart/mixed; boundary="a----"'
    parts = "\n\n--a----\nContent-Type: text/plain\n\nfirst\n--a------\nno part\n"
    raw = raw_mail(
        f"--a--\n{inner}{parts}--a----\n", Content_Type='multipart/mixed; boundary="a--"'
    )

    mail = read(raw)

    assert mail.text.strip() == "first"
    assert mail.defects == ()


def test_every_odd_byte_in_header_and_text_is_stored_clean():
    for byte in (*range(0x20), *range(0x7F, 0x100)):
        odd = bytes((byte,))
        raw = b"Subject: a%sb\r\nFrom: N%s <a@x.example>\r\n\r\ntext%send" % (odd, odd, odd)

        mail = read(raw)

        shown = mail.subject + mail.text + mail.originator.name
        assert not any(ord(char) < 0x20 and char not in "\t\n" for char in shown), hex(byte)
        assert "\n" not in mail.subject, hex(byte)
        shown.encode("utf-8")


def test_lone_surrogates_and_nul_become_replacement_characters():
    raw = raw_mail("a=ED=A0=80b=00c", Content_Transfer_Encoding="quoted-printable")

    mail = read(raw)

    assert "\ufffd" in mail.text
    assert "\x00" not in mail.text
    mail.text.encode("utf-8")


def test_digest_is_untouched_by_trace_fields_and_line_ends():
    raw = raw_mail("line one\nline two\n")
    traced = (
        b"Return-Path: <ann@customer.example>\r\nDelivered-To: support@desk.example\r\n"
        b"Received: from a by b; Wed, 08 Jul 2026 12:00:01 +0000\r\n"
        b"Authentication-Results: b; spf=pass\r\nX-Spam-Score: 1\r\n" + raw
    )

    assert read(traced).digest == read(raw).digest
    assert read(raw.replace(b"\r\n", b"\n")).digest == read(raw).digest


def test_digest_of_a_large_body_does_not_depend_on_line_ends():
    raw = raw_mail(b"a line of a file\r\n" * 70_000, Content_Type="application/zip")
    shifted = raw_mail(b"x" + b"a line of a file\r\n" * 70_000, Content_Type="application/zip")

    for one in (raw, shifted):
        for other in (one.replace(b"\r\n", b"\n"), one + b"\r\n" * 5):
            assert read(other).digest == read(one).digest


def test_digest_tells_another_body_or_writer():
    raw = raw_mail("confirm")

    assert read(raw_mail("decline")).digest != read(raw).digest
    assert read(raw_mail("confirm", From="eve@evil.example")).digest != read(raw).digest


def test_an_attachment_is_found_again_by_its_part():
    content = bytes(range(256)) * 20
    encoded = base64.encodebytes(content).decode()
    raw = raw_mail(
        multipart(
            ("Content-Type: text/plain", "see file"),
            ("Content-Type: application/zip; name=a.zip\nContent-Transfer-Encoding: base64",
             encoded),
        ),
        Content_Type="multipart/mixed; boundary=b1",
    )  # fmt: skip

    mail = read(raw)

    (file,) = mail.attachments
    assert (file.filename, file.size, file.part) == ("a.zip", len(content), 2)
    assert file.digest == hashlib.sha256(content).hexdigest()
    assert attachment_bytes(raw, [file]) == [content]


def test_long_references_keep_their_root_and_their_end():
    ids = [f"<{number}@x>" for number in range(300)]

    found = read(raw_mail(References="\r\n ".join(ids))).references

    assert len(found) == 100
    assert (found[0], found[-1]) == ("0@x", "299@x")


def test_ids_without_brackets_are_read():
    mail = read(raw_mail(Message_ID="a1@x.example", References="b2@x.example c3", In_Reply_To="d4"))

    assert mail.message_id == "a1@x.example"
    assert mail.references == ("b2@x.example",)
    assert mail.in_reply_to == ("d4",)


def test_part_numbers_are_those_of_the_standard_library():
    from email import message_from_bytes  # noqa: PLC0415 - the reference, only here

    inner = multipart(("Content-Type: text/plain", "old"), boundary="b2")
    enclosed = f"Subject: old\nContent-Type: multipart/mixed; boundary=b2\n\n{inner}"
    raw = raw_mail(
        multipart(
            ("Content-Type: text/plain", "see below"),
            ("Content-Type: message/rfc822", enclosed),
            ("Content-Type: application/pdf; name=a.pdf", "x"),
        ),
        Content_Type="multipart/mixed; boundary=b1",
    )

    parts = list(message_from_bytes(raw).walk())

    for file in read(raw).attachments:
        assert parts[file.part].get_content_type() == file.content_type


def test_trace_fields_keep_their_order_and_are_not_decoded():
    raw = (
        b"Authentication-Results: mx.desk.example; spf=pass smtp.mailfrom==?utf-8?q?=3Bx?=@x\r\n"
        b"Received: from a by b\r\n" + raw_mail()
    )

    mail = read(raw)

    assert [each.name for each in mail.trace] == ["authentication-results", "received"]
    assert "=?utf-8?q?" in mail.trace[0].value
    assert mail.hops == 1


CORPUS = [
    raw_mail("Hello\n\n> quoted\n> lines\n\n-- \nAnn"),
    raw_mail("Gr=C3=BC=C3=9Fe =\nsoft", Content_Transfer_Encoding="quoted-printable"),
    raw_mail(
        multipart(
            (
                "Content-Type: text/plain; format=flowed",
                "Hello \nworld\n\nOn 1.1.2026 x wrote:\n> y",
            ),
            ("Content-Type: text/html", "<p>Hello world</p><blockquote>y</blockquote>"),
        ),
        Content_Type="multipart/alternative; boundary=b1",
    ),
    raw_mail("<p>Hi</p><div class=gmail_quote>old</div>", Content_Type="text/html"),
]


@pytest.mark.parametrize("number", range(len(CORPUS)))
def test_a_mail_reads_the_same_with_lf_and_with_crlf(number):
    with_crlf = CORPUS[number]
    with_lf = with_crlf.replace(b"\r\n", b"\n")

    one, other = read(with_crlf), read(with_lf)

    assert describe(one) == describe(other)
    assert one.digest == other.digest


def check_any_mail(raw: bytes) -> None:
    mail = read(raw)

    described = describe(mail)
    for text in (mail.text, mail.new_text, mail.subject, mail.originator.name):
        assert "\x00" not in text
        text.encode("utf-8")
    assert "\n" not in mail.subject
    assert all(len(file["filename"]) <= 120 for file in described["attachments"])
    assert read(raw) == mail


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=3000))
@example(b"To: \x00\x80(a@b")
@example(b"Content-Type: text/plain; charset=iso-2022-jp\n\n\x1b$B\xff\xff")
@example(b"Content-Type: text/html\n\n<p>&#1;<div class=gmail_quote>a</div>&#0;b")
def test_any_bytes_become_a_mail(raw):
    check_any_mail(raw)


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(CORPUS),
    st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=12)), max_size=12),
)
def test_any_damage_to_a_mail_leaves_a_mail(raw, damage):
    damaged = bytearray(raw)
    for position, piece in damage:
        at = position % (len(damaged) + 1)
        damaged[at : at + len(piece) // 2] = piece

    check_any_mail(bytes(damaged))


def test_random_cuts_and_swaps_leave_a_mail():
    chance = random.Random(7)
    pieces = [b"\r", b"\n", b"\x00", b"=?", b'"', b"<", b"(", b"--b1", b"Content-Type:", b"\xe9"]
    for _ in range(120):
        damaged = bytearray(chance.choice(CORPUS))
        for _ in range(chance.choice((1, 3, 10))):
            at = chance.randrange(len(damaged) + 1)
            damaged[at : at + chance.choice((0, 1, 40))] = chance.choice(pieces)
        check_any_mail(bytes(damaged))


def test_five_hundred_files_cost_little_more_than_one():
    boundary = 'Content-Type: image/png; name="\xfc{}.png"'
    parts = [(boundary.format(number), "x" * 50) for number in range(450)]
    raw = raw_mail(multipart(*parts), Content_Type="multipart/mixed; boundary=b1")
    started = time.process_time()

    mail = read(raw)
    found = attachment_bytes(raw, mail.attachments)

    assert found == [b"x" * 50] * 450
    assert time.process_time() - started < 2


def test_the_text_of_a_part_without_header_is_not_taken_for_one():
    body = "--b1\n\nSubject: to change\n\nthe rest\n--b1--\n"

    mail = read(raw_mail(body, Content_Type="multipart/mixed; boundary=b1"))

    assert mail.text == "Subject: to change\n\nthe rest"


def test_a_comment_behind_a_parameter_is_no_part_of_it():
    """RFC 2045 section 5.1 has this very example; a file's name may have brackets."""
    part = "Content-Type: text/plain (x); charset=koi8-r (Russian)\nContent-Disposition: {}"
    body = multipart(
        (part.format("inline"), "text"), (part.format("attachment; filename=my (1).txt"), "file")
    )

    mail = read(raw_mail(body, Content_Type="multipart/mixed; boundary=b1 (the first)"))

    assert (mail.text, [one.filename for one in mail.attachments]) == ("text", ["my (1).txt"])
    assert mail.defects == ()
