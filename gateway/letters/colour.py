"""Colours that can be read: the operator's own, and what stands on it or is made of it.

Contrast is that of WCAG 2.2 (success criterion 1.4.3): 4.5 to 1 for text.
"""

import re
from typing import Final

WHITE: Final = "#ffffff"
BLACK: Final = "#000000"
"""One of the two reads well on any colour: no softer black would."""
READABLE: Final = 4.5
_HEX: Final = re.compile(r"#[0-9a-fA-F]{6}")
_STEPS: Final = 32


def is_colour(text: str) -> bool:
    """Whether a text is a colour as we write them: `#1f5f8b`."""
    return _HEX.fullmatch(text) is not None


def contrast(one: str, other: str) -> float:
    """How well two colours stand off from each other: 1 (not at all) to 21."""
    darker, lighter = sorted((_luminance(one), _luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def text_on(ground: str) -> str:
    """White or black, whichever reads better on a colour."""
    return max((WHITE, BLACK), key=lambda ink: contrast(ink, ground))


def readable_on(ground: str, colour: str) -> str:
    """The colour, mixed with black or white as far as it must be to be read on a ground."""
    towards = WHITE if _luminance(ground) < 0.18 else "#000000"
    for step in range(_STEPS + 1):
        mixed = _mix(colour, towards, step / _STEPS)
        if contrast(mixed, ground) >= READABLE:
            return mixed
    return towards


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def _mix(colour: str, other: str, share: float) -> str:
    pairs = zip(_parts(colour), _parts(other), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * share):02x}" for a, b in pairs)


def _luminance(colour: str) -> float:
    red, green, blue = (_linear(part / 255) for part in _parts(colour))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(part: float) -> float:
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)
