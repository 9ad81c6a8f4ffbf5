"""What language somebody reads: what the operator has set, else the one they write in.

Words are asked before Content-Language (RFC 3282): mail programs put the language of their menus
there, whatever the mail is written in. Only what words tell is kept for later letters.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from gateway.desk.model import Account, Contact
from gateway.desk.words import language_of, words
from gateway.mail.address import same_address
from gateway.mail.message import Mail

LOOKED_AT: Final = 4_000
"""Characters of a mail that are enough to tell its language."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LearnLanguage:
    """A contact of whom nobody knew it yet writes in a language: letters answer in it."""

    address: str
    language: str


@dataclass(frozen=True, slots=True)
class Written:
    """The language of the mail at hand."""

    by: str = ""
    """Who wrote it."""
    words: str = ""
    """What its words tell; empty where they are too few."""
    field: str = ""
    """Its Content-Language, where that names exactly one."""


def written_in(mail: Mail, by: str) -> Written:
    """The language of a mail, as far as it can be told."""
    named = mail.language.strip()
    return Written(
        by=by,
        words=language_of(words(mail.new_text[:LOOKED_AT])) or "",
        field=named if _is_tag(named) else "",
    )


def learned(written: Written, contact: Contact | None) -> Iterable[LearnLanguage]:
    """What a mail tells about its writer that was not known."""
    if contact and written.words and not contact.language:
        yield LearnLanguage(address=contact.address, language=written.words)


def reads(to: str, account: Account | None, written: Written) -> str:
    """What language a recipient reads; empty where nobody knows."""
    contacts = account.contacts if account else ()
    known = next((one.language for one in contacts if same_address(one.address, to)), "")
    if known or not same_address(to, written.by):
        return known
    return written.words or written.field


def _is_tag(text: str) -> bool:
    """Whether a text is one language tag such as `de` or `pt-BR` (RFC 5646)."""
    first, *rest = text.split("-")
    return (
        2 <= len(first) <= 3
        and first.isascii()
        and first.isalpha()
        and all(part.isascii() and part.isalnum() and len(part) <= 8 for part in rest)
    )
