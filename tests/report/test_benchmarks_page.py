"""Both turns of a benchmark's questions stand on a run's page and on the page of several, with what judges said of each."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from made_run import MadeRun, build_run
from made_runs import HOSTILE
from page_reader import Page, check_harmless
from typer.testing import CliRunner

from taco.chain.formats import find_template
from taco.chain.template import make_chain
from taco.cli.app import app
from taco.evaluate.benchmark.contamination import Hit
from taco.evaluate.benchmark.learnt import FILE, Learnt, write_learnt
from taco.evaluate.benchmark.question import EARLIER_TURN
from taco.evaluate.judge.judgement import Judgement
from taco.languages.table import find_language
from taco.report.side_by_side.write import write_side_by_side
from taco.report.verdicts import digest_verdicts
from taco.store.jsonl import read_records


def write_chain(text: str) -> str:
    template = find_template("taco")
    return template.render(make_chain(dict.fromkeys(template.section_names, text)), find_language("gl"))


def answer(run: MadeRun, *, word: str = "Azul", name: str = "mt") -> Path:
    """Write answers to two questions of two turns, as `taco answer` leaves them; of one the second was not asked."""
    folder = run.folder / "benchmark" / name
    folder.mkdir(parents=True)
    questions = [
        {
            "question_id": 81,
            "category": "writing",
            "turns": ["Di unha cor.", f"Outra? {HOSTILE}"],
            "reference": ["Red"],
        },
        {"question_id": 82, "category": HOSTILE, "turns": ["2 + 2?", "E por 3?"]},
    ]
    (folder / "questions.jsonl").write_text("".join(json.dumps(row) + "\n" for row in questions))
    for arm in ("base", "tuned"):
        said = (f"{word} {arm}", f"{word} segundo {arm} {HOSTILE}")
        texts = [write_chain(text) for text in said] if arm == "tuned" else list(said)
        rows = [
            {"question_id": 81, "choices": [{"index": 0, "turns": texts}], "finish": ["stop"] * 2, "reasons": ["", ""]},
            {
                "question_id": 82,
                "choices": [{"index": 0, "turns": ["", ""]}],
                "finish": ["", ""],
                "reasons": ["prompt-too-long", EARLIER_TURN],
            },
        ]
        shared = {"answer_id": arm, "model_id": arm, "language": "gl", "template": "taco"}
        (folder / f"{arm}.jsonl").write_text("".join(json.dumps(row | shared) + "\n" for row in rows))
    return folder


def judge(folder: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TACO_CACHE", str(folder / "cache"))
    done = CliRunner().invoke(app, ["judge", str(folder), "--judge", "echo", "--quiet"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return done.stdout


def test_a_page_says_whether_the_training_rows_hold_the_benchmark(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    folder = answer(run)
    assert "was not looked at" in Page(run.report()).text
    hit = Hit(origin="translate/train.jsonl:3", question="82", how="exact", share=1.0, text=HOSTILE)
    before = digest_verdicts(run.folder)
    write_learnt(folder, Learnt(rows=9, hits=(hit, hit), overlap=0.7, similarity=0.5))
    assert digest_verdicts(run.folder) != before  # the page is made anew
    page = Page(run.report())
    check_harmless(page)
    assert "Of 9 training rows, 2 hold questions of this benchmark or their references: 1 of 2, 82." in page.text
    assert page.texts.count("in the training rows") == 1
    (folder / FILE).write_text("rubbish")
    assert "was not looked at" in Page(run.report()).text


def test_a_runs_page_shows_both_turns_and_their_verdicts(
    make_run: Callable[..., MadeRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    assert "benchmarks" not in [section.get("id") for section in Page(run.report()).find("section")]
    before = digest_verdicts(run.folder)
    folder = answer(run)
    answered = digest_verdicts(run.folder)
    assert answered.keys() - before.keys() == {f"benchmark/mt/{name}.jsonl" for name in ("questions", "base", "tuned")}
    assert "turn 2" in judge(folder, monkeypatch)
    assert digest_verdicts(run.folder).keys() > answered.keys()
    page = Page(run.report())
    check_harmless(page)
    assert page.find("a", href="#benchmarks")
    for text in (
        "Turn 1, question in Galician",
        "Turn 2, question in Galician",
        "Azul tuned",
        "Azul segundo base",
        "Red",
    ):
        assert text in page.text
    assert f"no answer: {EARLIER_TURN}" in page.text and "no answer: prompt-too-long" in page.text
    (found,) = run.content().benchmarks
    assert found.name == "mt" and found.judged is not None and not found.judged.faults
    scores = found.judged.scores["judge"].systems["tuned"]["echo"]
    assert scores.turns[2].micro.unscored == 1 and scores.reasons == {EARLIER_TURN: 1}
    judged = {
        (one.system, *one.place): one.score
        for one in read_records(folder / "judge" / "verdicts.jsonl", Judgement)
        if one.id == "81"
    }
    shown = {
        (arm, "81", turn.number): answer.verdicts[0].score
        for turn in found.conversations[0].turns
        for arm, answer in turn.answers.items()
    }
    assert shown == judged and len(set(judged.values())) > 1


def test_verdicts_on_other_answers_are_not_shown(
    make_run: Callable[..., MadeRun], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = make_run()
    folder = answer(run)
    judge(folder, monkeypatch)
    path = folder / "tuned.jsonl"
    path.write_text(path.read_text().replace("Azul", "Verde"))
    page = Page(run.report())
    assert "The verdicts are about other files than the run's tuned.jsonl" in page.text
    (found,) = run.content().benchmarks
    assert found.conversations[0].turns[0].answers["tuned"].verdicts == ()


def test_damaged_answers_do_not_cost_the_page(make_run: Callable[..., MadeRun]) -> None:
    run = make_run()
    (answer(run) / "tuned.jsonl").write_text('{"question_id": 81}\n')
    assert "Not shown:" in Page(run.report()).text
    (run.folder / "benchmark" / "half").mkdir()
    run.report()
    assert [found.name for found in run.content().benchmarks] == ["mt"]


def test_several_runs_show_the_same_question_once_turn_by_turn(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runs = [build_run(tmp_path / name) for name in ("one", "two")]
    for run, word in zip(runs, ("Azul", "Verde"), strict=True):
        run.report(run.folder.name)
        judge(answer(run, word=word), monkeypatch)
    found = write_side_by_side([run.folder for run in runs], tmp_path / "page.html")
    assert found is not None
    assert [(one.id, len(shared.runs)) for shared in found.benchmarks for one in shared.conversations[:1]] == [
        ("81", 2),
        ("82", 2),
    ]
    assert {(one.run, one.arm) for one in found.ratings} == {(run, arm) for run in (0, 1) for arm in ("base", "tuned")}
    page = Page((tmp_path / "page.html").read_text(encoding="utf-8"))
    check_harmless(page)
    assert page.find("a", href="#benchmarks") and "mean of turn 2" in page.text
    for text in ("Azul segundo tuned", "Verde segundo tuned"):
        assert text in page.text
    folders = [str(run.folder / "benchmark" / "mt") for run in runs]
    both = CliRunner().invoke(app, ["judge", *folders, "--judge", "echo", "--quiet", "--out", str(tmp_path / "judged")])
    assert both.exit_code == 0 and "one/tuned" in (tmp_path / "judged" / "verdicts.jsonl").read_text()
