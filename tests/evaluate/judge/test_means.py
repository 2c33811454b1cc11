"""Means and intervals of verdicts. The release's figures are those of reference/taco-method.md, recomputed there."""

from __future__ import annotations

import json
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgements import BOOTSTRAP, judged_all

from taco.evaluate.judge.differences import compare_systems
from taco.evaluate.judge.means import estimate_means, summarise_system
from taco.evaluate.judge.prompt import Scale
from taco.measure.bootstrap import Bootstrap
from taco.measure.macro import estimate_macro

VICUNA = {"coding": 7, "math": 3, **{f"other {n}": 10 for n in range(7)}}
"""How many questions of each category FastChat's Vicuna benchmark has."""


def test_micro_macro_and_percent_are_what_they_say() -> None:
    scores = [("coding", 2.0), ("coding", 4.0), ("math", 6.0), ("math", 8.0), ("math", 10.0), ("math", None)]
    found = summarise_system(judged_all(scores), scale=Scale(), bootstrap=BOOTSTRAP)
    assert (found.all.micro.value, found.all.macro.value) == (6.0, 5.5)
    assert (found.all.micro.n, found.all.micro.unscored, found.all.macro.unscored) == (5, 1, 1)
    assert (found.without["coding"].micro.value, found.without["math"].macro.value) == (8.0, 3.0)
    assert found.percent_as_published is not None and found.percent_as_published.value == 80.0
    assert found.percent_of_range.macro.value == pytest.approx(50.0)
    assert found.percent_of_range.micro.value == pytest.approx(100 * 5 / 9)
    assert found.reasons == {"no-rating": 1}


def test_no_interval_goes_beyond_the_scale() -> None:
    """Expanded percentiles of two ratings reach from below 1 to above 10."""
    found = summarise_system(judged_all([("a", 1.0), ("a", 10.0), ("b", 10.0)] * 2), scale=Scale(), bootstrap=BOOTSTRAP)
    for estimate in (found.all.macro, found.without["b"].macro):
        assert estimate.low is not None and estimate.high is not None
        assert 1.0 <= estimate.low <= estimate.high <= 10.0
    percent = found.percent_of_range.macro
    assert percent.low is not None and percent.high is not None and 0 <= percent.low <= percent.high <= 100
    loose = estimate_macro([("a", 1.0), ("a", 10.0)], BOOTSTRAP)
    assert loose.high is not None and loose.high > 10.0


def test_unscored_is_not_zero_and_no_score_at_all_is_none() -> None:
    found = summarise_system(judged_all([("a", None), ("a", None)]), scale=Scale(), bootstrap=BOOTSTRAP)
    assert (found.all.micro.value, found.all.macro.value, found.all.micro.n) == (None, None, 0)
    assert found.percent_of_range.micro.value is None


def test_another_scale_has_no_published_percent() -> None:
    found = summarise_system(judged_all([("a", 1.0), ("a", 5.0)]), scale=Scale(1, 5), bootstrap=BOOTSTRAP)
    assert found.percent_as_published is None
    assert found.percent_of_range.micro.value == 50.0


def test_a_category_of_one_answer_has_no_macro_interval() -> None:
    estimate = estimate_macro([("a", 1.0), ("b", 2.0), ("b", 5.0)], BOOTSTRAP)
    assert (estimate.value, estimate.low, estimate.method) == (2.25, None, "none")
    assert estimate_macro([("a", 2.0), ("a", 2.0)], BOOTSTRAP).method == "constant"


@given(st.lists(st.lists(st.floats(1, 10), min_size=2, max_size=6), min_size=1, max_size=4))
def test_the_macro_mean_weighs_categories_alike(groups: list[list[float]]) -> None:
    scored = [(str(index), value) for index, group in enumerate(groups) for value in group]
    found = estimate_macro([*scored, ("0", None), ("none", None)], BOOTSTRAP)
    assert found.value == pytest.approx(sum(sum(group) / len(group) for group in groups) / len(groups), abs=1e-5)
    assert (found.n, found.unscored) == (len(scored), 2)
    if found.low is not None and found.high is not None:
        assert found.low - 1e-5 <= found.value <= found.high + 1e-5


def test_intervals_of_both_means_cover_at_the_stated_rate() -> None:
    """1,000 draws of a benchmark of Vicuna's shape from known categories; ratings are whole numbers from 1 to 10.

    With a coverage of 95 % the count of hits has a standard deviation of 0.7 points; percentile intervals of means over
    80 rows are known to fall short by about a point.
    """
    generator = np.random.default_rng(11)
    bootstrap = Bootstrap(samples=400, confidence=0.95, seed=3)
    chances = {category: generator.dirichlet(np.full(10, 0.7)) for category in VICUNA}
    truth = {category: float(np.arange(1, 11) @ weights) for category, weights in chances.items()}
    macro_truth = float(np.mean(list(truth.values())))
    micro_truth = sum(truth[name] * count for name, count in VICUNA.items()) / 80
    hits = np.zeros(2)
    for _ in range(1000):
        drawn = [
            (name, float(rating))
            for name, count in VICUNA.items()
            for rating in generator.choice(np.arange(1, 11), size=count, p=chances[name])
        ]
        means = estimate_means(drawn, bootstrap)
        for place, (estimate, true) in enumerate(((means.micro, micro_truth), (means.macro, macro_truth))):
            assert estimate.low is not None and estimate.high is not None
            hits[place] += estimate.low <= true <= estimate.high
    assert 0.925 <= hits[1] / 1000 <= 0.975  # measured: see docs/judge.md
    assert 0.925 <= hits[0] / 1000 <= 1.0  # categories are fixed, rows over all of them are drawn: wider than need be


def test_a_difference_is_paired_by_question() -> None:
    first = judged_all([("a", 5.0), ("a", 6.0), ("b", 7.0), ("b", None), ("b", 3.0)])
    second = judged_all([("a", 6.0), ("a", 7.0), ("b", 8.0), ("b", 1.0), ("b", 4.0)], system="b")
    (found,) = compare_systems({"a": first, "b": second}, judge="j", bootstrap=BOOTSTRAP)
    assert (found.means.micro.value, found.means.macro.value, found.means.micro.n) == (1.0, 1.0, 4)
    # All 4 differences are alike: 2 of the 2**4 exchanges are as extreme, so p is about 1/8.
    assert found.p_micro == pytest.approx(0.125, abs=0.05)
    assert found.p_macro == pytest.approx(0.125, abs=0.05)


def test_equal_systems_have_no_difference_and_a_p_value_of_one() -> None:
    rows = judged_all([("a", 5.0), ("a", 6.0), ("b", 7.0)])
    (found,) = compare_systems({"a": rows, "b": rows}, judge="j", bootstrap=BOOTSTRAP)
    assert (found.means.micro.value, found.p_micro, found.p_macro) == (0.0, 1.0, 1.0)


def test_p_values_are_uniform_where_systems_are_alike() -> None:
    generator = np.random.default_rng(2)
    small = 0
    for _ in range(100):
        scores = generator.integers(1, 11, size=(2, 40)).astype(float)
        first, second = (judged_all([("a", float(score)) for score in side]) for side in scores)
        (found,) = compare_systems(
            {"a": first, "b": second}, judge="j", bootstrap=Bootstrap(samples=100, confidence=0.9, seed=1)
        )
        assert found.p_micro is not None
        small += found.p_micro <= 0.1
    assert small <= 19  # 10 expected, standard deviation 3


@pytest.mark.parametrize(("language", "percent", "overall"), [("nepali", 88, 8.24), ("persian", 84, 8.52)])
def test_the_released_ratings_give_the_published_figures(language: str, percent: int, overall: float) -> None:
    named = os.environ.get("TACO_SHARED_DATA")
    folders = [Path(named)] if named else [parent / "shared/data" for parent in Path(__file__).parents]
    path = next(
        (one for folder in folders if (one := folder / f"taco-release/{language}/judgements.json").is_file()), None
    )
    if path is None:
        pytest.skip("needs shared/data/taco-release; name the folder in TACO_SHARED_DATA")
    rows = json.loads(path.read_text(encoding="utf-8"))
    scores = [(row["category"], float(row["rating_in_number"])) for row in rows]
    found = summarise_system(judged_all(scores), scale=Scale(), bootstrap=BOOTSTRAP)
    assert found.percent_as_published is not None and found.percent_as_published.value is not None
    assert round(found.percent_as_published.value) == percent
    assert found.all.micro.value is not None and round(found.all.micro.value, 2) == overall
