"""A private Postfix: its own folders, ports and master, thrown away after the test."""

import asyncio
import contextlib
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = postfix.example
mydestination =
mynetworks = 127.0.0.0/8
local_recipient_maps =
relay_domains =
alias_maps =
alias_database =
default_transport = {transport}
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_peername_lookup = no
smtp_dns_support_level = disabled
lmtp_destination_concurrency_limit = 8
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
discard unix - - n - - discard
postlog unix-dgram n - n - 1 postlogd
"""


class NotHere(FileNotFoundError):
    """Postfix cannot run here; the text says why."""


@dataclass
class Postfix:
    """A running Postfix."""

    folder: Path
    port: int

    @property
    def log(self) -> str:
        """What it wrote down."""
        path = self.folder / "log"
        return path.read_text(encoding="utf-8") if path.exists() else ""

    async def run(self, command: str) -> None:
        """`postfix COMMAND` on this instance."""
        process = await asyncio.create_subprocess_exec(
            "postfix",
            "-c",
            str(self.folder / "etc"),
            command,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        output, _ = await process.communicate()
        if process.returncode:
            raise NotHere(f"postfix {command}: {output.decode()}{self.log}")


def _prepare(transport: str) -> Postfix:
    if shutil.which("postfix") is None:
        raise NotHere("Postfix is not installed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="gateway-postfix-"))
    folder.chmod(0o755)
    for name in ("etc", "queue", "data"):
        (folder / name).mkdir()
    shutil.chown(folder / "data", "postfix")
    main = MAIN.format(folder=folder, transport=transport)
    (folder / "etc" / "main.cf").write_text(main, encoding="utf-8")
    (folder / "etc" / "master.cf").write_text(MASTER.format(port=port), encoding="utf-8")
    return Postfix(folder, port)


@contextlib.asynccontextmanager
async def postfix(transport: str) -> AsyncIterator[Postfix]:
    """A Postfix that gives everything to a transport. Raises `NotHere`."""
    made = await asyncio.to_thread(_prepare, transport)
    try:
        await made.run("start")
        try:
            yield made
        finally:
            await made.run("stop")
    finally:
        shutil.rmtree(made.folder, ignore_errors=True)
