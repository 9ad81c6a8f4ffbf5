"""A clock on the wall that a test sets: libfaketime before the real `gateway run`."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

NAME = "libfaketimeMT.so.1"
PLACES = ("usr/lib/*/faketime", "usr/lib/faketime", "usr/lib64/faketime", "usr/local/lib/faketime")


def library() -> Path | None:
    """Where the library is, if it is installed."""
    found = [path for place in PLACES for path in Path("/").glob(f"{place}/{NAME}")]
    return found[0] if found else None


@dataclass(frozen=True)
class WallClock:
    """The clock of the processes that run with `environ`; it goes on from where it was set."""

    file: Path
    library: Path

    def set(self, at: datetime) -> None:
        """Set it, also under a process that runs."""
        offset = at - datetime.now(UTC)
        whole = self.file.with_suffix(".new")
        whole.write_text(f"{offset / timedelta(seconds=1):+.3f}\n", encoding="ascii")
        whole.replace(self.file)

    @property
    def environ(self) -> dict[str, str]:
        """Variables that put a process under this clock; its monotonic clock stays the real one."""
        return {
            "LD_PRELOAD": str(self.library),
            "FAKETIME_TIMESTAMP_FILE": str(self.file),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
            "DONT_FAKE_MONOTONIC": "1",
        }
