"""Examples of letters about tickets: received, answered, moved, split, closed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from gateway.desk.model import HotRush, LetterValue, Status
from gateway.letters.sample import (
    AGREED_URGENT,
    ANSWER,
    ANSWERED,
    CLOSED,
    ELSEWHERE,
    NEW,
    PRE,
    PRE_UP_TO,
    QUESTION,
    RESERVED,
    TOMORROW,
    URGENT,
    Build,
    Cases,
    account,
    assessment,
    case,
    clock,
    to_customers,
)

PASSAGE: Final = "Another question. How can I change the logo of the shop?"
_TOLD_FIRST: Final[Mapping[str, LetterValue]] = {
    "why": "",
    "needed": 1,
    "old_ticket": None,
    "departments": ("support",),
}

TICKETS: Final[dict[str, tuple[Build, Cases]]] = {
    "ticket_received": (
        to_customers("mail"),
        {
            "": case(usual=_TOLD_FIRST),
            "agreed": case(PRE, usual=_TOLD_FIRST),
            "agreed-up-to": case(PRE_UP_TO, usual=_TOLD_FIRST),
            "sales": case(ELSEWHERE, usual=_TOLD_FIRST),
        },
    ),
    "ticket_received_hotrush": (
        to_customers("mail"),
        {
            "": case(URGENT, account(withdrawals=1), usual=_TOLD_FIRST),
            "agreed": case(replace(URGENT, payment=PRE.payment), usual=_TOLD_FIRST),
            "agreed-up-to": case(replace(URGENT, payment=PRE_UP_TO.payment), usual=_TOLD_FIRST),
        },
    ),
    "hotrush_refused": (
        to_customers("mail"),
        {
            "": case(
                replace(NEW, hotrush=HotRush.REFUSED),
                account(0),
                usual=_TOLD_FIRST,
                why="balance",
            ),
            "more-needed": case(
                replace(NEW, hotrush=HotRush.REFUSED),
                account(3),
                usual=_TOLD_FIRST,
                why="balance",
                needed=10,
            ),
            "charge": case(
                replace(RESERVED, hotrush=HotRush.REFUSED),
                account(0, 10),
                usual=_TOLD_FIRST,
                why="charge",
            ),
            "department": case(
                replace(ELSEWHERE, hotrush=HotRush.REFUSED),
                usual=_TOLD_FIRST,
                why="department",
            ),
        },
    ),
    "followup_created": (
        to_customers("mail"),
        {
            "": case(replace(NEW, parent=877), usual=_TOLD_FIRST, old_ticket=877),
            "agreed": case(replace(PRE, parent=877), usual=_TOLD_FIRST, old_ticket=877),
            "agreed-up-to": case(replace(PRE_UP_TO, parent=877), usual=_TOLD_FIRST, old_ticket=877),
            "sales": case(replace(ELSEWHERE, parent=877), usual=_TOLD_FIRST, old_ticket=877),
        },
    ),
    "answer": (
        to_customers("ticket"),
        {
            "": case(ANSWERED, account(30), text=ANSWER, by="Max", charged_now=10),
            "urgent": case(
                replace(ANSWERED, hotrush=HotRush.ACTIVE, charged=20, assessments=(AGREED_URGENT,)),
                account(20),
                text=ANSWER,
                by="Max",
                charged_now=20,
            ),
            "again": case(ANSWERED, account(30), text=ANSWER, by="Max", charged_now=0),
            "free": case(
                replace(ANSWERED, free="bug", charged=0), text=ANSWER, by="Max", charged_now=0
            ),
            "unpriced": case(
                replace(NEW, status=Status.IN_PROGRESS), text=ANSWER, by="Max", charged_now=0
            ),
            "sales": case(ELSEWHERE, text=ANSWER, by="Max", charged_now=0),
        },
    ),
    "clarification": (
        to_customers("ticket"),
        {"": case(replace(NEW, clocks=()), text=QUESTION, by="Max", charged_now=0)},
    ),
    "category_changed": (
        to_customers("ticket"),
        {
            "": case(
                replace(ANSWERED, category=3, charged=20, assessments=(assessment(2, 3),)),
                account(20),
                assessment=2,
                old_category=1,
                freed=False,
                difference=15,
                was_charged=True,
                reason="modified core files found",
            ),
            "lower": case(
                ANSWERED,
                account(30),
                assessment=1,
                old_category=3,
                freed=False,
                difference=-10,
                was_charged=True,
                reason="",
            ),
            "reserved": case(
                RESERVED,
                account(40, 10),
                assessment=1,
                old_category=1,
                freed=False,
                difference=5,
                was_charged=False,
                reason="",
            ),
            "same": case(
                ANSWERED,
                account(30),
                assessment=1,
                old_category=1,
                freed=False,
                difference=0,
                was_charged=False,
                reason="",
            ),
            "stays": case(
                RESERVED,
                account(40, 10),
                assessment=1,
                old_category=2,
                freed=False,
                difference=0,
                was_charged=False,
                reason="it was the cache after all",
            ),
            "held": case(
                RESERVED,
                account(40, 10),
                assessment=1,
                old_category=3,
                freed=False,
                difference=-10,
                was_charged=False,
                reason="",
            ),
            "free": case(
                replace(ANSWERED, free="goodwill", charged=0),
                old_category=2,
                freed=True,
                difference=-10,
                was_charged=True,
                reason="goodwill",
            ),
        },
    ),
    "bug_confirmed": (
        to_customers("ticket"),
        {
            "": case(
                replace(NEW, free="bug", hotrush=HotRush.REMOVED),
                what="software",
                reason="",
                returned=40,
                released=0,
                was_urgent=True,
            ),
            "server": case(
                replace(NEW, free="bug"),
                what="server",
                reason="a disk was full",
                returned=0,
                released=10,
                was_urgent=False,
            ),
        },
    ),
    "department_moved": (
        to_customers("ticket"),
        {
            "": case(
                replace(ELSEWHERE, department="development"),
                reason="a new payment method",
                returned=0,
                released=20,
            ),
            "back": case(NEW, reason="", returned=5, released=0),
        },
    ),
    "ticket_split": (
        to_customers("split"),
        {
            "": case(
                replace(NEW, number=1002, parent=1001, subject="Change the logo of the shop"),
                old_ticket=1001,
                passage=PASSAGE,
            ),
            "sales": case(replace(ELSEWHERE, number=1002), old_ticket=1001, passage=PASSAGE),
            "agreed": case(replace(PRE, number=1002), old_ticket=1001, passage=PASSAGE),
        },
    ),
    "ticket_merged": (
        to_customers("ticket"),
        {
            "": case(NEW, old_ticket=1002, returned=10, released=0),
            "nothing": case(NEW, old_ticket=1002, returned=0, released=0),
            "released": case(NEW, old_ticket=1002, returned=0, released=10),
        },
    ),
    "ticket_closed": (
        to_customers("ticket"),
        {
            "": case(CLOSED, account(30), released=0, reopen_until=TOMORROW),
            "released": case(replace(CLOSED, charged=0), released=10, reopen_until=TOMORROW),
            "free": case(replace(CLOSED, free="bug", charged=0), released=0, reopen_until=TOMORROW),
            "sales": case(
                replace(ELSEWHERE, status=Status.CLOSED), released=0, reopen_until=TOMORROW
            ),
        },
    ),
    "ticket_reopened": (
        to_customers("mail"),
        {"": case(replace(ANSWERED, clocks=clock()), account(30))},
    ),
}
