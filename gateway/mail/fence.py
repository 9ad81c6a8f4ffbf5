"""Find stretches that are not judged line by line: blocks of code, and what clear-signing adds.

Sources: CommonMark section 4.5 (three backticks), RFC 9580 section 7 (cleartext signatures).
"""

from typing import Final

_FENCE: Final = "```"
_SIGNED: Final = "-----BEGIN PGP SIGNED MESSAGE-----"
_SIGNATURE: Final = "-----BEGIN PGP SIGNATURE-----"
_SIGNATURE_END: Final = "-----END PGP SIGNATURE-----"


def fences(lines: list[str], text: str) -> dict[int, int]:
    """Blocks of code: where each begins → the line behind its end."""
    if "\n" + _FENCE not in text and not text.startswith(_FENCE):
        return {}
    marks = [number for number, line in enumerate(lines) if line.startswith(_FENCE)]
    if len(marks) % 2:
        return {}
    return {start: end + 1 for start, end in zip(marks[::2], marks[1::2], strict=True)}


def armour(lines: list[str], text: str) -> dict[int, int]:
    """What stands around a clear-signed text: where each piece begins → the line behind it.

    The headline with its `Hash:` fields to a blank line, and the signature to its last line.
    """
    if _SIGNED not in text:
        return {}
    found: dict[int, int] = {}
    begun: tuple[int, str] | None = None
    for number, line in enumerate(lines):
        mark = line.rstrip()
        if mark in (_SIGNED, _SIGNATURE):
            begun = number, "" if mark == _SIGNED else _SIGNATURE_END
        elif begun is not None and mark == begun[1]:
            found[begun[0]] = number + 1
            begun = None
    return found
