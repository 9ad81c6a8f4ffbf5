"""The language of letters: what the operator has set, else what somebody writes in."""

from dataclasses import replace

import pytest
from mail_builders import raw_mail, read

from gateway.desk.language import LearnLanguage, Written, learned, reads, written_in
from gateway.desk.model import Account, Contact

ANN = "ann@customer.example"
BOB = "bob@customer.example"
GERMAN = "Seit heute morgen zeigt der Shop die Preise ohne Steuer, und wir haben nichts geändert."
RUSSIAN = "Здравствуйте, со вчерашнего дня у нас не работает корзина, и мы ничего не меняли."


def account(language: str = "") -> Account:
    people = (
        Contact(address=ANN, account="acme", language=language),
        Contact(address=BOB, account="acme", language="fr"),
    )
    return Account(id="acme", contacts=people)


@pytest.mark.parametrize(
    ("text", "field", "wanted"),
    [
        pytest.param(GERMAN, "", Written(by=ANN, words="de"), id="german"),
        pytest.param(RUSSIAN, "", Written(by=ANN, words="ru"), id="russian"),
        pytest.param("confirm", "", Written(by=ANN), id="too little"),
        pytest.param("confirm", "de-AT", Written(by=ANN, field="de-AT"), id="field"),
        pytest.param(GERMAN, "en-US", Written(by=ANN, words="de", field="en-US"), id="both"),
        pytest.param("x", "de, en", Written(by=ANN), id="two languages"),
        pytest.param("x", "../../etc", Written(by=ANN), id="no language"),
        pytest.param(f"x\n\n> {GERMAN}", "", Written(by=ANN), id="a quotation tells nothing"),
    ],
)
def test_the_language_of_a_mail(text: str, field: str, wanted: Written) -> None:
    assert written_in(read(raw_mail(text, Content_Language=field)), ANN) == wanted


@pytest.mark.parametrize(
    ("to", "known", "written", "wanted"),
    [
        pytest.param(ANN, "ru", Written(by=ANN, words="de"), "ru", id="set by the operator"),
        pytest.param(ANN, "", Written(by=ANN, words="de", field="en-US"), "de", id="words"),
        pytest.param(ANN, "", Written(by=ANN, field="de-AT"), "de-AT", id="field"),
        pytest.param(ANN, "", Written(by=BOB, words="de"), "", id="written by another"),
        pytest.param(BOB, "", Written(by=ANN, words="de"), "fr", id="each their own"),
        pytest.param("x@y.example", "", Written(by="x@y.example", words="de"), "de", id="stranger"),
        pytest.param(ANN, "", Written(), "", id="nobody knows"),
    ],
)
def test_who_reads_what(to: str, known: str, written: Written, wanted: str) -> None:
    assert reads(to, account(known), written) == wanted


def test_only_what_words_tell_is_kept_and_nothing_is_overwritten() -> None:
    contact = account().contacts[0]

    assert list(learned(Written(by=ANN, words="de"), contact)) == [
        LearnLanguage(address=ANN, language="de")
    ]
    assert list(learned(Written(by=ANN, field="de"), contact)) == []
    assert list(learned(Written(by=ANN, words="de"), replace(contact, language="en"))) == []
    assert list(learned(Written(by=ANN, words="de"), None)) == []
