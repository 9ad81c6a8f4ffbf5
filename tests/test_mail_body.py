"""Which text of a mail is read, and what is attached to it."""

import base64
from dataclasses import replace

import pytest
from mail_builders import multipart, raw_mail, read

from gateway.mail.defect import Defect
from gateway.mail.limits import TEXT_CHARS_MAX
from gateway.mail.parse import attachment_bytes

PLAIN = "Content-Type: text/plain; charset=utf-8"
HTML = "Content-Type: text/html; charset=utf-8"
ENCODED = "Content-Type: message/rfc822\nContent-Transfer-Encoding: base64"


def of(*parts: tuple[str, str], kind: str = "mixed") -> bytes:
    return raw_mail(multipart(*parts), Content_Type=f"multipart/{kind}; boundary=b1")


def nested(kind: str, *parts: tuple[str, str]) -> tuple[str, str]:
    boundary = f"in-{kind}"
    return (
        f"Content-Type: multipart/{kind}; boundary={boundary}",
        multipart(*parts, boundary=boundary),
    )


IMAGE = ("Content-Type: image/png; name=a.png\nContent-ID: <i1@x>", "png")


@pytest.mark.parametrize(
    ("raw", "text", "files"),
    [
        pytest.param(of((PLAIN, "plain"), (HTML, "<p>html"), kind="alternative"), "plain", [],
                     id="plain goes before HTML"),
        pytest.param(of((PLAIN, " \n\xa0"), (HTML, "<p>html"), kind="alternative"), "html", [],
                     id="blank plain gives way"),
        pytest.param(of((PLAIN, "plain"), nested("related", (HTML, "<p>html"), IMAGE),
                        kind="alternative"), "plain", ["a.png"], id="inline image of the HTML"),
        pytest.param(of((HTML, "<p>html"), IMAGE, kind="related"), "html", ["a.png"],
                     id="HTML with image"),
        pytest.param(of((PLAIN, "one"), IMAGE, (PLAIN, "two")), "one\ntwo", ["a.png"],
                     id="text around an image"),
        pytest.param(of((PLAIN, "hi"), (PLAIN + "; name=log.txt", "log")), "hi", ["log.txt"],
                     id="a named text is a file"),
        pytest.param(of((PLAIN, "hi"), (PLAIN + "\nContent-Disposition: attachment", "x")), "hi",
                     ["text.txt"], id="a nameless attachment"),
        pytest.param(of((PLAIN, "hi"), ("Content-Type: application/ms-tnef;name=winmail.dat", "")),
                     "hi", ["winmail.dat"], id="winmail.dat stays closed"),
        pytest.param(of((PLAIN, "hi"), ("Content-Type: text/calendar; method=REQUEST", "BEGIN"),
                        kind="alternative"), "hi", ["text.ics"], id="an invitation is a file"),
        pytest.param(of((PLAIN, "hi"), ("Content-Type: message/rfc822", "Subject: Old\n\nconfirm")),
                     "hi", ["Old.eml"], id="an enclosed mail is a file"),
        pytest.param(of((PLAIN, "hi"), ("Content-Type: application/pgp-signature", "x"),
                        kind="signed"), "hi", [], id="a detached signature is none"),
        pytest.param(of((PLAIN, "hi"), nested("related", (HTML, "<p>root"), (HTML, "<p>frame"))),
                     "hi\nroot", ["text.html"], id="only the root of a related is shown"),
        pytest.param(of((PLAIN, "a"), (PLAIN, "b"), kind="alternative"), "a\nb", [],
                     id="two plain alternatives"),
        pytest.param(raw_mail("", Content_Type="text/html"), "", [], id="empty HTML"),
        pytest.param(raw_mail("hi", Content_Type="text"), "hi", [], id="half a type"),
        pytest.param(raw_mail("<p>hi", Content_Type="html"), "hi", [], id="type without group"),
        pytest.param(raw_mail("hi", Content_Type="foo; name=a.bin"), "", ["a.bin"], id="no type"),
        pytest.param(raw_mail("hi", Content_Type="charset=utf-8"), "hi", [], id="only a parameter"),
        pytest.param(raw_mail("--b1\nContent-Type: text/plain\n\nhi\n", Content_Type="multipart/x"),
                     "hi", [], id="boundary forgotten"),
        pytest.param(raw_mail("--b\n\nhi\n--bc\n\n--b--\n", Content_Type="x; boundary=b"),
                     "hi\n--bc", [], id="another boundary begins alike"),
        pytest.param(of((PLAIN, "hi"), (ENCODED, base64.b64encode(b"Subject: In\n\nx").decode())),
                     "hi", ["In.eml"], id="an encoded enclosed mail"),
        pytest.param(raw_mail("%PDF", Content_Type="application/pdf; name=a.pdf"), "", ["a.pdf"],
                     id="only a file"),
    ],
)  # fmt: skip
def test_text_and_files_of_a_mail(raw, text, files):
    mail = read(raw)

    assert mail.text.strip() == text
    assert [file.filename for file in mail.attachments] == files


def test_a_uuencoded_file_leaves_the_text():
    uuencoded = "begin 644 data.bin\n#86)C\n`\nend\n"

    mail = read(raw_mail(f"see file\n\n{uuencoded}bye"))

    assert mail.text.split() == ["see", "file", "bye"]
    assert [(file.filename, file.size) for file in mail.attachments] == [("data.bin", 3)]


def test_words_that_look_like_uuencode_stay_text():
    text = "begin 644 is how such files begin\nand then they\nend\n"

    assert read(raw_mail(text)).text == text


@pytest.mark.parametrize(
    ("content", "encoding", "text"),
    [
        pytest.param(base64.b64encode(b"Hello").decode() + "!!", "base64", "Hello", id="noise"),
        pytest.param("SGVsbG8", "base64", "Hello", id="padding lost"),
        pytest.param("SGVsbG8=\n\n_______\nlist footer", "base64", "Hello", id="footer"),
        pytest.param("Hel=6Co =\nyou =ZZ", "quoted-printable", "Hello you =ZZ", id="broken escape"),
        pytest.param("Hello", "x-strange", "Hello", id="unknown"),
        pytest.param("Hello", '"7bit"', "Hello", id="quoted name"),
        pytest.param("SGVsbG8=IQ==", "base64", "Hello!", id="two in one"),
        pytest.param("SGVs=\nbG8h\n", "base64", "Hello!", id="soft line ends"),
        pytest.param(
            "It is plain text after all.", "base64", "It is plain text after all.", id="not encoded"
        ),
        pytest.param("Hello=21", "quoted-printable (RFC 2045)", "Hello!", id="comment"),
        pytest.param("begin 644 a\n%2&5L;&\\\n`\nend\n", "x-uuencode", "Hello", id="uuencode"),
        pytest.param("no file", "uuencode", "no file", id="uuencode without a file"),
    ],
)
def test_broken_transfer_encodings_are_read_as_far_as_they_go(content, encoding, text):
    assert read(raw_mail(content, Content_Transfer_Encoding=encoding)).text.strip() == text


def test_flowed_text_is_joined_and_quotes_keep_their_depth():
    raw = raw_mail(
        "A long line \ngoes on.\n> quoted \n> line\n>> deeper\n-- \nAnn",
        Content_Type="text/plain; format=flowed",
    )

    assert read(raw).text == "A long line goes on.\n> quoted line\n>> deeper\n-- \nAnn"


def test_flowed_text_ends_a_paragraph_where_the_depth_changes():
    raw = raw_mail("> soft \nanswer \n-- \nAnn ", Content_Type="text/plain; format=flowed")

    assert read(raw).text == "> soft\nanswer\n-- \nAnn"


def test_flowed_text_with_delsp_loses_the_soft_space():
    raw = raw_mail(
        "自分の \n名前", Content_Type="text/plain; charset=utf-8; format=flowed; delsp=yes"
    )

    assert read(raw).text == "自分の名前"


def test_new_text_below_a_quote_is_told():
    raw = raw_mail("On 1.1.2026 10:00, Desk <d@x.example> wrote:\n> question\n\nanswer")

    mail = read(raw)

    assert mail.new_text == "answer"
    assert mail.quoted_above


def test_a_uuencoded_file_is_found_again():
    raw = raw_mail("see\n\nbegin 644 data.bin\n#86)C\n`\nend\n")
    (file,) = read(raw).attachments

    assert attachment_bytes(raw, [file]) == [b"abc"]
    assert attachment_bytes(raw_mail("other"), [file]) == [b""]
    assert attachment_bytes(raw, [replace(file, part=99)]) == [b""]


def test_a_long_html_text_is_cut():
    mail = read(raw_mail("<p>word word</p>" * 130_000, Content_Type="text/html"))

    assert Defect.LIMIT_TEXT in mail.defects
    assert len(mail.text) <= TEXT_CHARS_MAX
