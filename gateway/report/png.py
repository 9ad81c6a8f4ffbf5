"""Draw a plot as PNG for a letter: mail readers show no SVG. Twice as fine as it is shown."""

import io
from html import escape
from typing import Any, Final

from gateway.report.plot import LETTER, Label, Line, Plot, Rect

FINE: Final = 2
COLOURS: Final = {
    "good": "#2e7d4f",
    "bad": "#c0392b",
    "first": "#2f6db5",
    "second": "#d08a1d",
    "line": "#d9dde3",
    "text": "#3d4450",
    "paper": "#ffffff",
}
ANCHORS: Final = {"start": "ls", "middle": "ms", "end": "rs"}
_DASHES: Final = str.maketrans({"–": "-"})
"""The font of the library has no dashes, and draws a box for each."""


def drawable(label: str) -> str:
    """A label in the characters the font has: a dash is a hyphen."""
    return label.translate(_DASHES)


def draw_png(plot: Plot) -> bytes:
    """The plot as a PNG file on white paper; a dark mail reader shows it as it is."""
    from PIL import Image, ImageDraw, ImageFont  # noqa: PLC0415 - only letters with plots need it

    image = Image.new("RGB", (plot.width * FINE, plot.height * FINE), COLOURS["paper"])
    pen = ImageDraw.Draw(image)
    font: Any = ImageFont.load_default(LETTER * FINE)
    for shape in plot.shapes:
        match shape:
            case Rect():
                corners = (shape.x, shape.y, shape.x + shape.width, shape.y + shape.height)
                pen.rectangle([round(one * FINE) for one in corners], fill=COLOURS[shape.colour])
            case Line():
                line = (shape.x1, shape.y, shape.x2, shape.y)
                pen.line([round(one * FINE) for one in line], fill=COLOURS["line"], width=1)
            case Label():
                place = (round(shape.x * FINE), round(shape.y * FINE))
                anchor = ANCHORS[shape.anchor]
                pen.text(
                    place, drawable(shape.text), fill=COLOURS["text"], font=font, anchor=anchor
                )
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def picture(plot: Plot, source: str) -> str:
    """The plot as an `img` element that takes it from there: a part of the mail, or data."""
    return (
        f'<img src="{escape(source)}" alt="{escape(plot.bars.summary)}" '
        f'width="{plot.width}" height="{plot.height}">'
    )
