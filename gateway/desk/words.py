"""The words of a mail: what a person wrote of their own, in stems, and how rare each stem is."""

import math
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, Self

from gateway.desk.common_words import OFTEN, OFTEN_OF, STOP_WORDS, STOP_WORDS_OF

READ_AT_MOST: Final = 6_000
"""Characters of one text that are read. A topic shows itself early, and a log has no end."""

STEM_LETTERS: Final = 5
"""Policy 4.7: the first five letters stand for a word, so inflected forms meet."""

_SHORTEST_WORD: Final = 3
_LONGEST_WORD: Final = 40  # Longer runs of letters are encoded data.
_RAREST: Final = math.log(OFTEN_OF)  # Past one mail in 300 no desk tells rare from rarer.

_WORD = re.compile(r"[^\W\d_]+")
_NO_LETTERS = {code: " " for code in range(128) if not chr(code).isalpha()}
_LINK = re.compile(
    r"(?:https?|ftp)://[^\s<>\"]+|www\.[^\s<>\"]+|(?<![\w.+-])[\w.+-]++@[\w.-]+\.\w+"
)
# Chinese and Japanese put no space between words: two neighbouring signs stand for one word.
_UNSPACED = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]+")

_NAME_OF_A_THING = re.compile(r"[A-Za-z0-9_][\w./:\\+-]*\w")
_LOOKS_MADE = re.compile(
    r"[a-z][A-Z]"  # camelCase
    r"|[^\W\d_][._/:\\]\w"  # read.table, /etc/hosts, a::b
    r"|_"
    r"|[A-Za-z]\d|\d[A-Za-z]"  # php8, 64bit
    r"|^\d+(?:\.\d+)+$"  # 4.0.2, 10.1.0.1
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Background:
    """In how many of how many mails a stem stands: what makes a word rare or common at a desk."""

    document_count: int = 0
    word_documents: Mapping[str, int] = field(default_factory=dict)

    @classmethod
    def of(cls, texts: Iterable[str]) -> Self:
        """Count `texts`, each one mail, for example all that a desk ever received."""
        counts: Counter[str] = Counter()
        total = 0
        for text in texts:
            total += 1
            counts.update(set(stems(own_text(text))))
        return cls(document_count=total, word_documents=counts)

    def of_commonest(self, most: int) -> Self:
        """Only the stems in most mails, at most so many; the others count as never seen."""
        if len(self.word_documents) <= most:
            return self
        ordered = sorted(self.word_documents.items(), key=lambda item: (-item[1], item[0]))
        return type(self)(document_count=self.document_count, word_documents=dict(ordered[:most]))

    def rarity(self, stem: str) -> float:
        """Natural logarithm of one mail in how many has `stem`: 0 (each) to 5.7 (one in 300).

        The built-in table counts as 300 mails, so that a young desk has figures too.
        """
        mails = OFTEN_OF + self.document_count
        holding = OFTEN.get(stem, 0) + self.word_documents.get(stem, 0)
        return min(_RAREST, max(0.0, math.log(mails / max(holding, 1))))


def words(text: str) -> list[str]:
    """All runs of letters, case-folded, in order; links and addresses left out."""
    folded = text.casefold()
    if "://" in folded or "www." in folded or "@" in folded:
        folded = _LINK.sub(" ", folded)
    if folded.isascii():  # Five times as fast, and most mails are.
        return folded.translate(_NO_LETTERS).split()
    found = _WORD.findall(folded)
    if not _UNSPACED.search(folded):
        return found
    return [part for word in found for part in _pairs_of_signs(word)]


def _pairs_of_signs(word: str) -> list[str]:
    if not _UNSPACED.fullmatch(word) or len(word) < 2:
        return [word]
    return [word[at : at + 2] for at in range(len(word) - 1)]


def significant(found: Iterable[str]) -> list[str]:
    """Those of `words(...)` that can carry a topic."""
    return [
        word
        for word in found
        if word not in STOP_WORDS
        and (_SHORTEST_WORD <= len(word) <= _LONGEST_WORD or "\u3040" <= word[0] <= "\u9fff")
    ]


def stem_of(word: str) -> str:
    """What stands for a case-folded word."""
    return word[:STEM_LETTERS]


def stems(text: str) -> list[str]:
    """The significant words of `text` by their first five letters, in order, with repetitions."""
    return [stem_of(word) for word in significant(words(text))]


def made_names(text: str) -> frozenset[str]:
    """What nobody writes by accident: file names, paths, options, versions, calls; case-folded."""
    # Each word once: searching costs more than collecting.
    found = (match.strip(".:-/\\") for match in set(_NAME_OF_A_THING.findall(text)))
    return frozenset(
        name.casefold() for name in found if 3 <= len(name) <= 80 and _LOOKS_MADE.search(name)
    )


def language_of(found: Iterable[str]) -> str | None:
    """The language of `words(...)`, or None: too few small words, or two languages alike."""
    distinct = set(found)
    hits = sorted(
        ((len(distinct & small), language) for language, small in STOP_WORDS_OF.items()),
        reverse=True,
    )
    (most, language), (second, _) = hits[0], hits[1]
    return language if most >= 4 and most >= 1.5 * second else None


# ---- What of a mail is the writer's own, and what of that is speech ----

_QUOTED_LINE = re.compile(r"\s*[>|]")
_LONGEST_ATTRIBUTION: Final = 200
_SOMEONE_WROTE = re.compile(
    r"(?:\b(?:wrote|writes|schrieb\w*|escribi\S+|escreveu|ha scritto|schreef|pisze|napisa\S+"
    r"|написал\w*|пишет|scris|skrev|a \S{1,3}crit)\b|<[^\s<>@]+@[^\s<>@]+>)[^:]{0,80}:\s*$",
    re.IGNORECASE,
)
_DATE_BEFORE_IT = re.compile(r"\s*(?:on|am|le|el|il|em|op|w dniu|\d{1,4})\b", re.IGNORECASE)
_OLD_MAIL_FOLLOWS = re.compile(r"\s*(?:-{2,}\s?\w[\w ]{5,40}\s?-{2,}\s*$|_{20,}\s*$|(?:-\.){5,})")
_SIGNATURE = re.compile(r"(?:--|__)\s*$")
_FAREWELL = re.compile(
    r"\W*(?:(?:with )?(?:kind|best|warm|many)?\W*(?:regards|wishes|greetings)|best|cheers"
    r"|sincerely|yours(?: truly)?|(?:mit )?\w*\W?(?:grüße\w*|gruß|grüssen)|mfg|cordialement"
    r"|saludos|atentamente|abraços|cordiali saluti|с уважением|met vriendelijke groet(?:en)?"
    r"|pozdrawiam|sent from my .{1,30})\W*(?:\w+\W*){0,4}$",
    re.IGNORECASE,
)
_NAME_ALONE = re.compile(r"\W{0,3}[^\W\d_a-zа-я][\w.'-]*(?: [^\W\d_a-zа-я][\w.'-]*){0,3}\W{0,2}$")
_FAREWELL_WITHIN: Final = 14  # Lines from the end in which farewell and signature are looked for.

_MACHINE_LINE = re.compile(
    r"""[\[>$\#%*|{}<]                                # prompts, tables, marked-up text
    |\d{1,4}[-/.:]\d                                  # 2024-05-01 …, 12:30 …
    |(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)\w{0,6}\s+\d+\s+\d   # syslog
    |\w+@\S+[:$\#]|at\s[\w.$]+\(                      # a shell's prompt, a stack trace
    |(?:\w+\s){0,3}(?:error|warning|exception|notice|traceback)\b[\w ]{0,30}:
    |\w+error\b|error\s+in\b""",
    re.IGNORECASE | re.VERBOSE,
)
_COLUMNS = re.compile(r"\S(?: {3,}|\t)\S")
_SPOKEN_WORD = re.compile(r"[\"'(\[*<„«]{0,2}[^\W\d_]+(?:['’/-][^\W\d_]+)*['’]?[^\w\s]{0,3}$")
_SPOKEN_SHARE: Final = 0.6


def own_text(text: str) -> str:
    """`text` without quoted mail, attribution lines, farewell and signature, as far as they show.

    A light second look for text of any origin: mail is cut properly where it is parsed.
    """
    kept: list[str] = []
    for line in unicodedata.normalize("NFC", text[:READ_AT_MOST]).splitlines():
        if _SIGNATURE.match(line) or _OLD_MAIL_FOLLOWS.match(line):
            break
        if _QUOTED_LINE.match(line):
            continue
        if len(line) < _LONGEST_ATTRIBUTION and _SOMEONE_WROTE.search(line):
            if kept and len(kept[-1]) < 80 and _DATE_BEFORE_IT.match(kept[-1]):
                kept.pop()
            continue
        kept.append(line)
    return "\n".join(_without_ending(kept)).strip()


def _without_ending(lines: list[str]) -> list[str]:
    first = max(1, len(lines) - _FAREWELL_WITHIN)
    for number in range(first, len(lines)):
        if _FAREWELL.match(lines[number][:120]) or _signs_off(lines, number):
            return lines[:number]
    return lines


def _signs_off(lines: list[str], number: int) -> bool:
    """Whether a name stands alone at `number` with nothing but short, unspoken lines after it."""
    before = lines[number - 1].strip()
    return (
        len(lines[number]) < 40
        and bool(_NAME_ALONE.match(lines[number]))
        and (not before or (len(before) < 40 and before[-1] in ",!."))
        and all(
            len(line) < 76 and line.rstrip()[-1:] not in ".?!:;" for line in lines[number + 1 :]
        )
    )


def spoken(text: str) -> str:
    """The lines of `text` in which a person speaks: no log, code, table or file listing."""
    return "\n".join(line for line in text.split("\n") if _is_spoken(line.strip()))


def _is_spoken(line: str) -> bool:
    if not line or _MACHINE_LINE.match(line) or _COLUMNS.search(line) or line[-1] in ";{}":
        return False
    parts = line.split()
    return sum(bool(_SPOKEN_WORD.match(part)) for part in parts) >= _SPOKEN_SHARE * len(parts)
