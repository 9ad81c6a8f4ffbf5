"""What is never split, what moves and what stays: whatever the text, the same each time."""

import random
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from mail_builders import RECEIVED_AT, raw_mail, read

from gateway.desk.clues import find_clues
from gateway.desk.control import read_control
from gateway.desk.decide import decide
from gateway.desk.decision import Decision, FileMessage, OpenTicket
from gateway.desk.facts import Facts
from gateway.desk.model import Account, Contact, Status, Ticket, Waiting
from gateway.desk.policy import Policy, SplitRules
from gateway.desk.split import command_for
from gateway.desk.split_changes import RecordSplit
from gateway.desk.token import Keys
from gateway.desk.weighing import paragraphs
from gateway.settings.load import load_settings

KEYS = Keys(b"k" * 32)
POLICY: Policy = load_settings(Path(__file__).parent.parent / "config/gateway.toml", {}).policy
INBOX = next(iter(POLICY.addresses.inboxes))
ANN = Contact(address="ann@customer.example", account="acme")
TOPIC = (
    "VAT tax settings for one country",
    "The shop adds the wrong VAT rate to every order from Spain. Where are the tax settings?",
)
TICKET = Ticket(
    number=1001,
    account="acme",
    requester=ANN.address,
    department="support",
    subject=TOPIC[0],
    received_at=RECEIVED_AT - timedelta(days=1),
    status=Status.IN_PROGRESS,
    waiting_on=Waiting.CUSTOMER,
    answered_at=RECEIVED_AT - timedelta(hours=5),
)
LOGO = (
    "How can I change the logo and the favicon of the storefront theme, and where are these image"
    " files stored?"
)
MARKED = f"Another question. {LOGO}"
ON_TOPIC = "Which VAT rate do I choose in the tax settings for the country Spain?"

PIECES = (
    LOGO,
    MARKED,
    ON_TOPIC,
    "By the way, the newsletter goes to the wrong customers since the last update of the shop.",
    "Andere Frage: wie ändere ich das Logo und das Favicon im Theme, und wo liegen die Bilder?",
    "Ещё один вопрос: как поменять логотип и иконку сайта в теме оформления магазина?",
    "ERROR 2026-07-08 12:00:01 init.php:88 Call to undefined function render()",
    "for (int i = 0; i < n; i++) { total += rate[i] * order[i]; }",
    "Thank you very much.",
    "ok",
    "1. The first item\n2. Another problem: the second item is blurred on every product page",
    "另一个问题 我怎样更换商店的标志",
)


def policy(**split: object) -> Policy:
    return replace(POLICY, split=SplitRules(**split))  # type: ignore[arg-type]  # by name


def decided(
    body: str,
    *,
    rules: Policy = POLICY,
    ticket: Ticket | None = TICKET,
    **fields: str,
) -> Decision:
    """What the desk makes of a mail of Ann's, in her ticket unless there is none."""
    reply = {"Subject": "Re: VAT tax settings for one country"} if ticket else {}
    answered = {"In-Reply-To": "<answer@desk.example>"} if ticket else {}
    given_fields = {"From": ANN.address, "To": INBOX, **reply, **answered, **fields}
    mail = read(raw_mail(body, **given_fields))
    facts = Facts(
        clues=find_clues(mail, rules, KEYS),
        contact=ANN,
        account=Account(id="acme", contacts=(ANN,)),
        ticket=ticket,
        ticket_account=Account(id="acme", contacts=(ANN,)),
        found_by="reference" if ticket else "",
        topic=TOPIC if ticket else (),
    )
    return decide(mail, facts, rules, RECEIVED_AT)


def is_split(decision: Decision) -> bool:
    return any(isinstance(one, RecordSplit) and one.into is not None for one in decision.changes)


def filed(decision: Decision) -> list[str]:
    """The paragraphs of every message, ticket by ticket."""
    messages = [one for one in decision.changes if isinstance(one, FileMessage)]
    return [part for one in messages for part in paragraphs(one.text)]


bodies = st.lists(st.sampled_from(PIECES), min_size=1, max_size=6).map("\n\n".join)
modes = st.sampled_from(["auto", "suggest", "off"])


@given(
    bodies,
    modes,
    st.booleans(),
    st.sampled_from(["", "confirm", "new ticket: Logo", "same topic"]),
    st.sampled_from([Status.IN_PROGRESS, Status.ASSIGNED, Status.CLOSED]),
)
def test_every_paragraph_is_in_exactly_one_ticket(
    body: str, mode: str, replaced: bool, command: str, status: Status
) -> None:
    # given a reply of any paragraphs, perhaps with a command, perhaps with a subject of its own
    closed_at = RECEIVED_AT - timedelta(days=1) if status is Status.CLOSED else None
    ticket = replace(TICKET, status=status, closed_at=closed_at)
    subject = {"Subject": "Blurred product photos"} if replaced else {}
    whole = f"{command}\n\n{body}" if command else body

    # when
    decision = decided(whole, rules=policy(mode=mode), ticket=ticket, **subject)

    # then nothing is lost and nothing is told twice
    mail = read(raw_mail(whole, From=ANN.address, To=INBOX))
    block = find_clues(mail, POLICY, KEYS).commands
    text = block.rest if block.commands else mail.new_text
    assume(text)
    # A command that may not be carried out stays text.
    assert sorted(part for part in filed(decision) if part != command) == sorted(paragraphs(text))


@given(bodies, st.integers(), st.booleans())
def test_the_same_mail_always_decides_the_same_way(body: str, seed: int, asked: bool) -> None:
    ticket = replace(TICKET, asked_last=asked)
    first = decided(body, ticket=ticket)
    random.Random(seed).random()

    assert decided(body, ticket=ticket) == first


@given(bodies, st.integers(1, 2))
def test_an_answer_to_our_question_is_split_only_where_somebody_asks(
    body: str, auto_score: int
) -> None:
    ticket = replace(TICKET, asked_last=True)
    rules = policy(auto_score=auto_score)

    assert not is_split(decided(body, rules=rules, ticket=ticket))
    assert is_split(decided(f"new ticket: Logo\n\n{body}", rules=rules, ticket=ticket))


@given(st.sampled_from(PIECES), st.integers(30, 60), st.integers(1, 2))
def test_a_mail_of_fewer_words_than_asked_is_never_split(
    piece: str, min_words: int, auto_score: int
) -> None:
    assert not is_split(decided(piece, rules=policy(min_words=min_words, auto_score=auto_score)))


@given(bodies)
def test_a_first_mail_and_an_automatic_one_are_never_split(body: str) -> None:
    assert not is_split(decided(body, ticket=None))
    automatic = decided(body, Auto_Submitted="auto-replied", Subject="Blurred product photos")
    assert not any(isinstance(one, OpenTicket) for one in automatic.changes)


@pytest.mark.parametrize("status", [Status.IN_PROGRESS, Status.CLOSED])
@pytest.mark.parametrize("text", ["Thank you very much!", "Danke.", "Спасибо!", "Merci beaucoup"])
def test_bare_thanks_are_never_split(text: str, status: Status) -> None:
    closed_at = RECEIVED_AT if status is Status.CLOSED else None
    ticket = replace(TICKET, status=status, closed_at=closed_at)

    assert not is_split(decided(text, ticket=ticket, Subject="Something quite different"))


@pytest.mark.parametrize(
    "body",
    [
        pytest.param("", id="empty"),
        pytest.param("> Another question. " + LOGO, id="only a quote"),
        pytest.param("\n \n\t\n", id="only white space"),
        pytest.param("word " * 200_000, id="a megabyte of words"),
        pytest.param("x" * 1_000_000, id="a megabyte without a space"),
        pytest.param("- item\n" * 150_000, id="a megabyte of items"),
        pytest.param("é\n\n" * 200_000, id="a megabyte of paragraphs"),
        pytest.param(
            "Where is the VAT rate? Где ставка НДС для страны? Wo ist der Steuersatz für ein Land,"
            " und warum ist er falsch? ¿Dónde está el tipo de impuesto para un país?",
            id="mixed languages",
        ),
        pytest.param(
            "def total(orders):\n    return sum(one.price * one.rate for one in orders)\n" * 30,
            id="only code",
        ),
        pytest.param(
            "2026-07-08 12:00:01 ERROR worker.pool: connection reset by peer\n" * 60, id="only logs"
        ),
        pytest.param("\x00\ufffd\u202e\u200b" * 500, id="no letters"),
    ],
)
def test_what_cannot_be_judged_is_not_split(body: str) -> None:
    decision = decided(body)

    assert not is_split(decision)
    assert decision.ticket == 1001


@pytest.mark.parametrize(
    ("mode", "splits", "suggests"),
    [
        pytest.param("auto", True, False, id="auto"),
        pytest.param("suggest", False, True, id="suggest"),
        pytest.param("off", False, False, id="off"),
    ],
)
def test_the_mode_says_what_two_signs_do(
    mode: Literal["auto", "suggest", "off"], splits: bool, suggests: bool
) -> None:
    decision = decided(f"{ON_TOPIC}\n\n{MARKED}", rules=policy(mode=mode))

    (letter,) = [
        one
        for one in decision.letters
        if one.letter == "engineer_customer_reply" and one.ticket and one.ticket.number == 1001
    ]
    assert is_split(decision) is splits
    assert bool(letter.values["suggestion"]) is suggests
    assert letter.values["text"] == (ON_TOPIC if splits else f"{ON_TOPIC}\n\n{MARKED}")


def test_a_reply_in_another_language_is_not_called_unlike() -> None:
    german = (
        "Andere Frage: Wo kann ich den Steuersatz für ein Land anlegen, und warum ist er bei den"
        " Bestellungen aus Spanien noch falsch?"
    )
    english = (TOPIC[0], "The shop adds the wrong rate to all of the orders that we have in it.")

    mail = read(raw_mail(german, From=ANN.address, To=INBOX, Subject=f"Re: {TOPIC[0]}"))
    facts = Facts(
        clues=find_clues(mail, POLICY, KEYS),
        contact=ANN,
        account=Account(id="acme", contacts=(ANN,)),
        ticket=TICKET,
        ticket_account=Account(id="acme", contacts=(ANN,)),
        found_by="reference",
        topic=english,
    )
    assert not is_split(decide(mail, facts, POLICY, RECEIVED_AT))


@given(st.integers(1, 99), st.text(max_size=60))
def test_the_suggested_command_does_what_it_says(paragraph: int, subject: str) -> None:
    block = read_control(command_for(paragraph, subject))

    assert not block.refusals
    assert not block.text
    (command,) = block.commands
    assert (command.verb, command.number, command.what) == ("split", paragraph, "")


@pytest.mark.parametrize(
    ("subject", "command"),
    [
        pytest.param("Logo and favicon", "#split 2 Logo and favicon", id="words"),
        pytest.param("to support our logo", "#split 2", id="would name a department"),
        pytest.param("3 logos", "#split 2 3 logos", id="a number"),
        pytest.param("", "#split 2", id="nothing"),
    ],
)
def test_the_suggested_command_is_short_where_a_subject_would_be_misread(
    subject: str, command: str
) -> None:
    assert command_for(2, subject) == command
