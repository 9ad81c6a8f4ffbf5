"""Recognise the line with which a mail client introduces a quote: `On … Ann wrote:`.

Rules for this file:
1. A line is looked at only if it ends like an attribution; at most six lines are joined, at most
   700 characters of them, so the work is linear.
2. Evidence is counted, languages are not guessed: a verb of the table, a date, an address, an
   ending colon. The less stands behind the line that looks like a quote, the more is asked.

The verbs cover the languages whose Gmail, Outlook, Apple, Thunderbird, Yahoo and mobile clients are
common; a client's form without a verb (`date, "Name" <address>:`) needs date and address instead.
"""

import re
from dataclasses import dataclass
from typing import Final, NamedTuple

from gateway.mail.phrase import phrases, titles

VERBS: Final = titles("""
    # en, de
    wrote|writes|sent|posted|said|schrieb|geschrieben|schreibt
    # fr, es, ca, it, pt
    a écrit|à écrit|a ecrit|écrit|écrivait|escribió|escribio|escribiste|ha escrit|va escriure
    ha scritto|scrive|scrisse|escreveu|escreve
    # nl, pl
    schreef|geschreven|het volgende geschreven|napisał|napisała|napisał(a)|napisal|pisze
    # sv, no, da, is, fi, et, lv, lt
    skrev|skrev följande|skreiv|skrifaði|kirjoitti|kirjutas|rakstīja|rašė|parašė
    # cs, sk, hu, ro, sl, hr, sr
    napsal|napsala|napsal(a)|napísal|napísala|napísal(a)|píše|írta|ezt írta|a scris|a írt
    napisala|je napisal|je napisala|je napisal/-a|je napisao|napisao|napisao je|napisala je
    је написао|је написала|написао је
    # ru, uk, bg, be, mk
    написал|написала|написал(а)|написали|пишет|писал|писала|пише|написав|написав(-ла)|написа|писа
    напісаў|напісала
    # el, tr, id, vi, th
    έγραψε|έγραψες|yazdı|şunu yazdı|şunları yazdı|tarihinde yazdı|menulis|tulis|đã viết|viết
    เขียนว่า|เขียน
    # zh, ja, ko, he, ar, fa
    写道|寫道|写到|写信给|のメール|さんは書きました|さんが書きました|が書きました|님이 작성|님이 씀
    ने लिखा|লিখেছেন|כתב|כתבה|כתב/ה|מאת|كتب|كتبت|كتب/كتبت|نوشت
""")
_LAST_WORDS: Final = frozenset(re.split(r"[ /]", verb)[-1] for verb in VERBS)
_VERB: Final = re.compile(
    r"(?<![^\W_])(?:"
    + "|".join(re.escape(verb) for verb in sorted(VERBS, key=len, reverse=True))
    + r")(?![^\W_])|写道|寫道|写到|のメール|書きました|님이",
    re.IGNORECASE,
)
_MONTHS: Final = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun"
    "|mär|mai|okt|dez|janv|févr|mars|avr|juin|juil|août|déc|ene|abr|ago|dic|gen|mag|giu|lug|set|ott"
)
_DATE: Final = phrases(rf"""
    \d{{1,2}}[./-]\s?\d{{1,2}}[./-]\s?(?:\d{{4}}|\d{{2}})\b|\b\d{{4}}[./-]\d{{1,2}}[./-]\d{{1,2}}
    \b(?:19|20)\d\d(?=\D|$)|\d\s*[年년]|\b\d{{1,2}}[:.h]\d{{2}}(?:\b|(?=\D))
    \b\d{{1,2}}\.?\s(?:de\s)?(?:{_MONTHS})|\b(?:{_MONTHS})[a-zé]{{0,7}}\.?,?\s\d{{1,2}}\b
""")
_CLOCK: Final = re.compile(r"\b\d{1,2}[:.h]\d{2}\b|\d{1,2}時\d{1,2}分")
_ADDRESS: Final = re.compile(
    r"[<(\[（＜]\s*(?:mailto:)?[^\s<>()\[\]]{1,128}@[^\s<>()\[\]]{1,128}|&lt;[^\s&]{1,200}@"
    r"|<[^<>]{0,80}@|(?<!\S)[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,100}"
)
_ADDRESS_LAST: Final = re.compile(
    r"(?:[<(\[]\s*(?:mailto:)?\s*[^\s<>()\[\]]{1,128}@[^\s<>()\[\]]{1,200}\s*[>)\]]{1,2}"
    r"|(?<!\S)[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,100})\s*[:：]$"
)
_QUOTING: Final = phrases(
    """
    quoting|zitat von|zitiere|citando|citant|citát|cytat|цитирую|citat från|citat fra
    """,
    after=r"\s.{0,200}[:：]$",
)
_OPENER: Final = phrases(
    r"""
    # how attributions begin: prepositions, then the days of the week
    on|at|am|le|el|il|em|no dia|op|w dniu|dnia|den|på|pe|dne|dňa|în|pe data|la|στις|vào|pada|во|в|у
    на|od|dana|kuupäeval|於|于|在|ב|בתאריך|في|--+ ?on
    mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|пн|вт|ср|чт|пт|сб
    вс|нд|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|ma|ti|ke|to|su|man|tir|ons
    tor|fre|lør|søn|tis|lör|sön|pon|wt|śr|czw|pt|sob|niedz|po|út|st|čt|pá|ne|út|ut
    """,
    after=r"\b[.,]?\s|\d",
)
_NARRATOR: Final = phrases(
    # `On Monday I wrote:`, `On 5 May the customer wrote:` are sentences of the author.
    r"""
    \b(?:i|we|he|she|they|it|who|ich|wir|er|sie|je|nous|il|elle|ils|yo|nosotros|él|ella|io|lui)
    \b(?:lei|eu|nós|ele|ela|ik|wij|hij|zij|ja|jag|jeg|han|hun|я|мы|он|она|они)
    \b(?:the|a|an|our|my|your|his|her|their|this|that|some)\s[^\W\d_]{1,30}
    \b(?:der|die|das|ein|unser|mein|ihr|le|la|les|un|une|notre|mon)\s[^\W\d_]{1,30}
    \b(?:el|los|una|nuestro|mi|il|lo|de|het|een)\s[^\W\d_]{1,30}
    """,
    after=r"\s*$",
)
_ISO: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\.?(?:[\s,]+\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AaPp][Mm])?)?"
    r"(?P<zone>\s+(?:GMT|UTC)[+-]?\d{0,2}:?\d{0,2})?,?\s+(?P<who>\S.{0,200})$"
)
_FORMAT: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_LETTER: Final = re.compile(r"[^\W\d_]{2}")
_DASHES: Final = " \t-_=*•\u2010\u2011\u2013\u2014\u2015"
_AFTER: Final = _DASHES + "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_WITHIN: Final = re.compile(
    r"(?:(?<=\s)|---+\s*)(?:On|Am|Le|El|Il|Em|Op)\s+(?=[^\s<>]{1,12}\s+)(?=[^\n]{0,60}\d)"
)
_ORPHAN: Final = re.compile(r"^>\s*(?:\w[\w ]{0,20})?[:：]?$")
_JOINED_MAX: Final = 700
_LINES_MAX: Final = 6
_NAME_WORDS_MAX: Final = 8
"""`Ann Miller via Some Very Long Forum`; more words before an address are a sentence."""


class Attribution(NamedTuple):
    """An attribution line: its first physical line, and where in that line it begins."""

    first_line: int
    column: int = 0


def may_end(line: str) -> bool:
    """Whether a line could be the last of an attribution: a cheap test, for every line."""
    line = line.rstrip(_AFTER)
    if not line:
        return False
    if line[-1] in ":：":
        return True
    if line[0].isdigit() and _ISO.match(line):
        return True
    return line[-1] != ">" and line.rpartition(" ")[2].lower() in _LAST_WORDS


def is_orphan_end(lines: list[str], at: int) -> bool:
    """Whether a line like `> wrote:` only looks quoted: it closes a `<` of the lines above."""
    if not _ORPHAN.match(lines[at].strip()):
        return False
    above = "".join(lines[max(0, at - 3) : at])
    return above.count("<") > above.count(">")


def attribution_at(lines: list[str], at: int, *, quote_follows: bool) -> Attribution | None:
    """The attribution whose last line is `at`, or `None`; earlier lines may belong to it."""
    best: Attribution | None = None
    named = False
    for first, joined in _joined_upwards(lines, at):
        if is_attribution(joined, quote_follows=quote_follows):
            begins_well = _begins_well(lines[first])
            names = _ADDRESS.search(joined) is not None
            if best is None or begins_well or names > named:
                best, named = Attribution(first), names
            if begins_well:
                return best
        elif best is not None:
            break
    found = _within(lines[at], at, quote_follows=quote_follows) or best
    if found is None and quote_follows and _is_heading(lines[at].strip(_DASHES)):
        found = Attribution(at)
    return found


def _joined_upwards(lines: list[str], at: int) -> list[tuple[int, str]]:
    """The line `at`, then it with the line above, and so on, as far as they may belong together."""
    found: list[tuple[int, str]] = []
    joined = ""
    blank_seen = False
    for first in range(at, max(-1, at - _LINES_MAX), -1):
        piece = lines[first].strip()
        if not piece:
            # Only the form of Polymail and its like has an empty line within.
            if blank_seen or (joined[:1] not in ("<", ">") and not joined.startswith("mailto:")):
                break
            blank_seen = True
            continue
        if joined and piece[-1] in ".!?" and not piece[-2:-1].isdigit() and len(piece) > 12:
            break
        joined = f"{piece} {joined}" if joined else piece
        if len(joined) > _JOINED_MAX:
            break
        found.append((first, joined))
    return found


def _begins_well(line: str) -> bool:
    return _OPENER.match(line.strip().lstrip(_DASHES + '"')) is not None


def _within(line: str, at: int, *, quote_follows: bool) -> Attribution | None:
    """An attribution that shares its line with the answer: `yes--- On … wrote:`."""
    if not quote_follows:
        return None
    starts = [found.start() for found in _WITHIN.finditer(line[:_JOINED_MAX])]
    if starts and is_attribution(line[starts[-1] :].strip(), quote_follows=True):
        return Attribution(at, starts[-1])
    return None


@dataclass(frozen=True, slots=True)
class _Evidence:
    """What speaks for a line being an attribution."""

    text: str
    before_verb: str
    after_verb: str
    date: bool
    address: bool
    begins: bool
    """It begins as attributions do: with a preposition, a day of the week or a digit."""
    ends: bool
    """It ends with the verb."""
    colon: bool


def is_attribution(joined: str, *, quote_follows: bool) -> bool:
    """Whether one line of text is an attribution; `quote_follows`: marked lines stand behind it."""
    text = joined if joined.isascii() else _FORMAT.sub("", joined)
    text = text.strip(_DASHES)
    if not text or text[0] in "<>)]" or _is_torn(text):
        return False
    if text[0].isdigit() and _is_iso(text):
        return True
    seen = _evidence(text)
    if seen is None:
        return _without_verb(text, quote_follows=quote_follows)
    if not (seen.ends or seen.colon) or not _LETTER.search(seen.before_verb + seen.after_verb):
        return False
    if joined[:2] == "--" and joined[-2:] == "--" and seen.ends:
        return True
    return _suffices_marked(seen) if quote_follows else _suffices(seen)


def _evidence(text: str) -> _Evidence | None:
    """What a line with a verb of the table shows; `None` for a line without one."""
    verb = None
    for verb in _VERB.finditer(text):  # noqa: B007 - the last one is wanted
        pass
    if verb is None:
        return None
    return _Evidence(
        text=text,
        before_verb=text[: verb.start()],
        after_verb=text[verb.end() :],
        date=_DATE.search(text) is not None,
        address=_ADDRESS.search(text) is not None,
        begins=_OPENER.match(text) is not None,
        ends=not text[verb.end() :].strip(" :：,>)"),
        colon=text[-1] in ":：",
    )


def _suffices_marked(seen: _Evidence) -> bool:
    """Whether the evidence suffices where marked lines follow."""
    if seen.date or (seen.address and (seen.ends or seen.begins)):
        return True
    return seen.ends and seen.colon and _is_name(seen.before_verb)


def _suffices(seen: _Evidence) -> bool:
    """Whether the evidence suffices where everything behind the line would be cut."""
    if _NARRATOR.search(seen.before_verb):
        return False
    if not seen.date:
        names = len(seen.text.partition("<")[0].split()) <= _NAME_WORDS_MAX
        return seen.address and seen.ends and names
    if seen.address or (seen.begins and (seen.ends or _is_name(seen.after_verb))):
        return True
    return seen.colon and _is_name(seen.before_verb) and len(seen.text) < 120


def _is_name(text: str) -> bool:
    """Whether a stretch of text could be a person's name and nothing else."""
    words = text.strip(" :：,").split()
    return 0 < len(words) <= 5 and not any(word[0].islower() or word[0].isdigit() for word in words)


def _is_torn(text: str) -> bool:
    """Whether a bracket closes that never opened: the line above belongs to it."""
    return text.count(">") > text.count("<") or text.count(")") > text.count("(")


def _without_verb(text: str, *, quote_follows: bool) -> bool:
    """`26.06.2014, 14:41, "Ann" <ann@x>:` (Yandex, Gmail in Russian and Japanese)."""
    if _DATE.search(text) and _ADDRESS_LAST.search(text):
        return quote_follows or _CLOCK.search(text) is not None
    quoting = _QUOTING.match(text) is not None
    return quoting and (quote_follows or _ADDRESS.search(text) is not None)


def _is_heading(text: str) -> bool:
    """`Ann Miller, 07.07.2026 10:00:`: enough only where marked lines follow."""
    date = _DATE.search(text)
    if date is None or text[-1:] not in (":", "："):
        return False
    timed = _CLOCK.search(text) is not None or _ADDRESS.search(text) is not None
    return timed and _is_name(text[: date.start()].strip(" ,*["))


def _is_iso(text: str) -> bool:
    """`2016-03-03 17:21 GMT+01:00 Ann <ann@x>:` (older Gmail), with or without its end."""
    found = _ISO.match(text)
    if found is None:
        return False
    who = found["who"].rstrip(" :：")
    if found["zone"]:
        return len(who.split()) <= 10 and who[-1:] != "<"
    return who.endswith(">") and "@" in who
