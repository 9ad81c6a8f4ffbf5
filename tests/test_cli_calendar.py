"""`gateway calendar`: shows, explains and checks working time, for people and for programs."""

from pathlib import Path

import pytest
from acting.operator import run_gateway
from desks import change, write_desk

ICAL = """BEGIN:VCALENDAR
BEGIN:VEVENT
DTSTART;VALUE=DATE:20200706
RRULE:FREQ=YEARLY
SUMMARY:Founders' day
END:VEVENT
BEGIN:VEVENT
DTSTART:20260707T100000Z
DTEND:20260707T110000Z
SUMMARY:Meeting
END:VEVENT
END:VCALENDAR
"""


@pytest.fixture
def desk(tmp_path: Path) -> Path:
    """A desk with holidays from everywhere and a day of its own."""
    path = write_desk(tmp_path)
    policy = tmp_path / "policy.toml"
    change(policy, "holidays = []", 'holidays = ["2026-07-08"]')
    change(policy, '# holidays_country = "DE"', 'holidays_country = "DE"')
    change(policy, '# holidays_file = "holidays.ics"', 'holidays_file = "holidays.ics"')
    change(policy, "# 2026-12-31 =", "2026-12-31 =")
    (tmp_path / "holidays.ics").write_text(ICAL, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("at", "wanted"),
    [
        pytest.param("2026-07-06", "Mon 2026-07-06  closed", id="from a file, every year"),
        pytest.param("2026-07-07", "Tue 2026-07-07  09:00-24:00", id="an appointment"),
        pytest.param("2026-07-08", "Wed 2026-07-08  closed", id="a date of our own"),
        pytest.param("2026-12-25", "Fri 2026-12-25  closed", id="of the country"),
        pytest.param("2026-12-31", "Thu 2026-12-31  09:00-15:00", id="a special day"),
    ],
)
def test_show_prints_each_day_and_why_it_is_different(desk: Path, at: str, wanted: str) -> None:
    ran = run_gateway("calendar", "show", "--days", "1", "--at", at, config=desk)

    assert ran.output.startswith(wanted)
    reasons = {
        "2026-07-06": "Founders' day",
        "2026-12-25": "Christmas Day",
        "2026-12-31": "special day",
    }
    assert reasons.get(at, "") in ran.output


def test_show_names_the_day_on_which_the_clock_changes(desk: Path) -> None:
    ran = run_gateway("calendar", "show", "--days", "1", "--at", "2026-03-29", config=desk)

    assert "the clock changes from UTC+3 to UTC+4" in ran.output


def test_due_explains_itself_step_by_step(desk: Path) -> None:
    ran = run_gateway("calendar", "due", "--at", "2026-07-07T23:40", config=desk)

    lines = dict(line.split(":", 1) for line in ran.output.splitlines())
    assert lines["received"].strip() == "Tue 2026-07-07 23:40 (UTC+4), 2026-07-07T19:40Z"
    # The Wednesday is a holiday.
    assert "Thu 2026-07-09 23:40" in lines["due"]
    assert "overdue" in lines


def test_due_says_the_same_to_programs(desk: Path) -> None:
    words = ("calendar", "due", "--json", "--hotrush", "--at")
    ran = run_gateway(*words, "2026-07-12T20:00", config=desk).json()
    same = run_gateway(*words, "2026-07-12T16:00Z", config=desk).json()

    assert ran["first_response_due"] == "2026-07-13T06:00:00Z"
    assert ran["warn_at"] == "2026-07-13T05:30:00Z"
    assert ran["escalate_1_at"] == "2026-07-13T06:00:00Z"
    assert ran["escalate_2_at"] == "2026-07-13T06:30:00Z"
    assert ran["level"] == "hotrush"
    assert {key: ran[key] for key in ran if key != "overdue_by"} == {
        key: same[key] for key in same if key != "overdue_by"
    }


@pytest.mark.parametrize(
    "at", ["2026-02-30T10:00", "yesterday", "0001-01-01", "9999-12-31", "25:00"]
)
def test_a_time_that_cannot_be_meant_is_refused(desk: Path, at: str) -> None:
    for command in ("due", "show"):
        ran = run_gateway("calendar", command, "--at", at, config=desk)

        assert ran.code == 2
        assert at in ran.errors


def test_check_says_what_may_surprise(desk: Path) -> None:
    ran = run_gateway("calendar", "check", config=desk)

    assert ran.code == 0
    assert "1 events with times of day are no holidays and were left out" in ran.output
    assert "clock changes" in ran.output


def test_check_names_what_is_wrong_and_ends_with_78(desk: Path) -> None:
    change(desk.parent / "policy.toml", 'mon = ["09:00-24:00"]', 'mon = ["09:00-25:00"]')

    ran = run_gateway("calendar", "check", config=desk)
    to_programs = run_gateway("calendar", "check", "--json", config=desk)

    assert ran.code == to_programs.code == 78
    (problem,) = ran.errors.splitlines()
    assert problem.startswith("policy.toml: calendar.week.mon: ")
    assert to_programs.json() == {"ok": False, "problems": [problem]}


def test_help_teaches_with_commands_that_work(desk: Path) -> None:
    helped = run_gateway("calendar", "--help")
    examples = [line.split()[1:] for line in helped.output.splitlines() if "  gateway " in line]

    assert len(examples) >= 4
    assert {run_gateway(*words, config=desk).code for words in examples} == {0}
