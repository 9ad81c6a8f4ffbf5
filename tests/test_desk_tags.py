"""Tags in subjects, beyond the grammar cases."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.desk.model import ASK_FIRST, PRE_AGREED
from gateway.desk.tags import agreed_up_to, read_subject


@pytest.mark.parametrize(
    "prefix", ["Re: ", "AW: ", "Antw: ", "Fwd: Re: ", "Re[2]: ", "回复：", "Ответ: "]
)
def test_reply_prefixes_are_no_part_of_a_subject(prefix: str) -> None:
    tags = read_subject(f"{prefix}[T-1001] Tax")

    assert (tags.subject, tags.ticket, tags.is_reply) == ("Tax", 1001, True)


@pytest.mark.parametrize(
    ("subject", "payment"),
    [
        pytest.param("[Agree] [Ask first] x", ASK_FIRST, id="ask first wins"),
        pytest.param("[Agree] [Agree up to 5] x", agreed_up_to(5), id="the limit wins"),
        pytest.param("[agreed, max 7 credits] x", agreed_up_to(7), id="max"),
        pytest.param("[pre-agreed <= 7] x", agreed_up_to(7), id="<="),
        pytest.param("[Agreed] x", PRE_AGREED, id="agreed"),
        pytest.param("[Agree 5] x", None, id="a number without up to"),
        pytest.param("Agree up to 5: x", None, id="no brackets"),
    ],
)
def test_the_strictest_payment_tag_counts(subject: str, payment: object) -> None:
    assert read_subject(subject).payment == payment


def test_a_ticket_number_has_the_desks_own_prefix() -> None:
    assert read_subject("[AB-7] x", "AB-").ticket == 7
    assert read_subject("[T-7] x", "AB-").ticket is None


def test_a_huge_number_is_text() -> None:
    tags = read_subject("[Agree up to 99999999999999999999] [T-" + "9" * 5000 + "] x")

    assert tags.payment is None
    assert tags.ticket is None


@given(st.text(max_size=200))
def test_any_subject_can_be_read_and_reading_it_again_changes_nothing(subject: str) -> None:
    once = read_subject(subject).subject

    assert read_subject(once).subject == once
