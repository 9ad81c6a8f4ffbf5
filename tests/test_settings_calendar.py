"""Calendars that cannot be meant are refused: key, what to write, and the line that is wrong."""

from pathlib import Path

import pytest
from desks import change, write_desk

from gateway.settings.load import load_settings
from gateway.settings.problems import WrongSettings

MON = 'mon = ["09:00-24:00"]'
ZONE = 'zone = "MSK-3MSD,M3.5.0,M10.5.0/3"'
SPECIAL = '# 2026-12-31 = ["09:00-15:00"]'
COUNTRY = '# holidays_country = "DE"'
FILE = '# holidays_file = "holidays.ics"'
EVENT = "BEGIN:VCALENDAR\nBEGIN:VEVENT\nDTSTART;VALUE=DATE:{}\nEND:VEVENT\nEND:VCALENDAR\n"


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        pytest.param(
            MON,
            'mon = ["09:00-12:00", "11:00-18:00"]',
            "calendar.week.mon: 09:00-12:00 and 11:00-18:00 overlap",
            id="overlapping periods",
        ),
        pytest.param(MON, 'mon = ["9-5"]', "calendar.week.mon: '9-5' is no period", id="no period"),
        pytest.param(
            MON,
            'mon = ["09:00-24:30"]',
            "calendar.week.mon: '09:00-24:30': 24:30",
            id="after 24:00",
        ),
        pytest.param(MON, "monday = []", "calendar.week.monday: unknown day", id="unknown day"),
        pytest.param(
            ZONE,
            'zone = "Europe/Berln"',
            "calendar.zone: unknown time zone 'Europe/Berln' (did you mean 'Europe/Berlin'?)",
            id="an unknown zone",
        ),
        pytest.param(
            ZONE,
            'zone = "MSK-3MSD,M3.9.0,M10.5.0/3"',
            "calendar.zone: cannot read the POSIX time zone rule",
            id="a rule with a ninth week",
        ),
        pytest.param(
            "holidays = []",
            'holidays = ["2027-02-29"]',
            "calendar.holidays.[0]: must be a date that exists",
            id="a holiday that does not exist",
        ),
        pytest.param(
            SPECIAL,
            '2026-02-30 = ["09:00-15:00"]',
            "calendar.special_days.2026-02-30: must be a date that exists",
            id="a special day that does not exist",
        ),
        pytest.param(
            SPECIAL,
            '2026-12-31 = ["22:00-02:00"]',
            "calendar.special_days.2026-12-31: '22:00-02:00' runs over midnight",
            id="a special day over midnight",
        ),
        pytest.param(
            COUNTRY,
            'holidays_country = "Germany"',
            "calendar.holidays_country: no holidays are known for 'Germany'",
            id="a country by its name",
        ),
        pytest.param(
            COUNTRY,
            'holidays_country = "DE"\nholidays_subdivision = "XX"',
            "calendar.holidays_subdivision: DE has no part 'XX'",
            id="a part that does not exist",
        ),
        pytest.param(
            FILE,
            'holidays_file = "nowhere.ics"',
            "calendar.holidays_file: nowhere.ics: No such file",
            id="a file that is not there",
        ),
    ],
)
def test_a_wrong_calendar_is_refused_with_its_line(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    path = write_desk(tmp_path)
    policy = tmp_path / "policy.toml"
    change(policy, old, new)
    lines = policy.read_text(encoding="utf-8").splitlines()
    line = max(n for n, text in enumerate(lines, start=1) if text in new.splitlines())

    with pytest.raises(WrongSettings) as caught:
        load_settings(path, {})

    (problem,) = caught.value.problems
    assert problem.startswith(f"policy.toml: {words}")
    assert problem.endswith(f"(line {line})")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        pytest.param(EVENT.format("20270230"), "line 3: ", id="a date that does not exist"),
        pytest.param(EVENT.format("20270220\nRRULE:FREQ=NEVER"), "line 4: RRULE", id="a rule"),
        pytest.param("Holidays: none\n", "line 1: ", id="no calendar at all"),
        pytest.param(EVENT.format("20270220")[:-15], "no end", id="half a file"),
    ],
)
def test_a_wrong_calendar_file_is_refused_with_its_line(
    tmp_path: Path, content: str, words: str
) -> None:
    path = write_desk(tmp_path)
    change(tmp_path / "policy.toml", FILE, 'holidays_file = "holidays.ics"')
    (tmp_path / "holidays.ics").write_text(content, encoding="utf-8")

    with pytest.raises(WrongSettings) as caught:
        load_settings(path, {})

    (problem,) = caught.value.problems
    assert problem.startswith("policy.toml: calendar.holidays_file: holidays.ics: ")
    assert words in problem


def test_a_week_without_hours_is_refused(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    policy = tmp_path / "policy.toml"
    text = policy.read_text(encoding="utf-8")
    closed = text.replace('["09:00-24:00"]', "[]").replace('["10:00-18:00"]', "[]")
    policy.write_text(closed, encoding="utf-8")

    with pytest.raises(WrongSettings, match="the week has no open hours"):
        load_settings(path, {})


def test_holidays_that_leave_no_hour_are_refused_and_do_not_hang(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(tmp_path / "policy.toml", FILE, 'holidays_file = "holidays.ics"')
    every_day = EVENT.format("20200101\nRRULE:FREQ=DAILY")
    (tmp_path / "holidays.ics").write_text(every_day, encoding="utf-8")

    with pytest.raises(WrongSettings, match="no working day in"):
        load_settings(path, {})
