"""chrF++ by sacrebleu: the F2 of character 1- to 6-grams and word 1- and 2-grams (Popović 2017, WMT)."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any


def score_text(text: str, reference: str) -> float | None:
    """Return the chrF++ of one text, from 0 to 100; None where there is no reference.

    >>> score_text("O ceo é azul.", "O ceo é azul."), score_text("", "O ceo é azul.")
    (100.0, 0.0)
    """
    if not reference:
        return None
    return float(_metric().sentence_score(text, [reference]).score)


def count_matches(pairs: Sequence[tuple[str, str]]) -> list[list[int]]:
    """Return, for each (text, reference), sacrebleu's counts of n-grams, which add up over rows."""
    texts, references = [text for text, _ in pairs], [reference for _, reference in pairs]
    counts: list[list[int]] = _metric()._extract_corpus_statistics(texts, [references])
    return counts


def score_counts(counts: Sequence[int]) -> float:
    """Return the corpus-level chrF++ of added-up counts, from 0 to 100."""
    return float(_metric()._compute_f_score(counts))


def sign_chrf() -> str:
    """Return sacrebleu's own signature."""
    scorer = _metric()
    scorer.sentence_score("a", ["a"])  # the number of references in the signature is that of the last call
    return f"chrF2++|{scorer.get_signature()}"


@cache
def _metric() -> Any:
    from sacrebleu.metrics import CHRF

    return CHRF(word_order=2)
