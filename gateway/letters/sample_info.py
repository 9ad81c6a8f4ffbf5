"""Examples of what staff are told when they ask by mail."""

from dataclasses import replace
from types import MappingProxyType
from typing import Final

from gateway.desk.control import FORMS
from gateway.desk.model import LetterValue
from gateway.letters.sample import (
    ANN,
    ANSWER,
    ANSWERED,
    MAX,
    NEW,
    NOON,
    REQUEST,
    TOMORROW,
    URGENT,
    Cases,
    account,
    case,
    clock,
)

_NOTHING: Final = MappingProxyType[str, LetterValue](
    {
        "usages": (),
        "words": "",
        "tickets": (),
        "count": 0,
        "said": (),
        "said_count": 0,
        "book": None,
        "entries": (),
    }
)
_BOOK: Final[LetterValue] = {
    "name": "Acme Shop",
    "balance": 40,
    "held": 10,
    "available": 30,
    "withdrawals": 1,
}
_ENTRIES: Final[LetterValue] = (
    {
        "at": NOON,
        "kind": "hold",
        "amount": 0,
        "held": 10,
        "ticket": 1001,
        "ref": "",
        "reason": "",
    },
    {
        "at": NOON,
        "kind": "grant",
        "amount": 40,
        "held": 0,
        "ticket": None,
        "ref": "W-501",
        "reason": "a new website",
    },
)
_LISTED: Final[LetterValue] = (
    {
        "ticket": 1003,
        "subject": "Shop is down",
        "status": "submitted",
        "urgent": True,
        "account": "acme",
        "assignee": "",
        "due_at": TOMORROW,
    },
    {
        "ticket": 1001,
        "subject": "Prices without tax",
        "status": "assigned",
        "urgent": False,
        "account": "acme",
        "assignee": MAX,
        "due_at": None,
    },
)
_SAID: Final[LetterValue] = (
    {"at": NOON, "author": ANN, "kind": "mail", "text": REQUEST},
    {"at": TOMORROW, "author": MAX, "kind": "answer", "text": ANSWER},
)

INFO: Final[Cases] = {
    "status": case(replace(ANSWERED, free="bug", clocks=clock()), usual=_NOTHING, topic="status"),
    "new": case(URGENT, usual=_NOTHING, topic="status"),
    "own": case(None, None, usual=_NOTHING, topic="status", tickets=_LISTED),
    "none": case(None, None, usual=_NOTHING, topic="status"),
    "balance": case(
        NEW, account(40, 10), usual=_NOTHING, topic="balance", book=_BOOK, entries=_ENTRIES
    ),
    "help": case(
        None,
        None,
        usual=_NOTHING,
        topic="help",
        usages=tuple(one for _, one in FORMS.values()),
    ),
    "queue": case(None, None, usual=_NOTHING, topic="queue", tickets=_LISTED, count=7),
    "search": case(None, None, usual=_NOTHING, topic="search", words="tax", tickets=_LISTED),
    "search-none": case(None, None, usual=_NOTHING, topic="search", words="logo"),
    "history": case(NEW, usual=_NOTHING, topic="history", said=_SAID, said_count=5),
}
