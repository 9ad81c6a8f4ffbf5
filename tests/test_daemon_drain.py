"""The end of the daemon: within ten seconds, whoever is silent, and nothing is lost by it."""

import asyncio
import signal
import threading
from pathlib import Path

import pytest
from acting.operator import run_process
from desks import change, write_desk
from servers.gateway import PATIENCE_SECONDS, Gateway
from servers.scripted import HANG, Scripted, scripted

from gateway.daemon import Daemon
from gateway.settings.load import load_settings
from gateway.work.drain import DRAIN_SECONDS

MARGIN_SECONDS = 10.0
"""For a busy machine; the wait for one reply is a minute."""
MAIL = (
    b"From: Kim <kim@newco.example>\r\nTo: support@desk.example\r\nSubject: Question\r\n"
    b"Message-ID: <m1@newco.example>\r\n\r\nHow?\r\n"
)


@pytest.mark.slow
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


async def test_mails_on_their_way_at_two_doors_get_their_time_together(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(path, '# listen = "127.0.0.1:8024"', 'listen = "127.0.0.1:0"')
    gateway = Gateway(path)
    await gateway.start()
    loop = asyncio.get_running_loop()
    writers = []
    for name, hello in (("smtp", "EHLO"), ("lmtp", "LHLO")):
        port = int(gateway.addresses[name].rpartition(":")[2])
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        said = f"{hello} x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<support@desk.example>\r\nDATA\r\n"
        await reader.readline()
        writer.write(said.encode())
        while not (await reader.readline()).startswith(b"354"):
            pass
        writers.append(writer)
    began = loop.time()

    code = await gateway.stop(signal.SIGTERM)

    assert code == 0
    assert loop.time() - began < DRAIN_SECONDS + MARGIN_SECONDS
    for writer in writers:
        writer.close()


async def test_f44_threads_that_wait_for_names_leave_some_to_the_intake(tmp_path: Path) -> None:
    path = write_desk(tmp_path)
    change(path, "# couriers = 4", "couriers = 32")
    daemon = Daemon(load_settings(path, {}))
    ready, names = asyncio.Event(), threading.Event()
    running = asyncio.create_task(daemon.run(lambda _: ready.set()))
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            await ready.wait()
            waiting = [asyncio.create_task(asyncio.to_thread(names.wait)) for _ in range(32)]
            # The threads are taken in the order in which they were asked for.
            await asyncio.sleep(0)

            assert await asyncio.to_thread(int, "7") == 7
            assert not any(one.done() for one in waiting)
    finally:
        names.set()
        daemon.stop()
        await running
