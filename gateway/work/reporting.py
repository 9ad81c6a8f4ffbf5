"""Count the desk's figures and send them to leads: by hand, and every week on the chosen day."""

import asyncio
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import Connection

from gateway import journal
from gateway.desk.decision import Disposition
from gateway.desk.draft import Draft
from gateway.desk.figures import Figures, figures
from gateway.desk.policy import WEEKDAYS, Policy
from gateway.mail.compose import Enclosure
from gateway.report.page import page
from gateway.report.plot import Plot
from gateway.report.plots import plots
from gateway.report.png import draw_png, picture
from gateway.report.text import table
from gateway.spool import Spool
from gateway.store.apply import apply
from gateway.store.occasion import Occasion
from gateway.store.outbox import has_event
from gateway.store.reach import OUT_OF_REACH
from gateway.store.reports import Told, read_history
from gateway.store.transaction import Transactions
from gateway.work.intake import Desk

DAY: Final = timedelta(days=1)
PARKED_MAX: Final = 100_000
LETTER: Final = "desk_report"
LATE_MAX: Final = timedelta(days=2)
"""A desk that was down on the day sends the report when it is back, but no older ones."""
LOOK_SECONDS: Final = 60.0


def count(
    connection: Connection,
    desk: Desk,
    spool: Spool,
    period: tuple[date, date],
    told: Told = lambda _: None,
) -> Figures:
    """The figures of a period of local days, first and last included."""
    calendar = desk.policy.calendar
    first, last = period
    history = read_history(
        connection, calendar.instant(first, 0), calendar.instant(last + DAY, 0), told
    )
    parked = spool.listing("parked", PARKED_MAX)
    whole = replace(
        history,
        parked_at=tuple(one.envelope.received_at for one in parked),
        refused_at_the_door=spool.counts().refused,
    )
    return figures(whole, calendar, first=first, last=last, now=desk.clock())


def send(connection: Connection, desk: Desk, found: Figures, *, event: str) -> int:
    """Put the report into the outbox for every lead; returns how many letters that are.

    The same event twice is the same letters.
    """
    draft = Draft(policy=desk.policy, at=desk.clock(), event=event, actor="time")
    draft.to_staff(
        LETTER,
        desk.policy.staff.with_role("lead"),
        None,
        thread="new",
        with_attachments=True,
        first=f"{found.first}",
        last=f"{found.last}",
        table=table(found).rstrip("\n"),
    )
    decision = draft.finish(Disposition.ROUND)
    pictures = [(plot, draw_png(plot)) for plot in plots(found)]
    domain = desk.policy.addresses.domain
    occasion = Occasion(
        event=event,
        at=desk.clock(),
        write=desk.writer.write,
        enclosures=tuple(
            Enclosure(
                filename=f"{plot.bars.name}.png",
                content_type="image/png",
                content=content,
                content_id=_content_id(plot, domain),
            )
            for plot, content in pictures
        ),
        html=page(
            found,
            desk.policy.operator.name,
            draw=lambda plot: picture(plot, f"cid:{_content_id(plot, domain)}"),
        ),
    )
    return apply(connection, decision, occasion).letters


def _content_id(plot: Plot, domain: str) -> str:
    return f"plot-{plot.bars.name}@{domain}"


def due_since(policy: Policy, now: datetime) -> datetime | None:
    """When the report of this week became due: the first opening on or after the chosen day."""
    if policy.report.weekday == "off":
        return None
    calendar = policy.calendar
    today = calendar.day_of(now)
    back = (today.weekday() - WEEKDAYS.index(policy.report.weekday)) % 7
    due_at = calendar.start(calendar.instant(today - back * DAY, 0))
    return due_at if due_at <= now < due_at + LATE_MAX else None


class Reporter:
    """The loop that sends the weekly report; on several nodes the first one does."""

    def __init__(self, transactions: Transactions, desk: Desk, spool: Spool) -> None:
        self._transactions = transactions
        self._desk = desk
        self._spool = spool
        self._stopping = asyncio.Event()
        self._sent: datetime | None = None

    def stop(self) -> None:
        """Send no more."""
        self._stopping.set()

    async def run(self) -> None:
        """Look every minute until told to stop; where no day is chosen there is nothing to do."""
        while not self._stopping.is_set():
            await self.send_due()
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._stopping.wait()
            except TimeoutError:
                pass

    async def send_due(self) -> int:
        """Send the report where it is due and nobody has; returns how many letters that were."""
        due_at = due_since(self._desk.policy, self._desk.clock())
        if due_at is None or due_at == self._sent:
            return 0
        asked = self._transactions(lambda c: self._step(c, due_at))
        (letters,) = await asyncio.gather(asked, return_exceptions=True)
        if isinstance(letters, BaseException):
            # Whatever it is, the desk goes on, and the next look tries again.
            event = "database_down" if isinstance(letters, OUT_OF_REACH) else "report_failed"
            journal.warn(event, loop="report", error=type(letters).__name__)
            return 0
        self._sent = due_at
        if letters:
            journal.note("report_sent", letters=letters)
        return letters

    def _step(self, connection: Connection, due_at: datetime) -> int:
        event = f"report:{due_at.isoformat()}"
        if has_event(connection, event):
            return 0
        last = self._desk.policy.calendar.day_of(due_at) - DAY
        found = count(connection, self._desk, self._spool, (last - 6 * DAY, last))
        return send(connection, self._desk, found, event=event)
