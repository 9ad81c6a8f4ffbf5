"""A private OAuth2 server on loopback: hands out tokens, refuses as told, and answers for them."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from urllib.parse import parse_qs

Answer = tuple[int, dict[str, object]]
SECRET = "s3cret-of-the-client"


@dataclass
class TokenServer:
    """Remembers what it was asked, and which tokens are good."""

    port: int = 0
    user: str = "support@desk.example"
    asked: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    """Path and form of every request, in order."""
    refresh_tokens: set[str] = field(default_factory=set)
    access_tokens: set[str] = field(default_factory=set)
    pending: int = 0
    """So many polls for a device code come too early."""
    life: int = 3600
    refusals: list[Answer] = field(default_factory=list)
    """Said instead, one after the other."""
    more: dict[str, object] = field(default_factory=dict)
    """Said besides a token."""
    _numbers: "count[int]" = field(default_factory=lambda: count(1))
    _server: asyncio.Server | None = None

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}"

    async def up(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def down(self) -> None:
        """Listen no more."""
        if self._server is not None:
            self._server.close()
            await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        first, *lines = head.splitlines()
        header = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in lines)}
        body = await reader.readexactly(int(header.get("content-length", 0)))
        path = first.split()[1].partition("?")[0]
        form = {name: values[0] for name, values in parse_qs(body.decode()).items()}
        self.asked.append((path, form | {"authorization": header.get("authorization", "")}))
        status, told = self._answer(path, form)
        text = json.dumps(told).encode()
        writer.write(
            b"HTTP/1.1 %d x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"
            b"Connection: close\r\n\r\n%s" % (status, len(text), text)
        )
        await writer.drain()
        writer.close()

    def _answer(self, path: str, form: dict[str, str]) -> Answer:
        if path == "/introspect":
            good = form.get("token") in self.access_tokens
            return 200, {"active": good, "username": self.user if good else ""}
        if self.refusals:
            return self.refusals.pop(0)
        if path == "/device":
            return 200, {
                "device_code": "device-1",
                "user_code": "WDJB-MJHT",
                "verification_uri": f"{self.url}/login",
                "interval": 5,
                "expires_in": 60,
            }
        told: dict[str, Callable[[dict[str, str]], Answer]] = {
            "client_credentials": lambda _: self._token(with_refresh=False),
            "refresh_token": self._refreshed,
            "authorization_code": self._redeemed,
            "urn:ietf:params:oauth:grant-type:device_code": self._polled,
            "urn:ietf:params:oauth:grant-type:jwt-bearer": lambda _: self._token(
                with_refresh=False
            ),
        }
        return told[form["grant_type"]](form)

    def _token(self, *, with_refresh: bool) -> Answer:
        number = next(self._numbers)
        self.access_tokens.add(f"access-{number}")
        told: dict[str, object] = {
            "access_token": f"access-{number}",
            "token_type": "Bearer",
            "expires_in": self.life,
            **self.more,
        }
        if with_refresh:
            self.refresh_tokens = {f"refresh-{number}"}
            told["refresh_token"] = f"refresh-{number}"
        return 200, told

    def _refreshed(self, form: dict[str, str]) -> Answer:
        """The old refresh token is of no use from here on."""
        if form.get("refresh_token") not in self.refresh_tokens:
            return 400, {"error": "invalid_grant", "error_description": "withdrawn"}
        return self._token(with_refresh=True)

    def _redeemed(self, form: dict[str, str]) -> Answer:
        if form.get("code") != "code-1" or len(form.get("code_verifier", "")) < 43:
            return 400, {"error": "invalid_grant"}
        return self._token(with_refresh=True)

    def _polled(self, _: dict[str, str]) -> Answer:
        self.pending -= 1
        if self.pending >= 0:
            return 400, {"error": "authorization_pending"}
        return self._token(with_refresh=True)
