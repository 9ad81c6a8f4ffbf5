"""Names of attachments: read as mailers write them, safe for those who see and save them."""

import pytest
from mail_builders import multipart, raw_mail, read

from gateway.mail.filename import safe_filename


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("report.pdf", "report.pdf"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\TEMP\\a.png", "a.png"),
        ("%2e%2e%2fx.sh", "x.sh"),
        ("%252e%252e%252fx.sh", "x.sh"),
        ("a\x00b.txt", "a_b.txt"),
        ("evil\u202egnp.exe", "evilgnp.exe"),
        ("con.txt", "_con.txt"),
        ("LPT1", "_LPT1"),
        ("  .hidden. ", "hidden"),
        ('a<b>|"?.txt', "a_b_.txt"),
        ("line\nbreak.txt", "line break.txt"),
        ("Übersicht.xlsx", "Übersicht.xlsx"),
        ("/", ""),
        ("", ""),
    ],
)
def test_a_name_is_made_safe(name, safe):
    assert safe_filename(name) == safe


def test_a_long_name_keeps_its_extension_within_the_limit():
    name = safe_filename("a" * 5000 + ".docx")

    assert len(name) == 120
    assert name.endswith("a.docx")
    assert len(safe_filename("b" * 5000)) == 120


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        pytest.param("Content-Type: image/png; name=a.png", "a.png", id="type"),
        pytest.param("Content-Disposition: attachment; filename=b.png", "b.png", id="disposition"),
        pytest.param("Content-Disposition: attachment; filename*=utf-8''%C3%9C%20x.pdf", "Ü x.pdf",
                     id="RFC 2231"),
        pytest.param("Content-Disposition: inline; filename*1*=%9C.pdf; filename*0*=utf-8''a%C3",
                     "aÜ.pdf", id="pieces out of order"),
        pytest.param("Content-Disposition: attachment; filename*0=one; filename*1=two.pdf",
                     "onetwo.pdf", id="plain pieces"),
        pytest.param("Content-Disposition: attachment; " + "x=y; " * 300 + "filename=a.pdf",
                     "application", id="too many parameters"),
        pytest.param('Content-Disposition: attachment; filename="=?utf-8?q?=C3=9C.pdf?="', "Ü.pdf",
                     id="encoded-word"),
        pytest.param("Content-Disposition: attachment; filename=two words.pdf", "two words.pdf",
                     id="no quotes"),
        pytest.param('Content-Disposition: attachment; filename="a;b.pdf"; size=3', "a;b.pdf",
                     id="semicolon"),
        pytest.param('Content-Disposition: attachment; filename="open.pdf', "open.pdf", id="open"),
        pytest.param("Content-Disposition: attachment; filename*=utf-8''..%2F..%2Fx.sh", "x.sh",
                     id="hidden path"),
        pytest.param("Content-Disposition: attachment", "application.bin"[:11], id="none"),
    ],
)  # fmt: skip
def test_names_are_read_from_either_field(fields, name):
    if "Content-Type" not in fields:
        fields += "\nContent-Type: application/x-thing"
    body = multipart(("Content-Type: text/plain", "hi"), (fields, "content"))
    raw = raw_mail(body, Content_Type="multipart/mixed; boundary=b1")

    (file,) = read(raw).attachments

    assert file.filename == name


def test_nameless_files_get_names_of_their_own():
    part = ("Content-Type: image/png\nContent-Disposition: attachment", "x")
    raw = raw_mail(
        multipart(("Content-Type: text/plain", "hi"), part, part),
        Content_Type="multipart/mixed; boundary=b1",
    )

    assert [file.filename for file in read(raw).attachments] == ["image.png", "image1.png"]
