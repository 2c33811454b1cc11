"""The licence lineage in Markdown: whose texts, under what, through which engine, and what that adds up to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from taco.publish.dataset.entry import LanguageEntry
from taco.publish.dataset.licences import Combination, combine_licences, find_licence, find_source, find_terms
from taco.publish.dataset.markdown import code, escape, table
from taco.publish.dataset.rows import show_origin


def combine_entries(entries: Sequence[LanguageEntry]) -> Combination:
    """Say what the licences and engines of all languages add up to."""
    names = {name for entry in entries for name in entry.licences}
    return combine_licences(names, {engine for entry in entries for engine in entry.engines})


def render_lineage(entries: Sequence[LanguageEntry], *, sources: Sequence[str]) -> str:
    """Return the lineage: the statement, the warnings, and a table each of licences, sources and engines.

    Args:
        entries: The data set's languages.
        sources: `source.path` of each recipe.
    """
    combination = combine_entries(entries)
    rows = Counter[str]()
    for entry in entries:
        rows.update(entry.licences)
    parts = [f"**{escape(combination.statement)}**"]
    if combination.warnings:
        parts.append("\n".join(f"- Warning: {escape(warning)}" for warning in combination.warnings))
    licences = [[escape(name), f"{count:,}", *_describe_licence(name)] for name, count in sorted(rows.items())]
    parts.append(table(("licence of the English rows", "rows, all languages", "asks for", "text"), licences))
    parts.append(
        table(("source", "licence", "stated at", "note"), [_describe_source(path) for path in sorted(set(sources))])
    )
    engines = sorted({engine for entry in entries for engine in entry.engines})
    parts.append(table(("engine", "its terms", "where"), [_describe_engine(signature) for signature in engines]))
    parts.append(
        "The column `source_licence` of the parallel rows has the licence of each row. The tables repeat what sources and "
        "engines say of themselves; nobody has checked it for this data set, and it is no legal advice."
    )
    return "\n\n".join(parts)


def render_licence_file(entries: Sequence[LanguageEntry], *, sources: Sequence[str]) -> str:
    """Return LICENSE.md."""
    return f"# Licence of this data set\n\n{render_lineage(entries, sources=sources)}\n"


def _describe_licence(name: str) -> tuple[str, str]:
    licence = find_licence(name)
    if licence is None:
        return "not known to taco", ""
    return ", ".join(sorted(licence.asks)) or "nothing", f"<{licence.url}>"


def _describe_source(path: str) -> tuple[str, str, str, str]:
    source = find_source(path)
    if source is None:
        return code(show_origin(path)), "as in the rows", "the recipe, or nowhere", ""
    place = f"<{source.stated_at}>" if source.stated_at.startswith("https://") else escape(source.stated_at)
    return code(path), source.licence, place, escape(source.note)


def _describe_engine(signature: str) -> tuple[str, str, str]:
    terms = find_terms(signature)
    return code(signature), escape(terms.terms), f"<{terms.url}>" if terms.url else ""
