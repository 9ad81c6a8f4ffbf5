"""Examples of letters about prices: named, agreed, refused, outdated, unclear."""

from dataclasses import replace
from typing import Final

from gateway.desk.model import HotRush, Status, Verdict
from gateway.letters.sample import (
    AGREED_URGENT,
    ANSWERED,
    ASKED,
    ASKED_URGENT,
    NOON,
    RAISED,
    RESERVED,
    TOMORROW,
    URGENT_CLOCK,
    Build,
    Cases,
    account,
    assessment,
    case,
    clock,
    to_customers,
)

_BOB: Final = "bob@acme.example"
_DECLINED: Final = (assessment(verdict=Verdict.DECLINED),)
_EXPIRED: Final = (assessment(verdict=Verdict.EXPIRED),)
_WAITS: Final = (assessment(verdict=Verdict.CONFIRMED),)

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
        {
            "": case(ASKED, assessment=1, expires_at=TOMORROW),
            "raise": case(RAISED, account(40, 5), assessment=2, expires_at=TOMORROW),
        },
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
            "declined-raise": case(
                replace(
                    RAISED,
                    status=Status.ASSIGNED,
                    clocks=clock(),
                    assessments=(
                        RAISED.assessments[0],
                        replace(RAISED.assessments[1], verdict=Verdict.DECLINED),
                    ),
                ),
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
            "": case(ASKED, assessment=1, passed_on=True, open=()),
            "empty": case(ASKED, assessment=1, passed_on=False, open=()),
            "which": case(
                None,
                passed_on=False,
                open=(
                    {"ticket": 1001, "subject": "Prices without tax", "label": "A1", "price": 10},
                    {"ticket": 1004, "subject": "Slow search", "label": "A2", "price": 20},
                ),
            ),
            "none": case(None, passed_on=False, open=()),
        },
    ),
    "confirm_foreign": (
        to_customers("ticket"),
        {
            "": case(ASKED, assessment=1, foreign="someone@else.example", why="stranger"),
            "nothing": case(foreign="someone@else.example", why="stranger"),
            "requester": case(ASKED, assessment=1, foreign=_BOB, why="requester"),
            "colleague": case(ASKED, to=_BOB, assessment=1, foreign=_BOB, why="requester"),
            "token": case(ASKED, assessment=1, foreign=_BOB, why="token"),
        },
    ),
    "confirm_challenge": (
        to_customers("mail"),
        {"": case(ASKED, assessment=1), "nothing": case(ASKED)},
    ),
}
