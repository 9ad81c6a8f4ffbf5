"""Letters to staff say what a plain reply does, and it is what the rules then do."""

from dataclasses import replace

import pytest
from letter_desk import KEYS, shipped_policy, written

from gateway.desk.model import Ticket
from gateway.desk.policy import EngineerRules, Policy
from gateway.letters.sample import ANSWERED, ASKED, CLOSED, ELSEWHERE, NEW, RESERVED
from gateway.letters.sample_all import SAMPLES
from gateway.letters.shelf import Shelf
from gateway.letters.writer import Writer
from gateway.settings.places import built_in

TO_CUSTOMER = "Your reply goes to the customer"
STAYS = "Your reply stays inside"
COMES_BACK = "Your reply comes back to you"
LETTERS = (
    *("engineer_assigned", "engineer_customer_reply", "engineer_sla_warning"),
    *("engineer_escalation", "engineer_info-status", "engineer_info-history"),
    *("engineer_status_changed-reopened", "engineer_hotrush_changed", "engineer_declined"),
)


def policy_with(**options: object) -> Policy:
    shipped = shipped_policy()
    return replace(shipped, engineer=replace(shipped.engineer, **options))  # type: ignore[arg-type] # a table of options


def said(name: str, ticket: Ticket, policy: Policy) -> str:
    """The words of a letter about a ticket, on one line."""
    (sample,) = (one for one in SAMPLES[name.partition("-")[0]] if one.name == name)
    sample = replace(sample, letter=replace(sample.letter, ticket=ticket))
    writer = Writer(Shelf(built_in("templates")), policy, KEYS)
    return " ".join(written(sample, writer=writer).text.split())


@pytest.mark.parametrize("name", LETTERS)
@pytest.mark.parametrize(
    ("ticket", "options", "sentence"),
    [
        pytest.param(RESERVED, {}, TO_CUSTOMER, id="agreed and covered"),
        pytest.param(ANSWERED, {}, TO_CUSTOMER, id="answered before"),
        pytest.param(ELSEWHERE, {}, TO_CUSTOMER, id="another department"),
        pytest.param(NEW, {}, COMES_BACK, id="no price yet"),
        pytest.param(ASKED, {}, COMES_BACK, id="the customer is asked"),
        pytest.param(CLOSED, {}, COMES_BACK, id="closed"),
        pytest.param(NEW, {"require_price": False}, TO_CUSTOMER, id="answers need no price"),
        pytest.param(RESERVED, {"default_action": "note"}, STAYS, id="texts are notes"),
        pytest.param(NEW, {"default_action": "note"}, STAYS, id="texts are notes, no price"),
    ],
)
def test_a_letter_says_what_a_plain_reply_does(
    name: str, ticket: Ticket, options: dict[str, object], sentence: str
) -> None:
    text = said(name, ticket, policy_with(**options))

    assert [one for one in (TO_CUSTOMER, STAYS, COMES_BACK) if one in text] == [sentence]


@pytest.mark.parametrize("name", ["engineer_new_ticket", "engineer_hotrush_alert"])
def test_a_new_ticket_promises_no_answer_where_texts_are_notes(name: str) -> None:
    text = said(name, NEW, policy_with(default_action="note"))

    assert STAYS in text
    assert "comes back" not in text


def test_a_new_ticket_that_needs_no_price_is_answered_at_once() -> None:
    text = said("engineer_new_ticket", NEW, policy_with(require_price=False))

    assert TO_CUSTOMER in text
    assert "comes back" not in text


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        pytest.param({}, "goes to the customer as an answer", id="as shipped"),
        pytest.param({"default_action": "note"}, "stays inside as a note", id="texts are notes"),
    ],
)
def test_the_list_of_commands_says_it_too(options: dict[str, object], sentence: str) -> None:
    assert sentence in said("engineer_info-help", NEW, policy_with(**options))


def test_the_shipped_policy_answers_with_a_text() -> None:
    assert shipped_policy().engineer == EngineerRules()
