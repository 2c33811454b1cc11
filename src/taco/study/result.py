"""What a study leaves: NAME.json with every number, NAME.md with the tables, NAME.svg with the picture."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from pydantic import BaseModel

from taco.store.files import write_atomically
from taco.study.picture import Chart, compose_picture
from taco.study.table import NOTHING, Study, TextTable, render_markdown


def write_result(
    folder: Path, *, name: str, title: str, numbers: BaseModel, paragraphs: Iterable[str], charts: Sequence[Chart]
) -> list[Path]:
    """Write a study's three files, each whole or not at all, and return them.

    Args:
        folder: The study's folder.
        name: What the files are called.
        title: What the picture is called.
        numbers: Everything that was measured.
        paragraphs: Those of the page, see `list_study_paragraphs` and `list_paragraphs`.
        charts: The picture.

    Raises:
        StoreError: A file cannot be written.
    """
    texts = {
        "json": f"{numbers.model_dump_json(indent=1)}\n",
        "md": "\n\n".join(paragraphs) + "\n",
        "svg": compose_picture(charts, title=title),
    }
    for end, text in texts.items():
        write_atomically(folder / f"{name}.{end}", [text.encode()])
    return [folder / f"{name}.{end}" for end in texts]


def list_paragraphs(name: str, title: str, tables: Sequence[TextTable], notes: Sequence[str]) -> Iterator[str]:
    """Yield the paragraphs of the page of a study that trains nothing.

    Args:
        name: What its files are called.
        title: Heading of the page.
        tables: What is shown.
        notes: Sentences below the tables: how it was measured, and what it does not show.
    """
    yield f"# {title}"
    yield f"![{title}]({name}.svg)"
    for table in tables:
        yield f"**{table.title}**"
        yield table.to_markdown()
    yield "\n".join(f"- {note}" for note in notes)


def list_study_paragraphs(study: Study) -> Iterator[str]:
    """Yield the paragraphs of the page of a study of arms."""
    yield f"# {study.title}"
    if study.command:
        yield f"    {study.command}"
    if study.facts:
        yield render_markdown(["what", "value"], [[name, value] for name, value in study.facts.items()])
    for table in study.tables:
        yield f"## {table.title[:1].upper()}{table.title[1:]}"
        yield table.to_markdown()
        if table.note:
            yield table.note
    yield f"![{study.title}]({study.kind}.svg)"
    if study.runs:
        heads = list(dict.fromkeys(name for run in study.runs for name in run))
        yield "## Runs"
        yield render_markdown(heads, [[str(run.get(name, NOTHING)) for name in heads] for run in study.runs])
    for title, lines in (("Not there", study.open), ("What this does not show", study.limits)):
        if lines:
            yield f"## {title}"
            yield "\n".join(f"- {' '.join(line.split())}" for line in lines)
    if study.signatures:
        yield "## Signatures"
        yield render_markdown(["what", "made by"], [[name, value] for name, value in study.signatures.items()])
