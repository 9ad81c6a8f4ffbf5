"""Read from a delivery report what became of whom: from its fields, or from its prose.

Sources: RFC 3464 section 2.3 (fields), RFC 3463 (status codes), RFC 5321 section 4.2 (reply codes).
"""

import re
from collections.abc import Callable
from typing import Final

from gateway.mail.clean import clean_line
from gateway.mail.message import FailedRecipient
from gateway.mail.part import Part

RECIPIENT_COUNT_MAX: Final = 200
_ADDRESS: Final = r"[^\s<>()\[\]\"',:;|@]{1,64}@\w(?:[\w.-]{0,250}\w)"
ANY_ADDRESS: Final = re.compile(f"({_ADDRESS})")
_PROSE: Final = (
    # `<ann@x>:`, `"ann@x":`, `ann@x: 550 …`, `  ann@x`, `<ann@x>... User unknown`
    re.compile(rf"^[ \t>*•-]*(?:\d{{3}}[ -])?[<\"']?({_ADDRESS})[>\"']{{0,2}}\s*(?:[:;,.(\s-]|$)"),
    re.compile(
        r"(?:recipients?|address(?:es)?|deliver(?:y|ed|ing)?|reach|mailbox|user|account|mail|to"
        rf"|group)\b[^<\n@]{{0,60}}[<\"'( :]+({_ADDRESS})",
        re.IGNORECASE,
    ),
    ANY_ADDRESS,
)
_STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?![\d.])")
_REPLY_CODE: Final = re.compile(r"(?<![\d.:-])([45]\d\d)(?=[ -][^\d]|[ -]\d\.\d|$)")
_FIELD: Final = re.compile(r"^([A-Za-z][A-Za-z-]{2,40}):\s*(.*)$")
_TYPED: Final = re.compile(
    r"^\s*(?:rfc ?822|utf-?8|x400|x-[\w-]+|unknown|local|smtp)\s*;\s*", re.IGNORECASE
)
_IN_TEXT: Final = re.compile(r"^[ \t]*(?:Final|Original)-Recipient:", re.MULTILINE | re.IGNORECASE)
_RECIPIENT_FIELDS: Final = frozenset({"final-recipient", "original-recipient"})
_KNOWN: Final = _RECIPIENT_FIELDS | {"action", "status", "diagnostic-code", "x-actual-recipient"}
_ACTIONS: Final = frozenset({"failed", "delayed", "delivered", "relayed", "expanded"})
_LINES_OF_ONE_MAX: Final = 12


def from_status_parts(parts: list[Part]) -> tuple[FailedRecipient, ...]:
    """Recipients of `message/delivery-status` parts."""
    found: list[FailedRecipient] = []
    for part in parts:
        text = part.text()[0].replace("\r\n", "\n").replace("\r", "\n")
        found += _from_fields(text)
    return tuple(found)


def from_text_fields(text: str) -> tuple[FailedRecipient, ...]:
    """Recipients of the same fields where a server wrote them into the text."""
    found = _IN_TEXT.search(text)
    return tuple(_from_fields(text[: found.start() + 8000])) if found else ()


def _from_fields(text: str) -> list[FailedRecipient]:
    """One recipient per group of fields; groups end at a blank line or where a field repeats."""
    found: list[FailedRecipient] = []
    group: dict[str, str] = {}
    last = ""
    for line in [*text.split("\n"), ""]:
        field = _FIELD.match(line.lstrip())
        name = field[1].lower() if field and field[1].lower() in _KNOWN else ""
        if line[:1] in (" ", "\t") and last and line.strip() and not name:
            group[last] += " " + line.strip()
            continue
        if not line.strip() or name in group:
            if group.keys() & _RECIPIENT_FIELDS:
                found.append(_recipient(group))
            group = {}
        last = name
        if field and name:
            group[name] = field[2].strip()
    return [each for each in found if each.recipient][:RECIPIENT_COUNT_MAX]


def _recipient(group: dict[str, str]) -> FailedRecipient:
    """The recipient of one group of fields; a real address goes before a local name."""
    address = ""
    for name in ("final-recipient", "original-recipient", "x-actual-recipient"):
        value = _TYPED.sub("", group.get(name, "")).strip().strip("<>").strip()
        if value and ("@" in value or not address):
            address = address if "@" in address else value
    status = _STATUS.search(group.get("status", ""))
    diagnostic = clean_line(group.get("diagnostic-code", ""))[:1000]
    action = group.get("action", "").lower().split(" ")[0].strip("\"';.")
    code = status[1] if status else status_in(diagnostic)
    if action not in _ACTIONS:
        action = "delayed" if code.startswith("4") else "delivered" if code[:1] == "2" else "failed"
    return FailedRecipient(
        recipient=clean_line(address)[:320], status=code, action=action, diagnostic=diagnostic
    )


def status_in(text: str) -> str:
    """The enhanced status code in a text, or the class of its reply code as `5.0.0`."""
    found = _STATUS.search(text)
    if found:
        return found[1]
    code = _REPLY_CODE.search(text)
    return code[1][0] + ".0.0" if code else ""


def from_prose(
    text: str, action: str, is_stranger: Callable[[str], bool]
) -> tuple[FailedRecipient, ...]:
    """Recipients of a text that only people were meant to read; the plainest form found counts.

    `is_stranger` tells a recipient's address from the server's and our own.
    """
    lines = text.split("\n")
    for pattern in _PROSE:
        found = _by_pattern(lines, pattern, action, is_stranger)
        if found:
            return tuple(found)
    return ()


def _by_pattern(
    lines: list[str], pattern: re.Pattern[str], action: str, is_stranger: Callable[[str], bool]
) -> list[FailedRecipient]:
    """One recipient per address, with the lines below it as its diagnostic."""
    found: dict[str, list[str]] = {}
    current: list[str] = []
    for line in lines:
        match = pattern.search(line)
        address = match[1].strip(".") if match else ""
        if address and is_stranger(address):
            current = found.setdefault(address.lower(), [address])
            if len(found) > RECIPIENT_COUNT_MAX:
                break
        if current and len(current) < _LINES_OF_ONE_MAX:
            current.append(line.strip())
    return [
        FailedRecipient(
            recipient=words[0],
            status=status_in(" ".join(words[1:])),
            action=action,
            diagnostic=clean_line(" ".join(words[1:]))[:500],
        )
        for words in found.values()
    ]
