"""What letters look like in a browser: narrow and wide, light and dark, readable and whole."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from letter_desk import KEYS, LANGUAGES, Seen, letters_in, shipped_policy, written
from looks import SCHEMES, WIDTHS, assert_looks_well
from servers.chromium import Browser

from gateway.desk.policy import Policy
from gateway.letters.sample_all import CUSTOMER_SAMPLES, SAMPLES
from gateway.letters.shelf import Shelf
from gateway.letters.writer import Writer
from gateway.settings.places import built_in

PICTURED = ("answer", "assessment_request-urgent", "balance_statement", "command_help")
pytestmark = pytest.mark.slow
LONG = "Wirtschaftsprüfungsgesellschaftsangelegenheiten" * 6


def in_colour(colour: str) -> Writer:
    """A desk with a colour of its own."""
    policy: Policy = shipped_policy()
    operator = replace(policy.operator, colour=colour)
    return Writer(Shelf(built_in("templates")), replace(policy, operator=operator), KEYS)


def one_of_each(language: str) -> Iterator[Seen]:
    """Every letter once: branches differ in words, not in form."""
    of = SAMPLES if language == "en" else CUSTOMER_SAMPLES
    longest = (max(samples, key=lambda one: len(str(one))) for samples in of.values())
    yield from (written(sample, language) for sample in longest)


def assert_reads_well(chromium: Browser, seen: Seen, width: int, scheme: str) -> None:
    chromium.show(seen.html, width=width, scheme=scheme)

    assert_looks_well(chromium, scheme, f"{seen.name} at {width} px, {scheme}")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_letter_reads_well(chromium: Browser, width: int, scheme: str) -> None:
    for seen in one_of_each("en"):
        assert_reads_well(chromium, seen, width, scheme)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_fits_the_narrowest_screen(chromium: Browser, language: str) -> None:
    for seen in one_of_each(language):
        assert_reads_well(chromium, seen, WIDTHS[0], "dark")


@pytest.mark.parametrize("colour", ["#ffffff", "#000000", "#ffd400", "#777777", "#b06400"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_any_colour_of_a_desk_reads_well(chromium: Browser, colour: str, scheme: str) -> None:
    for name in ("assessment_request", "price_list"):
        seen = written(CUSTOMER_SAMPLES[name][0], writer=in_colour(colour))

        assert_reads_well(chromium, seen, 600, scheme)


@pytest.mark.parametrize("text", [LONG, "<b>no</b> " * 9, "דני כהן מתל אביב", "x\u202eevil"])
def test_names_and_texts_of_any_kind_fit(chromium: Browser, text: str) -> None:
    for name in ("ticket_received", "answer", "ticket_split", "balance_statement"):
        sample = CUSTOMER_SAMPLES[name][0]
        letter, ticket, account = sample.letter, sample.letter.ticket, sample.letter.account
        values = {
            key: text if key in ("text", "passage", "reason") else value
            for key, value in letter.values.items()
        }
        changed = replace(
            letter,
            ticket=ticket and replace(ticket, subject=text),
            account=account and replace(account, name=text),
            values=values,
        )

        assert_reads_well(chromium, written(replace(sample, letter=changed)), 320, "light")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_pictures_can_be_taken(chromium: Browser, width: int, scheme: str, tmp_path: Path) -> None:
    for seen in letters_in("en"):
        if seen.sample.name not in PICTURED:
            continue
        chromium.show(seen.html, width=width, scheme=scheme)
        picture = chromium.picture()
        (tmp_path / f"{seen.sample.name}-{width}-{scheme}.png").write_bytes(picture)

        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 5_000
