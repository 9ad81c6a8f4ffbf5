"""Supervise one mailbox: try again after trouble, later and later, and say how it is doing.

Whatever goes wrong with a mailbox is trouble of this mailbox: the other ones, SMTP and the desk go
on. Its state is one word that an operator can act on; trouble that lasts is told by letter, once.
"""

import asyncio
import contextlib
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, Protocol

from gateway import journal
from gateway.spool import SpoolFailure, SpoolFull
from gateway.wire.imap_account import Account, Pace
from gateway.wire.imap_in import Mailbox, unforeseen
from gateway.wire.imap_journal import Entry, Fate, Incident, UidJournal
from gateway.wire.imap_trouble import MailboxTrouble, Trouble

CONNECTING: Final = "connecting"
TAKING: Final = "taking"
WATCHING: Final = "watching"
STOPPED: Final = "stopped"

BACKOFF: Final[Mapping[Trouble, tuple[float, ...]]] = MappingProxyType(
    {
        Trouble.UNREACHABLE: (0.5, 1, 2, 5, 10, 20, 30),
        Trouble.TLS: (10, 30, 60),
        # Servers lock accounts that try too often.
        Trouble.LOGIN: (60, 300, 900),
        Trouble.TOKEN: (60, 300, 900),
        Trouble.FOLDER: (30, 60, 300),
        Trouble.QUOTA: (60, 300),
        Trouble.REFUSED: (2, 5, 15, 60),
        Trouble.SPOOL: (2, 5, 15, 30),
        Trouble.FAULT: (5, 15, 60, 300),
    }
)
"""Seconds to the next try by number of tries without progress; the last goes on for ever."""
JITTER: Final = 0.2

ADVICE: Final[Mapping[Trouble, str]] = MappingProxyType(
    {
        Trouble.UNREACHABLE: "Check the network, and host and port in the settings.",
        Trouble.TLS: "Check the certificate of the server, or name its authority in ca_file.",
        Trouble.LOGIN: "Check user and password; a new password_file is read at once.",
        Trouble.TOKEN: "See gateway auth status, then gateway auth login {name}.",
        Trouble.FOLDER: "Check folder in the settings.",
        Trouble.QUOTA: "Make room in the mailbox; mails are taken in all the same.",
        Trouble.REFUSED: "See the diary, and try gateway check.",
        Trouble.SPOOL: "Make room on the disk of state_dir.",
        Trouble.FAULT: "This is a fault of the gateway; the diary has the place.",
    }
)


class Tells(Protocol):
    """Whoever writes to the operator."""

    async def tell(self, event: str, reason: str) -> bool:
        """A letter for an event, once; false where it must be told again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxState:
    """How a mailbox is doing, for the health page and the metrics."""

    name: str
    state: str
    """`connecting`, `taking`, `watching`, `stopped`, or a kind of `Trouble`."""
    since: datetime
    last_mail_at: datetime | None = None
    last_error: str = ""
    """What went wrong last, while it has not gone well since."""
    taken: int = 0
    """Mails taken since the start."""

    @property
    def is_well(self) -> bool:
        """Whether mails come in, as far as this mailbox is concerned."""
        return self.state in {CONNECTING, TAKING, WATCHING} and not self.last_error


class Supervisor:
    """Keeps one mailbox served."""

    def __init__(
        self,
        account: Account,
        uids: UidJournal,
        clock: Callable[[], datetime],
        tells: Tells,
        *,
        alert_after: timedelta = timedelta(minutes=10),
        pace: Pace | None = None,
    ) -> None:
        self._account = account
        self._uids = uids
        self._clock = clock
        self._tells = tells
        self._alert_after = alert_after
        self._pace = pace or Pace()
        self._mailbox = Mailbox(account, uids, clock, self, self._pace)
        self._stopping = asyncio.Event()
        self._has_progress = False
        self._open_since: float | None = None
        """When serving began to go on, in the time of the loop."""
        self._well_since: float | None = None
        """Since when it has been without trouble."""
        self._trouble: MailboxTrouble | None = None
        self._incident: Incident | None = None
        self._written: Incident | None = None
        self._untold: dict[str, str] = {}
        self._warned: set[str] = set()
        self.state = MailboxState(name=account.name, state=CONNECTING, since=clock())

    def stop(self) -> None:
        """End soon; what is in hand is done again after the next start, and found done."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve the mailbox until told to stop."""
        self._incident = self._written = await asyncio.to_thread(self._uids.incident)
        last_at = await asyncio.to_thread(self._uids.last_at)
        self.state = replace(self.state, last_mail_at=last_at)
        async with asyncio.TaskGroup() as group:
            minding = group.create_task(self._mind())
            await self._serve_on()
            minding.cancel()
        self._become(STOPPED)

    async def _serve_on(self) -> None:
        tries = 0
        while True:
            self._has_progress = False
            self._open_since = None
            # Looked at before the password is: what changes from here on is not tried yet.
            stamp = await asyncio.to_thread(self._account.stamp)
            serving = asyncio.create_task(self._mailbox.serve())
            await self._until_stopped(serving)
            if self._stopping.is_set():
                return
            trouble = self._judge(None if serving.cancelled() else serving.exception())
            tries = 1 if self._has_progress or self._lasts(self._open_since) else tries + 1
            self._note(trouble)
            await self._until_stopped(asyncio.create_task(self._rest(trouble.kind, tries, stamp)))
            if self._stopping.is_set():
                return

    async def _until_stopped(self, task: "asyncio.Task[None]") -> None:
        """Let a task run to its end, or end it where we are told to stop."""
        stopping = asyncio.create_task(self._stopping.wait())
        try:
            await asyncio.wait({task, stopping}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
            stopping.cancel()
            await asyncio.wait({task, stopping})

    def _judge(self, error: BaseException | None) -> MailboxTrouble:
        trouble = unforeseen(error)
        if error is not None and trouble.kind is Trouble.FAULT:
            journal.fail("mailbox_fault", mailbox=self._account.name, error=_place(error))
        return trouble

    async def _rest(self, kind: Trouble, tries: int, tried: object) -> None:
        """Pause before the next try; another password or token than was tried ends the pause."""
        loop = asyncio.get_running_loop()
        steps = BACKOFF[kind]
        spread = random.uniform(1 - JITTER, 1 + JITTER)  # noqa: S311 - jitter, no secret
        end = loop.time() + steps[min(tries, len(steps)) - 1] * spread * self._pace.retry
        while (left := end - loop.time()) > 0:
            await asyncio.sleep(min(left, self._pace.look))
            if await asyncio.to_thread(self._account.stamp) != tried:
                return

    async def _mind(self) -> None:
        """Write down incidents, and tell what has to be told."""
        loop = asyncio.get_running_loop()
        warn_at = loop.time()
        while True:
            if loop.time() >= warn_at:
                warn_at = loop.time() + self._pace.warn
                await self._warn()
            await asyncio.sleep(self._pace.look)
            if self._incident != self._written:
                with contextlib.suppress(SpoolFull, SpoolFailure):
                    incident = self._incident
                    await self._uids.note_incident(incident)
                    self._written = incident
            if self._lasts(self._well_since):
                self._recover()
            await self._tell()

    async def _warn(self) -> None:
        """Access that ends soon is told while there is time."""
        found = await asyncio.to_thread(self._account.warnings, self._clock())
        for event in found.keys() - self._warned:
            journal.warn("mailbox_access_ends", mailbox=self._account.name)
            self._untold[event] = found[event]
            self._warned.add(event)

    async def _tell(self) -> None:
        incident, trouble = self._incident, self._trouble
        if incident and trouble and not incident.told:
            lasts = self._clock() - incident.since
            event = f"mailbox:{self._account.place}:{incident.since.isoformat()}"
            if lasts >= self._alert_after and await self._tells.tell(event, self._words(trouble)):
                journal.note("mailbox_alert", mailbox=self._account.name)
                if self._incident == incident:
                    self._incident = replace(incident, told=True)
        for event, reason in list(self._untold.items()):
            if await self._tells.tell(event, reason):
                del self._untold[event]

    def _words(self, trouble: MailboxTrouble) -> str:
        account = self._account
        since = f"{self._incident.since:%Y-%m-%d %H:%M} UTC" if self._incident else "now"
        advice = ADVICE[trouble.kind].format(name=account.name)
        return (
            f"Mailbox {account.name} ({account.place}) has not been working since {since}: "
            f"{trouble.reason} ({trouble.kind}).\n\n{advice}\n\nNothing is lost: mails stay in the "
            "mailbox and are taken in when it works again. You hear of this once."
        )

    # How it is doing

    def connecting(self) -> None:
        """Trouble stays in sight until the mailbox really works again."""
        if self._trouble is None:
            self._become(CONNECTING)

    def taking(self, waiting: int) -> None:
        """Mails are fetched."""
        journal.note("mailbox_taking", mailbox=self._account.name, waiting=waiting)
        self._become(TAKING)

    def took(self, entries: Sequence[Entry]) -> None:
        """Mails are in the spool."""
        taken = [one for one in entries if one.fate is not Fate.REPEAT]
        self._has_progress = self._has_progress or bool(taken)
        if taken:
            self.state = replace(
                self.state, last_mail_at=self._clock(), taken=self.state.taken + len(taken)
            )
        for one in taken:
            if one.fate is Fate.TOO_LARGE:
                self._untold[f"too-large:{one.queue_id}"] = (
                    f"A mail in mailbox {self._account.name} is too large to be taken in. Its "
                    f"beginning is set aside: gateway mail show {one.queue_id}. "
                    f"To make a ticket of that: gateway mail release {one.queue_id}."
                )

    def passed_over(self, uid: int, reason: str) -> None:
        """A mail cannot be fetched; the others can."""
        name = self._account.name
        journal.fail("mail_unreadable", mailbox=name, uid=uid, reason=reason)
        self._untold[f"unreadable:{self._account.place}:{uid}:{self._clock():%Y%m%d}"] = (
            f"The mail with UID {uid} in mailbox {name} cannot be fetched: {reason}. It is tried "
            f"again every hour; the others are taken in. See gateway mail reconcile {name}."
        )

    def watching(self) -> None:
        """All is well, as far as can be seen: trouble ends with a mail, or when that lasts.

        Some servers let everybody in and hang up at once, again and again.
        """
        now = asyncio.get_running_loop().time()
        self._open_since = self._open_since or now
        self._well_since = self._well_since or now
        if self._has_progress:
            self._recover()
        self._become(WATCHING if self._trouble is None else self._trouble.kind)

    def _lasts(self, since: float | None) -> bool:
        now = asyncio.get_running_loop().time()
        return since is not None and now - since >= self._pace.proof

    def _recover(self) -> None:
        if self._trouble is not None:
            journal.note("mailbox_back", mailbox=self._account.name)
            if self.state.state != TAKING:
                self._become(WATCHING)
        self._trouble = self._incident = None
        self.state = replace(self.state, last_error="")

    def limping(self, trouble: MailboxTrouble) -> None:
        """Mails come in, but they cannot be flagged or moved."""
        self._open_since = self._open_since or asyncio.get_running_loop().time()
        self._well_since = None
        if self._trouble is None or self._trouble.reason != trouble.reason:
            self._note(trouble)
        self._become(trouble.kind)

    def _note(self, trouble: MailboxTrouble) -> None:
        self._trouble, self._well_since = trouble, None
        self._incident = self._incident or Incident(since=self._clock(), told=False)
        self.state = replace(self.state, last_error=trouble.reason)
        kind, name = str(trouble.kind), self._account.name
        journal.warn("mailbox_trouble", mailbox=name, trouble=kind, reason=trouble.reason)
        self._become(trouble.kind)

    def _become(self, state: str) -> None:
        if self.state.state != state:
            self.state = replace(self.state, state=str(state), since=self._clock())
            journal.note("mailbox", mailbox=self._account.name, state=str(state))


def _place(error: BaseException) -> str:
    """The kind of an error and where it rose, never its text (promise P16)."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    where = f" at {trace.tb_frame.f_code.co_name}:{trace.tb_lineno}" if trace else ""
    return f"{type(error).__name__}{where}"
