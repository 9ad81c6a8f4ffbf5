"""A private Dovecot: a few lines of configuration, started and thrown away by the tests.

As root its processes belong to the users that the distribution made for them and mail to `nobody`
(Dovecot refuses uid 0); as anybody else all of it belongs to that user. Mail lies in Maildirs, so a
test can put thousands of mails there without a dialogue.
"""

import getpass
import grp
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path

PASSWORD = "right-horse"
START_SECONDS = 10.0

_SETTINGS = """
base_dir = {base}
state_dir = {base}
log_path = {folder}/log
protocols = imap
listen = 127.0.0.1
ssl = {ssl}
ssl_cert = <{certificate}
ssl_key = <{key}
disable_plaintext_auth = no
auth_mechanisms = plain login xoauth2
auth_failure_delay = 0
auth_cache_size = 0
default_internal_user = {internal}
default_internal_group = {internal_group}
default_login_user = {login}
first_valid_uid = 1
mail_location = maildir:{mail}/%u
mail_plugins =
mailbox_list_index = no
service anvil {{
  # Otherwise a wrong password costs the next login seconds.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
  chroot =
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
passdb {{
  driver = static
  mechanisms = plain login
  args = password={password}
}}
{oauth}
userdb {{
  driver = static
  args = uid={owner} gid={owner_group} home={mail}/%u allow_all_users=yes
}}
namespace inbox {{
  inbox = yes
  separator = /
}}
"""

_OAUTH = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2
  args = {folder}/oauth2.conf.ext
}}
"""


@dataclass
class Dovecot:
    """A running server; every user may log in with `PASSWORD`."""

    folder: Path
    port: int
    tls_port: int
    owner: str
    process: "subprocess.Popen[bytes] | None" = None
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def config(self) -> Path:
        """Its configuration."""
        return self.folder / "dovecot.conf"

    def new_user(self) -> str:
        """A user with an empty mailbox, of this test only."""
        return f"user{next(self._numbers)}"

    def maildir(self, user: str, folder: str = "INBOX") -> Path:
        """Where the mails of a folder lie."""
        top = self.folder / "mail" / user
        return top if folder == "INBOX" else top / f".{folder}"

    def deliver(self, user: str, mails: Iterable[bytes], folder: str = "INBOX") -> int:
        """Put mails into a folder as a delivery agent does; returns how many."""
        place = self.maildir(user, folder)
        for name in ("tmp", "new", "cur"):
            (place / name).mkdir(parents=True, exist_ok=True)
        self._own(self.maildir(user), place, *(place / name for name in ("tmp", "new", "cur")))
        delivered = 0
        for raw in mails:
            number = next(self._numbers)
            name = f"1783500000.M{number:06}.test,S={len(raw)},W={len(raw)}"
            draft = place / "tmp" / name
            draft.write_bytes(raw)
            self._own(draft)
            draft.rename(place / "new" / name)
            delivered += 1
        return delivered

    def _own(self, *paths: Path) -> None:
        if os.getuid() == 0:
            who = pwd.getpwnam(self.owner)
            for path in paths:
                os.chown(path, who.pw_uid, who.pw_gid)

    def count(self, user: str, folder: str = "INBOX") -> int:
        """How many mails a folder holds."""
        place = self.maildir(user, folder)
        return sum(len(list((place / name).iterdir())) for name in ("new", "cur") if place.exists())

    def flags(self, user: str, folder: str = "INBOX") -> list[str]:
        """The Maildir flags of every mail of a folder: `S` means seen."""
        place = self.maildir(user, folder)
        return sorted(path.name.partition(":2,")[2] for path in (place / "cur").iterdir())

    def doveadm(self, *command: str) -> None:
        """Do as another client would: expunge, kick, move."""
        subprocess.run(
            ["doveadm", "-c", str(self.config), *command],
            check=True,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
        )

    def forget_uids(self, user: str, folder: str = "INBOX") -> None:
        """Lose the UIDs of a folder: it comes back with another UIDVALIDITY."""
        place = self.maildir(user, folder)
        for name in ("dovecot-uidlist", "dovecot-uidvalidity"):
            (place / name).unlink(missing_ok=True)
        for path in (*place.glob("dovecot.index*"), *place.glob("dovecot-uidvalidity.*")):
            path.unlink()

    def sessions(self) -> list[int]:
        """Process ids of the IMAP sessions that serve somebody now."""
        if self.process is None:
            return []
        found = subprocess.run(
            ["ps", "--ppid", str(self.process.pid), "-o", "pid=,args="],
            capture_output=True,
            text=True,
            check=False,
        )
        return [
            int(line.split()[0])
            for line in found.stdout.splitlines()
            if line.split()[1].endswith("imap")
        ]

    def kill_sessions(self, number: int = signal.SIGKILL) -> int:
        """Send a signal to every IMAP session; returns how many there were."""
        pids = self.sessions()
        for pid in pids:
            with suppress(ProcessLookupError):
                os.kill(pid, number)
        return len(pids)

    def start(self) -> None:
        """Start the server; returns when it greets."""
        shutil.rmtree(self.folder / "base", ignore_errors=True)
        (self.folder / "base").mkdir(mode=0o755)
        self.process = subprocess.Popen(
            [binary("dovecot"), "-F", "-c", str(self.config)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._wait()

    def _wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1) as one:
                if one.recv(4) == b"* OK":
                    return
        log = (self.folder / "log").read_text() if (self.folder / "log").exists() else ""
        raise RuntimeError(f"dovecot does not answer: {log[-2000:]}")

    def stop(self) -> None:
        """Stop the server and every session."""
        process, self.process = self.process, None
        if process is not None:
            process.terminate()
            process.wait(START_SECONDS)


def binary(name: str) -> str:
    """A program of Dovecot. Raises `FileNotFoundError` where it is not installed."""
    found = shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")
    if found is None:
        raise FileNotFoundError(f"Dovecot ({name}) is not installed")
    return found


@contextmanager
def dovecot(certificate: Path, key: Path, introspection_url: str = "") -> Iterator[Dovecot]:
    """A server for as long as it is needed; `introspection_url` says which tokens are good."""
    binary("dovecot")
    folder = Path(tempfile.mkdtemp(prefix="gateway-imap-"))
    folder.chmod(0o755)
    root = os.getuid() == 0
    me = getpass.getuser()
    internal, login, owner = ("dovecot", "dovenull", "nobody") if root else (me, me, me)
    made = Dovecot(folder, free_port(), free_port(), owner)
    (folder / "mail").mkdir()
    made._own(folder / "mail")
    if introspection_url:
        (folder / "oauth2.conf.ext").write_text(
            f"introspection_url = {introspection_url}\nintrospection_mode = post\n"
            "username_attribute = username\nactive_attribute = active\nactive_value = true\n"
        )
    made.config.write_text(
        _SETTINGS.format(
            base=folder / "base",
            folder=folder,
            mail=folder / "mail",
            ssl="yes",
            certificate=certificate,
            key=key,
            internal=internal,
            internal_group=_group(internal),
            login=login,
            port=made.port,
            tls_port=made.tls_port,
            password=PASSWORD,
            oauth=_OAUTH.format(folder=folder) if introspection_url else "",
            owner=owner,
            owner_group=_group(owner),
        )
    )
    try:
        made.start()
        yield made
    finally:
        made.stop()
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _group(user: str) -> str:
    return grp.getgrgid(pwd.getpwnam(user).pw_gid).gr_name
