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
from typing import Final, NamedTuple

_VERBS: Final = (
    # en, de, fr, es, it, pt, nl, pl
    "wrote writes sent posted said schrieb geschrieben schreibt|"
    "a écrit,à écrit,a ecrit,écrit,écrivait,escribió,escribio,escribiste,ha escrit,va escriure|"
    "ha scritto,scrive,scrisse,escreveu,escreve|schreef,geschreven,het volgende geschreven|"
    "napisał,napisała,napisał(a),napisal,pisze|"
    # Scandinavia, Finland, Baltics
    "skrev,skrev följande,skreiv,skrifaði,kirjoitti,kirjutas,rakstīja,rašė,parašė|"
    # cs, sk, hu, ro, sl, hr, sr
    "napsal,napsala,napsal(a),napísal,napísala,napísal(a),píše,írta,ezt írta,a scris,a írt|"
    "napisala,napisal,je napisal,je napisala,je napisal/-a,je napisao,je napisala,napisao je,napisala je,napisao|"
    "је написао,је написала,написао је|"
    # ru, uk, bg, be, mk
    "написал,написала,написал(а),написали,пишет,писал,писала,пише,написав,написала,написав(-ла)|"
    "написа,писа,напісаў,напісала|"
    # el, tr, id, vi, th
    "έγραψε,έγραψες,yazdı,şunu yazdı,şunları yazdı,tarihinde yazdı,menulis,tulis|"
    "đã viết,viết,เขียนว่า,เขียน|"
    # zh, ja, ko, he, ar, fa
    "写道,寫道,写到,写信给,のメール,さんは書きました,さんが書きました,が書きました,님이 작성,님이 씀|"
    "כתב,כתבה,כתב/ה,מאת,كتب,كتبت,كتب/كتبت,نوشت"
)


def _spread() -> tuple[str, ...]:
    found: list[str] = []
    for group in _VERBS.split("|"):
        found += group.split(",") if "," in group else group.split()
    return tuple(sorted(set(found), key=len, reverse=True))


VERBS: Final = _spread()
_LAST_WORDS: Final = frozenset(re.split(r"[ /]", verb)[-1].rstrip(":") for verb in VERBS)
_VERB: Final = re.compile(
    r"(?<![^\W_])(?:" + "|".join(re.escape(verb) for verb in VERBS) + r")(?![^\W_])"
    r"|写道|寫道|写到|のメール|書きました|님이",
    re.IGNORECASE,
)
_MONTHS: Final = (
    "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec|mon|tue|wed|thu|fri|sat|sun"
    "|mär|mai|okt|dez|janv|févr|mars|avr|juin|juil|août|déc|ene|abr|ago|dic|gen|mag|giu|lug|set|ott"
)
_DATE: Final = re.compile(
    r"\d{1,2}[./-]\s?\d{1,2}[./-]\s?(?:\d{4}|\d{2})\b|\b\d{4}[./-]\d{1,2}[./-]\d{1,2}"
    r"|\b(?:19|20)\d\d(?=\D|$)|\d\s*[年년]|\b\d{1,2}[:.h]\d{2}(?:\b|(?=\D))"
    r"|\b\d{1,2}\.?\s(?:de\s)?(?:"
    + _MONTHS
    + r")|\b(?:"
    + _MONTHS
    + r")[a-zé]{0,7}\.?,?\s\d{1,2}\b",
    re.IGNORECASE,
)
_CLOCK: Final = re.compile(r"\b\d{1,2}[:.h]\d{2}\b|\d{1,2}時\d{1,2}分")
_ADDRESS: Final = re.compile(
    r"[<(\[（＜]\s*(?:mailto:)?[^\s<>()\[\]]{1,128}@[^\s<>()\[\]]{1,128}|&lt;[^\s&]{1,200}@|<[^<>]{0,80}@"
    r"|(?<!\S)[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,100}"
)
_ADDRESS_LAST: Final = re.compile(
    r"(?:[<(\[]\s*(?:mailto:)?\s*[^\s<>()\[\]]{1,128}@[^\s<>()\[\]]{1,200}\s*[>)\]]{1,2}"
    r"|(?<!\S)[\w.+-]{1,64}@[\w-]{1,63}\.[\w.-]{1,100})\s*[:：]$"
)
_QUOTING: Final = re.compile(
    r"(?:quoting|zitat von|zitiere|citando|citant|quoting from|citát|cytat|цитирую|citat från|citat fra)\s.*[:：]$",
    re.IGNORECASE,
)
_OPENER: Final = re.compile(
    # English, German, French, Spanish and Catalan, Italian, Portuguese, Dutch, Polish, …
    r"(?:on|at|am|le|el|il|em|no dia|op|w dniu|dnia|den|på|pe|dne|dňa|în|pe data|la|στις|vào"
    r"|pada|во|в|у|на|od|dana|dnia|kuupäeval|в(?:о)? \w+|於|于|在|ב|בתאריך|في|בֿ|tarihinde|--+ ?on"
    r"|mon|tue|wed|thu|fri|sat|sun|mo|di|mi|do|fr|sa|so|lun|mar|mer|jeu|ven|sam|dim|пн|вт|ср|чт|пт"
    r"|сб|вс|нд|понедельник|вторник|среда|четверг|пятница|суббота|воскресенье|ma|ti|ke|to|pe|la|su"
    r"|man|tir|ons|tor|fre|lør|søn|tis|lör|sön|pon|wt|śr|czw|pt|sob|niedz|po|út|st|čt|pá|so|ne)"
    r"\b[.,]?\s|\d",
    re.IGNORECASE,
)
_NARRATOR: Final = re.compile(
    # `On Monday I wrote:`, `On 5 May the customer wrote:` are sentences of the author.
    r"\b(?:i|we|he|she|they|it|who|ich|wir|er|sie|je|j'|nous|il|elle|ils|yo|nosotros|él|ella|io|lui|lei"
    r"|eu|nós|ele|ela|ik|wij|hij|zij|ja|jag|jeg|han|hun|я|мы|он|она|они)\s*$"
    r"|\b(?:the|a|an|our|my|your|his|her|their|this|that|some|der|die|das|ein|unser|mein|ihr"
    r"|le|la|les|un|une|notre|mon|el|los|una|nuestro|mi|il|lo|i miei|de|het|een)\s[^\W\d_]{1,30}\s*$",
    re.IGNORECASE,
)
_LETTER: Final = re.compile(r"[^\W\d_]{2}")
_FORMAT: Final = re.compile("[\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff]")
_ISO: Final = re.compile(
    r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}\.?(?:[\s,]+\d{1,2}:\d{2}(?::\d{2})?(?:\s*[AaPp][Mm])?)?"
    r"(?P<zone>\s+(?:GMT|UTC)[+-]?\d{0,2}:?\d{0,2})?,?\s+(?P<who>\S.{0,200})$"
)
_DASHES: Final = " \t-_=*•\u2010\u2011\u2013\u2014\u2015"
_AFTER: Final = _DASHES + "\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_WITHIN: Final = re.compile(
    r"(?:(?<=\s)|---+\s*)(?:On|Am|Le|El|Il|Em|Op)\s+(?=[^\s<>]{1,12}\s+)(?=[^\n]{0,60}\d)"
)
_JOINED_MAX: Final = 700
_LINES_MAX: Final = 6
_ORPHAN: Final = re.compile(r"^>\s*(?:\w[\w ]{0,20})?[:：]?$")


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
    pieces: list[str] = []
    best: Attribution | None = None
    blank_count = 0
    for first in range(at, max(-1, at - _LINES_MAX), -1):
        piece = lines[first].strip()
        if not piece:
            # Only the form of Polymail and its like has empty lines within.
            blank_count += 1
            if best is not None or blank_count > 1 or not _is_torn(pieces):
                break
            continue
        pieces.insert(0, piece)
        joined = " ".join(pieces)
        if len(joined) > _JOINED_MAX:
            break
        if is_attribution(joined, quote_follows=quote_follows):
            better = best is None or _begins_well(piece)
            if better:
                best = Attribution(first)
            if _begins_well(piece):
                break
        elif best is not None:
            break
        if best is None and first < at and piece[-1:] in ".!?":
            break
    if best is not None and _begins_well(lines[best.first_line].strip()):
        return best
    return _within(lines[at], at, quote_follows=quote_follows) or best


def _begins_well(piece: str) -> bool:
    return _OPENER.match(piece.lstrip(_DASHES + '"')) is not None


def _is_torn(pieces: list[str]) -> bool:
    """Whether what has been collected begins in the middle of an address."""
    return bool(pieces) and (pieces[0][0] in "<>" or pieces[0].startswith("mailto:"))


def _within(line: str, at: int, *, quote_follows: bool) -> Attribution | None:
    """An attribution that shares its line with the answer: `yes--- On … wrote:`."""
    if not quote_follows:
        return None
    found = None
    for found in _WITHIN.finditer(line[:_JOINED_MAX]):
        pass
    if found is None or not is_attribution(line[found.start() :].strip(), quote_follows=True):
        return None
    return Attribution(at, found.start())


def is_attribution(joined: str, *, quote_follows: bool) -> bool:
    """Whether one line of text is an attribution; `quote_follows`: marked lines stand behind it."""
    dashed = joined[:2] == "--" and joined[-2:] == "--"
    text = joined if joined.isascii() else _FORMAT.sub("", joined)
    text = text.strip(_DASHES)
    if not text or text[0] in "<>)]" or _is_torn_address(text):
        return False
    if text[0].isdigit() and _is_iso(text):
        return True
    verb = _last_verb(text)
    date = _DATE.search(text) is not None
    if verb is None:
        return _without_verb(text, date=date, quote_follows=quote_follows)
    ends = not text[verb.end() :].strip(" :：,>)")
    if not (ends or text[-1] in ":：") or not _LETTER.search(
        text[: verb.start()] + text[verb.end() :]
    ):
        return False
    if not quote_follows and _NARRATOR.search(text[: verb.start()]):
        return False
    if dashed and ends:
        return True
    address = _ADDRESS.search(text) is not None
    begins = _OPENER.match(text) is not None
    if date and (address or (begins and (ends or _is_name(text[verb.end() :])))):
        return True
    if date and text[-1] in ":：" and _is_name(text[: verb.start()]) and len(text) < 120:
        return True
    if quote_follows:
        return (address or date) and (ends or begins or date)
    return address and ends and not _is_sentence(text)


def _is_name(text: str) -> bool:
    """Whether a stretch of text could be a person's name and nothing else."""
    words = text.strip(" :：,").split()
    return 0 < len(words) <= 5 and all(
        not word[0].islower() and not word[0].isdigit() for word in words
    )


def _last_verb(text: str) -> re.Match[str] | None:
    last = None
    for last in _VERB.finditer(text):
        pass
    return last


def _is_torn_address(text: str) -> bool:
    """Whether a bracket closes that never opened: the line above belongs to it."""
    return (text.count(">") > text.count("<") and "<" not in text[:1]) or (
        text.count(")") > text.count("(")
    )


def _is_sentence(text: str) -> bool:
    """Whether the words before an address are too many for a name."""
    return len(text.partition("<")[0].split()) > 8


def _without_verb(text: str, *, date: bool, quote_follows: bool) -> bool:
    """`26.06.2014, 14:41, "Ann" <ann@x>:` (Yandex, Gmail in Russian and Japanese)."""
    if not date or _ADDRESS_LAST.search(text) is None:
        return _QUOTING.match(text) is not None and (
            quote_follows or _ADDRESS.search(text) is not None
        )
    return quote_follows or _CLOCK.search(text) is not None


def _is_iso(text: str) -> bool:
    """`2016-03-03 17:21 GMT+01:00 Ann <ann@x>:` (older Gmail), with or without its end."""
    found = _ISO.match(text)
    if found is None:
        return False
    who = found["who"].rstrip(" :：")
    if found["zone"]:
        return len(who.split()) <= 10 and who[-1:] != "<"
    return who.endswith(">") and "@" in who
