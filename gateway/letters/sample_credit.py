"""Examples of letters about credits, and of those that explain how the desk works."""

from dataclasses import replace
from typing import Final

from gateway.desk.model import LetterValue, Verdict
from gateway.letters.sample import (
    ASKED,
    ASKED_URGENT,
    BOB,
    NOON,
    ORDER,
    Build,
    Cases,
    account,
    assessment,
    case,
    to_customers,
)

_DECLINED: Final = (assessment(verdict=Verdict.DECLINED),)
_EXPIRED: Final = (assessment(verdict=Verdict.EXPIRED),)
_WAITS: Final = (assessment(verdict=Verdict.CONFIRMED),)
_WAITS_URGENT: Final = (assessment(multiplier=2, verdict=Verdict.CONFIRMED),)


def _entry(
    kind: str, amount: int, held: int, ticket: int | None, ref: str, reason: str
) -> dict[str, LetterValue]:
    return {
        "at": NOON,
        "kind": kind,
        "amount": amount,
        "held": held,
        "ticket": ticket,
        "ref": ref,
        "reason": reason,
    }


CREDITS: Final[dict[str, tuple[Build, Cases]]] = {
    "credits_needed": (
        to_customers("ticket"),
        {
            "": case(
                replace(ASKED_URGENT, assessments=_WAITS_URGENT),
                account(3),
                assessment=1,
                missing=17,
                package=25,
            ),
            "ordinary": case(
                replace(ASKED, assessments=_WAITS), account(3), assessment=1, missing=7, package=10
            ),
        },
    ),
    "balance_statement": (
        to_customers("mail"),
        {
            "": case(
                None,
                account(85, 20),
                entries=(
                    _entry("hold", 0, 20, 1004, "", ""),
                    _entry("refund", 5, 0, 1001, "", "We were two hours late."),
                    _entry("charge", -10, 0, 1001, "", ""),
                    _entry("purchase", 50, 0, None, "P-17", "order P-17"),
                    _entry("grant", 40, 0, None, "W-501", "order W-501"),
                ),
            ),
            "new": case(None, account(0), entries=()),
        },
    ),
    "purchase_invoice": (
        to_customers("mail"),
        {"": case(None, order=ORDER), "stranger": case(None, None, order=ORDER)},
    ),
    "price_list": (
        to_customers("mail"),
        {
            "": case(None, asked=33, stranger=False),
            "plain": case(None, asked=None, stranger=False),
            "stranger": case(None, None, asked=10, stranger=True, to="kim@newco.example"),
        },
    ),
    "credits_added": (
        to_customers("new"),
        {
            "": case(
                None,
                account(53, 10),
                count=50,
                why="purchase",
                reason="order P-17",
                ref="P-17",
                tickets=(1001, 1004),
            ),
            "website": case(
                None, count=40, why="website", reason="order W-501", ref="W-501", tickets=()
            ),
            "goodwill": case(
                None,
                account(5),
                count=5,
                why="goodwill",
                reason="for the delay",
                ref="",
                tickets=(),
            ),
            "correction": case(
                None,
                account(-2),
                count=5,
                why="correction",
                reason="wrongly charged in June",
                ref="",
                tickets=(),
                to=BOB,
            ),
        },
    ),
    "credits_low": (to_customers("new"), {"": case(None, account(4))}),
    "command_help": (
        to_customers("mail"),
        {"": case(unknown=""), "lost": case(None, unknown="hotrush off")},
    ),
    "sender_refused": (
        to_customers("mail"),
        {"": case(None, None, to="kim@newco.example")},
    ),
}
