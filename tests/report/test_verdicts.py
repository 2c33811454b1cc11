"""Verdicts of judges on a run's page: shown as they are, and only where they are about the run's own answers."""

import dataclasses
import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from made_run import MadeRun
from made_runs import HOSTILE, write_verdicts
from page_reader import Page, check_harmless

from taco.evaluate.judge.scores import read_judge_scores, write_judge_scores
from taco.languages.table import find_language
from taco.measure.bootstrap import Bootstrap
from taco.progress import SilentProgress
from taco.records import Answer
from taco.report.content import JudgeVerdict
from taco.report.run import run_report
from taco.report.verdicts import digest_verdicts, read_verdicts
from taco.store.jsonl import read_records, write_records

ROW = {"id": "a", "system": "tuned", "category": "", "language": "gl", "judge": "j", "prompt": "p", "score": 7}


def report_again(run: MadeRun) -> Page:
    """Make the page anew, nothing else."""
    run_report(run=run.folder, name="made-up", language=find_language("gl"), progress=SilentProgress())
    return Page((run.folder / "report.html").read_text(encoding="utf-8"))


def list_ids(page: Page) -> list[str | None]:
    return [section.get("id") for section in page.find("section")]


def test_a_run_that_was_never_judged_says_nothing_of_judges(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    page = Page(run.report())
    assert "judges" not in list_ids(page)
    assert not page.find("a", href="#judges")
    assert run.content().judged is None
    assert "No human and no judge has read these answers" in page.text


def test_verdicts_stand_on_the_page_with_intervals_reasons_and_caveats(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.report()
    write_verdicts(run.folder)
    page = report_again(run)
    assert "judges" in list_ids(page)
    assert page.find("a", href="#judges")
    found = read_judge_scores(run.folder / "judge" / "scores.json").systems["tuned"]["judge-a"].all.micro
    assert f"{found.value:.2f} [{found.low:.2f}, {found.high:.2f}], n = 5, 1 unscored" in page.text
    assert "1 (1 no-rating)" in page.text
    assert "The judge judge-a is not calibrated for Galician" in page.text
    assert "No human and no judge" not in page.text
    answers = {sample.id: sample.answers["tuned"].verdicts for sample in run.content().samples}
    scores = [answers[example.id][0].score for example in run.examples]
    assert scores == [None, 2.0, 3.0, 4.0, 5.0, 6.0]
    assert page.text.count("no rating (no-rating)") == 1
    assert page.text.count("Clear.") == 6


def test_no_interval_of_a_mean_rating_ends_beyond_the_judges_scale(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.report()
    write_verdicts(run.folder)
    few = {
        ("tuned", id_, 1): (JudgeVerdict(judge="judge-a", score=score),)
        for id_, score in {"a": 10.0, "b": 10.0, "c": 4.0}.items()
    }
    verdicts = dataclasses.replace(read_verdicts(run.folder), by_turn=few)
    found = verdicts.estimate_ratings(Bootstrap(samples=200, confidence=0.95, seed=1))["judge-a"]["tuned"]
    assert (found.value, found.low, found.high) == (8.0, 1.0, 10.0)


def test_hostile_verdicts_are_shown_and_never_obeyed(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.report()
    write_verdicts(run.folder, judge=HOSTILE, explanation=HOSTILE)
    path = run.folder / "judge" / "scores.json"
    scores = read_judge_scores(path)
    facts = scores.judges[HOSTILE].model_copy(update={"signature": HOSTILE, "prompts": HOSTILE})
    hostile = {"warnings": (HOSTILE,), "judges": {HOSTILE: facts}, "signatures": {HOSTILE: HOSTILE}}
    write_judge_scores(path, scores.model_copy(update=hostile))
    page = report_again(run)
    check_harmless(page)
    text = (run.folder / "report.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "<img" not in text
    assert page.text.count("document.title") >= 6 + 4


def test_verdicts_on_answers_that_are_no_more_are_not_shown(make_run: Callable[..., MadeRun]) -> None:
    """The paper's own files hold ratings that belong to another answer."""
    run = make_run()
    run.report()
    write_verdicts(run.folder)
    path = run.folder / "generate" / "tuned.jsonl"
    first, *others = read_records(path, Answer)
    write_records(path, [dataclasses.replace(first, seconds=9.0), *others])
    page = report_again(run)
    assert "The verdicts are about other files than the run's generate/tuned.jsonl" in page.text
    assert "Clear." not in page.text
    assert "No human and no judge has read these answers" in page.text


@pytest.mark.parametrize(
    ("content", "words"),
    [(None, "judging was not finished"), (b"{", "cannot be read"), (b"[" * 100_000, "cannot be read")],
)
def test_verdicts_without_sound_scores_are_not_shown(
    make_run: Callable[..., MadeRun], content: bytes | None, words: str
) -> None:
    run = make_run()
    run.report()
    write_verdicts(run.folder)
    path = run.folder / "judge" / "scores.json"
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    page = report_again(run)
    assert words in page.text
    assert "Clear." not in page.text


def test_lines_that_are_no_verdict_are_counted(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.report()
    write_verdicts(run.folder)
    lines = [json.dumps(ROW), "{", "[]", "1", json.dumps(ROW | {"score": "x"}), json.dumps(ROW | {"id": 3})]
    lines += ["[" * 100_000, "", json.dumps(ROW | {"score": None}), json.dumps(ROW | {"odd": 1})]
    (run.folder / "judge" / "verdicts.jsonl").write_bytes("\n".join(lines).encode() + b"\n\xff\xfe\n")
    rubric = run.folder / "judge-rubric"
    rubric.mkdir()
    shutil.copy(run.folder / "judge" / "scores.json", rubric)
    (rubric / "verdicts.jsonl").write_text(json.dumps(ROW | {"axes": {"fluency": 4}, "score": 4}))
    found = read_verdicts(run.folder)
    assert [(one.judge, one.score, one.axes) for one in found.by_answer["tuned", "a"]] == [
        ("j", 7, {}),
        ("j", None, {}),
        ("j, rubric", 4, {"fluency": 4}),
    ]
    assert found.unread == 8
    assert "8 lines of verdicts could not be read" in report_again(run).text


def test_another_run_that_was_judged_together_is_left_out(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    run.report()
    write_verdicts(run.folder)
    own = f"{run.folder.name}/tuned"
    lines = [ROW | {"system": own}, ROW | {"system": "elsewhere/tuned"}]
    (run.folder / "judge" / "verdicts.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    path = run.folder / "judge" / "scores.json"
    scores = read_judge_scores(path)
    systems = {own: scores.systems["tuned"], "elsewhere/tuned": scores.systems["tuned"]}
    write_judge_scores(path, scores.model_copy(update={"systems": systems}))
    found = read_verdicts(run.folder)
    assert len(found.by_answer["tuned", "a"]) == 1
    assert list(found.scores["judge"].systems) == ["tuned"]


def test_the_digest_of_verdicts_follows_them(make_run: Callable[..., MadeRun], tmp_path: Path) -> None:
    run = make_run()
    run.report()
    assert digest_verdicts(run.folder) == {}
    write_verdicts(run.folder)
    before = digest_verdicts(run.folder)
    assert set(before) == {"judge/scores.json", "judge/verdicts.jsonl"}
    write_verdicts(run.folder, explanation="Otherwise.")
    assert digest_verdicts(run.folder) != before
