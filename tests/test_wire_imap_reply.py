"""What an IMAP server says: replies as servers really write them, read into values."""

from datetime import UTC, datetime

import pytest

from gateway.wire.imap_reply import (
    Fetched,
    Selected,
    folder_argument,
    read_fetch,
    read_search,
    read_select,
    response_code,
    uid_set,
)

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)


def test_bodies_are_paired_by_uid_wherever_it_stands() -> None:
    lines = [
        b"1 FETCH (UID 10 BODY[] {5}",
        bytearray(b"first"),
        b")",
        b"2 FETCH (BODY[] {6}",
        bytearray(b"second"),
        b" UID 11)",
        b"Fetch completed (0.001 + 0.000 secs).",
    ]

    assert list(read_fetch(lines)) == [
        Fetched(uid=10, body=b"first"),
        Fetched(uid=11, body=b"second"),
    ]


def test_a_body_that_looks_like_a_reply_stays_a_body() -> None:
    trap = b"9 FETCH (UID 99 RFC822.SIZE 1)\r\nA1 OK done"
    lines = [b"1 FETCH (UID 10 BODY[] {44}", bytearray(trap), b")", b"done"]

    assert list(read_fetch(lines)) == [Fetched(uid=10, body=trap)]


def test_size_and_date_are_read_and_the_date_is_in_utc() -> None:
    lines = [
        b'7 FETCH (UID 10 RFC822.SIZE 3072 INTERNALDATE "08-Jul-2026 12:00:00 +0400")',
        b'8 FETCH (INTERNALDATE " 8-Jul-2026 08:00:00 +0000" UID 11 RFC822.SIZE 9)',
        b"Fetch completed.",
    ]

    assert list(read_fetch(lines)) == [
        Fetched(uid=10, size=3072, received_at=AT),
        Fetched(uid=11, size=9, received_at=AT),
    ]


@pytest.mark.parametrize(
    "text",
    ["99-Jul-2026 12:00:00 +0400", "08-Foo-2026 12:00:00 +0400", "", "yesterday"],
)
def test_a_date_that_is_none_is_left_out(text: str) -> None:
    line = f'7 FETCH (UID 10 RFC822.SIZE 1 INTERNALDATE "{text}")'.encode()

    assert list(read_fetch([line])) == [Fetched(uid=10, size=1)]


@pytest.mark.parametrize(
    "line",
    [
        pytest.param(b"3 FETCH (FLAGS (\\Seen))", id="flags somebody else changed"),
        pytest.param(b"4 EXPUNGE", id="a mail that went away"),
        pytest.param(b"12 EXISTS", id="a mail that came"),
        pytest.param(b"OK Still here", id="a server that is alive"),
        pytest.param(b"Fetch completed.", id="the end"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_nobody_asked_for_is_no_mail(line: bytes) -> None:
    assert list(read_fetch([line])) == []


def test_a_body_may_come_quoted_or_not_at_all() -> None:
    lines = [
        b'1 FETCH (UID 10 BODY[] "a \\"short\\" one")',
        b"2 FETCH (UID 11 BODY[] NIL)",
        b'3 FETCH (UID 12 BODY[] "")',
    ]

    assert list(read_fetch(lines)) == [
        Fetched(uid=10, body=b'a "short" one'),
        Fetched(uid=11),
        Fetched(uid=12, body=b""),
    ]


def test_a_uid_in_a_quoted_body_is_text() -> None:
    lines = [rb'1 FETCH (BODY[] "x\" ( UID 99 RFC822.SIZE 1" UID 10)']

    assert list(read_fetch(lines)) == [Fetched(uid=10, body=b'x" ( UID 99 RFC822.SIZE 1')]


def test_a_piece_of_a_body_says_where_it_begins() -> None:
    lines = [b"1 FETCH (UID 10 BODY[]<8> {3}", bytearray(b"abc"), b")"]

    assert list(read_fetch(lines)) == [Fetched(uid=10, body=b"abc")]


def test_the_numbers_of_a_search_are_its_lines_before_the_last() -> None:
    assert read_search([b"3 1 20", b"", b"Search completed 5 (0.001 secs)."]) == [1, 3, 20]
    assert read_search([b"Search completed."]) == []
    assert read_search([b"SEARCH 4 7", b"done"]) == [4, 7]


def test_selecting_tells_uidvalidity_and_whether_flags_stick() -> None:
    lines = [
        b"FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)",
        b"OK [PERMANENTFLAGS (\\Answered \\Seen \\*)] Flags permitted.",
        b"3 EXISTS",
        b"0 RECENT",
        b"OK [UIDVALIDITY 1783500001] UIDs valid",
        b"OK [UIDNEXT 4] Predicted next UID",
        b"[READ-WRITE] Select completed (0.001 + 0.000 secs).",
    ]

    assert read_select(lines) == Selected(
        uidvalidity=1783500001,
        mails=3,
        writable=True,
        flags=frozenset({"\\answered", "\\seen", "\\*"}),
    )


@pytest.mark.parametrize(
    ("lines", "flag", "sticks"),
    [
        ([b"OK [PERMANENTFLAGS (\\Seen)] x", b"[READ-WRITE] done"], "\\Seen", True),
        ([b"OK [PERMANENTFLAGS (\\Seen)] x", b"[READ-WRITE] done"], "$Taken", False),
        ([b"OK [PERMANENTFLAGS (\\Seen \\*)] x", b"[READ-WRITE] done"], "$Taken", True),
        ([b"OK [PERMANENTFLAGS ()] x", b"[READ-ONLY] done"], "\\Seen", False),
        ([b"OK [PERMANENTFLAGS (\\Seen)] x", b"[READ-ONLY] done"], "\\Seen", False),
        ([b"FLAGS (\\Seen)", b"done"], "\\Seen", True),
    ],
)
def test_a_flag_sticks_where_the_server_says_so(
    lines: list[bytes], flag: str, *, sticks: bool
) -> None:
    assert read_select(lines).keeps(flag) is sticks


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (b"[AUTHENTICATIONFAILED] Authentication failed.", "AUTHENTICATIONFAILED"),
        (b"[overquota] full", "OVERQUOTA"),
        (b"[COPYUID 1 2 3] done", "COPYUID"),
        (b"no code here [LATER]", ""),
        (b"", ""),
    ],
)
def test_the_response_code_is_the_first_word_in_brackets(text: bytes, code: str) -> None:
    assert response_code(text) == code


@pytest.mark.parametrize(
    ("name", "argument"),
    [
        ("INBOX", '"INBOX"'),
        ("Support mail", '"Support mail"'),
        ('a"b\\c', '"a\\"b\\\\c"'),
        ("Входящие", '"&BBIERQQ+BDQETwRJBDgENQ-"'),
        ("Büro & Co", '"B&APw-ro &- Co"'),
        ("日本語/x", '"&ZeVnLIqe-/x"'),
        ("😀", '"&2D3eAA-"'),
    ],
)
def test_folder_names_are_quoted_and_in_modified_utf_7(name: str, argument: str) -> None:
    assert folder_argument(name) == argument


@pytest.mark.parametrize("name", ["a\r\nA1 LOGOUT", "a\nb", "a\0b", "\x7f", "a\tb"])
def test_a_folder_name_can_not_carry_a_command(name: str) -> None:
    """Attack A79: a command in the name of a folder."""
    with pytest.raises(ValueError, match="control"):
        folder_argument(name)


def test_uids_that_follow_each_other_become_ranges() -> None:
    assert uid_set([1, 2, 3, 7, 9, 10]) == "1:3,7,9:10"
    assert uid_set([5]) == "5"
