"""Read mutated mails as the gateway does and tell what they cost: crashes, slowest, memory.

    PYTHONPATH=. python tests/bench/mutants.py --count 200000 FOLDER...

Seeds are the mails in the folders (`*.eml`), else a few of its own. Each mutant is one seed with
bytes changed, stretches cut, doubled, swapped or spliced in from another, and hostile tokens put
between. The same number and seed make the same mutants. Exit status 1 if one raised, or cost more
than 5 s or 256 MiB.
"""

import argparse
import random
import resource
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from multiprocessing import Pool
from pathlib import Path
from typing import Final

from gateway.mail.message import Envelope
from gateway.work.reader import read_all

SECONDS_MAX: Final = 5.0
MEBIBYTES_MAX: Final = 256
RECEIVED_AT: Final = datetime(2026, 7, 8, 8, tzinfo=UTC)
TOKENS: Final = (
    b"\r\n\r\n",
    b"\n",
    b"\r",
    b"\x00",
    b"--b\r\n",
    b"--b--\r\n",
    b"=?utf-8?q?",
    b"?=",
    b'"',
    b";",
    b"(",
    b"<",
    b">",
    b"\xff\xfe",
    b"\xed\xa0\x80",
    b"Content-Type: multipart/mixed; boundary=b\r\n",
    b"Content-Transfer-Encoding: base64\r\n",
    b"From: ",
    b"> ",
    b"On Mon wrote:\n",
    b"<div>",
    b"</div>",
    b"<blockquote type=cite>",
    b"begin 644 x\n",
    b"=\r\n",
    b"&#x110000;",
    b"charset=utf-7",
    b"\xe2\x80\xae",
)
HEAD: Final = (
    b"Received: from a by b; Wed, 8 Jul 2026 08:00:00 +0000\r\nFrom: Ann <ann@acme.example>\r\n"
    b"To: support@desk.example\r\nSubject: =?utf-8?q?T=C3=A4x?= [T-1001]\r\n"
    b"Message-ID: <m1@acme.example>\r\nReferences: <a@b.example> <c@d.example>\r\n"
    b"Date: Wed, 8 Jul 2026 08:00:00 +0000\r\nMIME-Version: 1.0\r\n"
)
SEEDS: Final = (
    (
        HEAD
        + b"Content-Type: text/plain; charset=utf-8; format=flowed\r\n\r\nYes, please. \r\n\r\n"
        b"On Tue, 7 Jul 2026 at 10:00, Desk <d@x.example> wrote:\r\n> old\r\n> text\r\n"
        b"-- \r\nAnn\r\n"
    ),
    (
        HEAD + b"Content-Type: text/html; charset=iso-8859-1\r\n"
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\n"
        b"<div>Gr=FC=DFe</div><table><tr><td>a</td>"
        b"</tr></table><blockquote type=3Dcite><p>old</p></blockquote>\r\n"
    ),
    (
        HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: "
        b"multipart/alternative; boundary=c\r\n\r\n--c\r\n\r\nHi\r\n--c\r\n"
        b"Content-Type: text/html\r\n\r\n"
        b"<p>Hi</p>\r\n--c--\r\n--b\r\nContent-Type: image/png; name*=utf-8''%C3%9C.png\r\n"
        b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgoAAAANSUhEUgAA\r\n--b\r\n"
        b"Content-Type: message/rfc822\r\n\r\nFrom: x@y.example\r\n\r\nold\r\n--b--\r\n"
    ),
    (
        b"From: MAILER-DAEMON@x.example\r\n"
        b"Content-Type: multipart/report; report-type=delivery-status;"
        b" boundary=b\r\n\r\n--b\r\n\r\nfailed\r\n--b\r\n"
        b"Content-Type: message/delivery-status\r\n\r\n"
        b"Reporting-MTA: dns; x\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\n"
        b"Status: 5.1.1\r\n\r\n--b\r\nContent-Type: text/rfc822-headers\r\n\r\n"
        b"Message-ID: <o@desk.example>\r\n--b--\r\n"
    ),
    (
        HEAD + b"\r\nbegin 644 a.txt\n#0V%T\n`\nend\n\n-----Original Message-----\r\n"
        b"From: d@x.example\r\n"
        b"Sent: today\r\nTo: ann\r\nSubject: x\r\n\r\nold\r\n"
    ),
)


@dataclass(slots=True)
class Figures:
    """What a run of mutants cost."""

    count: int = 0
    crashes: list[str] = field(default_factory=list)
    """Number of the mutant and the kind of error."""
    slowest: tuple[float, int] = (0.0, -1)
    """Seconds of processor time, and whose."""
    mebibytes: int = 0
    """The most that a process had in memory, itself included."""

    def add(self, other: "Figures") -> None:
        """Take the figures of another run in."""
        self.count += other.count
        self.crashes += other.crashes
        self.slowest = max(self.slowest, other.slowest)
        self.mebibytes = max(self.mebibytes, other.mebibytes)

    @property
    def is_good(self) -> bool:
        """Whether the promises hold (reliability P10)."""
        return (
            not self.crashes and self.slowest[0] <= SECONDS_MAX and self.mebibytes <= MEBIBYTES_MAX
        )


def mutant(seeds: Sequence[bytes], seed: int, number: int) -> bytes:
    """The mutant of a number: always the same one."""
    chance = random.Random(f"{seed}/{number}")
    content = bytearray(chance.choice(seeds))
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(content) + 1)
        end = min(len(content), at + int(chance.expovariate(1 / 40)))
        match chance.randrange(7):
            case 0:
                content[at:end] = bytes(chance.randrange(256) for _ in range(end - at))
            case 1:
                del content[at:end]
            case 2:
                content[at:at] = content[at:end] * chance.choice((1, 2, 5, 50))
            case 3:
                content[at:at] = chance.choice(TOKENS) * chance.choice((1, 1, 1, 3, 20, 400))
            case 4:
                other = chance.choice(seeds)
                start = chance.randrange(len(other) + 1)
                content[at:end] = other[start : start + 500]
            case 5:
                content[at:end] = content[at:end][::-1]
            case _:
                del content[end:]
        if not content:
            content += b"x"
    return bytes(content)


def run(seeds: Sequence[bytes], seed: int, numbers: Iterator[int] | range) -> Figures:
    """Read some mutants in this process."""
    figures = Figures()
    for number in numbers:
        raw = mutant(seeds, seed, number)
        envelope = Envelope(queue_id=f"mutant{number}", received_at=RECEIVED_AT)
        started = time.process_time()
        try:
            read_all(raw, envelope)
        except Exception as error:  # noqa: BLE001 - which one is what we ask
            figures.crashes.append(f"{number}: {type(error).__name__}")
        figures.slowest = max(figures.slowest, (time.process_time() - started, number))
        figures.count += 1
    figures.mebibytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return figures


def seeds_in(folders: Sequence[Path]) -> tuple[bytes, ...]:
    """The mails in some folders, else those of this file; large ones only repeat themselves."""
    found = (path.read_bytes() for folder in folders for path in sorted(folder.rglob("*.eml")))
    return tuple(one for one in found if 0 < len(one) <= 200_000) or SEEDS


def main() -> int:
    """Run what was asked for and print the figures."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("folders", nargs="*", type=Path, help="folders with mails to mutate")
    parser.add_argument("--count", type=int, default=200_000, help="how many mutants")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other mutants")
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    seeds = seeds_in(given.folders)
    step = 500
    jobs = [
        (seeds, given.seed, range(start, min(start + step, given.count)))
        for start in range(0, given.count, step)
    ]
    total = Figures()
    started = time.monotonic()
    with Pool(given.processes) as pool:
        for figures in pool.starmap(run, jobs, chunksize=1):
            total.add(figures)
    print(f"seeds      {len(seeds)}")
    print(f"mutants    {total.count} in {time.monotonic() - started:.0f} s")
    print(f"crashes    {len(total.crashes)} {' '.join(total.crashes[:20])}")
    print(f"slowest    {total.slowest[0]:.3f} s (mutant {total.slowest[1]})")
    print(f"memory     {total.mebibytes} MiB at most in a process")
    return 0 if total.is_good else 1


if __name__ == "__main__":
    sys.exit(main())
