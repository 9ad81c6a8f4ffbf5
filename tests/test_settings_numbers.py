"""Numbers and names of the policy that cannot be meant are refused in one line each."""

import pytest
from desk_builders import a_policy

from gateway.desk.policy import (
    Credits,
    HotRushRules,
    MailRules,
    Operator,
    Options,
    SplitRules,
)
from gateway.settings.numbers import check_numbers


def test_the_policy_as_it_comes_has_no_problem() -> None:
    assert list(check_numbers(a_policy())) == []


@pytest.mark.parametrize(
    ("options", "key"),
    [
        pytest.param(Options(credits=Credits(prices={1: 0})), "credits.prices.1", id="for nothing"),
        pytest.param(Options(credits=Credits(prices={1: -5})), "credits.prices.1", id="negative"),
        pytest.param(Options(credits=Credits(prices={})), "credits.prices", id="no category"),
        pytest.param(Options(credits=Credits(packages={0: 100})), "credits.packages.0", id="size"),
        pytest.param(Options(credits=Credits(packages={9: 0})), "credits.packages.9", id="cents"),
        pytest.param(Options(credits=Credits(overdraft=-5)), "credits.overdraft", id="overdraft"),
        pytest.param(
            Options(credits=Credits(website_grant=-40)), "credits.website_grant", id="a grant"
        ),
        pytest.param(Options(credits=Credits(low_balance=-3)), "credits.low_balance", id="low"),
        pytest.param(Options(credits=Credits(currency="XYZZY")), "credits.currency", id="currency"),
        pytest.param(
            Options(hotrush=HotRushRules(multiplier=0)), "hotrush.multiplier", id="multiplier"
        ),
        pytest.param(
            Options(hotrush=HotRushRules(departments=("suport",))),
            "hotrush.departments",
            id="a department nobody has",
        ),
        pytest.param(
            Options(split=SplitRules(similarity_below=7)), "split.similarity_below", id="a share"
        ),
        pytest.param(Options(mail=MailRules(ticket_prefix="[")), "mail.ticket_prefix", id="prefix"),
        pytest.param(Options(operator=Operator(colour="blue")), "operator.colour", id="colour"),
    ],
)
def test_what_cannot_be_meant_is_named(options: Options, key: str) -> None:
    (problem,) = check_numbers(options)

    assert problem.startswith(f"{key}: ")
