"""The diary: one structured line for each event in a mail's life, on standard error.

Lines carry `event=` and the queue id, so that a mail's story is one search. Secrets and customer
text never reach it (promise P16): names of events, ids, numbers and addresses only.
"""

import contextlib
import logging
import os
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final, Literal, TextIO, cast

import structlog

LEVELS: Final = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warning": logging.WARNING,
    "error": logging.ERROR,
}
QUIET_LIBRARIES: Final = ("aiosmtpd", "mail.log", "apscheduler", "alembic", "asyncio", "aioimaplib")
"""They tell their own stories; only what goes wrong is passed on."""

Listener = Callable[[str, Mapping[str, Any]], None]
_listeners: list[Listener] = []


def start(
    *,
    form: Literal["auto", "console", "json"] = "auto",
    level: Literal["debug", "info", "warning", "error"] = "info",
    stream: TextIO | None = None,
) -> None:
    """Set up the diary for this process."""
    out = _Patient(stream or sys.stderr)
    console = form == "console" or (form == "auto" and out.isatty())
    renderer: Any = (
        structlog.dev.ConsoleRenderer(colors=out.isatty(), pad_event_to=24)
        if console
        else structlog.processors.JSONRenderer(ensure_ascii=False, sort_keys=False)
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(LEVELS[level]),
        logger_factory=structlog.PrintLoggerFactory(cast("TextIO", out)),
        cache_logger_on_first_use=False,
    )
    logging.basicConfig(handlers=[_Passing()], level=logging.WARNING, force=True)
    for name in QUIET_LIBRARIES:
        logging.getLogger(name).setLevel(logging.ERROR)


class _Patient:
    """A stream whose reader may be gone and whose disk may be full: mail goes on without it.

    Lines are written whole: several processes of a node share one stream.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._line = ""

    def write(self, text: str) -> int:
        self._line += text
        if text.endswith("\n"):
            line, self._line = self._line, ""
            with contextlib.suppress(OSError, ValueError):
                self._stream.write(line)
        return len(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError, ValueError):
            self._stream.flush()

    def isatty(self) -> bool:
        return self._stream.isatty()


def let_go() -> None:
    """Turn away from streams that take nothing, lest the interpreter end as failed (fault F43)."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, stream.fileno())
            os.close(nowhere)


def silent() -> None:
    """No diary: for commands that print their own answer."""
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL),
        cache_logger_on_first_use=False,
    )


def follow(listener: Listener) -> Callable[[], None]:
    """Let somebody watch the events of this process as they happen, whatever the diary shows.

    Returns what ends the watching.
    """
    _listeners.append(listener)

    def leave() -> None:
        if listener in _listeners:
            _listeners.remove(listener)

    return leave


def see(event: str, **fields: Any) -> None:
    """Something for those who watch this process, not for the diary."""
    _tell(event, fields)


def note(event: str, **fields: Any) -> None:
    """Something happened that an operator may look for."""
    _tell(event, fields)
    structlog.get_logger().info(event, **fields)


def warn(event: str, **fields: Any) -> None:
    """Something happened that an operator should look at."""
    _tell(event, fields)
    structlog.get_logger().warning(event, **fields)


def fail(event: str, **fields: Any) -> None:
    """Something went wrong that we could not help."""
    _tell(event, fields)
    structlog.get_logger().error(event, **fields)


def _tell(event: str, fields: Mapping[str, Any]) -> None:
    for listener in tuple(_listeners):
        listener(event, fields)


class _Passing(logging.Handler):
    """Lines of libraries, as events of the diary: the kind of the error, never its text."""

    def emit(self, record: logging.LogRecord) -> None:
        kind = record.exc_info[0].__name__ if record.exc_info and record.exc_info[0] else ""
        structlog.get_logger().warning(
            "library", library=record.name, where=f"{record.module}:{record.lineno}", error=kind
        )
