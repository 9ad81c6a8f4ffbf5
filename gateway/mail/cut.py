"""Tell what of a mail's text was left out as quoted or signature: for whoever asks why."""

from dataclasses import dataclass
from typing import Final

from gateway.mail.message import Mail
from gateway.mail.quote import split_quotes

FIRST_CHARS: Final = 60


@dataclass(frozen=True, slots=True)
class Cut:
    """Lines that stand together and are not new."""

    kind: str
    """`quoted` or `signature`, as the splitter calls the first of them; `html` where only the
    tree of the HTML part knew."""
    lines: int
    first: str
    """The beginning of the first one."""


def what_was_cut(mail: Mail) -> tuple[Cut, ...]:
    """The stretches of `mail.text` that `mail.new_text` lacks, in order."""
    kept = [line.rstrip() for line in mail.new_text.split("\n") if line.strip()]
    kinds = _kinds(mail.text)
    cuts: list[Cut] = []
    run: list[tuple[str, str]] = []
    at = 0
    for line, kind in zip(mail.text.split("\n"), kinds, strict=False):
        if not line.strip():
            continue
        if at < len(kept) and line.rstrip().endswith(kept[at]) and kind == "new":
            at += 1
            cuts += _closed(run)
            run = []
            continue
        if run and run[-1][1] != kind and "new" not in (kind, run[-1][1]):
            cuts += _closed(run)
            run = []
        run.append((line, kind))
    return (*cuts, *_closed(run))


def _kinds(text: str) -> list[str]:
    """The kind of each line of a text, by its first character."""
    kinds: list[str] = []
    begins = True
    for span in split_quotes(text):
        pieces = span.text.split("\n")
        for number, piece in enumerate(pieces):
            if begins and (piece or number < len(pieces) - 1):
                kinds.append(str(span.kind.value))
            begins = number < len(pieces) - 1 or (begins and not piece)
    return kinds


def _closed(run: list[tuple[str, str]]) -> list[Cut]:
    if not run:
        return []
    line, kind = run[0]
    return [Cut("html" if kind == "new" else kind, len(run), line.strip()[:FIRST_CHARS])]
