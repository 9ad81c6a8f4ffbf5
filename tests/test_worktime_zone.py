"""Zones by name and by POSIX rule."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.worktime.zone import UnknownZone, next_changes, zone

DESK = "MSK-3MSD,M3.5.0,M10.5.0/3"


@pytest.mark.parametrize(
    ("name", "january", "july"),
    [
        pytest.param(DESK, 3, 4, id="the desk's own rule"),
        pytest.param("<GMT+3>-3<GMT+4>,M3.5.0/2,M10.5.0/3", 3, 4, id="names in brackets"),
        pytest.param("EST5", -5, -5, id="no summer time"),
        pytest.param("Europe/Berlin", 1, 2, id="an IANA name"),
        pytest.param("Etc/GMT-3", 3, 3, id="an IANA name that looks like a rule"),
        pytest.param("UTC", 0, 0, id="UTC"),
    ],
)
def test_a_zone_has_its_offsets(name: str, january: int, july: int) -> None:
    offsets = [
        datetime(2026, month, 15, tzinfo=UTC).astimezone(zone(name)).utcoffset() for month in (1, 7)
    ]

    assert offsets == [timedelta(hours=january), timedelta(hours=july)]


@pytest.mark.parametrize("name", ["", "rubbish", "Lord Howe", "Foo3,", "a\nb,", "../etc/passwd"])
def test_what_is_no_zone_is_refused_with_an_example(name: str) -> None:
    with pytest.raises(UnknownZone, match="MSK-3MSD"):
        zone(name)


def test_the_desks_clock_changes_on_saturday_2300_utc() -> None:
    changes = next_changes(zone(DESK), datetime(2026, 1, 1, tzinfo=UTC))

    assert changes == [
        datetime(2026, 3, 28, 23, tzinfo=UTC),
        datetime(2026, 10, 24, 23, tzinfo=UTC),
    ]


def test_a_rule_equals_the_name_whose_rule_it_is() -> None:
    rule, name = zone("CET-1CEST,M3.5.0,M10.5.0/3"), zone("Europe/Berlin")
    start = datetime(2020, 1, 1, tzinfo=UTC)
    instants = [start + timedelta(hours=half) / 2 for half in range(0, 2 * 24 * 366 * 2, 7)]

    assert all(
        at.astimezone(rule).utcoffset() == at.astimezone(name).utcoffset() for at in instants
    )
