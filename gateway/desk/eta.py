"""The promised time of `#eta`: a span from now, or a time of the desk's clock.

Spans are clock time, whatever the desk's hours are: somebody says when they will be there. What
could be read in two ways is refused, never guessed.
"""

import re
from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Final

from gateway.worktime.hours import Calendar

PROMISE_MAX: Final = timedelta(days=7)
USAGE: Final = "#eta 2h, #eta 90 min, #eta 2h 30m or #eta 14:30"

_HOURS: Final = r"h(?:(?:ou)?rs?)?"
_MINUTES: Final = r"m(?:in(?:ute)?s?)?"
_SPAN: Final = (
    rf"\d{{1,3}}\s*{_HOURS}(?:\s*(?:and\s+)?\d{{1,2}}\s*{_MINUTES})?"
    rf"|\d[.,](?:\d|25|50|75)\s*{_HOURS}"
    rf"|\d{{1,4}}\s*{_MINUTES}"
)
_TIME: Final = r"\d{1,2}[:.]\d{2}(?:\s*[ap]\.?m\.?)?|\d{1,2}\s*[ap]\.?m\.?"
FORM: Final = rf"(?:in\s+)?(?P<eta>{_SPAN}|(?:at\s+)?(?:{_TIME}))"
"""How the argument of `#eta` begins; a note may follow."""

_DAYS: Final = (
    r"(?:mon|tue(?:s)?|wed(?:nes)?|thu(?:rs)?|fri|sat(?:ur)?|sun)(?:day)?"
    r"|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag"
    r"|lundi|mardi|mercredi|jeudi|vendredi|samedi|dimanche"
    r"|lunes|martes|mi[eé]rcoles|jueves|viernes|s[aá]bado|domingo"
    r"|понедельник|вторник|сред[ау]|четверг|пятниц[ау]|суббот[ау]|воскресенье"
)
_TOMORROW: Final = (
    r"tomorrow|(?:über)?morgen|(?:après-)?demain|(?:pasado )?ma[nñ]ana|(?:после)?завтра"
)
_OTHER: Final = re.compile(
    rf"\d|(?:{_HOURS}|{_MINUTES})\b"
    rf"|(?:(?:the )?day after tomorrow|{_TOMORROW}|(?:on |next |am |le |el |во? )*(?:{_DAYS})"
    r"|next (?:day|week)|utc|gmt|msk|bst|cest|[cew]et|[ecmp][sd]t)\b",
    re.IGNORECASE,
)
"""A note that begins like this would change the time: more of it, another day, another zone."""
_BEFORE_WORDS: Final = re.compile(r"[\W_]*")


def read_promise(calendar: Calendar, at: datetime, text: str, note: str = "") -> datetime | str:
    """The instant that is promised (the next time the desk's clock shows it), or why none is."""
    if _OTHER.match(_BEFORE_WORDS.sub("", note, count=1)):
        return (
            f"“{text} {note}” could be another time, another day or zone:"
            " say how long it takes, as in #eta 20h"
        )
    until = _after(at, text) if re.fullmatch(_SPAN, text, re.IGNORECASE) else None
    if until is None:
        shown = _wall_time(text)
        if shown is None:
            return f"{text} is no time of day"
        until = _next(calendar, at, shown)
    if not at < until <= at + PROMISE_MAX:
        return f"a promise reaches from now to {PROMISE_MAX.days} days ahead"
    return until


def _after(at: datetime, text: str) -> datetime:
    spans = (
        float(number.replace(",", ".")) * (60 if unit.casefold() == "h" else 1)
        for number, unit in re.findall(r"([\d.,]+)\s*([hm])", text, re.IGNORECASE)
    )
    return at + timedelta(minutes=sum(spans))


def _wall_time(text: str) -> time | None:
    found = re.search(r"(\d{1,2})(?:[:.](\d{2}))?\s*([ap]?)", text, re.IGNORECASE)
    hour, minute, half = (found[1], found[2], found[3].casefold()) if found else ("99", "", "")
    clock = int(hour)
    if half:
        clock = clock % 12 + (12 if half == "p" else 0) if 1 <= clock <= 12 else 99
    minutes = int(minute or 0)
    return time(clock, minutes) if clock < 24 and minutes < 60 else None


def _next(calendar: Calendar, at: datetime, shown: time) -> datetime:
    def instants() -> Iterator[datetime]:
        day = calendar.day_of(at)
        while True:
            yield calendar.instant_of(datetime.combine(day, shown))
            day += timedelta(days=1)

    return next(one for one in instants() if one > at)
