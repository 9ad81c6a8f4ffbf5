"""Proofread letters before they are sent: do they compile, and is every name set that they use."""

from collections.abc import Iterator
from typing import Final

from gateway.letters.shelf import BrokenTemplate, Shelf

ALWAYS: Final = frozenset(
    {
        *("ticket", "account", "order", "assessment", "now", "recipient", "t", "span", "label"),
        *("money", "operator", "reply_line", "prices", "lowest_price", "packages"),
        *("payment_means", "multiplier", "withdrawals", "desk_address", "support_address"),
        *("reply_address", "reply_to"),
    }
)
"""Names that are set for every letter; a test holds them against `values_of`."""


def proofread(shelf: Shelf, name: str) -> Iterator[str]:
    """What is wrong with a letter, built-in and own: one line for each problem.

    The operator's own letter may use what the built-in one of this name uses, and what every letter
    has.
    """
    known = set(ALWAYS)
    try:
        known |= shelf.built_in(name, "en").names_used()
    except BrokenTemplate as error:
        yield str(error)
    try:
        own = shelf.own(name, "en")
        unknown = sorted(own.names_used() - known) if own else []
    except BrokenTemplate as error:
        yield str(error)
        return
    if own and unknown:
        yield f"{own.path}: {', '.join(map(repr, unknown))} is undefined"
