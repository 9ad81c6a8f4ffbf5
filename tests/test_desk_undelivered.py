"""Who hears of a letter that failed for good: a decision on values, without anything running."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.desk.decision import Audience, SendLetter
from gateway.desk.model import Status, Ticket
from gateway.desk.pause import Pause, PauseLetters
from gateway.desk.policy import Policy
from gateway.desk.undelivered import FailedLetter, report_failure
from gateway.settings.load import load_settings

AT = datetime(2026, 7, 8, 8, tzinfo=UTC)
TICKET = Ticket(
    number=1001,
    account="newco",
    subject="Tax",
    department="support",
    requester="kim@newco.example",
    received_at=AT,
)
FAILED = FailedLetter(
    row=7,
    tries=2,
    letter="answer",
    to="kim@newco.example",
    audience=Audience.CUSTOMER,
    reason="550 no such user",
)


@pytest.fixture(scope="module")
def policy() -> Policy:
    return load_settings(Path(__file__).parent.parent / "config" / "gateway.toml", {}).policy


def letters(policy: Policy, failed: FailedLetter, ticket: Ticket | None) -> list[SendLetter]:
    decision = report_failure(policy, AT, failed, ticket)
    return [change for change in decision.changes if isinstance(change, SendLetter)]


def test_the_assignee_hears_of_a_letter_to_his_customer(policy: Policy) -> None:
    taken = replace(TICKET, assignee="eva@desk.example", status=Status.IN_PROGRESS)

    (told,) = letters(policy, FAILED, taken)

    assert (told.letter, told.to) == ("engineer_delivery_failed", "eva@desk.example")
    assert told.values == {
        "which": "answer",
        "address": "kim@newco.example",
        "reason": "550 no such user",
        "until": None,
    }


def test_without_an_assignee_the_dispatchers_hear_of_it(policy: Policy) -> None:
    told = letters(policy, FAILED, TICKET)

    assert tuple(one.to for one in told) == policy.staff.dispatchers_of("support")
    assert {one.letter for one in told} == {"engineer_delivery_failed"}


@pytest.mark.parametrize(
    ("audience", "ticket", "what"),
    [
        pytest.param(Audience.CUSTOMER, None, "undelivered", id="a letter about no ticket"),
        pytest.param(Audience.STAFF, TICKET, "staff_bounce", id="staff"),
    ],
)
def test_who_runs_the_desk_hears_of_the_rest(
    policy: Policy, audience: Audience, ticket: Ticket | None, what: str
) -> None:
    told = letters(policy, replace(FAILED, audience=audience), ticket)

    assert tuple(one.to for one in told) == policy.staff.operator
    assert {(one.letter, one.values["what"]) for one in told} == {("operator_alert", what)}


def test_a_letter_to_the_operator_tells_nobody(policy: Policy) -> None:
    to_list = replace(FAILED, audience=Audience.OPERATOR)
    to_him = replace(FAILED, audience=Audience.STAFF, to=policy.staff.operator[0])

    assert letters(policy, to_list, None) == letters(policy, to_him, TICKET) == []


def test_every_failure_has_a_name_of_its_own(policy: Policy) -> None:
    first = report_failure(policy, AT, FAILED, TICKET).event
    again = report_failure(policy, AT, FAILED, TICKET).event
    after_retry = report_failure(policy, AT, replace(FAILED, tries=5), TICKET).event

    assert first == again != after_retry


def test_an_address_refused_on_three_days_is_paused(policy: Policy) -> None:
    earlier: Pause | None = None
    paused = []
    for hours in (0, 1, 24, 48):
        failed = replace(FAILED, refuses_recipient=True, earlier=earlier)
        changes = report_failure(policy, AT + timedelta(hours=hours), failed, TICKET).changes
        (strike,) = [one for one in changes if isinstance(one, PauseLetters)]
        earlier = Pause(
            scope=strike.scope,
            key=strike.key,
            since=strike.since,
            until=strike.until,
            reason=strike.reason,
            strikes=strike.strikes,
        )
        paused.append((strike.strikes, strike.until > strike.since))

    assert paused == [(1, False), (1, False), (2, False), (3, True)]


def test_a_list_of_staff_is_never_paused(policy: Policy) -> None:
    failed = replace(FAILED, audience=Audience.STAFF, refuses_recipient=True, reason="550 5.1.1 no")

    changes = report_failure(policy, AT, failed, TICKET).changes

    assert not [one for one in changes if isinstance(one, PauseLetters)]
