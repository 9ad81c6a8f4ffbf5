"""Staff calendars: who is away is skipped, somebody is always told."""

import pytest
from desk_builders import (
    BILL,
    DISPATCH,
    EVA,
    LEE,
    MIA,
    ONCALL,
    OPERATOR,
    a_draft,
    a_policy,
    a_staff,
    assigned,
)

from gateway.desk.people import Staff

JULY = ("2026-07-06", "2026-07-12")
EVERYBODY = dict.fromkeys((EVA, LEE, MIA, BILL), JULY)
NOON = "2026-07-08T08:00"


def told(staff: Staff, at: str = NOON, **values: object) -> tuple[str, ...]:
    policy = a_policy(staff)
    ticket = assigned(policy, **values)
    return a_draft(policy, at, ticket).on_the_ticket(ticket)


@pytest.mark.parametrize(
    ("staff", "wanted"),
    [
        pytest.param(a_staff(), (EVA,), id="here"),
        pytest.param(a_staff({EVA: JULY}), (ONCALL,), id="away, the duty list takes over"),
        pytest.param(a_staff({EVA: JULY}, duty=()), (DISPATCH,), id="no duty list"),
        pytest.param(
            a_staff({EVA: JULY}, duty=(EVA,), dispatchers={}), (LEE,), id="duty away: the lead"
        ),
        pytest.param(
            a_staff({EVA: JULY, LEE: JULY}, duty=(LEE, MIA)), (MIA,), id="half of the duty list"
        ),
        pytest.param(
            a_staff(EVERYBODY, duty=(LEE,), dispatchers={"support": (MIA,)}),
            (EVA,),
            id="everybody away: it goes where it would have gone",
        ),
        pytest.param(
            a_staff({EVA: JULY, LEE: JULY}, members={ONCALL: (EVA, LEE)}),
            (DISPATCH,),
            id="all readers of the duty list away",
        ),
        pytest.param(
            a_staff({EVA: JULY}, members={ONCALL: (EVA, LEE)}), (ONCALL,), id="one reader is here"
        ),
    ],
)
def test_letters_of_a_ticket_reach_somebody_who_is_here(
    staff: Staff, wanted: tuple[str, ...]
) -> None:
    assert told(staff) == wanted


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        pytest.param("2026-07-05T19:59", (EVA,), id="a minute before the first day, local time"),
        pytest.param("2026-07-05T20:00", (ONCALL,), id="the first day begins at local midnight"),
        pytest.param("2026-07-12T19:59", (ONCALL,), id="the last day counts"),
        pytest.param("2026-07-12T20:00", (EVA,), id="back"),
    ],
)
def test_an_absence_is_counted_in_days_of_the_desk(at: str, wanted: tuple[str, ...]) -> None:
    assert told(a_staff({EVA: JULY}), at) == wanted


def test_billing_that_is_away_is_stood_in_for_by_who_may_settle_orders() -> None:
    draft = a_draft(a_policy(a_staff({BILL: JULY})), NOON)

    assert draft.with_role("billing") == (LEE,)
    assert draft.with_role("lead") == (LEE,)


def test_an_answer_to_a_mail_goes_to_its_writer_even_on_leave() -> None:
    policy = a_policy(a_staff({EVA: JULY}))
    draft = a_draft(policy, NOON)

    draft.to_staff("engineer_info", (EVA,), None, thread="mail", topic="help", usages=())
    draft.to_staff("engineer_assigned", (EVA,), None, by="Lee", text="")

    assert [letter.to for letter in draft.changes] == [EVA, ONCALL]  # type: ignore[union-attr]  # letters


def test_an_operator_who_is_away_is_skipped_unless_alone() -> None:
    both = a_draft(a_policy(a_staff({EVA: JULY}, operator=(EVA, OPERATOR))), NOON)
    alone = a_draft(a_policy(a_staff({EVA: JULY}, operator=(EVA,))), NOON)

    for draft in (both, alone):
        draft.to_operator("operator_alert", what="x", reason="")

    assert [one.to for one in both.changes] == [OPERATOR]  # type: ignore[union-attr]  # letters
    assert [one.to for one in alone.changes] == [EVA]  # type: ignore[union-attr]  # letters
