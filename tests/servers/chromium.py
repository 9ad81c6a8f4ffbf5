"""A headless Chromium of our own, told what to do over a pipe (Chrome DevTools Protocol)."""

import base64
import json
import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PATIENCE_SECONDS = 30
NAMES = ("chromium", "chromium-browser", "google-chrome")
HEIGHT = 900


class BrowserSilent(RuntimeError):
    """The browser did not answer, or answered with an error."""


@dataclass
class Browser:
    """One page of one browser."""

    to_browser: int
    from_browser: int
    session: str = ""
    frame: str = ""
    _rest: bytes = b""
    _last: int = 0
    _answers: dict[int, dict[str, Any]] = field(default_factory=dict)

    def open_page(self) -> None:
        """A page to work with."""
        target = self.ask("Target.createTarget", url="about:blank")["targetId"]
        attached = self.ask("Target.attachToTarget", targetId=target, flatten=True)
        self.session = attached["sessionId"]
        self.frame = self.ask("Page.getFrameTree")["frameTree"]["frame"]["id"]

    def show(self, html: str, *, width: int, scheme: str) -> None:
        """Show a page in a window of some width, to a reader who likes it light or dark."""
        self.ask(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=HEIGHT,
            deviceScaleFactor=1,
            mobile=False,
        )
        wanted = [{"name": "prefers-color-scheme", "value": scheme}]
        self.ask("Emulation.setEmulatedMedia", features=wanted)
        self.ask("Page.setDocumentContent", frameId=self.frame, html=html)

    def run(self, script: str) -> Any:
        """The value of a script, as plain data."""
        made = self.ask("Runtime.evaluate", expression=script, returnByValue=True)
        if "exceptionDetails" in made:
            raise BrowserSilent(str(made["exceptionDetails"]))
        return made["result"].get("value")

    def picture(self) -> bytes:
        """What the page looks like, as PNG."""
        made = self.ask("Page.captureScreenshot", captureBeyondViewport=True)
        return base64.b64decode(made["data"])

    def ask(self, method: str, **params: Any) -> dict[str, Any]:
        """The answer to one command."""
        self._last += 1
        command: dict[str, Any] = {"id": self._last, "method": method, "params": params}
        if self.session:
            command["sessionId"] = self.session
        os.write(self.to_browser, json.dumps(command).encode() + b"\0")
        until = time.monotonic() + PATIENCE_SECONDS
        while self._last not in self._answers:
            self._hear(until)
        answer = self._answers.pop(self._last)
        if "error" in answer:
            raise BrowserSilent(f"{method}: {answer['error']}")
        return dict(answer["result"])

    def _hear(self, until: float) -> None:
        ready, _, _ = select.select([self.from_browser], [], [], max(0, until - time.monotonic()))
        heard = os.read(self.from_browser, 1 << 20) if ready else b""
        if not heard:
            raise BrowserSilent("the browser says nothing")
        *whole, self._rest = (self._rest + heard).split(b"\0")
        for message in map(json.loads, whole):
            if "id" in message:
                self._answers[message["id"]] = message


@contextmanager
def browser(folder: Path) -> Iterator[Browser]:
    """A browser with an empty profile. Raises `FileNotFoundError` where none is installed."""
    program = next((found for name in NAMES if (found := shutil.which(name))), None)
    if program is None:
        raise FileNotFoundError("Chromium is not installed (Debian: chromium)")
    to_read, to_write = os.pipe()
    back_read, back_write = os.pipe()
    # Only pages of ours are shown, and root has no other sandbox to give.
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]
    flags += ["--no-first-run", "--hide-scrollbars", "--remote-debugging-pipe"]
    flags += [f"--user-data-dir={folder}", "--proxy-server=127.0.0.1:9"]
    pipes = f'exec "$@" 3<&{to_read} 4>&{back_write}'
    process = subprocess.Popen(
        ["bash", "-c", pipes, "bash", program, *flags],
        pass_fds=(to_read, back_write),
        stderr=subprocess.DEVNULL,
    )
    os.close(to_read)
    os.close(back_write)
    try:
        made = Browser(to_write, back_read)
        made.open_page()
        yield made
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)
        os.close(to_write)
        os.close(back_read)
