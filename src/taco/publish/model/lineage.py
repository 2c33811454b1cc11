"""The licences that a tuned model comes from: its base, its training rows, the engines that translated them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from taco.languages.table import Language
from taco.publish.dataset.licences import (
    NOT_STATED,
    Combination,
    combine_licences,
    find_licence,
    find_source,
    find_terms,
)
from taco.publish.dataset.markdown import code, escape, table
from taco.publish.dataset.options import DatasetOptions
from taco.publish.dataset.rows import read_rows, show_origin
from taco.publish.dataset.run_record import RunRecord


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where a model comes from.

    Attributes:
        base: Name of the base model.
        base_licence: As its card names it; "" where unknown.
        licences: Licence -> number of training rows under it.
        engines: Signatures of the engines that translated them.
        source: `source.path` of the recipe.
    """

    base: str
    base_licence: str
    licences: Counter[str]
    engines: frozenset[str]
    source: str

    @property
    def combination(self) -> Combination:
        """What all of it adds up to, on the strict side."""
        return combine_licences({self.base_licence or NOT_STATED, *self.licences}, self.engines)


def trace_lineage(
    root: Path, *, language: Language, source: str, options: DatasetOptions, base: str, base_licence: str
) -> Lineage:
    """Find the licences and engines of a run's training rows.

    Args:
        root: The run folder.
        language: Its target language.
        source: `source.path` of its recipe.
        options: The recipe's table [dataset], which may state the licence of its source.
        base: Name of the base model.
        base_licence: As its card names it; "" where unknown.

    Raises:
        DataError: The run's rows are missing or damaged.
    """
    licences, engines = Counter[str](), set[str]()
    run = RunRecord.from_folder(root, language=language)
    for split, row in read_rows(run, source_path=source, options=options):
        if split == "train":
            licences[row.licence] += 1
            engines.update(row.translated.engine.split(" + "))
    return Lineage(
        base=base, base_licence=base_licence, licences=licences, engines=frozenset(engines), source=show_origin(source)
    )


def render_lineage(lineage: Lineage) -> str:
    """Return the lineage in Markdown: what it adds up to, warnings, and a table of its parts."""
    combination = lineage.combination
    known = find_licence(combination.hub)
    parts = [
        f"**As far as its parts go the model is under {known.id}.**"
        if known
        else "**No one licence is known to cover all that the model was made of: each part keeps its own.**"
    ]
    if combination.warnings:
        parts.append("\n".join(f"- Warning: {escape(warning)}" for warning in combination.warnings))
    rows = [("base model", code(lineage.base), *_describe(lineage.base_licence or NOT_STATED))]
    for licence, count in sorted(lineage.licences.items()):
        rows.append((f"{count:,} training rows", code(lineage.source), *_describe(licence)))
    for signature in sorted(lineage.engines):
        terms = find_terms(signature)
        rows.append(("translation", code(signature), escape(terms.terms), f"<{terms.url}>" if terms.url else ""))
    parts.append(table(("part", "what", "licence or terms", "text"), rows))
    if (source := find_source(lineage.source)) and source.note:
        parts.append(escape(source.note))
    parts.append(
        "This repeats what base, sources and engines say of themselves; nobody has checked it for this model, and it is no "
        "legal advice."
    )
    return "\n\n".join(parts)


def _describe(name: str) -> tuple[str, str]:
    licence = find_licence(name)
    if licence is None:
        return escape(name), ""
    asks = ", ".join(sorted(licence.asks)) or "nothing"
    return f"{licence.id} (asks for: {asks})", f"<{licence.url}>"
