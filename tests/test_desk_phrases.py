"""Commands of customers in the languages of our letters: whole lines count, prose never does."""

import pytest

from gateway.desk.commands import Verb, read_commands


@pytest.mark.parametrize(
    ("line", "verb"),
    [
        pytest.param("HotRush aus", Verb.HOTRUSH_OFF, id="de off"),
        pytest.param("Kein Hot Rush, bitte.", Verb.HOTRUSH_OFF, id="de no"),
        pytest.param("Retirar HotRush, gracias", Verb.HOTRUSH_OFF, id="es off"),
        pytest.param("Annuler HotRush", Verb.HOTRUSH_OFF, id="fr off"),
        pytest.param("Отменить HotRush!", Verb.HOTRUSH_OFF, id="ru off"),
        pytest.param("Bitte das Ticket schließen", Verb.CLOSE, id="de close"),
        pytest.param("Cerrar el caso", Verb.CLOSE, id="es close"),
        pytest.param("Fermez la demande, s’il vous plaît", Verb.CLOSE, id="fr close"),
        pytest.param("Пожалуйста, закройте обращение", Verb.CLOSE, id="ru close"),
        pytest.param("Ticket wieder öffnen", Verb.REOPEN, id="de reopen"),
        pytest.param("Reabrir el caso", Verb.REOPEN, id="es reopen"),
        pytest.param("Rouvrir la demande", Verb.REOPEN, id="fr reopen"),
        pytest.param("Открыть обращение снова", Verb.REOPEN, id="ru reopen"),
        pytest.param("Mein Guthaben?", Verb.BALANCE, id="de balance"),
        pytest.param("Мой баланс", Verb.BALANCE, id="ru balance"),
    ],
)
def test_a_whole_line_is_a_command(line: str, verb: Verb) -> None:
    (command,) = read_commands(line).commands

    assert command.verb is verb


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Ich kaufe 50 Credits", id="de"),
        pytest.param("Bitte bestellen 50 Credits.", id="de order"),
        pytest.param("Comprar 50 créditos", id="es"),
        pytest.param("J'achète 50 crédits", id="fr"),
        pytest.param("Купить 50 кредитов", id="ru"),
    ],
)
def test_credits_are_ordered_in_the_language_of_the_letters(line: str) -> None:
    (command,) = read_commands(line).commands

    assert (command.verb, command.credits) == (Verb.BUY, 50)


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("Ich kaufe 50 Artikel", id="goods"),
        pytest.param("Заказать 50", id="no noun"),
        pytest.param("Guthaben", id="a heading"),
        pytest.param("Saldo", id="a heading in Spanish"),
        pytest.param("Schließen", id="a button"),
        pytest.param("Закрыть", id="a button in Russian"),
        pytest.param("Das Ticket schließen Sie bitte erst morgen", id="prose"),
        pytest.param("Без HotRush было бы дешевле", id="prose in Russian"),
        pytest.param("Fermer la demande ou pas ?", id="a question"),
        pytest.param("Nein, das Ticket nicht schließen", id="not"),
    ],
)
def test_prose_is_no_command(line: str) -> None:
    assert read_commands(line).commands == ()
