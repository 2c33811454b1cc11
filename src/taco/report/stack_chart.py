"""Stacked bars: what something is made of, one bar for each arm."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from taco.report.chart import WIDTH, Scale, draw, draw_line, list_ticks, write_text
from taco.report.markup import Html, element, join

TOP, ROW, BAR, AXIS = 6, 58, 26, 42
LETTER = 7.0
"""Estimated width of a letter of the labels inside bars."""

LABEL_LETTERS = 40
"""Letters of a bar's label that are shown, so that its note has room."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One piece of a bar.

    Attributes:
        label: What it is.
        value: Its length on the axis.
        text: The value as it is written.
        class_: Its colour.
    """

    label: str
    value: float
    text: str
    class_: str


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar, with a note behind its label."""

    label: str
    note: str
    pieces: tuple[Piece, ...]


def draw_stack(bars: Sequence[Bar], *, title: str, unit: str, axis: str, top: float | None = None) -> Html:
    """Draw a bar for each arm.

    Args:
        bars: The bars, from the top down.
        title: The figure's name.
        unit: What is written after the numbers of the axis.
        axis: What the axis shows.
        top: Where the axis ends; None for the longest bar.
    """
    longest = max((sum(piece.value for piece in bar.pieces) for bar in bars), default=0.0)
    scale = Scale(0.0, top or longest or 1.0, 2, WIDTH - 22)
    bottom = TOP + ROW * len(bars)
    ticks = [
        join(
            [
                draw_line(scale.place(value), TOP, scale.place(value), bottom, "grid"),
                write_text(
                    f"{value:g}{unit}",
                    scale.place(value),
                    bottom + 16,
                    "tick",
                    text_anchor="middle" if value else "start",
                ),
            ]
        )
        for value in list_ticks(scale.low, scale.high)
    ]
    drawn = [_draw_bar(bar, scale, TOP + ROW * index) for index, bar in enumerate(bars)]
    name = write_text(axis, (scale.start + scale.end) / 2, bottom + 34, "axis", text_anchor="middle")
    return draw(bottom + AXIS, *ticks, name, *drawn, title=title, text="; ".join(map(_describe_bar, bars)))


def _draw_bar(bar: Bar, scale: Scale, y: float) -> Html:
    short = bar.label if len(bar.label) <= LABEL_LETTERS else f"{bar.label[: LABEL_LETTERS - 1]}…"
    note = element("tspan", bar.note, dx=8, class_="tick")
    label = element("text", short, note, x=2, y=f"{y + 14:g}", class_="label")
    pieces, reached = [], 0.0
    for piece in bar.pieces:
        start, reached = scale.place(reached), reached + piece.value
        end = scale.place(reached)
        if end > start:
            pieces.append(_draw_piece(piece, start, end, y + 22))
    return element("g", label, *pieces)


def _draw_piece(piece: Piece, start: float, end: float, y: float) -> Html:
    width = end - start
    box = element(
        "rect",
        element("title", f"{piece.label}: {piece.text}"),
        x=f"{start:g}",
        y=f"{y:g}",
        width=f"{width:g}",
        height=BAR,
        class_=f"piece {piece.class_}",
    )
    if width < LETTER * (len(piece.text) + 1):
        return box
    text = write_text(
        piece.text, start + width / 2, y + BAR / 2 + 4.5, f"inside on-{piece.class_}", text_anchor="middle"
    )
    return join([box, text])


def _describe_bar(bar: Bar) -> str:
    return f"{bar.label} {bar.note}: {', '.join(f'{piece.label} {piece.text}' for piece in bar.pieces)}"
