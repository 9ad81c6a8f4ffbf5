"""Talk to one IMAP server over one connection, as commands that end.

Every wait ends: with the answer, with the end of the connection, or after `patience` seconds in
which the server said nothing. Whatever ends badly is a `MailboxTrouble`, and the connection is of
no more use: the next try is a new object.
"""

import asyncio
import contextlib
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Coroutine, Sequence
from typing import Any, Final, TypeVar

from aioimaplib.aioimaplib import AioImapException, quoted

from gateway.wire.imap_protocol import Protocol
from gateway.wire.imap_reply import (
    Fetched,
    Selected,
    folder_argument,
    read_fetch,
    read_search,
    read_select,
    response_code,
    uid_set,
)
from gateway.wire.imap_trouble import BY_CODE, MailboxTrouble, Trouble, tidy, why_not_connected

Result = TypeVar("Result")

PATIENCE_SECONDS: Final = 30.0
COMMAND_SECONDS_MAX: Final = 900.0
"""Even a server that keeps talking ends within this."""
GOODBYE_SECONDS: Final = 2.0
LAST_WORDS_SECONDS: Final = 0.05
LITERAL_MAX: Final = 16 * 1024 * 1024
KEEPALIVE: Final = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 15), ("TCP_KEEPCNT", 4))

_LOG_IN: Final = re.compile(r"\b(AUTHENTICATE|LOGIN)\b", re.IGNORECASE)
"""Commands with a secret, as some servers repeat what they do not like, perhaps in part."""


class Connection:
    """A connection to an IMAP server, from the greeting to the end."""

    def __init__(self, protocol: Protocol, patience: float) -> None:
        self._protocol: Any = protocol
        self._patience = patience
        self._secrets: tuple[str, ...] = ()
        self._turn = asyncio.Lock()
        self._idles = True

    @classmethod
    async def open(
        cls,
        host: str,
        port: int,
        tls: ssl.SSLContext | None,
        *,
        patience: float = PATIENCE_SECONDS,
        literal_max: int = LITERAL_MAX,
    ) -> "Connection":
        """Connect and be greeted. Raises `MailboxTrouble`."""
        loop = asyncio.get_running_loop()
        protocol = Protocol(loop, literal_max)
        try:
            async with asyncio.timeout(patience):
                await loop.create_connection(lambda: protocol, host, port, ssl=tls)
        except OSError as error:
            raise why_not_connected(error) from error
        made = cls(protocol, patience)
        with contextlib.ExitStack() as otherwise:
            otherwise.callback(made.close)
            made._keep_alive()
            await made._call(protocol.wait("AUTH|NONAUTH"))
            otherwise.pop_all()
        return made

    def _keep_alive(self) -> None:
        """Let the system notice a peer that is gone while nobody waits for it."""
        sock = self._protocol.transport.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in KEEPALIVE:
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)

    # Commands

    async def login(self, user: str, password: str) -> None:
        """Log in with a password. Raises `MailboxTrouble`, of kind `LOGIN` where it is refused."""
        if self.can("LOGINDISABLED"):
            raise MailboxTrouble(Trouble.TLS, "the server takes no password on this connection")
        self._secrets = (password, quoted(password)[1:-1])
        response = await self._call(self._protocol.login(quoted(user), password))
        self._check(response, "login", Trouble.LOGIN)
        await self._call(self._protocol.capability())

    async def present_token(self, user: str, token: str) -> None:
        """Log in with an OAuth2 token (XOAUTH2); kind `TOKEN` where it is refused."""
        if not self.can("AUTH=XOAUTH2"):
            raise MailboxTrouble(Trouble.TOKEN, "the server takes no OAuth2 token (XOAUTH2)")
        self._secrets = (token, _in_base64(user, token))
        response = await self._call(self._protocol.xoauth2(user, token))
        self._check(response, "login with token", Trouble.TOKEN)
        await self._call(self._protocol.capability())

    def can(self, capability: str) -> bool:
        """Whether the server offers something."""
        return capability in self._protocol.capabilities

    async def select(self, folder: str) -> Selected:
        """Open a folder. Raises `MailboxTrouble`, of kind `FOLDER` where it is not there."""
        self._protocol.mails = 0
        response = await self._call(self._protocol.select(folder_argument(folder)))
        self._check(response, f"folder {folder}", Trouble.FOLDER)
        selected = read_select(response.lines)
        self._protocol.news.clear()
        if not selected.uidvalidity:
            raise MailboxTrouble(Trouble.REFUSED, "the server names no UIDVALIDITY")
        return selected

    async def search(self, *criteria: str) -> list[int]:
        """UIDs of the mails that fit, ascending."""
        response = await self._call(
            self._protocol.search(*criteria, charset=None, by_uid=True),
        )
        self._check(response, "search")
        return read_search(response.lines)

    async def fetch(self, uids: Sequence[int], items: str) -> list[Fetched]:
        """What is asked of some mails; those that are gone meanwhile are missing."""
        response = await self._call(self._protocol.fetch(uid_set(uids), items, by_uid=True))
        self._check(response, "fetch")
        return list(read_fetch(response.lines))

    async def flag(self, uids: Sequence[int], flag: str) -> None:
        """Set a flag."""
        response = await self._call(
            self._protocol.store(uid_set(uids), "+FLAGS.SILENT", f"({flag})", by_uid=True)
        )
        self._check(response, f"flag {flag}")

    async def move(self, uids: Sequence[int], folder: str) -> None:
        """Move mails (RFC 6851), or copy them and take away exactly these (UIDPLUS)."""
        target, uids_text = folder_argument(folder), uid_set(uids)
        if self.can("MOVE"):
            response = await self._call(self._protocol.move(uids_text, target, by_uid=True))
            self._check(response, f"move to {folder}")
            return
        if not self.can("UIDPLUS"):
            raise MailboxTrouble(Trouble.REFUSED, 'the server cannot move: use then = "flag"')
        response = await self._call(self._protocol.copy(uids_text, target, by_uid=True))
        self._check(response, f"copy to {folder}")
        await self.flag(uids, "\\Deleted")
        response = await self._call(self._protocol.expunge(uids_text, by_uid=True))
        self._check(response, "expunge")

    async def create(self, folder: str) -> None:
        """Make a folder."""
        response = await self._call(
            self._protocol.simple_command("CREATE", folder_argument(folder))
        )
        self._check(response, f"create {folder}", Trouble.FOLDER)

    # News

    def expect_news(self) -> None:
        """From here on, what comes is news: call it before looking for mails."""
        self._protocol.news.clear()

    async def wait_for_news(self, seconds: float, *, poll: float) -> None:
        """Return when there are more mails, or after a time: IDLE (RFC 2177), else a poll.

        What came since `expect_news` counts: then this returns at once.
        """
        if self._protocol.news.is_set():
            return
        if self._idles and self.can("IDLE"):
            await self._idle(seconds)
            return
        await self._listen(min(poll, seconds))
        self._check(await self._call(self._protocol.simple_command("NOOP")), "noop")

    async def _idle(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        idle = asyncio.ensure_future(self._protocol.idle())
        ready = asyncio.ensure_future(self._protocol.wait_for_idle_response())
        began_at = loop.time()
        try:
            await self._call(_first_of(idle, ready))
            if not idle.done():
                await self._listen(seconds, idle)
            if idle.done():
                # The server ended it. One that does so at once has no IDLE, whatever it says.
                self._idles = loop.time() - began_at > min(seconds, 1.0)
                return
            self._protocol.idle_done()
            self._check(await self._call(_result_of(idle)), "idle")
        finally:
            idle.cancel()
            ready.cancel()

    async def _listen(self, seconds: float, *others: "asyncio.Future[Any]") -> None:
        """Until there are news, the connection is gone, or the time is up."""
        news = asyncio.ensure_future(self._protocol.news.wait())
        try:
            await asyncio.wait(
                {news, self._protocol.lost, *others},
                timeout=seconds,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            news.cancel()

    # The end

    async def logout(self) -> None:
        """Say goodbye, without waiting long for an answer, and close."""
        try:
            async with asyncio.timeout(GOODBYE_SECONDS):
                await self._call(self._protocol.logout())
        except (MailboxTrouble, TimeoutError):
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Let go of the connection."""
        self._protocol.transport.abort()
        for task in (*self._protocol.tasks,):
            task.cancel()

    # Waiting and judging

    async def _call(self, call: Coroutine[Any, Any, Result]) -> Result:
        """The result of a command. Raises `MailboxTrouble` where none comes.

        One at a time: of two callers that wait for the same third the library forgets one.
        """
        async with self._turn:
            task = asyncio.ensure_future(call)
            try:
                await self._wait(task)
                return task.result()
            except (AioImapException, ValueError, LookupError, TimeoutError) as error:
                told = f"{type(error).__name__}: {self._fit(str(error))}"
                raise MailboxTrouble(Trouble.REFUSED, told) from error
            finally:
                task.cancel()

    async def _wait(self, task: "asyncio.Task[Result]") -> None:
        loop = asyncio.get_running_loop()
        began_at = loop.time()
        while not task.done():
            now = loop.time()
            silent = now - max(self._protocol.heard_at, began_at)
            if silent >= self._patience or now - began_at >= COMMAND_SECONDS_MAX:
                raise MailboxTrouble(Trouble.UNREACHABLE, "the server does not answer")
            await asyncio.wait(
                {task, self._protocol.lost},
                timeout=self._patience - silent,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if self._protocol.lost.done():
                # An answer and the end may come together; the answer says more.
                await asyncio.wait({task}, timeout=LAST_WORDS_SECONDS)
                if not task.done():
                    reason = self._fit(self._protocol.lost.result())
                    raise MailboxTrouble(Trouble.UNREACHABLE, reason)

    def _check(self, response: Any, doing: str, kind: Trouble = Trouble.REFUSED) -> None:
        """Raise `MailboxTrouble` for NO and BAD: they are results to the library."""
        if response.result == "OK":
            return
        text = bytes(response.lines[-1]) if response.lines else b""
        told = BY_CODE.get(response_code(text), kind)
        if kind is Trouble.TOKEN and told is Trouble.LOGIN:
            told = kind
        said = self._fit(text.decode("utf-8", "replace"))
        alert = f" {self._fit(self._protocol.alert)}" if self._protocol.alert else ""
        raise MailboxTrouble(told, f"{doing}: the server says {response.result} {said}{alert}")

    def _fit(self, text: str) -> str:
        """A server's words, fit to be told: where they repeat a log-in only their code (P16)."""
        if not _LOG_IN.search(text) and not any(one in text for one in self._secrets):
            return tidy(text)
        code = response_code(text.encode())
        return f"[{code}] …" if code else "…"


def _in_base64(user: str, token: str) -> str:
    """A token as XOAUTH2 sends it."""
    return b64encode(f"user={user}\1auth=Bearer {token}\1\1".encode()).decode("ascii")


async def _first_of(*futures: "asyncio.Future[Any]") -> None:
    await asyncio.wait(futures, return_when=asyncio.FIRST_COMPLETED)


async def _result_of(future: "asyncio.Future[Result]") -> Result:
    return await asyncio.shield(future)
