"""Words, stems, names and languages of mails, and which lines a person spoke."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.desk.words import (
    Background,
    language_of,
    made_names,
    own_text,
    spoken,
    stems,
    words,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("New\n> old\n> older", "New", id="quoted lines"),
        pytest.param("New\n\nOn 3 May, Ann wrote:\n> old", "New", id="attribution"),
        pytest.param(
            "New\n\nOn 3 May 2024 at 12:00\nAnn <ann@example.org> wrote:\n> old",
            "New",
            id="attribution over two lines",
        ),
        pytest.param("New\n\nAm 3.5.2024 schrieb Ann <a@example.org>:", "New", id="german"),
        pytest.param("New\n\n3 мая 2024 г. Анна написала:\n> old", "New", id="russian"),
        pytest.param("New\n----- Original Message -----\nold", "New", id="original message"),
        pytest.param("New\n-- \nAnn, Example Ltd", "New", id="signature"),
        pytest.param("New\nKind regards,\nAnn Lee\nTel. 5", "New", id="farewell"),
        pytest.param("New\n\nAnn Lee\nExample Ltd", "New", id="a name alone"),
        pytest.param("Ann\n\nPlease look again.", "Ann\n\nPlease look again.", id="a name first"),
        pytest.param("New", "New", id="nothing to take away"),
    ],
)
def test_own_text_is_what_the_writer_added(text: str, expected: str) -> None:
    assert own_text(text) == expected


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("2024-05-01 12:00:01 worker stopped", id="log with a date"),
        pytest.param("May  3 12:00:01 host cron: session opened", id="syslog"),
        pytest.param("$ sudo systemctl restart shop", id="prompt"),
        pytest.param("root@host:/etc# ls", id="shell"),
        pytest.param("PHP Fatal error: Uncaught Error", id="error"),
        pytest.param("    at com.example.Shop.run(Shop.java:12)", id="stack trace"),
        pytest.param("for (i = 0; i < 5; i++) {", id="code"),
        pytest.param("name      price    stock", id="table"),
        pytest.param("a=1 b=2 c_d=3", id="settings"),
    ],
)
def test_lines_of_machines_are_not_speech(line: str) -> None:
    assert spoken(f"Please look:\n{line}") == "Please look:"


def test_speech_may_name_files_and_numbers() -> None:
    text = "I changed shop.conf at 12:00, and then (as you said) restarted it twice."

    assert spoken(text) == text


def test_stems_leave_out_small_words_links_and_word_forms() -> None:
    found = stems("The invoices are at https://example.org/shop; which invoice is the newest?")

    assert found == ["invoi", "invoi", "newes"]


def test_signs_without_spaces_between_words_are_taken_in_pairs() -> None:
    assert words("打印机 broken") == ["打印", "印机", "broken"]


@given(st.text(st.characters(max_codepoint=127), max_size=60))
def test_words_of_ascii_are_what_they_are_beside_other_letters(text: str) -> None:
    assert words(f"{text} é") == [*words(text), "é"]


def test_names_of_things_are_files_versions_options_and_calls() -> None:
    found = made_names("Since 4.2.1 /etc/shop.conf and max_rate or readTable() fail, don't they?")

    assert found == {"4.2.1", "etc/shop.conf", "max_rate", "readtable"}


@pytest.mark.parametrize(
    ("text", "language"),
    [
        pytest.param("Where can I find what you have written to me?", "en", id="english"),
        pytest.param("Wo finde ich das, was Sie mir geschrieben haben?", "de", id="german"),
        pytest.param("Где мне найти то, что вы написали для нас?", "ru", id="russian"),
        pytest.param("¿Dónde puedo ver lo que me ha dicho sobre esto?", "es", id="spanish"),
        pytest.param("Où puis-je trouver ce que vous avez dit pour moi ?", "fr", id="french"),
        pytest.param(
            "Onde posso ver isso que você falou para mim ainda não?", "pt", id="portuguese"
        ),
        pytest.param("Dove posso vedere quello che mi avete già scritto?", "it", id="italian"),
        pytest.param("Waar kan ik vinden wat u mij hebt geschreven?", "nl", id="dutch"),
        pytest.param("Gdzie mogę to znaleźć, co pan mi już napisał dla nas?", "pl", id="polish"),
        pytest.param("OK", None, id="too little"),
        pytest.param("", None, id="nothing"),
    ],
)
def test_a_language_is_known_by_its_small_words(text: str, language: str | None) -> None:
    assert language_of(words(text)) == language


def test_a_word_is_as_rare_as_the_mails_that_have_it() -> None:
    # given a desk that has seen printers in every second mail
    desk = Background.of(["The printer burns", "The cellar floods"] * 300)

    # then
    assert desk.rarity("print") < desk.rarity("invoi")
    assert desk.rarity("invoi") == Background().rarity("never")
    assert Background(document_count=5, word_documents={"all": 400}).rarity("all") == 0.0
