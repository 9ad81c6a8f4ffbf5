"""Charset labels as browsers read them, and guesses where there is none."""

import pytest

from gateway.mail.charset import codec_of, decode, guess_codec
from gateway.mail.defect import Defect


@pytest.mark.parametrize(
    ("label", "text", "written_in"),
    [
        ("gb2312", "轉寄的邮件", "gb18030"),
        ("ks_c_5601-1987", "똠방각하", "cp949"),
        ("iso-8859-1", "“quoted” – 5 €", "cp1252"),
        ("us-ascii", "plain", "ascii"),
        ("windows-874", "สวัสดี", "cp874"),
        ("iso-8859-8-i", "שלום", "iso8859_8"),
        ("x-mac-cyrillic", "Привет", "mac_cyrillic"),
        ("cp-850", "Größe", "cp850"),
        ("Shift_JIS", "①髙橋", "cp932"),
        ("BIG5", "您好", "big5hkscs"),
        ("utf8", "Grüße", "utf_8"),
        ("UTF-8*de", "Grüße", "utf_8"),
        ('"koi8-r"', "Привет", "koi8_r"),
        ("tis-620", "สวัสดี", "cp874"),
        ("unicode-1-1-utf-8", "Grüße", "utf_8"),
    ],
)
def test_a_label_means_what_browsers_take_it_for(label, text, written_in):
    assert decode(text.encode(written_in), label).text == text


@pytest.mark.parametrize(
    "label",
    ["unicode_escape", "utf-7", "idna", "zlib", "rot13", "undefined", "punycode", "base64", "hex",
     "raw_unicode_escape", "mbcs", "oem", "utf\x00-8x", "../../x", "", "x" * 500, "cp037"],
)  # fmt: skip
def test_a_label_beyond_the_list_is_never_used(label):
    decoded = decode(b"caf\\u00e9 +AGE- \xe9", label)

    assert codec_of(label) is None
    assert decoded.text == "caf\\u00e9 +AGE- é"
    assert decoded.defect == (Defect.CHARSET_UNKNOWN if label else None)


@pytest.mark.parametrize(
    ("text", "written_in"),
    [
        ("Вопрос по заказу", "cp1251"),
        ("Вопрос по заказу", "koi8_r"),
        ("转发：整体提升企业服务水平", "gb18030"),
        ("ご注文の確認について", "cp932"),
        ("ご注文の確認について", "euc_jp"),
        ("안녕하세요 주문 확인", "cp949"),
        ("Καλημέρα σας", "cp1253"),
        ("Jürgen Müller", "cp1252"),
        ("Größe", "cp1252"),
        ("Réservation confirmée à Genève", "cp1252"),
    ],
)
def test_unlabelled_text_is_guessed(text, written_in):
    assert decode(text.encode(written_in)).text == text


def test_unlabelled_utf_8_is_not_guessed_but_known():
    assert decode("Grüße".encode()).text == "Grüße"


def test_a_hint_goes_before_a_guess_unless_it_reads_everything():
    cyrillic = "Да".encode("cp1251")

    assert decode(cyrillic, hint="windows-1251").text == "Да"
    assert guess_codec("Größe".encode("cp1252")) == "cp1252"


def test_japanese_with_vendor_characters_and_forgotten_label_is_read():
    assert decode(b"\x1b$B-!%F%9%H\x1b(B!", "iso-2022-jp").text == "①テスト!"
    assert decode(b"\x1b$B%F%9%H\x1b(B", "us-ascii").text == "テスト"


def test_bytes_that_their_label_cannot_read_are_replaced_and_reported():
    decoded = decode(b"a\xff\xfeb", "utf-8")

    assert decoded.text == "a\ufffd\ufffdb"
    assert decoded.defect is Defect.CHARSET_MISFIT


@pytest.mark.parametrize(
    ("data", "label", "text"),
    [
        pytest.param(b"\x81\x93a\x9d", "windows-1252", "\x81“a\x9d", id="holes of 1252"),
        pytest.param("Grüße".encode(), "us-ascii", "Grüße", id="UTF-8 under ASCII"),
        pytest.param("Grüße €".encode(), "euc-kr", "Grüße €", id="UTF-8 under Korean"),
        pytest.param(b"\xb1\xff", "koi8-u", "╠Ъ", id="every byte is a letter"),
        pytest.param(b"a\xff\xff", "euc-jp", "a\ufffd\ufffd", id="nothing fits"),
        pytest.param(b"\x1b(I1\x1b(Ba", "iso-2022-jp", "ｱa", id="half-width kana"),
        pytest.param(b"\x1b$B%F\n%9\x1b(B", "iso-2022-jp", "テ\nス", id="line end within"),
        pytest.param(b"\x1b$(D\x22\x2f\x1b(B\x1b$B-!", "iso-2022-jp", "˘①", id="JIS X 0212"),
        pytest.param(b"a\x1b(Jb\x1b$B%F%", "iso-2022-jp", "abテ%", id="cut within a character"),
        pytest.param("テスト".encode("cp932"), "iso-2022-jp", "テスト", id="Shift_JIS under JIS"),
    ],
)
def test_bytes_under_a_wrong_label_are_read_as_well_as_they_can_be(data, label, text):
    assert decode(data, label).text == text
