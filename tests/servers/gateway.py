"""The real `gateway run` in a process of its own, to be sent mails, signals and SIGKILL."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiosmtplib

PATIENCE_SECONDS = 120
"""For a machine that does much else: a start takes three seconds on one that does not."""


@dataclass
class Gateway:
    """One daemon; `addresses` is what its ready line names."""

    settings: Path
    environ: Mapping[str, str] = field(default_factory=dict)
    program: Sequence[str] = (sys.executable, "-m", "gateway")
    diary_into: int = asyncio.subprocess.PIPE
    """Where its standard error goes; nothing is heard where that is elsewhere."""
    addresses: dict[str, str] = field(default_factory=dict)
    process: asyncio.subprocess.Process | None = None
    diary: list[dict[str, Any]] = field(default_factory=list)
    """What it wrote to standard error, of all its lives."""
    _listener: asyncio.Task[None] | None = None
    _heard: asyncio.Event = field(default_factory=asyncio.Event)

    async def start(self) -> None:
        """Start it and wait for the ready line."""
        self.process = await asyncio.create_subprocess_exec(
            *self.program,
            "run",
            "--config",
            str(self.settings),
            stdout=asyncio.subprocess.PIPE,
            stderr=self.diary_into,
            env={**os.environ, "GATEWAY_LOG__FORMAT": "json", **self.environ},
        )
        assert self.process.stdout
        if self.process.stderr:
            self._listener = asyncio.create_task(self._listen(self.process.stderr))
        async with asyncio.timeout(PATIENCE_SECONDS):
            line = (await self.process.stdout.readline()).decode()
        assert line.startswith("ready "), self.diary[-5:]
        words = line.split()[1:]
        self.addresses = dict(word.split("=", 1) for word in words)

    async def _listen(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            text = line.decode()
            self.diary.append(json.loads(text) if text.startswith("{") else {"event": text})
            self._heard.set()

    async def heard(self, event: str, count: int = 1) -> None:
        """Wait until the diary has an event so often."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while sum(one["event"] == event for one in self.diary) < count:
                self._heard.clear()
                await self._heard.wait()

    @property
    def running(self) -> asyncio.subprocess.Process:
        """Its process."""
        assert self.process is not None
        return self.process

    async def stop(self, number: int = signal.SIGTERM) -> int:
        """End it; returns the exit code."""
        if self.running.returncode is None:
            self.running.send_signal(number)
        async with asyncio.timeout(PATIENCE_SECONDS):
            code = await self.running.wait()
            if self._listener is not None:
                await self._listener
        return code

    async def send(self, raw: bytes, to: str = "support@desk.example") -> str:
        """Hand it one mail by SMTP; returns the text of its reply."""
        host, _, port = self.addresses["smtp"].rpartition(":")
        async with aiosmtplib.SMTP(hostname=host, port=int(port), start_tls=False) as client:
            _, text = await client.sendmail("kim@newco.example", [to], raw)
        return text
