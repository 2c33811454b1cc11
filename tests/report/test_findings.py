"""Sentences about numbers say what the numbers say."""

from collections.abc import Callable

import pytest
from made_run import MadeRun, make_answer

from taco.evaluate.scores import Scores
from taco.gate.round_trip import RoundTrip, Score
from taco.measure.bootstrap import Estimate
from taco.report.content import Finding
from taco.report.findings import state_findings, state_headline
from taco.report.scale import list_floors


def find(scores: Scores, topic: str) -> Finding:
    return next(finding for finding in state_findings(scores) if finding.topic == topic)


def read_scores(run: MadeRun) -> Scores:
    run.report()
    return run.content().scores


def change(scores: Scores, **values: float | None) -> Scores:
    """Return scores with other means of the tuned arm, without intervals."""
    tuned = scores.arms["tuned"]
    changed = {
        name: tuned.metrics[name].model_copy(update={"value": value, "low": None, "high": None, "method": "none"})
        for name, value in values.items()
    }
    arm = tuned.model_copy(update={"metrics": tuned.metrics | changed})
    return scores.model_copy(update={"arms": scores.arms | {"tuned": arm}})


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (5.0, "hardly any"),
        (19.9, "hardly any"),
        (20.0, "slight"),
        (35.0, "partial"),
        (50.0, "considerable"),
        (80.0, "close"),
    ],
)
def test_agreement_is_graded(make_run: Callable[..., MadeRun], value: float, words: str) -> None:
    scores = change(read_scores(make_run()), chrf_reply=value)
    assert f"{words} agreement" in find(scores, "Text").text
    assert f"{words} agreement with the machine-translated references" in state_headline(scores)


def test_replies_at_the_floor_are_called_so(make_run: Callable[..., MadeRun]) -> None:
    scores = read_scores(make_run())
    floor = list_floors(scores)[0][1]
    low = find(change(scores, chrf_reply=floor - 1), "Text")
    assert "cannot be told apart" in low.text
    assert low.tone == "bad"
    assert "cannot be told apart" not in find(change(scores, chrf_reply=floor + 1), "Text").text


@pytest.mark.parametrize(("rate", "words"), [(0.95, "has learnt"), (0.7, "has partly learnt"), (0.1, "has not learnt")])
def test_form_is_graded(make_run: Callable[..., MadeRun], rate: float, words: str) -> None:
    assert f"{words} the form" in state_headline(change(read_scores(make_run()), complete_chain=rate))


def test_language_that_cannot_be_identified_is_not_claimed(make_run: Callable[..., MadeRun]) -> None:
    scores = change(read_scores(make_run()), reply_in_target=None).model_copy(update={"knows_target": False})
    assert "cannot be told by machine" in state_headline(scores)
    assert "does not know Galician" in find(scores, "Language").text
    assert find(scores, "Language").tone == "note"


def test_limits_are_always_stated(make_run: Callable[..., MadeRun]) -> None:
    limits = find(read_scores(make_run()), "Limits")
    assert "No human and no judge has read these answers" in limits.text
    assert "With only 6 rows intervals are too narrow where" in limits.text


def test_faults_are_counted_by_answer(make_run: Callable[..., MadeRun]) -> None:
    faults = find(read_scores(make_run()), "Faults")
    assert faults.text.startswith("3 of 6 tuned answers show a fault")
    assert "1 loop" in faults.text


def test_no_fault_is_said_to_be_seen_by_machine_only(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.tuned = [make_answer(example, "tuned", example.completion, language=run.language) for example in run.examples]
    faults = find(read_scores(run), "Faults")
    assert "that a machine can see" in faults.text
    assert faults.tone == "good"


def test_a_difference_that_may_be_chance_is_called_so(make_run: Callable[..., MadeRun]) -> None:
    scores = read_scores(make_run())
    for low, high, is_chance in ((-1.0, 2.0, True), (0.5, 2.0, False), (-3.0, -1.0, False)):
        difference = scores.differences["chrf_reply"].model_copy(
            update={"low": low, "high": high, "method": "bootstrap"}
        )
        changed = scores.model_copy(update={"differences": scores.differences | {"chrf_reply": difference}})
        assert ("may be chance" in find(changed, "Text").text) == is_chance


def test_what_trivial_replies_score_stands_beside_the_scores(make_run: Callable[..., MadeRun]) -> None:
    scores = read_scores(make_run())
    text, english = find(scores, "Text").text, find(scores, "English").text
    assert f"the question itself reaches {scores.floors['question'].value:.1f}" in text
    assert f"the English question itself reaches {scores.floors['question_en'].value:.1f}" in english
    assert f"an English answer to another question reaches {scores.floors['other_row_en'].value:.1f}" in english
    older = scores.model_copy(update={"floors": {"other_row": scores.floors["other_row"]}})
    assert "the question itself" not in find(older, "Text").text
    assert "For scale" not in find(older, "English").text


@pytest.mark.parametrize(("value", "tone"), [(0.0, "good"), (0.2, "mixed"), (0.8, "bad")])
def test_copies_of_the_question_are_named(make_run: Callable[..., MadeRun], value: float, tone: str) -> None:
    copies = find(change(read_scores(make_run()), copied_question=value), "Copies")
    assert copies.text.startswith(f"{100 * value:.1f} % of the tuned replies are the question again")
    assert copies.tone == tone


def test_who_ended_the_answers_is_said(make_run: Callable[..., MadeRun]) -> None:
    scores = read_scores(make_run())
    finishes = scores.arms["tuned"].finishes
    assert finishes["stop"] < sum(finishes.values()) == 6
    ending = find(scores, "Ending").text
    assert ending.startswith(f"{100 * finishes['stop'] / 6:.1f} %")
    assert f"{finishes['loop']} in a loop" in ending


def test_the_references_way_back_is_the_ceiling_where_it_was_taken(make_run: Callable[..., MadeRun]) -> None:
    scores = read_scores(make_run())
    estimate = Estimate(value=61.25, low=60.0, high=62.0, n=9, method="bootstrap")
    score = Score(unit="chrF++", better="higher", signature="", estimate=estimate, untranslated=None)
    taken = RoundTrip(
        language="gl",
        sentences=9,
        pool=9,
        failed=0,
        seed=0,
        digest="",
        engines=(),
        back_engines=(),
        intervals="",
        scores={"chrf": score},
    )
    found = {finding.topic: finding for finding in state_findings(scores, round_trip=taken)}
    assert "translated back, reach 61.2 against the English" in found["Text"].text
    assert "translated back" not in find(scores, "Text").text
