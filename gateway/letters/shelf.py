"""Find and compile the letters: one Markdown source each, the operator's own before the built-in.

A source is front matter with the subject, then Markdown with Jinja in it. Templates run in a
sandbox; a variable that nobody set is an error, not an empty place (architecture 9).
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError
from jinja2.meta import find_undeclared_variables
from jinja2.sandbox import ImmutableSandboxedEnvironment

from gateway.letters.text import plain_source, reflow, verbatim

FALLBACK: Final = "en"
_FRONT_MATTER: Final = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
_SUBJECT: Final = re.compile(r"^subject:(.*)$", re.MULTILINE)
RENDERED_MAX: Final = 2_000_000
"""Characters of a rendered letter: a template gone wild stops here, not in memory."""


class BrokenTemplate(Exception):
    """A letter's source cannot be used; the text names the file and what is wrong."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template made of its values."""

    subject: str
    text: str


@dataclass(frozen=True)
class Source:
    """One letter in one language, compiled when first needed."""

    name: str
    language: str
    path: Path
    environment: ImmutableSandboxedEnvironment

    @cached_property
    def _parts(self) -> tuple[str, str]:
        try:
            content = self.path.read_text(encoding="utf-8")
        except (OSError, UnicodeError) as error:
            raise BrokenTemplate(f"{self.path}: {error}") from error
        found = _FRONT_MATTER.match(content)
        if found is None:
            return "", content
        subject = _SUBJECT.search(found[1])
        if subject is None:
            raise BrokenTemplate(f"{self.path}: the front matter names no subject")
        return subject[1].strip().strip("\"'"), content[found.end() :]

    @cached_property
    def subject(self) -> Template:
        """The subject, compiled."""
        return self._compile(self._parts[0])

    @cached_property
    def text(self) -> Template:
        """The plain-text body, compiled."""
        return self._compile(plain_source(self._parts[1]))

    def compile(self) -> None:
        """Raise `BrokenTemplate` where the source cannot be compiled."""
        _ = self.subject, self.text

    def names_used(self) -> set[str]:
        """The names that must be set for this letter. Raises `BrokenTemplate`."""
        self.compile()
        used: set[str] = set()
        for part in self._parts:
            used |= find_undeclared_variables(self.environment.parse(part))
        return used - self.environment.globals.keys()

    def _compile(self, source: str) -> Template:
        try:
            return self.environment.from_string(source)
        except TemplateError as error:
            line = getattr(error, "lineno", None)
            where = f", line {line}" if line else ""
            raise BrokenTemplate(f"{self.path}{where}: {error}") from error

    def render(self, values: Mapping[str, Any]) -> Rendered:
        """Subject and text for some values."""
        try:
            subject = self.subject.render(values)
            text = self.text.render(values)
        except (TemplateError, TypeError, ValueError, ArithmeticError) as error:
            raise BrokenTemplate(f"{self.path}: {error}") from error
        if len(text) > RENDERED_MAX:
            raise BrokenTemplate(f"{self.path}: the letter grew beyond {RENDERED_MAX} characters")
        return Rendered(" ".join(subject.split()), reflow(text))


class Shelf:
    """All letters, by language and name; a folder of the operator's own stands in front."""

    def __init__(self, built_in: Path, own: Path | None = None) -> None:
        self._built_in = built_in
        self._own = own
        self._sources: dict[tuple[str, str, bool], Source | None] = {}
        self._environment = ImmutableSandboxedEnvironment(
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            keep_trailing_newline=True,
            autoescape=False,
        )
        self._environment.globals["quote"] = lambda text: verbatim(text, "> ")
        self._environment.globals["verbatim"] = verbatim

    def own(self, name: str, language: str) -> Source | None:
        """The operator's own source of a letter, in the language or in English."""
        return self._find(name, language, own=True)

    def built_in(self, name: str, language: str) -> Source:
        """The source that came with the program, in the language or in English."""
        found = self._find(name, language, own=False)
        if found is None:
            raise BrokenTemplate(f"there is no letter {name!r} in {self._built_in}")
        return found

    def frame(self, audience: str) -> Source:
        """What stands below every letter to an audience: `customer` or `staff`."""
        if (audience, "_frame", False) not in self._sources:
            path = self._built_in / "_frame" / f"{audience}.md"
            self._sources[audience, "_frame", False] = Source(
                audience, "_frame", path, self._environment
            )
        found = self._sources[audience, "_frame", False]
        if found is None:
            raise BrokenTemplate(f"there is no frame {audience!r} in {self._built_in}")
        return found

    def names(self) -> list[str]:
        """Every built-in letter."""
        return sorted(path.stem for path in (self._built_in / FALLBACK).glob("*.md"))

    def languages(self) -> list[str]:
        """Every language with built-in letters."""
        return sorted(
            path.name
            for path in self._built_in.iterdir()
            if path.is_dir() and not path.name.startswith("_")
        )

    def strangers(self) -> list[Path]:
        """Files of the operator's own folder that stand in front of no letter."""
        if self._own is None:
            return []
        names = set(self.names())
        return sorted(path for path in self._own.glob("*/*.md") if path.stem not in names)

    def _find(self, name: str, language: str, *, own: bool) -> Source | None:
        key = (name, language, own)
        if key not in self._sources:
            self._sources[key] = self._look(name, language, own=own)
        return self._sources[key]

    def _look(self, name: str, language: str, *, own: bool) -> Source | None:
        folder = self._own if own else self._built_in
        if folder is None:
            return None
        for one in dict.fromkeys((language, FALLBACK)):
            path = folder / one / f"{name}.md"
            if one and path.is_file():
                return Source(name, one, path, self._environment)
        return None
