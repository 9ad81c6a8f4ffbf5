"""The settings of a mailbox that mail is fetched from: `[imap.<name>]` of `gateway.toml`."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, SecretStr, StringConstraints, model_validator

from gateway.settings.oauth import OauthSettings
from gateway.settings.section import Section, is_loopback, refuse_idle

MIB = 1024 * 1024
BY_WAY: Final = {"flag": {"flag"}, "move": {"move_to"}, "leave": set[str]()}
"""Settings that count for what happens to a mail."""


def _plain(value: str) -> str:
    """Nothing that could end a command to the server (attack A79)."""
    if not value or any(ord(char) < 0x20 or ord(char) == 0x7F for char in value):
        raise ValueError("must be a text without control characters")
    return value


def _flag(value: str) -> str:
    if value.lower() in {"\\deleted", "\\recent"}:
        raise ValueError('must be a flag that keeps the mail, such as "\\\\Seen" or "Taken"')
    return value


Plain = Annotated[str, AfterValidator(_plain)]
Flag = Annotated[
    str,
    StringConstraints(pattern=r"^\\?[A-Za-z0-9$_.-]{1,60}$"),
    AfterValidator(_flag),
]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")]


class ImapSettings(Section):
    """One folder of one user on one server."""

    host: Plain
    """The server, as its certificate names it."""
    port: int = Field(default=993, ge=1, le=65535)
    """Port for TLS from the first octet on; STARTTLS is not spoken."""
    tls: bool = True
    """Off is possible on loopback only."""
    ca_file: Path | None = None
    """Authorities that may have signed the certificate, instead of the system's."""
    user: Plain
    """Who logs in."""
    password: SecretStr | None = None
    """The password; better in a file."""
    password_file: Path | None = None
    """File that holds the password; a new one counts from the next try on."""
    oauth: OauthSettings | None = None
    """Access by OAuth2 instead of a password: `[imap.<name>.oauth]`."""
    folder: Plain = "INBOX"
    """The folder that is read."""
    address: str = ""
    """The address it stands for; unset is `user`, where that is one of our inboxes."""
    then: Literal["flag", "move", "leave"] = "flag"
    """What happens to a mail once it is kept here; nothing is ever deleted."""
    flag: Flag = "\\Seen"
    """The flag for `flag`."""
    move_to: Plain = "Archive"
    """The folder for `move`; made where it is missing."""
    since: date | None = None
    """Mails that the server received before this day are left alone."""
    size_limit: int = Field(default=35 * MIB, ge=10_000)
    """Larger mails are set aside by their beginning; the whole of them stays in the mailbox."""

    @model_validator(mode="after")
    def _is_safe(self) -> Self:
        if not self.tls and not is_loopback(self.host):
            raise ValueError("tls = false is possible on loopback only")
        ways = [self.password, self.password_file, self.oauth]
        if sum(one is not None for one in ways) != 1:
            raise ValueError("name one of password_file, password and oauth")
        for name in {"flag", "move_to"} - BY_WAY[self.then]:
            refuse_idle(self, (name,), f"then is {self.then}")
        if not self.tls:
            refuse_idle(self, ("ca_file",), "tls is off")
        if self.then == "move" and self.move_to == self.folder:
            raise ValueError("move_to must be another folder than folder")
        return self

    @property
    def place(self) -> tuple[str, str, int, str]:
        """What must not be read twice."""
        return self.user, self.host.lower(), self.port, self.folder


def _distinct(mailboxes: Mapping[str, ImapSettings]) -> Mapping[str, ImapSettings]:
    places = {one.place for one in mailboxes.values()}
    if len(places) < len(mailboxes):
        raise ValueError("two of them are the same folder of the same user")
    return mailboxes


Mailboxes = Annotated[dict[Name, ImapSettings], AfterValidator(_distinct)]
