"""Answer `/healthz`, `/readyz` and `/metrics` over HTTP: enough of HTTP/1.1 for a probe, no more.

Knows nothing of what it tells: pages are functions. One request a connection, a bound on everything
a stranger could stretch, so that it may stand on loopback unattended.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final

REQUEST_MAX: Final = 8 * 1024
REQUEST_SECONDS: Final = 5.0
PAGE_SECONDS: Final = 10.0
VISITORS_MAX: Final = 32
TEXT: Final = "text/plain; charset=utf-8"
METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"


@dataclass(frozen=True, slots=True)
class Page:
    """What one address answers."""

    body: bytes
    status: HTTPStatus = HTTPStatus.OK
    kind: str = TEXT


async def alive() -> Page:
    """The event loop turns: that is all `/healthz` says."""
    return Page(b"ok\n")


def readiness(ailing: Sequence[str], *, is_open: bool) -> Page:
    """Whether mail is taken and becomes tickets; else what is in the way, one a line."""
    wrong = [*ailing, *([] if is_open else ["closing"])]
    if wrong:
        return Page("".join(f"{one}\n" for one in wrong).encode(), HTTPStatus.SERVICE_UNAVAILABLE)
    return Page(b"ok\n")


Pages = Mapping[str, Callable[[], Awaitable[Page]]]


class HealthServer:
    """The pages at one listening address."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages
        self._visitors = 0
        self._server: asyncio.Server | None = None
        self.address = ""
        """`host:port` or `unix:/path` as it really is."""

    async def open(self, address: str) -> None:
        """Listen. Raises `OSError`."""
        if address.startswith("unix:"):
            path = address.removeprefix("unix:")
            self._server = await asyncio.start_unix_server(self._serve, path, limit=REQUEST_MAX)
            self.address = address
            return
        host, _, port = address.rpartition(":")
        self._server = await asyncio.start_server(
            self._serve, host.strip("[]"), int(port), limit=REQUEST_MAX
        )
        host, port = self._server.sockets[0].getsockname()[:2]
        self.address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"

    def close(self) -> None:
        """Answer nobody any more."""
        if self._server is not None:
            self._server.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._visitors += 1
        try:
            with contextlib.suppress(ConnectionError, TimeoutError):
                if self._visitors <= VISITORS_MAX:
                    await self._answer(reader, writer)
        finally:
            self._visitors -= 1
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(REQUEST_SECONDS):
                head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            return
        method, _, rest = head.partition(b" ")
        path = rest.partition(b" ")[0].partition(b"?")[0].decode("latin-1")
        page = await self._page(method, path)
        body = b"" if method == b"HEAD" else page.body
        lines = (
            f"HTTP/1.1 {page.status.value} {page.status.phrase}",
            f"Content-Type: {page.kind}",
            f"Content-Length: {len(page.body)}",
            "Cache-Control: no-store",
            "Connection: close",
        )
        writer.write("\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body)
        async with asyncio.timeout(REQUEST_SECONDS):
            await writer.drain()

    async def _page(self, method: bytes, path: str) -> Page:
        if method not in (b"GET", b"HEAD"):
            return Page(b"only GET\n", HTTPStatus.METHOD_NOT_ALLOWED)
        page = self._pages.get(path)
        if page is None:
            names = ", ".join(self._pages)
            return Page(f"there is {names}\n".encode(), HTTPStatus.NOT_FOUND)
        try:
            async with asyncio.timeout(PAGE_SECONDS):
                return await page()
        except TimeoutError:
            return Page(b"no answer in time\n", HTTPStatus.SERVICE_UNAVAILABLE)
