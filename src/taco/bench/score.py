"""From outputs and references to scores, shares and comparisons, each with its interval."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from taco.bench.pairs import Pair
from taco.bench.results import Comparison, Structure
from taco.bench.translate import Output, has_structure
from taco.evaluate.comparison import compare_totals, estimate_p_value
from taco.measure.bootstrap import Bootstrap, Estimate
from taco.measure.corpus import CorpusMetric, Counts
from taco.measure.unit import find_difference_scale, find_scale
from taco.progress import Task

CHUNK_TEXTS = 50
"""Texts measured at a time; TER takes milliseconds for each, and the bar should move."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """One engine's outputs with what scores are made of.

    Attributes:
        outputs: One for each text.
        counts: Measure -> counts of each text, which add up over texts.
    """

    outputs: Sequence[Output]
    counts: Mapping[str, Counts]


def measure_outputs(
    outputs: Sequence[Output], pairs: Sequence[Pair], metrics: Sequence[CorpusMetric], *, task: Task
) -> Measured:
    """Hold outputs against references, both in Unicode's composed form."""
    counts: dict[str, Counts] = {metric.name: [] for metric in metrics}
    texts = [
        (unicodedata.normalize("NFC", output.text), pair.reference) for output, pair in zip(outputs, pairs, strict=True)
    ]
    for start in range(0, len(texts), CHUNK_TEXTS):
        chunk = texts[start : start + CHUNK_TEXTS]
        for metric in metrics:
            counts[metric.name] += metric.count(chunk)
        task.advance(len(chunk))
    return Measured(outputs=outputs, counts=counts)


def score_measured(measured: Measured, metrics: Sequence[CorpusMetric], bootstrap: Bootstrap) -> dict[str, Estimate]:
    """Score all outputs of an engine together, by each measure."""
    return {
        metric.name: bootstrap.estimate_total(measured.counts[metric.name], metric.score, scale=find_scale(metric.unit))
        for metric in metrics
    }


def compare_engines(
    measured: Mapping[str, Measured], metrics: Sequence[CorpusMetric], bootstrap: Bootstrap
) -> list[Comparison]:
    """Compare each pair of engines, by each measure."""
    comparisons = []
    for (first, old), (second, new) in combinations(measured.items(), 2):
        for metric in metrics:
            sides = (old.counts[metric.name], new.counts[metric.name], metric.score)
            comparisons.append(
                Comparison(
                    first=first,
                    second=second,
                    measure=metric.name,
                    difference=compare_totals(*sides, bootstrap, scale=find_difference_scale(metric.unit)),
                    p_value=estimate_p_value(*sides, samples=bootstrap.samples, seed=bootstrap.seed),
                )
            )
    return comparisons


def measure_structure(outputs: Sequence[Output], pairs: Sequence[Pair], bootstrap: Bootstrap) -> Structure:
    """Count the texts whose structure survived, among those that have any."""
    kept = [output for output, pair in zip(outputs, pairs, strict=True) if has_structure(pair.source)]
    return Structure(
        texts=len(kept),
        raw=bootstrap.estimate_mean([float(not output.raw_fault) for output in kept], is_rate=True),
        repaired=bootstrap.estimate_mean([float(not output.fault) for output in kept], is_rate=True),
    )
