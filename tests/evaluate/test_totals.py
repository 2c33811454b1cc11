"""Scores of all answers together are sacrebleu's own; p-values are those of all exchanges; intervals cover."""

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
from sacrebleu.metrics import BLEU, CHRF, TER

from taco.evaluate.case import Case
from taco.evaluate.comparison import compare_totals, estimate_p_value
from taco.evaluate.totals import choose_rows, compare_arms, count_totals, estimate_totals, list_totals
from taco.languages.table import Language, find_language
from taco.measure.bootstrap import Bootstrap

BOOTSTRAP = Bootstrap(samples=200, confidence=0.95, seed=7)
CHAIN = "Instruction in English:\n{}\n\nResponse in English:\n{}\n\nResponse in Galician:\n{}"
TEXTS = (
    ("Why is the sky so blue?", "The air scatters the blue light.", "O aire espalla a luz azul, así que é azul."),
    ("What is the sky?", "It is blue because of the air above us.", "O ceo semella azul durante todo o día."),
    ("Blue sky", "Red light passes through the air more than blue light.", "A luz vermella pasa."),
)


@pytest.fixture
def cases(make_case: Callable[..., Case]) -> list[Case]:
    return [make_case(CHAIN.format(*texts)) for texts in TEXTS]


def test_scores_are_sacrebleus(cases: list[Case], galician: Language) -> None:
    totals = list_totals(galician, identifier="none")
    found = estimate_totals(totals, count_totals(totals, cases, [{} for _ in cases]), BOOTSTRAP)
    own = {"chrf": CHRF(word_order=2), "bleu": BLEU(), "ter": TER()}
    for part, place in (("instruction_en", 0), ("response_en", 1), ("reply", 2)):
        outputs = [texts[place] for texts in TEXTS]
        references = [
            case.example.chain.response if part == "reply" else getattr(case.example.chain, part) for case in cases
        ]
        for name, scorer in own.items():
            expected = scorer.corpus_score(outputs, [references])
            assert found[f"{name}_{part}"].value == pytest.approx(expected.score, abs=1e-6)
            signature = next(total.metric.signature for total in totals if total.metric.name == f"{name}_{part}")
            assert str(scorer.get_signature()) in signature


def test_parts_that_no_reference_has_are_left_out(make_case: Callable[..., Case], galician: Language) -> None:
    case = make_case(CHAIN.format(*TEXTS[0]), example={"instruction_en": ""})
    totals = list_totals(galician, identifier="none")
    counts = count_totals(totals, [case, case], [{}, {}])
    names = set(estimate_totals(totals, counts, BOOTSTRAP))
    assert "bleu_instruction_en" not in names
    assert "bleu_reply" in names
    assert "lcpr" not in names
    differences, p_values = compare_arms(totals, counts, counts, BOOTSTRAP)
    assert differences.keys() == p_values.keys() == names
    assert differences["bleu_reply"].value == 0
    assert set(p_values.values()) == {1}


def test_a_script_without_spaces_has_bleu_over_characters_and_no_ter_but_english_parts_do() -> None:
    names = {total.metric.name: total.metric.signature for total in list_totals(find_language("th"), identifier="none")}
    assert "ter_reply" not in names
    assert "tok:char" in names["bleu_reply"]
    assert "tok:13a" in names["bleu_response_en"]
    assert "ter_response_en" in names


def test_ter_is_taken_of_the_question_alone_unless_asked_for(galician: Language) -> None:
    short = {total.metric.name for total in list_totals(galician, identifier="none", ter="question")}
    every = {total.metric.name for total in list_totals(galician, identifier="none", ter="all")}
    assert every - short == {"ter_reply", "ter_response_en"}
    assert "ter_instruction_en" in short


def test_rows_are_chosen_by_id() -> None:
    assert choose_rows({"a": [[1], [2], [3]]}, ["x", "y", "z"], {"z", "x"}) == {"a": [[1], [3]]}


def mean(counts: Sequence[int]) -> float:
    return counts[0] / counts[1] if counts[1] else 0.0


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_p_values_are_those_of_all_exchanges(seed: int) -> None:
    drawn = np.random.default_rng(seed)
    first = [[int(value), 1] for value in drawn.integers(0, 100, size=10)]
    second = [[int(value), 1] for value in drawn.integers(10, 120, size=10)]
    gaps = [new[0] - old[0] for old, new in zip(first, second, strict=True)]
    found = abs(sum(gaps))
    sums = [
        abs(sum(sign * gap for sign, gap in zip(signs, gaps, strict=True)))
        for signs in itertools.product((1, -1), repeat=10)
    ]
    exact = sum(one >= found for one in sums) / len(sums)
    estimated = estimate_p_value(first, second, mean, samples=4000, seed=seed)
    assert estimated is not None
    assert abs(estimated - exact) <= 4 * math.sqrt(exact * (1 - exact) / 4000) + 1 / 4001


def covered(estimate: object, truth: float) -> bool:
    return estimate.low is not None and estimate.low <= truth <= estimate.high  # type: ignore[attr-defined]


def test_intervals_of_totals_and_of_paired_differences_cover_at_the_stated_rate() -> None:
    # Rows have 5 to 40 words, of which the first system gets half right and the second 60 %, hard rows fewer.
    trials, rows, hits = 400, 120, np.zeros(2)
    for trial in range(trials):
        drawn = np.random.default_rng(1000 + trial)
        sizes, ease = drawn.integers(5, 41, size=rows), drawn.uniform(-0.2, 0.2, size=rows)
        sides = [
            [[int(right), int(size)] for right, size in zip(drawn.binomial(sizes, share + ease), sizes, strict=True)]
            for share in (0.5, 0.6)
        ]
        bootstrap = Bootstrap(samples=400, confidence=0.95, seed=trial)
        hits += [
            covered(bootstrap.estimate_total(sides[0], mean), 0.5),
            covered(compare_totals(*sides, mean, bootstrap), 0.1),
        ]
    # Three standard errors of the simulation, and one point for percentiles of 400 draws and 120 rows.
    error = 3 * math.sqrt(0.95 * 0.05 / trials)
    assert all(0.95 - 0.01 - error <= rate <= 0.95 + error for rate in hits / trials), hits / trials


@pytest.mark.parametrize("truth", [0.5, 0.8, 0.97])
def test_intervals_of_rates_cover_at_the_stated_rate(truth: float) -> None:
    trials, rows = 400, 80
    drawn = np.random.default_rng(11)
    hits = sum(
        covered(
            Bootstrap(samples=400, confidence=0.95, seed=trial).estimate_mean(
                drawn.binomial(1, truth, size=rows).tolist(), is_rate=True
            ),
            truth,
        )
        for trial in range(trials)
    )
    # Rates of 80 rows come in steps, so near 1 the interval covers more often than it says; less is what would mislead.
    assert hits / trials >= 0.95 - 3 * math.sqrt(0.95 * 0.05 / trials)
