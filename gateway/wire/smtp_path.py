"""Read the path of MAIL and RCPT (RFC 5321 section 4.1.2), and what may follow it.

Stricter than the grammar where a lax reading has been used for attacks (control characters, spaces,
angle brackets: attack A52), laxer where real senders are (dots in odd places). A source route is
ignored, as RFC 5321 appendix C asks.
"""

import re
from typing import Final, NamedTuple

NULL_PATH: Final = "<>"
PATH_MAX: Final = 320
LOCAL_PART_MAX: Final = 192
"""Three times what RFC 5321 section 4.5.3.1.1 promises: returned mail of lists needs it."""

_PATH: Final = re.compile(
    r"<(?:@[^\s<>@:]+(?:,@[^\s<>@:]+)*:)?"
    r"(?P<local>\"(?:[^\"\\\r\n]|\\.)*\"|[^\s<>\"@]+)"
    r"(?:@(?P<domain>\[[^\s<>\[\]@]+\]|[^\s<>\[\]@\"]+))?>"
    r"(?:[ \t]+(?P<rest>.*))?"
)
_BARE: Final = re.compile(
    r"(?P<local>[^\s<>\"@]+)@(?P<domain>[^\s<>\[\]@\"]+)(?:[ \t]+(?P<rest>.*))?"
)
_ATOMS: Final = re.compile(r"[^\s()<>\[\]:;@\\,\".]+(?:\.[^\s()<>\[\]:;@\\,\".]+)*")
_PARAMETER: Final = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[!-<>-~]+))?")


class Path(NamedTuple):
    """An address as the envelope has it, and the parameters behind it."""

    address: str
    """`<>` for the null path."""
    rest: str


def read_path(text: str) -> Path | None:
    """The path at the start of an argument; nothing where it is none."""
    if text.startswith(NULL_PATH):
        rest = text[len(NULL_PATH) :]
        return Path(NULL_PATH, rest.strip()) if not rest or rest[0] in " \t" else None
    found = _PATH.fullmatch(text) or _BARE.fullmatch(text)
    if not found:
        return None
    local, domain = found["local"], found["domain"]
    if not text.isprintable() or len(local) > LOCAL_PART_MAX:
        return None
    address = f"{_unquoted(local)}@{domain}" if domain else _unquoted(local)
    return Path(address, (found["rest"] or "").strip()) if len(address) <= PATH_MAX else None


def read_parameters(text: str) -> dict[str, str | None] | None:
    """ESMTP parameters by name in upper case; nothing where they are malformed."""
    found: dict[str, str | None] = {}
    for word in text.split():
        one = _PARAMETER.fullmatch(word)
        if one is None or one["name"].upper() in found:
            return None
        found[one["name"].upper()] = one["value"]
    return found


def _unquoted(local: str) -> str:
    """A local part that needs no quotes without them: `"ann"` is `ann`."""
    if not local.startswith('"'):
        return local
    plain = re.sub(r"\\(.)", r"\1", local[1:-1])
    return plain if _ATOMS.fullmatch(plain) else local
