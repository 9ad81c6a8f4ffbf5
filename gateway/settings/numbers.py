"""Numbers and names of the policy that cannot be meant, such as a price of nothing."""

import re
from collections.abc import Iterator
from typing import Final

from gateway.desk.people import DEPARTMENTS
from gateway.desk.policy import Options

CREDITS_MAX: Final = 1_000_000
CENTS_MAX: Final = 100_000_000
RANGES: Final[tuple[tuple[str, int, int], ...]] = (
    ("credits.website_grant", 0, CREDITS_MAX),
    ("credits.overdraft", 0, CREDITS_MAX),
    ("credits.low_balance", 0, CREDITS_MAX),
    ("hotrush.multiplier", 1, 100),
    ("hotrush.min_available", 0, CREDITS_MAX),
    ("hotrush.max_withdrawals", 0, 1_000),
    ("split.min_words", 0, 1_000),
    ("split.auto_score", 1, 100),
    ("split.suggest_score", 1, 100),
)
"""Options that are whole numbers: the least and the most they may be."""
SHARES: Final = ("split.threshold", "split.similarity_below")
"""Options from 0 to 1."""
_CURRENCY: Final = re.compile(r"[A-Z]{3}")
_PREFIX: Final = re.compile(r"[A-Za-z]{1,12}-?")
_COLOUR: Final = re.compile(r"#[0-9a-fA-F]{6}")


def check_numbers(options: Options) -> Iterator[str]:
    """One problem for each wrong value, beginning with its key."""
    for key, least, most in RANGES:
        value = _value(options, key)
        if isinstance(value, int) and not least <= value <= most:
            yield f"{key}: must be a whole number from {least} to {most}"
    for key in SHARES:
        share = _value(options, key)
        if isinstance(share, int | float) and not 0 <= share <= 1:
            yield f"{key}: must be a number from 0 to 1"
    yield from _prices(options)
    yield from _names(options)


def _value(options: Options, key: str) -> object:
    section, _, name = key.partition(".")
    return getattr(getattr(options, section), name)


def _prices(options: Options) -> Iterator[str]:
    if not options.credits.prices:
        yield "credits.prices: name at least one category, such as 1 = 5"
    for category, price in options.credits.prices.items():
        if not 1 <= price <= CREDITS_MAX:
            yield f"credits.prices.{category}: must be a whole number from 1 to {CREDITS_MAX}"
    for size, cents in options.credits.packages.items():
        if not (1 <= size <= CREDITS_MAX and 1 <= cents <= CENTS_MAX):
            yield f"credits.packages.{size}: write the size and its price in cents, both above 0"


def _names(options: Options) -> Iterator[str]:
    known = ", ".join(DEPARTMENTS)
    for name in options.hotrush.departments:
        if name not in DEPARTMENTS:
            yield f"hotrush.departments: there is no department {name!r}; known: {known}"
    if not _CURRENCY.fullmatch(options.credits.currency):
        yield "credits.currency: write a code of three capitals, such as USD or EUR"
    if not _PREFIX.fullmatch(options.mail.ticket_prefix):
        yield "mail.ticket_prefix: up to twelve letters and a dash, such as T-"
    if not _COLOUR.fullmatch(options.operator.colour):
        yield 'operator.colour: write it like "#1f5f8b"'
