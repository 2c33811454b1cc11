"""The cost study: manifests and answers of finished runs, added up."""

import json
from pathlib import Path

import pytest
from tiny_run import make_run
from typer.testing import CliRunner

from taco.cli.app import app
from taco.errors import DataError
from taco.progress import SilentProgress
from taco.records import Answer
from taco.store.jsonl import read_records
from taco.store.manifest import read_manifest, write_manifest
from taco.study.cost.options import CostStudy
from taco.study.cost.run import find_runs, run_cost
from taco.study.cost.summary import CostResults, SystemCost


@pytest.fixture(scope="module")
def run(tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_run(tmp_path_factory.mktemp("cost"), tiny_base)


def cost(run: Path, folder: Path, **more: object) -> CostResults:
    study = CostStudy.model_validate({"name": "made", "runs": [str(run)], "bootstrap_samples": 100, **more})
    return run_cost(study, folder=folder, progress=SilentProgress())[0]


def find(results: CostResults, arm: str) -> SystemCost:
    return next(one for one in results.systems if one.arm == arm)


def test_tokens_and_times_are_those_of_the_run(run: Path, tmp_path: Path) -> None:
    results = cost(run, tmp_path)
    manifest = read_manifest(run / "manifest.json")
    answers = list(read_records(run / "generate" / "tuned.jsonl", Answer))
    tuned, base = find(results, "tuned"), find(results, "base")
    assert tuned.trained_tokens == manifest.stages["train"].counters["tokens"]
    assert tuned.supervised_tokens == manifest.stages["train"].counters["supervised_tokens"]
    assert tuned.tokens.value == pytest.approx(sum(one.tokens for one in answers) / len(answers), abs=1e-5)
    assert sum(one.value or 0 for one in tuned.sections.values()) == pytest.approx(tuned.tokens.value, abs=1e-4)
    assert tuned.stages["train"].seconds == manifest.stages["train"].seconds
    assert set(base.stages) == {"generate"}
    assert base.trained_tokens is None
    assert (tmp_path / "cost.svg").read_text(encoding="utf-8").startswith("<svg")


def test_energy_is_cores_times_watts_or_time_times_watts(run: Path, tmp_path: Path) -> None:
    train = read_manifest(run / "manifest.json").stages["train"]
    assert train.cpu_seconds is not None
    by_core = find(cost(run, tmp_path, watts_per_core=36), "tuned")
    assert by_core.stages["train"].energy_wh == pytest.approx(train.cpu_seconds / 100, abs=1e-3)
    by_machine = find(cost(run, tmp_path, watts=3600), "tuned")
    assert by_machine.stages["train"].energy_wh == pytest.approx(train.seconds, abs=1e-3)


def test_both_arms_share_the_time_of_the_answers(run: Path, tmp_path: Path) -> None:
    manifest = read_manifest(run / "manifest.json")
    generate = manifest.stages["generate"]
    generate.counters |= {"base_seconds": 1.0, "tuned_seconds": 3.0}
    generate.seconds, generate.cpu_seconds = 8.0, 4.0
    shared = tmp_path / "shared"
    shared.mkdir()
    (shared / "generate").symlink_to(run / "generate")
    write_manifest(shared / "manifest.json", manifest)
    results = cost(shared, tmp_path / "out")
    assert find(results, "base").stages["generate"].seconds == 2.0
    assert find(results, "tuned").stages["generate"].cpu_seconds == 3.0


def test_what_an_older_manifest_does_not_say_is_a_dash_and_not_zero(run: Path, tmp_path: Path) -> None:
    manifest = read_manifest(run / "manifest.json")
    for entry in manifest.stages.values():
        entry.cpu_seconds = entry.peak_mib = None
        entry.counters.pop("peak_rss_mb", None)
    manifest.stages["train"].attempts = 2
    old = tmp_path / "old"
    old.mkdir()
    (old / "generate").symlink_to(run / "generate")
    write_manifest(old / "manifest.json", manifest)
    tuned = find(cost(old, tmp_path / "out"), "tuned")
    assert tuned.stages["train"].energy_wh is None
    assert tuned.energy_wh_per_1000 is None
    page = (tmp_path / "out" / "cost.md").read_text(encoding="utf-8")
    assert page.count("| – |") >= 2
    assert "Stopped and gone on" in page


def test_stars_find_runs_and_the_base_stands_there_once(run: Path, tmp_path: Path) -> None:
    second = run.parent / "second"
    if not second.exists():
        second.symlink_to(run)
    assert [found.name for found in find_runs((str(run.parent / "*"), str(run)))] == ["second", "tiny"]
    study = CostStudy(name="made", runs=(str(run.parent / "*"),), bootstrap_samples=100)
    results, _ = run_cost(study, folder=tmp_path, progress=SilentProgress())
    assert [one.arm for one in results.systems] == ["base", "tuned", "tuned"]


def test_what_is_no_finished_run_is_refused(run: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is no run folder"):
        cost(tmp_path / "nowhere", tmp_path)
    (tmp_path / "empty").mkdir()
    (tmp_path / "empty" / "manifest.json").write_text("{}", encoding="utf-8")
    with pytest.raises(DataError, match="generate is not done"):
        cost(tmp_path / "empty", tmp_path)


def test_the_command_prints_the_table(run: Path, tmp_path: Path) -> None:
    path = tmp_path / "cost.toml"
    path.write_text(f'name = "made"\nruns = [{json.dumps(str(run))}]\n', encoding="utf-8")
    call = ["study", "cost", str(path), "--studies", str(tmp_path / "studies"), "--quiet"]
    shown = CliRunner().invoke(app, call)
    assert shown.exit_code == 0, shown.output
    assert "| tiny, tuned | taco |" in shown.output


def test_memory_since_the_process_began_is_marked_as_a_bound(run: Path, tmp_path: Path) -> None:
    manifest = read_manifest(run / "manifest.json")
    manifest.stages["train"].peak_mib = None
    manifest.stages["train"].counters["peak_rss_mb"] = 2**20
    old = tmp_path / "old"
    old.mkdir()
    (old / "generate").symlink_to(run / "generate")
    write_manifest(old / "manifest.json", manifest)
    assert not find(cost(run, tmp_path / "a"), "tuned").stages["train"].is_bound
    assert find(cost(old, tmp_path / "b"), "tuned").stages["train"].is_bound
    assert "≤ 1,000,000 MiB" in (tmp_path / "b" / "cost.md").read_text(encoding="utf-8")


def test_a_run_of_the_base_model_alone_is_always_shown(run: Path, tmp_path: Path) -> None:
    manifest = read_manifest(run / "manifest.json")
    manifest.name = "alone"
    alone = tmp_path / "alone"
    (alone / "generate").mkdir(parents=True)
    (alone / "generate" / "base.jsonl").symlink_to(run / "generate" / "base.jsonl")
    write_manifest(alone / "manifest.json", manifest)
    found = cost(run, tmp_path / "out", runs=[str(run), str(alone)])
    assert [(one.run, one.arm) for one in found.systems] == [("tiny", "base"), ("tiny", "tuned"), ("alone", "base")]
