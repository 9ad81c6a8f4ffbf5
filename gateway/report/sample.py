"""Letters for the gallery, and with them the report of one ordinary week of a small desk."""

from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from gateway.desk.figures import Figures, figures
from gateway.desk.history import EntryPast, History, PromisePast, TicketPast
from gateway.desk.model import ClockKind
from gateway.desk.policy import Policy
from gateway.desk.token import Keys
from gateway.ledger.entry import Kind
from gateway.letters.proof import Proof, proofs
from gateway.letters.sample import Sample
from gateway.letters.shelf import Shelf
from gateway.report.page import page
from gateway.report.plot import Plot
from gateway.report.png import draw_png, picture
from gateway.report.text import table

LETTER: Final = "desk_report"
FIRST: Final = date(2026, 6, 29)
LAST: Final = date(2026, 7, 5)
_HOUR: Final = timedelta(hours=1)
_TICKETS: Final = (
    # Day of the week, hour; answered and closed so many hours later, 0 for not yet; HotRush.
    ("acme", 0, 10, 2, 6, False),
    ("acme", 0, 15, 20, 26, False),
    ("newco", 1, 11, 3, 0, False),
    ("acme", 1, 14, 1, 3, True),
    ("flora", 2, 9, 26, 30, False),
    ("newco", 2, 16, 4, 24, False),
    ("flora", 3, 12, 2, 0, False),
    ("acme", 4, 10, 5, 9, False),
    ("flora", 4, 17, 2, 4, True),
    ("newco", 5, 11, 6, 0, False),
    ("acme", 6, 13, 0, 0, False),
)
_ENTRIES: Final = (
    ("newco", 0, Kind.GRANT, 40, 0),
    ("acme", 0, Kind.HOLD, 0, 10),
    ("acme", 0, Kind.CHARGE, -10, -10),
    ("acme", 1, Kind.CHARGE, -20, 0),
    ("acme", 2, Kind.PURCHASE, 50, 0),
    ("flora", 3, Kind.CHARGE, -5, 0),
    ("newco", 4, Kind.HOLD, 0, 20),
    ("acme", 4, Kind.REFUND, 10, 0),
)


def previews(shelf: Shelf, policy: Policy, keys: Keys, language: str) -> Iterator[Proof]:
    """Every letter of a language as it would leave, that of the report with its figures."""
    return proofs(shelf, policy, keys, language, completed=lambda one: _as_sent(one, policy))


def _as_sent(sample: Sample, policy: Policy) -> Sample:
    """The example of the report with a week's figures and plots; any other example as it is."""
    if sample.letter.letter != LETTER:
        return sample
    found = week(policy)
    values = {**sample.letter.values, "first": f"{found.first}", "last": f"{found.last}"}
    values["table"] = table(found).rstrip("\n")
    html = page(found, policy.operator.name, draw=_drawn)
    letter = replace(sample.letter, values=values)
    return replace(sample, letter=letter, frame=replace(sample.frame, html=html))


def week(policy: Policy) -> Figures:
    """The figures of the example week, in the desk's own calendar."""
    calendar = policy.calendar

    def at(day: int, hour: int) -> datetime:
        return calendar.instant(FIRST + timedelta(days=day), hour * 60)

    tickets, promises = [], []
    for number, (account, day, hour, answered, closed, urgent) in enumerate(_TICKETS, start=1):
        received_at = at(day, hour)
        answered_at = received_at + answered * _HOUR if answered else None
        tickets.append(
            TicketPast(
                number=number,
                account=account,
                received_at=received_at,
                first_response_at=answered_at,
                closed_at=received_at + closed * _HOUR if closed else None,
                parent=1 if number == 2 else None,
                is_split=number == 2,
            )
        )
        promises.append(
            PromisePast(
                ticket=number,
                kind=ClockKind.FIRST_RESPONSE,
                due_at=received_at + (1 if urgent else 24) * _HOUR,
                urgent=urgent,
                stopped_at=answered_at,
                met=answered_at is not None,
            )
        )
    history = History(
        tickets=tuple(tickets),
        promises=tuple(promises),
        entries=tuple(
            EntryPast(account=account, kind=kind, amount=amount, held=held, at=at(day, 12))
            for account, day, kind, amount, held in _ENTRIES
        ),
        mails_at=tuple(one.received_at + _HOUR * later for one in tickets for later in (0, 1)),
        open_now=5,
        held_now=20,
    )
    return figures(history, calendar, first=FIRST, last=LAST, now=at(7, 9))


def _drawn(plot: Plot) -> str:
    return picture(plot, f"data:image/png;base64,{b64encode(draw_png(plot)).decode()}")
