"""Thresholds: where they come from, their values, and the file that says so."""

from __future__ import annotations

import json
import math
from array import array
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from taco.gate.checks import CHECKS, Check, find_default
from taco.gate.options import ThresholdOptions
from taco.languages.table import ENGLISH, Language
from taco.records import Figures
from taco.store.files import write_atomically

SCHEMA = 1
"""Version of the form of thresholds.json."""

MAD_TO_SIGMA = 1.4826
"""Standard deviation of normal values / their median absolute deviation."""

STRAY_RATE = 0.05
"""Where the identifier does not know the target, English as its answer counts as wrong if this share of rows or fewer
get it; where more do, it is what texts of the target look like to it."""

DECIMALS = 6


class Threshold(BaseModel):
    """One threshold.

    Attributes:
        name, figure, side, reason: Of its check.
        value: Rows beyond it are wrong.
        found: recipe: the user said so. rows: a fence around this run's rows. limit: that fence would have been milder
            than the mildest. default: there were too few rows.
        rows: Training rows that have the figure.
        median, spread: Of these rows; of logarithms for a ratio; None without rows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    figure: str
    side: Literal["low", "high"]
    reason: str
    value: float
    found: Literal["recipe", "rows", "limit", "default"]
    rows: int
    median: float | None
    spread: float | None


class Thresholds(BaseModel):
    """All thresholds of a run.

    Attributes:
        language: Code of the target.
        identifier: Signature of the language identifier.
        least_rows: Fewer training rows than these have the defaults.
        english_rows: Share of the judged training rows that are identified as English.
        judges_english: Whether a row that is identified as English is wrong for that alone, see `STRAY_RATE`.
        checks: In the order in which the reason of a drop is looked for.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: int = SCHEMA
    language: str
    identifier: str
    least_rows: int
    english_rows: float
    judges_english: bool
    checks: tuple[Threshold, ...]

    def list_counters(self) -> dict[str, float | str]:
        """Return the thresholds for the manifest."""
        return {f"threshold_{one.name}": one.value for one in self.checks} | {
            f"threshold_{one.name}_from": one.found for one in self.checks
        }


class Sample:
    """The figures of training rows, as compact arrays."""

    def __init__(self) -> None:
        self.values = {name: array("d") for name in dict.fromkeys(check.figure for check in CHECKS)}
        self.judged = self.english = 0

    def add(self, figures: Figures) -> None:
        """Take in a row."""
        for name, values in self.values.items():
            value = getattr(figures, name)
            if value is not None:
                values.append(value)
        self.judged += figures.language != ""
        self.english += figures.language == ENGLISH.code


def find_thresholds(
    sample: Sample,
    *,
    target: Language,
    identifier: str,
    knows_target: bool,
    fixed: ThresholdOptions,
    checks: Sequence[Check],
    least_rows: int,
) -> Thresholds:
    """Find the thresholds of a run.

    Args:
        sample: The training rows.
        target: The target language.
        identifier: Signature of the language identifier.
        knows_target: Whether it knows the target.
        fixed: What the recipe says.
        checks: Those that are made.
        least_rows: Number of rows from which on fences are drawn.
    """
    english = sample.english / sample.judged if sample.judged else 0.0
    said = fixed.model_dump()
    return Thresholds(
        language=target.code,
        identifier=identifier,
        least_rows=least_rows,
        english_rows=round(english, DECIMALS),
        judges_english=not knows_target and english <= STRAY_RATE and any(c.name == "language_share" for c in checks),
        checks=tuple(
            find_threshold(check, sample.values[check.figure], said[check.name], target=target, least_rows=least_rows)
            for check in checks
        ),
    )


def find_threshold(
    check: Check, values: Sequence[float], fixed: float | None, *, target: Language, least_rows: int
) -> Threshold:
    """Find one threshold; see `taco.gate.checks` for the rule.

    >>> from taco.gate.checks import SHORT
    >>> from taco.languages.table import find_language
    >>> find_threshold(SHORT, [1.0] * 200, None, target=find_language("gl"), least_rows=100).value
    0.714286
    """
    median = spread = None
    if len(values):
        median, spread = _describe(np.asarray(values, dtype=np.float64), is_ratio=check.is_ratio)
    if fixed is not None:
        value, found = fixed, "recipe"
    elif median is None or spread is None or len(values) < least_rows:
        value, found = find_default(check, target), "default"
    else:
        value, found = _draw_fence(check, median, spread)
    return Threshold(
        name=check.name,
        figure=check.figure,
        side=check.side,
        reason=check.reason,
        value=round(value, DECIMALS),
        found=found,
        rows=len(values),
        median=None if median is None else round(median, DECIMALS),
        spread=None if spread is None else round(spread, DECIMALS),
    )


def write_thresholds(path: Path, thresholds: Thresholds) -> None:
    """Write thresholds.json, all or nothing."""
    write_atomically(path, [json.dumps(thresholds.model_dump(), indent=1).encode(), b"\n"])


def _describe(values: Any, *, is_ratio: bool) -> tuple[float, float]:
    """Return median and robust standard deviation; ratios of 0 have no logarithm and are taken as 0.001."""
    if is_ratio:
        values = np.log(np.maximum(values, 1e-3))
    median = float(np.median(values))
    return median, MAD_TO_SIGMA * float(np.median(np.abs(values - median)))


def _draw_fence(check: Check, median: float, spread: float) -> tuple[float, str]:
    width = max(check.spreads * spread, check.least_width)
    fence = median - width if check.side == "low" else median + width
    if check.is_ratio:
        fence = math.exp(fence)
    is_milder = fence < check.limit if check.side == "low" else fence > check.limit
    return (check.limit, "limit") if is_milder else (fence, "rows")
