"""Examples of every letter to staff: what its branches are given."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Final

from gateway.desk.model import HotRush, LetterValue, Status
from gateway.letters.sample import (
    ANN,
    ANSWER,
    ANSWERED,
    ASKED,
    ASKED_URGENT,
    CLOSED,
    ELSEWHERE,
    MAX,
    NEW,
    NOON,
    ORDER,
    PRE,
    PRE_UP_TO,
    RAISED,
    REQUEST,
    RESERVED,
    TOMORROW,
    URGENT,
    Build,
    Cases,
    account,
    case,
    clock,
    to_staff,
)
from gateway.letters.sample_info import INFO

_NEW: Final[Mapping[str, LetterValue]] = {
    "text": REQUEST,
    "new_sender": False,
    "opens_at": None,
    "hint_ticket": None,
    "unverified": False,
}
_REPLY: Final[Mapping[str, LetterValue]] = {
    "text": REQUEST,
    "writer": ANN,
    "flags": (),
    "suggestion": None,
}
_LATE: Final[Mapping[str, LetterValue]] = {
    "due_at": NOON,
    "step": "escalation 1",
    "overdue": timedelta(minutes=80),
    "left": timedelta(0),
    "working_left": timedelta(0),
    "working_overdue": timedelta(minutes=80),
    "late": False,
    "text": REQUEST,
    "since": NOON - timedelta(days=1),
    "promised_at": None,
    "promised_by": "",
    "next_at": TOMORROW,
    "next_to": "manager",
}
_EARLY: Final[Mapping[str, LetterValue]] = {
    **_LATE,
    "due_at": TOMORROW,
    "step": "warning",
    "overdue": timedelta(0),
    "left": timedelta(minutes=30),
    "working_left": timedelta(minutes=30),
    "working_overdue": timedelta(0),
    "since": NOON,
    "next_to": "lead",
}
_URGENT_LINE: Final[Mapping[str, LetterValue]] = {
    "ticket": 1003,
    "subject": "Shop is down",
    "account": "acme",
    "requester": ANN,
    "urgent": True,
    "due_at": NOON,
    "since": NOON - timedelta(hours=1),
    "overdue": True,
    "working_left": timedelta(0),
    "excerpt": "The shop shows a blank page.",
}
_LINE: Final[Mapping[str, LetterValue]] = {
    "ticket": 1001,
    "subject": "Prices without tax",
    "account": "acme",
    "requester": ANN,
    "urgent": False,
    "due_at": TOMORROW,
    "since": NOON,
    "overdue": False,
    "working_left": timedelta(hours=15),
    "excerpt": "",
}
_TABLE: Final = """\
Day          in  out  kept  missed
2026-06-29    4    3     4       0
2026-06-30    2    3     2       1"""
_SUGGESTION: Final[Mapping[str, LetterValue]] = {
    "passage": "Another question. How can I change the logo?",
    "reasons": ("it begins like another question", "it shares no word with the ticket"),
    "words": ("logo", "change"),
    "command": "#split 2 Change the logo",
}
_STRANGER: Final = replace(NEW, account="kim@newco.example", requester="kim@newco.example")

STAFF: Final[dict[str, tuple[Build, Cases]]] = {
    "engineer_new_ticket": (
        to_staff("ticket"),
        {
            "": case(usual=_NEW),
            "new-sender": case(_STRANGER, account(0), usual=_NEW, new_sender=True),
            "unverified": case(PRE_UP_TO, usual=_NEW, unverified=True, hint_ticket=1000),
            "agreed": case(PRE, usual=_NEW),
            "sales": case(ELSEWHERE, usual=_NEW),
        },
    ),
    "engineer_hotrush_alert": (
        to_staff("ticket", "oncall@desk.example"),
        {
            "": case(URGENT, usual=_NEW),
            "closed": case(URGENT, account(3), usual=_NEW, new_sender=True, opens_at=TOMORROW),
        },
    ),
    "engineer_assigned": (
        to_staff("ticket", MAX),
        {"": case(replace(NEW, assignee=MAX, status=Status.ASSIGNED), text=REQUEST, by="Lee")},
    ),
    "engineer_customer_reply": (
        to_staff("ticket", MAX),
        {
            "": case(ANSWERED, usual=_REPLY),
            "foreign": case(ANSWERED, usual=_REPLY, flags=("foreign", "unclear", "unproved")),
            "requester": case(ANSWERED, usual=_REPLY, flags=("only_requester",)),
            "token": case(ANSWERED, usual=_REPLY, flags=("only_token",)),
            "suggestion": case(replace(NEW, clocks=clock()), usual=_REPLY, suggestion=_SUGGESTION),
            "same-topic": case(ANSWERED, usual=_REPLY, flags=("same_topic",)),
            "put-back": case(ANSWERED, usual=_REPLY, flags=("put_back",)),
        },
    ),
    "engineer_confirmed": (to_staff("ticket", MAX), {"": case(RESERVED, account(40, 10))}),
    "engineer_declined": (
        to_staff("ticket", MAX),
        {
            "": case(replace(ASKED, status=Status.CLOSED), text="Too expensive for us."),
            "raise": case(replace(RAISED, status=Status.ASSIGNED), account(40, 5), text=""),
        },
    ),
    "engineer_assessment_expired": (
        to_staff("ticket", MAX),
        {"": case(replace(ASKED, status=Status.CLOSED))},
    ),
    "engineer_credits_blocked": (
        to_staff("ticket", MAX),
        {
            "": case(
                ASKED_URGENT, account(3), missing=17, unsent="", assessment_label="A1", price=20
            ),
            "unsent": case(
                ASKED, account(3), missing=7, unsent=ANSWER, assessment_label="A1", price=10
            ),
        },
    ),
    "engineer_hotrush_changed": (
        to_staff("ticket", MAX),
        {
            "": case(replace(NEW, hotrush=HotRush.WITHDRAWN), what="withdrawn"),
            "refused": case(replace(NEW, hotrush=HotRush.REFUSED), what="refused"),
            "overdue": case(
                replace(NEW, hotrush=HotRush.WITHDRAWN, clocks=clock(NOON)), what="withdrawn"
            ),
            "unset": case(
                replace(NEW, hotrush=HotRush.UNSET), what="unset", to="oncall@desk.example"
            ),
        },
    ),
    "engineer_status_changed": (
        to_staff("ticket", MAX),
        {
            "closed": case(CLOSED, what="closed", text="Solved, thank you!"),
            "reopened": case(
                replace(ANSWERED, clocks=clock()), what="reopened", text="It is back again."
            ),
            "late": case(replace(ASKED, clocks=clock()), what="late_confirm", text=""),
        },
    ),
    "engineer_sla_reminder": (
        to_staff("new", MAX),
        {
            "": case(
                None,
                None,
                waiting=(_URGENT_LINE, _LINE),
                count=120,
                more=118,
            ),
            "one": case(
                None,
                None,
                waiting=(_LINE,),
                count=1,
                more=0,
            ),
        },
    ),
    "engineer_sla_warning": (
        to_staff("ticket", MAX),
        {
            "": case(replace(NEW, assignee=MAX), usual=_EARLY),
            "nobody": case(URGENT, to="oncall@desk.example", usual=_EARLY),
        },
    ),
    "engineer_escalation": (
        to_staff("ticket", "lee@desk.example"),
        {
            "": case(replace(NEW, assignee=MAX), usual=_LATE),
            "late": case(
                URGENT,
                usual=_LATE,
                late=True,
                step="escalation 2",
                promised_at=NOON,
                promised_by=MAX,
                next_at=None,
                next_to="",
            ),
        },
    ),
    "engineer_command_error": (
        to_staff("mail", MAX),
        {
            "": case(
                refusals=(
                    {
                        "line": "#asses 2",
                        "reason": "there is no command #asses",
                        "instead": "#assess N [note], N being 1, 2 or 3",
                    },
                ),
                unsent="#asses 2\n\n" + ANSWER,
                commands=(),
                partly=False,
                waits=(),
            ),
            "no-price": case(
                refusals=({"line": "", "reason": "no price", "instead": ""},),
                unsent=ANSWER,
                commands=(),
                partly=False,
                waits=(),
            ),
            "not-confirmed": case(
                ASKED,
                refusals=({"line": "", "reason": "not confirmed", "instead": ""},),
                unsent=ANSWER,
                commands=(),
                partly=True,
                waits=("#close",),
            ),
            "desk": case(
                None,
                None,
                refusals=(
                    {"line": "", "reason": "the mail has no command", "instead": "#help"},
                    {"line": "#grant x", "reason": "“x” does not fit #grant", "instead": ""},
                ),
                unsent="",
                commands=("#grant x", "#paid P-17"),
                partly=False,
                waits=(),
            ),
        },
    ),
    "engineer_delivery_failed": (
        to_staff("ticket", MAX),
        {
            "": case(which="answer", address=ANN, reason="5.2.2 mailbox full", until=None),
            "unknown": case(which="", address=ANN, reason="", until=None),
            "paused": case(
                which="answer", address=ANN, reason="5.1.1 no such mailbox", until=TOMORROW
            ),
        },
    ),
    "engineer_purchase_request": (
        to_staff("new", "bill@desk.example"),
        {"": case(None, order=ORDER)},
    ),
    "desk_report": (
        to_staff("new", "lee@desk.example"),
        {"": case(None, None, first="2026-06-29", last="2026-07-05", table=_TABLE)},
    ),
    "engineer_info": (to_staff("mail", MAX), INFO),
    "engineer_ack": (
        to_staff("mail", MAX),
        {
            "": case(RESERVED, what="done", lines=("#assign me", "#category 2")),
            "acknowledged": case(
                replace(NEW, assignee=MAX),
                to="lee@desk.example",
                what="acknowledged",
                lines=(),
                by="Max",
                until=TOMORROW,
                due_at=NOON,
                note="The provider looks at it.",
                next_at=TOMORROW,
                next_to="manager",
            ),
            "desk": case(None, None, what="done", lines=("#paid P-17",)),
        },
    ),
}
