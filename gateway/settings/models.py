"""Every setting of `gateway.toml` and `staff.toml`: name, form, default and one sentence.

The README's list of settings is made from these classes. Addresses to listen on are `host:port`
(port 0 lets the system choose) or `unix:/path`; durations are written `90s`, `15m`, `2h`, `14d`.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from gateway.desk.people import DEPARTMENTS, Role


class Section(BaseModel):
    """A section of a file: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class AddressSettings(Section):
    """Where the desk receives mail."""

    reply_address: str
    """Address that replies go to, with `{token}` in it: `support+{token}@desk.example`."""
    domain: str
    """Right-hand side of our Message-IDs: `desk.example`."""
    inboxes: dict[str, Literal["support", "development", "sales", "general"]]
    """Department by address; the first address of a department is the one letters come from."""

    @field_validator("reply_address")
    @classmethod
    def _has_token(cls, value: str) -> str:
        if "{token}" not in value.partition("@")[0] or "@" not in value:
            raise ValueError(
                "write it with {token} before the @, like support+{token}@desk.example"
            )
        return value

    @field_validator("inboxes")
    @classmethod
    def _has_inbox(cls, value: dict[str, str]) -> dict[str, str]:
        if not value:
            raise ValueError(f"name at least one address and its department ({DEPARTMENTS})")
        for address in value:
            if "@" not in address:
                raise ValueError(f"{address!r} is no address")
        return value


class SmtpSettings(Section):
    """The SMTP listener."""

    listen: str | None = "127.0.0.1:8025"
    """Where mail is taken by SMTP; empty for nowhere."""
    hostname: str = "localhost"
    """Our name in the greeting."""
    size_limit: int = Field(default=35 * 1024 * 1024, ge=10_000)
    """Largest mail in octets."""
    connections: int = Field(default=500, ge=1)
    """Connections at the same time."""
    connections_per_address: int = Field(default=20, ge=1)
    """Connections of one peer at the same time; listed peers are exempt."""
    recipients: int = Field(default=50, ge=1)
    """Recipients of one mail."""
    idle: timedelta = timedelta(seconds=60)
    """A peer that says nothing for so long is sent away."""


class LmtpSettings(Section):
    """The LMTP listener, for an MTA on the same host."""

    listen: str | None = None
    """Where mail is taken by LMTP, such as `unix:/run/gateway/lmtp` or `127.0.0.1:8024`."""


class SmarthostSettings(Section):
    """The server that takes our letters."""

    url: SecretStr | None = None
    """`smtp://user:password@host:587` (STARTTLS), `smtps://…` (TLS), `smtp+plain://127.0.0.1:25`
    without TLS; unset writes letters to a Maildir instead."""
    password_file: Path | None = None
    """File that holds the password, instead of writing it into the URL."""
    timeout: timedelta = timedelta(seconds=60)
    """Longest wait for one reply of the server."""
    couriers: int = Field(default=4, ge=1, le=32)
    """Letters on their way at the same time, each on its own kept connection."""
    give_up_after: timedelta = timedelta(days=5)
    """A letter that could not be handed over for so long has failed."""


class OutboxSettings(Section):
    """Letters without a smarthost."""

    maildir: Path = Path("letters")
    """Maildir for letters where no smarthost is set, inside the state folder unless absolute."""


class DatabaseSettings(Section):
    """The main database."""

    url: SecretStr | None = None
    """`postgresql://…` for several nodes; unset keeps an SQLite file in the state folder."""


class SecretSettings(Section):
    """Keys of reply tokens."""

    token_keys_file: Path | None = None
    """File with one key a line, newest first; unset keeps one in the state folder."""


class HealthSettings(Section):
    """Liveness, readiness and metrics over HTTP, on loopback."""

    listen: str | None = None
    """Where `/healthz`, `/readyz` and `/metrics` answer; unset for nowhere."""


class TemplateSettings(Section):
    """The operator's own letters."""

    dir: Path | None = None
    """Folder with `<language>/<letter>.md` that stand in front of the built-in ones."""


class LogSettings(Section):
    """The diary on standard error."""

    format: Literal["auto", "console", "json"] = "auto"
    """For people or for programs; `auto` asks whether it is a terminal."""
    level: Literal["debug", "info", "warning", "error"] = "info"
    """Events below this level are left out."""


class GatewaySettings(Section):
    """All of `gateway.toml`."""

    state_dir: Path = Path("state")
    """Folder for spool, database and keys; relative to the settings file."""
    addresses: AddressSettings
    smtp: SmtpSettings = SmtpSettings()
    lmtp: LmtpSettings = LmtpSettings()
    smarthost: SmarthostSettings = SmarthostSettings()
    outbox: OutboxSettings = OutboxSettings()
    database: DatabaseSettings = DatabaseSettings()
    secrets: SecretSettings = SecretSettings()
    health: HealthSettings = HealthSettings()
    templates: TemplateSettings = TemplateSettings()
    log: LogSettings = LogSettings()


class PersonSettings(Section):
    """One member of staff."""

    name: str
    """Name as customers read it under an answer."""
    address: Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
    """Address that this person writes from."""
    roles: tuple[Role, ...] = ("engineer",)
    """`engineer`, `lead`, `manager`, `billing`."""
    away: tuple[str | date, ...] = ()
    """Days of absence: `2026-07-10` or `2026-07-10..2026-07-20`."""


class ListSettings(Section):
    """Who hears of what; addresses of people or of distribution lists."""

    dispatchers: dict[str, tuple[str, ...]] = {}
    """New tickets, by department; Support's hear of departments that are not named."""
    hotrush_duty: tuple[str, ...] = ()
    """HotRush at once, also outside working hours."""
    operator: tuple[str, ...] = ()
    """Held mails, broken templates, failures."""
    members: dict[str, tuple[str, ...]] = {}
    """Who reads a distribution list, and so may answer its letters; all staff where unset."""


class StaffSettings(Section):
    """All of `staff.toml`."""

    people: tuple[PersonSettings, ...] = ()
    lists: ListSettings = ListSettings()


class CalendarSettings(Section):
    """Working time (rules H8, H9)."""

    zone: str = "MSK-3MSD,M3.5.0,M10.5.0/3"
    """Time zone of the desk: an IANA name or a POSIX rule."""
    week: dict[str, tuple[str, ...]] = {
        **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-24:00",)),
        **dict.fromkeys(("sat", "sun"), ("10:00-18:00",)),
    }
    """Periods by weekday, such as `mon = ["09:00-13:00", "14:00-18:00"]`."""
    holidays: tuple[date | str, ...] = ()
    """Days without working time."""
    holidays_country: str | None = None
    """Country whose public holidays are days without working time: an ISO 3166 code such as
    `DE`."""
    holidays_subdivision: str | None = None
    """Part of that country with holidays of its own, such as `BY`."""
    holidays_file: Path | None = None
    """iCalendar file (.ics) whose all-day events are days without working time; relative to the
    settings."""
    special_days: dict[str, tuple[str, ...]] = {}
    """Days with periods of their own."""


class CalendarSection(Section):
    """The section `calendar` of `policy.toml`; the others are the core's own classes."""

    calendar: CalendarSettings = CalendarSettings()
