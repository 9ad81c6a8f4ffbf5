"""Signs by which a reader tells a follow-up from a new matter."""

import pytest

from gateway.desk.signs import Sign, signs_of


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        pytest.param("Thanks, Ann. That helped.", Sign.THANKS_FIRST, id="thanks"),
        pytest.param("Hallo Ann,\nvielen Dank dafür.", Sign.THANKS_FIRST, id="thanks in german"),
        pytest.param("Dear all,\nthe printer burns.", Sign.GREETS_ALL, id="greets all"),
        pytest.param("Sehr geehrte Damen und Herren,\nes brennt.", Sign.GREETS_ALL, id="formal"),
        pytest.param("Hello.\nThe printer burns.", Sign.GREETS_NOBODY, id="bare greeting"),
        pytest.param("Hi I want to print", Sign.GREETS_NOBODY, id="greeting without a comma"),
        pytest.param("It is as you said.", Sign.REFERS_BACK, id="refers back"),
        pytest.param("На ваш вопрос: версия пятая.", Sign.REFERS_BACK, id="refers in russian"),
        pytest.param("Hi Ann,\nyes, it does.", Sign.STARTS_AS_ANSWER, id="answer after greeting"),
        pytest.param("No. Still the same.", Sign.STARTS_AS_ANSWER, id="answer"),
        pytest.param("Oui, c'est ça.", Sign.STARTS_AS_ANSWER, id="answer in french"),
        pytest.param("Hi,\nI'm trying to print.", Sign.STATES_A_PROBLEM, id="problem"),
        pytest.param("I’m trying to print.", Sign.STATES_A_PROBLEM, id="curly apostrophe"),
        pytest.param("Wie kann ich drucken?", Sign.STATES_A_PROBLEM, id="problem in german"),
        pytest.param("How? Thanks in advance", Sign.THANKS_IN_ADVANCE, id="in advance"),
        pytest.param("Как? Заранее спасибо", Sign.THANKS_IN_ADVANCE, id="in advance in russian"),
    ],
)
def test_a_sign_is_seen(text: str, sign: Sign) -> None:
    assert sign in signs_of(text)


@pytest.mark.parametrize(
    ("text", "sign"),
    [
        pytest.param("How do I print? Thanks in advance.", Sign.THANKS_FIRST, id="in advance"),
        pytest.param("Заранее спасибо!", Sign.THANKS_FIRST, id="in advance in russian"),
        pytest.param("Hi Ann,\nit burns.", Sign.GREETS_NOBODY, id="a person by name"),
        pytest.param("Здравствуйте, Анна!\nГорит.", Sign.GREETS_NOBODY, id="a name after a comma"),
        pytest.param("Ann,\nit burns.", Sign.GREETS_NOBODY, id="a name alone"),
        pytest.param("Thanks a lot.", Sign.GREETS_NOBODY, id="thanks are no greeting"),
        pytest.param("Noon is too late.", Sign.STARTS_AS_ANSWER, id="part of a word"),
    ],
)
def test_a_sign_is_not_seen(text: str, sign: Sign) -> None:
    assert sign not in signs_of(text)


def test_nothing_shows_no_sign() -> None:
    assert signs_of("") == frozenset()
