"""Lay out bar plots as shapes in a plane; a drawer for vectors and one for dots follow them.

Lengths are in pixels of a picture 640 wide, or 300 for telephones. Colours are names; each drawer
knows its own.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final, Literal

Colour = Literal["good", "bad", "first", "second", "line", "text"]

WIDTH: Final = 640
NARROW: Final = 300
HEIGHT: Final = 220
LEFT: Final = 40
RIGHT: Final = 8
TOP: Final = 34
BOTTOM: Final = 24
LETTER: Final = 12
HALF: Final = 0.3
"""Half the width of a character, in heights of a letter."""
GRID: Final = 4
LABEL: Final = 65
"""Room for the label of a column."""
GAP: Final = 0.25
"""Share of a column that stays free between bars."""


@dataclass(frozen=True, slots=True)
class Rect:
    """A filled rectangle."""

    x: float
    y: float
    width: float
    height: float
    colour: Colour
    title: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A level line across the plot."""

    x1: float
    x2: float
    y: float


@dataclass(frozen=True, slots=True)
class Label:
    """A word of the plot; `x` is its beginning, middle or end."""

    x: float
    y: float
    text: str
    anchor: Literal["start", "middle", "end"]


Shape = Rect | Line | Label


@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """One colour of bars, a value for each column."""

    name: str
    colour: Colour
    values: Sequence[int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bars:
    """Columns, and what is stacked in each, or stands side by side where it adds up to nothing."""

    name: str
    """For file names and ids."""
    title: str
    columns: Sequence[str]
    series: Sequence[Series]
    beside: bool = False

    @property
    def summary(self) -> str:
        """The plot in words, for who does not see it."""
        told = ", ".join(f"{one.name} {sum(one.values)}" for one in self.series)
        return f"{self.title}: {told} in all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A laid-out plot."""

    bars: Bars
    shapes: tuple[Shape, ...]
    width: int = WIDTH
    height: int = HEIGHT


def lay_out(bars: Bars, picture_width: int = WIDTH) -> Plot:
    """Turn values into shapes."""
    height = max if bars.beside else sum
    top = _ceiling(max((height(one) for one in _stacks(bars)), default=0))
    scale = (HEIGHT - TOP - BOTTOM) / top
    shapes: list[Shape] = [*_grid(top, scale, picture_width), *_legend(bars)]
    width = (picture_width - LEFT - RIGHT) / max(1, len(bars.columns))
    every = max(1, math.ceil(LABEL / width))
    for number, (column, stack) in enumerate(zip(bars.columns, _stacks(bars), strict=True)):
        left = LEFT + number * width
        free = Rect(left + width * GAP / 2, HEIGHT - BOTTOM, width * (1 - GAP), scale, "line")
        shapes += _column(bars, column, stack, free)
        if number % every == 0:
            x = min(left + width / 2, picture_width - HALF * LETTER * len(column))
            shapes.append(Label(x, HEIGHT - 8, column, "middle"))
    return Plot(bars=bars, shapes=tuple(shapes), width=picture_width)


def _column(bars: Bars, column: str, stack: Sequence[int], free: Rect) -> Iterator[Rect]:
    """The bars of one column; `free` is where one of them for a value of 1 would hang down."""
    base, width = free.y, free.width / (len(stack) if bars.beside else 1)
    for number, (series, value) in enumerate(zip(bars.series, stack, strict=True)):
        height = value * free.height
        if value:
            yield Rect(
                x=free.x + (number * width if bars.beside else 0),
                y=base - height,
                width=width,
                height=height,
                colour=series.colour,
                title=f"{column}: {series.name} {value}",
            )
        base -= 0 if bars.beside else height


def _stacks(bars: Bars) -> list[tuple[int, ...]]:
    return list(zip(*(one.values for one in bars.series), strict=True))


def _ceiling(most: int) -> int:
    """The least round number, divisible by the grid, that is not below the highest bar."""
    step = 1
    while True:
        for factor in (1, 2, 5):
            if step * factor * GRID >= most:
                return step * factor * GRID
        step *= 10


def _grid(top: int, scale: float, width: int) -> list[Shape]:
    shapes: list[Shape] = []
    for number in range(GRID + 1):
        value = top * number // GRID
        y = HEIGHT - BOTTOM - value * scale
        shapes += [Line(LEFT, width - RIGHT, y), Label(LEFT - 6, y + 4, str(value), "end")]
    return shapes


def _legend(bars: Bars) -> list[Shape]:
    shapes: list[Shape] = []
    x = float(LEFT)
    for one in bars.series:
        shapes += [
            Rect(x, 8, LETTER, LETTER, one.colour),
            Label(x + LETTER + 5, 18, one.name, "start"),
        ]
        x += LETTER + 24 + len(one.name) * 7
    return shapes
