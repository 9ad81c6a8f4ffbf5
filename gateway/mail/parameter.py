"""Read `value; name=value; …` fields: Content-Type, Content-Disposition and their like.

Own scanner instead of the standard library's, whose parameter parser is quadratic (A56). Tolerates
what mailers send: unquoted values with spaces, missing semicolons and quotes, encoded-words inside
quotes, RFC 2231 pieces out of order.

Sources: RFC 2045 section 5.1, RFC 2183, RFC 2231.
"""

import re
from typing import Final, NamedTuple
from urllib.parse import unquote_to_bytes

from gateway.mail.charset import decode
from gateway.mail.clean import clean_line
from gateway.mail.header import as_text, decode_words
from gateway.mail.limits import STRUCTURE_BYTES_MAX

_VALUE: Final = re.compile(r"[^;]*")
_NAME: Final = re.compile(r"[;\s]*([^\s=;\"]{1,80})\s*=\s*")
_QUOTED: Final = re.compile(r'"((?:[^"\\]|\\.)*)("|$)', re.DOTALL)
_BARE: Final = re.compile(r"[^;]*")
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_PIECE: Final = re.compile(r"([^*]+)\*(\d{1,3})(\*?)$")
_COMMENT: Final = re.compile(r"\s+\([^()]{0,200}\)\s*$")
_TOKENS: Final = frozenset(
    {"boundary", "charset", "delsp", "format", "protocol", "report-type", "type"}
)
"""Parameters behind which a comment may stand (RFC 2045 section 5.1); a name may have brackets."""
_TOO_MANY: Final = 100


class Parameters(NamedTuple):
    """A structured field: `value` in lower case, `names` → decoded text."""

    value: str
    names: dict[str, str]


NOTHING: Final = Parameters("", {})


def read_parameters(body: bytes, hint: str = "") -> Parameters:
    """Value and parameters of a field body; the first of two equal names wins."""
    text = as_text(body[:STRUCTURE_BYTES_MAX], hint)
    head = _VALUE.match(text)
    at = head.end() if head else 0
    value = text[:at]
    if "=" in value and "/" not in value:
        # Some write the first parameter without a value before it.
        value, at = "", 0
    names: dict[str, str] = {}
    pieces: dict[str, list[tuple[int, bool, str]]] = {}
    for _ in range(_TOO_MANY):
        found = _NAME.search(text, at)
        if found is None:
            break
        name = found[1].lower()
        at, content = _content(text, found.end())
        if name in _TOKENS:
            content = _COMMENT.sub("", content)
        _put(name, content, names, pieces)
    for name, parts in pieces.items():
        names[name] = _join_pieces(sorted(parts))
    return Parameters(clean_line(value).lower(), names)


def _content(text: str, at: int) -> tuple[int, str]:
    """Where the value at `at` ends, and the value without quotes and escapes."""
    quoted = _QUOTED.match(text, at)
    if quoted:
        content = quoted[1]
        # A path of Windows is no quoted-pair: only quotes and backslashes are unescaped.
        return quoted.end(), _ESCAPE.sub(
            lambda m: m[1] if m[1] in '"\\' else m[0], content
        ) if "\\" in content else content
    bare = _BARE.match(text, at)
    end = bare.end() if bare else at
    return end, text[at:end].strip().rstrip('"')


def _put(
    name: str,
    content: str,
    names: dict[str, str],
    pieces: dict[str, list[tuple[int, bool, str]]],
) -> None:
    """File one parameter: whole, extended (`name*`), or a numbered piece (`name*0*`)."""
    piece = _PIECE.match(name)
    if piece:
        pieces.setdefault(piece[1], []).append((int(piece[2]), bool(piece[3]), content))
    elif name.endswith("*"):
        pieces.setdefault(name[:-1], []).append((0, True, content))
    else:
        names.setdefault(name, clean_line(decode_words(content)))


def _join_pieces(parts: list[tuple[int, bool, str]]) -> str:
    """Numbered pieces of one value, decoded together (RFC 2231 section 4.1)."""
    charset = ""
    data = bytearray()
    for order, (_, extended, content) in enumerate(parts):
        piece = content
        if extended and order == 0 and piece.count("'") >= 2:
            charset, _, piece = piece.split("'", 2)
        if extended:
            data += unquote_to_bytes(piece)
        else:
            data += piece.encode("utf_8", "replace")
    text = decode(bytes(data), charset).text
    return clean_line(decode_words(text))
