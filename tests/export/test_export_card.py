"""What an export's card says of the run it is from, and what it leaves out."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from taco.errors import PublishError
from taco.export.training import name_base
from taco.model.base import Base
from tuned_runs import build_tuned_run

Export = Callable[..., bool]
DOUBT = "may not be its own"


def change_recipe(run: Path, stage: str, **settings: object) -> None:
    """Let the manifest tell of another recipe, as a run that was stopped before the stage leaves it."""
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["recipe"][stage] |= settings
    (run / "manifest.json").write_text(json.dumps(manifest))


def test_settings_that_are_not_the_adapters_are_doubted(run: Path, export: Export, tmp_path: Path) -> None:
    card = tmp_path / "out" / "README.md"
    export(run, "axolotl", out=tmp_path / "out")
    assert DOUBT not in card.read_text()
    assert "Rows and settings to tune" in card.read_text()  # there is no tuned model in the folder
    change_recipe(run, "train", rank=16)
    export(run, "axolotl", out=tmp_path / "out")
    assert DOUBT in card.read_text()


def test_rows_of_other_runs_bring_their_licence(tiny_base: Path, export: Export, tmp_path: Path) -> None:
    other = build_tuned_run(tmp_path / "other", tiny_base)
    change_recipe(other, "dataset", source_licence="CC-BY-NC-4.0")
    run = build_tuned_run(tmp_path / "run", tiny_base, stages=[{"name": "both", "rows": ["chain", str(other)]}])
    export(run, "adapter", out=tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "CC-BY-NC-4.0" in card
    assert str(tmp_path) not in card
    assert not export(run, "adapter", out=tmp_path / "out")
    change_recipe(other, "dataset", source_licence="CC-BY-SA-3.0")
    assert export(run, "adapter", out=tmp_path / "out")
    assert "CC-BY-SA-3.0" in (tmp_path / "out" / "README.md").read_text()
    shutil.rmtree(other)
    with pytest.raises(PublishError, match="no run folder"):
        export(run, "adapter", out=tmp_path / "again")


def test_feedback_that_was_learnt_has_no_stated_licence(tiny_base: Path, export: Export, tmp_path: Path) -> None:
    """`taco feedback` makes a folder that `train.stages.rows` can name, without a manifest."""
    rows = tmp_path / "feedback" / "chain" / "train.jsonl"
    rows.parent.mkdir(parents=True)
    shutil.copy(build_tuned_run(tmp_path / "other", tiny_base) / "chain" / "train.jsonl", rows)
    stages = [{"name": "both", "rows": ["chain", str(tmp_path / "feedback")]}]
    run = build_tuned_run(tmp_path / "run", tiny_base, stages=stages)
    export(run, "adapter", out=tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert re.search(r"^license: .?unknown", card, re.MULTILINE)
    assert "| 8 training rows | `feedback` |" in card
    assert not export(run, "adapter", out=tmp_path / "out")
    rows.write_text(rows.read_text().splitlines(keepends=True)[0])
    assert export(run, "adapter", out=tmp_path / "out")
    assert "| 1 training rows | `feedback` |" in (tmp_path / "out" / "README.md").read_text()


def test_a_folder_of_a_base_is_not_taken_for_a_model_of_the_hub(
    tiny_base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(tiny_base, tmp_path / "models" / "tiny")
    local = Base(name="models/tiny", path=Path("models/tiny"), digest="", licence="")
    fetched = Base(name="models/tiny-chat", path=tmp_path / "cache", digest="", licence="")
    assert (name_base(local), name_base(fetched)) == ("./tiny", "models/tiny-chat")
