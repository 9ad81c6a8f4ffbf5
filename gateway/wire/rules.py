"""What holds for every peer of every door, as values: sizes, counts and times."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What holds for every peer; counts end in `_max`, times are seconds."""

    hostname: str = "localhost"
    size_max: int = 35 * 1024 * 1024
    recipients_max: int = 50
    mails_max: int = 1000
    errors_max: int = 20
    connections_max: int = 500
    connections_of_one_max: int = 20
    idle: float = 60.0
    session: float = 1800.0
    slowest: int = 500
    """Octets a second below which message data is too slow."""
    relays: tuple[str, ...] = ()
    proxies: tuple[str, ...] = ()
    require_tls: bool = False
