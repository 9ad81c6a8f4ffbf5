"""What a template may name: each value of a letter is made when the template first asks for it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from gateway.desk.decision import Audience, SendLetter
from gateway.desk.hotrush import withdrawals_counted
from gateway.desk.people import Addresses
from gateway.desk.token import Keys
from gateway.letters.context import REPLY_LINE, Words
from gateway.letters.heading import (
    Frame,
    desk_address,
    done_address,
    note_address,
    staff_address,
    tagged,
)
from gateway.letters.marks import Button, spaced
from gateway.letters.tongue import span

LINK_SUBJECT_MAX: Final = 100
"""Characters of a subject that a prepared reply repeats: links of mail programs have limits."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A letter in the making: all that its values are made of."""

    letter: SendLetter
    frame: Frame
    reply_to: str
    words: Words
    keys: Keys


class Values:
    """Everything a template may use, for one letter, by name."""

    __slots__ = ("_made", "_told")

    def __init__(self, told: Told) -> None:
        self._told = told
        self._made: dict[str, Any] = {}

    def __contains__(self, name: str) -> bool:
        return name in _VALUES or name in self._told.letter.values

    def __getitem__(self, name: str) -> Any:
        if name not in self._made:
            make = _VALUES.get(name)
            self._made[name] = make(self._told) if make else self._told.letter.values[name]
        return self._made[name]


def _ticket(told: Told) -> Mapping[str, Any] | None:
    ticket = told.letter.ticket
    return told.words.ticket(ticket) if ticket else None


def _account(told: Told) -> Mapping[str, Any] | None:
    account = told.letter.account
    return told.words.account(account) if account else None


def _order(told: Told) -> Mapping[str, Any] | None:
    order = told.letter.order
    return told.words.order(order, told.frame.order_number or order.number) if order else None


def _assessment(told: Told) -> Mapping[str, Any] | None:
    """The assessment that the letter is about."""
    ticket, number = told.letter.ticket, told.letter.assessment
    named = ticket.assessment(number) if ticket and number else None
    return told.words.assessment(named) if named else None


def _withdrawals(told: Told) -> Mapping[str, int]:
    """How many HotRush requests were taken back this year, and how many may be."""
    policy, letter = told.words.policy, told.letter
    used = 0
    if letter.ticket and letter.account:
        year = policy.calendar.local(told.frame.at).year
        used = withdrawals_counted(policy, letter.account, letter.ticket, year)
    return {"used": used, "limit": policy.hotrush.max_withdrawals}


def _packages(told: Told) -> list[Mapping[str, int]]:
    packages = told.words.policy.credits.packages
    return [{"credits": size, "cents": cents} for size, cents in sorted(packages.items())]


def _of_staff(told: Told, made: Callable[[int, str, Addresses, Keys], str]) -> str:
    """An address of the ticket's for one member of staff; empty for others, or without a ticket."""
    number = told.frame.number_of(told.letter)
    if not number or told.letter.audience is not Audience.STAFF:
        return ""
    return made(number, told.letter.to, told.words.policy.addresses, told.keys)


def _reply_to(told: Told) -> Callable[[int], str]:
    """The reply address of any ticket, for the reader of a list of tickets."""
    addresses = told.words.policy.addresses
    return lambda number: staff_address(number, told.letter.to, addresses, told.keys)


def _button(told: Told) -> Callable[..., Button]:
    """Makes prepared replies: `mailto:` links to the letter's own reply address (RFC 6068)."""
    local, _, domain = told.reply_to.rpartition("@")
    address = f"{quote(local, safe='')}@{quote(domain, safe='')}"
    policy, ticket = told.words.policy, told.letter.ticket
    subject = tagged(ticket.subject, told.letter, told.frame, policy) if ticket else ""
    named = subject or policy.operator.name
    if len(named) > LINK_SUBJECT_MAX:
        named = named[: LINK_SUBJECT_MAX - 1] + "…"

    def button(label: object, *lines: object) -> Button:
        body = "\n".join(map(str, lines))
        query = f"subject={_encoded('Re: ' + named)}&body={_encoded(body)}"
        return Button(spaced(str(label)), body, f"mailto:{address}?{query}")

    return button


def _encoded(text: str) -> str:
    return quote(text.replace("\n", "\r\n").encode("utf-8", "replace"), safe="")


_VALUES: Final[Mapping[str, Callable[[Told], Any]]] = {
    # What the letter is about.
    "ticket": _ticket,
    "account": _account,
    "order": _order,
    "assessment": _assessment,
    "withdrawals": _withdrawals,
    "now": lambda told: told.frame.at,
    "recipient": lambda told: told.letter.to,
    "too_large": lambda told: told.frame.too_large if told.letter.with_attachments else (),
    "kept_as": lambda told: told.frame.event,
    # Where its reader may write to.
    "reply_line": lambda _: REPLY_LINE,
    "reply_address": lambda told: told.reply_to,
    "reply_to": _reply_to,
    "note_address": lambda told: _of_staff(told, note_address),
    "done_address": lambda told: _of_staff(told, done_address),
    "desk_address": lambda told: desk_address(
        told.letter.to, told.words.policy.addresses, told.keys
    ),
    "support_address": lambda told: told.words.policy.addresses.inbox_of("support"),
    "sales_address": lambda told: told.words.policy.addresses.inbox_of("sales"),
    "button": _button,
    # What the desk sells, and at what price.
    "operator": lambda told: told.words.policy.operator,
    "prices": lambda told: dict(sorted(told.words.policy.credits.prices.items())),
    "lowest_price": lambda told: min(told.words.policy.credits.prices.values()),
    "packages": _packages,
    "payment_means": lambda told: told.words.policy.credits.payment_means,
    "multiplier": lambda told: told.words.policy.hotrush.multiplier,
    "hotrush_mode": lambda told: told.words.policy.sla.hotrush.mode,
    "hotrush_target": lambda told: told.words.tongue.duration(told.words.policy.sla.hotrush.target),
    "default_action": lambda told: told.words.policy.engineer.default_action,
    # What the language knows to say.
    "t": lambda told: told.words.instant,
    "day": lambda told: told.words.day,
    "span": lambda _: span,
    "label": lambda told: told.words.label,
    "department": lambda told: told.words.department,
    "money": lambda told: told.words.money,
    "credits": lambda told: told.words.tongue.credits,
    "say": lambda told: told.words.tongue.says,
    "word": lambda told: told.words.tongue.word,
}
"""By name; what the decision itself tells a letter stands behind these."""
