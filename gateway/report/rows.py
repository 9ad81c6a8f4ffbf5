"""Figures as rows for programs: JSON objects and CSV lines with the same names."""

import csv
import io
from collections.abc import Mapping
from typing import Any, Final

from gateway.desk.figures import NAMES, Counted, Figures

COLUMNS: Final = ("day", *NAMES)


def row_of(one: Counted) -> dict[str, Any]:
    """One day, week or total."""
    return {name: getattr(one, name) for name in COLUMNS}


def as_object(found: Figures) -> Mapping[str, Any]:
    """The whole report as one JSON object."""
    return {
        "first": found.first,
        "last": found.last,
        "made_at": found.made_at,
        "total": {name: getattr(found.total, name) for name in NAMES},
        "open_now": found.open_now,
        "overdue_now": found.overdue_now,
        "held_now": found.held_now,
        "refused_at_the_door": found.refused_at_the_door,
        "days": [row_of(one) for one in found.days],
        "weeks": [row_of(one) for one in found.weeks],
        "first_response_hours": [
            {"up_to": bound, "tickets": count} for bound, count in found.hours
        ],
        "accounts": [
            {
                "account": one.account,
                "opened": one.opened,
                "charged": one.charged,
                "returned": one.returned,
                "sold": one.sold,
            }
            for one in found.accounts
        ],
    }


def as_csv(found: Figures) -> str:
    """One line a day, with a head line."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(row_of(one).values() for one in found.days)
    return out.getvalue()
