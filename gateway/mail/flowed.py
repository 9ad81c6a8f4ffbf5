"""Join the lines of `text/plain; format=flowed` again.

Source: RFC 3676 sections 4.2 to 4.5 (soft breaks, space-stuffing, quote depth, DelSp).
"""

from typing import Final

_SIGNATURE_MARK: Final = "-- "


def unflow(text: str, *, delsp: bool) -> str:
    """`text` with soft line breaks undone; `delsp` drops the space before each of them.

    Quoted paragraphs keep their marks, written as `>` per level and one space.
    """
    out: list[str] = []
    paragraph: list[str] = []
    depth = 0
    for line in text.split("\n"):
        content = line.lstrip(">")
        line_depth = len(line) - len(content)
        content = content.removeprefix(" ")
        if paragraph and (line_depth != depth or content == _SIGNATURE_MARK):
            out.append(_quoted(depth, "".join(paragraph).rstrip(" ")))
            paragraph.clear()
        depth = line_depth
        if content.endswith(" ") and content != _SIGNATURE_MARK:
            paragraph.append(content[:-1] if delsp else content)
            continue
        out.append(_quoted(depth, "".join(paragraph) + content))
        paragraph.clear()
    if paragraph:
        out.append(_quoted(depth, "".join(paragraph).rstrip(" ")))
    return "\n".join(out)


def _quoted(depth: int, content: str) -> str:
    return ">" * depth + (" " if depth and content else "") + content
