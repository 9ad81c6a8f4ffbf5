"""What a token proves, and what it does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.desk.token import Keys, Purpose

OLD, NEW = b"old secret of sixteen", b"new secret of sixteen"
ANN = "ann@acme.example"


def test_a_token_leads_back_to_its_ticket_and_recipient() -> None:
    keys = Keys(NEW)

    token = keys.read(keys.make(Purpose.REPLY, "1001", ANN))

    assert token is not None
    assert (token.purpose, token.ticket) == (Purpose.REPLY, 1001)
    assert keys.is_for(token, "Ann@ACME.example")
    assert not keys.is_for(token, "bob@acme.example")


def test_a_token_survives_servers_that_fold_case() -> None:
    keys = Keys(NEW)

    assert keys.read(keys.make(Purpose.STAFF, "7", ANN).upper()) is not None


def test_tokens_of_the_previous_key_stay_valid() -> None:
    text = Keys(OLD).make(Purpose.REPLY, "1001", ANN)

    token = Keys(NEW, OLD).read(text)

    assert token is not None
    assert Keys(NEW, OLD).is_for(token, ANN)
    assert Keys(NEW).read(text) is None


@given(st.integers(0, 60), st.sampled_from("abcdefghijklmnopqrstuvwxyz234567-1"))
def test_a_changed_character_makes_a_token_worthless(position: int, char: str) -> None:
    keys = Keys(NEW)
    text = keys.make(Purpose.REPLY, "1001", ANN)
    position %= len(text)
    changed = text[:position] + char + text[position + 1 :]

    assert changed == text or keys.read(changed) is None


@given(st.text(max_size=80))
def test_any_other_text_is_no_token(text: str) -> None:
    assert Keys(NEW).read(text) is None


def test_an_address_with_a_token_fits_into_a_local_part() -> None:
    keys = Keys(NEW)
    longest = keys.make(Purpose.CHALLENGE, "99999999.12.1893456000", "a" * 60 + "@x.example")

    assert len(longest) <= 64


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="16 bytes"):
        Keys(b"short")


def test_keys_do_not_show_their_secrets() -> None:
    assert "secret" not in repr(Keys(NEW)).replace("secrets)", "")
