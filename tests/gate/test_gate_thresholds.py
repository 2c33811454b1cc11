"""Where thresholds come from."""

import math
import statistics
from array import array

import pytest
from gate_rows import GALICIAN
from hypothesis import given
from hypothesis import strategies as st

from taco.gate.checks import CHECKS, COPY, LANGUAGE, LONG, SHORT
from taco.gate.options import GateOptions, ThresholdOptions
from taco.gate.thresholds import Sample, find_threshold, find_thresholds
from taco.gate.verdict import list_faults
from taco.languages.table import find_language
from taco.records import Figures


def find(check: object, values: list[float], fixed: float | None = None) -> object:
    return find_threshold(check, array("d", values), fixed, target=GALICIAN, least_rows=100)  # type: ignore[arg-type]


def make_figures(**values: object) -> Figures:
    good: dict[str, object] = {
        "id": "0", "language_share": 0.99, "language": "gl", "script_share": 1.0, "length_ratio": 1.05, "copy_rate": 0.05,
        "repetition": 0.0, "numbers_kept": 1.0, "entities_kept": None, "unknown_rate": 0.03,
    }  # fmt: skip
    return Figures(**(good | values))  # type: ignore[arg-type]


def test_a_fence_lies_six_robust_deviations_from_the_median() -> None:
    values = [0.1, 0.2, 0.3, 0.4, 0.5] * 40  # median 0.3, median absolute deviation 0.1
    threshold = find(COPY, values)
    assert threshold.value == pytest.approx(min(0.3 + 6 * 0.14826, COPY.limit))
    assert (threshold.found, threshold.median, threshold.spread) == ("limit", 0.3, 0.14826)
    tighter = find(COPY, [0.10, 0.12, 0.14, 0.16, 0.18] * 40)
    assert tighter.value == pytest.approx(0.14 + 0.4)  # six deviations of 0.02 are less than the least width
    assert tighter.found == "rows"


def test_ratios_are_compared_by_their_logarithms() -> None:
    values = [1.0] * 150
    assert find(SHORT, values).value == pytest.approx(1 / 1.4, abs=1e-6)
    assert find(LONG, values).value == pytest.approx(1.4)
    japanese = [0.4 * math.exp(0.01 * (n % 5 - 2)) for n in range(200)]
    assert find(SHORT, japanese).value == pytest.approx(0.4 / 1.4, rel=1e-4)


def test_few_rows_have_the_default_and_a_recipe_has_the_last_word() -> None:
    assert find(COPY, [0.0] * 99).found == "default"
    assert find(COPY, [0.0] * 99).value == COPY.default
    assert find(COPY, []).median is None
    fixed = find(COPY, [0.0] * 500, 0.25)
    assert (fixed.value, fixed.found) == (0.25, "recipe")


@given(st.lists(st.floats(0, 1), min_size=100, max_size=200), st.integers(0, 49))
def test_a_fence_stays_sane_when_almost_half_of_the_rows_are_wrong(values: list[float], share: int) -> None:
    good = [0.02 * value for value in values]
    wrong = [1.0] * (len(good) * share // 100)
    threshold = find(COPY, good + wrong)
    assert statistics.median(good) < threshold.value <= COPY.limit


def test_english_is_wrong_where_the_identifier_does_not_know_the_target_and_seldom_says_english() -> None:
    sample = Sample()
    for number in range(200):
        sample.add(make_figures(language_share=None, language="en" if number == 0 else "es"))
    found = find_thresholds(
        sample,
        target=find_language("ast"),
        identifier="",
        knows_target=False,
        fixed=ThresholdOptions(),
        checks=CHECKS,
        least_rows=100,
    )
    assert found.judges_english
    assert list_faults(make_figures(language_share=None, language="en"), found)[0][0] == "wrong-language"
    assert not list_faults(make_figures(language_share=None, language="es"), found)


def test_every_check_has_a_threshold_option_and_a_figure() -> None:
    assert {check.name for check in CHECKS} == set(ThresholdOptions.model_fields)
    assert {check.figure for check in CHECKS} <= set(Figures.__dataclass_fields__)
    assert GateOptions().checks == tuple(check.reason for check in CHECKS)
    assert LANGUAGE.reason == "wrong-language"


def test_an_unknown_check_is_refused_with_a_suggestion() -> None:
    with pytest.raises(ValueError, match="did you mean 'copied-english'"):
        GateOptions(checks=("copied-englsh",))
    with pytest.raises(ValueError, match=r"gate\.back_engine, which is not given"):
        GateOptions(back_options={"prefix": "x"})
