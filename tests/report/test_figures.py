"""Scales, series and markup behind the figures."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taco.evaluate.similarity import METRICS
from taco.measure.bootstrap import Estimate
from taco.report.chart import Scale, list_ticks
from taco.report.content import TrainStep
from taco.report.curve_chart import MOST_POINTS, average_stretches, draw_curve, smooth
from taco.report.interval_chart import Group, draw_intervals, find_top
from taco.report.markup import element, escape, join, trust
from taco.report.stack_chart import Bar, Piece, draw_stack
from taco.report.wording import write_interval, write_value


@given(st.floats(-1000, 1000), st.floats(0.01, 1000))
def test_ticks_are_inside_evenly_spaced_and_few(low: float, span: float) -> None:
    ticks = list_ticks(low, low + span)
    assert 1 <= len(ticks) <= 7
    assert all(low - 1e-6 * span - 1e-9 <= tick <= low + span + 1e-6 * span + 1e-9 for tick in ticks)
    steps = [after - before for before, after in itertools.pairwise(ticks)]
    assert all(step == pytest.approx(steps[0], rel=1e-3) for step in steps)


def test_steps_have_whole_ticks() -> None:
    assert list_ticks(1, 12, is_whole=True) == [5, 10]
    assert list_ticks(1, 3, is_whole=True) == [1, 2, 3]


@given(st.floats(-1e6, 1e6))
def test_places_stay_on_the_axis(value: float) -> None:
    assert 10 <= Scale(0, 100, 10, 200).place(value) <= 200


def test_a_scale_without_length_has_one_place() -> None:
    assert Scale(5, 5, 10, 200).place(5) == 10


def test_a_long_series_is_averaged_and_keeps_its_mean() -> None:
    series = [(float(number), float(number % 7)) for number in range(4000)]
    short = average_stretches(series)
    assert len(short) <= MOST_POINTS
    assert short[-1][0] == 3999
    assert sum(value for _, value in short) / len(short) == pytest.approx(3.0, abs=0.01)


def test_smoothing_keeps_a_constant_and_does_not_start_at_zero() -> None:
    assert [value for _, value in smooth([(1, 2.0), (2, 2.0), (3, 2.0)])] == pytest.approx([2.0, 2.0, 2.0])


def test_a_curve_says_its_ends_in_words() -> None:
    steps = [TrainStep(step=1, loss=3.5, epoch=0.5), TrainStep(step=2, loss=2.25, epoch=1.0)]
    drawn = draw_curve(steps).text
    assert "loss 3.50 at the first, 2.25 at the last, in nats a token" in drawn


def make_estimate(value: float | None, low: float | None = None, high: float | None = None) -> Estimate:
    return Estimate(value=value, low=low, high=high, n=4, method="bootstrap" if low is not None else "none")


def test_intervals_say_their_numbers_with_units() -> None:
    groups = [Group("coding", {"base": make_estimate(None), "tuned": make_estimate(23.4, 18.0, 30.0)})]
    drawn = draw_intervals(groups, METRICS[0], title="By category").text
    assert "coding: base nothing to score, tuned 23.4 chrF++ [18.0, 30.0], n = 4" in drawn
    assert find_top(groups, METRICS[0]) == 40
    assert find_top([Group("x", {"tuned": make_estimate(61.0, 50.0, 72.0)})], METRICS[0]) == 80


def test_long_labels_are_shortened_but_kept_in_full_as_a_title() -> None:
    drawn = draw_intervals([Group("x" * 40, {"tuned": make_estimate(1.0)})], METRICS[0], title="t").text
    assert f"<title>{'x' * 40}</title>" in drawn
    assert "xxxxxxxxxxxxxx…" in drawn


def test_bars_of_nothing_are_drawn() -> None:
    assert "<svg" in draw_stack([], title="t", unit="", axis="a").text
    assert (
        "<rect" not in draw_stack([Bar("b", "", (Piece("p", 0.0, "0", "hue-0"),))], title="t", unit="", axis="a").text
    )


@given(st.text())
def test_plain_text_never_becomes_markup(text: str) -> None:
    written = element("p", text, title=text).text
    assert written.count("<") == 2
    assert written.count(">") == 2
    assert written.count('"') == (2 if text or 'title=""' in written else 0)


def test_markup_of_our_own_is_not_escaped_twice() -> None:
    inner = element("b", "1 < 2")
    assert join([inner, None, "<"]).text == "<b>1 &lt; 2</b>&lt;"
    assert element("p", trust("<i>x</i>")).text == "<p><i>x</i></p>"
    assert escape("a\x00b\x1bc\td\n") == "a\ufffdb\ufffdc\td\n"


def test_numbers_are_written_with_true_minus_and_no_minus_zero() -> None:
    assert write_value(make_estimate(-0.01), "chrF++", is_difference=True) == "0.0"
    assert write_value(make_estimate(-0.125), "rate", is_difference=True) == "−12.5 points"
    assert write_value(None, "rate") == write_value(make_estimate(None), "rate") == "–"
    missing = Estimate(value=0.0, low=None, high=None, n=3, method="constant", missing=3)
    assert write_interval(missing, "chrF++") == "none there"


def test_a_curve_shows_the_sections_that_the_log_tells_apart() -> None:
    steps = [
        TrainStep(step=step, loss=2 - step / 10, response_en=1 - step / 10, response=3 - step / 10)
        for step in range(1, 6)
    ]
    drawn = draw_curve(steps).text
    assert drawn.count("loss-part") == 2
    assert "loss-part section-2" in drawn and "loss-part section-3" in drawn
    assert draw_curve([TrainStep(step=step, loss=1.0) for step in (1, 2)]).text.count("loss-part") == 0
