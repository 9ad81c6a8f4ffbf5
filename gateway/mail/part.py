"""Find the parts of a MIME mail: where each begins and ends, without copying or decoding bodies.

Rules for this file:
1. Parts are numbered as `email.message.Message.walk()` numbers them, so that an `Attachment.part`
   finds its bytes again.
2. Depth and count are limited while looking, not afterwards (A55, A58).
3. A multipart that shows no boundary is text; a missing end ends with its parent.

Sources: RFC 2045, RFC 2046 section 5.1, RFC 2387, RFC 6533.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from gateway.mail.charset import decode
from gateway.mail.defect import Defect
from gateway.mail.filename import safe_filename
from gateway.mail.header import EMPTY_HEADER, Header, read_header
from gateway.mail.limits import DEPTH_MAX, PART_COUNT_MAX, STRUCTURE_BYTES_MAX, TEXT_BYTES_MAX
from gateway.mail.parameter import NOTHING, Parameters, read_parameters
from gateway.mail.transfer import Transferred, undo_transfer

_CONTENT_TYPE: Final = re.compile(r"([a-z0-9!#$&^_.+-]+)\s*/\s*([a-z0-9!#$&^_.+-]+)")
_IDENTITY: Final = frozenset({"", "7bit", "8bit", "binary"})
_MESSAGES: Final = frozenset({"message/rfc822", "message/global", "message/news"})
_OF_THE_MAIL: Final = frozenset({Defect.LIMIT_HEADER_BYTES, Defect.LIMIT_FIELD_COUNT})
_DELIMITER_REST: Final = re.compile(rb"(?:--)?[ \t]*(?:\r?\n|\r|\Z)")
_BOUNDARY_LINE: Final = re.compile(rb"(?:\A|(?<=\n))--([^\r\n]{1,200}?)[ \t]*\r?\n")


@dataclass(slots=True, eq=False)
class Part:
    """One node of a mail's tree; `buffer[start:end]` is its body as it was sent."""

    index: int
    depth: int
    buffer: bytes
    start: int
    end: int
    header: Header
    content_type: str
    parameters: dict[str, str]
    disposition: Parameters = NOTHING
    parts: list["Part"] = field(default_factory=list)
    known_text: tuple[str, list[Defect]] | None = None
    """The decoded text, once somebody asked for it."""
    in_message: bool = False
    """It stands within an enclosed message: it belongs to that one's reader, not to this mail."""

    @property
    def main_type(self) -> str:
        """The type before the slash."""
        return self.content_type.partition("/")[0]

    @property
    def encoding(self) -> str:
        """Content-Transfer-Encoding in lower case; empty where there is none."""
        return self.header.first("content-transfer-encoding").decode("latin-1").strip().lower()

    @property
    def body(self) -> bytes:
        """The body as it was sent."""
        return self.buffer[self.start : self.end]

    def content(self) -> Transferred:
        """The body with its transfer encoding undone."""
        return undo_transfer(self.body, self.encoding)

    def text(self) -> tuple[str, list[Defect]]:
        """The body as (unclean) text with what was wrong in encoding and charset."""
        if self.known_text is not None:
            return self.known_text
        data, broken = self.content()
        over = Defect.LIMIT_TEXT if len(data) > TEXT_BYTES_MAX else None
        text, misfit = decode(data[:TEXT_BYTES_MAX], self.parameters.get("charset", ""))
        self.known_text = text, [defect for defect in (broken, over, misfit) if defect]
        return self.known_text

    @property
    def filename(self) -> str:
        """The name the sender gave it, made safe; empty where it gave none."""
        name = self.disposition.names.get("filename") or self.parameters.get("name") or ""
        return safe_filename(name)

    @property
    def content_id(self) -> str:
        """Content-ID without angle brackets."""
        return self.header.text("content-id").strip("<> ")


@dataclass(slots=True)
class Tree:
    """All parts of a mail, in walk order; the first is the mail itself."""

    parts: list[Part] = field(default_factory=list)
    defects: list[Defect] = field(default_factory=list)


def read_tree(raw: bytes, header: Header) -> Tree:
    """The parts of `raw`, whose own header has been read already."""
    tree = Tree()
    _read_part(tree, _Place(raw, header.body_at, len(raw)), header, "text/plain")
    return tree


@dataclass(frozen=True, slots=True)
class _Place:
    """A stretch of bytes to be read as a part, and how deep it lies."""

    buffer: bytes
    start: int
    end: int
    depth: int = 0
    in_message: bool = False


def _read_part(tree: Tree, place: _Place, header: Header, default_type: str) -> Part:
    given = read_parameters(header.first("content-type"))
    found = _CONTENT_TYPE.match(given.value)
    content_type = f"{found[1]}/{found[2]}" if found else _repaired(given, default_type)
    part = Part(
        index=len(tree.parts),
        depth=place.depth,
        buffer=place.buffer,
        start=place.start,
        end=place.end,
        header=header,
        content_type=content_type,
        parameters=given.names,
        in_message=place.in_message,
    )
    if "content-disposition" in header:
        part.disposition = read_parameters(header.first("content-disposition"))
    tree.parts.append(part)
    # A part with too much header is one broken part, no reason to distrust the whole mail.
    whole = _OF_THE_MAIL if part.index else frozenset()
    tree.defects += [Defect.NOT_A_FIELD if one in whole else one for one in header.defects]
    if part.main_type == "multipart":
        _read_multipart(tree, part)
    elif part.content_type in _MESSAGES:
        _read_message(tree, part)
    return part


def _repaired(given: Parameters, default_type: str) -> str:
    """A content type for what is none: `text` means plain text, a boundary means multipart."""
    if given.value in ("text", "plain", "txt"):
        return "text/plain"
    if given.value == "html":
        return "text/html"
    if "boundary" in given.names:
        return "multipart/mixed"
    if given.value and not given.value.startswith("text"):
        return "application/octet-stream" if "name" in given.names else "text/plain"
    return default_type


def _read_multipart(tree: Tree, part: Part) -> None:
    boundary = part.parameters.get("boundary", "")
    delimiter = boundary.encode("utf_8", "replace")
    if not delimiter or part.buffer.find(b"--" + delimiter, part.start, part.end) < 0:
        tree.defects.append(Defect.BOUNDARY_MISSING)
        delimiter = _guessed_boundary(part)
        if not delimiter:
            part.content_type = "text/plain"
            return
    if part.depth >= DEPTH_MAX:
        tree.defects.append(Defect.LIMIT_DEPTH)
        return
    default = "message/rfc822" if part.content_type == "multipart/digest" else "text/plain"
    stretches, closed = _stretches(part, delimiter)
    if not closed:
        tree.defects.append(Defect.BOUNDARY_NOT_CLOSED)
    for start, end in stretches:
        if len(tree.parts) >= PART_COUNT_MAX:
            tree.defects.append(Defect.LIMIT_PARTS)
            return
        header = read_header(part.buffer, start, end, of_part=True)
        place = _Place(part.buffer, header.body_at, end, part.depth + 1, part.in_message)
        part.parts.append(_read_part(tree, place, header, default))


def _guessed_boundary(part: Part) -> bytes:
    """The boundary that a body seems to use although its header names another or none."""
    found = _BOUNDARY_LINE.search(part.buffer, part.start, part.end)
    if found is None:
        return b""
    first = found[1]
    follows = part.buffer[found.end() : found.end() + 8].lower()
    return first if follows.startswith(b"content-") else b""


def _stretches(part: Part, delimiter: bytes) -> tuple[list[tuple[int, int]], bool]:
    """Where the parts between the delimiters begin and end, and whether the last was closed."""
    stretches: list[tuple[int, int]] = []
    begin = -1
    buffer = part.buffer
    mark = b"--" + delimiter
    at = buffer.find(mark, part.start, part.end)
    while at >= 0:
        end = _delimiter_end(buffer, at + len(mark), part)
        if end is None or not _begins_line(buffer, at, part.start):
            at = buffer.find(mark, at + len(mark), part.end)
            continue
        if begin >= 0:
            stretches.append((begin, _without_line_end(buffer, begin, at)))
        begin = min(end, part.end)
        if buffer.startswith(b"--", at + len(mark)) and begin >= at + len(mark) + 2:
            return stretches, True
        begun = _end_of_namesake(buffer, begin, part, mark + b"--")
        if begun is not None:
            at = buffer.find(mark, begun, part.end)
            continue
        if len(stretches) > PART_COUNT_MAX:
            break
        at = buffer.find(mark, begin, part.end)
    if begin >= 0:
        stretches.append((begin, part.end))
    return stretches, False


def _end_of_namesake(buffer: bytes, start: int, part: Part, mark: bytes) -> int | None:
    """Where the multipart that begins at `start` closes, if its delimiter is our closing one.

    A line belongs to the innermost multipart that uses it; only a boundary that is the outer one
    and two dashes can be taken for the outer one's end.
    """
    if mark[2:] not in buffer[start : min(start + STRUCTURE_BYTES_MAX, part.end)]:
        return None
    given = read_parameters(read_header(buffer, start, part.end).first("content-type"))
    if b"--" + given.names.get("boundary", "").encode("utf_8", "replace") != mark:
        return None
    closed = buffer.find(b"\n" + mark + b"--", start, part.end)
    return part.end if closed < 0 else closed + 1


def _begins_line(buffer: bytes, at: int, start: int) -> bool:
    return at == start or buffer[at - 1 : at] in (b"\n", b"\r")


def _delimiter_end(buffer: bytes, at: int, part: Part) -> int | None:
    """Where the line of a delimiter ends whose boundary ends at `at`; `None` for a longer one."""
    found = _DELIMITER_REST.match(buffer, at, part.end)
    return found.end() if found else None


def _without_line_end(buffer: bytes, start: int, end: int) -> int:
    """`end` before the line end that belongs to the delimiter (RFC 2046 section 5.1.1)."""
    if end > start and buffer[end - 1 : end] == b"\n":
        end -= 1
    if end > start and buffer[end - 1 : end] == b"\r":
        end -= 1
    return end


def _read_message(tree: Tree, part: Part) -> None:
    """The message that a part encloses becomes its only child."""
    if part.depth >= DEPTH_MAX:
        tree.defects.append(Defect.LIMIT_DEPTH)
        return
    if len(tree.parts) >= PART_COUNT_MAX:
        tree.defects.append(Defect.LIMIT_PARTS)
        return
    buffer, start, end = part.buffer, part.start, part.end
    if part.encoding not in _IDENTITY:
        # Forbidden by RFC 2046 section 5.2.1, and sent nevertheless.
        buffer = part.content().data
        start, end = 0, len(buffer)
    header = read_header(buffer, start, end) if end > start else EMPTY_HEADER
    place = _Place(buffer, max(header.body_at, start), end, part.depth + 1, in_message=True)
    part.parts.append(_read_part(tree, place, header, "text/plain"))
