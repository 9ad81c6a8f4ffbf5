"""What letters look like in a browser: narrow and wide, light and dark, readable and whole."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from conftest import missing
from letter_desk import KEYS, LANGUAGES, Seen, letters_in, shipped_policy, written
from servers.chromium import Browser, browser

from gateway.desk.policy import Policy
from gateway.letters.colour import READABLE
from gateway.letters.sample_all import CUSTOMER_SAMPLES, SAMPLES
from gateway.letters.shelf import Shelf
from gateway.letters.writer import Writer
from gateway.settings.places import built_in

WIDTHS = (320, 600, 1200)
SCHEMES = ("light", "dark")
PICTURED = ("answer", "assessment_request-urgent", "balance_statement", "command_help")
MEASURE = """
(() => {
  const parse = (text) => {
    const found = text.match(/[\\d.]+/g).map(Number);
    return {rgb: found.slice(0, 3), alpha: found.length > 3 ? found[3] : 1};
  };
  const light = (rgb) => {
    const [r, g, b] = rgb.map((one) => one / 255)
      .map((one) => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = parse(getComputedStyle(one).backgroundColor);
      if (colour.alpha > 0) return colour.rgb;
    }
    return [255, 255, 255];
  };
  const faint = [], outside = [];
  let lowest = 99, words = 0;
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const text = walker.currentNode.data.trim(), element = walker.currentNode.parentElement;
    if (!text) continue;
    words += 1;
    const ink = light(parse(getComputedStyle(element).color).rgb), paper = light(ground(element));
    const ratio = (Math.max(ink, paper) + 0.05) / (Math.min(ink, paper) + 0.05);
    lowest = Math.min(lowest, ratio);
    if (ratio < 4.5) faint.push(text.slice(0, 40) + " " + ratio.toFixed(2));
    const range = document.createRange();
    range.selectNodeContents(walker.currentNode);
    const box = range.getBoundingClientRect();
    if (box.right > innerWidth + 0.5 || box.left < -0.5) outside.push(text.slice(0, 40));
  }
  return {
    faint, outside, words, lowest,
    wide: document.documentElement.scrollWidth - innerWidth,
    dark: matchMedia("(prefers-color-scheme: dark)").matches,
    ground: light(ground(document.querySelector(".text"))),
  };
})()
"""
LONG = "Wirtschaftsprüfungsgesellschaftsangelegenheiten" * 6


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    try:
        with browser(tmp_path_factory.mktemp("chromium")) as running:
            yield running
    except FileNotFoundError as error:
        missing(str(error))


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


def assert_reads_well(page: Browser, seen: Seen, width: int, scheme: str) -> None:
    page.show(seen.html, width=width, scheme=scheme)
    found = page.run(MEASURE)
    where = f"{seen.name} at {width} px, {scheme}"

    assert found["dark"] is (scheme == "dark"), where
    assert (found["ground"] < 0.1) is (scheme == "dark"), where
    assert found["words"] >= 2, where
    assert found["faint"] == [], where
    assert found["lowest"] >= READABLE, where
    assert found["outside"] == [], where
    assert found["wide"] <= 0, where


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_letter_reads_well(page: Browser, width: int, scheme: str) -> None:
    for seen in one_of_each("en"):
        assert_reads_well(page, seen, width, scheme)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_fits_the_narrowest_screen(page: Browser, language: str) -> None:
    for seen in one_of_each(language):
        assert_reads_well(page, seen, WIDTHS[0], "dark")


@pytest.mark.parametrize("colour", ["#ffffff", "#000000", "#ffd400", "#777777", "#b06400"])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_any_colour_of_a_desk_reads_well(page: Browser, colour: str, scheme: str) -> None:
    for name in ("assessment_request", "price_list"):
        seen = written(CUSTOMER_SAMPLES[name][0], writer=in_colour(colour))

        assert_reads_well(page, seen, 600, scheme)


@pytest.mark.parametrize("text", [LONG, "<b>no</b> " * 9, "דני כהן מתל אביב", "x\u202eevil"])
def test_names_and_texts_of_any_kind_fit(page: Browser, text: str) -> None:
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

        assert_reads_well(page, written(replace(sample, letter=changed)), 320, "light")


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_pictures_can_be_taken(page: Browser, width: int, scheme: str, tmp_path: Path) -> None:
    for seen in letters_in("en"):
        if seen.sample.name not in PICTURED:
            continue
        page.show(seen.html, width=width, scheme=scheme)
        picture = page.picture()
        (tmp_path / f"{seen.sample.name}-{width}-{scheme}.png").write_bytes(picture)

        assert picture.startswith(b"\x89PNG")
        assert len(picture) > 5_000
