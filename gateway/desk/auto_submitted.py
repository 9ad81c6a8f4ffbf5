"""Auto-Submitted of our own letters: what robots must not answer (RFC 3834, policy 4.12)."""

from typing import Final, Literal

from gateway.desk.decision import Thread

AUTO_REPLIED: Final = "auto-replied"
AUTO_GENERATED: Final = "auto-generated"


def automatic(letter: str, thread: Thread) -> Literal["auto-replied", "auto-generated", ""]:
    """Auto-Submitted by policy 4.12: what a person wrote carries none."""
    if letter in ("answer", "clarification"):
        return ""
    return AUTO_REPLIED if thread in ("mail", "split") else AUTO_GENERATED
