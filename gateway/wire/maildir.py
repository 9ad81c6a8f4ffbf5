"""Letters without a smarthost: a Maildir that any mail reader opens."""

import asyncio
import os
import secrets
import time
from pathlib import Path

from gateway.wire.delivery import DELIVERED, Delivery


class MaildirCarrier:
    """Writes letters into `new/`, synced and renamed, so that a reader never sees half of one."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        for name in ("tmp", "new", "cur"):
            (folder / name).mkdir(parents=True, exist_ok=True)

    async def carry(self, reverse_path: str, recipient: str, content: bytes) -> Delivery:
        """Write one letter."""
        head = f"Return-Path: <{reverse_path}>\nDelivered-To: {recipient}\n".encode()
        try:
            await asyncio.to_thread(self._write, head + content.replace(b"\r\n", b"\n"))
        except OSError as error:
            return Delivery("deferred", reason=f"maildir: {error.strerror}")
        return DELIVERED

    def _write(self, content: bytes) -> None:
        name = f"{time.time_ns()}.{secrets.token_hex(4)}.gateway"
        draft = self._folder / "tmp" / name
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.rename(self._folder / "new" / name)
        # Only now does the name itself survive a power cut (promise P3).
        folder = os.open(self._folder / "new", os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    async def close(self) -> None:
        """Nothing stays open."""
