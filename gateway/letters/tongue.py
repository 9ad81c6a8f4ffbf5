"""How a language says what letters say: instants, numbers, money, and the words of its own table.

The words stand in `templates/<language>/_words.toml`; an operator's file of the same name goes
before it, word by word. Dates, numbers and money are those of the CLDR; English dates are those of
policy 4.12. What a language does not know is said in English.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any, Final

from babel import Locale, UnknownLocaleError
from babel.numbers import format_currency, format_decimal
from babel.units import format_unit

from gateway.letters.marks import HOLD, STAY, Figure, Word

ENGLISH: Final = "en"
GROUPED_FROM: Final = 10_000
"""Numbers below are written without a separator, in every language."""
WEEKDAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONTHS: Final = (
    *("Jan", "Feb", "Mar", "Apr", "May", "Jun"),
    *("Jul", "Aug", "Sep", "Oct", "Nov", "Dec"),
)
WORDS: Final = "_words.toml"

Table = Mapping[str, Mapping[str, str]]


class WrongWords(ValueError):
    """A table of words cannot be read; the text names the file and what is wrong."""


def read_words(path: Path) -> Table:
    """The words of one file, by section; nothing where there is no file."""
    if not path.is_file():
        return {}
    try:
        table: dict[str, Any] = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeError, tomllib.TOMLDecodeError) as error:
        raise WrongWords(f"{path}: {error}") from error
    for section, words in table.items():
        if not isinstance(words, dict) or not all(isinstance(one, str) for one in words.values()):
            raise WrongWords(f"{path}: [{section}] is to hold words in quotes")
    return table


def candidates(language: str, default: str = ENGLISH) -> tuple[str, ...]:
    """Languages to look for, the wanted one first: `de-AT`, `de`, the desk's own, English."""
    wanted = [tag for one in (language, default, ENGLISH) for tag in shorter(one)]
    return tuple(dict.fromkeys(wanted))


def shorter(language: str) -> Iterable[str]:
    """A tag and what is left of it without its last parts: `de-AT`, `de`."""
    parts = language.replace("_", "-").split("-") if language else []
    return ("-".join(parts[:count]) for count in range(len(parts), 0, -1))


def own_name(language: str) -> str:
    """A language as it calls itself: `Deutsch`; the tag where nobody knows it."""
    try:
        locale = Locale.parse(language, sep="-")
    except (UnknownLocaleError, ValueError):
        return language
    name = str(locale.get_display_name(locale) or language)
    return name[:1].upper() + name[1:]


@dataclass(frozen=True)
class Tongue:
    """One language."""

    language: str
    tables: tuple[Table, ...]
    """Where its words stand, the first to be asked first."""

    def word(self, section: str, key: str) -> str:
        """A word of the tables; the key where none has it."""
        return next(
            (
                found
                for table in self.tables
                if (found := table.get(section, {}).get(key)) is not None
            ),
            key,
        )

    def says(self, verb: str, *arguments: object) -> Word:
        """What a customer is to write, in this language: `confirm A1`."""
        argument = " ".join(map(str, arguments))
        phrase = self.word("commands", verb)
        text = phrase.replace("{}", argument) if "{}" in phrase else f"{phrase} {argument}".rstrip()
        return Word(text, verb)

    @cached_property
    def _locale(self) -> Locale:
        try:
            return Locale.parse(self.language, sep="-")
        except (UnknownLocaleError, ValueError):
            return Locale(ENGLISH)

    @cached_property
    def _is_english(self) -> bool:
        return self._locale.language == ENGLISH

    def number(self, count: int) -> str:
        """A number; phrases of English letters are literal (policy 4.12), so digits only there."""
        if abs(count) < GROUPED_FROM or self._is_english:
            return str(count)
        return format_decimal(count, locale=self._locale)

    def credits(self, count: int) -> Figure:
        """`10 credits`: the number with the form of the word that goes with it."""
        form = self._locale.plural_form(abs(count))
        words = next((found for table in self.tables if (found := table.get("credits"))), {})
        return Figure(
            f"{self.number(count)}{STAY}{words.get(form) or words.get('other', 'credits')}"
        )

    def duration(self, length: timedelta) -> Figure:
        """`1 hour`, `90 minutes`: hours where they are whole."""
        return Figure(_duration(length, str(self._locale)))

    def money(self, cents: int, currency: str) -> str:
        """`$50`, `12,50 €`."""
        return _money(cents, currency, str(self._locale))

    def instant(self, at: datetime, zone: tzinfo, own: tzinfo | None = None) -> str:
        """`Sat 11 Jul 2026 00:40 (UTC+4), 2026-07-10 20:40 UTC` (policy 4.12).

        Where the reader lives in a zone of their own with another time, that follows.
        """
        local = at.astimezone(zone)
        said = f"{self._local(local)}, {at:%Y-%m-%d}{HOLD}{at:%H:%M}{STAY}UTC"
        if own is None:
            return said
        theirs = at.astimezone(own)
        if theirs.utcoffset() == local.utcoffset():
            return said
        return f"{said}, {self.word('phrases', 'your_time')}: {self._local(theirs)}"

    def day(self, at: datetime, zone: tzinfo) -> str:
        """`11 Jul 2026`, `11.7.2026`: the day of a zone, short enough for a table."""
        local = at.astimezone(zone)
        if self._is_english:
            said = f"{local.day} {MONTHS[local.month - 1]} {local.year}"
        else:
            said = str(self._locale.datetime_skeletons["yMd"].apply(local, self._locale))
        return said.replace(" ", STAY)

    def _local(self, local: datetime) -> str:
        day = self._day(local).replace(" ", STAY)
        return f"{day}{HOLD}{local:%H:%M}{HOLD}({offset(local)})"

    def _day(self, local: datetime) -> str:
        if self._is_english:
            day, month = WEEKDAYS[local.weekday()], MONTHS[local.month - 1]
            return f"{day} {local.day} {month} {local.year}"
        return str(self._locale.datetime_skeletons["yMMMEd"].apply(local, self._locale)) + ","


def offset(local: datetime) -> str:
    """`UTC+4`, `UTC-3:30`."""
    ahead = local.utcoffset() or timedelta(0)
    hours, rest = divmod(abs(ahead) // timedelta(minutes=1), 60)
    sign = "-" if ahead < timedelta(0) else "+"
    return f"UTC{sign}{hours}" + (f":{rest:02}" if rest else "")


@lru_cache(maxsize=1024)
def _duration(length: timedelta, locale: str) -> str:
    minutes = round(length / timedelta(minutes=1))
    count, unit = (minutes, "minute") if minutes % 60 else (minutes // 60, "hour")
    return re.sub(r"\s", STAY, format_unit(count, unit, locale=Locale.parse(locale)))


@lru_cache(maxsize=1024)
def _money(cents: int, currency: str, locale: str) -> str:
    found = Locale.parse(locale)
    whole, rest = divmod(cents, 100)
    pattern = found.currency_formats["standard"].pattern
    if rest:
        return format_currency(cents / 100, currency, pattern, found)
    return format_currency(
        whole, currency, pattern.replace(".00", ""), found, currency_digits=False
    )


def span(duration: timedelta) -> str:
    """`1 h 20 min`, `45 min`, `2 days 3 h`: to the minute, for staff."""
    minutes = max(0, int(duration.total_seconds() // 60))
    days, minutes = divmod(minutes, 24 * 60)
    hours, minutes = divmod(minutes, 60)
    parts = [
        f"{days} day{'' if days == 1 else 's'}" if days else "",
        f"{hours} h" if hours else "",
        f"{minutes} min" if minutes or not (days or hours) else "",
    ]
    return " ".join(part for part in parts if part)
