"""Letters keep what a reader of each language expects, and offer what can be done."""

import re
from urllib.parse import quote

import pytest
from letter_desk import LANGUAGES, ROOT, Seen, letters_in

from gateway.letters.shelf import Shelf
from gateway.settings.places import built_in

CAPITAL = {"Sie", "Ihr", "Ihre", "Ihnen", "HotRush"}
"""Words that are written so within a sentence as well."""
GREETING = re.compile(r"^Guten Tag,\n\n(\S+)", re.MULTILINE)


@pytest.mark.parametrize("seen", [pytest.param(one, id=one.name) for one in letters_in("de")])
def test_after_the_comma_of_the_greeting_the_sentence_goes_on(seen: Seen) -> None:
    for word in GREETING.findall(seen.text):
        is_name = word in CAPITAL or not word[0].isalpha() or re.search("[0-9@-]", word)
        assert is_name or word[0].islower()


@pytest.mark.parametrize(
    ("language", "article"),
    [pytest.param("fr", "le", id="french"), pytest.param("es", "el|del", id="spanish")],
)
def test_a_date_within_a_sentence_has_its_article(language: str, article: str) -> None:
    for path in (ROOT / "templates" / language).glob("*.md"):
        for before in re.findall(r"(\S+) \{\{ t\(", path.read_text(encoding="utf-8")):
            assert re.fullmatch(article, before), path.name


def test_a_french_ticket_is_feminine() -> None:
    texts = (" ".join(one.text.split()) for one in letters_in("fr"))

    assert not [text for text in texts if re.search(r"T-\d+ est (gratuit|clos|ouvert)\b", text)]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_open_ticket_is_to_be_reopened(language: str) -> None:
    reopen = quote(Shelf(built_in("templates")).tongue(language).says("reopen").text, safe="")
    offered = {one.sample.name for one in letters_in(language) if f"body={reopen}" in one.html}

    says_so = ("assessment_declined", "assessment_expired", "ticket_closed")
    assert {one for one in offered if not one.startswith(says_so)} == {
        "assessment_not_open-declined"
    }
