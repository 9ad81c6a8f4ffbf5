"""Find and compile the letters: one Markdown source each, the operator's own before the built-in.

A source is front matter with the subject, then Markdown with Jinja in it. Templates run in a
sandbox; a variable that nobody set is an error, not an empty place (architecture 9). Subject, body
and frame are one compiled template: a letter is rendered once, for its text and its HTML part.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import Any, Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateRuntimeError, pass_context
from jinja2.runtime import Context
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.utils import missing

from gateway.letters.marks import Figure, Marks, Said, mark_pattern, new_nonce
from gateway.letters.tongue import (
    ENGLISH,
    WORDS,
    Table,
    Tongue,
    WrongWords,
    candidates,
    read_words,
)
from gateway.letters.values import Values

FRAME: Final = "_frame"
RENDERED_MAX: Final = 200_000
"""Characters of a rendered template, values left out: one gone wild stops here, not in memory."""
VALUES_MAX: Final = 5_000
REPEATED_MAX: Final = 100_000
EXPONENT_MAX: Final = 64
_FRONT_MATTER: Final = re.compile(r"---\n(.*?)\n---\n", re.DOTALL)
_PARTS: Final = ("body", "subject", "line", "foot")
_SUBJECT: Final = re.compile(r"^subject:(.*)$", re.MULTILINE)
_STATEMENTS: Final = re.compile(
    r"^(?P<all>(?:[ \t]*\{%(?:(?!%\}).)*%\})+)[ \t]*\n", re.MULTILINE | re.DOTALL
)
_RENDERING_ERRORS: Final = (
    *(TemplateError, ArithmeticError, AttributeError, LookupError),
    *(RecursionError, TypeError, ValueError),
)
"""What a template can do wrong with its values."""
_VALUES: Final = "_values"
_MARK: Final = "_mark"
_SEPARATOR: Final = "\x1d"
_BETWEEN: Final = f"\n{_SEPARATOR}\n"
"""Stands between body, subject, line and foot of a letter, on a line of its own."""


class BrokenTemplate(Exception):
    """A letter's source cannot be used; the text names the file and what is wrong."""

    def __init__(self, reason: str, source: str = "", state: str = "") -> None:
        super().__init__(reason)
        self.source = source
        """The file, as the operator finds it in the folder: `en/answer.md`."""
        self.state = state
        """A digest of what the file held: a corrected file that is wrong again is news."""


@dataclass(frozen=True, slots=True)
class Rendered:
    """What a template made of its values: Markdown with marks, and the values."""

    body: str
    subject: str
    line: str
    foot: str
    marks: Marks

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What letters of the same form have in common."""
        return (self.body, self.subject, self.line, self.foot)


class _Context(Context):
    """Asks the letter for a value when its template names it."""

    def resolve_or_missing(self, key: str) -> Any:
        """A value by its name: the template's own, what all letters have, then the letter's."""
        for known in (self.vars, self.parent, self.parent[_VALUES]):
            if key in known:
                return known[key]
        return missing


class _Sandbox(ImmutableSandboxedEnvironment):
    """The sandbox, which also refuses to multiply text beyond reason."""

    context_class = _Context
    intercepted_binops = frozenset(("*", "**"))

    def getattr(self, obj: Any, attribute: str) -> Any:
        """What a template names by a dot; most of it lies in plain dicts of ours."""
        if type(obj) is dict and attribute in obj:
            return obj[attribute]
        return super().getattr(obj, attribute)

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:
        """Multiply, within bounds."""
        sizes = [len(one) for one in (left, right) if isinstance(one, str | list | tuple)]
        times = [one for one in (left, right) if isinstance(one, int)]
        if operator == "*" and sizes and times and sizes[0] * times[0] > REPEATED_MAX:
            raise TemplateRuntimeError("a text is repeated too often")
        if operator == "**" and isinstance(right, int) and abs(right) > EXPONENT_MAX:
            raise TemplateRuntimeError("a power is too large")
        return super().call_binop(context, operator, left, right)


@dataclass(frozen=True)
class Source:
    """One letter in one language, with its frame, compiled when first needed."""

    name: str
    language: str
    path: Path
    is_own: bool
    """It, or a part of its frame, is the operator's own."""
    frame: tuple[Path, ...]
    """What says which ticket a letter is about, and what stands below it; none for the operator."""
    environment: _Sandbox

    @cached_property
    def _contents(self) -> tuple[str, ...]:
        """What the files hold: the letter, then its frame."""
        return tuple(map(_read, (self.path, *self.frame)))

    @cached_property
    def subject(self) -> str:
        """The subject of the front matter, as it is written."""
        found = _FRONT_MATTER.match(self._contents[0])
        if found is None:
            reason = "it does not begin with front matter: ---, a line subject: …, and --- again"
            raise _broken(self.path, self._contents[0], reason)
        line = _SUBJECT.search(found[1])
        subject = line[1].strip().strip("\"'") if line else ""
        if not subject:
            raise _broken(self.path, self._contents[0], "the front matter names no subject")
        return subject

    @cached_property
    def _parts(self) -> tuple[str, ...]:
        """Body, subject, line and foot, as Jinja is given them."""
        body = self._contents[0]
        if found := _FRONT_MATTER.match(body):
            # Empty lines stand for the front matter, so that errors name the line of the file.
            body = "\n" * found[0].count("\n") + body[found.end() :]
        line, foot = self._contents[1:] or ("", "")
        return (_joined(body), self.subject, _joined(line), _joined(foot))

    @cached_property
    def template(self) -> Template:
        """All parts as one compiled template. Raises `BrokenTemplate` where one is wrong."""
        for path, content in zip((self.path, *self.frame), self._contents, strict=True):
            part = self._parts[0] if path is self.path else _joined(content)
            try:
                self.environment.parse(part)
            except TemplateError as error:
                reason = _said(error, getattr(error, "lineno", None))
                raise _broken(path, content, reason) from error
        try:
            return self.environment.from_string(_BETWEEN.join(self._parts))
        except TemplateError as error:
            raise self._at(error, getattr(error, "lineno", None)) from error

    def render(self, values: Values, marks: Marks) -> Rendered:
        """The letter for some values. Raises `BrokenTemplate`."""
        template = self.template
        try:
            context = template.new_context({_VALUES: values, _MARK: marks.take})
            text = _drawn(template.root_render_func(context), marks)
            body, subject, line, foot = text.split(_BETWEEN)
        except _RENDERING_ERRORS as error:
            raise self._at(error, _line_of(error.__traceback__, template)) from error
        return Rendered(body, subject, line, foot, marks)

    def _at(self, error: Exception, line: int | None) -> BrokenTemplate:
        """The error, in the file whose part has this line of the template."""
        letter = (self.path, self._contents[0])
        files = (letter, letter, *zip(self.frame, self._contents[1:], strict=True))
        for (path, content), part, name in zip(files, self._parts, _PARTS, strict=False):
            lines = part.count("\n") + 1
            if line is None or line <= lines:
                where = line if name != "subject" else None
                return _broken(path, content, _said(error, where))
            line -= lines + _BETWEEN.count("\n") - 1
        return _broken(self.path, self._contents[0], _said(error, None))


def _read(path: Path) -> str:
    try:
        # Editors on Windows begin a file with a mark of its encoding.
        return path.read_text(encoding="utf-8-sig").replace(_SEPARATOR, "")
    except (OSError, UnicodeError) as error:
        raise _broken(path, "", str(error)) from error


def _broken(path: Path, content: str, reason: str) -> BrokenTemplate:
    label = f"{path.parent.name}/{path.name}"
    state = sha256(f"{label}\n{content}".encode()).hexdigest()[:12]
    return BrokenTemplate(f"{label}: {reason}", label, state)


def _drawn(pieces: Iterator[str], marks: Marks) -> str:
    """The pieces of a template as they come, up to the limit."""
    made: list[str] = []
    size = 0
    for piece in pieces:
        size += len(piece)
        made.append(piece)
        if size > RENDERED_MAX or len(marks.values) > VALUES_MAX:
            raise TemplateRuntimeError(f"the letter grows beyond {RENDERED_MAX} characters")
    return "".join(made)


def _joined(source: str) -> str:
    """Lines of statements alone leave no line behind; line numbers stay what they are."""
    return _STATEMENTS.sub(lambda found: found["all"].lstrip() + "{#\n#}", source)


def _said(error: Exception, line: int | None) -> str:
    where = f"line {line}: " if line else ""
    return f"{where}{error}"


def _line_of(trace: TracebackType | None, template: Template) -> int | None:
    """The line of the source in which rendering failed."""
    line = None
    while trace is not None:
        if trace.tb_frame.f_globals.get("__jinja_template__") is template:
            line = template.get_corresponding_lineno(trace.tb_lineno)
        trace = trace.tb_next
    return line


class Shelf:
    """All letters, by language and name; a folder of the operator's own stands in front."""

    def __init__(self, built_in: Path, own: Path | None = None) -> None:
        self.built_in_folder = built_in
        self.own_folder = own
        self.nonce = new_nonce()
        self.mark = mark_pattern(self.nonce)
        self._sources: dict[tuple[str, str, str, str], tuple[Source, ...]] = {}
        self._tongues: dict[str, Tongue] = {}
        self._environment = _Sandbox(
            undefined=StrictUndefined,
            keep_trailing_newline=True,
            autoescape=False,
            finalize=_marked,
        )
        self._environment.globals["quote"] = lambda text: Said(str(text), quoted=True)
        self._environment.globals["verbatim"] = lambda text: Said(str(text))
        self._environment.filters["signed"] = lambda count: Figure(f"{count:+d}")
        self._environment.filters["figure"] = lambda count: Figure(str(count))

    def sources(
        self, name: str, language: str, *, default: str = ENGLISH, audience: str = ""
    ) -> tuple[Source, ...]:
        """The sources of a letter, to be tried in order; the last one came with the program.

        For every language in turn the operator's own stands before the built-in one: who reads
        German gets the built-in German letter rather than the operator's English one.
        """
        key = (name, language, default, audience)
        if key not in self._sources:
            self._sources[key] = tuple(self._look(name, candidates(language, default), audience))
        found = self._sources[key]
        if not found:
            raise BrokenTemplate(f"there is no letter {name!r} in {self.built_in_folder}")
        return found

    def _look(self, name: str, languages: tuple[str, ...], audience: str) -> Iterator[Source]:
        """The operator's own source, if that comes first, and the first built-in one."""
        own_frame = self._frame(audience, self.own_folder)
        frame = self._frame(audience, self.built_in_folder)
        tried_own = False
        for language in languages:
            own = self.own_folder / language / f"{name}.md" if self.own_folder else None
            if own and own.is_file() and not tried_own:
                tried_own = True
                yield self._source(own, language, own_frame, is_own=True)
            path = self.built_in_folder / language / f"{name}.md"
            if path.is_file():
                if own_frame != frame:
                    yield self._source(path, language, own_frame, is_own=True)
                yield self._source(path, language, frame, is_own=False)
                return

    def _source(
        self, path: Path, language: str, frame: tuple[Path, ...], *, is_own: bool
    ) -> Source:
        return Source(path.stem, language, path, is_own, frame, self._environment)

    def _frame(self, audience: str, folder: Path | None) -> tuple[Path, ...]:
        """The parts of the frame; those that a folder lacks are the built-in ones."""
        if not audience:
            return ()
        built_in = self.built_in_folder / FRAME
        own = folder / FRAME if folder else built_in
        names = ("line.md", f"{audience}.md")
        return tuple(own / one if (own / one).is_file() else built_in / one for one in names)

    def tongue(self, language: str) -> Tongue:
        """How a language says things; words that cannot be read are left out."""
        if language not in self._tongues:
            self._tongues[language] = Tongue(language, tuple(self._tables(language)))
        return self._tongues[language]

    def _tables(self, language: str) -> Iterator[Table]:
        for one in candidates(language):
            for folder in (self.own_folder, self.built_in_folder):
                if folder is not None:
                    try:
                        yield read_words(folder / one / WORDS)
                    except WrongWords:
                        continue

    def names(self) -> list[str]:
        """Every built-in letter."""
        return sorted(path.stem for path in (self.built_in_folder / ENGLISH).glob("*.md"))

    def languages(self) -> list[str]:
        """Every language with built-in letters, English first."""
        folders = (path for path in self.built_in_folder.iterdir() if path.is_dir())
        names = {path.name for path in folders if not path.name.startswith("_")}
        return [ENGLISH, *sorted(names - {ENGLISH})]


@pass_context
def _marked(context: Context, value: object) -> object:
    """What the templates print: a mark, and the value set aside."""
    return context.parent[_MARK](value)
