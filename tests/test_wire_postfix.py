"""A real Postfix hands over by LMTP: every recipient of every mail is answered, none is lost."""

import asyncio
import os
from pathlib import Path

import aiosmtplib
import pytest
from conftest import missing
from doors import hall
from servers.postfix import NotHere, Postfix, postfix

from gateway.wire.rules import Rules

MAILS = 1000
SENDERS = 4
PATIENCE_SECONDS = 180
RULES = Rules(hostname="desk.example", relays=("127.0.0.0/8",))
US = ["support@desk.example", "sales@desk.example"]


async def submit(server: Postfix, numbers: range) -> None:
    async with aiosmtplib.SMTP(
        hostname="127.0.0.1", port=server.port, start_tls=False, timeout=60
    ) as client:
        for number in numbers:
            raw = f"Subject: {number}\r\nMessage-ID: <{number}@x.example>\r\n\r\nHello\r\n"
            await client.sendmail("ann@acme.example", US, raw.encode())


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="Postfix is started by root only")
@pytest.mark.parametrize("over", ["tcp", "unix"])
async def test_a_thousand_mails_through_postfix_are_all_kept(tmp_path: Path, over: str) -> None:
    place = tmp_path / "lmtp"
    address = f"unix:{place}" if over == "unix" else "127.0.0.1:0"
    mails = MAILS if over == "tcp" else 50
    async with hall(tmp_path, RULES, protocol="lmtp", address=address) as door:
        for folder in (tmp_path, *tmp_path.parents[:2]):
            folder.chmod(0o755)
        transport = door.listener.address if over == "unix" else f"inet:127.0.0.1:{door.port}"
        try:
            async with postfix(f"lmtp:{transport}") as server:
                shares = [range(one, mails, SENDERS) for one in range(SENDERS)]
                await asyncio.gather(*(submit(server, share) for share in shares))
                await door.heard("accepted", mails, PATIENCE_SECONDS)
                log = server.log
        except NotHere as error:
            missing(str(error))

        kept = [one for _, one in door.spool.take(2 * mails)]
        assert len(kept) == mails
        assert {tuple(sorted(one.envelope.forward_paths)) for one in kept} == {tuple(sorted(US))}
        assert len({one.envelope.queue_id for one in kept}) == mails
        subjects = {one.raw.split(b"Subject: ")[1].split(b"\r\n")[0] for one in kept}
        assert subjects == {str(number).encode() for number in range(mails)}
        assert "status=deferred" not in log
        assert "status=bounced" not in log
