"""Make the name of an attachment safe to show and to save.

The bytes are stored under their digest; this name is for people (A67): no path, no control or
direction characters, no reserved device name, at most 120 characters with the extension kept.
"""

import re
import unicodedata
from typing import Final

from gateway.mail.limits import FILENAME_CHARS_MAX

_DIRECTION: Final = re.compile(
    "[\u00ad\u061c\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]"
)
_UNSAFE: Final = re.compile('[\x00-\x1f\x7f-\x9f<>:"/\\\\|?*\ud800-\udfff]+')
_PERCENT: Final = re.compile("%(?:25|2e|2f|5c|00)", re.IGNORECASE)
_RESERVED: Final = re.compile(r"(?i)(?:con|prn|aux|nul|com[0-9]|lpt[0-9])(?:\.|$)")
_SPACES: Final = re.compile(r"\s+")


def safe_filename(name: str) -> str:
    """`name` without anything dangerous; empty where nothing is left."""
    # The end of a name is what counts: the last part of a path, the extension.
    name = _DIRECTION.sub("", name[-4000:])
    for _ in range(3):
        unhidden = _PERCENT.sub(lambda m: chr(int(m[0][1:], 16)), name)
        if unhidden == name:
            break
        name = unhidden
    name = name.replace("\\", "/").rstrip("/ ").rpartition("/")[2]
    name = _UNSAFE.sub("_", _SPACES.sub(" ", name)).strip(" .")
    if _RESERVED.match(name):
        name = "_" + name
    if len(name) > FILENAME_CHARS_MAX:
        stem, dot, extension = name.rpartition(".")
        if dot and len(extension) <= 16:
            name = stem[: FILENAME_CHARS_MAX - len(extension) - 1] + dot + extension
        else:
            name = name[:FILENAME_CHARS_MAX]
    return unicodedata.normalize("NFC", name)[:FILENAME_CHARS_MAX]
