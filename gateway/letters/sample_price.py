"""Examples of letters about prices and urgency: named, agreed, refused, withdrawn."""

from dataclasses import replace
from typing import Final

from gateway.desk.model import HotRush, Status, Verdict
from gateway.letters.sample import (
    AGREED_URGENT,
    ANSWERED,
    ASKED,
    ASKED_URGENT,
    CLOSED,
    ELSEWHERE,
    NEW,
    NOON,
    RAISED,
    RESERVED,
    TOMORROW,
    URGENT,
    URGENT_CLOCK,
    Build,
    Cases,
    account,
    assessment,
    case,
    clock,
    to_customers,
)

_DECLINED: Final = (assessment(verdict=Verdict.DECLINED),)
_EXPIRED: Final = (assessment(verdict=Verdict.EXPIRED),)
_WAITS: Final = (assessment(verdict=Verdict.CONFIRMED),)
_WAITS_URGENT: Final = (assessment(multiplier=2, verdict=Verdict.CONFIRMED),)

ASSESSMENTS: Final[dict[str, tuple[Build, Cases]]] = {
    "assessment_request": (
        to_customers("ticket"),
        {
            "": case(ASKED, assessment=1, old_category=None, old_price=None, missing=0),
            "urgent": case(
                ASKED_URGENT, assessment=1, old_category=None, old_price=None, missing=0
            ),
            "raised": case(
                RAISED, account(40, 5), assessment=2, old_category=1, old_price=5, missing=0
            ),
            "short": case(
                replace(ASKED, assessments=(assessment(category=3, note="no remote access"),)),
                account(13),
                assessment=1,
                old_category=None,
                old_price=None,
                missing=7,
            ),
        },
    ),
    "assessment_confirmed": (
        to_customers("mail"),
        {
            "": case(RESERVED, account(40, 10), assessment=1),
            "urgent": case(
                replace(
                    RESERVED,
                    hotrush=HotRush.ACTIVE,
                    assessments=(AGREED_URGENT,),
                    reserved=20,
                    clocks=URGENT_CLOCK,
                ),
                account(40, 20),
                assessment=1,
            ),
            "charged": case(replace(ANSWERED, clocks=clock()), account(30), assessment=1),
        },
    ),
    "assessment_declined": (
        to_customers("mail"),
        {
            "": case(
                replace(ASKED, status=Status.CLOSED, closed_at=NOON, assessments=_DECLINED),
                assessment=1,
                closed=True,
            ),
            "raise": case(
                replace(RAISED, status=Status.ASSIGNED), account(40, 5), assessment=2, closed=False
            ),
            "kept": case(
                replace(ASKED, status=Status.ASSIGNED, assessments=_DECLINED),
                assessment=1,
                closed=False,
            ),
        },
    ),
    "assessment_reminder": (
        to_customers("ticket"),
        {"": case(ASKED, assessment=1, expires_at=TOMORROW)},
    ),
    "assessment_expired": (
        to_customers("ticket"),
        {
            "": case(
                replace(ASKED, status=Status.CLOSED, closed_at=NOON, assessments=_EXPIRED),
                assessment=1,
                closed=True,
            ),
            "raise": case(
                replace(RAISED, status=Status.ASSIGNED), account(40, 5), assessment=2, closed=False
            ),
            "kept": case(
                replace(ASKED, status=Status.ASSIGNED, assessments=_EXPIRED),
                assessment=1,
                closed=False,
            ),
        },
    ),
    "assessment_outdated": (
        to_customers("mail"),
        {
            "": case(
                replace(
                    ASKED,
                    category=3,
                    assessments=(
                        assessment(1, 1, verdict=Verdict.SUPERSEDED),
                        assessment(2, 3),
                    ),
                ),
                assessment=2,
                answered_label="A1",
                answered_price=5,
            ),
            "amount": case(ASKED, assessment=1, answered_label="", answered_price=7),
            "unknown": case(ASKED, assessment=1, answered_label="", answered_price=None),
            "label": case(ASKED_URGENT, assessment=1, answered_label="A7", answered_price=None),
        },
    ),
    "assessment_not_open": (
        to_customers("mail"),
        {
            "nothing": case(why="nothing"),
            "confirmed": case(RESERVED, account(40, 10), why="confirmed"),
            "waits": case(replace(ASKED, assessments=_WAITS), account(3), why="waits_for_credits"),
            "answered": case(ANSWERED, account(30), why="answered"),
            "declined": case(
                replace(ASKED, status=Status.CLOSED, closed_at=NOON, assessments=_DECLINED),
                why="declined",
            ),
            "expired": case(replace(ASKED, assessments=_EXPIRED, clocks=clock()), why="expired"),
            "expired-closed": case(
                replace(ASKED, status=Status.CLOSED, closed_at=NOON, assessments=_EXPIRED),
                why="expired",
            ),
        },
    ),
    "confirm_unclear": (
        to_customers("mail"),
        {
            "": case(ASKED, assessment=1, open=()),
            "which": case(
                None,
                open=(
                    {"ticket": 1001, "subject": "Prices without tax", "label": "A1", "price": 10},
                    {"ticket": 1004, "subject": "Slow search", "label": "A2", "price": 20},
                ),
            ),
            "none": case(None, open=()),
        },
    ),
    "confirm_foreign": (
        to_customers("ticket"),
        {
            "": case(ASKED, assessment=1, foreign="someone@else.example"),
            "nothing": case(foreign="someone@else.example"),
        },
    ),
    "confirm_challenge": (
        to_customers("mail"),
        {"": case(ASKED, assessment=1), "nothing": case(ASKED)},
    ),
}
URGENCY: Final[dict[str, tuple[Build, Cases]]] = {
    "hotrush_unset": (to_customers("mail"), {"": case(replace(NEW, hotrush=HotRush.UNSET))}),
    "hotrush_withdrawn": (
        to_customers("mail"),
        {
            "": case(
                replace(ANSWERED, hotrush=HotRush.WITHDRAWN, clocks=clock()),
                account(30, withdrawals=1),
                used=1,
                returned=10,
                released=0,
            ),
            "price": case(
                replace(ASKED, hotrush=HotRush.WITHDRAWN),
                account(withdrawals=2),
                assessment=1,
                used=2,
                returned=0,
                released=0,
            ),
            "released": case(
                replace(RESERVED, hotrush=HotRush.WITHDRAWN),
                account(40, 10, withdrawals=3),
                used=3,
                returned=0,
                released=10,
            ),
        },
    ),
    "hotrush_withdraw_refused": (
        to_customers("mail"),
        {
            "limit": case(URGENT, account(withdrawals=3), why="limit", used=3),
            "closed": case(CLOSED, account(withdrawals=1), why="closed", used=1),
            "not-urgent": case(NEW, why="not_urgent", used=0),
        },
    ),
    "hotrush_late_refused": (
        to_customers("mail"),
        {
            "": case(NEW, why=""),
            "balance": case(NEW, account(0), why="balance"),
            "department": case(ELSEWHERE, why="department"),
        },
    ),
    "hotrush_removed": (
        to_customers("ticket"),
        {
            "": case(
                replace(ELSEWHERE, department="development", hotrush=HotRush.REMOVED),
                why="customization",
                reason="",
                returned=0,
                released=20,
                moved=True,
            ),
            "general": case(
                replace(ELSEWHERE, hotrush=HotRush.REMOVED),
                why="general",
                reason="licence terms",
                returned=0,
                released=0,
                moved=True,
            ),
            "stays": case(
                replace(NEW, hotrush=HotRush.REMOVED),
                why="general",
                reason="",
                returned=0,
                released=0,
                moved=False,
            ),
            "breach": case(
                replace(ANSWERED, hotrush=HotRush.REMOVED),
                account(30),
                why="breach",
                reason="",
                returned=10,
                released=0,
                moved=False,
            ),
            "other": case(
                replace(ANSWERED, hotrush=HotRush.REMOVED),
                account(35),
                why="other",
                reason="We were two hours late.",
                returned=5,
                released=0,
                moved=False,
            ),
        },
    ),
}
