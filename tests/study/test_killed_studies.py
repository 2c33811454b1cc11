"""Every kind of study, killed by SIGKILL wherever the disk changes: it goes on to the same result and does nothing twice."""

import json
import os
import random
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mortal_taco import Ended, Mother, open_mother
from tiny_study import write_files

from taco.errors import StoreError
from taco.store.manifest import read_manifest

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]

STUDY = """
name = "tiny"
recipe = "tiny.toml"
settings = ["model.threads=1", "generate.backend=transformers", "generate.options.batch_size=1", "generate.max_new_tokens=8"]
seeds = [0]
tokens = 700
batch_tokens = 350
"""
KINDS = {
    "compare": STUDY,
    "ablation": STUDY + 'arms = ["translate-test", "staged"]\n',
    "transfer": 'name = "tiny"\nrun = "{runs}/taco-s0"\nlanguages = ["es", "hr"]\n',
    "cost": 'name = "tiny"\nruns = ["{runs}/*"]\n',
    "tokens": 'name = "tiny"\ntexts = [{name = "chains", path = "{runs}/taco-s0"}]\n'
    'tokenizers = [{name = "its own", path = "{base}/tokenizer.json"}]\nbootstrap_samples = 100\n',
}
TIMED = re.compile("second|per_s|per s|peak|attempts|started_at|rss|^key$|^inputs$|^outputs$")
"""Keys of what may differ: times, the memory that a process took, and digests of files that hold them."""
ASIDE = {"checkpoints", "lock", "digests.json", "report.html"}
TWICE = re.compile(
    r"^rename .*/taco-checkpoint\.json$|^rmtree .*/runs/[^/]+/(source|translate|gate|chain|train|generate|evaluate)$"
)
"""Changes that say what was done: a step of a training is on the disk; what a stage had made is thrown away."""


@pytest.fixture(scope="module")
def mother() -> Iterator[Mother]:
    with open_mother() as opened:
        yield opened


@dataclass(frozen=True)
class Bench:
    """Where studies are made: all of them read the same rows, and the runs of one comparison that nobody disturbed."""

    mother: Mother
    home: Path
    base: Path

    @property
    def whole(self) -> Path:
        return self.home / "compare"

    def lay_out(self, folder: Path, kind: str) -> Path:
        """Make a folder with a study; return it."""
        folder.mkdir(parents=True)
        shutil.copy(self.home / "tiny.toml", folder)
        runs = self.whole / "studies" / "tiny" / "runs"
        text = KINDS[kind].replace("{runs}", str(runs)).replace("{base}", str(self.base))
        (folder / "study.toml").write_text(text)
        return folder

    def call(self, kind: str, folder: Path, **how: Any) -> Ended:
        return self.mother.call("study", kind, "study.toml", folder=folder, **how)

    def finish(self, kind: str, folder: Path) -> Ended:
        ended = self.call(kind, folder)
        assert ended.code == 0, ended.errors
        return ended

    def kill_until_done(self, kind: str, folder: Path, *, seed: int, changes: int, kills: int = 8) -> list[Ended]:
        """Give the command until a call ends by itself; the others are killed, each somewhat later, at a change.

        Args:
            kind: Kind of study.
            folder: Where it is.
            seed: Of the places.
            changes: How many changes the whole study is.
            kills: How many calls are killed, at most and about.
        """
        dice, calls = random.Random(seed), []
        while not calls or calls[-1].code == -9:
            most = max(1, changes * (len(calls) + 1) // kills)
            calls.append(self.call(kind, folder, at=dice.randrange(most)))
        assert calls[-1].code == 0, calls[-1].errors
        return calls


@pytest.fixture(scope="module")
def bench(mother: Mother, tiny_base: Path, tmp_path_factory: pytest.TempPathFactory) -> Bench:
    home = tmp_path_factory.mktemp("studies")
    write_files(home, tiny_base)
    made = Bench(mother, home, tiny_base)
    made.finish("compare", made.lay_out(made.whole, "compare"))
    return made


@pytest.fixture
def copy(bench: Bench, tmp_path: Path) -> Path:
    """Return a copy of the finished comparison."""
    return Path(shutil.copytree(bench.whole, tmp_path / "compare"))


def read_results(folder: Path) -> dict[str, Any]:
    """Return path -> content of all files of a folder's study, but for times and training's own checkpoints."""
    return {
        path.relative_to(folder).as_posix(): read_result(path)
        for path in sorted((folder / "studies").rglob("*"))
        if path.is_file() and not ASIDE & set(path.parts)
    }


def read_result(path: Path) -> Any:
    if path.suffix in (".json", ".jsonl"):
        lines = path.read_text().splitlines() if path.suffix == ".jsonl" else [path.read_text()]
        return [strip_times(json.loads(line)) for line in lines]
    return path.read_text().partition("## Runs")[0] if path.suffix == ".md" else path.read_bytes()


def strip_times(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: strip_times(inner) for key, inner in value.items() if not TIMED.search(key)}
    return [strip_times(inner) for inner in value] if isinstance(value, list) else value


def list_differing(one: Path, other: Path) -> list[str]:
    """Return the files of two folders' studies that differ, or that one of them alone has."""
    first, second = read_results(one), read_results(other)
    return sorted(name for name in first.keys() | second.keys() if first.get(name) != second.get(name))


def count_work(*calls: Ended) -> Counter[str]:
    """Count the trained steps and the stages that were thrown away, over all calls.

    Answers are only ever added to their file, so one that was asked for twice stands there twice, or its stage was thrown away.
    """
    return Counter(change for call in calls for change in call.changes if TWICE.search(change))


def count_brought(folder: Path) -> float:
    """Return the segments that the engine brought, by the ledger of the translation memory."""
    memory = sqlite3.connect(folder / "cache" / "memory.sqlite")
    (found,) = memory.execute("SELECT total(segments) FROM batch WHERE stored_at IS NOT NULL").fetchone()
    memory.close()
    return float(found)


@pytest.mark.parametrize(("kind", "seed"), [("compare", 1), ("ablation", 2), ("transfer", 3)])
def test_killed_again_and_again_it_is_the_undisturbed_study_and_did_nothing_twice(
    bench: Bench, tmp_path: Path, kind: str, seed: int
) -> None:
    whole, cut = (bench.lay_out(tmp_path / name, kind) for name in ("whole", "cut"))
    undisturbed = bench.finish(kind, whole)
    calls = bench.kill_until_done(kind, cut, seed=seed, changes=len(undisturbed.changes))
    assert len(calls) > 3
    assert list_differing(cut, whole) == []
    assert count_work(*calls) == count_work(undisturbed)
    assert count_brought(cut) == count_brought(whole)


@pytest.mark.parametrize("kind", ["tokens", "cost"])
def test_a_study_that_only_reads_is_whole_or_as_before_wherever_it_is_killed(
    bench: Bench, tmp_path: Path, kind: str
) -> None:
    whole, cut = (bench.lay_out(tmp_path / name, kind) for name in ("whole", "cut"))
    undisturbed = bench.finish(kind, whole)
    calls = [bench.call(kind, cut, at=at) for at in range(0, len(undisturbed.changes), 2)]
    assert sum(call.code == -9 for call in calls) > 3
    assert count_work(bench.finish(kind, cut)) == Counter()
    assert list_differing(cut, whole) == []


def test_a_table_is_whole_or_as_it_was_when_it_is_killed_at_it(bench: Bench, copy: Path) -> None:
    pages = [copy / "studies" / "tiny" / f"compare.{end}" for end in ("json", "md", "svg")]
    for page in pages:
        page.unlink()
    for at in (0, 4, 8, 20):
        assert bench.call("compare", copy, at=at, match=r"/compare\.\w+").code == -9
        there = [page for page in pages if page.exists()]
        assert len(there) == min(3, at // 3), "one file after the other"
        for page in there:
            text = page.read_text()
            assert json.loads(text) if page.suffix == ".json" else text.startswith(("<svg", "# "))
    assert count_work(bench.finish("compare", copy)) == Counter()
    assert list_differing(copy, bench.whole) == []


def test_a_study_that_another_process_works_on_is_left_alone(bench: Bench, tmp_path: Path) -> None:
    folder = bench.lay_out(tmp_path / "compare", "compare")
    waiting = bench.call("compare", folder, at=0, match="mkdir .*/direct-s0/train", then="SIGSTOP")
    refused = bench.call("compare", folder)
    assert refused.code == StoreError.exit_code
    assert f"Another run is working in studies/tiny (process {waiting.pid} on " in refused.errors
    assert count_work(refused) == Counter()
    assert bench.mother.wake(waiting, folder=folder).code == 0
    assert list_differing(folder, bench.whole) == []


def test_a_study_that_is_changed_in_between_trains_anew_what_the_change_decides(bench: Bench, tmp_path: Path) -> None:
    folder = bench.lay_out(tmp_path / "compare", "compare")
    assert bench.call("compare", folder, at=0, match="mkdir .*/taco-s0/generate").code == -9
    study = folder / "study.toml"
    study.write_text(study.read_text().replace("tokens = 700", "tokens = 360"))
    ended = bench.finish("compare", folder)
    runs = folder / "studies" / "tiny" / "runs"
    trained = [read_manifest(runs / name / "manifest.json").stages["train"] for name in ("direct-s0", "taco-s0")]
    assert all(360 <= float(entry.counters["tokens"]) < 700 for entry in trained)
    page = json.loads((folder / "studies" / "tiny" / "compare.json").read_text())
    assert page["facts"]["tokens of a training"] == "360"
    assert not [change for change in count_work(ended) if "/base/" in change], "the base model learnt nothing"


def test_damaged_files_are_made_again_and_a_damaged_manifest_is_named(bench: Bench, copy: Path) -> None:
    study = copy / "studies" / "tiny"
    damaged = (
        "runs/base/translate/train.jsonl",
        "runs/direct-s0/generate/tuned.jsonl",
        "runs/direct-s0/content.json",
        "runs/taco-s0/train/adapter/adapter_model.safetensors",
        "compare.json",
    )
    for name in damaged:
        os.truncate(study / name, (study / name).stat().st_size // 2)
    bench.finish("compare", copy)
    assert all(name.endswith("/manifest.json") for name in list_differing(copy, bench.whole)), (
        "it says what was sent anew"
    )
    manifest = study / "runs" / "direct-s0" / "manifest.json"
    os.truncate(manifest, manifest.stat().st_size // 2)
    refused = bench.call("compare", copy)
    assert refused.code == StoreError.exit_code
    assert "runs/direct-s0/manifest.json is damaged" in refused.errors
    shutil.rmtree(manifest.parent)  # what the message says to do
    bench.finish("compare", copy)
    assert all(name.endswith("/manifest.json") for name in list_differing(copy, bench.whole)), (
        "it says what was sent anew"
    )


@pytest.mark.parametrize("kind", ["transfer", "cost", "tokens"])
def test_a_study_of_a_damaged_run_names_the_file(bench: Bench, copy: Path, tmp_path: Path, kind: str) -> None:
    folder = bench.lay_out(tmp_path / kind, kind)
    study = folder / "study.toml"
    study.write_text(study.read_text().replace(str(bench.whole), str(copy)))
    manifest = copy / "studies" / "tiny" / "runs" / "taco-s0" / "manifest.json"
    os.truncate(manifest, manifest.stat().st_size // 2)
    refused = bench.call(kind, folder)
    assert refused.code == StoreError.exit_code
    assert f"{manifest} is damaged" in refused.errors
