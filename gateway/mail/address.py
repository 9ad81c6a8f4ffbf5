"""Read address fields and compare addresses.

Rules for this file:
1. Structure first, encoded-words after: an encoded-word never contributes a comma, a bracket or an
   address that counts (A13).
2. One pass over the tokens, no recursion: comments are counted, not nested calls (A56).
3. Whatever is doubtful is still read for people, and the field is marked as not clean.

Sources: RFC 5322 section 3.4 and 4.4 (obsolete forms), RFC 6532, RFC 5891 (A-labels).
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from gateway.mail.clean import clean_line
from gateway.mail.header import as_text, decode_words
from gateway.mail.limits import FIELD_BYTES_MAX, MAILBOX_COUNT_MAX
from gateway.mail.message import Mailbox

_TOKEN: Final = re.compile(
    r"""(?P<space>\s+)
    | (?P<encoded>=\?[^?\s]{1,60}\?[bBqQ]\?[^?]*\?=)
    | "(?P<quoted>(?:[^"\\]|\\.)*)(?P<unclosed>"|$)
    | (?P<open>\()
    | <(?P<angle>[^<>]*)(?P<closed>>|$)
    | (?P<special>[,;:<>)])
    | (?P<atom>(?:(?!=\?)[^\s"(),:;<>])+|=)""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT_STEP: Final = re.compile(r"\\.|[()]", re.DOTALL)
_ESCAPE: Final = re.compile(r"\\(.)", re.DOTALL)
_ROUTE: Final = re.compile(r"^@[^:]*:")
_IN_COMMENT: Final = re.compile(r"\([^()]*\)")
_ADDRESS: Final = re.compile(r"[^\s@<>\"'(),:;]{1,320}@[^\s@<>\"'(),:;]{1,320}")
_WHOLE: Final = re.compile(r"([^<>]{0,300})<([^\s@<>]{1,320}@[^\s@<>]{1,320})>")
_PLAIN: Final = re.compile(
    # dot-atom @ labels; above ASCII whatever is no control and no space (RFC 6532).
    r"[^\s\x00-\x20\x7f-\xa0()<>\[\]:;@\\,.\"]+(?:\.[^\s\x00-\x20\x7f-\xa0()<>\[\]:;@\\,.\"]+)*"
    r"@[^\s\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\xa0][^\s\x00-\x2c./\x3a-\x40\x5b-\x60\x7b-\xa0]*"
    r"(?:\.[^\s\x00-\x2f\x3a-\x40\x5b-\x60\x7b-\xa0][^\s\x00-\x2c./\x3a-\x40\x5b-\x60\x7b-\xa0]*)*\.?"
)
_LABEL: Final = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_ASCII_DOMAIN: Final = re.compile(rf"{_LABEL.pattern}(?:\.{_LABEL.pattern})*")


class Addresses(NamedTuple):
    """The mailboxes of one field; `is_clean` where every reader of mail agrees about them."""

    mailboxes: tuple[Mailbox, ...]
    is_clean: bool


@dataclass(slots=True)
class _Entry:
    """What stands between two commas, as it is collected."""

    words: list[str] = field(default_factory=list)
    comments: list[str] = field(default_factory=list)
    angle: str | None = None
    glued: bool = False
    """The last word touched the token before it: `jdoe@test` `.` `example` are one address."""

    @property
    def is_empty(self) -> bool:
        return self.angle is None and not self.words and not self.comments


def read_addresses(body: bytes, hint: str = "") -> Addresses:
    """The mailboxes of an address field, groups dissolved, in order."""
    reader = _Reader()
    reader.read(as_text(body[:FIELD_BYTES_MAX], hint))
    return Addresses(tuple(reader.mailboxes), reader.is_clean)


class _Reader:
    """One pass over an address field."""

    __slots__ = ("entry", "is_clean", "mailboxes", "pending")

    def __init__(self) -> None:
        self.mailboxes: list[Mailbox] = []
        self.is_clean = True
        self.entry = _Entry()
        self.pending: _Entry | None = None

    def read(self, text: str) -> None:
        at = 0
        while at < len(text) and len(self.mailboxes) < MAILBOX_COUNT_MAX:
            found = _TOKEN.match(text, at)
            if found is None:
                self.is_clean = False
                at += 1
                continue
            at = found.end()
            if found["open"]:
                at = self._comment(text, at)
            elif found["special"]:
                self._special(found["special"])
            else:
                self._word(found)
        self._finish(",")
        self._flush_pending()

    def _comment(self, text: str, at: int) -> int:
        """Collect a comment; nesting is counted."""
        self.is_clean = self.is_clean and not self.entry.glued
        depth, start = 1, at
        for step in _COMMENT_STEP.finditer(text, at):
            depth += {"(": 1, ")": -1}.get(step[0], 0)
            if depth == 0:
                self.entry.comments.append(_ESCAPE.sub(r"\1", text[start : step.start()]))
                return step.end()
        self.is_clean = False
        self.entry.comments.append(text[start:])
        return len(text)

    def _special(self, mark: str) -> None:
        if mark in ",;":
            self._finish(mark)
        elif mark == ":":
            # A group's name is no mailbox; nor is the scheme of a pasted mailto link.
            self.is_clean = False
            self.entry = _Entry()
            self._flush_pending()
        else:
            self.is_clean = False

    def _word(self, found: re.Match[str]) -> None:
        entry = self.entry
        if found["space"] is not None:
            entry.glued = False
            return
        if entry.comments:
            # Only a comment at the very end is read alike by all.
            self.is_clean = False
        if found["angle"] is not None:
            if entry.angle is not None and _ADDRESS.fullmatch(found["angle"].strip()):
                # Two mailboxes without a comma between them.
                self.is_clean = False
                self._finish(" ")
                entry = self.entry
            if entry.angle is not None or not found["closed"] or "\x00" in found["angle"]:
                self.is_clean = False
            if entry.angle is None or "@" in found["angle"]:
                entry.angle = found["angle"]
        else:
            word = found["atom"] or found["encoded"]
            if word is None:
                word = _ESCAPE.sub(r"\1", found["quoted"] or "")
                self.is_clean = self.is_clean and found["unclosed"] == '"'
                if found.string[found.end() : found.end() + 1] == "@":
                    # A quoted local part; kept readable, never trusted.
                    self.is_clean = False
                    word = f'"{word}"'
            if entry.glued and entry.words and found["encoded"] is None:
                entry.words[-1] += word
            else:
                entry.words.append(word)
            entry.glued = found["encoded"] is None

    def _finish(self, mark: str) -> None:
        """Close the entry before a comma."""
        entry, self.entry = self.entry, _Entry()
        if entry.is_empty:
            return
        if entry.angle is None and not any("@" in word for word in entry.words + entry.comments):
            # Perhaps the family name of `Doe, John <john@x>`.
            if self.pending is not None:
                self.pending.words[-1:] = [" ".join(self.pending.words[-1:]) + ","]
                self.pending.words += entry.words
            else:
                self.pending = entry
            return
        if self.pending is not None:
            self.is_clean = False
            if entry.angle is not None and mark == "," and self.pending.words:
                entry.words = [*self.pending.words[:-1], self.pending.words[-1] + ",", *entry.words]
                self.pending = None
            else:
                self._flush_pending()
        self._add(entry)

    def _flush_pending(self) -> None:
        """A name without an address turned out to be all there is."""
        entry, self.pending = self.pending, None
        if entry is None:
            return
        self.is_clean = False
        words = [_shown(word) for word in entry.words]
        whole = _WHOLE.fullmatch(" ".join(words))
        if whole:
            # The writer encoded the mailbox, not its name (A13): readable, and not to be trusted.
            self.mailboxes.append(Mailbox(_phrase([whole[1]]), whole[2]))
            return
        if len(words) == 1:
            # A local name without a domain: `MAILER-DAEMON (Mail Delivery System)`.
            self.mailboxes.append(Mailbox(_phrase(entry.comments), words[0]))
        elif words:
            self.mailboxes.append(Mailbox(" ".join(words), ""))

    def _add(self, entry: _Entry) -> None:
        name_words = entry.words
        address = entry.angle
        if address is None:
            address, name_words = self._bare(entry)
        else:
            address = _ROUTE.sub("", address.strip())
        if "(" in address or address.startswith("@"):
            self.is_clean = False
            address = _IN_COMMENT.sub("", address)
        shown = clean_line(decode_words("".join(address.split())))
        if shown[:7].lower() == "mailto:":
            shown = shown[7:]
        if len(shown) > 320 or not _PLAIN.fullmatch(shown) or shown != address.strip():
            self.is_clean = False
        comments = [comment for comment in entry.comments if comment.strip() != address]
        if any("@" in comment or "<" in comment for comment in entry.comments):
            self.is_clean = False
        name = _phrase(name_words) or _phrase(comments)
        self.mailboxes.append(Mailbox(name, shown.strip("'")))

    def _bare(self, entry: _Entry) -> tuple[str, list[str]]:
        """Address and name of an entry without angle brackets."""
        joined = " ".join(entry.words)
        found = _ADDRESS.search(joined)
        if len(entry.words) > 1:
            self.is_clean = False
        if found is None and any("@" in word for word in entry.words):
            return "".join(entry.words), []
        if found is None:
            found = next(filter(None, map(_ADDRESS.search, entry.comments)), None)
            return (found[0] if found else "".join(entry.words)), entry.words if found else []
        rest = joined[found.end() :]
        if rest.lstrip().startswith((".", "@")):
            # `jdoe@test   . example`: the obsolete form with spaces in it (RFC 5322 section 4.4).
            return "".join(joined.split()), []
        return found[0], [joined[: found.start()], rest]


def _shown(word: str) -> str:
    return clean_line(decode_words(word))


def _phrase(words: list[str]) -> str:
    """A display-name as people see it."""
    name = clean_line(decode_words(" ".join(word for word in words if word)))
    while len(name) > 1 and name[0] == name[-1] and name[0] in "\"'":
        name = name[1:-1].strip()
    return " ".join(name.split(" "))


def normalised_address(address: str) -> str:
    """`address` in the form that is compared: lower case, domain in A-labels, no trailing dot.

    Empty for what is no addr-spec. The local part is folded too: no provider of today tells `Ann`
    and `ann` apart, and treating them as strangers would lock customers out.
    """
    local, at, domain = address.strip().rpartition("@")
    domain = domain.rstrip(".")
    if not at or not local or not domain:
        return ""
    if address.isascii():  # Nearly every one: nothing to compose, nothing to encode.
        domain = domain.lower()
        return f"{local.lower()}@{domain}" if _ASCII_DOMAIN.fullmatch(domain) else ""
    labels = list(_a_labels(domain))
    if not all(labels):
        return ""
    return unicodedata.normalize("NFC", local).lower() + "@" + ".".join(labels)


def _a_labels(domain: str) -> Iterator[str]:
    """Labels of a domain as A-labels; an empty string for one that cannot be a label.

    Not the `idna` codec: it maps sharp s to ss (IDNA2003), which are two domains since IDNA2008.
    """
    for label in re.split("[.\u3002\uff0e\uff61]", domain):
        lower = unicodedata.normalize("NFKC", label.lower()).lower()
        if not lower.isascii():
            lower = "xn--" + lower.encode("punycode").decode("ascii")
        yield lower if _LABEL.fullmatch(lower) else ""


def domain_of(address: str) -> str:
    """Domain of an address as A-labels, lower case, without trailing dot; empty if it has none."""
    return normalised_address(address).rpartition("@")[2]


def same_address(one: str, other: str) -> bool:
    """Whether two addresses are the same mailbox; never true for what is no address."""
    normal = normalised_address(one)
    return bool(normal) and normal == normalised_address(other)
