"""Make text safe for both databases and for one-line places: the only room that does it.

NUL and lone surrogates are refused by PostgreSQL (A59); control characters in a header value become
new header lines when somebody writes them out again (A62, A63).
"""

import re
from typing import Final

_UNSTORABLE: Final = re.compile("[\x00\ud800-\udfff]")
_CONTROLS: Final = re.compile("[\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffe\uffff]")
_LINE_ENDS: Final = re.compile("\r+\n|[\r\u2028\u2029\x85]")
_NOT_ONE_LINE: Final = re.compile("[\x01-\x1f\x7f-\x9f\u2028\u2029\ufffe\uffff]+")


def clean_text(text: str) -> str:
    """Text of several lines: LF line ends, no control characters but tab, all of it storable."""
    if "\r" in text or "\u2028" in text or "\u2029" in text or "\x85" in text:
        text = _LINE_ENDS.sub("\n", text)
    return _CONTROLS.sub("", _UNSTORABLE.sub("\ufffd", text))


def clean_line(text: str) -> str:
    """Text of one line: every run of control characters and line ends is a space; stripped."""
    return _NOT_ONE_LINE.sub(" ", _UNSTORABLE.sub("\ufffd", text)).strip()
