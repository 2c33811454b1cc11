"""What the stages did with the rows, from the manifests."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from taco.publish.dataset.markdown import code, escape, table
from taco.store.manifest import Manifest

STAGES = ("source", "translate", "gate", "chain")

_OF_THE_RUN = re.compile(r"seconds|_s$|_sent$|_lost$|_paid$|_from_memory$|attempts|_usd$")
"""Counters that another run of the same recipe need not repeat; the card, which must, leaves them out."""


def render_counts(manifests: Mapping[str, Manifest]) -> str:
    """Return a table of rows in, kept and dropped by reason, for each language and stage.

    Args:
        manifests: Name of the language -> manifest of its run.
    """
    rows = []
    for language, manifest in manifests.items():
        for stage in STAGES:
            if entry := manifest.stages.get(stage):
                dropped = ", ".join(f"{escape(reason)} {count:,}" for reason, count in sorted(entry.dropped.items()))
                rows.append((language, stage, f"{entry.rows_in:,}", f"{entry.rows_kept:,}", dropped or "none"))
    return table(("language", "stage", "rows in", "kept", "dropped"), rows)


def render_gate(manifests: Mapping[str, Manifest]) -> str:
    """Return settings, thresholds and further figures of the quality gate; "" where no run has one."""
    rows = [
        (language, escape(name), code(str(value)))
        for language, manifest in manifests.items()
        if "gate" in manifest.stages
        for name, value in _list_gate(manifest)
    ]
    return table(("language", "setting or figure", "value"), rows) if rows else ""


def _list_gate(manifest: Manifest) -> Iterator[tuple[str, object]]:
    settings = manifest.recipe.get("gate")
    if isinstance(settings, dict):
        yield from (pair for pair in _flatten(settings) if pair[1] is not None)
    for name, value in sorted(manifest.stages["gate"].counters.items()):
        if not _OF_THE_RUN.search(name):
            yield name, value


def _flatten(settings: Mapping[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    for name, value in settings.items():
        if isinstance(value, dict):
            yield from _flatten(value, f"{prefix}{name}.")
        else:
            yield f"{prefix}{name}", value
