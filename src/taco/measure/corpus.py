"""chrF++, BLEU and TER of many texts against one human reference each, all by sacrebleu, from counts that add up.

chrF++ is character 1- to 6-grams and word 1- and 2-grams (Popović 2017); BLEU is word 1- to 4-grams with the brevity penalty
(Papineni et al. 2002, as fixed by Post 2018); TER is the edits, shifts of blocks included, for 100 words of the reference
(Snover et al. 2006). Words are what stands between spaces, so in scripts without spaces BLEU counts characters instead
(sacrebleu's tokenizer "char") and TER, which would call every other wording of a sentence one wrong word, is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from taco.languages.scripts import UNSPACED
from taco.measure.chrf import count_matches, score_counts, sign_chrf
from taco.measure.unit import Better, Unit

Counts = list[list[int]]
"""One list of counts for each text; a corpus-level score is a function of their sums."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CorpusMetric:
    """One measure of a whole corpus.

    Attributes:
        name: Key in results: "chrf", "bleu", "ter".
        unit: What it is called.
        better: Which way is better.
        count: (text, reference) pairs -> counts of each.
        score: Added-up counts -> the score.
        signature: sacrebleu's own, with name and version.
    """

    name: str
    unit: Unit
    better: Better
    count: Callable[[Sequence[tuple[str, str]]], Counts]
    score: Callable[[Sequence[int]], float]
    signature: str


def list_corpus_metrics(script: str) -> tuple[CorpusMetric, ...]:
    """Return the measures that mean something in a script (ISO 15924), in the order in which they are shown.

    >>> [metric.name for metric in list_corpus_metrics("Latn")], [metric.name for metric in list_corpus_metrics("Thai")]
    (['chrf', 'bleu', 'ter'], ['chrf', 'bleu'])
    """
    chrf = CorpusMetric(
        name="chrf", unit="chrF++", better="higher", count=count_matches, score=score_counts, signature=sign_chrf()
    )
    if script in UNSPACED:
        return chrf, _wrap("bleu", "BLEU", "higher", tokenizer="char")
    return chrf, _wrap("bleu", "BLEU", "higher", tokenizer="13a"), _wrap("ter", "TER", "lower")


def describe_omissions(script: str) -> str:
    """Say which measures are left out or changed in a script, and why; "" where none are.

    >>> describe_omissions("Latn")
    ''
    """
    if script not in UNSPACED:
        return ""
    return (
        f"The script {script} puts no space between words: BLEU is over characters (tokenizer char), TER is left out, and "
        "the word part of chrF++ sees whole clauses."
    )


def _wrap(name: str, unit: Unit, better: Better, *, tokenizer: str = "") -> CorpusMetric:
    metric = _load(unit, tokenizer)

    def count(pairs: Sequence[tuple[str, str]]) -> Counts:
        texts, references = [text for text, _ in pairs], [reference for _, reference in pairs]
        counts: Counts = metric._extract_corpus_statistics(texts, [references])
        return counts

    def score(counts: Sequence[int]) -> float:
        return float(metric._compute_score_from_stats(list(counts)).score)

    metric.corpus_score(["a"], [["a"]])  # the number of references in the signature is that of the last call
    signature = f"{unit}|{metric.get_signature()}"
    return CorpusMetric(name=name, unit=unit, better=better, count=count, score=score, signature=signature)


@cache
def _load(unit: Unit, tokenizer: str) -> Any:
    from sacrebleu.metrics import BLEU, TER

    # `force` silences a warning about texts that look tokenized; no score depends on it.
    return BLEU(tokenize=tokenizer, force=True) if unit == "BLEU" else TER()
