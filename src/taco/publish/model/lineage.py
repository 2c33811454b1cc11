"""The licences that a tuned model comes from: its base, its training rows, the engines that translated them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
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

_BASE_NOT_STATED = (
    "The licence of the base model is not stated: ask for it before you publish or use what was made of it."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lineage:
    """Where a model comes from.

    Attributes:
        base: Name of the base model: an id of the hub, or a folder's name after "./".
        base_licence: As its card names it; "" where unknown.
        rows: `source.path` of a recipe -> licence -> number of training rows under it.
        engines: Signatures of the engines that translated them.
    """

    base: str
    base_licence: str
    rows: Mapping[str, Counter[str]]
    engines: frozenset[str]

    @property
    def is_base_on_hub(self) -> bool:
        """Whether strangers find the base model by its name."""
        return not self.base.startswith("./")

    @property
    def combination(self) -> Combination:
        """What all of it adds up to, on the strict side."""
        names = {licence for licences in self.rows.values() for licence in licences}
        if self.base_licence:
            return combine_licences({self.base_licence, *names}, self.engines)
        found = combine_licences(names, self.engines)
        return replace(found, hub="unknown", warnings=(_BASE_NOT_STATED, *found.warnings), licence=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Learnt:
    """Rows that a model learnt.

    Attributes:
        root: The run folder that holds them.
        language: Their language.
        source: `source.path` of the run's recipe.
        options: The recipe's table [dataset], which may state the licence of its source.
    """

    root: Path
    language: Language
    source: str
    options: DatasetOptions


def trace_lineage(learnt: Iterable[Learnt], *, feedback: Mapping[str, int], base: str, base_licence: str) -> Lineage:
    """Find the licences and engines of the training rows.

    Args:
        learnt: The rows: of the run itself, and of the runs whose rows its training had besides.
        feedback: Folder of readers' feedback that it had besides -> its rows. Nobody states a licence of what readers write.
        base: Name of the base model.
        base_licence: As its card names it; "" where unknown.

    Raises:
        DataError: Rows are missing or damaged.
    """
    rows, engines = dict[str, Counter[str]](), set[str]()
    for one in learnt:
        licences = rows.setdefault(show_origin(one.source), Counter())
        run = RunRecord.from_folder(one.root, language=one.language)
        for split, row in read_rows(run, source_path=one.source, options=one.options):
            if split == "train":
                licences[row.licence] += 1
                engines.update(row.translated.engine.split(" + "))
    for folder, count in feedback.items():
        rows.setdefault(show_origin(folder), Counter())[NOT_STATED] += count
    return Lineage(base=base, base_licence=base_licence, rows=rows, engines=frozenset(engines))


def render_lineage(lineage: Lineage) -> str:
    """Return the lineage in Markdown: what it adds up to, warnings, and a table of its parts."""
    combination = lineage.combination
    covering = combination.licence
    parts = [
        f"**As far as its parts go the model is under {covering.id}.**"
        if covering
        else "**No one licence is known to cover all that the model was made of: each part keeps its own.**"
    ]
    if combination.warnings:
        parts.append("\n".join(f"- Warning: {escape(warning)}" for warning in combination.warnings))
    rows = [("base model", code(lineage.base), *_describe(lineage.base_licence or NOT_STATED))]
    for source, licences in sorted(lineage.rows.items()):
        for licence, count in sorted(licences.items()):
            rows.append((f"{count:,} training rows", code(source), *_describe(licence)))
    for signature in sorted(lineage.engines):
        terms = find_terms(signature)
        rows.append(("translation", code(signature), escape(terms.terms), f"<{terms.url}>" if terms.url else ""))
    parts.append(table(("part", "what", "licence or terms", "text"), rows))
    parts += [escape(known.note) for source in sorted(lineage.rows) if (known := find_source(source)) and known.note]
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
