"""Read `gateway.toml`, `policy.toml` and `staff.toml` into one checked value.

The environment wins over the files: `GATEWAY_SMTP__LISTEN` is `smtp.listen` of `gateway.toml`,
`GATEWAY_POLICY__CREDITS__OVERDRAFT` is `credits.overdraft` of `policy.toml`. All problems of all
files are reported together.
"""

import os
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Final, get_args, get_origin, get_type_hints

from pydantic import BaseModel, Field, ValidationError, create_model

from gateway.desk.people import Addresses, Person, Staff
from gateway.desk.policy import Options, Policy
from gateway.settings.calendar import check_openings, read_calendar
from gateway.settings.levels import check_levels
from gateway.settings.lines import with_line
from gateway.settings.models import (
    CalendarSection,
    CalendarSettings,
    GatewaySettings,
    StaffSettings,
)
from gateway.settings.numbers import check_numbers
from gateway.settings.problems import ANY_NAME, WrongSettings, describe
from gateway.settings.section import Section
from gateway.worktime.hours import Calendar

PREFIX: Final = "GATEWAY_"
NOT_SETTINGS: Final = frozenset({"GATEWAY_CONFIG"})
SEARCHED: Final = ("desk/gateway.toml", "config/gateway.toml", "/etc/gateway/gateway.toml")
OFF_IS_UNSET: Final = frozenset(
    {
        ("retention", "raw_mails"),
        ("retention", "attachments"),
        ("retention", "sent_letters"),
        ("mail", "repeat_limit"),
        ("close", "autoclose"),
        ("credits", "low_balance"),
    }
)
_DURATION: Final = re.compile(r"(\d{1,6})\s*([smhd])(?:\s+working(?:\s+time)?)?")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days"}
_HINTS: Final = get_type_hints(Options)
PolicyFile: Final = create_model(  # type: ignore[call-overload]  # fields made from Options
    "PolicyFile",
    __base__=Section,
    **{
        one.name: (_HINTS[one.name], Field(default_factory=partial(getattr, Options(), one.name)))
        for one in fields(Options)
    },
)
"""`policy.toml` without the calendar: the sections are the core's own classes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Everything that was read, and where from."""

    path: Path
    gateway: GatewaySettings
    policy: Policy

    @property
    def state_dir(self) -> Path:
        """The folder for spool, database and keys."""
        return self.resolve(self.gateway.state_dir)

    def resolve(self, path: Path) -> Path:
        """A path of the settings, relative to their file."""
        return path if path.is_absolute() else (self.path.parent / path).resolve()

    def in_state(self, path: Path) -> Path:
        """A path of the settings, relative to the state folder."""
        return path if path.is_absolute() else self.state_dir / path


def find_settings(given: Path | None, environ: Mapping[str, str]) -> Path:
    """The settings file: the one named, else `GATEWAY_CONFIG`, else the usual places."""
    named = given or (Path(environ["GATEWAY_CONFIG"]) if environ.get("GATEWAY_CONFIG") else None)
    if named is not None:
        if not named.is_file():
            raise WrongSettings([f"{named}: there is no such settings file"])
        return named
    for place in SEARCHED:
        if Path(place).is_file():
            return Path(place)
    raise WrongSettings(
        [f"no settings file: name one with --config, or write {SEARCHED[0]} with gateway init"]
    )


def load_settings(path: Path, environ: Mapping[str, str] = os.environ) -> Settings:
    """Read and check the three files. Raises `WrongSettings` with every problem found."""
    problems: list[str] = []
    raw = _read(path, problems, must_exist=True)
    policy = _read(path.parent / "policy.toml", problems, must_exist=False)
    staff = _read(path.parent / "staff.toml", problems, must_exist=False)
    set_by: dict[str, str] = {}
    problems += _override(raw, policy, staff, environ, set_by)
    gateway = _check(path.name, GatewaySettings, raw, problems)
    people = _check("staff.toml", StaffSettings, staff, problems)
    calendar_table = policy.pop("calendar", {})
    options = check_options(policy, problems)
    calendar_settings = _check(
        "policy.toml", CalendarSection, {"calendar": calendar_table}, problems
    )
    calendar = calendar_settings and read_calendar(
        calendar_settings.calendar,
        problems,
        folder=path.parent,
    )
    if calendar and options:
        check_openings(calendar, options.sla, problems)
    made_staff = people and read_staff(people, problems)
    if problems or not (gateway and options and calendar and made_staff):
        sources = {name: _source(path.parent / name) for name in ("policy.toml", "staff.toml")}
        blamed = (_blamed(one, set_by) for one in problems)
        raise WrongSettings(with_line(one, sources) for one in blamed)
    return Settings(
        path=path,
        gateway=gateway,
        policy=make_policy(options, calendar, made_staff, gateway),
    )


def make_policy(
    options: Options, calendar: Calendar, staff: Staff, gateway: GatewaySettings
) -> Policy:
    """The value that the core is given."""
    own = {one.name: getattr(options, one.name) for one in fields(Options)}
    return Policy(
        **own,
        calendar=calendar,
        staff=staff,
        addresses=Addresses(
            inboxes=gateway.addresses.inboxes,
            reply_pattern=gateway.addresses.reply_address,
            domain=gateway.addresses.domain,
        ),
    )


def check_options(table: Mapping[str, Any], problems: list[str]) -> Options | None:
    """The options of `policy.toml`, or problems."""
    prepared = _with_durations(table)
    try:
        checked = PolicyFile.model_validate(prepared)
    except ValidationError as error:
        problems += describe("policy.toml", error, option_names())
        return None
    options = Options(**{one.name: getattr(checked, one.name) for one in fields(Options)})
    checked_again = (*check_levels(options), *check_numbers(options))
    problems += (f"policy.toml: {problem}" for problem in checked_again)
    missing = set(options.assessment.auto_categories) - set(options.credits.prices)
    if missing:
        problems.append(f"policy.toml: assessment.auto_categories: no such category {missing}")
    return options


def read_staff(settings: StaffSettings, problems: list[str]) -> Staff | None:
    """The people and lists, or problems."""
    before = len(problems)
    people = []
    for number, one in enumerate(settings.people):
        absences = []
        for text in one.away:
            try:
                absences.append(_absence(text))
            except ValueError as error:
                problems.append(f"staff.toml: people.[{number}].away: {error}")
        people.append(
            Person(
                name=one.name,
                address=one.address,
                roles=frozenset(one.roles),
                away=tuple(absences),
            )
        )
    if len(problems) > before:
        return None
    return Staff(
        people=tuple(people),
        dispatchers=settings.lists.dispatchers,
        duty=settings.lists.hotrush_duty,
        operator=settings.lists.operator,
        members=settings.lists.members,
    )


def _absence(text: str | date) -> tuple[date, date]:
    """First and last day of an absence. Raises `ValueError` with what to write."""
    first, _, last = (part.strip() for part in str(text).partition(".."))
    try:
        begins, ends = date.fromisoformat(first), date.fromisoformat(last or first)
    except ValueError as error:
        words = f"{text!s:.40} is no day that exists (write 2026-07-10 or 2026-07-10..2026-07-20)"
        raise ValueError(words) from error
    if ends < begins:
        raise ValueError(f"{text!s:.40} ends before it begins")
    return begins, ends


def option_names() -> dict[str, Any]:
    """The names of all options, nested as in `policy.toml`."""
    return {"calendar": dict.fromkeys(CalendarSettings.model_fields), **_names_of(Options)}


def setting_names(model: type[BaseModel]) -> dict[str, Any]:
    """The names of all settings of a model, nested as in its file."""
    names: dict[str, Any] = {}
    for name, one in model.model_fields.items():
        names[name] = _names_inside(one.annotation)
    return names


def _names_inside(kind: Any) -> dict[str, Any] | None:
    """The names inside a section, in an optional one, or in each of a table of sections."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return setting_names(kind)
    inner = [found for one in get_args(kind) if (found := _names_inside(one)) is not None]
    if not inner:
        return None
    return {ANY_NAME: inner[0]} if get_origin(kind) is dict else inner[0]


def _names_of(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    names: dict[str, Any] = {}
    for one in fields(kind):
        hint = hints[one.name]
        key = "raise" if one.name == "raise_price" else one.name
        names[key] = _names_of(hint) if is_dataclass(hint) else None  # type: ignore[arg-type]  # a dataclass type
    return names


def _read(path: Path, problems: list[str], *, must_exist: bool) -> dict[str, Any]:
    if not path.is_file():
        if must_exist:
            problems.append(f"{path}: there is no such settings file")
        return {}
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        problems.append(f"{path.name}: {error}")
        return {}


def _source(path: Path) -> str:
    """The text of a file, to find lines in; empty where there is none."""
    return path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""


def _check(file: str, model: type[Any], table: Mapping[str, Any], problems: list[str]) -> Any:
    try:
        return model.model_validate(_with_durations(table))
    except ValidationError as error:
        problems += describe(file, error, setting_names(model))
        return None


def _with_durations(table: Any, path: tuple[str, ...] = ()) -> Any:
    """Durations as values, `off` as unset, and `raise` under a name that Python allows."""
    if isinstance(table, Mapping):
        return {
            ("raise_price" if name == "raise" else name): _with_durations(value, (*path, str(name)))
            for name, value in table.items()
        }
    if isinstance(table, list | tuple):
        return [_with_durations(value, path) for value in table]
    if isinstance(table, str):
        if table == "off" and path in OFF_IS_UNSET:
            return None
        if found := _DURATION.fullmatch(table):
            return timedelta(**{_UNITS[found[2]]: int(found[1])})
    return table


def _override(
    raw: dict[str, Any],
    policy: dict[str, Any],
    staff: dict[str, Any],
    environ: Mapping[str, str],
    set_by: dict[str, str],
) -> Iterable[str]:
    """Put what the environment says over what the files say; returns problems.

    `set_by` is given the beginning of a problem's line and the variable to blame instead.
    """
    problems = []
    files = {"policy": policy, "staff": staff}
    for name in sorted(environ):
        if not name.startswith(PREFIX) or name in NOT_SETTINGS:
            continue
        first, *rest = name.removeprefix(PREFIX).lower().split("__")
        path = rest if first in files else [first, *rest]
        if not path or not all(path):
            problems.append(f"{name}: name a key, such as {PREFIX}SMTP__LISTEN")
            continue
        table = files.get(first, raw)
        for part in path[:-1]:
            inner = table.setdefault(part, {})
            if not isinstance(inner, dict):
                inner = table[part] = {}
            table = inner
        table[path[-1]] = _scalar(environ[name])
        file = f"{first}.toml" if first in files else "gateway.toml"
        set_by[f"{file}: {'.'.join(path)}"] = name
    return problems


def _blamed(problem: str, set_by: Mapping[str, str]) -> str:
    """The problem with the variable's name where the environment brought the wrong value."""
    for key, variable in set_by.items():
        if problem.startswith((f"{key}:", f"{key}.")):
            return f"{variable} in the environment{problem.removeprefix(key)}"
    return problem


def _scalar(text: str) -> Any:
    """A value as TOML reads it, or the text as it is."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text
