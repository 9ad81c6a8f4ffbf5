"""The HTML part of letters: says what the text says, commands only what its buttons show."""

import re
from html.parser import HTMLParser
from urllib.parse import parse_qs, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st
from letter_desk import KEYS, LANGUAGES, Seen, body_of, every_letter, letters_in, shipped_policy
from letter_desk import shown as words_of
from lxml import html
from mail_builders import raw_mail, read

from gateway.desk.commands import read_commands
from gateway.desk.control import read_control
from gateway.desk.decision import Audience
from gateway.letters.colour import READABLE, contrast, readable_on, text_on
from gateway.letters.page import said
from gateway.mail.quote import command_text

SIZE_MAX = 60_000
VOID = {"br", "meta"}
CHILDREN = {
    "html": {"head", "body"},
    "head": {"meta", "title", "style"},
    "body": {"p", "table"},
    "table": {"tbody"},
    "tbody": {"tr"},
    "tr": {"td", "th"},
    "ul": {"li"},
    "ol": {"li"},
}
"""What these elements may hold; everything else holds text, or blocks where it is a block."""
PHRASING = {"a", "bdi", "br", "code", "em", "strong"}
BLOCKS = {"blockquote", "div", "li", "td"}
ATTRIBUTES = {"style", "class", "dir", "href", "role", "scope", "colspan", "lang", "charset"} | {
    "name",
    "content",
}
COLOURS = st.from_regex(r"#[0-9a-f]{6}", fullmatch=True)


class Strict(HTMLParser):
    """Reads a page and keeps whatever the HTML standard does not allow in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.wrong: list[str] = []
        self.feed(page)
        self.close()
        self.wrong += [f"<{tag}> is never closed" for tag in self.open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        parent = self.open[-1] if self.open else ""
        allowed = CHILDREN.get(parent)
        if allowed is None:
            blocks = {"p", "div", "table", "ul", "ol", "blockquote"} if parent in BLOCKS else set()
            allowed = PHRASING | blocks if parent else {"html"}
        if tag not in allowed:
            self.wrong.append(f"<{tag}> in <{parent}>")
        names = [name for name, _ in attrs]
        if len(set(names)) < len(names) or not set(names) <= ATTRIBUTES:
            self.wrong.append(f"<{tag}> has {names}")
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.wrong.append(f"</{tag}> closes another element")

    def handle_data(self, data: str) -> None:
        if data.strip() and self.open[-1:] and self.open[-1] in CHILDREN:
            self.wrong.append(f"text in <{self.open[-1]}>: {data!r}")


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_is_valid_and_small(language: str) -> None:
    for seen in letters_in(language):
        page = seen.html

        assert page.startswith("<!DOCTYPE html>"), seen.name
        assert Strict(page).wrong == [], seen.name
        assert len(page.encode()) < SIZE_MAX, seen.name
        assert html.document_fromstring(page).get("lang") == language, seen.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_nothing_is_fetched_from_anywhere(language: str) -> None:
    for seen in letters_in(language):
        page = html.document_fromstring(seen.html)
        links = [link for _, _, link, _ in page.iterlinks()]

        assert all(link.startswith("mailto:") for link in links), seen.name
        assert "url(" not in seen.html, seen.name
        assert "@import" not in seen.html, seen.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_is_styled_without_its_sheet_and_has_a_dark_one(language: str) -> None:
    for seen in letters_in(language):
        (sheet,) = re.findall(r"<style>(.*?)</style>", seen.html, re.DOTALL)

        assert sheet.lstrip().startswith("@media (prefers-color-scheme: dark)"), seen.name
        assert 'name="color-scheme" content="light dark"' in seen.html, seen.name
        assert body_of(seen.html).get("style"), seen.name


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_page_say_the_same(language: str) -> None:
    for seen in letters_in(language):
        body = body_of(seen.html)
        for acts in body.find_class("acts"):
            acts.drop_tree()
        for cell in body.iter("br", "p", "td", "th", "li", "div"):
            cell.tail = f" {cell.tail or ''}"
        text = " ".join(seen.text.replace("\n> ", "\n").replace("\n>\n", "\n\n").split())

        # Lists have no marks in a page, and its words stand between those of the frame.
        assert without_marks(words_of(body)) in without_marks(text), seen.name


def without_marks(text: str) -> str:
    """A text without the signs that only one of both parts has, and without spaces."""
    return re.sub(r"(?<!\S)[->](?=\s)|\s|<[^>]*>|[\u2066-\u2069]", "", text)


def numbers_in(text: str) -> set[str]:
    """Every number of a text."""
    return set(re.findall(r"\d[\d.,\u202f\u00a0]*\d|\d", text.replace("\xa0", " ")))


@pytest.mark.parametrize("language", LANGUAGES)
def test_text_and_page_agree_on_every_number(language: str) -> None:
    for seen in letters_in(language):
        body = body_of(seen.html)
        for acts in body.find_class("acts"):
            acts.drop_tree()
        for cell in body.iter("td", "th", "br"):
            cell.tail = f" {cell.tail or ''}"
        said_there = numbers_in(words_of(body))

        assert said_there <= numbers_in(seen.text), seen.name


def buttons_of(seen: Seen) -> list[str]:
    """The links of a letter's buttons."""
    return [str(one.get("href")) for one in html.document_fromstring(seen.html).find_class("act")]


def test_a_button_prepares_exactly_the_command_that_it_shows() -> None:
    seen_buttons = 0
    for seen in every_letter():
        for href in buttons_of(seen):
            link = urlsplit(href)
            query = parse_qs(link.query, strict_parsing=True)
            (body,), (subject,) = query["body"], query["subject"]
            mail = read(raw_mail(body.replace("\r\n", "\n"), Subject=subject))

            assert unquote(link.path) == parse_address(seen), seen.name
            if seen.sample.letter.audience is Audience.STAFF:
                control = read_control(mail.new_text)
                assert [one.line for one in control.commands] == [body], seen.name
                assert (control.refusals, control.text) == ((), ""), seen.name
            else:
                block = read_commands(command_text(mail.new_text))
                assert len(block.commands) == 1, seen.name
                assert block.rest == "", seen.name
            seen_buttons += 1
    assert seen_buttons > 50


def parse_address(seen: Seen) -> str:
    """Where replies to a letter go."""
    reply_to = str(seen.mail["Reply-To"])
    assert KEYS.read(shipped_policy().addresses.token_of(reply_to) or "")
    return reply_to


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_a_customer_is_told_to_write_is_understood(language: str) -> None:
    told = 0
    for seen in letters_in(language):
        if seen.sample.letter.audience is not Audience.CUSTOMER:
            continue
        for word in body_of(seen.html).find_class("say"):
            text = words_of(word)
            assert len(read_commands(text).commands) == 1, (seen.name, text)
            told += 1
    assert told > 20


@given(st.text(max_size=80))
def test_nothing_that_somebody_wrote_becomes_html(text: str) -> None:
    made = html.fragment_fromstring(said(text), create_parent="div")

    assert {element.tag for element in made.iter()} <= {"div", "br"}


@given(COLOURS)
def test_every_colour_of_a_desk_can_be_read(accent: str) -> None:
    assert contrast(text_on(accent), accent) >= READABLE
    for ground in ("#ffffff", "#1f262e"):
        assert contrast(readable_on(ground, accent), ground) >= READABLE
