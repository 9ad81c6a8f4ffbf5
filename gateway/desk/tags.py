"""Tags in the subject of a mail: urgency, payment, department and ticket number (policy 5.1).

A tag is a bracket group `[…]` or `【…】` that is wholly one of the known phrases; anything else in
brackets, and any word outside, is text. In a mail that belongs to a ticket only the number counts.
"""

import re
import unicodedata
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from gateway.desk.model import ASK_FIRST, NO_SUBJECT, PRE_AGREED, Payment, PaymentMode
from gateway.desk.people import DEVELOPMENT, GENERAL, SALES, SUPPORT

_PREFIX: Final = re.compile(
    r"\s*(?:re|aw|antw|sv|vs|odp|res|rif|tr|fw|fwd|wg|отв|ответ|пересл|回复|答复|转发)"
    r"\s*(?:\[\d{1,3}\]|\(\d{1,3}\))?\s*:",
    re.IGNORECASE,
)
_GROUP: Final = re.compile(r"\[([^\[\]【】]*)\]|【([^\[\]【】]*)】")
_HOTRUSH: Final = re.compile(r"hot[ _-]?r?rush")
_AGREED: Final = r"(?:agreed?|pre-?approved|pre-agreed)"
_LIMIT: Final = r"(?:(?:up to|max)\s*|<=\s*)(\d{1,9})(?:\s*credits?)?"
_PAYMENT: Final = (
    (re.compile(_AGREED), None),
    (re.compile(rf"(?:{_AGREED}\s*[,:]?\s+)?{_LIMIT}"), "limit"),
    (re.compile(r"ask[ -]first|price first|quote(?: first)?|estimate(?: first)?"), "ask"),
)
_DEPARTMENTS: Final = MappingProxyType(
    {
        "support": SUPPORT,
        "tech support": SUPPORT,
        "development": DEVELOPMENT,
        "customization": DEVELOPMENT,
        "customisation": DEVELOPMENT,
        "sales": SALES,
        "licensing": SALES,
        "license": SALES,
        "licence": SALES,
        "billing": GENERAL,
        "general": GENERAL,
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Tags:
    """What the subject says besides its words."""

    subject: str
    """The subject without reply prefixes and known tags; `(no subject)` where nothing is left."""
    hotrush: bool = False
    payment: Payment | None = None
    department: str | None = None
    ticket: int | None = None
    is_reply: bool = False
    """It began with a reply or forward prefix."""


def read_subject(subject: str, prefix: str = "T-") -> Tags:
    """Read a decoded subject; `prefix` stands before ticket numbers."""
    text = " ".join(unicodedata.normalize("NFKC", subject).split())
    bare = _without_prefixes(text)
    number = re.compile(re.escape(prefix) + r"(\d{1,9})", re.IGNORECASE)
    urgent: list[str] = []
    payments: list[Payment] = []
    departments: list[str] = []
    tickets: list[int] = []

    def read(group: re.Match[str]) -> str:
        """Take a known tag out of the subject; leave any other group as it is."""
        words = " ".join((group[1] if group[1] is not None else group[2]).split()).casefold()
        if _HOTRUSH.fullmatch(words):
            urgent.append(words)
        elif department := _DEPARTMENTS.get(words):
            departments.append(department)
        elif payment := _read_payment(words):
            payments.append(payment)
        elif found := number.fullmatch(words):
            tickets.append(int(found[1]))
        else:
            return group[0]
        return " "

    rest = _without_prefixes(" ".join(_GROUP.sub(read, bare).split()))
    return Tags(
        subject=rest or NO_SUBJECT,
        hotrush=bool(urgent),
        payment=_strictest(payments),
        department=departments[0] if departments else None,
        ticket=tickets[0] if tickets else None,
        is_reply=bare != text,
    )


def _without_prefixes(text: str) -> str:
    """The subject after every leading `Re:`, `AW[2]:`, `Fwd:` and their like (RFC 5256 idea)."""
    while found := _PREFIX.match(text):
        text = text[found.end() :].lstrip()
    return text


def _read_payment(words: str) -> Payment | None:
    for pattern, kind in _PAYMENT:
        found = pattern.fullmatch(words)
        if found and kind == "ask":
            return ASK_FIRST
        if found and kind == "limit":
            return agreed_up_to(int(found[1]))
        if found:
            return PRE_AGREED
    return None


def agreed_up_to(limit: int) -> Payment:
    """A pre-agreement with a limit; a limit of nothing asks first (policy 5.1)."""
    return Payment(PaymentMode.PRE_AGREED, limit) if limit else ASK_FIRST


def _strictest(payments: list[Payment]) -> Payment | None:
    """Ask first wins over any agreement, the lowest limit over the others (rule A10)."""
    if not payments:
        return None
    return min(payments, key=lambda one: (one.covers is None, one.covers or 0))
