"""A desk that writes letters: the shipped policy, fixed keys, and its mails taken apart."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import cache, cached_property
from pathlib import Path

from lxml import html

from gateway.desk.policy import Policy
from gateway.desk.token import Keys
from gateway.letters.sample import Sample
from gateway.letters.sample_all import CUSTOMER_SAMPLES, SAMPLES
from gateway.letters.shelf import Shelf
from gateway.letters.writer import Writer
from gateway.settings.load import load_settings
from gateway.settings.places import built_in

REFERENCE = re.compile(r"&#([0-9]{3,});")
"""A character reference beyond ASCII."""
ROOT = Path(__file__).parent.parent
KEYS = Keys(b"letters of the tests, always the same")
LANGUAGES = Shelf(built_in("templates")).languages()


@cache
def shipped_policy() -> Policy:
    """The policy as it is shipped."""
    return load_settings(ROOT / "config" / "gateway.toml", {}).policy


@cache
def desk_writer() -> Writer:
    """A writer with the built-in letters; one for all tests, as one serves a whole daemon."""
    return Writer(Shelf(built_in("templates")), shipped_policy(), KEYS)


@dataclass(frozen=True)
class Seen:
    """A written letter, taken apart."""

    sample: Sample
    language: str
    raw: bytes

    @property
    def name(self) -> str:
        """`de/answer-free`."""
        return f"{self.language}/{self.sample.name}"

    @cached_property
    def mail(self) -> EmailMessage:
        """Parsed strictly: a defect raises."""
        return message_from_bytes(self.raw, policy=policy.SMTP.clone(raise_on_defect=True))

    @cached_property
    def text(self) -> str:
        """The plain-text part."""
        return self.part("plain")

    @cached_property
    def html(self) -> str:
        """The HTML part, with letters where references stand for them."""
        return REFERENCE.sub(lambda found: chr(int(found[1])), self.part("html"))

    def part(self, kind: str) -> str:
        found = self.mail.get_body((kind,))
        return found.get_content().replace("\r\n", "\n") if found else ""


def written(sample: Sample, language: str = "en", writer: Writer | None = None) -> Seen:
    """A sample as it would leave."""
    letter = replace(sample.letter, language=language)
    made = (writer or desk_writer()).write(letter, sample.frame)
    assert not made.broken
    return Seen(sample, language, made.content)


@cache
def letters_in(language: str) -> tuple[Seen, ...]:
    """All letters that are written in a language, made once for all tests."""
    of = SAMPLES if language == "en" else CUSTOMER_SAMPLES
    return tuple(written(sample, language) for samples in of.values() for sample in samples)


def every_letter() -> Iterator[Seen]:
    """All letters in all languages."""
    for language in LANGUAGES:
        yield from letters_in(language)


def body_of(page: str) -> html.HtmlElement:
    """What a page says, without its frame."""
    (found,) = html.document_fromstring(page).find_class("text")
    return found


def shown(element: html.HtmlElement) -> str:
    """The words of an element as a reader sees them."""
    return " ".join(element.text_content().split())


def plain_html(element: html.HtmlElement) -> str:
    """The HTML of an element without styles, for reading."""
    for one in element.iter():
        for name in ("style", "class", "dir"):
            one.attrib.pop(name, None)
    made = html.tostring(element, encoding="unicode", with_tail=False)
    inner = re.sub(r"^<td[^>]*>|</td>$", "", made.strip())
    return re.sub(r"mailto:[^?\"]*\+[^?\"]*", "mailto:…", inner).strip()
