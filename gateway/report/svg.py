"""Draw a plot as SVG inside a page: colours come from the page's style, so dark mode just works."""

from html import escape

from gateway.report.plot import NARROW, Label, Line, Plot, Rect, Shape, lay_out


def draw_svg(plot: Plot) -> str:
    """The plot for wide screens and for narrow ones; the page's style shows one of them."""
    return _svg(plot, "wide") + _svg(lay_out(plot.bars, NARROW), "narrow")


def _svg(plot: Plot, screen: str) -> str:
    """One `svg` element with a title for who does not see it."""
    name = f"plot-{plot.bars.name}-{screen}"
    body = "".join(_shape(one) for one in plot.shapes)
    return (
        f'<svg class="{screen}-screen" viewBox="0 0 {plot.width} {plot.height}" role="img" '
        f'aria-labelledby="{name}">'
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
