"""Languages of letters: complete, with the numbers and dates of their own, in the reader's zone."""

import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from letter_desk import KEYS, LANGUAGES, body_of, shipped_policy, shown, written

from gateway.desk.commands import read_commands
from gateway.letters.marks import HOLD, spaced
from gateway.letters.sample_all import CUSTOMER_SAMPLES, STAFF_SAMPLES
from gateway.letters.shelf import Shelf
from gateway.letters.tongue import WORDS, candidates, read_words
from gateway.letters.writer import Writer
from gateway.settings.places import built_in
from gateway.worktime.zone import zone

SHELF = Shelf(built_in("templates"))
AT = datetime(2026, 7, 10, 20, 40, tzinfo=UTC)
OTHERS = [language for language in LANGUAGES if language != "en"]


def test_the_languages_that_are_built_in() -> None:
    assert LANGUAGES == ["en", "de", "es", "fr", "ru"]


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_letter_to_customers_and_no_other(language: str) -> None:
    found = {path.stem for path in (built_in("templates") / language).glob("*.md")}

    assert found == set(CUSTOMER_SAMPLES)


@pytest.mark.parametrize("language", OTHERS)
def test_a_language_has_every_word(language: str) -> None:
    own, english = (read_words(built_in("templates") / one / WORDS) for one in (language, "en"))

    for section in ("departments", "statuses", "categories", "entries", "hotrush_time", "phrases"):
        assert own[section].keys() == english[section].keys()
    assert "other" in own["credits"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_language_says_to_write_is_that_command(language: str) -> None:
    for verb, arguments in (("confirm", ("A1",)), ("decline", ()), ("buy", (10,)), ("close", ())):
        word = SHELF.tongue(language).says(verb, *arguments)

        assert [one.verb for one in read_commands(word.text).commands] == [verb]


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        pytest.param("en", "Sat 11 Jul 2026 00:40 (UTC+4), 2026-07-10 20:40 UTC", id="en"),
        pytest.param("de", "Sa., 11. Juli 2026, 00:40 (UTC+4), 2026-07-10 20:40 UTC", id="de"),
        pytest.param("es", "sáb, 11 jul 2026, 00:40 (UTC+4), 2026-07-10 20:40 UTC", id="es"),
        pytest.param("fr", "sam. 11 juil. 2026, 00:40 (UTC+4), 2026-07-10 20:40 UTC", id="fr"),
        pytest.param("ru", "сб, 11 июл. 2026 г., 00:40 (UTC+4), 2026-07-10 20:40 UTC", id="ru"),
    ],
)
def test_an_instant_is_said_as_the_language_says_dates(language: str, wanted: str) -> None:
    made = SHELF.tongue(language).instant(AT, shipped_policy().calendar.zone)

    assert plain(made) == wanted


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_part_of_an_instant_is_wider_than_a_cell_of_a_phone(language: str) -> None:
    made = SHELF.tongue(language).instant(AT, shipped_policy().calendar.zone)

    assert max(map(len, made.replace(HOLD, " ").split(" "))) <= 20


def plain(text: str) -> str:
    """A text with ordinary spaces."""
    return spaced(text).replace("\u202f", " ").replace("\xa0", " ")


@pytest.mark.parametrize(
    ("language", "count", "wanted"),
    [
        pytest.param("en", 1, "1 credits", id="literal (policy 4.12)"),
        pytest.param("de", 1, "1 Credit", id="de one"),
        pytest.param("de", 12000, "12.000 Credits", id="de many"),
        pytest.param("ru", 1, "1 кредит", id="ru one"),
        pytest.param("ru", 22, "22 кредита", id="ru few"),
        pytest.param("ru", 25, "25 кредитов", id="ru many"),
        pytest.param("fr", 0, "0 crédit", id="fr none"),
        pytest.param("es", -7, "-7 créditos", id="es negative"),
    ],
)
def test_a_number_takes_the_form_that_goes_with_it(language: str, count: int, wanted: str) -> None:
    assert plain(str(SHELF.tongue(language).credits(count))) == wanted


@pytest.mark.parametrize(
    ("language", "wanted"),
    [
        pytest.param("en", ("$50", "$12.50"), id="en"),
        pytest.param("de", ("50 $", "12,50 $"), id="de"),
        pytest.param("ru", ("50 $", "12,50 $"), id="ru"),
    ],
)
def test_money_is_said_as_the_language_says_it(language: str, wanted: tuple[str, str]) -> None:
    tongue = SHELF.tongue(language)

    assert (plain(tongue.money(5000, "USD")), plain(tongue.money(1250, "USD"))) == wanted


def test_a_reader_in_another_zone_sees_their_own_time_as_well() -> None:
    tongue = SHELF.tongue("en")
    desk = shipped_policy().calendar.zone

    assert "your time: Fri 10 Jul 2026 16:40 (UTC-4)" in plain(
        tongue.instant(AT, desk, zone("America/New_York"))
    )
    assert "your time" not in tongue.instant(AT, desk, zone("Asia/Dubai"))


@pytest.mark.parametrize(
    ("wanted", "default", "tried"),
    [
        pytest.param("de-AT", "en", ("de-AT", "de", "en"), id="region"),
        pytest.param("", "fr", ("fr", "en"), id="nobody knows"),
        pytest.param("pl", "de", ("pl", "de", "en"), id="not built in"),
        pytest.param("pt_BR", "en", ("pt-BR", "pt", "en"), id="underscore"),
    ],
)
def test_languages_are_tried_from_the_nearest(
    wanted: str, default: str, tried: tuple[str, ...]
) -> None:
    assert candidates(wanted, default) == tried


@pytest.mark.parametrize(
    ("wanted", "sent"),
    [
        pytest.param("de-AT", "de", id="region"),
        pytest.param("pl", "en", id="not built in"),
        pytest.param("../../etc", "en", id="no language"),
    ],
)
def test_a_letter_goes_in_the_nearest_language(wanted: str, sent: str) -> None:
    seen = written(CUSTOMER_SAMPLES["answer"][0], wanted)

    assert seen.mail["Content-Language"] == sent


def test_staff_letters_stay_english() -> None:
    assert written(STAFF_SAMPLES["engineer_new_ticket"][0], "de").mail["Content-Language"] == "en"


def test_a_contact_reads_due_times_in_their_own_zone() -> None:
    sample = CUSTOMER_SAMPLES["ticket_received"][0]
    account = sample.letter.account
    assert account
    contacts = tuple(replace(one, zone="Asia/Tokyo") for one in account.contacts)
    letter = replace(sample.letter, account=replace(account, contacts=contacts))

    text = written(replace(sample, letter=letter)).text

    assert "your time: Thu 9 Jul 2026 17:00 (UTC+9)" in " ".join(text.split())


def test_words_of_the_operator_go_before_ours(tmp_path: Path) -> None:
    (tmp_path / "de").mkdir()
    (tmp_path / "de" / WORDS).write_text('[departments]\nsupport = "Hotline"\n', encoding="utf-8")

    tongue = Shelf(built_in("templates"), tmp_path).tongue("de")

    assert tongue.word("departments", "support") == "Hotline"
    assert tongue.word("departments", "sales") == "Vertrieb"


@pytest.mark.parametrize(
    ("language", "minutes", "wanted"),
    [
        pytest.param("en", 60, "1 hour", id="en"),
        pytest.param("de", 240, "4 Stunden", id="de"),
        pytest.param("ru", 300, "5 часов", id="ru"),
        pytest.param("fr", 90, "90 minutes", id="fr"),
        pytest.param("es", 30, "30 minutos", id="es"),
    ],
)
def test_a_promise_is_said_in_hours_or_minutes(language: str, minutes: int, wanted: str) -> None:
    said = SHELF.tongue(language).duration(timedelta(minutes=minutes))

    assert spaced(str(said)) == wanted


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("name", "told"),
    [
        pytest.param("ticket_received", ("3", "4"), id="the receipt"),
        pytest.param("command_help", ("3", "4"), id="the help"),
        pytest.param("ticket_received_hotrush", ("3", "15"), id="the urgent receipt"),
    ],
)
def test_an_urgent_answer_is_offered_as_the_policy_has_it(
    language: str, name: str, told: tuple[str, ...]
) -> None:
    shipped = shipped_policy()
    level = replace(shipped.sla.hotrush, target=timedelta(hours=4))
    rules = replace(
        shipped,
        hotrush=replace(shipped.hotrush, multiplier=3),
        sla=replace(shipped.sla, hotrush=level),
    )

    sample = CUSTOMER_SAMPLES[name][0]
    ours = written(sample, language).text
    theirs = written(sample, language, Writer(SHELF, rules, KEYS)).text

    changed = " ".join(set(theirs.split("\n")) - set(ours.split("\n")))
    assert set(told) <= set(re.findall("[0-9]+", changed))


WORKING = {
    "en": "working",
    "de": "Arbeitszeit",
    "ru": "рабоч",
    "es": "laboral",
    "fr": "travail",
}


@pytest.mark.parametrize("name", ["ticket_received", "command_help"])
@pytest.mark.parametrize(("language", "word"), WORKING.items())
def test_an_urgent_offer_speaks_of_working_time_only_where_that_is_counted(
    language: str, word: str, name: str
) -> None:
    shipped = shipped_policy()
    level = replace(shipped.sla.hotrush, mode="working")
    rules = replace(shipped, sla=replace(shipped.sla, hotrush=level))

    sample = CUSTOMER_SAMPLES[name][0]
    elapsed = written(sample, language)
    working = written(sample, language, Writer(SHELF, rules, KEYS))

    assert word not in elapsed.text + shown(body_of(elapsed.html))
    assert word in working.text
    assert word in shown(body_of(working.html))


@pytest.mark.parametrize(
    ("language", "day"),
    [
        pytest.param("en", "11 Jul 2026", id="english"),
        pytest.param("de", "11.7.2026", id="german"),
        pytest.param("fr", "11/07/2026", id="french"),
        pytest.param("es", "11/7/2026", id="spanish"),
        pytest.param("ru", "11.07.2026", id="russian"),
    ],
)
def test_an_entry_has_the_desks_day_as_the_language_says_it(language: str, day: str) -> None:
    sample, *_ = CUSTOMER_SAMPLES["balance_statement"]
    booked = {"at": AT, "kind": "charge", "amount": -10, "held": 0, "ticket": 1001}
    values = {**sample.letter.values, "entries": ({**booked, "ref": "", "reason": ""},)}
    sample = replace(sample, letter=replace(sample.letter, values=values))

    lines = written(sample, language).text.splitlines()

    assert [line for line in lines if line.strip().startswith(day)]
