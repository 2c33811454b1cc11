"""Whether lists, line breaks and code survive in the target section."""

from __future__ import annotations

import re

from taco.evaluate.case import Case
from taco.evaluate.metric import Family, Metric, Values

_LIST_ITEM = re.compile(r"^[ \t]*(?:[-*+•]|\w{1,2}[.)])[ \t]+\S", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(?:```|~~~)", re.MULTILINE)


def _describe(name: str, title: str, meaning: str) -> Metric:
    return Metric(
        name=name,
        title=title,
        unit="share",
        better="higher",
        reads="response",
        meaning=meaning,
        limits="Counts alone: the right number of wrong lines passes.",
        absent="zero",
    )


METRICS = (
    _describe(
        "lines_kept",
        "Lines kept",
        "Lines of the target section against those of the reference, at most 100 %, where it has several.",
    ),
    _describe(
        "list_items_kept",
        "List items kept",
        "List items of the target section against those of the reference, at most 100 %, where it has a list.",
    ),
    _describe(
        "code_fences_kept",
        "Code fences kept",
        "Code fences of the target section against those of the reference, at most 100 %, where it has any.",
    ),
    Metric(
        name="flattened",
        title="Layout lost in step 3",
        unit="rate",
        better="lower",
        reads="response",
        meaning="Target sections on a single line though the answer's own English section has several.",
        limits="Only answers that have both sections, and several lines in the English one, are counted.",
        absent="unscored",
        needs=("response_en",),
    ),
)


def measure(case: Case) -> Values:
    """Measure what is left of the reference's layout; None where the reference has nothing to keep."""
    text, reference = case.parsed.response, case.example.chain.response
    return {
        "lines_kept": _share_kept(count_lines(text), count_lines(reference), least=2),
        "list_items_kept": _share_kept(count_list_items(text), count_list_items(reference)),
        "code_fences_kept": _share_kept(count_fences(text), count_fences(reference)),
        "flattened": _is_flattened(text, case.parsed.response_en),
    }


def count_lines(text: str) -> int:
    """Count the lines that are not blank."""
    return sum(bool(line.strip()) for line in text.splitlines())


def count_list_items(text: str) -> int:
    """Count the lines that begin like a list item.

    >>> count_list_items("As cores:\\n- azul\\n2) verde\\n* branco")
    3
    """
    return len(_LIST_ITEM.findall(text))


def count_fences(text: str) -> int:
    """Count the lines that open or close a code fence."""
    return len(_FENCE.findall(text))


def _share_kept(found: int, expected: int, *, least: int = 1) -> float | None:
    return min(found, expected) / expected if expected >= least else None


def _is_flattened(text: str, text_en: str) -> float | None:
    if not text or count_lines(text_en) < 2:
        return None
    return float(count_lines(text) == 1)


STRUCTURE = Family(METRICS, measure)
