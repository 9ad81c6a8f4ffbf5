"""Every setting of `gateway.toml` and `staff.toml`: name, form, default and one sentence.

The README's list of settings is made from these classes. Addresses to listen on are `host:port`
(port 0 lets the system choose) or `unix:/path`; durations are written `90s`, `15m`, `2h`, `14d`.
"""

from datetime import date, timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, SecretStr, ValidationInfo, field_validator, model_validator

from gateway.desk.people import DEPARTMENTS, Role
from gateway.settings.imap import Mailboxes
from gateway.settings.section import Section
from gateway.settings.wire import (
    DkimSettings,
    HealthSettings,
    LmtpSettings,
    SmarthostSettings,
    SmtpSettings,
)
from gateway.store.engine import is_database, is_server


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


class OutboxSettings(Section):
    """Letters without a smarthost."""

    maildir: Path = Path("letters")
    """Maildir for letters where no smarthost is set, inside the state folder unless absolute."""


class DatabaseSettings(Section):
    """The main database."""

    url: SecretStr | None = None
    """`postgresql://…` for several nodes, also with several hosts; unset keeps an SQLite file in
    the state folder."""

    @property
    def is_server(self) -> bool:
        """Whether several processes may write at the same time."""
        return self.url is not None and is_server(self.url.get_secret_value())

    @field_validator("url")
    @classmethod
    def _is_ours(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and not is_database(value.get_secret_value()):
            raise ValueError("write it like postgresql://user@host/name, or sqlite:///file.db")
        return value


class RetentionSettings(Section):
    """How long bytes are kept; tickets, their texts and the book stay."""

    raw_mails: timedelta | None = None
    """Raw mails, once their ticket is closed: `180d`; unset or `off` keeps them for ever."""
    attachments: timedelta | None = None
    """Those larger than 64 KiB, which are mostly attachments: `90d`; unset or `off`: for ever."""
    sent_letters: timedelta | None = None
    """Texts of letters that were sent: `180d`; unset or `off` keeps them for ever."""


class SecretSettings(Section):
    """Keys of reply tokens."""

    token_keys_file: Path | None = None
    """File with one key a line, newest first; unset keeps one in the state folder."""


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
    imap: Mailboxes = Field(default={})
    """Mailboxes that mail is fetched from, by name."""
    smarthost: SmarthostSettings = SmarthostSettings()
    dkim: DkimSettings = DkimSettings()
    outbox: OutboxSettings = OutboxSettings()
    database: DatabaseSettings = DatabaseSettings()
    workers: int = Field(default=1, ge=1, le=32)
    """Processes of this node that take mail in and send letters, where one is bound by one core;
    more than one needs PostgreSQL."""
    retention: RetentionSettings = RetentionSettings()
    secrets: SecretSettings = SecretSettings()
    health: HealthSettings = HealthSettings()
    templates: TemplateSettings = TemplateSettings()
    log: LogSettings = LogSettings()

    @field_validator("workers")
    @classmethod
    def _can_write(cls, value: int, info: ValidationInfo) -> int:
        database = info.data.get("database")
        if value > 1 and database and not database.is_server:
            raise ValueError(
                "more than one needs PostgreSQL, set database.url: SQLite has one writer, for whom "
                "the others would only wait"
            )
        return value

    @model_validator(mode="after")
    def _names_differ(self) -> Self:
        if self.smarthost.oauth and "smarthost" in self.imap:
            raise ValueError("a mailbox cannot be named smarthost: [smarthost.oauth] is that")
        return self


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

    dispatchers: dict[str, tuple[str, ...]] = Field(default={})
    """New tickets, by department; Support's hear of departments that are not named."""
    hotrush_duty: tuple[str, ...] = ()
    """HotRush at once, also outside working hours."""
    operator: tuple[str, ...] = ()
    """Held mails, broken templates, failures."""
    members: dict[str, tuple[str, ...]] = Field(default={})
    """Who reads a distribution list, and so may answer its letters; all staff where unset."""


class StaffSettings(Section):
    """All of `staff.toml`."""

    people: tuple[PersonSettings, ...] = ()
    lists: ListSettings = ListSettings()


class CalendarSettings(Section):
    """Working time (rules H8, H9)."""

    zone: str = "MSK-3MSD,M3.5.0,M10.5.0/3"
    """Time zone of the desk: an IANA name or a POSIX rule."""
    week: dict[str, tuple[str, ...]] = Field(
        default={
            **dict.fromkeys(("mon", "tue", "wed", "thu", "fri"), ("09:00-24:00",)),
            **dict.fromkeys(("sat", "sun"), ("10:00-18:00",)),
        }
    )
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
    special_days: dict[str, tuple[str, ...]] = Field(default={})
    """Days with periods of their own."""


class CalendarSection(Section):
    """The section `calendar` of `policy.toml`; the others are the core's own classes."""

    calendar: CalendarSettings = CalendarSettings()
