"""The whole pipeline on a tiny model: up to date is not run again, cut anywhere it goes on, nothing lost or doubled."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from typer.testing import CliRunner

from taco.cli.app import app
from taco.errors import DataError, RecipeError, StoreError
from taco.evaluate.benchmark.conversation import Conversation
from taco.evaluate.scores import read_scores
from taco.pipeline import STAGES, plan_recipe, run_recipe
from taco.progress import SilentProgress
from taco.recipe.load import load_recipe
from taco.recipe.schema import Recipe
from taco.records import ARMS, Answer, StageCount, TranslatedRow
from taco.store.jsonl import read_records
from taco.store.manifest import Manifest
from taco.store.run_folder import RunFolder

RECIPE = """
name = "tiny"
language = "gl"
[source]
path = {rows}
heldout = 3
[translate]
engine = "echo"
[gate]
drop = "none"  # the engine says everything back, which is what the gate is there for
[model]
base = {base}
[train]
rank = 4
alpha = 8
epochs = 2
effective_batch = 4
save_every_steps = 1
[generate]
max_new_tokens = 8
[evaluate]
bootstrap_samples = 100
"""


class Killed(BaseException):
    """Stands for SIGKILL where a new process for each cut would be too slow."""


class CountingProgress(SilentProgress):
    """Counts what it is told, and dies at a chosen event."""

    def __init__(self, die_at: int | None = None) -> None:
        self.events: list[str] = []
        self._die_at = die_at

    def _note(self, event: str) -> None:
        if self._die_at == len(self.events):
            raise Killed(event)
        self.events.append(event)

    def say(self, line: str) -> None:
        self._note(line)

    @contextmanager
    def task(self, title: str, *, total: int | None, unit: str, done: int = 0) -> Iterator["CountingProgress"]:
        self._note(title)
        yield self

    def advance(self, amount: int = 1, *, note: str = "") -> None:
        self._note("advance")


@pytest.fixture
def recipe(tmp_path: Path, tiny_base: Path) -> Recipe:
    rows = tmp_path / "rows.json"
    written = [{"instruction": f"Say the number {n}.", "input": "", "output": f"It is {n}.\n- {n}"} for n in range(12)]
    rows.write_text(json.dumps(written))
    path = tmp_path / "tiny.toml"
    path.write_text(RECIPE.format(rows=json.dumps(str(rows)), base=json.dumps(str(tiny_base))))
    return load_recipe(path)


def run(recipe: Recipe, folder: Path, progress: SilentProgress | None = None, **options: str) -> Manifest:
    made = run_recipe(
        recipe, runs=folder / "runs", cache=folder / "cache", progress=progress or SilentProgress(), **options
    )
    return made.read_manifest()


def call(*arguments: str | Path) -> str:
    """Call a command of taco and return what it printed."""
    result = CliRunner().invoke(app, list(map(str, arguments)), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def read_conversations(out: Path, arm: str) -> list[Conversation]:
    return list(read_records(out / f"{arm}.jsonl", Conversation))


def read_results(folder: Path) -> dict[str, bytes]:
    """Return what must not depend on kills: rows, answers' texts, adapter weights."""
    root = folder / "runs" / "tiny"
    names = [path for stage in ("source", "translate", "gate", "chain") for path in (root / stage).glob("*.jsonl")]
    results = {str(path.relative_to(root)): path.read_bytes() for path in names}
    results["adapter"] = (root / "train" / "adapter" / "adapter_model.safetensors").read_bytes()
    for arm in ("base", "tuned"):
        lines = (root / "generate" / f"{arm}.jsonl").read_text().splitlines()
        results[arm] = json.dumps([(json.loads(line)["id"], json.loads(line)["text"]) for line in lines]).encode()
    return results


def test_every_row_is_accounted_for_and_a_second_run_does_nothing(recipe: Recipe, tmp_path: Path) -> None:
    manifest = run(recipe, tmp_path)
    for entry in manifest.stages.values():
        assert entry.status == "done"
        assert entry.rows_in == entry.rows_kept + sum(entry.dropped.values())
    assert list(manifest.stages) == [stage.name for stage in STAGES]
    assert manifest.stages["source"].rows_in == 12
    assert manifest.stages["generate"].rows_in in (3, 6)
    before = {path: path.stat().st_mtime_ns for path in (tmp_path / "runs").rglob("*.json*")}
    progress = CountingProgress()
    again = run(recipe, tmp_path, progress)
    assert progress.events == [f"{stage.name}: up to date" for stage in STAGES]
    assert again.stages == manifest.stages
    changed = {path.name for path, at in before.items() if path.exists() and path.stat().st_mtime_ns != at}
    assert not changed - {"digests.json"}  # digests of files that were too new to be trusted are noted again


def test_a_changed_option_makes_its_stage_and_the_later_ones_stale(recipe: Recipe, tmp_path: Path) -> None:
    run(recipe, tmp_path)
    changed = recipe.model_copy(update={"train": recipe.train.model_copy(update={"epochs": 1})})
    findings = plan_recipe(changed, runs=tmp_path / "runs", cache=tmp_path / "cache", progress=SilentProgress())
    stale = [found.stage for found in findings if not found.is_fresh]
    assert stale == ["train", "generate", "evaluate", "report"]


@pytest.mark.parametrize("mode", ["single", "rubric", "pair"])
def test_verdicts_given_after_the_run_make_its_report_anew_once(
    recipe: Recipe, tmp_path: Path, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TACO_CACHE", str(tmp_path / "cache"))
    run(recipe, tmp_path)
    folder = tmp_path / "runs" / "tiny"
    call("judge", folder, "--judge", "echo", "--mode", mode, "--quiet")
    findings = plan_recipe(recipe, runs=tmp_path / "runs", cache=tmp_path / "cache", progress=SilentProgress())
    assert [found.stage for found in findings if not found.is_fresh] == ["report"]
    assert "not calibrated for Galician" in " ".join(call("report", folder).split())
    assert json.loads(call("report", folder, "--json"))["judged"]["scores"]
    run(recipe, tmp_path)
    assert "The judge echo is not calibrated for Galician" in (folder / "report.html").read_text(encoding="utf-8")
    progress = CountingProgress()
    run(recipe, tmp_path, progress)
    assert progress.events == [f"{stage.name}: up to date" for stage in STAGES]


def test_a_run_answers_a_benchmark_as_it_answered_its_own_rows(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Asked what its held-out rows ask, both arms say the very same; second turns are asked behind their answers."""
    monkeypatch.setenv("TACO_CACHE", str(tmp_path / "cache"))
    ruled = recipe.model_copy(update={"chain": recipe.chain.model_copy(update={"length_rule": True})})
    run(ruled, tmp_path)
    folder, out, questions = tmp_path / "runs" / "tiny", tmp_path / "answers", tmp_path / "questions.jsonl"
    rows = list(read_records(folder / "gate" / "heldout.jsonl", TranslatedRow))
    questions.write_text(
        "".join(json.dumps({"id": row.id, "turns": [row.instruction, "More?"]}) + "\n" for row in rows)
    )
    said = call("answer", folder, "--benchmark", questions, "--out", out, "--quiet")
    assert "training rows holds" in " ".join(said.split()) or "training rows," in said
    for arm in ARMS:
        own = [(one.id, one.prompt, one.text) for one in read_records(folder / "generate" / f"{arm}.jsonl", Answer)]
        assert [(one.id, one.prompt, one.text) for one in read_records(out / "turn-1" / f"{arm}.jsonl", Answer)] == own
        said = [(one.choices[0].turns[0], len(one.choices[0].turns)) for one in read_conversations(out, arm)]
        assert said == [(text, 2) for _, _, text in own]
        # The tiny model says nothing that a reader could be shown, or something: then it is asked to go on.
        assert all(bool(one.finish[1]) != bool(one.reasons[1]) for one in read_conversations(out, arm))
    before = (out / "tuned.jsonl").read_bytes()
    call("answer", folder, "--benchmark", questions, "--out", out, "--quiet")
    assert (out / "tuned.jsonl").read_bytes() == before
    files = [out / f"{arm}.jsonl" for arm in ARMS]
    asked = ("--benchmark", questions, "--language", "gl", "--out", tmp_path / "judged", "--quiet")
    assert "turn 2" in call("judge", *files, "--judge", "echo", *asked)
    assert "turn 2" in call("judge", out, "--judge", "echo", "--quiet")
    verdicts = [(path / "verdicts.jsonl").read_bytes() for path in (tmp_path / "judged", out / "judge")]
    assert verdicts[0] == verdicts[1]
    questions.write_text(json.dumps({"id": rows[0].id, "turns": ["Another?"]}) + "\n")
    with pytest.raises(DataError, match="to other questions"):
        call("answer", folder, "--benchmark", questions, "--out", out, "--quiet")
    assert (out / "tuned.jsonl").read_bytes() == before


def test_step_3_is_translated_where_it_is_asked_for(recipe: Recipe, tmp_path: Path) -> None:
    run(recipe, tmp_path)
    asked = recipe.model_copy(update={"evaluate": recipe.evaluate.model_copy(update={"translate_step3": True})})
    findings = plan_recipe(asked, runs=tmp_path / "runs", cache=tmp_path / "cache", progress=SilentProgress())
    assert [found.stage for found in findings if not found.is_fresh] == ["evaluate", "report"]
    manifest = run(asked, tmp_path)
    folder = tmp_path / "runs" / "tiny" / "evaluate"
    assert "evaluate/step3.jsonl" in manifest.stages["evaluate"].outputs
    scores = read_scores(folder / "scores.json")
    assert scores.reference is not None
    assert (
        scores.reference.metrics["chrf_step3"].value == 100
    )  # the echo engine made the references' target sections too


def test_a_damaged_file_is_made_again(recipe: Recipe, tmp_path: Path) -> None:
    run(recipe, tmp_path)
    results = read_results(tmp_path)
    (tmp_path / "runs" / "tiny" / "train" / "adapter" / "adapter_model.safetensors").write_bytes(b"rubbish")
    (tmp_path / "runs" / "tiny" / "chain" / "heldout.jsonl").unlink()
    run(recipe, tmp_path)
    assert read_results(tmp_path) == results


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_cut_at_any_moment_the_same_call_gives_the_same_results(recipe: Recipe, tmp_path: Path) -> None:
    undisturbed = tmp_path / "undisturbed"
    counting = CountingProgress()
    expected_count = run(recipe, undisturbed, counting).stages["translate"].counters
    expected = read_results(undisturbed)
    for moment in range(0, len(counting.events), max(1, len(counting.events) // 12)):
        folder = tmp_path / f"cut-{moment}"
        with pytest.raises(Killed):
            run(recipe, folder, CountingProgress(die_at=moment))
        manifest = run(recipe, folder)
        assert read_results(folder) == expected, f"cut at {counting.events[moment]!r}"
        counters = manifest.stages["translate"].counters
        assert counters["segments"] == expected_count["segments"]


def test_until_and_again(recipe: Recipe, tmp_path: Path) -> None:
    assert list(run(recipe, tmp_path, until="chain").stages) == ["source", "translate", "gate", "chain"]
    progress = CountingProgress()
    run(recipe, tmp_path, progress, until="chain", again="translate")
    assert "source: up to date" in progress.events
    assert "translate: started" in progress.events
    assert "chain: up to date" in progress.events  # the same rows came out, so nothing after it is stale
    with pytest.raises(RecipeError, match="did you mean 'translate'"):
        run(recipe, tmp_path, until="translat")


def test_a_stage_that_loses_a_row_fails_the_run(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("taco.source.run.run_source", lambda *_, **__: StageCount(rows_in=3, rows_kept=2))
    with pytest.raises(StoreError, match="source lost rows: 3 in, 2 kept, 0 dropped"):
        run(recipe, tmp_path)


def test_a_full_disk_is_named_whatever_the_library_said(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> StageCount:
        raise RuntimeError("PytorchStreamWriter failed writing file")

    monkeypatch.setattr("taco.source.run.run_source", fail)
    with pytest.raises(RuntimeError):
        run(recipe, tmp_path)
    monkeypatch.setattr("taco.pipeline.run.DISK_RESERVE_BYTES", 2**70)
    with pytest.raises(StoreError, match=r"the disk of .* is full"):
        run(recipe, tmp_path)


def test_an_error_of_a_stage_keeps_what_was_done(recipe: Recipe, tmp_path: Path) -> None:
    run(recipe, tmp_path, until="translate")
    heldout = tmp_path / "runs" / "tiny" / "translate" / "train.jsonl"
    heldout.write_text("rubbish\n")
    manifest = RunFolder(tmp_path / "runs" / "tiny").read_manifest()
    manifest.stages["translate"].outputs = RunFolder(tmp_path / "runs" / "tiny").digest_outputs("translate")
    RunFolder(tmp_path / "runs" / "tiny").write_manifest(manifest)
    with pytest.raises(DataError, match=r"train\.jsonl:1 is no TranslatedRow"):
        run(recipe, tmp_path)
    assert RunFolder(tmp_path / "runs" / "tiny").read_manifest().stages["source"].status == "done"
