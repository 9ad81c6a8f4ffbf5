"""What a daemon wrote, synced and said, in order: read from a trace of its system calls."""

import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

CALLS = "pwrite64,write,ftruncate,fdatasync,fsync,unlink,sendto"
_BEGUN = re.compile(
    r"(?P<thread>\d+) +(?P<call>\w+)\((?:\d+<(?P<file>[^>]*)>|\"(?P<name>[^\"]*)\")"
    r"(?:, \"(?P<data>[^\"]*)\")?(?P<rest>.*)"
)
_RESUMED = re.compile(r"(?P<thread>\d+) +<\.\.\. (?P<call>\w+) resumed>.*= (?P<result>-?\d+)")


@cache
def tracer() -> str:
    """The program, or nothing where it is missing or this machine lets nobody trace."""
    found = shutil.which("strace") or ""
    tried = [found, "-f", "-o", "/dev/null", "true"]
    return found if found and subprocess.run(tried, check=False).returncode == 0 else ""


def traced(into: Path) -> tuple[str, ...]:
    """What to put before a command, so that all its writes and words stand in a file."""
    return (
        *(tracer(), "-f", "--seccomp-bpf", "-qq", "-y", "-xx", "-s", "1000000"),
        *("-e", f"trace={CALLS}", "-e", "signal=none", "-o", str(into)),
    )


@dataclass(frozen=True)
class Synced:
    """From here on a file is on the disk as it was when the sync began."""

    path: str


@dataclass(frozen=True)
class Said:
    """Something was sent to a peer."""

    words: bytes


@dataclass
class Disk:
    """Files as they were written, and as they are after the power was lost."""

    written: dict[str, bytearray] = field(default_factory=dict)
    kept: dict[str, bytes] = field(default_factory=dict)
    _under_way: dict[str, tuple[str, bytes]] = field(default_factory=dict)

    def replay(self, trace: Path) -> Iterator[Synced | Said]:
        """Every sync that has come back and every word that is said, after what led to it."""
        with trace.open(encoding="ascii", errors="replace") as lines:
            for line in lines:
                if begun := _BEGUN.match(line):
                    yield from self._begin(begun)
                elif resumed := _RESUMED.match(line):
                    yield from self._resume(resumed)

    def _begin(self, begun: re.Match[str]) -> Iterator[Synced | Said]:
        call, rest = begun["call"], begun["rest"]
        path = _octets(begun["file"] or begun["name"]).decode(errors="replace")
        data = _octets(begun["data"] or "")
        if call == "sendto":
            yield Said(data)
        elif call == "pwrite64":
            self._write(path, int(re.findall(r", (\d+)", rest)[1]), data)
        elif call == "write" and path.startswith("/"):
            self._write(path, len(self.written.get(path, b"")), data)
        elif call == "ftruncate":
            size = int(re.findall(r", (\d+)", rest)[0])
            del self.written.setdefault(path, bytearray())[size:]
        elif call == "unlink":
            self.written.pop(path, None)
            self.kept.pop(path, None)
        elif call in ("fsync", "fdatasync"):
            as_it_is = bytes(self.written.get(path, b""))
            if rest.rstrip().endswith("= 0"):
                self.kept[path] = as_it_is
                yield Synced(path)
            elif "unfinished" in rest:
                self._under_way[begun["thread"]] = (path, as_it_is)

    def _resume(self, resumed: re.Match[str]) -> Iterator[Synced]:
        path, as_it_was = self._under_way.pop(resumed["thread"], ("", b""))
        if path and resumed["result"] == "0":
            self.kept[path] = as_it_was
            yield Synced(path)

    def _write(self, path: str, offset: int, data: bytes) -> None:
        image = self.written.setdefault(path, bytearray())
        image.extend(bytes(max(0, offset - len(image))))
        image[offset : offset + len(data)] = data

    def lay_out(self, folder: Path, *names: str) -> None:
        """Write the files of these names as the disk has them after the loss."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        for path, image in self.kept.items():
            if Path(path).name in names:
                (folder / Path(path).name).write_bytes(image)


def _octets(shown: str) -> bytes:
    return bytes.fromhex(shown.replace("\\x", ""))
