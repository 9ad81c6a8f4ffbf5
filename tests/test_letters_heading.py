"""What programs read of a letter: threads, reply addresses, signs for robots (policy 4.13)."""

from dataclasses import replace
from email import message_from_bytes, policy
from email.utils import parseaddr

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letter_desk import KEYS, Seen, desk_writer, every_letter, letters_in, shipped_policy, written

from gateway.desk.clues import token_of_message_id
from gateway.desk.decision import Audience, SendLetter
from gateway.desk.token import Purpose
from gateway.letters.heading import REFERENCES_MAX, Frame, heading, staff_root
from gateway.letters.sample import ANN, FRAME, NOON
from gateway.letters.sample_all import CUSTOMER_SAMPLES, SAMPLES

ANSWERED_BY_PEOPLE = {"answer", "clarification"}
REPLIED = {
    *("ticket_received", "ticket_received_hotrush", "hotrush_refused", "followup_created"),
    *("sender_refused", "assessment_confirmed", "assessment_declined", "assessment_outdated"),
    *("assessment_not_open", "confirm_unclear", "hotrush_unset", "hotrush_withdrawn"),
    *("hotrush_withdraw_refused", "hotrush_late_refused", "ticket_split", "ticket_reopened"),
    *("balance_statement", "purchase_invoice", "price_list", "command_help"),
    *("engineer_command_error", "confirm_challenge", "engineer_info", "engineer_ack"),
}
"""Letters with an r in the table of policy 4.12; those of people have none, the rest a g."""
HOSTILE = "Ann\r\nBcc: victim@x.example\x0b{{ 7*7 }} \u202eevil\u0000 <script> " + "ü" * 300
LETTERS = pytest.mark.parametrize("seen", letters_in("en"), ids=lambda seen: seen.name)


@LETTERS
def test_a_letter_says_that_a_program_wrote_it(seen: Seen) -> None:
    name, mail = seen.sample.letter.letter, seen.mail

    if name in ANSWERED_BY_PEOPLE:
        assert mail["Auto-Submitted"] is None
        assert mail["Precedence"] is None
        return
    assert mail["Auto-Submitted"] == ("auto-replied" if name in REPLIED else "auto-generated")
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Precedence"] == "bulk"
    stamp, _, mac = str(mail["X-Gateway-Loop"]).rpartition(".")
    assert KEYS.is_signed("loop:" + stamp, mac)


@LETTERS
def test_a_letter_says_what_it_is(seen: Seen) -> None:
    letter, mail = seen.sample.letter, seen.mail

    assert mail["X-Ticket-Event"] == letter.letter
    assert mail["X-Ticket-ID"] == (f"T-{letter.ticket.number}" if letter.ticket else None)


def test_a_letter_says_in_which_language_it_is() -> None:
    assert [
        one.name for one in every_letter() if one.mail["Content-Language"] != one.language
    ] == []


@LETTERS
def test_a_letter_about_a_ticket_carries_its_number_and_subject(seen: Seen) -> None:
    ticket = seen.sample.letter.ticket

    if ticket is None or seen.sample.letter.letter == "engineer_info":
        assert "[" not in str(seen.mail["Subject"]) or ticket
        return
    assert seen.mail["Subject"] == f"[T-{ticket.number}] {ticket.subject}"


@LETTERS
def test_a_letter_comes_from_the_department(seen: Seen) -> None:
    ticket = seen.sample.letter.ticket
    name, address = parseaddr(str(seen.mail["From"]))

    assert name == shipped_policy().operator.name
    assert address == f"{ticket.department if ticket else 'support'}@desk.example"
    assert seen.mail["To"] == seen.sample.letter.to


@LETTERS
def test_a_reply_proves_who_was_written_to(seen: Seen) -> None:
    letter, mail = seen.sample.letter, seen.mail
    if letter.audience is Audience.OPERATOR:
        assert mail["Reply-To"] is None
        return

    text = shipped_policy().addresses.token_of(str(mail["Reply-To"]))
    token = KEYS.read(text or "")

    assert token
    assert KEYS.is_for(token, letter.to)
    assert not KEYS.is_for(token, "somebody@else.example")
    assert token_of_message_id(str(mail["Message-ID"]).strip("<>"), KEYS) == token
    if letter.ticket and letter.letter != "engineer_purchase_request":
        assert token.ticket == letter.ticket.number
    wanted = {
        "confirm_challenge": Purpose.CHALLENGE,
        "engineer_purchase_request": Purpose.ORDER,
    }.get(letter.letter)
    if wanted is None and letter.audience is Audience.CUSTOMER:
        wanted = Purpose.REPLY if letter.ticket else Purpose.ACCOUNT
    assert token.purpose is (wanted or (Purpose.STAFF if letter.ticket else Purpose.DESK))


@LETTERS
def test_a_letter_stands_in_its_thread(seen: Seen) -> None:
    letter, frame, mail = seen.sample.letter, seen.sample.frame, seen.mail
    references = str(mail["References"] or "").split()
    answers = str(mail["In-Reply-To"] or "")

    if letter.audience is not Audience.CUSTOMER:
        root = f"<staff.{letter.ticket.number}@desk.example>" if letter.ticket else ""
        assert references[:1] == ([root] if root else references[:1])
        assert not set(references) & {f"<{one}>" for one in frame.thread}
    elif letter.thread == "mail":
        assert answers == f"<{frame.answered}>"
        assert references[-1] == answers
        assert references[0] == f"<{frame.thread[0]}>"
    elif letter.thread == "ticket":
        assert letter.ticket
        assert answers == f"<{letter.ticket.last_mail_id}>"
        assert references == [f"<{one}>" for one in frame.thread]
    elif letter.thread == "split":
        assert (answers, references) == ("", [f"<{frame.answered}>"])
    else:
        assert (answers, references) == ("", [])


@LETTERS
def test_a_letter_is_plain_rfc_5322(seen: Seen) -> None:
    raw = seen.raw
    head = raw.partition(b"\r\n\r\n")[0]

    assert raw.count(b"\r") == raw.count(b"\n") == raw.count(b"\r\n")
    assert max(map(len, raw.split(b"\r\n"))) <= 998
    assert head.isascii()
    assert all(len(word) <= 75 for word in head.split() if word.startswith(b"=?"))
    assert [part.get_content_type() for part in seen.mail.walk()] == [
        "multipart/alternative",
        "text/plain",
        "text/html",
    ]


@LETTERS
def test_the_same_letter_written_twice_is_the_same_mail(seen: Seen) -> None:
    assert written(seen.sample, seen.language).raw == seen.raw


@pytest.mark.parametrize("name", SAMPLES)
def test_nothing_that_a_stranger_writes_breaks_a_header(name: str) -> None:
    usual = {field for sample in SAMPLES[name] for field in written(sample).mail}

    for sample in SAMPLES[name]:
        letter = hostile(sample.letter)
        frame = replace(FRAME, answered="a@x.example", thread=())
        raw = desk_writer().write(letter, frame).content
        mail = message_from_bytes(raw, policy=policy.SMTP.clone(raise_on_defect=True))

        assert set(mail.keys()) <= usual
        assert "Bcc" not in mail
        assert mail["To"] == letter.to
        assert len(str(mail["Subject"])) <= 260


def hostile(letter: SendLetter) -> SendLetter:
    """The same letter about somebody who means harm."""
    ticket = letter.ticket and replace(
        letter.ticket, subject=HOSTILE, requester=HOSTILE, last_text=HOSTILE
    )
    account = letter.account and replace(letter.account, name=HOSTILE)
    values = {
        name: HOSTILE
        if isinstance(value, str) and name in ("text", "reason", "passage", "by")
        else value
        for name, value in letter.values.items()
    }
    return replace(letter, ticket=ticket, account=account, values=values)


@given(st.lists(st.from_regex(r"[a-z]{1,9}@[a-z]{1,5}\.example", fullmatch=True), max_size=50))
def test_references_keep_the_root_and_the_latest(thread: list[str]) -> None:
    (sample, *_) = CUSTOMER_SAMPLES["answer"]
    frame = Frame(event="e", at=NOON, thread=tuple(thread))

    made = heading(sample.letter, frame, shipped_policy().addresses, KEYS)

    kept = list(dict.fromkeys(thread))
    assert len(made.references) == min(len(kept), REFERENCES_MAX)
    assert list(made.references[:1]) == kept[:1]
    assert list(made.references[1:]) == kept[1:][-(REFERENCES_MAX - 1) :]


def test_customers_and_staff_see_threads_with_different_roots() -> None:
    customers, staff = CUSTOMER_SAMPLES["answer"][0], SAMPLES["engineer_new_ticket"][0]

    roots = {
        heading(one.letter, one.frame, shipped_policy().addresses, KEYS).references[0]
        for one in (customers, staff)
    }

    assert roots == {FRAME.thread[0], staff_root(1001, shipped_policy().addresses)}


def test_a_letter_takes_the_number_that_the_store_drew() -> None:
    (sample, *_) = CUSTOMER_SAMPLES["ticket_received"]
    ticket = sample.letter.ticket
    assert ticket
    letter = replace(sample.letter, ticket=replace(ticket, number=-1), to=ANN)

    raw = desk_writer().write(letter, replace(FRAME, numbers={-1: 2042})).content

    assert b"Subject: [T-2042] Prices without tax" in raw
    assert b"ticket T-2042 of our" in raw
    assert b"T--1" not in raw
