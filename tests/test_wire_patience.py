"""How long we wait for a peer: shown on a clock of our own (attack A46, fault F34)."""

import pytest

from gateway.wire.patience import GRACE, Patience
from gateway.wire.rules import Rules

RULES = Rules(idle=60, session=1800, slowest=500)


def test_silence_ends_a_connection() -> None:
    patience = Patience(RULES, 0)

    assert patience.lost(60, octets=None, at_rest=True) == ""
    assert patience.lost(61, octets=None, at_rest=True) == "idle"


def test_a_command_winds_the_clock_up_again() -> None:
    patience = Patience(RULES, 0)

    patience.wind(59)

    assert patience.lost(118, octets=None, at_rest=True) == ""


def test_a_connection_lasts_so_long_and_a_mail_on_its_way_as_long_again() -> None:
    patience = Patience(RULES, 0)

    for now in range(0, 3600, 50):
        patience.wind(now)

    assert patience.lost(1801, octets=None, at_rest=True) == "session"
    assert patience.lost(3599, octets=None, at_rest=False) == ""
    assert patience.lost(3601, octets=None, at_rest=False) == "session"


@pytest.mark.parametrize(
    ("a_second", "end"),
    [
        pytest.param(0, "slow", id="nothing"),
        pytest.param(1, "slow", id="a drip"),
        pytest.param(499, "slow", id="just below"),
        pytest.param(500, "", id="slow but honest"),
    ],
)
def test_data_must_flow(a_second: int, end: str) -> None:
    patience = Patience(RULES, 0)
    patience.begin_data(0)

    reasons = [patience.lost(now, octets=a_second * now, at_rest=False) for now in range(120)]

    assert next(filter(None, reasons), "") == end
    assert not any(reasons[: int(GRACE)])


def test_where_slow_is_allowed_silence_is_not() -> None:
    patience = Patience(Rules(idle=60, slowest=0), 0)
    patience.begin_data(0)

    reasons = [patience.lost(now, octets=10, at_rest=False) for now in (0, 40, 60, 61)]

    assert reasons == ["", "", "", "data idle"]
