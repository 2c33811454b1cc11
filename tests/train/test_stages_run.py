"""A curriculum on the tiny model: what each stage learns, what is recorded, and stopping anywhere in it."""

from __future__ import annotations

import dataclasses
import json
import shutil
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from train_rows import (
    StoppedError,
    Stopping,
    make_options,
    read_adapter,
    read_curve,
    read_steps,
    train,
    write_run,
)

from taco.errors import DataError
from taco.records import Drop, Figures, StageCount, TranslatedRow
from taco.store.files import digest_file
from taco.store.jsonl import read_records, write_records
from taco.train.batches import plan_batches
from taco.train.intake import Intake, Reader
from taco.train.log import read_evaluations
from taco.train.rows import digest_files

STAGES = [
    {"name": "english", "rows": ["english"], "steps": 4, "learning_rate": 1e-2},
    {"name": "chain", "epochs": 1, "replay": 0.2, "order": "length"},
]


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_run(tmp_path_factory.mktemp("run"))


@pytest.fixture(scope="module")
def undisturbed(tiny_base: Path, chain: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, StageCount]:
    out = tmp_path_factory.mktemp("undisturbed")
    return out, train(tiny_base, chain, out, make_options(stages=STAGES))


def make_figures(row: str, numbers_kept: float) -> Figures:
    return Figures(
        id=row,
        language_share=None,
        language="",
        script_share=1.0,
        length_ratio=1.0,
        copy_rate=0.0,
        repetition=0.0,
        numbers_kept=numbers_kept,
        entities_kept=None,
        unknown_rate=0.0,
    )


def read_order(out: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (out / "order.jsonl").read_text().splitlines()]


def test_each_stage_learns_its_rows_at_its_rate(undisturbed: tuple[Path, StageCount]) -> None:
    out, count = undisturbed
    steps = read_steps(out)
    assert [step.stage for step in steps] == ["english"] * 4 + ["chain"] * 5
    assert max(step.learning_rate for step in steps[:4]) == pytest.approx(1e-2)
    assert max(step.learning_rate for step in steps[4:]) == pytest.approx(5e-3)
    assert all(set(step.parts) == {"english"} for step in steps[:4])
    found = {name for step in steps[4:] for name in step.parts}
    assert found == {"instruction_en", "response_en", "response", "other", "english"}
    assert (count.rows_in, count.rows_kept) == (32, 32)
    assert count.is_balanced()


def test_the_order_is_recorded_with_its_digest(undisturbed: tuple[Path, StageCount]) -> None:
    out, count = undisturbed
    order = read_order(out)
    assert [line["step"] for line in order] == [step.step for step in read_steps(out)]
    assert digest_file(out / "order.jsonl") == count.counters["order"]
    card = (out / "adapter" / "README.md").read_text()
    assert str(count.counters["order"]) in card
    assert "english (4 steps), chain (5 steps)" in card
    learnt = Counter(name for line in order[4:] for name in line["rows"])
    assert {name: times for name, times in learnt.items() if ":" not in name} == {f"gl{n:02}": 1 for n in range(16)}
    assert sum(":english" in name for name in learnt) == 4  # 0.2 of 20


@pytest.mark.parametrize("after", [4, 5, 7])
def test_a_stop_in_any_stage_or_at_their_border_changes_nothing(
    undisturbed: tuple[Path, StageCount], tiny_base: Path, chain: Path, tmp_path: Path, after: int
) -> None:
    options = make_options(stages=STAGES, save_every_steps=4)  # the first stage ends at a checkpoint
    with pytest.raises(StoppedError):
        train(tiny_base, chain, tmp_path, options, progress=Stopping(after=after))
    progress = Stopping()
    train(tiny_base, chain, tmp_path, options, progress=progress)
    assert progress.started_at == [(after - 1) // 4 * 4]
    assert read_curve(tmp_path) == read_curve(undisturbed[0])
    assert digest_file(tmp_path / "order.jsonl") == digest_file(undisturbed[0] / "order.jsonl")
    weights = "adapter_model.safetensors"
    assert read_adapter(tmp_path)[weights] == read_adapter(undisturbed[0])[weights]


def test_one_stage_of_the_chains_is_a_training_without_stages(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    plain = make_options(epochs=1)
    train(tiny_base, chain, tmp_path / "plain", plain)
    train(tiny_base, chain, tmp_path / "staged", make_options(epochs=1, stages=[{"name": "all"}]))
    rates = [[step.learning_rate for step in read_steps(tmp_path / name)] for name in ("plain", "staged")]
    assert rates[0] == pytest.approx(rates[1])
    assert [step.epoch for step in read_steps(tmp_path / "plain")] == [
        step.epoch for step in read_steps(tmp_path / "staged")
    ]


def test_a_stage_may_use_another_template_and_other_runs(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    other = write_run(tmp_path / "other", rows=6, language="eo").parent
    stages = [
        {"name": "translation", "template": "translate-only", "steps": 2},
        {"name": "both", "rows": ["chain", str(other)], "temperature": 4},
    ]
    count = train(tiny_base, chain, tmp_path / "out", make_options(epochs=1, stages=stages))
    assert count.rows_in == 4 * 16 + 16 + 6  # four examples of a row
    learnt = Counter(name[:2] for line in read_order(tmp_path / "out")[2:] for name in line["rows"])
    assert learnt["gl"] + learnt["eo"] == 22
    assert learnt["eo"] > 6  # drawn more often than they are
    translated = [step.parts for step in read_steps(tmp_path / "out") if step.stage == "translation"]
    assert all(set(parts) <= {"instruction_en", "response_en", "response", "other"} for parts in translated)


def test_rows_that_a_template_cannot_hold_are_dropped(tiny_base: Path, tmp_path: Path) -> None:
    chain = write_run(tmp_path / "run", rows=8)
    rows = list(read_records(tmp_path / "run" / "translate" / "train.jsonl", TranslatedRow))
    rows[3] = dataclasses.replace(rows[3], instruction_en="One.\n                        Response in English: two")
    write_records(tmp_path / "run" / "translate" / "train.jsonl", rows)
    stages = [{"name": "paper", "template": "taco-paper"}]
    count = train(tiny_base, chain, tmp_path / "out", make_options(epochs=1, stages=stages))
    assert count.dropped == {"label-in-text": 1}
    assert [drop.id for drop in read_records(tmp_path / "out" / "dropped.jsonl", Drop)] == ["gl03"]
    assert count.is_balanced()


def test_the_gate_decides_the_order_by_quality(tiny_base: Path, tmp_path: Path) -> None:
    chain = write_run(tmp_path / "run", rows=8)
    figures = [make_figures(f"gl{index:02}", (index * 3 % 8) / 8) for index in range(8)]
    write_records(tmp_path / "run" / "gate" / "figures.jsonl", figures)
    train(tiny_base, chain, tmp_path / "out", make_options(epochs=1, stages=[{"name": "a", "order": "quality"}]))
    first, second = (set(line["rows"]) for line in read_order(tmp_path / "out"))
    kept = {figure.id: figure.numbers_kept for figure in figures}
    assert min(kept[name] for name in first) > max(kept[name] for name in second)


def test_each_language_has_the_quality_that_its_own_gate_measured(tiny_base: Path, tmp_path: Path) -> None:
    chain = write_run(tmp_path / "gl", rows=4, prefix="r")
    other = write_run(tmp_path / "eo", rows=4, heldout=0, language="eo", prefix="r", first=0).parent
    for run, best in ((chain.parent, 0), (other, 3)):
        figures = [make_figures(f"r{index:02}", 1.0 if index == best else index / 9) for index in range(4)]
        write_records(run / "gate" / "figures.jsonl", figures)
    stages = [{"name": "a", "rows": ["chain", str(other)], "order": "quality"}]
    intake = read_intake(tiny_base, chain, stages=stages)
    learnt = sorted(intake.learnt, key=lambda row: -row.quality)
    assert {row.id for row in learnt[:2]} == {"r00", "r03:eo"}
    assert len({row.id for row in learnt}) == 8  # whose rows they are is told


def test_another_run_does_not_teach_what_this_one_holds_out(tiny_base: Path, tmp_path: Path) -> None:
    chain = write_run(tmp_path / "gl", rows=6, heldout=2, prefix="r")  # holds out 6 and 7
    other = write_run(tmp_path / "eo", rows=8, language="eo", prefix="r", first=0).parent  # another split
    same = write_run(
        tmp_path / "pt", rows=8, language="pt", prefix="p", first=0
    ).parent  # the questions of other answers
    stages = [{"name": "a", "rows": ["chain", str(other), str(same)]}]
    count = train(tiny_base, chain, tmp_path / "out", make_options(epochs=1, stages=stages))
    assert count.dropped == {"held-out-here": 4}
    assert count.is_balanced()
    dropped = {drop.id for drop in read_records(tmp_path / "out" / "dropped.jsonl", Drop)}
    assert dropped == {"r06:eo", "r07:eo", "p06:pt", "p07:pt"}
    learnt = {name for line in read_order(tmp_path / "out") for name in line["rows"]}
    assert not learnt & dropped
    assert len(learnt) == 18
    options = make_options(stages=stages)
    before = digest_files(options, chain=chain, digest=digest_file)
    write_records(chain / "heldout.jsonl", [])
    assert digest_files(options, chain=chain, digest=digest_file) != before  # what is held out decides


def test_rows_of_a_missing_run_are_named(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="nowhere") as caught:
        train(tiny_base, chain, tmp_path, make_options(stages=[{"name": "a", "rows": ["chain", "runs/nowhere"]}]))
    assert "folders of runs" in caught.value.hint


def test_files_of_other_stages_decide_the_training(chain: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(chain.parent, tmp_path / "copy")) / "chain"
    assert digest_files(make_options(), chain=copy, digest=digest_file) == {}
    options = make_options(stages=STAGES)
    before = digest_files(options, chain=copy, digest=digest_file)
    assert list(before) == [str(copy.parent / "source" / "train.jsonl")]
    (copy.parent / "source" / "train.jsonl").write_text("")
    assert digest_files(options, chain=copy, digest=digest_file) != before


def read_intake(base: Path, chain: Path, **settings: object) -> Intake:
    from taco.model.base import Base
    from taco.model.load import load_tokenizer

    tokenizer = load_tokenizer(Base(name="", path=base, digest="", licence=""))
    reader = Reader(chain=chain, tokenizer=tokenizer, max_row_tokens=2048, shorten=False, seed=3, progress=Stopping())
    return reader.read_all(make_options(**settings))


def test_watched_rows_are_those_held_out_or_kept_back(tiny_base: Path, chain: Path) -> None:
    looked = read_intake(tiny_base, chain, evaluate_every_steps=2)
    assert [row.id for row in looked.watched] == [f"gl{n}" for n in range(16, 20)]
    assert [row.id for row in looked.english] == [f"gl{n}:english" for n in range(16, 20)]
    assert len(looked.learnt) == 16
    few = read_intake(tiny_base, chain, evaluate_every_steps=2, evaluate_rows=2)
    assert [len(few.watched), len(few.english)] == [2, 2]
    kept = read_intake(tiny_base, chain, evaluate_every_steps=2, patience=1, stages=STAGES)
    (back,) = {row.id for row in kept.watched}
    assert back in {f"gl{n:02}" for n in range(16)}
    assert all(back not in row.id for row in kept.learnt)  # not in English either
    assert (len(kept.learnt), kept.kept_back) == (30, 2)
    assert len(plan_batches(kept.learnt, epochs=1, effective_batch=30, micro_batch_tokens=99, seed=0)) == 1


def test_watched_rows_are_those_that_training_ends_with(tiny_base: Path, tmp_path: Path) -> None:
    chain = write_run(tmp_path / "gl", rows=20, prefix="r")
    other = write_run(tmp_path / "eo", rows=20, heldout=0, language="eo", prefix="r", first=0).parent
    stages = [
        {"name": "translation", "template": "question-translation"},
        {"name": "both", "rows": ["chain", str(other), "english"]},
    ]
    kept = read_intake(tiny_base, chain, evaluate_every_steps=2, patience=1, stages=stages)
    names = {row.id.partition(":")[0] for row in kept.watched}
    assert len(names) == 2  # one in ten of 20 questions
    assert {row.id for row in kept.watched} == names | {f"{name}:eo" for name in names}
    assert all(len(set(row.sections)) == 4 for row in kept.watched)  # whole chains, not the first stage's translations
    assert not names & {row.id.partition(":")[0] for row in kept.learnt}


def test_only_looks_of_the_last_stage_stop_a_training(tiny_base: Path, chain: Path, tmp_path: Path) -> None:
    stages = [
        {"name": "english", "rows": ["english"], "steps": 8, "learning_rate": 0.05},  # gets worse at chains
        {"name": "chain", "steps": 3, "learning_rate": 1e-5},
    ]
    settings = {"evaluate_every_steps": 1, "patience": 2, "warmup_ratio": 0.0, "stages": stages}
    count = train(tiny_base, chain, tmp_path, make_options(**settings))
    losses = {look.step: look.loss for look in read_evaluations(tmp_path / "evaluations.jsonl")}
    last = {step: loss for step, loss in losses.items() if step >= 8}
    assert min(losses.values()) < min(last.values())  # an earlier stage was better at chains, and is not kept
    assert len(last) >= 3
    assert count.counters["best_step"] == min(last, key=lambda step: last[step])


def test_rows_are_kept_back_only_where_others_are_left(tiny_base: Path, tmp_path: Path) -> None:
    settings = {"evaluate_every_steps": 1, "patience": 1}
    english = read_intake(tiny_base, write_run(tmp_path / "a"), stages=[{"name": "a", "rows": ["english"]}], **settings)
    assert len(english.watched) == 1
    assert len(english.learnt) == 15
    with pytest.raises(DataError, match="none of 'chain' is left"):
        read_intake(tiny_base, write_run(tmp_path / "b", rows=1), **settings)
