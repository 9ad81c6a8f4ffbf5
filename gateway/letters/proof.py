"""Reads proof: tries letters with every example, and says what is wrong before a customer does.

What keeps a letter from being made is an error; what is made but not as it should be is a warning.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from email import message_from_bytes, policy
from html import unescape
from typing import Final, Literal
from urllib.parse import parse_qs

from gateway.desk.commands import read_commands
from gateway.desk.decision import Audience
from gateway.desk.policy import Policy
from gateway.desk.token import Keys
from gateway.letters.sample import Sample
from gateway.letters.sample_all import CUSTOMER_SAMPLES, SAMPLES
from gateway.letters.shelf import FRAME, Shelf
from gateway.letters.tongue import ENGLISH, WORDS, WrongWords, read_words
from gateway.letters.writer import Writer

SUBJECT_LONG: Final = 78
"""Characters of a subject that lists of mails still show (RFC 5322 section 2.1.1)."""
FRAME_FILES: Final = frozenset({"line.md", "customer.md", "staff.md"})
ARGUMENTS: Final = {"buy": "10", "agree": "10", "new_ticket": "Logo"}
"""What the words of a command are tried with."""
_PREPARED: Final = re.compile(r'href="mailto:[^"?]*\?([^"]*)"')
"""What a button prepares: the fields of its link (RFC 6068)."""


@dataclass(frozen=True, slots=True, order=True)
class Finding:
    """One thing that is wrong."""

    level: Literal["error", "warning"]
    file: str
    """As it stands in the folder: `en/answer.md`."""
    text: str


@dataclass(frozen=True, slots=True)
class Proof:
    """An example as it would leave."""

    sample: Sample
    language: str
    subject: str
    text: str
    html: str
    broken: str


def _as_it_is(sample: Sample) -> Sample:
    return sample


def proofs(
    shelf: Shelf,
    rules: Policy,
    keys: Keys,
    language: str,
    names: Iterable[str] | None = None,
    *,
    completed: Callable[[Sample], Sample] = _as_it_is,
) -> Iterator[Proof]:
    """All letters of a language, or some: staff read English.

    `completed` puts in what of a letter is made elsewhere.
    """
    writer = Writer(shelf, rules, keys)
    of = SAMPLES if language == ENGLISH else CUSTOMER_SAMPLES
    for name in of if names is None else names:
        for sample in map(completed, of.get(name, ())):
            written = writer.write(replace(sample.letter, language=language), sample.frame)
            mail = message_from_bytes(written.content, policy=policy.SMTP)
            text, html = mail.get_body(("plain",)), mail.get_body(("html",))
            yield Proof(
                sample,
                language,
                str(mail["Subject"]),
                text.get_content() if text else "",
                html.get_content() if html else "",
                written.broken,
            )


def languages(shelf: Shelf) -> list[str]:
    """The built-in languages, then those that only the operator has."""
    built_in = shelf.languages()
    folder = shelf.own_folder
    own = {path.name for path in folder.glob("*") if path.is_dir()} if folder else set()
    return [*built_in, *sorted(own - {FRAME} - set(built_in))]


def findings(shelf: Shelf, rules: Policy, keys: Keys) -> list[Finding]:
    """Everything that is wrong, errors first, each once.

    Tried is what the operator has a hand in; what came with the program is tried by its tests.
    """
    found: set[Finding] = set()
    for language in languages(shelf):
        wrong_words = list(_of_words(shelf, language))
        found.update(wrong_words)
        found.update(_of_files(shelf, language))
        for proof in proofs(shelf, rules, keys, language, _touched(shelf, language)):
            found.update(_of_proof(proof))
            # Words that are wrong are told of once, not with every button that has them.
            found.update(() if wrong_words else _of_buttons(proof))
    return sorted(found)


def _touched(shelf: Shelf, language: str) -> Iterable[str]:
    """The letters that are the operator's own, in whole or in part."""
    own = shelf.own_folder
    if own is None:
        return ()
    if (own / FRAME).is_dir() or any((own / one / WORDS).is_file() for one in (language, ENGLISH)):
        return shelf.names()
    return sorted(path.stem for path in (own / language).glob("*.md"))


def _of_proof(proof: Proof) -> Iterator[Finding]:
    file = f"{proof.language}/{proof.sample.letter.letter}.md"
    if proof.broken:
        source, _, text = proof.broken.partition(": ")
        yield Finding("error", source, text)
    if not proof.html:
        yield Finding("warning", file, "is too large for an HTML part and goes as text alone")
    if len(proof.subject) > SUBJECT_LONG:
        yield Finding("warning", file, f"the subject has {len(proof.subject)} characters")


def _of_buttons(proof: Proof) -> Iterator[Finding]:
    """Prepared replies of customers that the desk would not understand."""
    if proof.sample.letter.audience is not Audience.CUSTOMER:
        return
    file = f"{proof.language}/{proof.sample.letter.letter}.md"
    for query in _PREPARED.findall(proof.html):
        for prepared in parse_qs(unescape(query)).get("body", ()):
            if not read_commands(prepared).commands:
                text = f"a button prepares {prepared!r}, which the desk does not understand"
                yield Finding("error", file, text)


def _of_files(shelf: Shelf, language: str) -> Iterator[Finding]:
    """Own files that no letter uses, and letters that a language of the operator's lacks."""
    if shelf.own_folder is None:
        return
    folder = shelf.own_folder / language
    names = {path.stem for path in folder.glob("*.md")}
    for name in names - set(shelf.names()):
        yield Finding("error", f"{language}/{name}.md", "there is no letter of this name")
    if language not in shelf.languages():
        missing = sorted(set(CUSTOMER_SAMPLES) - names)
        if missing:
            text = f"goes in another language, for want of: {', '.join(missing)}"
            yield Finding("warning", language, text)
    for path in (shelf.own_folder / FRAME).glob("*"):
        if path.name not in FRAME_FILES:
            yield Finding("error", f"{FRAME}/{path.name}", "there is no part of this name")


def _of_words(shelf: Shelf, language: str) -> Iterator[Finding]:
    """Tables that cannot be read, and commands that the desk would not understand."""
    for folder in filter(None, (shelf.own_folder, shelf.built_in_folder)):
        try:
            table = read_words(folder / language / WORDS)
        except WrongWords as error:
            yield Finding("error", f"{language}/{WORDS}", str(error))
            continue
        for verb, phrase in table.get("commands", {}).items():
            argument = ARGUMENTS.get(verb, "")
            line = phrase.replace("{}", argument) if "{}" in phrase else f"{phrase} {argument}"
            if [one.verb for one in read_commands(line).commands] != [verb]:
                text = f"{phrase!r} is not understood as the command {verb!r}"
                yield Finding("error", f"{language}/{WORDS}", text)
