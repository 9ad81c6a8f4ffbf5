"""Read hostile mail in a process that can be killed: limits on time and memory, one mail at a time.

`main` is that process: frames of a length and a pickle on standard input and output, in both
directions our own values only; anything else in an answer is refused. What a mail costs is counted
in processor time, so that a busy or swapping machine never makes a good mail look hostile.
"""

import asyncio
import contextlib
import io
import os
import pickle
import resource
import signal
import struct
import sys
from dataclasses import dataclass
from typing import BinaryIO, Final

from gateway import garbage
from gateway.mail.compose import Enclosure
from gateway.mail.message import Attachment, Envelope, Mail
from gateway.mail.parse import attachment_bytes, read_mail

SECONDS_MAX: Final = 5.0
"""Processor time one mail may take; more and the process is killed (promise P10)."""
BYTES_PER_SECOND: Final = 10_000_000
"""Large mails get a little more time."""
PATIENCE_SECONDS: Final = 120.0
"""Wall time until a reading process that answers nothing is given up."""
MEMORY_MAX: Final = 1024 * 1024 * 1024
"""Address space of the process, what the interpreter itself maps included."""
BEGUN_MAX: Final = 256 * 1024
"""Octets of a mail that is read before anybody asks for it."""
ENCLOSED_MAX: Final = 20 * 1024 * 1024
"""Octets of attachments that are passed on; more stays with the raw mail."""

_LENGTH: Final = struct.Struct(">Q")


class UnreadableMail(Exception):
    """The mail killed its reader; the text says how. Another try may go better."""


class TookTooLong(UnreadableMail):
    """The mail used up its processor time; every further try would."""


@dataclass(frozen=True, slots=True)
class Read:
    """A mail, and the files that came with it."""

    mail: Mail
    enclosures: tuple[Enclosure, ...] = ()
    too_large: tuple[str, ...] = ()
    """Names and sizes of files that stay with the raw mail."""


class Reader:
    """The reading process, started when first needed and again after it was killed.

    Mails may be handed over before the answers about others are there: it reads them in order, and
    need not wait for us in between. Where one breaks it the next process is given those behind it.
    """

    def __init__(self, seconds: float = SECONDS_MAX) -> None:
        self._seconds = seconds
        self._process: asyncio.subprocess.Process | None = None
        self._lock = asyncio.Lock()
        self._asked: dict[object, bytes] = {}
        """Requests without an answer, in order."""
        self._begun: tuple[str, asyncio.Task[Read]] | None = None

    def begin(self, envelope: Envelope, raw: bytes) -> None:
        """Read a mail while it is being made durable: whoever asks for it next finds it read.

        Only where nobody waits for another, who would wait longer, and of an ordinary size.
        """
        is_busy = self._asked or (self._begun and not self._begun[1].done())
        if self._process and not is_busy and len(raw) <= BEGUN_MAX:
            reading = asyncio.get_running_loop().create_task(self._read(raw, envelope))
            # It may never be asked for: what went wrong with it is nobody's then.
            reading.add_done_callback(lambda it: it.cancelled() or it.exception())
            self._begun = (envelope.queue_id, reading)

    async def read(self, raw: bytes, envelope: Envelope) -> Read:
        """Read one mail. Raises `UnreadableMail` where it took too much or broke the process."""
        if self._begun and self._begun[0] == envelope.queue_id:
            (_, reading), self._begun = self._begun, None
            try:
                return await reading
            except TookTooLong:
                raise
            except UnreadableMail:
                pass  # What broke before anybody asked is no try.
        return await self._read(raw, envelope)

    async def _read(self, raw: bytes, envelope: Envelope) -> Read:
        seconds = self._seconds + len(raw) / BYTES_PER_SECOND
        request = pickle.dumps((envelope, raw, seconds), protocol=5)
        ticket = object()
        self._asked[ticket] = _LENGTH.pack(len(request)) + request
        if self._process and self._process.stdin:
            self._process.stdin.write(self._asked[ticket])
        try:
            # Whoever waits is served in the order of the requests, which is that of the answers.
            async with self._lock:
                return await self._answer(envelope.queue_id)
        finally:
            del self._asked[ticket]

    async def _answer(self, queue_id: str) -> Read:
        process = await self._running()
        try:
            async with asyncio.timeout(PATIENCE_SECONDS):
                read = await self._receive(process)
                while read.mail.envelope.queue_id != queue_id:
                    # Whoever asked for that one was cancelled meanwhile.
                    read = await self._receive(process)
                return read
        except TimeoutError as error:
            await self.close()
            raise UnreadableMail("the reading process did not answer") from error
        except (asyncio.IncompleteReadError, OSError, pickle.UnpicklingError) as error:
            code = await self.close()
            if code == -signal.SIGPROF:
                raise TookTooLong("reading took too long") from error
            raise UnreadableMail("the reading process died") from error
        except asyncio.CancelledError:
            await self.close()
            raise

    @staticmethod
    async def _receive(process: asyncio.subprocess.Process) -> Read:
        if process.stdout is None:
            raise AssertionError("the reading process has pipes")
        head = await process.stdout.readexactly(_LENGTH.size)
        answer = await process.stdout.readexactly(_LENGTH.unpack(head)[0])
        read = OurValues(io.BytesIO(answer)).load()
        if not isinstance(read, Read):
            raise UnreadableMail(str(read))
        return read

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is None or self._process.returncode is not None:
            self._process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-P",
                "-c",
                "from gateway.work.reader import main; main()",
                stdin=asyncio.subprocess.PIPE,
                stdout=asyncio.subprocess.PIPE,
                limit=1024 * 1024,
                # Signals to our group are ours: the mail in hand is still read to its end.
                start_new_session=True,
            )
            if self._process.stdin is None:
                raise AssertionError("the reading process has pipes")
            self._process.stdin.writelines(list(self._asked.values()))
        return self._process

    async def close(self) -> int | None:
        """Kill the process; returns how it ended, where it had ended by itself."""
        process, self._process = self._process, None
        if process is None:
            return None
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                # Not process.kill(): it looks first, and takes from asyncio how the process ended.
                os.kill(process.pid, signal.SIGKILL)
        return await process.wait()


class OurValues(pickle.Unpickler):
    """Loads our own values and nothing else, whatever a broken reading process may say."""

    def find_class(self, module: str, name: str) -> object:
        """The class an answer names, if it is one of ours."""
        if module.startswith("gateway.mail.") or (module, name) in _KNOWN:
            return super().find_class(module, name)
        raise pickle.UnpicklingError(f"{module}.{name} is no value of ours")


_KNOWN: Final = frozenset(
    {
        ("gateway.work.reader", "Read"),
        ("datetime", "datetime"),
        ("datetime", "timedelta"),
        ("datetime", "timezone"),
        ("builtins", "frozenset"),
        ("copyreg", "_reconstructor"),
    }
)


def serve(source: BinaryIO, sink: BinaryIO) -> None:
    """Answer requests until the other side is gone."""
    while len(head := source.read(_LENGTH.size)) == _LENGTH.size:
        request = source.read(_LENGTH.unpack(head)[0])
        envelope, raw, seconds = pickle.loads(request)  # noqa: S301 - from our parent
        # Its signal ends the process, inside a regular expression too.
        signal.setitimer(signal.ITIMER_PROF, seconds)
        answer = pickle.dumps(read_all(raw, envelope), protocol=5)
        signal.setitimer(signal.ITIMER_PROF, 0)
        sink.write(_LENGTH.pack(len(answer)) + answer)
        sink.flush()


def read_all(raw: bytes, envelope: Envelope) -> Read:
    """Read a mail and take out the files that may travel on."""
    mail = read_mail(raw, envelope)
    travelling: list[Attachment] = []
    too_large: list[str] = []
    room = ENCLOSED_MAX
    for one in mail.attachments:
        if one.size <= room:
            room -= one.size
            travelling.append(one)
        else:
            too_large.append(f"{one.filename} ({one.size / 2**20:.1f} MiB)")
    enclosures = tuple(
        Enclosure(filename=one.filename, content_type=one.content_type, content=content)
        for one, content in zip(travelling, attachment_bytes(raw, travelling), strict=True)
    )
    return Read(mail, enclosures, tuple(too_large))


def main() -> None:
    """Limit this process, then serve."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_MAX, MEMORY_MAX))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    garbage.look_rarely()
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        serve(sys.stdin.buffer, sys.stdout.buffer)
