"""Fields of a header block and the text in them."""

import pytest

from gateway.mail.defect import Defect
from gateway.mail.header import decode_words, decoded, lenient_base64, read_header


def subject_of(raw: bytes) -> str:
    return read_header(raw, 0, len(raw)).text("subject")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("=?utf-8?B?R3LDvMOfZQ==?=", "Grüße", id="base64"),
        pytest.param("=?iso-8859-1?q?Gr=FC=DFe_an?= alle", "Grüße an alle", id="quoted"),
        pytest.param("=?utf-8?q?a?= =?utf-8?q?b?=", "ab", id="neighbours"),
        pytest.param("=?utf-8?B?w7w=?= =?utf-8?B?w58=?=", "üß", id="neighbours in base64"),
        pytest.param("=?utf-8?B?w7z=?==?utf-8?B?Dnw==?=", "ü" + "\x0e|", id="cut in a byte"),
        pytest.param("=?utf-8?q?=E4=BD?= =?utf-8?q?=BF?=", "使", id="cut in a character"),
        pytest.param("x=?utf-8?q?y?=z", "xyz", id="glued"),
        pytest.param("=?utf-8?q?with space?=", "with space", id="space inside"),
        pytest.param("=?utf-8?B?R3LDvMOfZQ?=", "Grüße", id="padding lost"),
        pytest.param("=?x-unknown?q?a=FC?=", "aü", id="unknown charset"),
        pytest.param("=?utf-8?x?abc?=", "=?utf-8?x?abc?=", id="unknown encoding"),
        pytest.param("=?utf-8*en?q?ok?=", "ok", id="language"),
        pytest.param("1 =? 2 ?=", "1 =? 2 ?=", id="no word"),
    ],
)
def test_encoded_words_are_decoded_wherever_they_stand(written, read):
    assert decode_words(written) == read


def test_raw_characters_in_an_encoded_word_are_its_own_charset():
    assert decoded(b"=?iso-8859-1?Q?Fr" + b"\xf6" + b"sche?=") == "Frösche"


def test_raw_eight_bit_fields_are_guessed():
    assert subject_of("Subject: Вопрос по заказу\n\n".encode("cp1251")) == "Вопрос по заказу"
    assert subject_of("Subject: Größe\n\n".encode("latin-1")) == "Größe"


def test_folded_fields_are_joined():
    assert subject_of(b"Subject: one\r\n two\r\n\tthree\r\n\r\nbody") == "one two three"


def test_a_header_value_is_one_line_without_controls():
    raw = b"Subject: =?utf-8?q?a=0D=0ABcc:_x=0Bb=1Fc=E2=80=A8d?=\r\n\r\n"

    assert subject_of(raw) == "a Bcc: x b c d"


def test_leading_noise_is_skipped():
    for noise in (b"\xef\xbb\xbf", b"\r\n", b"From ann@x.example  Mon Jul  6 10:00:00 2026\r\n",
                  b">From ann@x.example\r\n"):  # fmt: skip
        assert subject_of(noise + b"Subject: hi\r\n\r\nbody") == "hi"


def test_a_line_without_a_colon_begins_the_body_unless_fields_follow():
    header = read_header(b"Subject: a\nHello there\nmore", 0, 27)
    assert header.body_at == 11
    assert Defect.NOT_A_FIELD in header.defects

    raw = b"Subject: a\njunk line\nFrom: a@x.example\n\nbody"
    header = read_header(raw, 0, len(raw))
    assert header.text("from") == "a@x.example"
    assert raw[header.body_at :] == b"body"


def test_base64_with_noise_is_read_as_far_as_it_goes():
    assert lenient_base64(b"aGV!sbG8") == b"hello"
    assert lenient_base64(b"aGVsbG8x\n=") == b"hello1"
    assert lenient_base64(b"") == b""


@pytest.mark.parametrize(
    ("written", "read"),
    [
        pytest.param("=?utf-8?q?a?= =?iso-8859-1?q?=FC?=", "aü", id="another charset"),
        pytest.param("a =?utf-8?q?b?= c =?utf-8?q?d?=", "a b c d", id="words between"),
        pytest.param(" =?utf-8?q?b?=", " b", id="space in front"),
    ],
)
def test_what_stands_between_encoded_words_is_kept(written, read):
    assert decode_words(written) == read


def test_a_japanese_subject_without_encoding_is_read():
    assert subject_of(b"Subject: \x1b$BF|K\\\x1b(B\r\n\r\n") == "日本"
