"""Draw a plot as SVG inside a page: colours come from the page's style, so dark mode just works."""

from html import escape

from gateway.report.plot import Label, Line, Plot, Rect, Shape


def draw_svg(plot: Plot) -> str:
    """The plot as an `svg` element with a title for who does not see it."""
    name = f"plot-{plot.bars.name}"
    body = "".join(_shape(one) for one in plot.shapes)
    return (
        f'<svg viewBox="0 0 {plot.width} {plot.height}" role="img" aria-labelledby="{name}">'
        f'<title id="{name}">{escape(plot.bars.summary)}</title>{body}</svg>'
    )


def _shape(shape: Shape) -> str:
    match shape:
        case Rect():
            title = f"<title>{escape(shape.title)}</title>" if shape.title else ""
            return (
                f'<rect x="{shape.x:.1f}" y="{shape.y:.1f}" width="{shape.width:.1f}" '
                f'height="{shape.height:.1f}" class="{shape.colour}">{title}</rect>'
            )
        case Line():
            return (
                f'<line x1="{shape.x1:.1f}" x2="{shape.x2:.1f}" y1="{shape.y:.1f}" '
                f'y2="{shape.y:.1f}"/>'
            )
        case Label():
            return (
                f'<text x="{shape.x:.1f}" y="{shape.y:.1f}" text-anchor="{shape.anchor}">'
                f"{escape(shape.text)}</text>"
            )
