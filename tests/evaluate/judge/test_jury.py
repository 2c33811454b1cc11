"""Several judges, human scores, and the length of answers. Krippendorff's example is his own, and so is its alpha."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from judgements import BOOTSTRAP, judged, judged_all

from taco.errors import DataError, RecipeError
from taco.evaluate.judge.agreement import measure_rank_correlation
from taco.evaluate.judge.calibration import HumanScore, calibrate, read_human_scores
from taco.evaluate.judge.judgement import NO_ANSWER, Choice, Judgement, PairJudgement
from taco.evaluate.judge.jury import PANEL, make_panel, measure_agreement
from taco.evaluate.judge.length import control_length, control_win_rate
from taco.evaluate.judge.options import CalibrationOptions
from taco.evaluate.judge.panel import check_panel, make_panelist, read_panel
from taco.evaluate.judge.prompt import Scale
from taco.evaluate.judge.submission import Submission


@given(st.lists(st.tuples(st.integers(1, 10), st.integers(1, 10)), min_size=3, max_size=30))
def test_rank_correlation_is_that_of_the_ranks(pairs: list[tuple[int, int]]) -> None:
    first, second = ([float(pair[side]) for pair in pairs] for side in (0, 1))
    found = measure_rank_correlation(first, second)
    if found is None:
        assert len(set(first)) == 1 or len(set(second)) == 1
        return
    ranks = [[sum(b < a for b in side) + sum(b == a for b in side) / 2 for a in side] for side in (first, second)]
    assert found == pytest.approx(np.corrcoef(*ranks)[0, 1], abs=1e-6)


def test_a_panel_is_the_mean_of_all_its_judges_or_unscored() -> None:
    first = [judged("1", 8.0), judged("2", 5.0), judged("3", 1.0)]
    second = [judged("1", 6.0, judge="k"), judged("2", None, judge="k"), judged("3", 2.0, judge="k")]
    panel = make_panel({"j": first, "k": second})
    assert [(one.judge, one.score) for one in panel] == [(PANEL, 7.0), (PANEL, None), (PANEL, 1.5)]
    assert panel[1].reason == "judge-without-verdict"
    agreement = measure_agreement({"j": first, "k": second})
    assert (agreement.answers, agreement.spread, agreement.means) == (2, 1.5, {"j": 4.5, "k": 4.0})


def test_a_missing_answer_is_no_agreement() -> None:
    same = [
        [Judgement(id="1", system="a", category="", language="gl", judge=j, prompt="", score=1.0, reason=NO_ANSWER)]
        for j in "jk"
    ]
    panel = make_panel({"j": same[0], "k": same[1]})
    assert (panel[0].score, panel[0].reason) == (1.0, NO_ANSWER)
    assert measure_agreement({"j": same[0], "k": same[1]}).answers == 0


def test_a_jury_is_read_from_toml(tmp_path: Path) -> None:
    path = tmp_path / "jury.toml"
    path.write_text('[[judge]]\nname = "echo"\nlabel = "a"\n\n[[judge]]\nname = "echo"\nlabel = "b"\nsalt = "x"\n')
    assert [(one.label, one.options.salt) for one in read_panel(path)] == [("a", ""), ("b", "x")]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("judge = 1", "expected tables"),
        ("[[judge]]\nname = 'echo'\n[other]", "expected tables"),
        ("[[judge", "cannot be read as TOML"),
        ("[[judge]]\nname = 'nobody'", "There is no judge 'nobody'"),
        ("[[judge]]\nmodel = 'm'", "usd_per_million_input_tokens"),
        ("[[judge]]\nname = 'echo'\nkey = 's3cret'", "key: Extra inputs"),
        ("[[judge]]\nname = 'echo'\n[[judge]]\nname = 'echo'", "Two judges are called echo"),
    ],
)
def test_a_jury_that_cannot_be_used_is_refused(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "jury.toml"
    path.write_text(text)
    with pytest.raises(RecipeError, match=message) as caught:
        read_panel(path)
    assert "s3cret" not in str(caught.value)


def test_labels_are_unique() -> None:
    with pytest.raises(RecipeError):
        check_panel([make_panelist("echo", {}), make_panelist("echo", {})])


def make_humans(scores: list[float], language: str = "gl") -> list[HumanScore]:
    return [
        HumanScore(Submission(id=str(n), system="c", language=language, question="q", answer="a"), score)
        for n, score in enumerate(scores)
    ]


def hold(people: list[float], judge: list[float | None], **options: float) -> tuple[bool, tuple[str, ...]]:
    judgements = judged_all([("", score) for score in judge])
    settings = CalibrationOptions(**{"rows": 5, **options})
    found = calibrate(make_humans(people), judgements, options=settings, scale=Scale(), bootstrap=BOOTSTRAP)["gl"]
    return found.is_calibrated, found.faults


def test_a_judge_that_ranks_and_rates_as_people_do_is_calibrated() -> None:
    assert hold([1, 3, 5, 7, 9], [2, 3, 5, 8, 9]) == (True, ())


@pytest.mark.parametrize(
    ("judge", "fault"),
    [
        ([9, 7, 5, 3, 1], "rank correlation -1.00"),
        ([5, 5, 5, 5, 5], "rank correlation none"),
        ([3, 5, 7, 9, 10], "bias +1.80 points, at most 0.9"),
        ([1, 3, None, 7, 9], "4 answers with a human score and a verdict, 5 are needed"),
    ],
)
def test_a_judge_that_does_not_is_not_and_it_says_why(judge: list[float | None], fault: str) -> None:
    is_calibrated, faults = hold([1, 3, 5, 7, 9], judge)
    assert not is_calibrated and len(faults) == 1
    assert faults[0].startswith(fault)


def test_languages_are_calibrated_apart() -> None:
    people = make_humans([1, 5, 9]) + make_humans([1, 5, 9], "ne")
    judgements = judged_all([("", score) for score in (1.0, 5.0, 9.0, 9.0, 5.0, 1.0)])
    found = calibrate(people, judgements, options=CalibrationOptions(rows=3), scale=Scale(), bootstrap=BOOTSTRAP)
    assert {language: one.is_calibrated for language, one in found.items()} == {"gl": True, "ne": False}
    assert (found["gl"].alpha, found["gl"].correlation.value, found["ne"].correlation.value) == (1.0, 1.0, -1.0)


def test_human_scores_are_read_and_chains_are_cut_to_their_target_section(tmp_path: Path) -> None:
    path = tmp_path / "human.jsonl"
    rows = [
        {"question": "Ola?", "answer": "Response in English: Hi\nResponse in Galician: Ola!", "score": 7, "id": 1},
        {"question": "Ola?", "answer": "Namaste", "score": 2.5, "language": "Nepali", "id": "x"},
    ]
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = read_human_scores(path, language="gl", template="taco", scale=Scale())
    assert [(one.submission.id, one.submission.language, one.submission.answer, one.score) for one in found] == [
        ("1", "gl", "Ola!", 7.0),
        ("x", "ne", "Namaste", 2.5),
    ]


@pytest.mark.parametrize("row", [{"score": 11}, {"score": True}, {"score": "7"}, {"question": ""}, {"answer": 3}])
def test_human_scores_out_of_form_are_refused(tmp_path: Path, row: dict[str, object]) -> None:
    path = tmp_path / "human.jsonl"
    path.write_text(json.dumps({"question": "Ola?", "answer": "Ola!", "score": 7, **row}) + "\n")
    with pytest.raises(DataError, match=r"human\.jsonl:1"):
        read_human_scores(path, language="gl", template="taco", scale=Scale())


def test_scores_at_equal_length_give_back_a_known_slope() -> None:
    """Scores that are 5 + quality + 0.5 for each doubling of the length; system b is 1 better and four times as long."""
    generator = np.random.default_rng(4)
    rows: dict[str, list[Judgement]] = {"a": [], "b": []}
    for n in range(60):
        for system, factor, better in (("a", 1, 0.0), ("b", 4, 1.0)):
            length = int(factor * 100 * 2 ** generator.uniform(-1, 1))
            score = 5 + better + 0.5 * np.log2(length / 200)
            rows[system].append(judged(str(n), float(score), system=system, length=length))
    found = control_length(rows)
    assert found.slope == pytest.approx(0.5, abs=1e-6)
    assert found.slope_error == pytest.approx(0.0, abs=1e-6)
    assert found.systems["b"] - found.systems["a"] == pytest.approx(1.0, abs=1e-6)


def test_the_error_of_a_slope_is_what_repeated_fits_show() -> None:
    generator = np.random.default_rng(8)
    slopes, errors = [], []
    for _ in range(200):
        lengths = generator.integers(50, 800, size=(2, 30))
        scores = 5 + 0.5 * np.log2(lengths) + generator.normal(0, 1, size=lengths.shape)
        rows = {
            system: [judged(str(n), float(scores[side, n]), length=int(lengths[side, n])) for n in range(30)]
            for side, system in enumerate("ab")
        }
        found = control_length(rows)
        assert found.slope is not None and found.slope_error is not None
        slopes.append(found.slope)
        errors.append(found.slope_error)
    assert np.mean(slopes) == pytest.approx(0.5, abs=0.05)
    assert np.mean(errors) == pytest.approx(np.std(slopes), rel=0.15)


def test_the_error_of_a_slope_counts_questions_and_not_their_turns() -> None:
    """Both turns of a system's answers to a question are alike in length, and good or bad alike."""
    generator = np.random.default_rng(9)
    slopes, errors, apart = [], [], []
    for _ in range(80):
        shared = generator.normal(8, 1, size=(2, 20))
        luck = generator.normal(0, 1, size=(2, 20))
        lengths = np.stack([2 ** (shared + generator.normal(0, 0.2, size=shared.shape)) for _ in "12"]).astype(int)
        scores = 5 + 0.5 * np.log2(lengths) + luck + generator.normal(0, 0.3, size=lengths.shape)
        places = [(turn, n) for turn in (0, 1) for n in range(20)]
        both = [
            {
                system: [
                    judged(
                        name(turn, n), float(scores[turn, side, n]), length=int(lengths[turn, side, n]), turn=turn + 1
                    )
                    for turn, n in places
                ]
                for side, system in enumerate("ab")
            }
            for name in (lambda turn, n: str(n), lambda turn, n: f"{n}, {turn}")
        ]
        together, independent = map(control_length, both)
        assert together.slope is not None and together.slope_error is not None and independent.slope_error is not None
        assert (together.slope, together.systems) == (independent.slope, independent.systems)
        slopes.append(together.slope)
        errors.append(together.slope_error)
        apart.append(independent.slope_error)
    assert np.mean(errors) == pytest.approx(np.std(slopes), rel=0.2)
    assert np.mean(apart) < 0.85 * np.std(slopes)


def test_turns_of_a_single_question_have_a_slope_without_an_error() -> None:
    rows = {
        system: [judged("1", float(n + side), length=100 * (n + 1) ** (side + 1), turn=n + 1) for n in range(4)]
        for side, system in enumerate("ab")
    }
    found = control_length(rows)
    assert found.slope is not None and found.slope_error is None


def test_answers_that_are_all_alike_in_length_say_nothing_of_it() -> None:
    rows = {
        system: [judged(str(n), float(1 + n % 9), length=length + n % 3) for n in range(30)]
        for system, length in (("a", 100), ("b", 400))
    }
    assert control_length(rows).slope is None


def test_one_system_has_nothing_to_be_adjusted_to() -> None:
    found = control_length({"a": judged_all([("x", 5.0), ("x", 6.0)], length=10)})
    assert (found.slope, found.systems) == (None, {})


def compare(winner: Choice, first: int, second: int) -> PairJudgement:
    lengths = (first, second)
    names = {"id": "1", "category": "", "language": "gl", "first": "a", "second": "b", "judge": "j", "prompt": "p"}
    return PairJudgement(**names, winner=winner, lengths=lengths)


def test_a_win_rate_that_comes_from_length_alone_is_one_half_at_equal_length() -> None:
    """The longer answer wins three of four times; the second system is longer twice as often."""
    pairs = []
    sides: tuple[tuple[Choice, Choice, int, int, int], ...] = (
        ("second", "first", 100, 300, 40),
        ("first", "second", 300, 100, 20),
    )
    for longer, shorter, first, second, times in sides:
        pairs += [compare(longer if n % 4 else shorter, first, second) for n in range(times)]
    plain = sum(one.winner == "second" for one in pairs) / len(pairs)
    adjusted = control_win_rate(pairs)
    assert plain == pytest.approx(35 / 60)
    assert adjusted == pytest.approx(0.5, abs=0.01)


def test_a_win_rate_at_equal_length_stays_finite_where_length_decides_all() -> None:
    pairs = [compare("second", 100, 300)] * 20 + [compare("first", 300, 100)] * 20
    adjusted = control_win_rate(pairs)
    assert adjusted is not None and 0.4 < adjusted < 0.6
    assert control_win_rate([compare("tie", 0, 10)]) is None
