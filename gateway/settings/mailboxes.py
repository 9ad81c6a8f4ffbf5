"""Turn the settings of mailboxes into the accounts that the wire is given."""

from collections.abc import Callable
from pathlib import Path

from gateway.settings.imap import ImapSettings
from gateway.settings.load import Settings
from gateway.wire.imap_account import Account, Password


def accounts(settings: Settings) -> dict[str, Account]:
    """Every mailbox of the settings, by name."""
    return {name: _account(settings, name, one) for name, one in settings.gateway.imap.items()}


def _account(settings: Settings, name: str, one: ImapSettings) -> Account:
    file = settings.resolve(one.password_file) if one.password_file else None
    own = one.user if one.user.lower() in settings.gateway.addresses.inboxes else ""
    return Account(
        name=name,
        host=one.host,
        port=one.port,
        user=one.user,
        password=_password(one, file),
        stamp=_stamp(file),
        tls=one.tls,
        ca_file=settings.resolve(one.ca_file) if one.ca_file else None,
        folder=one.folder,
        address=one.address or own,
        then=one.then,
        flag=one.flag,
        move_to=one.move_to,
        since=one.since,
        size_limit=one.size_limit,
    )


def _password(one: ImapSettings, file: Path | None) -> Password | None:
    if file is not None:
        return lambda: file.read_text(encoding="utf-8").rstrip("\r\n")
    secret = one.password
    return secret.get_secret_value if secret is not None else None


def _stamp(file: Path | None) -> Callable[[], object]:
    """Changes when the file does, so that a new password is tried at once."""

    def stamp() -> object:
        try:
            return file.stat().st_mtime_ns if file is not None else None
        except OSError:
            return None

    return stamp
