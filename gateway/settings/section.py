"""What every section of a settings file shares, and the forms of values that need a check."""

from collections.abc import Iterable
from ipaddress import ip_address, ip_network
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict


class Section(BaseModel):
    """A section of a file: unknown keys are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


def refuse_idle(section: BaseModel, names: Iterable[str], because: str) -> None:
    """Raise `ValueError` where somebody has set what has no effect, so that nobody relies on it."""
    idle = sorted(section.model_fields_set & set(names))
    if idle:
        raise ValueError(f"{' and '.join(idle)} would have no effect: {because}")


def _listen_address(value: str) -> str | None:
    """`host:port`, `[::1]:port` or `unix:/path`; empty is nowhere."""
    if not value:
        return None
    host, _, port = value.rpartition(":")
    if value.startswith("unix:/") or (host and port.isdecimal() and int(port) < 65536):
        return value
    raise ValueError("write it like 127.0.0.1:8025, [::1]:8025 or unix:/run/gateway/lmtp")


def _network(value: str) -> str:
    """An address or network, in the form that `ipaddress` reads."""
    try:
        return str(ip_network(value))
    except ValueError:
        raise ValueError(f"{value!r} is no address or network such as 10.0.0.0/8") from None


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, so that nobody listens on the way."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


ListenAddress = Annotated[str, AfterValidator(_listen_address)]
Network = Annotated[str, AfterValidator(_network)]
