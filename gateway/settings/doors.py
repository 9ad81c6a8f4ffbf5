"""The doors that the settings ask for: where each listens, its TLS, its users and its limits."""

import errno
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.settings.load import Settings
from gateway.spool import Spool
from gateway.wire.door import Certificate, Door
from gateway.wire.listen import Listener, open_door
from gateway.wire.reception import Reception, Standing
from gateway.wire.rules import Rules
from gateway.wire.smtp_users import Users

SETTINGS: Final = {"smtp": "smtp.listen", "smtps": "smtp.tls_listen", "lmtp": "lmtp.listen"}


@contextmanager
def named(setting: str, address: str) -> Iterator[None]:
    """Where nobody can listen at an address, the `OSError` names the setting and what to do."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            what = "is taken by another program: end that one, or choose another port"
        else:
            what = f"cannot be listened at: {error.strerror or error}"
        raise OSError(f"{address} ({setting}) {what}") from error


@dataclass(frozen=True, slots=True)
class Doorway:
    """A door and where it is to be."""

    name: str
    """`smtp`, `smtps` or `lmtp`, as the ready line names it."""
    address: str
    door: Door
    socket_mode: int

    async def open(self) -> Listener:
        """Listen. Raises `OSError`, which names the setting."""
        with named(SETTINGS[self.name], self.address):
            return await open_door(self.door, self.address, socket_mode=self.socket_mode)


def rules_of(settings: Settings) -> Rules:
    """What holds for every peer."""
    smtp = settings.gateway.smtp
    return Rules(
        hostname=smtp.hostname,
        size_max=smtp.size_limit,
        recipients_max=smtp.recipients,
        mails_max=smtp.mails,
        errors_max=smtp.errors,
        connections_max=smtp.connections,
        connections_of_one_max=smtp.connections_per_address,
        idle=smtp.idle.total_seconds(),
        session=smtp.session.total_seconds(),
        slowest=smtp.slowest,
        relays=smtp.relays,
        proxies=smtp.proxies,
        require_tls=smtp.require_tls,
    )


def doorways(
    settings: Settings,
    spool: Spool,
    standing: Callable[[str], Standing],
    clock: Callable[[], datetime],
) -> list[Doorway]:
    """All doors of a node, which share one reception.

    Raises `OSError` where a certificate or the file of users cannot be read, `BadUsersFile` where a
    line of it is none.
    """
    smtp, lmtp = settings.gateway.smtp, settings.gateway.lmtp
    reception = Reception(spool, standing, clock, rules_of(settings))
    certificate = certificate_of(settings)
    users = Users(settings.resolve(smtp.users_file)) if smtp.users_file else None
    mode = int(smtp.socket_mode, 8)
    made = []
    for name, address in (("smtp", smtp.listen), ("smtps", smtp.tls_listen)):
        if address:
            door = Door(
                reception,
                certificate=certificate,
                tls_at_once=name == "smtps",
                users=users,
                require_auth=smtp.require_auth,
            )
            made.append(Doorway(name, address, door, mode))
    if lmtp.listen:
        door = Door(reception, protocol="lmtp", certificate=certificate)
        made.append(Doorway("lmtp", lmtp.listen, door, mode))
    return made


def certificate_of(settings: Settings) -> Certificate | None:
    """Our certificate, where one is set. Raises `OSError`."""
    smtp = settings.gateway.smtp
    if smtp.certificate_file is None or smtp.key_file is None:
        return None
    return Certificate(settings.resolve(smtp.certificate_file), settings.resolve(smtp.key_file))
