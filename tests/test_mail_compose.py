"""Letters as bytes: read back they are what was written, on the wire they are plain RFC 5322."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.mail.compose import Draft, Enclosure, clean, compose
from gateway.mail.message import Envelope
from gateway.mail.parse import read_mail

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)
HOSTILE = "Ann\r\nBcc: victim@x.example\x0b{{ 7*7 }} \u202eevil\u0000 " + "ü" * 300


def draft(**parts: object) -> Draft:
    """The smallest draft, with parts of your own."""
    usual: dict[str, object] = {
        "sender": ("Support desk", "support@desk.example"),
        "to": "ann@acme.example",
        "subject": "[T-1001] Tax",
        "date": AT,
        "message_id": "answer.1@desk.example",
        "text": "Hello\n",
    }
    return Draft(**(usual | parts))  # type: ignore[arg-type]  # a builder for tests


def is_plain_rfc5322(raw: bytes) -> bool:
    """CRLF only, ASCII headers, no line over 998 octets, encoded-words of at most 75."""
    head = raw.partition(b"\r\n\r\n")[0]
    words = [word for word in head.split() if word.startswith(b"=?")]
    return (
        raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
        and max(map(len, raw.split(b"\r\n"))) <= 998
        and head.isascii()
        and all(len(word) <= 75 for word in words)
    )


texts = st.text(st.characters(exclude_categories=("Cs", "Cc")), max_size=300)


@given(texts, st.lists(texts, max_size=6))
def test_what_is_composed_is_read_back(subject: str, lines: list[str]) -> None:
    text = "\n".join(line.strip() for line in lines)

    raw = compose(draft(subject=subject, text=text))
    mail = read_mail(raw, Envelope(queue_id="x", received_at=AT))

    assert is_plain_rfc5322(raw)
    assert mail.subject == clean(subject)
    assert mail.text.strip() == text.strip()
    assert mail.message_id == "answer.1@desk.example"


@given(st.text(max_size=80), st.text(max_size=80))
def test_no_text_can_add_a_header(name: str, subject: str) -> None:
    raw = compose(draft(sender=(name, "support@desk.example"), subject=subject))
    mail = message_from_bytes(raw, policy=policy.default)

    wanted = "From To Subject Date Message-ID MIME-Version Content-Type Content-Transfer-Encoding"
    assert sorted(mail.keys()) == sorted(wanted.split())
    assert parseaddr(str(mail["From"]))[1] == "support@desk.example"


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        pytest.param("Tax  of\t2026 ", "Tax of 2026", id="spaces"),
        pytest.param("Tax\x00of\x0b\x7f2026", "Tax of 2026", id="controls"),
        pytest.param("Tax\u2028of\ud8002026", "Tax of 2026", id="beyond ASCII"),
    ],
)
def test_a_header_value_is_clean_text_on_one_line(value: str, wanted: str) -> None:
    assert clean(value) == wanted


def test_a_word_as_long_as_a_line_is_encoded() -> None:
    head = compose(draft(subject="See " + "x" * 120)).partition(b"\r\n\r\n")[0]

    assert b"x" * 78 not in head


def test_a_text_ends_with_a_line_end() -> None:
    assert compose(draft(text="Hello")) == compose(draft(text="Hello\n"))


def test_a_hostile_name_stays_a_name() -> None:
    raw = compose(draft(sender=(HOSTILE, "support@desk.example"), subject=HOSTILE))

    assert is_plain_rfc5322(raw)
    assert b"\r\nBcc" not in raw


def test_references_stand_one_a_line_and_are_never_encoded() -> None:
    ids = tuple(f"{'x' * 80}.{number}@desk.example" for number in range(20))

    raw = compose(draft(references=ids))
    mail = message_from_bytes(raw, policy=policy.default)

    assert is_plain_rfc5322(raw)
    assert str(mail["References"]).split() == [f"<{one}>" for one in ids]


def test_files_travel_unchanged_under_their_names() -> None:
    content = bytes(range(256)) * 40
    files = (
        Enclosure(filename="отчёт 1.pdf", content_type="application/pdf", content=content),
        Enclosure(filename="mail.eml", content_type="message/rfc822", content=b"Subject: x\n\ny"),
    )

    mail = read_mail(compose(draft(enclosures=files)), Envelope(queue_id="x", received_at=AT))

    assert [(one.filename, one.size) for one in mail.attachments] == [
        ("отчёт 1.pdf", len(content)),
        ("mail.eml", 13),
    ]


def test_html_stands_beside_the_text() -> None:
    raw = compose(draft(text="Hé", html="<p>Hé</p>"))
    mail = message_from_bytes(raw, policy=policy.default)

    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@pytest.mark.parametrize(
    ("page", "encoding", "shown"),
    [
        pytest.param("<p>Tax</p>\n", "7bit", "<p>Tax</p>", id="ASCII"),
        pytest.param(f"<p>T-1 \u00b7 {'x' * 200}</p>\n", "7bit", "T-1 &#183; ", id="a dot"),
        pytest.param("<p>Steuer für Müller</p>\n", "quoted-printable", "für Müller", id="German"),
        pytest.param("<p>Налог на прибыль</p>\n", "base64", "Налог на прибыль", id="Russian"),
        pytest.param(f"<p>\u00b7{'x' * 991}</p>\n", "quoted-printable", "\u00b7xxx", id="long"),
    ],
)
def test_a_page_with_hardly_a_foreign_letter_is_sent_as_it_is(
    page: str, encoding: str, shown: str
) -> None:
    mail = message_from_bytes(compose(draft(html=page)), policy=policy.default)
    part = mail.get_body(("html",))

    assert part is not None
    assert part["Content-Transfer-Encoding"] == encoding
    assert shown in part.get_content()
