"""The table of budgets: which letters fit, what is silent after one that does not, until when."""

from collections.abc import Iterable
from datetime import datetime, timedelta

import pytest
from desk_builders import a_policy, utc

from gateway.desk.budget import keep_within
from gateway.desk.clues import Clues
from gateway.desk.decision import Audience, Decision, Disposition, SendLetter
from gateway.desk.facts import Facts, LetterSent, Spent
from gateway.desk.model import Ticket
from gateway.desk.pause import PauseLetters
from gateway.desk.policy import BudgetRules

NOW = utc("2026-07-08T08:00")
KIM = "kim@newco.example"
FREE = dict.fromkeys(
    (
        *("address_hour", "address_day", "stranger_hour", "stranger_day", "challenges_day"),
        *("ticket_burst", "ticket_hour", "ticket_day", "domain_hour", "desk_hour", "desk_exempt"),
    ),
    0,
)


def sent(*minutes: int, letter: str = "ticket_received", ticket: int = 7) -> tuple[LetterSent, ...]:
    """Letters to Kim, so many minutes ago."""
    return tuple(LetterSent(letter, KIM, ticket, NOW - timedelta(minutes=one)) for one in minutes)


def outcome(spent: Spent, limits: dict[str, int], letter: str, to: str) -> Iterable[object]:
    """What becomes of one letter."""
    ticket = Ticket(
        number=7, account=KIM, requester=KIM, department="support", subject="Tax", received_at=NOW
    )
    change = SendLetter(
        letter=letter,
        to=to,
        audience=Audience.CUSTOMER,
        thread="mail",
        automatic="auto-replied",
        ticket=ticket,
    )
    decision = Decision(disposition=Disposition.REQUEST, changes=(change,))
    policy = a_policy(budget=BudgetRules(**(FREE | limits)))  # type: ignore[arg-type]  # numbers
    return keep_within(decision, Facts(clues=Clues(sender=KIM), spent=spent), policy, NOW).changes


def at(minutes: int) -> datetime:
    return NOW + timedelta(minutes=minutes)


DESK_FULL = Spent(domain_hour=9, desk_hour=9, letters=sent(*range(1, 10)))
HOUR_AGO = Spent(letters=sent(60, 10, 5))


@pytest.mark.parametrize(
    ("spent", "limits", "letter", "pause"),
    [
        pytest.param(DESK_FULL, {}, "ticket_received", None, id="no limits"),
        pytest.param(HOUR_AGO, {"stranger_hour": 3}, "ticket_received", None, id="an hour ago"),
        pytest.param(
            Spent(letters=sent(50, 40, 30, 20)),
            {"stranger_hour": 3},
            "ticket_received",
            ("writer", KIM, at(20)),
            id="more than the hour holds",
        ),
        pytest.param(
            Spent(letters=sent(50, 40)),
            {"stranger_day": 2},
            "ticket_received",
            ("writer", KIM, at(24 * 60 - 50)),
            id="the day",
        ),
        pytest.param(
            Spent(letters=sent(9, 8)),
            {"ticket_burst": 2},
            "ticket_received",
            ("ticket", "7", at(24 * 60)),
            id="the ticket",
        ),
        pytest.param(
            Spent(letters=sent(9, 8, ticket=6)),
            {"ticket_burst": 2},
            "ticket_received",
            None,
            id="another ticket",
        ),
        pytest.param(
            Spent(domain_hour=5),
            {"domain_hour": 5},
            "ticket_received",
            ("domain", "newco.example", at(60)),
            id="the domain",
        ),
        pytest.param(
            Spent(desk_hour=5), {"desk_hour": 5}, "ticket_received", ("desk", "", at(60)), id="all"
        ),
        pytest.param(
            Spent(desk_hour=5),
            {"desk_hour": 5, "desk_exempt": 1},
            "ticket_received",
            None,
            id="a receipt beside a full hour",
        ),
        pytest.param(
            Spent(desk_hour=5),
            {"desk_hour": 5, "desk_exempt": 1},
            "ticket_merged",
            ("desk", "", at(60)),
            id="a notice beside a full hour",
        ),
    ],
)
def test_a_spent_budget_is_a_pause_with_an_end(
    spent: Spent, limits: dict[str, int], letter: str, pause: tuple[str, str, datetime] | None
) -> None:
    changes = outcome(spent, limits, letter, KIM)

    pauses = [one for one in changes if isinstance(one, PauseLetters)]
    kept = [one for one in changes if isinstance(one, SendLetter) and one.letter == letter]
    assert [(one.scope, one.key, one.until) for one in pauses] == ([pause] if pause else [])
    assert bool(kept) is (pause is None)


def test_too_many_challenges_silence_no_other_letter() -> None:
    spent = Spent(letters=sent(3, 2, letter="confirm_challenge"))

    assert outcome(spent, {"challenges_day": 2}, "confirm_challenge", KIM) == ()


def test_a_full_domain_is_the_senders_own() -> None:
    changes = outcome(Spent(domain_hour=5), {"domain_hour": 5}, "ticket_received", "a@b.example")

    assert [type(one) for one in changes] == [SendLetter]
