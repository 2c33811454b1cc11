"""Studies of a tiny model: every arm, one table, killed anywhere and gone on with."""

import json
from pathlib import Path

import pytest
from dying_progress import DyingProgress, Killed
from tiny_study import STUDY, make_study, write_files

from taco.records import Answer
from taco.store.jsonl import read_records
from taco.store.manifest import read_manifest
from taco.study.arms import ARMS
from taco.study.table import Study


def strip_times(study: Study) -> object:
    """Return what may not depend on kills and on the clock."""
    kept = study.model_dump(mode="json", exclude={"runs"})
    kept["runs"] = [
        {name: value for name, value in run.items() if "second" not in name and "per s" not in name}
        for run in study.runs
    ]
    return kept


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_every_arm_of_the_ablation_is_trained_with_equal_tokens_and_scored(tiny_base: Path, tmp_path: Path) -> None:
    path = write_files(tmp_path, tiny_base, study=STUDY.replace("[0, 1]", "[5]"))
    found = make_study(path, tmp_path, kind="ablation")
    assert [line.label for line in found.tables[0].lines] == list(ARMS)
    assert found.open == ()
    assert found.facts["questions"] == "3"
    trained = [run for run in found.runs if "tokens" in run]
    assert [run["run"] for run in trained] == [f"{name}-s5" for name, arm in ARMS.items() if arm.is_trained]
    assert {run["steps"] for run in trained} == {2}
    assert all(700 <= int(run["tokens"]) < 900 for run in trained)
    compared = {table.title: [line.label for line in table.lines] for table in found.tables[1:]}
    assert compared["against `shuffled`"] == ["staged"]
    assert compared["against `direct`"] == [name for name in ARMS if name != "direct"]
    cells = {line.label: line.cells for line in found.tables[0].lines}
    assert cells["direct"]["chrf_english"].value is None  # it writes no English: unscored, not zero
    assert cells["translate-test"]["chrf_english"].value is not None
    runs = tmp_path / "study" / "runs"
    for name in ARMS:
        run = runs / (f"{name}-s5" if ARMS[name].is_trained else name)
        assert (run / "train" / "adapter").is_dir() == ARMS[name].is_trained
        assert not list(run.glob("train/checkpoints/checkpoint-*"))
    assert not list(read_records(runs / "taco-s5" / "generate" / "base.jsonl", Answer))
    page = (tmp_path / "study" / "ablation.md").read_text()
    assert all(f"| {name} |" in page for name in ARMS)
    assert (tmp_path / "study" / "ablation.svg").read_text().startswith("<svg")
    assert Study.model_validate_json((tmp_path / "study" / "ablation.json").read_text()) == found


def test_a_finished_study_trains_and_answers_nothing_again(tiny_base: Path, tmp_path: Path) -> None:
    path = write_files(tmp_path, tiny_base)
    first = make_study(path, tmp_path)
    manifests = {one: one.read_bytes() for one in (tmp_path / "study").glob("runs/*/manifest.json")}
    progress = DyingProgress()
    assert make_study(path, tmp_path, progress=progress) == first
    assert not [line for line in progress.events if "started" in line or "Training" in line]
    for one, before in manifests.items():
        assert read_manifest(one).stages == type(read_manifest(one)).model_validate_json(before).stages


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_study_that_is_killed_anywhere_goes_on_to_the_same_table(tiny_base: Path, tmp_path: Path) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    study = STUDY.replace("[0, 1]", "[0]")
    path = write_files(whole, tiny_base, study=study)
    progress = DyingProgress()
    arms = ("translate-test", "staged")
    expected = make_study(path, whole, kind="ablation", arms=arms, progress=progress)
    cut = tmp_path / "cut"
    cut.mkdir()
    for place in range(0, len(progress.events), 4):
        with pytest.raises(Killed):
            make_study(path, cut, kind="ablation", arms=arms, progress=DyingProgress(place))
            raise Killed  # it had gone further already
    found = make_study(path, cut, kind="ablation", arms=arms)
    assert strip_times(found) == strip_times(expected)


def test_seeds_share_questions_and_differ_in_what_they_learn(tiny_base: Path, tmp_path: Path) -> None:
    make_study(write_files(tmp_path, tiny_base), tmp_path, arms=("direct", "base"))
    runs = [tmp_path / "study" / "runs" / f"direct-s{seed}" for seed in (0, 1)]
    held = [(run / "chain" / "heldout.jsonl").read_bytes() for run in runs]
    orders = [(run / "train" / "order.jsonl").read_bytes() for run in runs]
    assert held[0] == held[1]
    assert orders[0] != orders[1]


def test_an_arm_that_fails_is_named_and_the_others_go_on(tiny_base: Path, tmp_path: Path) -> None:
    path = write_files(tmp_path, tiny_base)
    engine = ("generate.relay.question_engine=shipped-memory",)  # it has no way into English
    found = make_study(path, tmp_path, kind="ablation", arms=("base", "translate-test"), settings=engine)
    assert [line.label for line in found.tables[0].lines] == ["base"]
    assert len(found.open) == 1
    assert found.open[0].startswith("translate-test: ")
    assert json.loads((tmp_path / "study" / "ablation.json").read_text())["open"] == list(found.open)
