"""Choose the readable text of a mail and tell its attachments apart.

Policy 5.2: the plain part, else the HTML part as text. A plain part that says nothing gives way to
the HTML beside it. Enclosed messages are attachments; their words are not this author's.

Sources: RFC 2046 section 5.1.4 (alternative), RFC 2387 (related), RFC 2183 (disposition).
"""

import hashlib
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from gateway.mail.clean import clean_text
from gateway.mail.defect import Defect
from gateway.mail.filename import safe_filename
from gateway.mail.flowed import unflow
from gateway.mail.html import Element, read_html, text_of
from gateway.mail.html_quote import cut_quotes
from gateway.mail.limits import TEXT_CHARS_MAX
from gateway.mail.message import Attachment
from gateway.mail.part import Part
from gateway.mail.quote import Span, is_quoted_above, new_text, split_quotes
from gateway.mail.splitter import Kind
from gateway.mail.transfer import find_uuencoded

_PLAIN: Final = frozenset({"text/plain", "text/enriched", "text/richtext", "text", "text/markdown"})
_HTML: Final = frozenset({"text/html", "application/xhtml+xml", "text/xhtml"})
_MESSAGES: Final = frozenset({"message/rfc822", "message/global", "message/news"})
_SIGNATURES: Final = frozenset({"application/pgp-signature", "application/pkcs7-signature"})


@dataclass(slots=True)
class Body:
    """What a reader of the mail sees, and what hangs on it."""

    text: str = ""
    new_text: str = ""
    quoted_above: bool = False
    attachments: tuple[Attachment, ...] = ()
    defects: list[Defect] = field(default_factory=list)


class _Role(Enum):
    """What is done with the text parts of a stretch of the tree."""

    READ = "read"
    SHADOW = "another rendering of what is read"
    FILE = "a file, although it is text"


@dataclass(slots=True)
class _Chosen:
    """Parts in the order in which they are read."""

    readable: list[Part] = field(default_factory=list)
    attached: list[Part] = field(default_factory=list)


@dataclass(slots=True)
class _Piece:
    """The text of one readable part: whole, and as far as it is new."""

    whole: str
    spans: tuple[Span, ...]


def read_body(root: Part) -> Body:
    """Text, new text and attachments of the tree of a mail."""
    body = Body()
    chosen = _Chosen()
    _choose(root, chosen)
    attachments: list[Attachment] = []
    for part in chosen.attached:
        attachments.append(_attachment(part, {each.filename for each in attachments}))
    pieces: list[_Piece] = []
    room = TEXT_CHARS_MAX
    for part in chosen.readable:
        piece, enclosed = _piece(part, room, body.defects)
        attachments += enclosed
        if piece.whole.strip() or len(chosen.readable) == 1:
            pieces.append(piece)
            room = max(0, room - len(piece.whole))
    body.text = "\n".join(piece.whole for piece in pieces)
    body.new_text = _joined_new(pieces)
    body.quoted_above = any(is_quoted_above(piece.spans) for piece in pieces)
    body.attachments = tuple(sorted(attachments, key=lambda attachment: attachment.part))
    return body


def _joined_new(pieces: list[_Piece]) -> str:
    """New text of all pieces; behind a piece that ends in a quote nothing is new any more."""
    fresh: list[str] = []
    for piece in pieces:
        text = new_text(piece.spans)
        if text:
            fresh.append(text)
    return "\n\n".join(fresh)


def _choose(root: Part, chosen: _Chosen) -> None:
    """Sort the leaves of a tree into readable ones and attachments, in walk order."""
    stack: list[tuple[Part, _Role]] = [(root, _Role.READ)]
    while stack:
        part, role = stack.pop()
        if part.main_type == "multipart":
            roles = _roles(part, role)
            stack += zip(reversed(part.parts), reversed(roles), strict=True)
        elif role is not _Role.FILE and _is_readable(part, chosen):
            if role is _Role.READ:
                chosen.readable.append(part)
        elif not (part.content_type in _SIGNATURES and not part.filename):
            chosen.attached.append(part)


def _roles(part: Part, role: _Role) -> list[_Role]:
    """The role of each child of a multipart."""
    if part.content_type == "multipart/alternative" and role is _Role.READ:
        read = _alternative(part)
        return [role if child in read else _Role.SHADOW for child in part.parts]
    if part.content_type == "multipart/related" and role is not _Role.FILE:
        # Only the root is shown (RFC 2387); the rest are its resources, pages among them.
        return [role if index == 0 else _Role.FILE for index in range(len(part.parts))]
    return [role] * len(part.parts)


def _is_readable(part: Part, chosen: _Chosen) -> bool:
    """Whether a leaf is text to be read in its place."""
    if part.content_type not in _PLAIN and part.content_type not in _HTML:
        return False
    if part.disposition.value == "attachment":
        return False
    if not part.filename:
        return True
    # A named text is a file, unless it is the only thing there is to read.
    return not chosen.readable and part.disposition.value != "inline"


def _alternative(part: Part) -> list[Part]:
    """The rendering to read: plain text that says anything, else the last with HTML.

    Several plain parts are no renderings of each other, whatever their sender believes: all are
    read, so that nothing is lost.
    """
    plain = [child for child in part.parts if _says_plainly(child)]
    pure = [child for child in plain if child.content_type == "text/plain"]
    if pure or plain:
        return pure or plain[-1:]
    html = [
        child for child in part.parts if any(each.content_type in _HTML for each in _leaves(child))
    ]
    return html[-1:] or part.parts[-1:]


def _says_plainly(part: Part) -> bool:
    """Whether a rendering has plain text that is not blank, and no HTML."""
    leaves = _leaves(part)
    if any(leaf.content_type in _HTML for leaf in leaves):
        return False
    return any(
        leaf.content_type in _PLAIN
        and leaf.disposition.value != "attachment"
        and clean_text(leaf.text()[0]).strip("\xa0 \t\n\ufeff")
        for leaf in leaves
    )


def _leaves(root: Part) -> list[Part]:
    found: list[Part] = []
    stack = [root]
    while stack:
        part = stack.pop()
        if part.main_type == "multipart":
            stack += part.parts
        else:
            found.append(part)
    return found


def _piece(part: Part, room: int, defects: list[Defect]) -> tuple[_Piece, list[Attachment]]:
    """The text of a readable part, and the files that were uuencoded into it."""
    text, found = part.text()
    defects += found
    if part.content_type in _HTML:
        return _html_piece(text, room, defects), []
    enclosed: list[Attachment] = []
    if "\nbegin" in text or text.startswith("begin"):
        text, enclosed = _without_uuencoded(part, text)
    text = clean_text(text)
    if len(text) > room:
        defects.append(Defect.LIMIT_TEXT)
        text = text[:room]
    if part.parameters.get("format", "").lower() == "flowed":
        text = unflow(text, delsp=part.parameters.get("delsp", "").lower() == "yes")
    return _Piece(text, split_quotes(text)), enclosed


def _html_piece(source: str, room: int, defects: list[Defect]) -> _Piece:
    tree = read_html(source)
    if tree is None:
        return _Piece("", ())
    whole = clean_text(text_of(tree))
    if len(whole) > room:
        defects.append(Defect.LIMIT_TEXT)
        whole = whole[:room]
    return _Piece(whole, _new_of_html(tree, whole, room))


def _new_of_html(tree: Element, whole: str, room: int) -> tuple[Span, ...]:
    """Spans of an HTML text, its quotes cut on the tree first if that leaves anything."""
    spans = split_quotes(whole)
    if not cut_quotes(tree):
        return spans
    rest = split_quotes(clean_text(text_of(tree))[:room])
    if new_text(rest) or not _is_forward(spans):
        return rest
    return spans


def _is_forward(spans: tuple[Span, ...]) -> bool:
    """Whether a text opens with a forwarded mail's header: then the old mail is what is sent."""
    return len(spans) > 1 and spans[0].kind is Kind.QUOTED and spans[-1].kind is Kind.NEW


def _without_uuencoded(part: Part, text: str) -> tuple[str, list[Attachment]]:
    data = part.content().data
    files = find_uuencoded(data)
    if not files:
        return text, []
    kept: list[bytes] = []
    at = 0
    for file in files:
        kept.append(data[at : file.start])
        at = file.end
    kept.append(data[at:])
    from gateway.mail.charset import decode  # noqa: PLC0415 - rare

    return decode(b"".join(kept), part.parameters.get("charset", "")).text, [
        Attachment(
            part=part.index,
            filename=safe_filename(file.name) or f"part-{part.index}",
            content_type="application/octet-stream",
            size=len(file.data),
            digest=hashlib.sha256(file.data).hexdigest(),
        )
        for file in files
    ]


def _attachment(part: Part, taken: set[str]) -> Attachment:
    data = part.content().data
    content_id = part.content_id
    return Attachment(
        part=part.index,
        filename=part.filename or _made_up_name(part, taken),
        content_type=part.content_type,
        size=len(data),
        digest=hashlib.sha256(data).hexdigest(),
        inline=part.disposition.value == "inline"
        or (bool(content_id) and part.disposition.value != "attachment"),
        content_id=content_id,
    )


_EXTENSIONS: Final = {
    "message/rfc822": "eml",
    "message/global": "eml",
    "message/delivery-status": "txt",
    "message/disposition-notification": "txt",
    "text/plain": "txt",
    "text/html": "html",
    "text/calendar": "ics",
    "text/csv": "csv",
    "text/rfc822-headers": "txt",
    "text/vcard": "vcf",
    "text/x-vcard": "vcf",
    "image/jpeg": "jpg",
    "image/jpg": "jpg",
    "image/png": "png",
    "image/gif": "gif",
    "image/bmp": "bmp",
    "image/tiff": "tif",
    "image/webp": "webp",
    "image/heic": "heic",
    "image/svg+xml": "svg",
    "video/quicktime": "mov",
    "video/mp4": "mp4",
    "audio/mpeg": "mp3",
    "audio/wav": "wav",
    "audio/x-wav": "wav",
    "audio/ogg": "ogg",
    "application/pdf": "pdf",
    "application/zip": "zip",
    "application/msword": "doc",
    "application/vnd.ms-excel": "xls",
    "application/json": "json",
    "application/xml": "xml",
    "application/ms-tnef": "dat",
    "application/pgp-signature": "asc",
    "application/pgp-encrypted": "asc",
    "application/pgp-keys": "asc",
    "application/pkcs7-signature": "p7s",
    "application/pkcs7-mime": "p7m",
}


def _made_up_name(part: Part, taken: set[str]) -> str:
    """A name for an attachment without one: `image.png`, `image1.png` and so on."""
    extension = _EXTENSIONS.get(part.content_type, "")
    stem = part.main_type or "part"
    if part.content_type in _MESSAGES and part.parts:
        stem = safe_filename(part.parts[0].header.text("subject"))[:100].rstrip(" .") or "message"
    end = "." + extension if extension else ""
    name = stem + end
    number = 0
    while name in taken:
        number += 1
        name = f"{stem}{number}{end}"
    return name
