"""Time zones by IANA name or by POSIX rule, for places whose clocks no zone database knows.

A rule is the TZ string of POSIX (IEEE 1003.1 chapter 8.3), such as `MSK-3MSD,M3.5.0,M10.5.0/3`:
standard name, hours *west* of Greenwich, summer name, and the days on which summer begins and ends.
`MSK-3` is therefore three hours *ahead* of UTC. Such a zone cannot be pickled, so it never
travels into a job or a worker (policy 4.8).
"""

import io
import struct
from datetime import UTC, datetime, timedelta, tzinfo
from difflib import get_close_matches
from functools import cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones


class UnknownZone(ValueError):
    """Neither an IANA name nor a POSIX rule; the text says what to write instead."""


@cache
def zone(name: str) -> tzinfo:
    """The zone of an IANA name (`Europe/Berlin`) or of a POSIX rule (rule H9).

    Raises `UnknownZone` for anything else.
    """
    if any(char in name for char in ",<") or _looks_like_rule(name):
        return _from_rule(name)
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise UnknownZone(
            f"unknown time zone {name!r}{_nearest(name)}: write an IANA name such as "
            "'Europe/Berlin' or a POSIX rule such as 'MSK-3MSD,M3.5.0,M10.5.0/3'"
        ) from error


def _nearest(name: str) -> str:
    """The known name most like a wrong one."""
    by_lower = {known.lower(): known for known in available_timezones()}
    wanted = name.strip().lower().replace(" ", "_")
    ends = [low for low in by_lower if wanted and low.rpartition("/")[2] == wanted]
    near = ends or get_close_matches(wanted, by_lower, n=1)
    return f" (did you mean {by_lower[near[0]]!r}?)" if near else ""


def next_changes(of: tzinfo, after_at: datetime, count: int = 2) -> list[datetime]:
    """The next instants (UTC, to the second) at which the offset changes, within three years.

    For an operator to see a wrong sign in a rule before it costs a night.
    """
    changes: list[datetime] = []
    here = after_at.astimezone(UTC)
    end_at = here + timedelta(days=3 * 366)
    while here < end_at and len(changes) < count:
        there = here + timedelta(days=1)
        if _offset(of, here) != _offset(of, there):
            changes.append(change_between(of, here, there))
        here = there
    return changes


def change_between(of: tzinfo, before_at: datetime, after_at: datetime) -> datetime:
    """The first instant (UTC) with the offset of `after_at`; one change lies between the two."""
    low, high = before_at, after_at
    target = _offset(of, high)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=(high - low) // timedelta(seconds=2))
        if _offset(of, middle) == target:
            high = middle
        else:
            low = middle
    return high


def _offset(of: tzinfo, at: datetime) -> timedelta:
    return at.astimezone(of).utcoffset() or timedelta(0)


def _looks_like_rule(name: str) -> bool:
    """`EST5` and `MSK-3` are rules; `Etc/GMT-3` and `GMT` are names."""
    return (
        "/" not in name
        and name not in ("EST5EDT", "CST6CDT", "MST7MDT", "PST8PDT")
        and (any(char.isdigit() for char in name) and not name.startswith(("GMT", "UTC", "Etc")))
    )


def _from_rule(rule: str) -> tzinfo:
    """A zone that consists of nothing but the footer of a TZif file (RFC 9636 section 3.3)."""
    try:
        footer = b"\n" + rule.strip().encode("ascii") + b"\n"
        block = struct.pack(">4sc15x6l", b"TZif", b"2", 0, 0, 0, 0, 1, 4)
        block += struct.pack(">lbb", 0, 0, 0) + b"UTC\0"
        made = ZoneInfo.from_file(io.BytesIO(block + block + footer), key=rule)
        made.utcoffset(datetime(2026, 7, 1))  # noqa: DTZ001 - a wall clock time, to try the rule
    except (ValueError, OverflowError, struct.error) as error:
        raise UnknownZone(
            f"cannot read the POSIX time zone rule {rule!r}: write it like "
            "'MSK-3MSD,M3.5.0,M10.5.0/3' (hours west of Greenwich: -3 is three hours ahead of UTC)"
        ) from error
    return made
