"""What a study found, as tables: estimates by line and column, in Markdown and as JSON."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import BaseModel, ConfigDict

from taco.measure.bootstrap import Estimate
from taco.measure.unit import Better, Unit
from taco.report.wording import write_interval, write_value

NOTHING = "–"
"""What is written for what was not measured, which is not zero."""

_ARROWS: dict[Better, str] = {"higher": " ↑", "lower": " ↓", "neither": ""}


class Column(BaseModel):
    """What a column holds: a measure.

    Attributes:
        name: Key in a line's cells.
        title: Its heading.
        unit: In what it is counted.
        better: Which way is better.
        is_difference: Whether its cells are differences, which are written with a sign.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    title: str
    unit: Unit
    better: Better = "neither"
    is_difference: bool = False


class Line(BaseModel):
    """One line of a table: what it is of, and its estimates. A measure without an entry was not taken."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    label: str
    cells: dict[str, Estimate]


class Table(BaseModel):
    """One table of a study.

    Attributes:
        title: What it shows.
        stub: Heading of the lines' labels.
        note: How to read it, in plain words.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str
    stub: str
    columns: tuple[Column, ...]
    lines: tuple[Line, ...]
    note: str = ""

    def to_markdown(self) -> str:
        """Write the table as Markdown.

        >>> column = Column(name="a", title="A", unit="tokens", better="lower")
        >>> cell = Estimate(value=3, low=1, high=5, n=9, method="bootstrap")
        >>> table = Table(title="T", stub="arm", columns=(column,), lines=(Line(label="x", cells={"a": cell}),))
        >>> print(table.to_markdown())
        | arm | A ↓ |
        |---|---|
        | x | 3 [1, 5] |
        """
        heads = [self.stub, *(f"{column.title}{_ARROWS[column.better]}" for column in self.columns)]
        rows = [
            [
                line.label,
                *(
                    write_cell(line.cells.get(one.name), one.unit, is_difference=one.is_difference)
                    for one in self.columns
                ),
            ]
            for line in self.lines
        ]
        return render_markdown(heads, rows)


@dataclass(frozen=True, slots=True)
class TextTable:
    r"""A table whose cells are written already; what is in them may come from files.

    Attributes:
        title: What it shows.
        columns: Headings.
        lines: Its cells, line by line.

    >>> print(TextTable("T", ("a", "n"), (("x|y", "1"),)).to_markdown())
    | a | n |
    |---|---|
    | x\|y | 1 |
    """

    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]

    def to_markdown(self) -> str:
        """Write the table as Markdown, which no text in it can break."""
        return render_markdown(self.columns, [[_make_safe(cell) for cell in line] for line in self.lines])


class Study(BaseModel):
    """What a study found; written as JSON.

    Attributes:
        name, kind: Name of the study, and which one it is.
        title: What was asked, in one line.
        facts: What is the same for all of it: base, language, budget, ...
        tables: What was found; the first one is the study's table.
        runs: For each run what it took: tokens, steps, seconds, ...
        open: What is not there, and why: an arm without its engine, a seed that was not reached.
        signatures: What made the numbers -> name, version and settings.
        limits: What the numbers do not show.
        command: The command that makes it again.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    kind: str
    title: str
    facts: dict[str, str] = {}
    tables: tuple[Table, ...]
    runs: tuple[dict[str, str | int | float], ...] = ()
    open: tuple[str, ...] = ()
    signatures: dict[str, str] = {}
    limits: tuple[str, ...] = ()
    command: str = ""


def write_cell(estimate: Estimate | None, unit: Unit, *, is_difference: bool = False) -> str:
    """Write an estimate with its unit and interval, or why it has none; a dash where there is no value."""
    value = write_value(estimate, unit, is_difference=is_difference)
    return f"{value} {write_interval(estimate, unit, is_difference=is_difference)}".strip()


def write_estimate(estimate: Estimate | None, digits: int = 0, *, percent: bool = False) -> str:
    """Write a number that has no unit of its own, and its interval; a dash where there is none, for unmeasured is not zero.

    >>> write_estimate(Estimate(value=0.5, low=0.25, high=0.75, n=9, method="bootstrap"), percent=True)
    '50 % [25, 75]'
    """
    if estimate is None or estimate.value is None:
        return NOTHING
    scale, suffix = (100, " %") if percent else (1, "")
    value = f"{scale * estimate.value:,.{digits}f}{suffix}"
    if estimate.low is None or estimate.high is None:
        return value
    return f"{value} [{scale * estimate.low:,.{digits}f}, {scale * estimate.high:,.{digits}f}]"


def render_markdown(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Write a table as Markdown; bars and line ends in cells are made harmless."""
    head, *lines = (f"| {' | '.join(map(_clean, cells))} |" for cells in (heads, *rows))
    return "\n".join([head, f"|{'---|' * len(heads)}", *lines])


def _clean(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _make_safe(text: str) -> str:
    """Make a name from a file harmless in Markdown; bars and line ends are seen to by `render_markdown`."""
    plain = "".join(sign if sign.isprintable() else " " for sign in text)
    return plain.replace("\\", "\\\\").replace("<", "&lt;").replace("`", "'")
