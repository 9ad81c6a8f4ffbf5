"""The likeness model: which replies speak about their ticket, in the words of several languages."""

import pytest

from gateway.desk import likeness
from gateway.desk.likeness import THRESHOLD, Topic, shares_no_words, topic_of, unlikeness
from gateway.desk.meaning import Meaning
from gateway.desk.words import READ_AT_MOST, Background

TICKETS = {
    "en": (
        "VAT tax settings for one country",
        (
            "Hello,\nwe sell to Spain since January and the shop adds the wrong VAT to every order"
            " from there. In the tax settings I see a rate for Germany only. Where can I add a tax"
            " rate for one country, and does the change touch old orders?"
        ),
    ),
    "de": (
        "Mehrwertsteuer für Spanien",
        (
            "Guten Tag,\nseit Januar verkaufen wir nach Spanien, und der Shop berechnet den"
            " falschen Steuersatz. In den Steuereinstellungen sehe ich nur einen Satz für"
            " Deutschland. Wo kann ich einen Steuersatz für ein Land anlegen?"
        ),
    ),
    "ru": (
        "Ставка НДС для Испании",
        (
            "Здравствуйте!\nС января мы продаем в Испанию, и магазин считает неверный НДС во всех"
            " заказах. В настройках налогов вижу только ставку для Германии. Где добавить ставку"
            " для одной страны?"
        ),
    ),
    "es": (
        "IVA para un país",
        (
            "Hola,\ndesde enero vendemos a Alemania y la tienda calcula mal el IVA en todos los"
            " pedidos. En los ajustes de impuestos solo veo un tipo para España. ¿Dónde puedo"
            " añadir un tipo de impuesto para un país?"
        ),
    ),
    "fr": (
        "TVA pour un pays",
        (
            "Bonjour,\ndepuis janvier nous vendons en Espagne et la boutique applique une mauvaise"
            " TVA à toutes les commandes. Dans les réglages des taxes je ne vois qu'un taux pour la"
            " France. Où puis-je ajouter un taux pour un pays ?"
        ),
    ),
}


def vat_topic(language: str = "en") -> Topic:
    subject, opening = TICKETS[language]
    return topic_of(subject, [opening])


@pytest.mark.parametrize(
    ("language", "reply"),
    [
        pytest.param(
            "en",
            "Hello,\n\nI would like to send a newsletter to all customers who bought shoes last"
            " month. How can I export their email addresses to a CSV file, and is there a limit"
            " of rows per export?\n\nThanks in advance",
            id="english",
        ),
        pytest.param(
            "de",
            "Hallo,\n\nwie kann ich das Logo und das Favicon im Theme austauschen, und in welchem"
            " Ordner liegen die Bilddateien? Gibt es eine Vorlage für die Größe?\n\n"
            "Vielen Dank im Voraus",
            id="german",
        ),
        pytest.param(
            "ru",
            "Здравствуйте!\n\nПодскажите, пожалуйста, как поменять логотип и иконку сайта в теме"
            " оформления и в какой папке лежат файлы изображений? Хотелось бы также загрузить"
            " новый баннер на главную страницу.\n\nЗаранее спасибо",
            id="russian",
        ),
        pytest.param(
            "es",
            "Hola,\n\n¿cómo puedo cambiar el logotipo y el favicon del tema, y en qué carpeta se"
            " guardan las imágenes? También quisiera subir un banner nuevo a la portada.\n\n"
            "Gracias de antemano",
            id="spanish",
        ),
        pytest.param(
            "fr",
            "Bonjour,\n\ncomment puis-je changer le logo et l'icône du thème, et dans quel dossier"
            " se trouvent les fichiers des images ? Je voudrais aussi mettre une nouvelle"
            " bannière en page d'accueil.\n\nMerci d'avance",
            id="french",
        ),
    ],
)
def test_a_new_matter_written_like_an_opening_is_off_topic(language: str, reply: str) -> None:
    # given a ticket about taxes
    topic = vat_topic(language)

    # when its customer opens another matter in the same thread
    answer = unlikeness(topic, reply)

    # then the model is sure
    assert answer.score >= THRESHOLD
    assert shares_no_words(topic, reply)


@pytest.mark.parametrize(
    ("language", "reply"),
    [
        pytest.param("en", "Thank you very much, it works!", id="thanks"),
        pytest.param(
            "en",
            "Thanks. Which VAT rate do I choose in the tax settings for the country Spain?",
            id="a follow-up question",
        ),
        pytest.param(
            "en",
            "I did what you wrote, but the order still shows 21 percent. I emptied the cache"
            " twice, logged out and in again, and asked a colleague to look from his computer.",
            id="a result without the ticket's words",
        ),
        pytest.param("de", "Vielen Dank, es funktioniert jetzt!", id="thanks in german"),
        pytest.param(
            "de",
            "Ich habe den Satz angelegt, aber die Bestellung zeigt noch immer 19 Prozent.",
            id="a result in german",
        ),
        pytest.param("ru", "Спасибо, всё работает!", id="thanks in russian"),
        pytest.param(
            "ru",
            "Добавил ставку, но в заказе по-прежнему 19 процентов. Нужно очистить кэш?",
            id="a result in russian",
        ),
        pytest.param("es", "¡Muchas gracias, ya funciona!", id="thanks in spanish"),
        pytest.param("fr", "Merci beaucoup, ça marche !", id="thanks in french"),
    ],
)
def test_a_follow_up_scores_low_whatever_its_language(language: str, reply: str) -> None:
    answer = unlikeness(vat_topic(language), reply)

    assert answer.score < 0.5
    assert not shares_no_words(vat_topic(language), reply)


LOG_LINE = "[2024-05-01 12:00:01] production.ERROR: SQLSTATE[HY000] [2002] Connection refused\n"


@pytest.mark.parametrize(
    "reply",
    [
        pytest.param("", id="nothing"),
        pytest.param(" \n\t\n", id="white space"),
        pytest.param("> Where can I add a rate?\n> Regards\n", id="only a quote"),
        pytest.param("OK", id="one word"),
        pytest.param(LOG_LINE * 40, id="only a log"),
        pytest.param("def add(a, b):\n    return a + b;\nprint(add(1, 2));\n" * 20, id="only code"),
        pytest.param(
            "Here is the log you asked for:\n\nPHP Fatal error: Uncaught Error: Call to undefined"
            " method Checkout::rates() in /srv/shop/checkout.php:42\n"
            "#0 /srv/shop/index.php(12): Checkout->render()\n#1 {main}",
            id="a log that was asked for",
        ),
        pytest.param("x" * 1_000_000, id="a megabyte of one letter"),
        pytest.param("word soup lorem ipsum dolor " * 40_000, id="a megabyte of words"),
        pytest.param("\x00\ud800\u202e😀" * 500, id="no letters"),
        pytest.param(
            "Guten Tag,\nwir möchten das Logo und das Favicon im Theme ändern und suchen den"
            " Ordner mit den Bilddateien. Wie kann ich die Bilder hochladen, und gibt es eine"
            " Vorlage für die Größe?\n\nVielen Dank im Voraus",
            id="another language than the ticket's",
        ),
    ],
)
def test_what_cannot_be_judged_never_crosses_the_threshold(reply: str) -> None:
    answer = unlikeness(vat_topic(), reply)

    assert 0.0 <= answer.score < THRESHOLD


@pytest.mark.parametrize(
    "topic",
    [
        pytest.param(topic_of("", []), id="nothing"),
        pytest.param(topic_of("Help", [""]), id="a subject without words"),
        pytest.param(topic_of("VAT tax settings for one country", []), id="a subject alone"),
    ],
)
def test_a_ticket_that_says_next_to_nothing_splits_no_reply(topic: Topic) -> None:
    reply = (
        "Hello,\n\nI would like to send a newsletter to all customers who bought shoes last month."
        " How can I export their email addresses, and is there a limit of rows?\n\nThanks in"
        " advance"
    )

    assert unlikeness(topic, reply).score < THRESHOLD


def test_the_floor_sees_a_question_that_shares_no_word_with_its_ticket() -> None:
    # given
    topic = topic_of("VAT tax settings for one country", [])

    # then
    assert shares_no_words(
        topic,
        "Another question. How can I change the logo and the favicon of the storefront theme,"
        " and where are these image files stored?",
    )
    assert not shares_no_words(
        topic, "Thanks. Which VAT rate do I choose in the tax settings for the country Spain?"
    )


def test_the_floor_keeps_to_the_number_of_words_and_the_similarity_it_is_given() -> None:
    # given a reply of seven significant words, one of them the ticket's
    topic = topic_of("VAT tax settings for one country", [])
    reply = "Logo, favicon, storefront, theme, image, banner; country."

    # then
    assert not shares_no_words(topic, reply)
    assert shares_no_words(topic, reply, below=0.5)
    assert not shares_no_words(topic, reply, below=0.5, min_words=8)


def test_inflected_words_meet_by_their_first_five_letters() -> None:
    topic = topic_of("Ставка налога", ["Как настроить ставку налога для страны?"])

    assert topic.stems["налог"] == 2
    assert topic.stems["ставк"] == 2


def test_of_a_long_ticket_the_first_and_the_newest_messages_are_read() -> None:
    # given a first letter, many long ones, and a last one
    letters = ["the zeppelin", *["filler words only " * READ_AT_MOST] * 20, "the submarine"]

    # when
    topic = topic_of("Vessels", letters)

    # then
    assert {"zeppe", "subma", "vesse"} <= topic.stems.keys()


def test_the_reasons_name_the_signs_first_and_then_the_rarest_words() -> None:
    # given
    reply = (
        "Hello,\n\nI would like to export the addresses of our newsletter. Where is the button for"
        " that in the customer list?\n\nThanks in advance"
    )

    # when
    answer = unlikeness(vat_topic(), reply)

    # then
    assert answer.words_for[:3] == (
        "thanks in advance",
        "states a problem at once",
        "a bare greeting",
    )
    assert "newsletter" in answer.words_for
    assert answer.words_against == ()


def test_what_the_ticket_already_named_speaks_against_a_split() -> None:
    answer = unlikeness(vat_topic(), "The tax rate for Spain is there now, thank you.")

    assert "spain" in answer.words_against
    assert "spain" not in answer.words_for


def test_words_that_are_common_at_a_desk_weigh_less_there() -> None:
    # given a desk where every mail says Spain, and one that never heard of it
    topic = vat_topic()
    reply = "The colleagues in Spain ask for a manual of the warehouse module and its scanners."
    spanish = Background.of(["Spain again, order 5"] * 500)
    other = Background.of(["The printer is on fire"] * 500)

    # then the shared word counts for less at the first
    assert unlikeness(topic, reply, spanish).score > unlikeness(topic, reply, other).score


def test_the_same_reply_is_always_judged_the_same() -> None:
    reply = "Hi,\nhow can I change the favicon of the storefront, the banner and the logo?"

    assert unlikeness(vat_topic(), reply) == unlikeness(vat_topic(), reply)


def test_a_related_word_is_as_good_as_the_same_where_meanings_are_known() -> None:
    # given a desk where tax and duty point one way and shoes another
    topic = vat_topic()
    meaning = Meaning(vectors={"tax": (1.0, 0.0), "duty": (1.0, 0.1), "shoes": (0.0, 1.0)})
    about_duties = "The duty is wrong since yesterday, whatever the customer puts into the basket."
    about_shoes = "The shoes are wrong since yesterday, whatever the customer puts into the basket."

    # when
    related = unlikeness(topic, about_duties, meaning=meaning)
    strange = unlikeness(topic, about_shoes, meaning=meaning)

    # then
    assert related.score < strange.score
    assert related.features.keys() == likeness.WEIGHTS_WITH_MEANING.keys()


def test_every_feature_has_a_weight_and_every_weight_a_feature() -> None:
    answer = unlikeness(vat_topic(), "Thanks, it works.")

    assert answer.features.keys() == likeness.WEIGHTS.keys()
