"""Open a door: listen on TCP or on a Unix socket, with room for every connection it may have."""

import asyncio
import contextlib
import os
import resource
import socket
from pathlib import Path
from typing import Final

from gateway import journal
from gateway.wire.door import Door
from gateway.wire.threshold import Threshold

UNIX: Final = "unix:"
BACKLOG: Final = 128
RESERVE: Final = 128
"""Descriptors for everything that is no connection: databases, couriers, files."""


class Listener:
    """An open door with its address."""

    def __init__(self, door: Door, server: asyncio.Server, path: Path | None) -> None:
        self.door = door
        self._server = server
        self._path = path
        self._order = asyncio.create_task(door.keep_order())

    @property
    def address(self) -> str:
        """`host:port` or `unix:/path` as it really is."""
        if self._path is not None:
            return f"{UNIX}{self._path}"
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    async def close(self, patience: float = 0.0) -> None:
        """Take no more connections; mails on their way have so many seconds to arrive."""
        self._server.close()
        if self._path is not None:
            with contextlib.suppress(OSError):
                self._path.unlink()
        await self.door.close(patience)
        self._order.cancel()


async def open_door(door: Door, address: str, *, socket_mode: int = 0o666) -> Listener:
    """Listen at `host:port` (port 0 lets the system choose) or `unix:/path`. Raises `OSError`."""
    make_room(door)
    loop = asyncio.get_running_loop()
    if not address.startswith(UNIX):
        host, _, port = address.rpartition(":")
        server = await loop.create_server(
            lambda: Threshold(door), host.strip("[]"), int(port), backlog=BACKLOG
        )
        return Listener(door, server, None)
    path = Path(address.removeprefix(UNIX))
    server = await loop.create_unix_server(
        lambda: Threshold(door), sock=_unix_socket(path, socket_mode), backlog=BACKLOG
    )
    return Listener(door, server, path)


def _unix_socket(path: Path, mode: int) -> socket.socket:
    """A socket at a path, in place of what an earlier run left there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_socket():
        path.unlink()
    made = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    made.bind(str(path))
    path.chmod(mode)
    return made


def make_room(door: Door) -> None:
    """Have descriptors for all connections, or allow fewer connections (attack A48).

    Without one the event loop would spin on connections that it cannot accept.
    """
    crowd = door.reception.crowd
    wanted = crowd.most + BACKLOG + RESERVE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft >= wanted or soft == resource.RLIM_INFINITY:
        return
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
        soft = most
    if soft < wanted:
        crowd.most = max(1, soft - BACKLOG - RESERVE)
        journal.warn("few_descriptors", limit=soft, connections=crowd.most, pid=os.getpid())
