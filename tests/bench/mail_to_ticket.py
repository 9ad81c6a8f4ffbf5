"""Mails to tickets, letters included: our desk, Roundup's mail gateway, django-helpdesk, in turn.

    python -m venv /tmp/peers/roundup && /tmp/peers/roundup/bin/pip install roundup
    python -m venv /tmp/peers/helpdesk && /tmp/peers/helpdesk/bin/pip install django-helpdesk
    python tests/bench/mail_to_ticket.py --peers /tmp/peers [--mails 200] [--rounds 3]

Each takes the same mails of twenty known people from files, stores them on SQLite and hands its
letters to one SMTP sink. The start of the program is taken off: each also runs with no mail. Ratios
of the medians within this one run; exit code 1 where one is below what was asked for. Processor
time (user and system, of all processes of a contestant) is told beside it: a machine that does
other things as well stretches the seconds of all, but not alike.
"""

import argparse
import asyncio
import contextlib
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.path.insert(0, str(Path(__file__).parents[2]))

from desks import change, write_desk
from sqlalchemy import Connection, select

from gateway import garbage, journal
from gateway.daemon import carriers, plan_of
from gateway.mail.message import Envelope
from gateway.settings.load import load_settings
from gateway.spool import new_queue_id
from gateway.store.mail_tables import outbox
from gateway.store.upgrade import upgrade
from gateway.work.assembly import Parts

PEOPLE = 20
LOOK_SECONDS = 0.01
ASKED = {"roundup": 10.0, "django-helpdesk": 4.0}
FREE = ("address_hour = 20", "address_day = 40", "stranger_hour = 3", "stranger_day = 20")
FREE_TOO = ("desk_hour = 500", "domain_hour = 200", "tickets_hour = 50")
SETTINGS = """
import os
SECRET_KEY = "x"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.environ["DESK_DB"]}}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions",
    "django.contrib.sites", "django.contrib.admin", "django.contrib.messages",
    "django.contrib.humanize", "rest_framework", "django_cleanup", "helpdesk"]
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
SITE_ID = 1
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
EMAIL_HOST, EMAIL_PORT = "127.0.0.1", int(os.environ["SINK"])
DEFAULT_FROM_EMAIL = "support@desk.example"
ROOT_URLCONF = "desk_urls"
MEDIA_ROOT = os.path.dirname(os.environ["DESK_DB"])
LOGGING = {"version": 1, "disable_existing_loggers": True}
HELPDESK_TEAMS_MODE_ENABLED = False
HELPDESK_KANBAN_BOARD_ENABLED = False
"""
TAKE_IN = """
import django, os, sys, time
django.setup()
from django.core.management import call_command
from helpdesk.models import Queue, Ticket
from helpdesk.email import process_email
if sys.argv[1] == "prepare":
    call_command("migrate", verbosity=0)
    call_command("loaddata", "emailtemplate", verbosity=0)
    Queue.objects.create(title="Support", slug="support", allow_email_submission=True,
        email_address="support@desk.example", email_box_type="local",
        new_ticket_cc="team@desk.example", email_box_interval=0,
        email_box_local_dir=os.environ["DESK_MAIL"])
else:
    began, worked = time.perf_counter(), time.process_time()
    process_email(quiet=True)
    print(time.perf_counter() - began, time.process_time() - worked, Ticket.objects.count())
"""


@dataclass(frozen=True)
class Cost:
    """What taking in all mails cost, in seconds."""

    wall: float
    processor: float

    def __sub__(self, start: "Cost") -> "Cost":
        return Cost(self.wall - start.wall, self.processor - start.processor)


Contestant = Callable[[Path, list[bytes], int], tuple[Cost, int]]


def spent_by(who: int) -> Cost:
    """Seconds until now: of this process, or of its children that have ended."""
    used = resource.getrusage(who)
    return Cost(time.perf_counter(), used.ru_utime + used.ru_stime)


def spent_by_running_children() -> float:
    """Processor time of children that still run: the reading process."""
    ids = Path(f"/proc/self/task/{os.getpid()}/children").read_text(encoding="ascii").split()
    stats = [Path(f"/proc/{one}/stat").read_text(encoding="utf-8") for one in ids]
    ticks = [one.rpartition(")")[2].split()[11:13] for one in stats]
    return sum(int(one) for pair in ticks for one in pair) / os.sysconf("SC_CLK_TCK")


def spent_by_us() -> Cost:
    """Seconds until now of this process and what it runs."""
    own = spent_by(resource.RUSAGE_SELF)
    return Cost(own.wall, own.processor + spent_by_running_children())


def mails(count: int) -> list[bytes]:
    """Plain mails of 3 KiB that differ."""
    return [mail(number, number % PEOPLE) for number in range(count)]


def mail(number: int, person: int) -> bytes:
    """A plain mail of 3 KiB."""
    lines = [
        f"From: Kim {person} <kim{person}@customer{person}.example>",
        "To: support@desk.example",
        f"Subject: Question {number} about the tax",
        "Date: Sun, 22 Nov 2026 12:00:00 +0000",
        f"Message-ID: <q{number}@customer{person}.example>",
        "MIME-Version: 1.0",
        "Content-Type: text/plain; charset=utf-8",
        "",
        *(
            f"Line {n} of {number}: how do we set up the tax for our Spanish orders?"
            for n in range(40)
        ),
        "",
    ]
    return "\r\n".join(lines).encode()


def ours(folder: Path, given: list[bytes], sink: int) -> tuple[Cost, int]:
    """What it costs from the spool to handed-over letters, and how many tickets that made."""
    path = write_desk(folder, smarthost=f"smtp+plain://127.0.0.1:{sink}")
    hold_nothing_back(folder)
    return asyncio.run(_ours(path, given))


def hold_nothing_back(folder: Path) -> None:
    """A desk without budgets of automatic mail: every letter leaves."""
    for line in (*FREE, *FREE_TOO):
        change(folder / "policy.toml", f"{line}\n", f"{line.partition(' ')[0]} = 0\n")


async def _ours(path: Path, given: list[bytes]) -> tuple[Cost, int]:
    settings = load_settings(path)
    parts = Parts(plan_of(settings), lambda: datetime.now(UTC), carriers(settings))
    upgrade(parts.engine)
    await put(parts, [given[0].replace(b"<q0@", b"<first@")])
    await parts.intake.take_waiting()
    await put(parts, given)
    garbage.look_rarely()
    carrying = [asyncio.create_task(one.run()) for one in parts.couriers]
    began = spent_by_us()
    await parts.intake.take_waiting()
    while await parts.transactions(is_any_left):  # noqa: ASYNC110 - nobody rings at the end
        await asyncio.sleep(LOOK_SECONDS)
    cost = spent_by_us() - began
    for one in parts.couriers:
        one.stop()
    await asyncio.gather(*carrying)
    done = parts.spool.counts().done - 1
    await parts.reader.close()
    await parts.close()
    return cost, done


def is_any_left(connection: Connection) -> bool:
    """Whether letters wait or are on their way."""
    unsettled = select(outbox.c.id).where(outbox.c.state.in_(("queued", "sending"))).limit(1)
    return connection.execute(unsettled).first() is not None


async def put(parts: Parts, given: list[bytes]) -> None:
    for raw in given:
        now = datetime.now(UTC)
        envelope = Envelope(
            queue_id=new_queue_id(now),
            received_at=now,
            reverse_path="kim@customer.example",
            forward_paths=("support@desk.example",),
            source="smtp",
            peer="127.0.0.1",
        )
        await parts.spool.put(envelope, raw)


def roundup(peers: Path) -> Contestant:
    """Roundup's classic tracker; its gateway reads an mbox in one process."""
    programs = peers / "roundup" / "bin"

    def admin(home: Path, *words: str) -> str:
        command = [programs / "roundup-admin", "-i", home, *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def prepare(home: Path, sink: int) -> None:
        admin(home, "install", "classic", "sqlite")
        config = home / "config.ini"
        text = config.read_text(encoding="utf-8")
        for old, new in (
            ("#web = NO DEFAULT", "web = http://127.0.0.1:8080/desk/"),
            ("#domain = NO DEFAULT", "domain = desk.example"),
            ("#host = NO DEFAULT", "host = 127.0.0.1"),
            ("\nport = 25\n", f"\nport = {sink}\n"),
            # Whoever writes gets a receipt, as from the others.
            ("messages_to_author = no", "messages_to_author = yes"),
        ):
            if old not in text:
                raise SystemExit(f"this Roundup has no setting {old.strip()!r}")
            text = text.replace(old, new, 1)
        config.write_text(text, encoding="utf-8")
        admin(home, "initialise", "secret")
        admin(home, "create", "user", "username=team", "address=team@desk.example", "roles=User")
        for person in range(PEOPLE):
            address = f"kim{person}@customer{person}.example"
            admin(
                home, "create", "user", f"username=kim{person}", f"address={address}", "roles=User"
            )

    def cost_of(home: Path, mbox: Path) -> Cost:
        began = spent_by(resource.RUSAGE_CHILDREN)
        told = ("-S", "issue.nosy=+team")
        command = [programs / "roundup-mailgw", *told, home, "mailbox", mbox]
        subprocess.run(command, check=True, capture_output=True)
        return spent_by(resource.RUSAGE_CHILDREN) - began

    def run(folder: Path, given: list[bytes], sink: int) -> tuple[Cost, int]:
        folder.mkdir()
        home, mbox, empty = folder / "tracker", folder / "mbox", folder / "empty"
        prepare(home, sink)
        empty.write_bytes(b"")
        mbox.write_bytes(b"".join(_of_mbox(raw) for raw in given))
        start = cost_of(home, empty)
        cost = cost_of(home, mbox) - start
        return cost, len(admin(home, "list", "issue").splitlines())

    return run


def _of_mbox(raw: bytes) -> bytes:
    return b"From kim Sun Nov 22 12:00:00 2026\n" + raw.replace(b"\r\n", b"\n") + b"\n"


def helpdesk(peers: Path) -> Contestant:
    """django-helpdesk's get_email over a folder of mails."""

    def run(folder: Path, given: list[bytes], sink: int) -> tuple[Cost, int]:
        folder.mkdir()
        (folder / "desk_settings.py").write_text(SETTINGS, encoding="utf-8")
        (folder / "desk_urls.py").write_text(
            'from django.urls import include, path\nurlpatterns = [path("", '
            'include("helpdesk.urls", namespace="helpdesk"))]\n',
            encoding="utf-8",
        )
        (folder / "take_in.py").write_text(TAKE_IN, encoding="utf-8")
        inbox = folder / "mails"
        inbox.mkdir()
        for number, raw in enumerate(given):
            (inbox / f"{number:05}").write_bytes(raw)
        environ = {
            "DJANGO_SETTINGS_MODULE": "desk_settings",
            "DESK_DB": str(folder / "desk.db"),
            "DESK_MAIL": f"{inbox}/",
            "SINK": str(sink),
            "PATH": "/usr/bin:/bin",
        }
        output = ""
        for word in ("prepare", "run"):
            command = [peers / "helpdesk" / "bin" / "python", "take_in.py", word]
            ran = subprocess.run(
                command, check=False, capture_output=True, text=True, cwd=folder, env=environ
            )
            if ran.returncode:
                raise RuntimeError(ran.stderr[-800:])
            output = ran.stdout
        seconds, worked, count = output.split()[-3:]
        return Cost(float(seconds), float(worked)), int(count)

    return run


@contextlib.contextmanager
def smtp_sink() -> Iterator[int]:
    """Postfix's smtp-sink, which throws letters away; its port."""
    program = shutil.which("smtp-sink", path="/usr/sbin:/usr/bin:/usr/lib/postfix/sbin")
    if program is None:
        raise SystemExit("smtp-sink is missing: install Postfix")
    port = 2525 + time.monotonic_ns() % 1000
    # It refuses to run as root without the name of somebody else.
    command = [program, "-u", "nobody", f"127.0.0.1:{port}", "200"]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        yield port
    finally:
        process.terminate()
        process.wait()


def main() -> int:
    """Print the medians and the ratios; 1 where one is below what was asked for."""
    journal.silent()
    reader = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    reader.add_argument("--peers", type=Path, required=True, help="folder of both environments")
    reader.add_argument("--mails", type=int, default=200)
    reader.add_argument("--rounds", type=int, default=3)
    asked = reader.parse_args()
    given = mails(asked.mails)
    contestants = {
        "ours": ours,
        "roundup": roundup(asked.peers),
        "django-helpdesk": helpdesk(asked.peers),
    }
    costs: dict[str, list[Cost]] = {name: [] for name in contestants}
    with smtp_sink() as sink, tempfile.TemporaryDirectory(prefix="gateway-bench-") as name:
        for number in range(asked.rounds):
            for one, take_in in contestants.items():
                cost, tickets = take_in(Path(name) / f"{one}-{number}", given, sink)
                if tickets != len(given):
                    raise SystemExit(f"{one}: {tickets} tickets of {len(given)} mails")
                costs[one].append(cost)
    return report(costs, len(given))


def report(costs: dict[str, list[Cost]], count: int) -> int:
    """Print the medians and the ratios; 1 where one is below what was asked for."""
    walls = {one: statistics.median(cost.wall for cost in found) for one, found in costs.items()}
    work = {
        one: statistics.median(cost.processor for cost in found) for one, found in costs.items()
    }
    for one in costs:
        print(
            f"{one:16} {count / walls[one]:7.1f} mails/s"
            f" {1000 * work[one] / count:7.2f} ms of processor a mail"
        )
    ratios = {one: walls[one] / walls["ours"] for one in ASKED}
    for one, ratio in ratios.items():
        by_work = work[one] / work["ours"]
        print(f"ours / {one:16} {ratio:6.2f}  asked {ASKED[one]:g}  (processor {by_work:.2f})")
    return int(any(ratio < ASKED[one] for one, ratio in ratios.items()))


if __name__ == "__main__":
    sys.exit(main())
