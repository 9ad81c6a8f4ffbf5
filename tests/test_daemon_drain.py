"""The end of the daemon: within ten seconds, whoever is silent, and nothing is lost by it."""

import asyncio
import signal
from pathlib import Path

from acting.operator import run_process
from desks import write_desk
from servers.gateway import Gateway
from servers.scripted import HANG, Scripted, scripted

from gateway.daemon import DRAIN_SECONDS

MARGIN_SECONDS = 5.0
MAIL = (
    b"From: Kim <kim@newco.example>\r\nTo: support@desk.example\r\nSubject: Question\r\n"
    b"Message-ID: <m1@newco.example>\r\n\r\nHow?\r\n"
)


async def test_f14_a_silent_smarthost_does_not_hold_up_the_end(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    async with scripted({"MAIL": HANG}) as server:
        gateway = Gateway(write_desk(tmp_path, smarthost=f"smtp+plain://127.0.0.1:{server.port}"))
        await gateway.start()
        await gateway.send(MAIL)
        async with asyncio.timeout(60):
            while not _has(server, "MAIL"):  # noqa: ASYNC110 - the double has no bell
                await asyncio.sleep(0.05)
        began = loop.time()

        code = await gateway.stop(signal.SIGTERM)

        assert code == 0
        assert loop.time() - began < DRAIN_SECONDS + MARGIN_SECONDS
        assert "not_drained" in [one["event"] for one in gateway.diary]
    letters = run_process("outbox", "list", "--json", config=gateway.settings).rows()
    assert letters
    assert {one["state"] for one in letters} == {"queued"}


def _has(server: Scripted, verb: str) -> bool:
    return any(one.startswith(verb) for one in server.commands)


def test_a_fault_of_a_loop_is_one_line(tmp_path: Path) -> None:
    program = (
        "import gateway.work.rounds as r\n"
        "async def run(self): raise KeyError('a word of a customer')\n"
        "r.Rounds.run = run\n"
        "from gateway.cli.app import app; app()"
    )
    import subprocess  # noqa: PLC0415 - the only test that needs it
    import sys  # noqa: PLC0415 - as above

    ran = subprocess.run(
        [sys.executable, "-c", program, "run", "--config", str(write_desk(tmp_path))],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert ran.returncode == 70
    assert "Traceback" not in ran.stderr
    assert "a word of a customer" not in ran.stderr
    assert ran.stderr.splitlines()[-1].startswith(
        "ended by a fault of the gateway: KeyError at run"
    )
