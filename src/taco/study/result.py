"""What a study leaves: NAME.json with every number, NAME.md with the table, NAME.svg with the picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from taco.measure.bootstrap import Estimate
from taco.store.files import write_atomically
from taco.study.drawing import Chart, compose_picture
from taco.study.table import render_markdown

NOTHING = "–"


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its title, its columns, its lines; the first column is text, the others are numbers."""

    title: str
    columns: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def write_result(
    folder: Path,
    *,
    name: str,
    title: str,
    numbers: BaseModel,
    tables: Sequence[Table],
    notes: Sequence[str],
    charts: Sequence[Chart],
) -> list[Path]:
    """Write a study's three files, each whole or not at all, and return them.

    Args:
        folder: The study's folder.
        name: What the files are called.
        title: Heading of the page.
        numbers: Everything that was measured.
        tables: What is shown.
        notes: Sentences below the tables: how it was measured, and what it does not show.
        charts: The picture.
    """
    paths = [folder / f"{name}.{end}" for end in ("json", "md", "svg")]
    lines = [f"# {title}", "", f"![{title}]({name}.svg)", ""]
    for table in tables:
        lines += [*write_table(table), ""]
    lines += [f"- {note}" for note in notes]
    texts = (f"{numbers.model_dump_json(indent=1)}\n", "\n".join(lines) + "\n", compose_picture(charts, title=title))
    for path, text in zip(paths, texts, strict=True):
        write_atomically(path, [text.encode()])
    return paths


def write_table(table: Table) -> list[str]:
    r"""Write a table in Markdown, with its title; texts from files cannot break it.

    >>> write_table(Table("T", ("a", "n"), (("x|y", "1"),)))
    ['**T**', '', '| a | n |', '|---|---|', '| x\\|y | 1 |']
    """
    lines = [[_make_safe(cell) for cell in line] for line in table.lines]
    return [f"**{table.title}**", "", *render_markdown(table.columns, lines).split("\n")]


def write_estimate(estimate: Estimate | None, digits: int = 0, *, percent: bool = False) -> str:
    """Write a mean with its interval; a dash where there is none, for unmeasured is not zero.

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


def _make_safe(text: str) -> str:
    """Make a name from a file harmless in Markdown; bars and line ends are seen to by `render_markdown`."""
    return "".join(sign if sign.isprintable() else " " for sign in text).replace("<", "&lt;").replace("`", "'")
