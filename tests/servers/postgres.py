"""A private PostgreSQL cluster: made, started and thrown away by the tests themselves.

It refuses to run as root, so as root it belongs to another user. Every test gets a database of its
own, made from a template that was migrated once.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

import psycopg

from gateway.store.engine import open_engine
from gateway.store.upgrade import upgrade

USERS = ("postgres", "nobody")
PLACES = ("/usr/lib/postgresql/*/bin", "/usr/pgsql-*/bin", "/usr/local/pgsql/bin")


def binary(name: str) -> str | None:
    """A program of PostgreSQL, on the PATH or where distributions hide it."""
    found = shutil.which(name)
    if found:
        return found
    hidden = [path for place in PLACES for path in Path("/").glob(f"{place[1:]}/{name}")]
    return str(max(hidden)) if hidden else None


@dataclass
class Cluster:
    """A running cluster on a socket of its own."""

    folder: Path
    user: str | None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    def url(self, database: str) -> str:
        """As `database.url` names it."""
        user = self.user or pwd.getpwuid(os.getuid()).pw_name
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def run(self, *command: str) -> None:
        """Run a program as the cluster's owner."""
        as_owner = ["runuser", "-u", self.user, "--"] if self.user else []
        subprocess.run(
            [*as_owner, *command],
            check=True,
            cwd="/",
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            stdin=subprocess.DEVNULL,
        )

    def sql(self, statement: str) -> None:
        """Run a statement in the maintenance database."""
        with psycopg.connect(self.url("postgres"), autocommit=True) as connection:
            connection.execute(statement)

    def start(self, *more: str) -> None:
        """Start the server, with more settings; returns when it answers."""
        pg_ctl = binary("pg_ctl") or "pg_ctl"
        settings = f"-c listen_addresses='' -k {self.folder} -c fsync=off -c max_connections=80"
        settings += "".join(f" -c {one}" for one in more)
        log = str(self.folder / "log")
        self.run(pg_ctl, "-D", str(self.folder / "data"), "-w", "-l", log, "-o", settings, "start")

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: `fast`, or `immediate` for a crash."""
        pg_ctl = binary("pg_ctl") or "pg_ctl"
        self.run(pg_ctl, "-D", str(self.folder / "data"), "-w", "-m", mode, "stop")

    def fresh_database(self) -> str:
        """The URL of a new database with all tables and nothing in them."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name} TEMPLATE migrated")
        return self.url(name)

    def standby(self) -> "Cluster":
        """A second server that follows this one and holds each commit before it is told."""
        folder = Path(tempfile.mkdtemp(prefix="gateway-pg-"))
        if self.user:
            shutil.chown(folder, self.user)
        host = ["-h", str(self.folder), "-U", self.user or pwd.getpwuid(os.getuid()).pw_name]
        copy = binary("pg_basebackup") or "pg_basebackup"
        self.run(copy, *host, "-D", str(folder / "data"), "-R", "--no-sync", "-c", "fast")
        made = Cluster(folder, self.user)
        made.start()
        self.sql("ALTER SYSTEM SET synchronous_standby_names = '*'")
        self.sql("SELECT pg_reload_conf()")
        return made

    def promote(self) -> None:
        """From now on this one takes writes."""
        self.run(binary("pg_ctl") or "pg_ctl", "-D", str(self.folder / "data"), "-w", "promote")

    def drop(self, url: str) -> None:
        """Throw a database away: hundreds of them would fill the disk and slow the end."""
        name = url.partition("?")[0].rpartition("/")[2]
        self.sql(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def cluster() -> Iterator[Cluster]:
    """A cluster for as long as it is needed."""
    initdb = binary("initdb")
    if initdb is None:
        raise FileNotFoundError("PostgreSQL (initdb) is not installed")
    folder = Path(tempfile.mkdtemp(prefix="gateway-pg-"))
    user = _owner() if os.getuid() == 0 else None
    if user:
        shutil.chown(folder, user)
    made = Cluster(folder, user)
    try:
        made.run(initdb, "-D", str(folder / "data"), "--no-sync", "-A", "trust", "-E", "UTF8")
        made.start()
        made.sql("CREATE DATABASE migrated")
        engine = open_engine(made.url("migrated"))
        upgrade(engine)
        engine.dispose()
        yield made
        made.stop("immediate")
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _owner() -> str:
    for name in USERS:
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        return name
    raise FileNotFoundError("no user to run PostgreSQL as")
