"""Writing what a study found: KIND.md, KIND.json and KIND.svg in the study's folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from taco.store.files import write_atomically
from taco.study.table import Study, render_markdown


def write_study(folder: Path, study: Study, picture: str) -> Path:
    """Write a study's page in Markdown, its data and its picture; return the page.

    Args:
        folder: The study's folder.
        study: What was found.
        picture: Its picture as SVG.

    Raises:
        StoreError: A file cannot be written.
    """
    page = folder / f"{study.kind}.md"
    write_atomically(folder / f"{study.kind}.json", [study.model_dump_json(indent=1).encode(), b"\n"])
    write_atomically(folder / f"{study.kind}.svg", [picture.encode()])
    write_atomically(page, ["\n\n".join(list_paragraphs(study)).encode(), b"\n"])
    return page


def list_paragraphs(study: Study) -> Iterator[str]:
    """Yield the paragraphs of a study's page."""
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
        yield render_markdown(heads, [[str(run.get(name, "–")) for name in heads] for run in study.runs])
    for title, lines in (("Not there", study.open), ("What this does not show", study.limits)):
        if lines:
            yield f"## {title}"
            yield "\n".join(f"- {' '.join(line.split())}" for line in lines)
    if study.signatures:
        yield "## Signatures"
        yield render_markdown(["what", "made by"], [[name, value] for name, value in study.signatures.items()])
