"""Corpus scores and signatures are sacrebleu's own, whatever the script; intervals and p-values agree with its tests."""

import os
import random

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sacrebleu.metrics import BLEU, CHRF, TER
from sacrebleu.significance import PairedTest

from taco.evaluate.comparison import compare_totals, estimate_p_value
from taco.measure.bootstrap import Bootstrap
from taco.measure.corpus import CorpusMetric, describe_omissions, list_corpus_metrics

BOOTSTRAP = Bootstrap(samples=1000, confidence=0.95, seed=7)

texts = st.lists(
    st.tuples(st.text(max_size=40), st.text(min_size=1, max_size=40).filter(str.strip)), min_size=1, max_size=6
)


def make_corpus(*, noise: float, size: int = 60, seed: int = 3) -> tuple[list[str], list[str]]:
    """Return outputs and references: sentences of 12 words, of which a share is replaced."""
    words = [f"word{number}" for number in range(200)]
    chosen = random.Random(seed)
    references = [" ".join(chosen.choices(words, k=12)) + "." for _ in range(size)]
    replaced = random.Random(seed + round(1000 * noise))
    outputs = [
        " ".join(replaced.choice(words) if replaced.random() < noise else word for word in reference.split())
        for reference in references
    ]
    return outputs, references


def count(metric: CorpusMetric, outputs: list[str], references: list[str]) -> list[list[int]]:
    return metric.count(list(zip(outputs, references, strict=True)))


def score(metric: CorpusMetric, counts: list[list[int]]) -> float:
    return metric.score([round(sum(column)) for column in zip(*counts, strict=True)])


@given(texts)
def test_scores_are_sacrebleus(pairs: list[tuple[str, str]]) -> None:
    outputs, references = [text for text, _ in pairs], [reference for _, reference in pairs]
    own = {"chrf": CHRF(word_order=2), "bleu": BLEU(), "ter": TER()}
    for metric in list_corpus_metrics("Latn"):
        expected = own[metric.name].corpus_score(outputs, [references]).score
        assert score(metric, metric.count(pairs)) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("script", "tokenizer"), [("Latn", "13a"), ("Deva", "13a"), ("Thai", "char"), ("Hans", "char")]
)
def test_signatures_are_sacrebleus(script: str, tokenizer: str) -> None:
    outputs, references = make_corpus(noise=0.3, size=3)
    own = {"chrF2++": CHRF(word_order=2), "BLEU": BLEU(tokenize=tokenizer), "TER": TER()}
    for scorer in own.values():
        scorer.corpus_score(outputs, [references])
    signatures = {metric.signature for metric in list_corpus_metrics(script)}
    assert signatures <= {f"{name}|{scorer.get_signature()}" for name, scorer in own.items()}
    assert any(f"tok:{tokenizer}" in signature for signature in signatures)


def test_scripts_without_spaces_have_no_ter_and_say_so() -> None:
    assert [metric.name for metric in list_corpus_metrics("Khmr")] == ["chrf", "bleu"]
    assert "TER is left out" in describe_omissions("Khmr")
    chars = next(metric for metric in list_corpus_metrics("Thai") if metric.name == "bleu")
    pairs = [("ท้องฟ้าเป็นสีฟ้า", "ท้องฟ้าสีฟ้าสดใส")]
    expected = BLEU(tokenize="char").corpus_score([pairs[0][0]], [[pairs[0][1]]]).score
    assert score(chars, chars.count(pairs)) == pytest.approx(expected)
    assert expected > 10  # over words this would be near 0


def test_intervals_are_as_wide_as_sacrebleus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(os.environ, "SACREBLEU_SEED", "12345")
    outputs, references = make_corpus(noise=0.4)
    own = {"chrf": CHRF(word_order=2), "bleu": BLEU(), "ter": TER()}
    for metric in list_corpus_metrics("Latn"):
        theirs = own[metric.name].corpus_score(outputs, [references], n_bootstrap=1000)
        ours = BOOTSTRAP.estimate_total(count(metric, outputs, references), metric.score)
        assert ours.value == pytest.approx(theirs.score, abs=1e-6)
        assert ours.low is not None
        assert ours.high is not None
        # Both have an error of their own from 1000 draws: about a tenth of the width.
        assert (ours.high - ours.low) / 2 == pytest.approx(theirs._ci, rel=0.15)


def test_intervals_cover_the_score_of_the_whole_population() -> None:
    outputs, references = make_corpus(noise=0.4, size=600)
    chrf = list_corpus_metrics("Latn")[0]
    counts = count(chrf, outputs, references)
    truth = score(chrf, counts)
    drawn = np.random.default_rng(5)
    covered = 0
    for seed in range(100):
        sample = [counts[place] for place in drawn.integers(0, len(counts), size=50)]
        estimate = Bootstrap(samples=300, confidence=0.95, seed=seed).estimate_total(sample, chrf.score)
        assert estimate.low is not None
        assert estimate.high is not None
        covered += estimate.low <= truth <= estimate.high
    assert covered >= 87  # 95 less three standard errors of 100 trials, and the bias of small samples


def test_differences_are_paired() -> None:
    better, references = make_corpus(noise=0.30)
    worse, _ = make_corpus(noise=0.30)
    worse[0] = "nothing"  # the only difference between the two
    bleu = list_corpus_metrics("Latn")[1]
    first, second = count(bleu, worse, references), count(bleu, better, references)
    alone = BOOTSTRAP.estimate_total(second, bleu.score)
    paired = compare_totals(first, second, bleu.score, BOOTSTRAP)
    assert paired.value == pytest.approx(score(bleu, second) - score(bleu, first), abs=1e-6)
    assert paired.low is not None
    assert paired.high is not None
    assert alone.low is not None
    assert alone.high is not None
    assert paired.high - paired.low < (alone.high - alone.low) / 2


def test_p_value_agrees_with_sacrebleus_test() -> None:
    first, references = make_corpus(noise=0.40)
    second, _ = make_corpus(noise=0.36)
    bleu = list_corpus_metrics("Latn")[1]
    named = [("first", first), ("second", second)]
    _, theirs = PairedTest(
        named, {"BLEU": BLEU(references=[references])}, references=None, test_type="ar", n_samples=4000
    )()
    expected = theirs["BLEU"][1].p_value
    ours = estimate_p_value(
        count(bleu, first, references), count(bleu, second, references), bleu.score, samples=4000, seed=1
    )
    assert 0.02 < expected < 0.98  # a case that a wrong test would miss
    assert ours == pytest.approx(expected, abs=0.04)  # four standard errors of two estimates at p = 0.5


def test_equal_systems_have_p_1_and_different_ones_the_least_there_is() -> None:
    good, references = make_corpus(noise=0.1)
    bad, _ = make_corpus(noise=0.9)
    chrf = list_corpus_metrics("Latn")[0]
    counts = count(chrf, good, references)
    assert estimate_p_value(counts, counts, chrf.score, samples=200, seed=0) == 1
    other = count(chrf, bad, references)
    assert estimate_p_value(counts, other, chrf.score, samples=199, seed=0) == pytest.approx(1 / 200)


def test_p_values_under_the_null_are_not_too_often_small() -> None:
    # Two systems of the same quality: p < 0.1 in about a tenth of the trials.
    chrf = list_corpus_metrics("Latn")[0]
    small = 0
    for trial in range(40):
        first, references = make_corpus(noise=0.40, size=30, seed=trial)
        second, _ = make_corpus(noise=0.401, size=30, seed=trial)
        p_value = estimate_p_value(
            count(chrf, first, references), count(chrf, second, references), chrf.score, samples=99, seed=trial
        )
        assert p_value is not None
        small += p_value < 0.1
    assert small <= 10  # binomial(40, 0.1): more in 1 of 600


def test_one_row_has_no_p_value() -> None:
    assert estimate_p_value([[1, 2]], [[2, 2]], lambda counts: counts[0] / counts[1], samples=100, seed=0) is None
