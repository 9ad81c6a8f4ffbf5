"""Find the sign that a machine wrote a mail (RFC 3834, policy M2)."""

import re
from typing import Final

from gateway.mail.header import Header
from gateway.mail.part import Part

_PRECEDENCE: Final = frozenset({"auto_reply", "auto-reply", "bulk", "junk", "list"})


def automatic_sign(header: Header, root: Part, reverse_path: str | None) -> str:
    """The sign that a machine wrote a mail; empty for a person's."""
    submitted = header.text("auto-submitted").lower()
    if submitted and submitted.partition(";")[0].strip() != "no":
        return f"auto-submitted: {submitted.partition(';')[0].strip()}"[:80]
    for name in ("x-autoreply", "x-autorespond", "x-autoresponder"):
        if name in header:
            return name
    precedence = header.text("precedence").lower()
    if precedence in _PRECEDENCE:
        return f"precedence: {precedence}"
    return ""
