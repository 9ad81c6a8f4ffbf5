"""Figures of the desk: what counts, on which day, and that columns add up."""

from datetime import UTC, date, datetime, timedelta

import pytest
from calendars import calendar
from hypothesis import given
from hypothesis import strategies as st

from gateway.desk.figures import NAMES, Counted, Figures, figures
from gateway.desk.history import EntryPast, History, PromisePast, TicketPast
from gateway.desk.model import ClockKind
from gateway.ledger.entry import Kind

MONDAY = date(2026, 7, 6)
BERLIN = calendar(name="Europe/Berlin")
NOON = datetime(2026, 7, 8, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def count(history: History, first: date = MONDAY, days: int = 14) -> Figures:
    last = first + timedelta(days=days - 1)
    return figures(history, BERLIN, first=first, last=last, now=NOON)


def promise(**changes: object) -> PromisePast:
    values = {"ticket": 1, "kind": ClockKind.FIRST_RESPONSE, "due_at": NOON, "urgent": False}
    return PromisePast(**{**values, **changes})


@pytest.mark.parametrize(
    ("one", "kept", "missed"),
    [
        pytest.param(promise(stopped_at=NOON, met=True), 1, 0, id="answered in the last moment"),
        pytest.param(promise(stopped_at=NOON + HOUR, met=True), 0, 1, id="answered late"),
        pytest.param(promise(stopped_at=NOON - HOUR, met=False), 0, 0, id="dropped in time"),
        pytest.param(promise(stopped_at=NOON + HOUR, met=False), 0, 1, id="dropped late"),
        pytest.param(promise(due_at=NOON - HOUR), 0, 1, id="still unanswered and late"),
        pytest.param(promise(due_at=NOON + HOUR), 0, 0, id="still in time"),
        pytest.param(
            promise(kind=ClockKind.ANSWER, stopped_at=NOON, met=True), 0, 0, id="a later promise"
        ),
    ],
)
def test_a_promise_counts_once_it_is_decided(one: PromisePast, kept: int, missed: int) -> None:
    found = count(History(promises=(one,)))

    assert (found.total.kept, found.total.missed) == (kept, missed)
    assert (found.days[2].kept, found.days[2].missed) == (kept, missed)


@pytest.mark.parametrize(
    ("one", "day", "name"),
    [
        pytest.param(promise(stopped_at=NOON - DAY, met=True), 1, "kept", id="kept the day before"),
        pytest.param(
            promise(due_at=NOON + DAY, stopped_at=NOON, met=True), 2, "kept", id="due tomorrow"
        ),
        pytest.param(
            promise(due_at=NOON - DAY, stopped_at=NOON, met=True), 1, "missed", id="answered late"
        ),
    ],
)
def test_a_promise_counts_on_the_day_that_decided_it(one: PromisePast, day: int, name: str) -> None:
    found = count(History(promises=(one,)))

    assert [getattr(each, name) for each in found.days[:4]].index(1) == day
    assert found.total.kept + found.total.missed == 1


def test_hotrush_promises_have_columns_of_their_own() -> None:
    found = count(History(promises=(promise(urgent=True, stopped_at=NOON, met=True),)))

    assert (found.total.hotrush_kept, found.total.kept) == (1, 0)
    assert found.total.hotrush_share == 1
    assert found.total.kept_share is None


def test_entries_of_the_book_are_told_apart_by_kind() -> None:
    amounts = {
        Kind.PURCHASE: (50, 0),
        Kind.GRANT: (40, 0),
        Kind.HOLD: (0, 20),
        Kind.CHARGE: (-20, -20),
        Kind.REFUND: (10, 0),
        Kind.RELEASE: (0, -5),
        Kind.ADJUST: (-3, 0),
    }
    entries = tuple(
        EntryPast(account="acme", kind=kind, amount=amount, held=held, at=NOON)
        for kind, (amount, held) in amounts.items()
    )

    found = count(History(entries=entries))

    total = found.total
    assert (total.sold, total.granted, total.held) == (50, 40, 20)
    assert (total.charged, total.returned) == (20, 10)
    (account,) = found.accounts
    assert (account.charged, account.returned, account.sold) == (20, 10, 50)
    assert account.opened == 0


def test_a_split_is_undone_by_merging_it_back_and_a_follow_up_is_no_split() -> None:
    split = TicketPast(number=2, account="a", received_at=NOON, parent=1, is_split=True)
    undone = TicketPast(
        number=3,
        account="a",
        received_at=NOON,
        closed_at=NOON,
        parent=1,
        merged_into=1,
        is_split=True,
    )
    follow_up = TicketPast(number=4, account="a", received_at=NOON, parent=1)

    found = count(History(tickets=(split, undone, follow_up)))

    assert (found.total.opened, found.total.closed) == (3, 1)
    assert (found.total.splits, found.total.undone) == (2, 1)


def test_days_are_the_desks_own() -> None:
    before_midnight = datetime(2026, 7, 6, 21, 59, tzinfo=UTC)
    after_midnight = datetime(2026, 7, 6, 22, 1, tzinfo=UTC)

    found = count(History(mails_at=(before_midnight, after_midnight)))

    assert [one.mails for one in found.days[:2]] == [1, 1]


def test_hours_to_the_first_response_are_working_hours() -> None:
    evening = datetime(2026, 7, 6, 21, tzinfo=UTC)
    answered = TicketPast(
        number=1, account="a", received_at=evening, first_response_at=evening + 11 * HOUR
    )

    found = count(History(tickets=(answered,)))

    assert dict(found.hours)[2] == 1
    assert sum(number for _, number in found.hours) == 1


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    with pytest.raises(ValueError, match="ends on or after"):
        figures(History(), BERLIN, first=MONDAY, last=MONDAY - DAY, now=NOON)


instants = st.integers(-10_000, 30_000).map(lambda minutes: NOON + timedelta(minutes=minutes))


@given(st.lists(instants), st.lists(instants), st.lists(instants))
def test_days_and_weeks_add_up_to_the_total(
    mails: list[datetime], parked: list[datetime], tickets: list[datetime]
) -> None:
    history = History(
        mails_at=tuple(mails),
        parked_at=tuple(parked),
        tickets=tuple(
            TicketPast(number=number, account=f"a{number % 3}", received_at=at, closed_at=at + HOUR)
            for number, at in enumerate(tickets)
        ),
    )

    found = count(history)

    for name in NAMES:
        for parts in (found.days, found.weeks):
            assert sum(getattr(one, name) for one in parts) == getattr(found.total, name)
    assert all(isinstance(one, Counted) and one.day.weekday() == 0 for one in found.weeks)
