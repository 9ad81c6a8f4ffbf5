"""Tell systemd how we are (sd_notify(3)): ready, stopping, still alive."""

import asyncio
import contextlib
import os
import socket
from collections.abc import Mapping
from typing import Final

READY: Final = "READY=1"
STOPPING: Final = "STOPPING=1"
ALIVE: Final = "WATCHDOG=1"


class Systemd:
    """The service manager that started us, if one did."""

    def __init__(self, environ: Mapping[str, str] | None = None) -> None:
        given = os.environ if environ is None else environ
        self._address = given.get("NOTIFY_SOCKET", "")
        meant = given.get("WATCHDOG_PID", str(os.getpid())) == str(os.getpid())
        limit = given.get("WATCHDOG_USEC", "")
        self.period = int(limit) / 2_000_000 if meant and limit.isdecimal() else 0.0
        """Seconds between two signs of life; 0 where nobody asks for any."""

    def tell(self, *states: str) -> None:
        """Send a message; a manager that is not there, or does not listen, is no trouble."""
        if not self._address:
            return
        # A leading @ stands for the NUL of an abstract address.
        path = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        with (
            contextlib.suppress(OSError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as channel,
        ):
            channel.sendto("\n".join(states).encode(), path)

    async def keep_alive(self) -> None:
        """Give signs of life from the event loop: where it stands still they end."""
        while self.period:
            self.tell(ALIVE)
            await asyncio.sleep(self.period)
