"""Calendars that tests share: the desk's own, and awkward ones in other zones."""

from datetime import date

from gateway.worktime.hours import Calendar
from gateway.worktime.timetable import read_week
from gateway.worktime.zone import zone

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
WEEK = {day: ["10:00-18:00"] if day in DAYS[5:] else ["09:00-24:00"] for day in DAYS}
ALWAYS = {day: ["00:00-24:00"] for day in DAYS}
SHIFTS = {
    "mon": ["09:00-12:30", "13:30-18:00"],
    "tue": ["22:00-06:00"],
    "thu": ["00:00-24:00"],
    "fri": ["08:00-09:00", "09:00-10:00", "17:00-24:00"],
    "sun": ["01:00-04:00"],
}
ZONES = (
    "MSK-3MSD,M3.5.0,M10.5.0/3",
    "Europe/Berlin",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Havana",
)


def calendar(
    week: dict[str, list[str]] = WEEK,
    name: str = ZONES[0],
    holidays: tuple[date, ...] = (),
    special_days: dict[date, tuple[tuple[int, int], ...]] | None = None,
) -> Calendar:
    """A calendar; the desk's own unless said otherwise."""
    return Calendar(
        zone=zone(name),
        week=read_week(week),
        holidays=dict.fromkeys(holidays, "holiday"),
        special_days=special_days or {},
    )
